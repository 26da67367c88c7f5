"""The liquidation tape against loops over all liquidations: sides, sums, medians, coverage, dropped ones."""

from __future__ import annotations

import random
from copy import deepcopy
from statistics import median

import msgspec
import numpy as np
import pytest

from feeds.model.events import Connected, Disconnected, Liquidation, Side, TradesLive, TradesLost
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.venues.profile import Coverage
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import BINANCE, BYBIT, MINUTE, SECOND, START, engine_of, mark, market
from workstation.analytics.engine import Engine
from workstation.analytics.positions.liquidations import judge
from workstation.analytics.state.limits import Limits
from workstation.analytics.store.column_store import CHUNK
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.liquidations import (
    CascadeRule,
    CascadeState,
    LiquidationsRequest,
    LiquidationsView,
    Position,
)

ETH = market(Venue("okx"), base="ETH", symbol="ETH-USDT-SWAP")
HYPERLIQUID = market(Venue("hyperliquid"))
DERIBIT = market(Venue("deribit"), MarketKind.INVERSE)
BTC = LiquidationsRequest("BTC", count=10_000)
HOUR = 60 * MINUTE


def liquidation(
    instrument: Instrument, ts_ns: int, usd: float, side: Side = Side.SELL, recv_ns: int | None = None
) -> Liquidation:
    recv_ns = ts_ns if recv_ns is None else recv_ns
    return Liquidation(instrument, ts_ns, recv_ns, 1_000.0, usd / 1_000.0, usd, side)


def view_of(engine: Engine, request: LiquidationsRequest = BTC) -> LiquidationsView:
    view = engine.view(request)
    assert isinstance(view, LiquidationsView)
    return view


def test_a_namesake_is_in_no_sum_of_the_coin_and_in_those_of_all() -> None:
    prices = [mark(BINANCE, START, 100.0), mark(BYBIT, START, 28_500.0)]
    orders = [liquidation(BINANCE, START, 1.0), liquidation(BYBIT, START, 7.0)]
    engine = engine_of([*prices, *orders])
    assert view_of(engine).totals[0].long_usd == 8.0  # before prices are compared
    engine.advance(START + 2 * SECOND)
    view = view_of(engine)
    assert view.totals[0].long_usd == 1.0
    assert len(view.ts_venue_ns) == 1
    assert view_of(engine, LiquidationsRequest("")).totals[0].long_usd == 8.0


def some_orders(rng: random.Random, count: int, span_ns: int) -> list[Liquidation]:
    """Orders of three markets over a span, published up to two minutes late, some with a clock that runs ahead."""
    times = sorted(START + rng.randrange(span_ns) for _ in range(count))
    return [
        liquidation(
            rng.choice((BINANCE, BYBIT, ETH)),
            recv_ns - rng.choice((0, SECOND, 100 * SECOND, -3 * SECOND)),
            round(rng.lognormvariate(9, 2), 2),
            rng.choice((Side.BUY, Side.SELL)),
            recv_ns,
        )
        for recv_ns in times
    ]


def test_a_liquidating_sell_closes_a_long() -> None:
    view = view_of(
        engine_of([liquidation(BINANCE, START, 5_000.0), liquidation(BYBIT, START + SECOND, 70.0, Side.BUY)])
    )
    assert view.position.tolist() == [-1, 1], "newest first"
    assert [(view.listed[at].venue, view.listed[at].base) for at in view.market] == [
        (Venue("bybit"), "BTC"),
        (Venue("binance"), "BTC"),
    ]
    assert (view.totals[0].long_usd, view.totals[0].short_usd) == (5_000.0, 70.0)
    assert (view.totals[0].longs, view.totals[0].shorts) == (1, 1)
    np.testing.assert_allclose(view.price, 1_000.0)


@pytest.mark.parametrize("seed", range(4))
def test_sums_and_rows_are_those_of_a_loop(seed: int) -> None:
    rng = random.Random(seed)
    orders = some_orders(rng, 1_500, 26 * HOUR)
    engine = Engine()
    for at, order in enumerate(orders):
        engine.apply(order)
        if at % 97 == 0:
            view_of(engine)
            view_of(engine, LiquidationsRequest(""))
    now_s = orders[-1].ts_recv_ns // SECOND
    for request in (
        BTC,
        LiquidationsRequest("", count=10_000),
        LiquidationsRequest("BTC", MarketFilter(venues=frozenset((Venue("bybit"),))), count=10_000),
    ):
        view = view_of(engine, request)
        wanted = [o for o in orders if request.base in ("", o.instrument.base)]
        wanted = [o for o in wanted if request.markets.accepts(o.instrument.venue, o.instrument.kind)]
        seconds = [(min(o.ts_venue_ns, o.ts_recv_ns) // SECOND, o) for o in wanted]
        assert view.notional.tolist() == [o.notional for o in reversed(wanted)]
        for total in view.totals:
            inside = [o for second, o in seconds if second > now_s - total.span_ns // SECOND]
            longs = [o.notional for o in inside if o.side is Side.SELL]
            assert (total.longs, total.shorts) == (len(longs), len(inside) - len(longs))
            assert total.long_usd == pytest.approx(sum(longs), rel=1e-12)
            assert total.short_usd == pytest.approx(sum(o.notional for o in inside) - sum(longs), rel=1e-9, abs=1e-6)
        by_minute: dict[int, float] = {}
        for second, order in seconds:
            if now_s // 60 - 1440 < second // 60 < now_s // 60:
                by_minute[second // 60] = by_minute.get(second // 60, 0.0) + order.notional
        assert view.cascade.minutes == len(by_minute)
        assert view.cascade.median_usd == pytest.approx(median(by_minute.values()), rel=1e-12)


def test_filters_narrow_the_list_and_not_the_sums() -> None:
    orders = [
        liquidation(BINANCE, START + at * SECOND, 1_000.0 * at, (Side.SELL, Side.BUY)[at % 2]) for at in range(1, 9)
    ]
    view = view_of(engine_of(orders), LiquidationsRequest("BTC", position=Position.LONG, minimum_usd=4_000.0, count=2))
    assert view.notional.tolist() == [8_000.0, 6_000.0]
    assert view.totals[0].long_usd == 20_000.0
    assert view.totals[0].short_usd == 16_000.0


def test_totals_state_how_much_of_their_span_is_covered() -> None:
    now = START + 2 * HOUR
    engine = engine_of([TradesLive(BINANCE, START), TradesLive(BYBIT, now - 12 * MINUTE)])
    engine.apply(liquidation(BINANCE, START, 10.0, recv_ns=now - MINUTE))
    engine.advance(now)
    assert not any(total.known_ns for total in view_of(engine).totals), (
        "no liquidation of Bybit yet: its stream may be missing"
    )
    engine.apply(liquidation(BYBIT, START, 10.0, recv_ns=now))
    view = view_of(engine)
    assert [total.known_ns // MINUTE for total in view.totals] == [1, 5, 12, 12]
    assert np.isnan(view.minute_long_usd[:47]).all(), "nobody listened: not zero"
    assert view.minute_long_usd[-12:].tolist() == [0.0] * 12
    engine.apply(TradesLost(BYBIT, now, "gone"))
    engine.advance(now + 30 * SECOND)
    assert [total.known_ns // SECOND for total in view_of(engine).totals][:2] == [30, 270]
    assert {source.venue: source.since_ns for source in view_of(engine).sources} == {
        Venue("binance"): START,
        Venue("bybit"): None,
    }


def test_venues_without_real_time_liquidations_do_not_make_sums_partial() -> None:
    engine = engine_of(
        [
            TradesLive(BINANCE, START),
            liquidation(BINANCE, START, 5.0),
            TradesLive(HYPERLIQUID, START + HOUR),
            TradesLive(DERIBIT, START + HOUR),
        ]
    )
    engine.advance(START + HOUR)
    view = view_of(engine)
    assert view.totals[2].known_ns == HOUR
    published = {source.venue: source.coverage.published for source in view.sources}
    assert published == {
        Venue("binance"): Coverage.SAMPLED,
        Venue("hyperliquid"): Coverage.NONE,
        Venue("deribit"): Coverage.DELAYED,
    }


def test_the_whole_market_is_known_while_its_connections_are_open() -> None:
    engine = Engine()
    everything = LiquidationsRequest("")
    assert not view_of(engine, everything).whole_market
    engine.survey(Connected(Venue("binance"), "binance.linear.universe", START))
    engine.survey(Connected(Venue("okx"), "okx.linear.universe", START + MINUTE))
    engine.survey(liquidation(ETH, START + 2 * MINUTE, 9_000.0))
    engine.survey(liquidation(market(base="SOL"), START + 2 * MINUTE, 10.0))
    engine.advance(START + 3 * MINUTE)
    view = view_of(engine, everything)
    assert view.whole_market
    assert view.totals[1].known_ns == 2 * MINUTE
    assert {listed.base for listed in view.listed} == {"ETH", "SOL"}
    engine.survey(Disconnected(Venue("okx"), "okx.linear.universe", START + 3 * MINUTE, "gone"))
    engine.advance(START + 4 * MINUTE)
    assert view_of(engine, everything).totals[1].known_ns == 2 * MINUTE
    assert "ETH" not in engine.bases, "the universe makes no base"


def test_the_rate_is_compared_with_the_minutes_with_liquidations() -> None:
    minutes = np.zeros(1439)
    minutes[::100] = 1_000.0  # 15 of them
    rule = CascadeRule()
    states = {
        usd: judge(np.array([usd, 0.0]), minutes, rule).state for usd in (0.0, 2_999.0, 3_000.0, 9_999.0, 10_000.0)
    }
    assert list(states.values()) == [
        CascadeState.CALM,
        CascadeState.CALM,
        CascadeState.ELEVATED,
        CascadeState.ELEVATED,
        CascadeState.CASCADE,
    ]
    few = judge(np.array([1e9, 1e9]), minutes[:900], rule)
    assert (few.state, few.minutes, few.multiple, few.long_share) == (CascadeState.UNKNOWN, 9, None, 0.5)
    assert judge(np.zeros(2), minutes, rule).long_share is None


def test_dropped_orders_leave_the_same_view_however_it_came_about() -> None:
    live = TradesLive(BINANCE, START)
    limits, step_ns = Limits(universe_liquidations=2 * CHUNK), SECOND // 20
    played, asked_late = engine_of([live], limits), engine_of([live], limits)
    for at in range(3 * CHUNK + 100):
        order = liquidation(BINANCE, START + at * step_ns, 1.0 + at % 7)
        played.apply(order)
        asked_late.apply(order)
        if at % 5_000 == 0:
            view_of(played)
    assert_same_view(view_of(played), view_of(asked_late))
    missing_ns = (2 * CHUNK + 99) * step_ns - view_of(played).totals[3].known_ns
    assert 0 <= missing_ns < SECOND, "what was dropped is not known any more"


def test_a_copy_is_independent() -> None:
    engine = engine_of([TradesLive(BINANCE, START), liquidation(BINANCE, START, 100.0)])
    before = view_of(engine)
    copy = deepcopy(engine)
    copy.apply(liquidation(BINANCE, START + SECOND, 50.0))
    assert_same_view(view_of(engine), before)
    assert view_of(copy).totals[0].long_usd == 150.0


def test_the_views_arrays_are_read_only() -> None:
    view = view_of(engine_of([liquidation(BINANCE, START, 100.0)]))
    for name in ("ts_venue_ns", "price", "notional", "position", "market", "minute_long_usd", "minute_start_ns"):
        assert not getattr(view, name).flags.writeable, name
    assert msgspec.structs.asdict(view.sources[0].coverage)["description"]
