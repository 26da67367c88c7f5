"""Funding and open interest: present rows, past lines, and readings together with price."""

import math
from collections.abc import Sequence

import numpy as np

from feeds.model.instrument import MarketKind
from workstation.analytics.answer import Answer, base_of
from workstation.analytics.positions.premium import weighted_mean
from workstation.analytics.positions.prices import prices_of
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market
from workstation.analytics.universe.universe import Universe
from workstation.analytics.views.universe import interest_changes
from workstation.readmodels.arrays import Floats, Ints, frozen
from workstation.readmodels.positions.funding import (
    HOUR_NS,
    LARGE_RATE,
    LARGE_RATIO,
    LEAST_DAYS,
    LEAST_MOVE,
    SPANS_NS,
    Crowding,
    FundingRequest,
    FundingView,
    PositionGroup,
    PositionLine,
    PositionRow,
    Reading,
    SpanReading,
)

MINUTE_NS = 60_000_000_000
STALE_NS = 10 * MINUTE_NS


def funding_revision(base: Base, universe: Universe, now_ns: int) -> int:
    """Changes with funding, open interest, trades and samples of the universe, and every minute, as values become
    stale.
    """
    counters = (base.position_revision, base.flow_revision, base.day_revision, base.trade_revision)
    return sum(counters) + base.coverage_revision + base.freshness_revision + universe.revision + now_ns // MINUTE_NS


def funding_view(base: Base, request: FundingRequest, now_ns: int, universe: Universe) -> FundingView:
    """Funding and open interest of the perpetuals that the request's filter accepts.

    Changes of open interest are those of the pressure table; where it knows none, those of the market's own series.
    """
    perps = [market for market in base.chosen(request.markets) if market.instrument.kind.is_perp]
    minute_ns = now_ns - now_ns % MINUTE_NS
    changes = interest_changes(universe, base.name, request.markets)
    rows = tuple(_row(market, minute_ns, now_ns, changes.get(market.instrument.id)) for market in perps)
    bar_ns = max(request.bar_ns, MINUTE_NS)
    starts = _axis(perps, bar_ns)
    open_interest = np.array([_held(*_open_interest(market), starts, bar_ns) for market in perps]).reshape(
        len(perps), len(starts)
    )
    rates = np.array([_held(*market.fundings.columns(), starts, bar_ns) for market in perps]).reshape(
        len(perps), len(starts)
    )
    counted = np.isfinite(open_interest).sum(axis=0)
    total = np.where(counted > 0, np.where(np.isfinite(open_interest), open_interest, 0.0).sum(axis=0), np.nan)
    linear = np.array([market.instrument.kind is MarketKind.LINEAR for market in perps], np.bool_)
    weights = np.nan_to_num(open_interest)
    rates_of = [
        weighted_mean(np.where(weights[part] > 0, rates[part], np.nan), weights[part]) for part in (linear, ~linear)
    ]
    return FundingView(
        request=request,
        revision=funding_revision(base, universe, now_ns),
        rows=rows,
        groups=tuple(_group(kind, rows) for kind in (MarketKind.LINEAR, MarketKind.INVERSE)),
        spans=_spans(base, perps, rows, minute_ns, changes[None]),
        bar_start_ns=frozen(starts),
        lines=tuple(
            PositionLine(row.market, frozen(held), frozen(rate))
            for row, held, rate in zip(rows, open_interest, rates, strict=True)
        ),
        total=frozen(total),
        counted=frozen(counted),
        linear_1h=frozen(rates_of[0]),
        inverse_1h=frozen(rates_of[1]),
        now_ns=now_ns,
    )


def _row(market: Market, minute_ns: int, now_ns: int, sampled: Floats | None) -> PositionRow:
    funding, last = market.funding, market.open_interest_series.last
    rate = funding.rate if funding is not None else None
    periods, days = market.fundings.periods, market.fundings.days
    ratio = market.long_short.ratio if market.long_short is not None else None
    held = last.size if last is not None else None
    price = market.mark if market.mark is not None else market.last_price
    usd = last.notional if last is not None else None
    stale = funding is None or last is None or minute_ns - min(funding.ts_recv_ns, last.ts_ns) > STALE_NS
    return PositionRow(
        market=market.state(now_ns),
        rate=rate,
        period_h=funding.interval_ns / HOUR_NS if funding is not None and funding.interval_ns else None,
        last_rate=periods[-1].rate if periods else None,
        percentile=market.fundings.percentile(rate) if rate is not None and days >= LEAST_DAYS else None,
        history_days=days,
        next_funding_ns=funding.next_funding_ns if funding is not None else None,
        open_interest=held,
        open_interest_usd=usd if usd is not None or held is None or price is None else held * price,
        changes=_changes(market, minute_ns, sampled),
        ratio=ratio,
        crowding=crowding_of(rate, ratio),
        stale=stale,
    )


def _changes(market: Market, now_ns: int, sampled: Floats | None) -> tuple[float | None, ...]:
    own = (_fraction(market, now_ns, span_ns) for span_ns in SPANS_NS)
    shown = [math.nan] * len(SPANS_NS) if sampled is None else sampled.tolist()
    return tuple(known if math.isnan(change) else change for change, known in zip(shown, own, strict=True))


def _fraction(market: Market, now_ns: int, span_ns: int) -> float | None:
    change = market.open_interest_series.change(now_ns, span_ns)
    return change.fraction if change is not None else None


def crowding_of(rate: float | None, ratio: float | None) -> Crowding | None:
    """Funding beyond 0.5 % a period, a long/short ratio beyond 1.5 either way, or both on one side; else None."""
    paying = rate is not None and abs(rate) > LARGE_RATE
    leaning = ratio is not None and (ratio > LARGE_RATIO or ratio < 1 / LARGE_RATIO)
    if rate is not None and ratio is not None and paying and leaning and (rate > 0) == (ratio > 1):
        return Crowding.LONGS if rate > 0 else Crowding.SHORTS
    return Crowding.FUNDING if paying else Crowding.RATIO if leaning else None


def reading_of(price_change: float | None, interest_change: float | None) -> Reading | None:
    """Reading of fractional changes of price and open interest; None if one is unknown or below `LEAST_MOVE`."""
    if price_change is None or interest_change is None or min(abs(price_change), abs(interest_change)) < LEAST_MOVE:
        return None
    if price_change > 0:
        return Reading.NEW_LONGS if interest_change > 0 else Reading.SHORTS_COVER
    return Reading.NEW_SHORTS if interest_change > 0 else Reading.LONGS_LEAVE


def _group(kind: MarketKind, rows: Sequence[PositionRow]) -> PositionGroup:
    mine = [row for row in rows if row.market.kind is kind]
    live = [row for row in mine if not row.stale]
    held = [row.open_interest for row in live if row.open_interest is not None]
    usd = [row.open_interest_usd for row in live if row.open_interest_usd is not None]
    priced = [
        (row.open_interest, row.rate / row.period_h)
        for row in live
        if row.open_interest and row.rate is not None and row.period_h
    ]
    weight = math.fsum(size for size, _ in priced)
    return PositionGroup(
        kind=kind,
        rate_1h=math.fsum(size * rate for size, rate in priced) / weight if weight else None,
        open_interest=math.fsum(held) if held else None,
        open_interest_usd=math.fsum(usd) if usd else None,
        changes=tuple(_summed([(row.open_interest, row.changes[at]) for row in live])[0] for at in range(3)),
        live=len(live),
        known=len(mine),
    )


def _summed(ends: Sequence[tuple[float | None, float | None]]) -> tuple[float | None, int]:
    """Fractional change of a sum from pairs of present value and fractional change, and the number of known pairs."""
    known = [(now, change) for now, change in ends if now is not None and change is not None and change > -1.0]
    before = math.fsum(now / (1 + change) for now, change in known)
    return (math.fsum(now for now, _ in known) / before - 1 if before else None), len(known)


def _spans(
    base: Base, perps: list[Market], rows: Sequence[PositionRow], now_ns: int, sampled: Floats
) -> tuple[SpanReading, ...]:
    """Changes over each span, with the price of the perpetual with the largest open interest."""
    held = [row.open_interest_usd or 0.0 for row in rows]
    leader = perps[int(np.argmax(held))] if perps else None
    prices = prices_of(base, [leader], MINUTE_NS) if leader is not None else None
    found = []
    for at, span_ns in enumerate(SPANS_NS):
        moved, counted = _summed([(row.open_interest, row.changes[at]) for row in rows if not row.stale])
        moved = float(sampled[at]) if counted and np.isfinite(sampled[at]) else moved
        price = None
        if prices is not None and leader is not None:
            price = _price_change(prices.starts, prices.close[0], now_ns, span_ns)
            if price is None and at == 2 and leader.day is not None:
                price = leader.day.change_24h
        found.append(SpanReading(span_ns, price, moved, reading_of(price, moved), counted, len(rows)))
    return tuple(found)


def _price_change(starts: Ints, close: Floats, now_ns: int, span_ns: int) -> float | None:
    """Fractional change from the price of the minute a span ago to the newest; None if either is unknown."""
    known = np.flatnonzero(np.isfinite(close))
    if not len(known):
        return None
    starts, close = starts[known], close[known]
    at = int(np.searchsorted(starts, now_ns - span_ns, "right")) - 1
    if at < 0 or now_ns - span_ns - starts[at] > STALE_NS or now_ns - starts[-1] > STALE_NS:
        return None
    return float(close[-1] / close[at] - 1)


def _open_interest(market: Market) -> tuple[Ints, Floats]:
    rows = market.open_interest_series.rows
    return np.array([row.ts_ns for row in rows], np.int64), np.array([row.size for row in rows])


def _axis(perps: Sequence[Market], bar_ns: int) -> Ints:
    """Starts of bars from the first to the last value of any market."""
    columns = (column for market in perps for column in (_open_interest(market)[0], market.fundings.columns()[0]))
    times = [column for column in columns if len(column)]
    if not times:
        return np.empty(0, np.int64)
    first = min(int(column[0]) for column in times) // bar_ns
    last = max(int(column[-1]) for column in times) // bar_ns
    return np.arange(max(first, last - 6_000), last + 1, dtype=np.int64) * bar_ns


def _held(times: Ints, values: Floats, starts: Ints, bar_ns: int) -> Floats:
    """The last value by the end of each bar, NaN if it is older than ten minutes."""
    if not len(times):
        return np.full(len(starts), np.nan)
    at = np.searchsorted(times, starts + bar_ns) - 1
    old = (at < 0) | (starts + bar_ns - times[at] > max(STALE_NS, bar_ns))
    held: Floats = np.where(old, np.nan, values[at])
    return held


ANSWERS = (
    Answer(
        FundingRequest,
        lambda state, request: funding_revision(base_of(state, request), state.universe, state.now_ns),
        lambda state, request: funding_view(base_of(state, request), request, state.now_ns, state.universe),
    ),
)
