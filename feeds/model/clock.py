"""Time as an object, so that nothing in the middle reads the machine's clock.

Integers, nanoseconds since the epoch, UTC.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

_LOOK_NS = 500_000_000
_FOLLOWED_NS = 1_000_000_000


class Clock(Protocol):
    """Anything that tells the time."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""


class SystemClock:
    """The machine's wall clock, made steady: it never steps back.

    It runs on the monotonic clock from where the wall clock stood at its making. A wall clock that is set back is not
    followed; one that is ahead by more than a second, because it was set or because the computer slept, is.
    """

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns
        self._ahead_ns = wall_ns() - steady_ns()
        self._look_ns = 0

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        steady_ns = self._steady_ns()
        if steady_ns >= self._look_ns:
            self._look_ns = steady_ns + _LOOK_NS
            ahead_ns = self._wall_ns() - steady_ns
            if ahead_ns - self._ahead_ns > _FOLLOWED_NS:
                self._ahead_ns = ahead_ns
        return steady_ns + self._ahead_ns


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
