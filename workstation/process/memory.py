"""How the process asks the system for memory, and gives it back."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Callable
from functools import cache

_TRIM, _MMAP = -1, -3  # of glibc's malloc.h
BLOCK = 512 << 10
KEPT = 1 << 20
TRIM_S = 60.0


def tune_malloc() -> None:
    """Give large blocks back as soon as they are free. Only glibc is told; others do as they do.

    Glibc raises its threshold with each large block that is freed, up to 32 MB, so that arrays of all sizes share one
    heap and wear it into holes: measured 33 MB an hour with all panes open, 15 with a fixed threshold, at equal frames.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP, BLOCK)
        mallopt(_TRIM, KEPT)


def trim_heap() -> None:
    """Return the free pages between small blocks too; half a millisecond."""
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], object] | None:
    """Glibc's, looked up once: each look makes new Python classes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim.argtypes = (ctypes.c_size_t,)
    return trim


async def trim_heap_periodically() -> None:
    """Do so once a minute, for ever: what a long day has freed would else stay in holes, 5 MB in an hour."""
    while True:
        await asyncio.sleep(TRIM_S)
        trim_heap()
