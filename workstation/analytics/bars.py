"""Time bars with their cells, built trade by trade or from columns, with the same bits either way.

A bar belongs to venue trade time: it is [start, start + bar_ns) in UTC. Open and close are the first and last trade in
receive order. The running delta starts at 0, so its extremes bracket 0. Trades without an aggressor count in OHLC and
trades, not in volume by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from workstation.cells import imbalances, poc_index, stacks, value_area
from workstation.readmodels import Floats, FootprintBar, FootprintRules

BUY, SELL = 1, 2

A = TypeVar("A", bound=np.ndarray)


def frozen(array: A) -> A:
    """Make an array read-only, as everything in a view is."""
    array.flags.writeable = False
    return array


@dataclass(slots=True)
class BarBuilder:
    """One bar in the making. `cells` maps row -> [sell, buy] volume."""

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

    def add(self, price: float, row: int, size: float, notional: float, side: int) -> None:
        """Count one trade. `side` is 1 buy, 2 sell, 0 unknown."""
        self.trades += 1
        self.close = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        cell = self.cells.get(row)
        if cell is None:
            cell = self.cells[row] = [0.0, 0.0]
        if side == BUY:
            cell[1] += size
            self.buy += size
            self.buy_usd += notional
            self.delta += size
            if self.delta > self.max_delta:
                self.max_delta = self.delta
        elif side == SELL:
            cell[0] += size
            self.sell += size
            self.sell_usd += notional
            self.delta -= size
            if self.delta < self.min_delta:
                self.min_delta = self.delta

    def volumes(self) -> tuple[int, Floats, Floats]:
        """First row, buy and sell volume of the contiguous rows."""
        first, last = min(self.cells), max(self.cells)
        buy, sell = np.zeros(last - first + 1), np.zeros(last - first + 1)
        for row, (sold, bought) in self.cells.items():
            buy[row - first], sell[row - first] = bought, sold
        return first, buy, sell

    def finish(self, bar_ns: int, rules: FootprintRules, *, closed: bool, complete: bool) -> FootprintBar:
        """Freeze the bar as it stands and judge its cells. Stacks only when closed: a live one could vanish again."""
        first, buy, sell = self.volumes()
        total = buy + sell
        poc = poc_index(total, rules.poc_tie)
        low, high = value_area(total, poc, rules.value_area)
        buy_flags, sell_flags = imbalances(buy, sell, rules)
        for array in (buy, sell, buy_flags, sell_flags):
            frozen(array)
        return FootprintBar(
            start_ns=self.start_ns,
            end_ns=self.start_ns + bar_ns,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            buy=self.buy,
            sell=self.sell,
            buy_usd=self.buy_usd,
            sell_usd=self.sell_usd,
            min_delta=self.min_delta,
            max_delta=self.max_delta,
            trades=self.trades,
            first_row=first,
            buy_volume=buy,
            sell_volume=sell,
            buy_imbalance=buy_flags,
            sell_imbalance=sell_flags,
            poc_row=first + poc,
            value_low_row=first + low,
            value_high_row=first + high,
            stacks=stacks(buy_flags, sell_flags, first, rules.stack_length) if closed else (),
            closed=closed,
            complete=complete,
        )


def fill_bar(bar: BarBuilder, price: Floats, row: np.ndarray, size: Floats, notional: Floats, side: np.ndarray) -> None:
    """Add many trades of one bar at once: the same sums in the same order as `add`, a hundred times faster."""
    buys, sells = side == BUY, side == SELL
    bar.trades += len(price)
    bar.high, bar.low = max(bar.high, float(price.max())), min(bar.low, float(price.min()))
    bar.close = float(price[-1])
    bar.buy, bar.sell = _sum(bar.buy, size[buys]), _sum(bar.sell, size[sells])
    bar.buy_usd, bar.sell_usd = _sum(bar.buy_usd, notional[buys]), _sum(bar.sell_usd, notional[sells])
    _run_delta(bar, np.where(buys, size, np.where(sells, -size, 0.0)))
    _fill_cells(bar, row, np.where(sells, size, 0.0), np.where(buys, size, 0.0))


def _sum(start: float, values: Floats) -> float:
    """Left to right, as adding one by one would; numpy's pairwise sum differs in the last bits."""
    return float(np.cumsum(np.concatenate(([start], values)))[-1])


def _run_delta(bar: BarBuilder, steps: Floats) -> None:
    path = np.cumsum(np.concatenate(([bar.delta], steps)))
    bar.delta = float(path[-1])
    bar.max_delta, bar.min_delta = max(bar.max_delta, float(path.max())), min(bar.min_delta, float(path.min()))


def _fill_cells(bar: BarBuilder, row: np.ndarray, sold: Floats, bought: Floats) -> None:
    first = int(row.min())
    length = int(row.max()) - first + 1
    start = [bar.cells.get(first + index, (0.0, 0.0)) for index in range(length)]
    index = np.concatenate((np.arange(length), row - first))
    sell = np.bincount(index, np.concatenate(([cell[0] for cell in start], sold)), length)
    buy = np.bincount(index, np.concatenate(([cell[1] for cell in start], bought)), length)
    for at in np.unique(row - first).tolist():
        bar.cells[first + at] = [float(sell[at]), float(buy[at])]
