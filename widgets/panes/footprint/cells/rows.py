"""A bar at the row size on screen: rows summed exactly, judged again by the chart's rules."""

from dataclasses import dataclass

import numpy as np

from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.cells import imbalances, nodes, poc_index
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRules


@dataclass(frozen=True, slots=True, eq=False)
class BarRows:
    """Rows of one bar, ascending: row i covers [row[i] * size, (row[i] + 1) * size); `poc` is an index."""

    row: Ints
    sell: Floats
    buy: Floats
    sell_imbalance: Bools
    buy_imbalance: Bools
    poc: int
    trades: Floats  # NaN where they are not counted by row

    def __len__(self) -> int:
        return len(self.row)


def rows_of(bar: FootprintBar, factor: int, rules: FootprintRules) -> BarRows:
    """Sum `factor` rows of the bar into one; the grid stays anchored at price 0."""
    count = len(bar.buy_volume)
    if factor == 1 or count == 0:
        row = np.arange(bar.first_row, bar.first_row + count, dtype=np.int64)
        poc = bar.poc_row - bar.first_row
        flags = bar.sell_imbalance, bar.buy_imbalance
        return BarRows(row, bar.sell_volume, bar.buy_volume, *flags, poc, _trades_of(bar))
    first, last = bar.first_row // factor, (bar.first_row + count - 1) // factor
    row = np.arange(first, last + 1, dtype=np.int64)
    starts = np.maximum(row * factor - bar.first_row, 0)
    sell, buy = np.add.reduceat(bar.sell_volume, starts), np.add.reduceat(bar.buy_volume, starts)
    buy_flags, sell_flags = imbalances(buy, sell, rules, bar.minimum_volume or rules.minimum_volume)
    trades = np.add.reduceat(_trades_of(bar), starts)
    return BarRows(row, sell, buy, sell_flags, buy_flags, poc_index(sell + buy, rules.poc_tie), trades)


def _trades_of(bar: FootprintBar) -> Floats:
    if len(bar.buy_trades) != len(bar.buy_volume):
        return np.full(len(bar.buy_volume), np.nan)
    return (bar.buy_trades + bar.sell_trades).astype(np.float64)


def nodes_of(rows: BarRows) -> tuple[Ints, Ints]:
    """Rows of high and of low volume among those of a bar, each averaged with its neighbours first."""
    high, low = nodes(rows.buy + rows.sell, 1)
    return rows.row[high], rows.row[low]
