"""Open interest of one market through time: live rows, and rows fetched for the past day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

MINUTE_NS = 60_000_000_000
RETAINED_ROWS = 3_000  # two days of minutes
HOUR_NS = 60 * MINUTE_NS
LONGEST_STEP_NS = HOUR_NS  # between published values, over which a past value is linear
_LEAST_SLACK_NS = 10 * MINUTE_NS


class OpenInterestRow(NamedTuple):
    """Open interest as published: venue time, base coin, quote notional or None."""

    ts_ns: int
    size: float
    notional: float | None = None


class Change(NamedTuple):
    """Change of open interest: base coin, and as a fraction of the earlier value (None if that was 0)."""

    size: float
    fraction: float | None


class OpenInterestSeries:
    """The last row of each minute, in order of venue time."""

    def __init__(self, retained: int = RETAINED_ROWS) -> None:
        self._retained = retained
        self.rewritten = 0  # how often rows before the last changed
        self._rows: list[OpenInterestRow] = []

    def __deepcopy__(self, memo: object) -> OpenInterestSeries:
        copy = OpenInterestSeries(self._retained)
        copy._rows, copy.rewritten = self._rows.copy(), self.rewritten
        return copy

    def __len__(self) -> int:
        return len(self._rows)

    def since(self, position: int) -> list[OpenInterestRow]:
        """Rows from index `position` on, oldest first."""
        return self._rows[position:]

    @property
    def rows(self) -> tuple[OpenInterestRow, ...]:
        """All rows, oldest first."""
        return tuple(self._rows)

    @property
    def last(self) -> OpenInterestRow | None:
        """The newest row, None without any."""
        return self._rows[-1] if self._rows else None

    def add(self, row: OpenInterestRow) -> None:
        """Add a row in order of time; appending is cheap."""
        rows = self._rows
        if not rows or row.ts_ns // MINUTE_NS > rows[-1].ts_ns // MINUTE_NS:
            rows.append(row)
            if len(rows) > self._retained:
                del rows[: -self._retained]
                self.rewritten += 1
        elif row.ts_ns >= rows[-1].ts_ns:
            rows[-1] = row
        else:
            self._insert(row)

    def fill(self, published: Iterable[tuple[int, float]]) -> None:
        """Add past rows: (venue time, base coin)."""
        for ts_ns, size in published:
            self.add(OpenInterestRow(ts_ns, size))

    def at(self, ts_ns: int, slack_ns: int = _LEAST_SLACK_NS) -> OpenInterestRow | None:
        """The last row up to a time, None if it is older than `slack_ns`."""
        place = bisect_right(self._rows, ts_ns, key=_time) - 1
        if place < 0 or ts_ns - self._rows[place].ts_ns > slack_ns:
            return None
        return self._rows[place]

    def between(self, ts_ns: int) -> float | None:
        """Open interest (base coin) at a past time, linear between rows at most an hour apart; else None."""
        place = bisect_right(self._rows, ts_ns, key=_time)
        before, after = self._rows[max(place - 1, 0) : place], self._rows[place : place + 1]
        if before and before[0].ts_ns == ts_ns:
            return before[0].size
        if not before or not after or after[0].ts_ns - before[0].ts_ns > LONGEST_STEP_NS:
            return None
        share = (ts_ns - before[0].ts_ns) / (after[0].ts_ns - before[0].ts_ns)
        return before[0].size + (after[0].size - before[0].size) * share

    def change(self, now_ns: int, span_ns: int) -> Change | None:
        """Change over exactly `span_ns`; None if the newest row is older than ten minutes or the earlier is unknown."""
        newest, before = self.at(now_ns), self.between(now_ns - span_ns)
        if newest is None or before is None:
            return None
        moved = newest.size - before
        return Change(moved, moved / before if before else None)

    def _insert(self, row: OpenInterestRow) -> None:
        self.rewritten += 1
        rows, minute = self._rows, row.ts_ns - row.ts_ns % MINUTE_NS
        place = bisect_left(rows, minute, key=_time)
        if place < len(rows) and rows[place].ts_ns < minute + MINUTE_NS:
            if row.ts_ns >= rows[place].ts_ns:
                rows[place] = row
        elif len(rows) < self._retained:
            rows.insert(place, row)


def _time(row: OpenInterestRow) -> int:
    return row.ts_ns
