"""Depth heatmap, resting size by price and time with large trades: request and view.

A column is the book at the beginning of one second of receive time. Where a view merges several columns, a cell is the
largest size of its row in any of them.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from feeds.model.instrument import InstrumentId
from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request

COLUMN_NS = 1_000_000_000
TILE_ROWS, TILE_COLUMNS = 256, 64

Sizes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeatmapRequest(Request["HeatmapView"]):
    """Resting size in [start_ns, end_ns) and [low, high], of one market or summed over a filter.

    `seconds` columns are merged into a bucket. `row_size` None: about a twenty-thousandth of the price. `low` and
    `high` None: prices around the newest mid. `end_ns` 0: up to the newest column. Trades are merged as on the tape;
    `minimum_usd` None: the 99.5th percentile of the retained trades.
    """

    market: InstrumentId | None = None
    markets: MarketFilter = MarketFilter()
    row_size: float | None = None
    seconds: int = 1
    start_ns: int = 0
    end_ns: int = 0
    low: float | None = None
    high: float | None = None
    minimum_usd: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HeatTile:
    """`bid[i, j]` is the resting size (base coin, 0 none) in row `first_row + i`, bucket `first_bucket + j`.

    Row r covers prices [r * row_size, (r + 1) * row_size); bids round down, asks up. A finished tile is the same object
    in all later views.
    """

    first_bucket: int
    first_row: int
    bid: Sizes
    ask: Sizes


@dataclass(frozen=True, slots=True, eq=False)
class HeatColumns:
    """One number per bucket from `first_bucket` on.

    `live` is the least number of live books in any of its seconds, `known` the number of markets that had begun. `bid`
    and `ask` are the lowest best bid and the highest best ask of live books, `floor` and `ceiling` the price bounds of
    their history; NaN without a live book.
    """

    first_bucket: int
    live: Ints = field(default_factory=no_ints)
    known: Ints = field(default_factory=no_ints)
    bid: Floats = field(default_factory=no_floats)
    ask: Floats = field(default_factory=no_floats)
    floor: Floats = field(default_factory=no_floats)
    ceiling: Floats = field(default_factory=no_floats)


@dataclass(frozen=True, slots=True, eq=False)
class HeatTrades:
    """Trades of at least `threshold_usd`, oldest first; `side` is +1 buy, -1 sell, 0 unknown."""

    threshold_usd: float = 0.0
    ts_venue_ns: Ints = field(default_factory=no_ints)
    price: Floats = field(default_factory=no_floats)
    notional: Floats = field(default_factory=no_floats)
    side: Ints = field(default_factory=no_ints)


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapView:
    """Tiles over the requested range. Bucket b covers [b * bucket_ns, (b + 1) * bucket_ns) of receive time.

    `newest_ns` is the start of the newest column, 0 without any; `oldest_ns` that of the oldest retained. `mid` is the
    mean of the newest known mids.
    """

    request: HeatmapRequest
    revision: int
    row_size: float
    bucket_ns: int
    tiles: tuple[HeatTile, ...]
    columns: HeatColumns
    trades: HeatTrades
    markets: tuple[MarketState, ...]
    newest_ns: int = 0
    oldest_ns: int = 0
    mid: float | None = None
    last_price: float | None = None
    now_ns: int = 0


@dataclass(frozen=True, slots=True)
class HeatCellRequest(Request["HeatCellView"]):
    """One cell of a heatmap, market by market."""

    market: InstrumentId | None
    markets: MarketFilter
    row_size: float
    seconds: int
    bucket: int
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class HeatCellView:
    """Resting size by market (base coin), the largest of the bucket; NaN where its book was not live."""

    request: HeatCellRequest
    revision: int
    markets: tuple[MarketState, ...]
    bid: Floats = field(default_factory=no_floats)
    ask: Floats = field(default_factory=no_floats)
