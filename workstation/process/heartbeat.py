"""Whether the event loop is alive: a loop that stands still leaves every thread's stack in a file, and is told later.

A beat that comes late because the computer slept is told apart: the process then used no time of the processor.
"""

from __future__ import annotations

import faulthandler
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

log = logging.getLogger(__name__)

BEAT_S = 1.0
STUCK_S = 4.0
_BUSY_SHARE = 0.2
"""A loop that is stuck in work uses the processor; one that slept with the computer used next to none of it."""


class Late(NamedTuple):
    """A beat that came late: how long nothing happened, and whether the computer slept meanwhile."""

    seconds: float
    slept: bool


class Heartbeat:
    """`beat` is called every `BEAT_S` by the loop it watches."""

    def __init__(
        self,
        file: Path,
        wall: Callable[[], float] = time.time,
        busy: Callable[[], float] = time.process_time,
    ) -> None:
        self._wall, self._busy = wall, busy
        self._stream: TextIO = file.open("w")
        self._last: tuple[float, float] | None = None

    def beat(self) -> Late | None:
        """Note a sign of life. Returns what happened since the last one if that was too long ago."""
        now, last = (self._wall(), self._busy()), self._last
        self._last = now
        faulthandler.dump_traceback_later(STUCK_S, file=self._stream)
        if last is None or now[0] - last[0] < STUCK_S:
            return None
        seconds = now[0] - last[0]
        late = Late(seconds, now[1] - last[1] < _BUSY_SHARE * seconds)
        log.warning("nothing happened for %.1f s%s", seconds, ": the computer slept" if late.slept else "")
        return late

    def stop(self) -> None:
        """Watch no longer."""
        faulthandler.cancel_dump_traceback_later()
        self._stream.close()
