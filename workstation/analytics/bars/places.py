"""Where many trades of several markets lie on a common grid of rows, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm

import numpy as np

from workstation.analytics.state.market import RowGrid
from workstation.analytics.store.trades import Trades
from workstation.readmodels.arrays import Floats, Ints


class Places:
    """Rows and prices of the trades of some markets by index, from tables by lane.

    The rows of all markets are brought to one denominator: a division by one number is several times faster than one by
    an array.
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
        """The trades that are of these markets and the row of each."""
        trades = trades.of(self._grids)
        return trades, self.rows(trades)

    def rows(self, trades: Trades) -> Ints:
        """The row of each trade; all are of these markets."""
        rows: Ints = trades.ticks * self._numerators[trades.lane] // self._denominator
        return rows

    def prices(self, trades: Trades) -> Floats:
        """The price of each trade; all are of these markets."""
        prices: Floats = trades.ticks * self._tick[0][trades.lane] / self._tick[1][trades.lane]
        return prices
