"""Tunes glibc's allocator, and returns free memory to the operating system."""

import asyncio
import ctypes
import sys
from collections.abc import Callable
from functools import cache

_TRIM, _MMAP = -1, -3  # of glibc's malloc.h
BLOCK = 512 << 10
TRIM_THRESHOLD = 1 << 20
TRIM_S = 60.0


def tune_malloc() -> None:
    """Fix malloc's mmap threshold, so that large blocks are returned as soon as they are freed (glibc only).

    By default glibc raises the threshold with each large block freed, up to 32 MB, so arrays of all sizes share one
    heap and fragment it: 33 MB an hour with all panes open, 15 MB with a fixed threshold, at equal frame times.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP, BLOCK)
        mallopt(_TRIM, TRIM_THRESHOLD)


def trim_heap() -> None:
    """Return free pages between small blocks to the operating system; takes half a millisecond."""
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], object] | None:
    """Glibc's malloc_trim or None, looked up once because each look-up creates new Python classes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim.argtypes = (ctypes.c_size_t,)
    return trim


async def trim_heap_periodically() -> None:
    """Trim the heap once a minute until cancelled; fragmentation otherwise retains 5 MB an hour."""
    while True:
        await asyncio.sleep(TRIM_S)
        trim_heap()
