"""Volume by price row over any span of venue time, and the POCs of past UTC days.

Both read new trades from the store on request and add them in order, so results do not depend on when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from workstation.analytics.bars.bar_builder import BUY
from workstation.analytics.store.row_grid import RowGrid, TradeRows
from workstation.analytics.store.trades import DAY_NS, Trades, TradeStore
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.cells import poc_index
from workstation.readmodels.flow.footprint import NakedPoc, PocTie
from workstation.readmodels.flow.outliers import has_jump, plausible_rows

RETAINED_SESSIONS = 60
FEW = 256  # trades; fewer are added one by one, more in a pass over all rows


class _Rows(NamedTuple):
    """Traded rows, ascending, with volume (base coin) and number of trades."""

    row: Ints
    buy: Floats
    sell: Floats
    trades: Ints

    def at(self, index: slice | Bools | Ints) -> _Rows:
        """Some of the rows."""
        return _Rows(self.row[index], self.buy[index], self.sell[index], self.trades[index])

    def beside(self, other: _Rows) -> _Rows:
        order = np.argsort(np.concatenate((self.row, other.row)))
        return _Rows(
            np.concatenate((self.row, other.row))[order],
            np.concatenate((self.buy, other.buy))[order],
            np.concatenate((self.sell, other.sell))[order],
            np.concatenate((self.trades, other.trades))[order],
        )

    def plus(self, row: Ints, size: Floats, bought: Bools) -> _Rows:
        """These rows with more trades, which are added in order."""
        rows, place = np.unique(np.concatenate((self.row, row)), return_inverse=True)
        old, new = place[: len(self.row)], place[len(self.row) :]
        made = _Rows(rows, np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows), np.int64))
        made.buy[old], made.sell[old], made.trades[old] = self.buy, self.sell, self.trades
        np.add.at(made.buy, new[bought], size[bought])
        np.add.at(made.sell, new[~bought], size[~bought])
        np.add.at(made.trades, new, 1)
        return made


_NO_ROWS = _Rows(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0, np.int64))


class Profile:
    """Buy and sell volume (base coin) by row; trades without an aggressor are left out, and so are outliers."""

    def __init__(self) -> None:
        self.first_row = 0
        self.buy: Floats = np.empty(0)
        self.sell: Floats = np.empty(0)
        self._trades: Ints = np.empty(0, np.int64)
        self._apart = _NO_ROWS

    def add(self, trades: Trades, row: Ints) -> None:
        side = trades.lane % 3
        sided = side != 0
        if not sided.any():
            return
        row, size, bought = row[sided], trades.size[sided], side[sided] == BUY
        low, high = int(row.min()), int(row.max())
        last = self.first_row + len(self.buy) - 1
        reaches = (min(low, self.first_row), max(high, last)) if len(self.buy) else (low, high)
        if len(self._apart.row) or has_jump(*reaches):
            self._split(row, size, bought)
            return
        self._widen(low, high)
        index = row - self.first_row
        self._trades += np.bincount(index, minlength=len(self._trades))
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

    def _split(self, row: Ints, size: Floats, bought: Bools) -> None:
        """Add trades and divide all rows into the plausible ones and those apart."""
        at = np.flatnonzero(self._trades)
        dense = _Rows(at + self.first_row, self.buy[at], self.sell[at], self._trades[at])
        rows = dense.beside(self._apart).plus(row, size, bought)
        inside = plausible_rows(rows.row, rows.trades)
        apart = np.ones(len(rows.row), np.bool_)
        apart[inside] = False
        self._apart, rows = rows.at(apart), rows.at(inside)
        self.buy = self.sell = np.empty(0)
        self._widen(int(rows.row[0]), int(rows.row[-1]))
        index = rows.row - self.first_row
        self.buy[index], self.sell[index], self._trades[index] = rows.buy, rows.sell, rows.trades

    def _widen(self, low: int, high: int) -> None:
        if not len(self.buy):
            self.first_row, self.buy, self.sell = low, np.zeros(high - low + 1), np.zeros(high - low + 1)
            self._trades = np.zeros(high - low + 1, np.int64)
            return
        below, above = max(self.first_row - low, 0), max(high - self.first_row - len(self.buy) + 1, 0)
        if below or above:
            self.buy, self.sell = (np.pad(column, (below, above)) for column in (self.buy, self.sell))
            self._trades = np.pad(self._trades, (below, above))
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
