"""Detects a blocked event loop: writes the stacks of all threads to a file, and reports the delay afterwards.

A delay while the computer slept is recognised by the process having used no CPU time.
"""

import faulthandler
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

from feeds.model.clock import awake_and_asleep_ns

log = logging.getLogger(__name__)

BEAT_S = 1.0
STUCK_S = 4.0
_BUSY_SHARE = 0.2
"""A blocked loop uses more than this share of CPU time; a sleeping computer next to none."""


def _elapsed_s() -> float:
    return awake_and_asleep_ns() / 1e9


class Late(NamedTuple):
    """A late beat: the seconds since the last one, and whether the computer slept meanwhile."""

    seconds: float
    slept: bool


class Heartbeat:
    """Watches an event loop, which calls `beat` every `BEAT_S`. Raises OSError where `file` cannot be opened."""

    def __init__(
        self,
        file: Path,
        elapsed: Callable[[], float] = _elapsed_s,
        busy: Callable[[], float] = time.process_time,
    ) -> None:
        self._elapsed, self._busy = elapsed, busy
        self._stream: TextIO = file.open("w")
        self._last: tuple[float, float] | None = None

    def beat(self) -> Late | None:
        """Record that the loop is running. Returns the delay if the last beat was over `STUCK_S` ago, else None."""
        now, last = (self._elapsed(), self._busy()), self._last
        self._last = now
        faulthandler.dump_traceback_later(STUCK_S, file=self._stream)
        if last is None or now[0] - last[0] < STUCK_S:
            return None
        seconds = now[0] - last[0]
        late = Late(seconds, now[1] - last[1] < _BUSY_SHARE * seconds)
        log.warning("nothing happened for %.1f s%s", seconds, ": the computer slept" if late.slept else "")
        return late

    def stop(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._stream.close()
