"""The ladder: resting and traded size by row, of one market or summed over several."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from feeds.events import Level
from workstation.analytics.bars import frozen
from workstation.analytics.base import Base
from workstation.analytics.market import FOREVER_NS, Market, RowGrid, row_grid
from workstation.analytics.views.footprint import last_price
from workstation.analytics.volumes import RowVolumes, TakerFlow
from workstation.readmodels import Floats, Freshness, LadderRequest, LadderView, VenueImbalance

ROWS_A_SIDE = 250
FLOW_NS = 300_000_000_000
_MAX_LEVELS = 200


def ladder_view(base: Base, request: LadderRequest, revision: int, now_ns: int) -> LadderView:
    """Rows around the best prices, with what rests and what traded there."""
    chosen = _chosen(base, request)
    row_size = Fraction(str(request.row_size)) if request.row_size else base.largest_tick(chosen)
    grids = {market.index: row_grid(market.instrument, row_size) for market in chosen}
    counted = _counted(chosen, now_ns)
    first = _centre(counted, chosen, grids) - ROWS_A_SIDE
    rows = np.arange(first, first + 2 * ROWS_A_SIDE + 1, dtype=np.int64)
    sold, bought = _volumes(base, request, grids, row_size, request.recent_ns).between(first, len(rows))
    profile = sum(_volumes(base, request, grids, row_size, None).between(first, len(rows)))
    imbalances = tuple(_imbalance(market, request.band, now_ns) for market in chosen)
    return LadderView(
        request=request,
        revision=revision,
        row_size=float(row_size),
        rows=frozen(rows),
        bid=_resting(counted, grids, first, len(rows), bids=True),
        ask=_resting(counted, grids, first, len(rows), bids=False),
        sold=frozen(sold),
        bought=frozen(bought),
        profile=frozen(np.asarray(profile)),
        best_bid=_best(counted, bids=True),
        best_ask=_best(counted, bids=False),
        weighted_mid=_weighted_mid(counted),
        imbalance=_blend(base, chosen, imbalances),
        imbalances=imbalances,
        imbalance_history=frozen(_history(base, chosen)),
        last_price=last_price(chosen),
        markets=tuple(market.state(now_ns) for market in chosen),
        now_ns=now_ns,
    )


def _chosen(base: Base, request: LadderRequest) -> list[Market]:
    if request.market is None:
        return base.chosen(request.markets)
    return [market for market in base.markets if market.instrument.id == request.market]


def _counted(chosen: list[Market], now_ns: int) -> list[Market]:
    """Markets whose book is shown: a stale one by itself, but not in a sum."""
    known = [market for market in chosen if market.book.known]
    if len(chosen) == 1:
        return known
    return [market for market in known if market.book_freshness(now_ns) is Freshness.LIVE]


def _centre(counted: list[Market], chosen: list[Market], grids: dict[int, RowGrid]) -> int:
    for market in (*counted, *chosen):
        mid = market.book.mid_ticks()
        if mid is not None:
            return grids[market.index].floor(int(mid))
    for market in chosen:
        if market.last_price is not None:
            return grids[market.index].floor(market.instrument.ticks_from_price(market.last_price))
    return 0


def _resting(markets: list[Market], grids: dict[int, RowGrid], first: int, count: int, *, bids: bool) -> Floats:
    sizes = np.zeros(count)
    for market in markets:
        grid = grids[market.index]
        side = market.book.bids if bids else market.book.asks
        edge = first if bids else first + count
        limit = -(-edge * grid.denominator // grid.numerator) if bids else edge * grid.denominator // grid.numerator
        _sum_levels(sizes, side.within(limit), grid, first, bids=bids)
    return frozen(sizes)


def _sum_levels(sizes: Floats, levels: Iterable[Level], grid: RowGrid, first: int, *, bids: bool) -> None:
    row_of = grid.floor if bids else grid.ceil
    rows: dict[int, float] = {}
    for ticks, size in levels:
        row = row_of(ticks)
        rows[row] = rows.get(row, 0.0) + size
    for row, size in rows.items():
        if 0 <= row - first < len(sizes):
            sizes[row - first] += size


def _volumes(
    base: Base, request: LadderRequest, grids: dict[int, RowGrid], row_size: Fraction, window_ns: int | None
) -> RowVolumes:
    key = ("volumes", tuple(grids), row_size, window_ns)
    found = base.find(key)
    if not isinstance(found, RowVolumes):
        found = RowVolumes(grids, window_ns)
        if window_ns is None:
            parts = reversed(list(base.trades.parts()))  # the newest day is all that counts
        else:
            parts = base.trades.between(base.watermark_ns - window_ns, FOREVER_NS)
        for part in parts:
            found.fill(part)
        base.derive(key, found, grids)
    found.expire(base.watermark_ns)
    return found


def _imbalance(market: Market, band: float, now_ns: int) -> VenueImbalance:
    depth = market.book.depth_in_band(band, _MAX_LEVELS) if market.book.known else None
    total = depth[0] + depth[1] if depth else 0.0
    value = (depth[0] - depth[1]) / total if depth and total else None
    return VenueImbalance(market.state(now_ns), value, bool(depth and depth[2]))


def _blend(base: Base, chosen: list[Market], imbalances: tuple[VenueImbalance, ...]) -> float | None:
    """OBI over venues, weighted by each one's taker flow of the last five minutes.

    Equal weights while nothing traded.
    """
    usable = [
        (market, entry.imbalance)
        for market, entry in zip(chosen, imbalances, strict=True)
        if entry.imbalance is not None and entry.market.book is Freshness.LIVE
    ]
    if not usable:
        return None
    weights = taker_flow(base, [market for market, _ in usable])
    if not weights.any():
        weights = np.ones(len(usable))
    return float(np.dot(weights, [value for _, value in usable]) / weights.sum())


def taker_flow(base: Base, markets: list[Market]) -> Floats:
    """Notional that takers traded on each market in the last five minutes of venue time."""
    key = ("flow",)
    found = base.find(key)
    if not isinstance(found, TakerFlow):
        found = TakerFlow(len(base.markets), FLOW_NS)
        for part in base.trades.between(base.watermark_ns - FLOW_NS, FOREVER_NS):
            found.fill(part)
        base.derive(key, found, range(len(base.markets)))
    flow: Floats = found.at(base.watermark_ns)[[market.index for market in markets]]
    return flow


def _history(base: Base, chosen: list[Market]) -> Floats:
    """Mean OBI of the chosen markets at +-0.2 %, once a second."""
    kept = [base.imbalances[market.instrument.id] for market in chosen]
    if not kept or not (length := max(map(len, kept))):
        return np.empty(0)
    columns = np.full((len(kept), length), np.nan)
    for row, values in zip(columns, kept, strict=True):
        if values:
            row[-len(values) :] = values
    known = ~np.isnan(columns)
    count = known.sum(axis=0)
    total = np.where(known, columns, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _best(known: list[Market], *, bids: bool) -> float | None:
    prices = []
    for market in known:
        ticks = market.book.bids.best if bids else market.book.asks.best
        if ticks is not None:
            prices.append(market.instrument.price_from_ticks(ticks))
    if not prices:
        return None
    return max(prices) if bids else min(prices)


def _weighted_mid(known: list[Market]) -> float | None:
    """The weighted mid of one market, or the mean over several: a mid across venues is no price anybody quotes."""
    mids = []
    for market in known:
        ticks = market.book.weighted_mid_ticks()
        if ticks is not None:
            tick = market.instrument.tick
            mids.append(ticks * tick.numerator / tick.denominator)
    return sum(mids) / len(mids) if mids else None
