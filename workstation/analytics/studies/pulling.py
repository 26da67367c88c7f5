"""What was pulled from and stacked onto the rows of a ladder: the change of resting size that no trade explains.

For every row, size now - size then = stacked - pulled - filled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workstation.analytics.book.recent import SECOND_NS, WINDOW_S
from workstation.analytics.state.market import Market
from workstation.analytics.store.row_grid import RowGrid
from workstation.readmodels.arrays import Floats, Ints


def since_s(now_ns: int) -> int:
    """The whole second of receive time at which the window begins: at least five and less than six seconds ago."""
    return now_ns // SECOND_NS - WINDOW_S


def changes(
    markets: Sequence[Market], grids: dict[int, RowGrid], first: int, resting: Floats, now_ns: int, *, bids: bool
) -> Floats:
    """Stacked (positive) or pulled (negative) size by row from row `first` on, over the markets whose book has been
    known for the whole window; `resting` is (markets, rows). NaN where there is no such market.
    """
    count, second = resting.shape[1], since_s(now_ns)
    total, known = np.zeros(count), False
    for market, now in zip(markets, resting, strict=True):
        if market.book.knew(second):
            known = True
            total += _change(market, grids[market.index], first, now, second, bids=bids)
    return total if known else np.full(count, np.nan)


def _change(market: Market, grid: RowGrid, first: int, now: Floats, second: int, *, bids: bool) -> Floats:
    side = market.book.bids if bids else market.book.asks
    filled = _on_rows(market.fills.since(second, bids=bids), grid, first, len(now), bids=bids)
    past = side.at(second)
    return filled if past is None else now - _on_rows(past, grid, first, len(now), bids=bids) + filled


def _on_rows(levels: tuple[Ints, Floats], grid: RowGrid, first: int, count: int, *, bids: bool) -> Floats:
    """Bids floored, asks ceiled, as in the ladder."""
    ticks, sizes = levels
    scaled = ticks * grid.numerator
    rows = (scaled // grid.denominator if bids else -(-scaled // grid.denominator)) - first
    inside = (rows >= 0) & (rows < count)
    summed: Floats = np.bincount(rows[inside], sizes[inside], count).astype(np.float64)
    return summed
