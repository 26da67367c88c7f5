"""Price rows shared by markets with different price steps, for one price and for columns of trades."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from feeds.model.instrument import Instrument
from workstation.analytics.store.trades import Trades
from workstation.readmodels.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class RowGrid:
    """Exact price rows for one market.

    Row = ticks * numerator // denominator, whatever the ticks of the other markets.
    """

    numerator: int
    denominator: int

    def floor(self, ticks: int) -> int:
        """Row that contains a price; for bids and trades."""
        return ticks * self.numerator // self.denominator

    def ceil(self, ticks: int) -> int:
        """Row at or above a price; for asks."""
        return -(-ticks * self.numerator // self.denominator)


_HOLES = 16  # places without a trade for each trade, up to which arrays have them all
_FEW_PLACES = 10_000

ONE_ROW = RowGrid(0, 1)  # all prices in one row


def row_grid(instrument: Instrument, row_size: Fraction) -> RowGrid:
    """The grid of rows of `row_size` (quote per base coin), anchored at price 0."""
    ratio = instrument.tick / row_size
    return RowGrid(ratio.numerator, ratio.denominator)


def compacted(index: Ints) -> tuple[Ints, Ints]:
    """Indices from 0 without holes, and the index that each of them stands for, where most numbers would be holes.

    An array with a place for every number between two prices would not fit into memory if one print is far away.
    """
    first, last = (int(index.min()), int(index.max())) if len(index) else (0, -1)
    if last - first < _HOLES * len(index) + _FEW_PLACES:
        return index - first, np.arange(first, last + 1)
    distinct, small = np.unique(index, return_inverse=True)
    return small, distinct


class TradeRows:
    """Rows and prices of columns of trades of some markets (by index), looked up by lane.

    All markets share one denominator: dividing by a scalar is several times faster than by an array.
    """

    def __init__(self, grids: Mapping[int, RowGrid], ticks: Mapping[int, Fraction] | None = None) -> None:
        self._grids = grids
        lanes = 3 * max(grids, default=0) + 3
        self._denominator = lcm(*(grid.denominator for grid in grids.values()))
        self._numerators = np.zeros(lanes, np.int64)
        self._tick = np.ones((2, lanes), np.int64)
        for index, grid in grids.items():
            lane = slice(3 * index, 3 * index + 3)
            self._numerators[lane] = grid.numerator * (self._denominator // grid.denominator)
            if ticks is not None:
                self._tick[:, lane] = np.reshape((ticks[index].numerator, ticks[index].denominator), (2, 1))

    def of(self, trades: Trades) -> tuple[Trades, Ints]:
        """The trades of these markets, and the row of each (int64)."""
        trades = trades.of(self._grids)
        return trades, self.rows(trades)

    def rows(self, trades: Trades) -> Ints:
        """The row of each trade (int64); all trades must be of these markets."""
        rows: Ints = trades.ticks * self._numerators[trades.lane] // self._denominator
        return rows

    def prices(self, trades: Trades) -> Floats:
        """The price of each trade (float64, quote per base coin); all trades must be of these markets."""
        prices: Floats = trades.ticks * self._tick[0][trades.lane] / self._tick[1][trades.lane]
        return prices
