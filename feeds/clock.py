"""Time as an object, so that nothing in the middle reads the machine's clock.

Integers, nanoseconds since the epoch, UTC.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""


class SystemClock:
    """The machine's wall clock."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return time.time_ns()


class ManualClock:
    """A clock that moves only when told; for tests and replay."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return self._now_ns

    def advance(self, step_ns: int) -> None:
        """Move forward by `step_ns`."""
        self._now_ns += step_ns

    def set(self, now_ns: int) -> None:
        """Jump to `now_ns`."""
        self._now_ns = now_ns
