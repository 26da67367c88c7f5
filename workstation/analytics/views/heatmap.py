"""Depth heatmap: tiles of the requested range, and one cell by market."""

import math
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction

import numpy as np

from feeds.model.instrument import InstrumentId
from workstation.analytics.answer import of_base
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market
from workstation.analytics.studies.depth_heatmap import HeatCache, Layer, sizes_between
from workstation.analytics.views.footprint import last_price
from workstation.analytics.views.tape import big_trades_view
from workstation.readmodels.arrays import frozen
from workstation.readmodels.flow.big_trades import BigTradesRequest
from workstation.readmodels.flow.heatmap import (
    COLUMN_NS,
    TILE_COLUMNS,
    TILE_ROWS,
    HeatCellRequest,
    HeatCellView,
    HeatColumns,
    HeatmapRequest,
    HeatmapView,
    HeatTile,
    HeatTrades,
)
from workstation.readmodels.markets import MarketFilter

MOST_TILES = 32, 8  # by time and by row, in one view
MOST_PRINTS = 2_000
_ROWS_A_PRICE = 20_000
_AROUND = 100  # rows to each side of the mid if the request has no prices


def heatmap_view(base: Base, request: HeatmapRequest, revision: int, now_ns: int) -> HeatmapView:
    """Tiles and columns of a range; beyond `MOST_TILES` the oldest columns and highest rows are cut off."""
    chosen = _chosen(base, request.market, request.markets)
    mid = _mid(chosen)
    layer = Layer(chosen, _row_size(base, request, mid), max(1, request.seconds))
    cache = _cache(base)
    cache.forget_edited(chosen)
    tiles: list[HeatTile] = []
    strips: list[HeatColumns] = []
    blocks = _blocks(request, layer, mid)
    oldest = min((market.depth.start for market in chosen if market.depth.start is not None), default=layer.until)
    for at in _times(request, layer, oldest):
        tiles.extend(tile for block in blocks if (tile := cache.tile(layer, at, block)) is not None)
        if (strip := cache.strip(layer, at)) is not None:
            strips.append(strip)
    return HeatmapView(
        request=request,
        revision=revision,
        row_size=float(layer.row_size),
        bucket_ns=layer.seconds * COLUMN_NS,
        tiles=tuple(tiles),
        columns=_joined(strips, layer),
        trades=_big_trades(base, request),
        markets=tuple(market.state(now_ns) for market in chosen),
        newest_ns=(layer.until - 1) * COLUMN_NS if layer.until else 0,
        oldest_ns=oldest * COLUMN_NS,
        mid=mid,
        last_price=last_price(list(chosen)),
        now_ns=now_ns,
    )


def heat_cell_view(base: Base, request: HeatCellRequest, revision: int, now_ns: int) -> HeatCellView:
    """The largest size by market in one cell."""
    chosen = _chosen(base, request.market, request.markets)
    layer = Layer(chosen, Fraction(str(request.row_size)), max(1, request.seconds))
    start = request.bucket * layer.seconds
    end = min(start + layer.seconds, layer.until)
    rows = range(request.row, request.row + 1)
    found = np.full((2, len(chosen)), np.nan)
    for at, market in enumerate(chosen):
        if start < end and any(True for _ in market.depth.between(start, end)):
            for side, bids in enumerate((True, False)):
                found[side, at] = sizes_between((market,), layer, rows, start, end, bids=bids).max()
    states = tuple(market.state(now_ns) for market in chosen)
    return HeatCellView(request, revision, states, frozen(found[0]), frozen(found[1]))


def _chosen(base: Base, market: InstrumentId | None, markets: MarketFilter) -> tuple[Market, ...]:
    if market is None:
        return tuple(base.chosen(markets))
    return tuple(state for state in base.markets if state.instrument.id == market)


def _cache(base: Base) -> HeatCache:
    found = base.find("heat")
    return found if isinstance(found, HeatCache) else base.keep("heat", HeatCache(base.limits.heat_tiles))


def _mid(chosen: tuple[Market, ...]) -> float | None:
    mids = [
        ticks * float(market.instrument.tick_size) for market in chosen if (ticks := market.depth.mid_ticks) is not None
    ]
    return math.fsum(mids) / len(mids) if mids else None


def _row_size(base: Base, request: HeatmapRequest, mid: float | None) -> Fraction:
    """Row size: a 1-2-5 multiple of the coarsest tick among the markets, unless the request has one."""
    if request.row_size:
        return Fraction(str(request.row_size))
    tick = base.largest_tick(_chosen(base, request.market, request.markets))
    return tick if mid is None else tick * round_factor(mid / _ROWS_A_PRICE / float(tick))


def round_factor(wanted: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is at least `wanted`."""
    if wanted <= 1:
        return 1
    power = int(10 ** math.floor(math.log10(wanted)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted)


def _times(request: HeatmapRequest, layer: Layer, oldest: int) -> range:
    """Time indices of the tiles, the newest if there are too many, none before the oldest column."""
    width = TILE_COLUMNS * layer.seconds
    end = min(-(-request.end_ns // COLUMN_NS), layer.until) if request.end_ns else layer.until
    stop = -(-end // width)
    return range(max(max(request.start_ns // COLUMN_NS, oldest) // width, stop - MOST_TILES[0]), stop)


def _blocks(request: HeatmapRequest, layer: Layer, mid: float | None) -> range:
    if request.low is None or request.high is None:
        if mid is None:
            return range(0)
        row = math.floor(mid / layer.row_size)
        return range((row - _AROUND) // TILE_ROWS, (row + _AROUND) // TILE_ROWS + 1)
    first = math.floor(Decimal(str(request.low)) / Decimal(str(float(layer.row_size)))) // TILE_ROWS
    last = math.floor(Decimal(str(request.high)) / Decimal(str(float(layer.row_size)))) // TILE_ROWS
    return range(first, min(last + 1, first + MOST_TILES[1]))


def _joined(strips: list[HeatColumns], layer: Layer) -> HeatColumns:
    """Concatenate strips, without buckets that have not begun."""
    if not strips:
        return HeatColumns(0)
    first = strips[0].first_bucket
    count = min(strips[-1].first_bucket + TILE_COLUMNS, -(-layer.until // layer.seconds)) - first
    names = [field.name for field in fields(HeatColumns)][1:]
    return HeatColumns(
        first, *(frozen(np.concatenate([getattr(strip, name) for strip in strips])[:count]) for name in names)
    )


def _big_trades(base: Base, request: HeatmapRequest) -> HeatTrades:
    """Big trades of the range; for one market, those of it among all markets of its kind."""
    wanted = request.markets
    if request.market is not None:
        named = [market.instrument for market in base.markets if market.instrument.id == request.market]
        if not named:
            return HeatTrades()
        wanted = MarketFilter(None, frozenset((named[0].venue,)), frozenset((named[0].kind,)))
    end_ns = request.end_ns or 1 << 62
    asked = BigTradesRequest(request.base, wanted, request.minimum_usd, request.start_ns, end_ns, MOST_PRINTS)
    big = big_trades_view(base, asked, 0, 0)
    return HeatTrades(big.threshold_usd, big.ts_venue_ns, big.price, big.notional, big.side)


ANSWERS = (
    of_base(HeatmapRequest, heatmap_view, "heat_revision"),
    of_base(HeatCellRequest, heat_cell_view, "heat_revision"),
)
