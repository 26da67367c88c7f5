"""Liquidation tape: newest liquidations of a base or of the whole market, sums, coverage.

Sums and selections are updated incrementally: the cost of a view does not grow with the number of liquidations.
"""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from feeds.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from feeds.venues.registry import liquidation_coverage
from workstation.analytics.answer import Answer, State
from workstation.analytics.positions.liquidations import (
    LONG,
    MINUTE_S,
    SECOND_NS,
    SHORT,
    LiquidationLog,
    Newest,
    Sums,
    judge,
    publishes_in_real_time,
)
from workstation.analytics.store.events import Liquidations
from workstation.readmodels.arrays import Bools, Ints, frozen
from workstation.readmodels.positions.liquidations import (
    SPANS_NS,
    LiquidationMarket,
    LiquidationSource,
    LiquidationsRequest,
    LiquidationsView,
    LiquidationTotal,
    Position,
)

MINUTES = 60
_SIGNS = {None: None, Position.LONG: -1, Position.SHORT: 1}  # of the liquidation order

Known = Callable[[int, int], int]


def liquidations_revision(state: State, request: LiquidationsRequest) -> int:
    """Changes with liquidations, coverage and the base's markets, and once a second, as windows slide."""
    base, log = state.bases.get(request.base), state.universe.liquidations
    count = log.revision + _now_ns(state) // SECOND_NS
    if base is not None:
        count += base.trade_revision + base.freshness_revision + base.coverage_revision
    return count


def liquidations_view(state: State, request: LiquidationsRequest) -> LiquidationsView:
    """The liquidation tape as of the present second."""
    log, now_ns = state.universe.liquidations, _now_ns(state)
    base = state.bases.get(request.base)
    apart = frozenset(one.instrument.id for one in base.markets if one.apart) if base is not None else frozenset()
    accepts = _accepts(request, apart)
    key = (request.base, request.markets, apart)
    sums = log.follow(("sums", *key), lambda: Sums(accepts), Sums, now_ns)
    picked = (_SIGNS[request.position], request.minimum_usd, request.count)
    newest = log.follow(("newest", *key, *picked), lambda: Newest(accepts, *picked), Newest, now_ns)
    perps = [market for market in base.alike if market.instrument.kind.is_perp] if base is not None else []
    markets = [market for market in perps if accepts(market.instrument)]
    known = _known(log, request, [market.instrument for market in markets])
    starts, minutes = sums.minutes()
    start_ns = frozen(starts[-MINUTES:] * SECOND_NS)
    covered = _covered(start_ns, now_ns, known)
    return LiquidationsView(
        request=request,
        revision=liquidations_revision(state, request),
        **_rows(log, newest.orders),
        totals=tuple(_total(span_ns, sums, known, now_ns) for span_ns in SPANS_NS),
        minute_start_ns=start_ns,
        minute_long_usd=frozen(np.where(covered, minutes[LONG, -MINUTES:], np.nan)),
        minute_short_usd=frozen(np.where(covered, minutes[SHORT, -MINUTES:], np.nan)),
        cascade=judge(sums.total(MINUTE_S)[0], minutes[:, :-1].sum(axis=0), request.rule),
        sources=_sources(log, [market.instrument for market in perps]),
        markets=tuple(market.state(state.now_ns) for market in markets),
        whole_market=not request.base and bool(log.venues()),
        now_ns=now_ns,
    )


def _now_ns(state: State) -> int:
    """The latest receive time, rounded down to a second."""
    now_ns = max(state.now_ns, state.universe.liquidations.seen_ns)
    return now_ns - now_ns % SECOND_NS


def _accepts(request: LiquidationsRequest, apart: Collection[InstrumentId]) -> Callable[[Instrument], bool]:
    """Markets of the base and the filter; those of another asset of the same name are in sums over all coins only."""

    def accepts(instrument: Instrument) -> bool:
        if request.base and (instrument.base != request.base or instrument.id in apart):
            return False
        return request.markets.accepts(instrument.venue, instrument.kind)

    return accepts


def _known(log: LiquidationLog, request: LiquidationsRequest, markets: list[Instrument]) -> Known:
    """A function for the nanoseconds of a span covered by all real-time sources; 0 without any."""
    ids = [(market.id, market.venue) for market in markets if publishes_in_real_time(market)]
    venues = [venue for venue in log.venues() if _is_selected(venue, request)]
    retained_ns = log.retained_since_ns

    def known(start_ns: int, end_ns: int) -> int:
        begin_ns = max(start_ns, retained_ns)
        if request.base and ids:
            return min(log.market_known_ns(one, venue, begin_ns, end_ns) for one, venue in ids)
        return min((log.venue_known_ns(venue, begin_ns, end_ns) for venue in venues), default=0)

    return known


def _is_selected(venue: Venue, request: LiquidationsRequest) -> bool:
    wanted = request.markets.venues
    return (wanted is None or venue in wanted) and liquidation_coverage(venue, MarketKind.LINEAR).in_real_time


def _covered(start_ns: Ints, now_ns: int, known: Known) -> Bools:
    """Mask of the minutes with any coverage."""
    return np.array([known(start, min(start + MINUTE_S * SECOND_NS, now_ns + 1)) > 0 for start in start_ns.tolist()])


def _total(span_ns: int, sums: Sums, known: Known, now_ns: int) -> LiquidationTotal:
    (long_usd, short_usd), (longs, shorts) = (column.tolist() for column in sums.total(span_ns // SECOND_NS))
    return LiquidationTotal(span_ns, long_usd, short_usd, longs, shorts, known(now_ns - span_ns, now_ns))


def _sources(log: LiquidationLog, markets: list[Instrument]) -> tuple[LiquidationSource, ...]:
    """Coverage of the venues of some markets, or of all venues, by the worst perpetual of each."""
    venues = dict.fromkeys(market.venue for market in markets) if markets else log.venues()
    found = []
    for venue in sorted(venues):
        own = [log.market_since_ns(market.id, venue) for market in markets if market.venue == venue]
        since = own or [log.venue_since_ns(venue)]
        worst = None if None in since else max(one for one in since if one is not None)
        coverage = liquidation_coverage(venue, MarketKind.LINEAR)
        found.append(LiquidationSource(venue, coverage, worst, venue in log.publishing))
    return tuple(found)


def _rows(log: LiquidationLog, orders: Liquidations | None) -> dict[str, Any]:
    """Columns of the list, newest first, and their markets."""
    orders = orders if orders is not None else log.orders.last(0)
    market, at = np.unique(orders.market[::-1], return_inverse=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = orders.notional / orders.size
    return {
        "ts_venue_ns": frozen(orders.ts[::-1]),
        "ts_recv_ns": frozen(orders.received_ns[::-1]),
        "price": frozen(price[::-1]),
        "size": frozen(orders.size[::-1]),
        "notional": frozen(orders.notional[::-1]),
        "position": frozen(-orders.sign[::-1]),
        "market": frozen(at.astype(np.int64)),
        "listed": tuple(_listed(log.instruments[row]) for row in market.tolist()),
    }


def _listed(instrument: Instrument) -> LiquidationMarket:
    return LiquidationMarket(
        instrument.base, instrument.venue, instrument.kind, instrument.symbol, float(instrument.tick_size)
    )


ANSWERS = (Answer(LiquidationsRequest, liquidations_revision, liquidations_view),)
