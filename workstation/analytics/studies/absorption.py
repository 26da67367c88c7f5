"""Absorption: far more aggressive volume than usual at one row, and price does not pass it (Guide: Definitions).

`AbsorptionRule` holds the parameters. A window is evaluated a second after the next one ends, and again after a late
trade.
"""

import math
from bisect import bisect_left, insort

import numpy as np

from workstation.analytics.store.row_grid import RowGrid, TradeRows
from workstation.analytics.store.trades import Trades, TradeStore
from workstation.analytics.studies.profile import Profile
from workstation.readmodels.arrays import Floats, Ints, frozen
from workstation.readmodels.flow.cells import NEARLY
from workstation.readmodels.flow.footprint import Absorption, AbsorptionRule

GRACE_NS = 1_000_000_000
LEAST_CELLS = 20


class _Window:
    """One window: volume by row, range of rows traded, and count, sum and sum of squares of the non-zero cells."""

    def __init__(self) -> None:
        self.profile = Profile()
        self.low, self.high = 1 << 62, -(1 << 62)
        self._sums: Floats | None = None

    def add(self, trades: Trades, row: Ints) -> None:
        self.profile.add(trades, row)
        self.low, self.high = min(self.low, int(row.min())), max(self.high, int(row.max()))
        self._sums = None

    @property
    def sums(self) -> Floats:
        if self._sums is None:
            cells = np.concatenate((self.profile.buy, self.profile.sell))
            cells = cells[cells > 0]
            self._sums = frozen(np.array([len(cells), cells.sum(), (cells * cells).sum()]))
        return self._sums


class Absorptions:
    """All absorptions of some markets, updated from the trade store."""

    def __init__(self, grids: dict[int, RowGrid], rule: AbsorptionRule, retained: int) -> None:
        self._retained = retained
        self._rows = TradeRows(grids)
        self._rule = rule
        self._windows: dict[int, _Window] = {}
        self._numbers: list[int] = []  # of the windows, ascending
        self._found: dict[int, list[Absorption]] = {}
        self._next: int | None = None  # first window not evaluated
        self._position = 0
        self._shown: tuple[int, tuple[Absorption, ...]] | None = None

    def update(self, store: TradeStore, watermark_ns: int) -> None:
        """Count new trades and evaluate the windows that ended by `watermark_ns` (venue time)."""
        for part in store.after(self._position):
            self._count(*self._rows.of(part))
        self._position = store.total
        over = (watermark_ns - GRACE_NS) // self._rule.window_ns - 1  # windows before this one
        if self._next is not None and over > self._next:
            self._judge(self._next, over)
            self._next = over

    def since(self, start_ns: int) -> tuple[Absorption, ...]:
        """Absorptions in windows that begin at `start_ns` or later, by time, then row, buys first."""
        if self._shown is None or self._shown[0] != start_ns:
            first = -(-start_ns // self._rule.window_ns)
            windows = sorted(window for window in self._found if window >= first)
            self._shown = start_ns, tuple(one for window in windows for one in self._found[window])
        return self._shown[1]

    def _count(self, trades: Trades, row: Ints) -> None:
        if not len(row):
            return
        at = trades.ts // self._rule.window_ns
        order = np.argsort(at, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(at[order])) + 1):
            self._window(int(at[part[0]])).add(trades.at(part), row[part])
        first = int(at.min())
        self._next = first - 1 if self._next is None else min(self._next, first - 1)
        for old in self._numbers[: -self._retained]:
            del self._windows[old]
            if self._found.pop(old, None):
                self._shown = None
        del self._numbers[: -self._retained]

    def _window(self, number: int) -> _Window:
        window = self._windows.get(number)
        if window is None:
            window = self._windows[number] = _Window()
            insort(self._numbers, number)
        return window

    def _judge(self, begin: int, end: int) -> None:
        count = self._rule.baseline_ns // self._rule.window_ns
        numbers = self._numbers
        for old in numbers[bisect_left(numbers, begin) :]:
            if self._found.pop(old, None):
                self._shown = None
        wanted = numbers[bisect_left(numbers, begin) : bisect_left(numbers, end)]
        if not wanted:
            return
        first = wanted[0] - count
        sums = np.zeros((wanted[-1] - first + 1, 3))
        for at in range(len(sums)):
            if first + at in self._windows:
                sums[at] = self._windows[first + at].sums
        for window in wanted:
            found = self._judged(window, sums[window - count - first : window - first].sum(axis=0))
            if found:
                self._found[window] = found
                self._shown = None

    def _judged(self, number: int, usual: Floats) -> list[Absorption]:
        cells, total, squares = usual.tolist()
        if cells < LEAST_CELLS:
            return []
        mean = total / cells
        deviation = math.sqrt(max(squares / cells - mean * mean, 0.0))
        threshold = mean + self._rule.deviations * deviation
        window = self._windows[number]
        after = self._windows.get(number + 1, window)
        low, high = min(window.low, after.low), max(window.high, after.high)
        from_ns = number * self._rule.window_ns
        found = []
        for buy, volumes in ((True, window.profile.buy), (False, window.profile.sell)):
            for at in np.flatnonzero(volumes >= threshold * NEARLY).tolist():
                row = window.profile.first_row + at
                if volumes[at] > 0 and (high <= row + 1 if buy else low >= row - 1):
                    receipt = (float(volumes[at]), mean, deviation, threshold)
                    found.append(Absorption(row, buy, from_ns, from_ns + self._rule.window_ns, *receipt))
        return sorted(found, key=lambda one: (one.row, not one.buy))
