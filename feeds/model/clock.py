"""Clocks as objects, so that no other module reads the machine's time. Times are integer ns since the epoch, UTC."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

_CHECK_NS = 500_000_000
_JUMP_NS = 1_000_000_000


class Clock(Protocol):
    """A source of the current time."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""


class SystemClock:
    """The machine's wall clock, made monotonic.

    It runs on the monotonic clock, offset to the wall clock at construction. It follows the wall clock when that gets
    ahead by more than a second (it was set, or the computer slept), and never steps back.
    """

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns
        self._ahead_ns = wall_ns() - steady_ns()
        self._check_ns = 0

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        steady_ns = self._steady_ns()
        if steady_ns >= self._check_ns:
            self._check_ns = steady_ns + _CHECK_NS
            ahead_ns = self._wall_ns() - steady_ns
            if ahead_ns - self._ahead_ns > _JUMP_NS:
                self._ahead_ns = ahead_ns
        return steady_ns + self._ahead_ns


class ManualClock:
    """A clock set by its owner, for tests and replay."""

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
