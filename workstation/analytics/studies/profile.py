"""Volume by price row over any span of venue time, and the POCs of past UTC days.

Both read new trades from the store on request and add them in order, so results do not depend on when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from workstation.analytics.bars.bar_builder import BUY
from workstation.analytics.store.row_grid import RowGrid, TradeRows
from workstation.analytics.store.trades import DAY_NS, Trades, TradeStore
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.cells import poc_index
from workstation.readmodels.flow.footprint import NakedPoc, PocTie

RETAINED_SESSIONS = 60
FEW = 256  # trades; fewer are added one by one, more in a pass over all rows


class Profile:
    """Buy and sell volume (base coin) by row; trades without an aggressor are left out."""

    def __init__(self) -> None:
        self.first_row = 0
        self.buy: Floats = np.empty(0)
        self.sell: Floats = np.empty(0)

    def add(self, trades: Trades, row: Ints) -> None:
        """Add trades; `row` is the price row of each."""
        side = trades.lane % 3
        sided = side != 0
        if not sided.any():
            return
        row, size, bought = row[sided], trades.size[sided], side[sided] == BUY
        self._widen(int(row.min()), int(row.max()))
        index = row - self.first_row
        if len(index) < FEW:
            np.add.at(self.buy, index[bought], size[bought])
            np.add.at(self.sell, index[~bought], size[~bought])
            return
        index = np.concatenate((np.arange(len(self.buy)), index))
        self.buy = _counted(index, self.buy, np.where(bought, size, 0.0))
        self.sell = _counted(index, self.sell, np.where(bought, 0.0, size))

    def poc(self) -> int | None:
        """Row of the largest volume, of equal ones the nearest to the middle (Guide: Definitions); None if empty."""
        return self.first_row + poc_index(self.buy + self.sell, PocTie.MIDDLE) if len(self.buy) else None

    def _widen(self, low: int, high: int) -> None:
        if not len(self.buy):
            self.first_row, self.buy, self.sell = low, np.zeros(high - low + 1), np.zeros(high - low + 1)
            return
        below, above = max(self.first_row - low, 0), max(high - self.first_row - len(self.buy) + 1, 0)
        if below or above:
            self.buy, self.sell = (np.pad(column, (below, above)) for column in (self.buy, self.sell))
            self.first_row -= below


def _counted(index: Ints, start: Floats, values: Floats) -> Floats:
    """Add values to the sums at their indices, after those they start with."""
    return np.bincount(index, np.concatenate((start, values)), len(start)).astype(np.float64, copy=False)


class SpanProfile:
    """The profile of [start, end) of venue time."""

    def __init__(self, grids: dict[int, RowGrid], start_ns: int, end_ns: int) -> None:
        self.profile = Profile()
        self._rows = TradeRows(grids)
        self._start_ns, self._end_ns = start_ns, end_ns
        self._position: int | None = None

    def update(self, store: TradeStore) -> None:
        """Count new trades."""
        for part in self._new(store):
            inside = (part.ts >= self._start_ns) & (part.ts < self._end_ns)
            if inside.any():
                self.profile.add(*self._rows.of(part.where(inside)))
        self._position = store.total

    def _new(self, store: TradeStore) -> Iterator[Trades]:
        if self._position is None:
            return store.between(self._start_ns, self._end_ns)
        return store.after(self._position)


class SessionPocs:
    """POC of each UTC day, and when a later day first traded at it (Guide: naked POC)."""

    def __init__(self, grids: dict[int, RowGrid]) -> None:
        self._rows = TradeRows(grids)
        self._days: dict[int, Profile] = {}
        self._sides: dict[int, tuple[int, int]] = {}  # day: its POC, and the side of price when the next day began
        self._until: dict[int, int] = {}
        self._pocs: dict[int, int | None] = {}  # cached
        self._position = 0

    def update(self, store: TradeStore) -> None:
        """Count new trades."""
        late: set[int] = set()
        for part in store.after(self._position):
            trades, row = self._rows.of(part)
            day = trades.ts // DAY_NS
            edges = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(day)]
            for begin, end in pairwise(edges):
                if end > begin:
                    run = slice(begin, end)
                    late |= self._count(int(day[begin]), trades.at(run), row[run])
        self._position = store.total
        for one in late:
            self._look_again(one, store)

    def view(self) -> tuple[NakedPoc, ...]:
        """POCs of all days but the newest, oldest first."""
        found = []
        for day in sorted(self._days)[:-1][-RETAINED_SESSIONS:]:
            poc = self._poc(day)
            if poc is not None:
                found.append(NakedPoc(poc, day * DAY_NS, self._until.get(day)))
        return tuple(found)

    def _count(self, day: int, trades: Trades, row: Ints) -> set[int]:
        """Count consecutive trades of one day; returns the day if it is not the newest."""
        late = {day} if self._days and day < max(self._days) else set()
        self._days.setdefault(day, Profile()).add(trades, row)
        self._pocs.pop(day, None)
        for earlier in [one for one in self._days if one < day and one not in self._until]:
            self._look(earlier, row, trades.ts)
        return late

    def _poc(self, day: int) -> int | None:
        if day not in self._pocs:
            self._pocs[day] = self._days[day].poc()
        return self._pocs[day]

    def _look(self, day: int, row: Ints, ts: Ints) -> None:
        found = self._sides.get(day)
        if found is None:
            poc = self._poc(day)
            if poc is None:
                return
            found = self._sides[day] = (poc, int(np.sign(row[0] - poc)))
        poc, side = found
        reached = (row - poc) * side <= 0
        if reached.any():
            self._until[day] = int(ts[np.argmax(reached)])

    def _look_again(self, day: int, store: TradeStore) -> None:
        """Search again if a late trade moved the POC of its day."""
        known = self._sides.get(day)
        if known is not None and known[0] == self._poc(day):
            return
        self._sides.pop(day, None)
        self._until.pop(day, None)
        for part in store.between((day + 1) * DAY_NS, 1 << 62):
            trades, row = self._rows.of(part)
            if len(row) and day not in self._until:
                self._look(day, row, trades.ts)
