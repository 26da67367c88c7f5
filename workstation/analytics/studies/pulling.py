"""Pulled and stacked size by ladder row: changes of resting size that trades do not explain (Guide: Definitions).

For every row, size now - size then = stacked - pulled - filled.
"""

from collections.abc import Sequence

import numpy as np

from workstation.analytics.book.recent import SECOND_NS, WINDOW_S
from workstation.analytics.state.market import Market
from workstation.analytics.store.row_grid import RowGrid
from workstation.readmodels.arrays import Floats, Ints


def since_s(now_ns: int) -> int:
    """The second of receive time at which the window begins, 5 to 6 s ago."""
    return now_ns // SECOND_NS - WINDOW_S


def changes(
    markets: Sequence[Market], grids: dict[int, RowGrid], first: int, resting: Floats, now_ns: int, *, bids: bool
) -> Floats:
    """Stacked (+) or pulled (-) size in base coin by row from `first` on; all NaN without a usable market.

    `resting` is (markets, rows). Only markets whose book was known for the whole window count.
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
    """Sizes summed by row; bids round down, asks up, as in the ladder."""
    ticks, sizes = levels
    scaled = ticks * grid.numerator
    rows = (scaled // grid.denominator if bids else -(-scaled // grid.denominator)) - first
    inside = (rows >= 0) & (rows < count)
    summed: Floats = np.bincount(rows[inside], sizes[inside], count).astype(np.float64)
    return summed
