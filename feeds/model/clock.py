"""Clocks as objects, so that no other module reads the machine's time. Times are integer ns since the epoch, UTC."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

_CHECK_NS = 500_000_000
_JUMP_NS = 1_000_000_000
_LASTING_NS = 60_000_000_000
_WRONG_NS = 5_000_000_000
_SLEEPING_TOO = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}  # on Windows the monotonic clock counts on


class Clock(Protocol):
    """A source of the current time."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""


def awake_and_asleep_ns() -> int:
    """Monotonic nanoseconds that also count while the computer sleeps, where the system has such a clock."""
    name = _SLEEPING_TOO.get(sys.platform)
    return time.clock_gettime_ns(getattr(time, name)) if name is not None else time.monotonic_ns()


class SystemClock:
    """The machine's wall clock, made monotonic.

    It runs on the monotonic clock, offset to the wall clock at construction, and never steps back. Where the wall clock
    gets ahead by more than a second it is followed once it has stayed there for `lasting_ns`: a jump that is taken back
    before that changes nothing.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = awake_and_asleep_ns,
        lasting_ns: int = _LASTING_NS,
    ) -> None:
        self._wall_ns, self._steady_ns, self._lasting_ns = wall_ns, steady_ns, lasting_ns
        self._ahead_ns = wall_ns() - steady_ns()
        self._check_ns = 0
        self._by_venues = False
        self._jumped_at_ns: int | None = None
        self._least_ahead_ns = 0  # since the jump

    def now_ns(self) -> int:
        steady_ns = self._steady_ns()
        if steady_ns >= self._check_ns:
            self._check_ns = steady_ns + _CHECK_NS
            self._compare(self._wall_ns() - steady_ns, steady_ns)
        return steady_ns + self._ahead_ns

    @property
    def behind_computer_ns(self) -> int:
        """The computer's clock minus this one."""
        return self._wall_ns() - self.now_ns()

    def follow_venues(self, offset_ns: int, *, back: bool = False) -> None:
        """Take the time from the venues, or a hub, whose clock minus this one is `offset_ns`; the computer's no longer
        counts.

        A clock that is right within five seconds stays. It steps back only where `back` allows it, which is before
        anything is stamped.
        """
        self._by_venues = True
        if offset_ns > _WRONG_NS or (back and offset_ns < -_WRONG_NS):
            log.warning("our clock is set by %.0f s, to the venues' time", offset_ns / 1e9)
            self._ahead_ns += offset_ns

    def _compare(self, ahead_ns: int, steady_ns: int) -> None:
        """Follow the wall clock if it has been ahead for long enough, by the least it was ahead in that time."""
        if self._by_venues or ahead_ns - self._ahead_ns <= _JUMP_NS:
            self._jumped_at_ns = None
        elif self._jumped_at_ns is None or ahead_ns - self._least_ahead_ns < -_JUMP_NS:
            self._jumped_at_ns, self._least_ahead_ns = steady_ns, ahead_ns
        elif steady_ns - self._jumped_at_ns >= self._lasting_ns:
            log.warning("the computer's clock was set forward by %.0f s", (self._least_ahead_ns - self._ahead_ns) / 1e9)
            self._ahead_ns, self._jumped_at_ns = self._least_ahead_ns, None


class ManualClock:
    """A clock set by its owner, for tests and replay."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        return self._now_ns

    def advance(self, step_ns: int) -> None:
        self._now_ns += step_ns

    def set(self, now_ns: int) -> None:
        self._now_ns = now_ns
