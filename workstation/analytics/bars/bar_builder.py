"""Bars with their cells, built trade by trade; `fill` gives bit-identical results from columns of trades.

Open and close are the first and last trade in store order. The running delta starts at 0, so its extremes include 0.
Trades without a known aggressor count in OHLC and in the number of trades, not in volume by side.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from workstation.readmodels.arrays import Floats, Ints, frozen
from workstation.readmodels.flow.cells import exhausted, judge, stacks, unfinished
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRules
from workstation.readmodels.flow.outliers import Outlier, has_jump, plausible_rows
from workstation.readmodels.net import settled

BUY, SELL = 1, 2

FirstReached = tuple[int, int]  # row, venue time (ns) of the first trade there


class BarInternals(NamedTuple):
    """Values beside a frozen bar: exact running sums, and when it first reached each new extreme row.

    `moment` and `square` are the sums of size * (price - open) and size * (price - open) ** 2.
    """

    delta: float
    moment: float
    square: float
    lows: list[FirstReached]
    highs: list[FirstReached]


def without_outliers(bar: FootprintBar, internals: BarInternals) -> BarInternals:
    """The internals with extremes of plausible rows only.

    Extremes of a bar that began with an outlier are not in the lists: they count as reached at the bar's end.
    """
    if not bar.outliers:
        return internals
    low, high = bar.first_row, bar.first_row + len(bar.buy_volume) - 1
    lows, highs = ([one for one in reached if low <= one[0] <= high] for reached in (internals.lows, internals.highs))
    if not lows or lows[-1][0] > low:
        lows.append((low, bar.end_ns))
    if not highs or highs[-1][0] < high:
        highs.append((high, bar.end_ns))
    return internals._replace(lows=lows, highs=highs)


@dataclass(slots=True)
class BarBuilder:
    """A bar under construction. `cells` maps row -> [sell volume, buy volume, number of sells, number of buys]."""

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    buy: float = 0.0
    sell: float = 0.0
    buy_usd: float = 0.0
    sell_usd: float = 0.0
    delta: float = 0.0
    min_delta: float = 0.0
    max_delta: float = 0.0
    trades: int = 0
    cells: dict[int, list[float]] = field(default_factory=dict)
    moment: float = 0.0
    square: float = 0.0
    lows: list[FirstReached] = field(default_factory=list)
    highs: list[FirstReached] = field(default_factory=list)
    last_ns: int = 0

    def add(self, price: float, row: int, size: float, notional: float, side: int, ts_ns: int = 0) -> None:
        """Count one trade. `side` is 1 buy, 2 sell, 0 unknown."""
        self.trades += 1
        self.close = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        cell = self.cells.get(row)
        if cell is None:
            cell = self.cells[row] = [0.0, 0.0, 0, 0]
            self.record_extremes(row, ts_ns)
        if side == BUY:
            cell[1] += size
            cell[3] += 1
            self.buy += size
            self.buy_usd += notional
            self.delta += size
            if self.delta > self.max_delta:
                self.max_delta = self.delta
        elif side == SELL:
            cell[0] += size
            cell[2] += 1
            self.sell += size
            self.sell_usd += notional
            self.delta -= size
            if self.delta < self.min_delta:
                self.min_delta = self.delta
        else:
            return
        away = price - self.open
        self.moment += (weighted := size * away)
        self.square += weighted * away

    def record_extremes(self, row: int, ts_ns: int) -> None:
        """Record the time of a trade if none was as low or as high before; not if it is a jump away from all before."""
        if self.lows and has_jump(min(row, self.highs[-1][0]), max(row, self.lows[-1][0])):
            return
        if not self.lows or row < self.lows[-1][0]:
            self.lows.append((row, ts_ns))
        if not self.highs or row > self.highs[-1][0]:
            self.highs.append((row, ts_ns))

    def plausible(self, price: float) -> float:
        """The price itself: outliers are known of finished bars only."""
        return price

    @property
    def internals(self) -> BarInternals:
        """The values to retain beside the frozen bar."""
        return BarInternals(self.delta, self.moment, self.square, self.lows, self.highs)

    def rows(self, cells: dict[int, list[float]]) -> tuple[int, Floats, Floats, Ints, Ints]:
        """First row, then buy and sell volume (base coin) and number of buys and sells by contiguous row."""
        row = np.fromiter(cells, np.int64, len(cells))
        first = int(row.min())
        sums = np.zeros((4, int(row.max()) - first + 1))
        sums[:, row - first] = np.array(list(cells.values())).T
        sell, buy, sells, buys = sums
        return first, buy, sell, buys.astype(np.int64), sells.astype(np.int64)

    def split(self) -> tuple[dict[int, list[float]], tuple[Outlier, ...]]:
        """The cells of plausible rows, and the outliers by row."""
        if not has_jump(min(self.cells), max(self.cells)):
            return self.cells, ()
        rows = sorted(self.cells)
        trades = [int(cell[2] + cell[3]) for cell in map(self.cells.__getitem__, rows)]
        inside = plausible_rows(np.array(rows, np.int64), np.array(trades, np.int64))
        plausible = {row: self.cells[row] for row in rows[inside]}
        apart = (row for row in rows if row not in plausible)
        return plausible, tuple(_outlier(row, self.cells[row]) for row in apart)

    def finish(
        self,
        end_ns: int,
        rules: FootprintRules,
        *,
        closed: bool,
        complete: bool,
        slot: int = 0,
        minimum: float | None = None,
        row_size: float = 0.0,
    ) -> FootprintBar:
        """Freeze the bar and evaluate its cells with a minimum volume (base coin; None: that of the rules).

        Stacks and flags of the extremes are set on closed bars only: on a live bar they could vanish again.
        """
        plausible, outliers = self.split()
        first, buy, sell, buys, sells = self.rows(plausible)
        minimum = rules.minimum_volume if minimum is None else minimum
        seen = judge(buy, sell, rules, minimum)
        for array in (buy, sell, buys, sells, seen.buy_imbalance, seen.sell_imbalance):
            frozen(array)
        least = minimum if rules.unfinished_minimum is None else rules.unfinished_minimum
        unfinished_high, unfinished_low = unfinished(buy, sell, least) if closed else (False, False)
        exhausted_high, exhausted_low = exhausted(buy, sell, rules.exhaustion_rows) if closed else (False, False)
        return FootprintBar(
            start_ns=self.start_ns,
            end_ns=end_ns,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            buy=self.buy,
            sell=self.sell,
            buy_usd=self.buy_usd,
            sell_usd=self.sell_usd,
            min_delta=settled(self.min_delta, self.buy + self.sell),
            max_delta=settled(self.max_delta, self.buy + self.sell),
            trades=self.trades,
            first_row=first,
            buy_volume=buy,
            sell_volume=sell,
            buy_imbalance=seen.buy_imbalance,
            sell_imbalance=seen.sell_imbalance,
            poc_row=first + seen.poc,
            value_low_row=first + seen.low,
            value_high_row=first + seen.high,
            stacks=stacks(seen.buy_imbalance, seen.sell_imbalance, first, rules.stack_length) if closed else (),
            closed=closed,
            complete=complete,
            slot=slot,
            buy_trades=buys,
            sell_trades=sells,
            minimum_volume=minimum,
            unfinished_high=unfinished_high,
            unfinished_low=unfinished_low,
            exhausted_high=exhausted_high,
            exhausted_low=exhausted_low,
            outliers=outliers,
            limits=(first * row_size, (first + len(buy)) * row_size) if outliers else None,
        )


def _outlier(row: int, cell: list[float]) -> Outlier:
    return Outlier(row, cell[0], cell[1], int(cell[2]), int(cell[3]))


def thaw(bar: FootprintBar, internals: BarInternals) -> BarBuilder:
    """A builder that continues a frozen bar."""
    columns = (bar.sell_volume, bar.buy_volume, bar.sell_trades, bar.buy_trades)
    last = len(bar.buy_volume) - 1
    cells = {
        bar.first_row + at: list(cell)
        for at, cell in enumerate(zip(*(column.tolist() for column in columns), strict=True))
        if cell[0] or cell[1] or cell[2] or cell[3] or at in (0, last)
    }
    cells |= {one.row: [one.sell, one.buy, one.sells, one.buys] for one in bar.outliers}
    return BarBuilder(
        bar.start_ns,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.buy,
        bar.sell,
        bar.buy_usd,
        bar.sell_usd,
        internals.delta,
        bar.min_delta,
        bar.max_delta,
        bar.trades,
        cells,
        internals.moment,
        internals.square,
        internals.lows,
        internals.highs,
        bar.end_ns,
    )
