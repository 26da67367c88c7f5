"""Ladder: resting and traded size by row, of one market or summed over several."""

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from feeds.model.events import Level
from feeds.model.instrument import Venue
from workstation.analytics.answer import of_base
from workstation.analytics.bars.volumes import RowVolumes
from workstation.analytics.book.obi_history import blended
from workstation.analytics.book.recent import SECOND_NS
from workstation.analytics.book.sampled_levels import LEVELS
from workstation.analytics.state.base import Base
from workstation.analytics.state.derived_bars import sliding_flow
from workstation.analytics.state.market import Market
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.store.row_grid import RowGrid, row_grid
from workstation.analytics.studies.pulling import changes, since_s
from workstation.analytics.views.footprint import last_price
from workstation.readmodels.arrays import Floats, frozen
from workstation.readmodels.flow.ladder import BookEnd, LadderRequest, LadderView, PulledWall, VenueImbalance
from workstation.readmodels.markets import Freshness

ROWS_A_SIDE = 250
FLOW_NS = 300_000_000_000
WALLS_SHOWN_NS = 60 * SECOND_NS


def ladder_view(base: Base, request: LadderRequest, revision: int, now_ns: int) -> LadderView:
    """Rows around the best prices, with resting and traded size."""
    chosen = _chosen(base, request)
    row_size = Fraction(str(request.row_size)) if request.row_size else base.largest_tick(chosen)
    grids = {market.index: row_grid(market.instrument, row_size) for market in chosen}
    counted = _counted(chosen, now_ns)
    first = _centre(counted, chosen, grids) - ROWS_A_SIDE
    rows = np.arange(first, first + 2 * ROWS_A_SIDE + 1, dtype=np.int64)
    sold, bought = _volumes(base, request, grids, row_size, request.recent_ns).between(first, len(rows))
    profile = sum(_volumes(base, request, grids, row_size, None).between(first, len(rows)))
    imbalances = imbalances_of(base, chosen, request.band, now_ns)
    bids, asks = (_resting(counted, grids, first, len(rows), bids=bids) for bids in (True, False))
    venues = tuple(dict.fromkeys(market.instrument.venue for market in counted))
    return LadderView(
        request=request,
        revision=revision,
        row_size=float(row_size),
        rows=frozen(rows),
        bid=frozen(bids.sum(axis=0)),
        ask=frozen(asks.sum(axis=0)),
        sold=frozen(sold),
        bought=frozen(bought),
        profile=frozen(np.asarray(profile)),
        best_bid=_best(counted, bids=True),
        best_ask=_best(counted, bids=False),
        weighted_mid=_weighted_mid(counted),
        imbalance=blend(imbalances),
        imbalances=imbalances,
        imbalance_history=frozen(_history(chosen, request.band)),
        last_price=last_price(chosen),
        markets=tuple(market.state(now_ns) for market in chosen),
        now_ns=now_ns,
        bid_change=frozen(changes(counted, grids, first, bids, now_ns, bids=True)),
        ask_change=frozen(changes(counted, grids, first, asks, now_ns, bids=False)),
        change_since_ns=since_s(now_ns) * SECOND_NS,
        venues=venues,
        venue_bid=frozen(_by_venue(bids, counted, venues)),
        venue_ask=frozen(_by_venue(asks, counted, venues)),
        ends=_ends(counted, grids, now_ns),
        pulled=_pulled(chosen, grids, now_ns),
    )


def _chosen(base: Base, request: LadderRequest) -> list[Market]:
    if request.market is None:
        return base.chosen(request.markets)
    return [market for market in base.markets if market.instrument.id == request.market]


def _counted(chosen: list[Market], now_ns: int) -> list[Market]:
    """Markets whose book is shown: live ones, or a single stale one."""
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
    """Resting size (markets, rows) in base coin."""
    sizes = np.zeros((len(markets), count))
    for at, market in enumerate(markets):
        grid = grids[market.index]
        side = market.book.bids if bids else market.book.asks
        edge = first if bids else first + count
        limit = -(-edge * grid.denominator // grid.numerator) if bids else edge * grid.denominator // grid.numerator
        _sum_levels(sizes[at], side.within(limit), grid, first, bids=bids)
    return sizes


def _by_venue(sizes: Floats, markets: list[Market], venues: tuple[Venue, ...]) -> Floats:
    found = np.zeros((len(venues), sizes.shape[1]))
    for market, row in zip(markets, sizes, strict=True):
        found[venues.index(market.instrument.venue)] += row
    return found


def _ends(markets: list[Market], grids: dict[int, RowGrid], now_ns: int) -> tuple[BookEnd, ...]:
    found = []
    for market in markets:
        low, high, grid = market.book.bids.worst(), market.book.asks.worst(), grids[market.index]
        if low is not None and high is not None:
            found.append(BookEnd(market.state(now_ns), grid.floor(low), grid.ceil(high)))
    return tuple(found)


def _pulled(markets: list[Market], grids: dict[int, RowGrid], now_ns: int) -> tuple[PulledWall, ...]:
    found = []
    for market in markets:
        grid, state = grids[market.index], market.state(now_ns)
        for wall in market.walls.pulled:
            if now_ns - wall.at_s * SECOND_NS <= WALLS_SHOWN_NS:
                row = grid.floor(wall.ticks) if wall.bid else grid.ceil(wall.ticks)
                price, times = market.instrument.price_from_ticks(wall.ticks), (wall.at_s, wall.stood_s)
                at_ns, stood_ns = (seconds * SECOND_NS for seconds in times)
                found.append(PulledWall(state, wall.bid, row, price, wall.size, at_ns, stood_ns))
    return tuple(sorted(found, key=lambda wall: wall.at_ns))


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
            parts = reversed(list(base.trades.parts()))  # newest first, as only the newest day counts
        else:
            parts = base.trades.between(base.watermark_ns - window_ns, FOREVER_NS)
        for part in parts:
            found.fill(part)
        base.derive(key, found, grids)
    found.expire(base.watermark_ns)
    return found


def imbalances_of(base: Base, chosen: list[Market], band: float, now_ns: int) -> tuple[VenueImbalance, ...]:
    """OBI of every market and its weight: taker flow of five minutes, equal weights without any."""
    found = [_imbalance(market, band, now_ns) for market in chosen]
    usable = np.array([one.imbalance is not None and one.market.book is Freshness.LIVE for one in found], np.bool_)
    weights = np.where(usable, taker_flow(base, chosen), 0.0) if chosen else np.zeros(0)
    if not weights.any():
        weights = usable.astype(np.float64)
    shares = weights / weights.sum() if weights.any() else weights
    return tuple(replace(one, weight=weight) for one, weight in zip(found, shares.tolist(), strict=True))


def _imbalance(market: Market, band: float, now_ns: int) -> VenueImbalance:
    depth = market.book.depth_in_band(band, LEVELS) if market.book.known else None
    total = depth[0] + depth[1] if depth else 0.0
    value = (depth[0] - depth[1]) / total if depth and total else None
    return VenueImbalance(market.state(now_ns), value, bool(depth and depth[2]))


def blend(imbalances: tuple[VenueImbalance, ...]) -> float | None:
    """Weighted OBI over the markets with a live book; None without any."""
    parts = [one.weight * one.imbalance for one in imbalances if one.weight and one.imbalance is not None]
    return math.fsum(parts) if parts else None


def taker_flow(base: Base, markets: list[Market]) -> Floats:
    """Taker notional (markets,) of the last five minutes of venue time, quote."""
    flow: Floats = sliding_flow(base, FLOW_NS).at(base.watermark_ns)[[market.index for market in markets]]
    return flow


def _history(chosen: list[Market], band: float) -> Floats:
    """Blended OBI of the chosen markets by second, aligned at the newest sample."""
    series = [market.obi.series(band) for market in chosen]
    length = max((len(values) for values, _ in series), default=0)
    columns, flow = np.full((len(series), length), np.nan), np.zeros((len(series), length))
    for at, (values, flows) in enumerate(series):
        columns[at, length - len(values) :], flow[at, length - len(values) :] = values, flows
    return blended(columns, flow)


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
    """Weighted mid of one market, or the mean over several: a mid across venues would be nobody's quote."""
    mids = []
    for market in known:
        ticks = market.book.weighted_mid_ticks()
        if ticks is not None:
            tick = market.instrument.tick
            mids.append(ticks * tick.numerator / tick.denominator)
    return math.fsum(mids) / len(mids) if mids else None


ANSWERS = (of_base(LadderRequest, ladder_view, "book_revision"),)
