"""Funding of one market through time: predicted rates by minute, and the rates of ended periods."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from feeds.model.events import Funding
from workstation.readmodels.arrays import Floats, Ints

MINUTE_NS = 60_000_000_000
DAY_NS = 1_440 * MINUTE_NS
RETAINED_MINUTES = 3_000  # two days of minutes
RETAINED_PERIODS = 4_400  # more than two years of eight-hour periods
_SAME_NS = 10 * MINUTE_NS  # ends this near to each other are of the same period
_LATE_NS = 10 * MINUTE_NS  # a prediction older than this is not taken as the rate paid


class Period(NamedTuple):
    """An ended funding period: end time and rate (a fraction per period)."""

    ts_ns: int
    rate: float


class FundingSeries:
    """Predicted rates per hour, one a minute, and ended periods, both bounded."""

    def __init__(self, minutes: int = RETAINED_MINUTES) -> None:
        self._retained = minutes
        self._minutes: list[tuple[int, float]] = []
        self.periods: list[Period] = []
        self._last: Funding | None = None

    def __deepcopy__(self, memo: object) -> FundingSeries:
        copy = FundingSeries(self._retained)
        copy._minutes, copy.periods, copy._last = self._minutes.copy(), self.periods.copy(), self._last
        return copy

    def add(self, event: Funding) -> None:
        """Add a prediction. When the due time advances, the period ended at the last predicted rate."""
        if event.next_funding_ns:
            self._advance(event, event.next_funding_ns)
        if event.interval_ns:
            self._add_minute(event.ts_venue_ns, event.rate * 60 * MINUTE_NS / event.interval_ns)

    def fill(self, periods: Iterable[tuple[int, float]]) -> None:
        """Add ended periods: (end in ns, rate)."""
        for ts_ns, rate in periods:
            self._end(Period(ts_ns, rate))

    @property
    def days(self) -> float:
        """Days spanned by the ended periods."""
        return (self.periods[-1].ts_ns - self.periods[0].ts_ns) / DAY_NS if self.periods else 0.0

    def percentile(self, rate: float) -> float | None:
        """Percentile of a rate among ended periods, equal ones half, 0-100 (Guide: Definitions); None without any."""
        if not self.periods:
            return None
        below = sum(period.rate < rate for period in self.periods)
        alike = sum(period.rate == rate for period in self.periods)
        return 100.0 * (below + alike / 2) / len(self.periods)

    def columns(self) -> tuple[Ints, Floats]:
        """Times (ns) and predicted rates per hour."""
        return np.array([row[0] for row in self._minutes], np.int64), np.array([row[1] for row in self._minutes])

    def _advance(self, event: Funding, due_ns: int) -> None:
        before, self._last = self._last, event
        end_ns = before.next_funding_ns if before is not None else None
        if before is not None and end_ns and due_ns > end_ns >= before.ts_venue_ns >= end_ns - _LATE_NS:
            self._end(Period(end_ns, before.rate))

    def _add_minute(self, ts_ns: int, rate_1h: float) -> None:
        minute, rows = ts_ns // MINUTE_NS, self._minutes
        if not rows or minute > rows[-1][0] // MINUTE_NS:
            rows.append((ts_ns, rate_1h))
            del rows[: -self._retained]
        elif ts_ns >= rows[-1][0]:
            rows[-1] = (ts_ns, rate_1h)

    def _end(self, period: Period) -> None:
        near = bisect_left(self.periods, period.ts_ns - _SAME_NS, key=_end_of)
        if near < bisect_right(self.periods, period.ts_ns + _SAME_NS, key=_end_of):
            self.periods[near] = period
        else:
            insort(self.periods, period)
            del self.periods[:-RETAINED_PERIODS]


def _end_of(period: Period) -> int:
    return period.ts_ns
