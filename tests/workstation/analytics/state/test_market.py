"""Coverage of trades, and freshness of markets."""

from __future__ import annotations

import random
from typing import Any

import pytest

from feeds.model.events import BookLost, Event, TradesLive, TradesLost
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    MINUTE,
    SECOND,
    START,
    delta,
    engine_of,
    mark,
    snapshot,
    trade,
)
from workstation.analytics.state.market import STALE_NS, Market
from workstation.analytics.store.coverage import FOREVER_NS, Coverage
from workstation.analytics.store.row_grid import ONE_ROW
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.markets import Freshness


def coverage_of(*steps: int | str) -> Coverage:
    coverage = Coverage()
    for step in steps:
        if step == "begin":
            coverage.begin()
        elif step == "lose":
            coverage.lose()
        elif isinstance(step, int):
            coverage.see(step)
            coverage.trade(step)
    return coverage


def test_a_span_begins_with_the_first_time_seen() -> None:
    coverage = coverage_of(5, "begin")
    assert coverage.received() == []
    coverage.see(10)
    coverage.see(8)
    coverage.see(20)
    assert coverage.received() == [(10, FOREVER_NS)]
    assert coverage.gaps() == []
    assert coverage.covers(10, 1_000)
    assert not coverage.covers(9, 15)


def test_a_gap_lies_between_spans() -> None:
    coverage = coverage_of("begin", 10, 20, "lose", "begin", 50, 60)
    assert coverage.received() == [(10, 20), (50, FOREVER_NS)]
    assert coverage.gaps() == [(20, 50)]
    assert coverage.covers(10, 20)
    assert coverage.covers(12, 18)
    assert coverage.covers(50, 99)
    assert not coverage.covers(15, 21)
    assert not coverage.covers(30, 60)


def test_a_gap_is_open_until_something_is_received_again() -> None:
    coverage = coverage_of("begin", 10, 20, "lose")
    assert coverage.gaps() == [(20, 20)]
    coverage.see(35)
    assert coverage.gaps() == [(20, 35)]
    coverage.begin()
    assert coverage.gaps() == [(20, 35)]
    coverage.see(50)
    assert coverage.gaps() == [(20, 50)]


def test_a_late_first_trade_does_not_turn_the_gap_around() -> None:
    coverage = coverage_of("begin", 10, 20, "lose", "begin", 15)
    assert coverage.received() == [(10, 20), (20, FOREVER_NS)]
    assert coverage.gaps() == [(20, 20)]


def test_a_span_without_trades_does_not_exclude_the_first_trade_after_it() -> None:
    coverage = coverage_of("begin", 10, 20, "lose", "begin")
    coverage.see(40)
    for step in ("lose", "begin"):
        getattr(coverage, step)()
    coverage.see(38)
    assert coverage.trade(38)
    coverage.fill(20, 38)
    assert coverage.gaps() == []
    assert coverage.received() == [(10, FOREVER_NS)]


def test_trades_missing_from_the_very_first_on_are_a_gap() -> None:
    coverage = coverage_of("begin")
    for at in (30, 35):
        coverage.see(at)
    coverage.lose()
    coverage.begin()
    coverage.see(50)
    assert coverage.gaps() == [(30, 50)]


def test_losing_before_anything_was_received_leaves_no_span() -> None:
    coverage = coverage_of("begin", "lose", "lose", "begin", "begin", 7)
    assert coverage.received() == [(7, FOREVER_NS)]
    assert coverage.gaps() == []


@pytest.mark.parametrize("seed", range(20))
def test_covered_time_against_a_list_of_instants(seed: int) -> None:
    rng = random.Random(seed)
    coverage, covered, now, span = Coverage(), set[int](), 0, None
    for _ in range(60):
        now += rng.randint(1, 4)
        step = rng.choice(("begin", "lose", "see", "see", "see", "see"))
        if step == "begin":
            coverage.begin()
            span = [] if span is None else span
        elif step == "lose":
            coverage.lose()
            covered.update(range(span[0], span[-1]) if span else ())
            span = None
        else:
            coverage.see(now)
            coverage.trade(now)
            if span is not None:
                span.append(now)
    if span:
        covered.update(range(span[0], now + 10))
    for start in range(now):
        for end in range(start + 1, min(start + 8, now)):
            assert coverage.covers(start, end) == all(at in covered for at in range(start, end))
    holes = {at for begin, end in coverage.gaps() for at in range(begin, end)}
    assert not holes & covered
    spans = coverage.received()
    if spans:
        known = range(spans[0][0], coverage.seen_ns)
        assert holes == {at for at in known if at not in covered}


def test_spans_are_capped() -> None:
    coverage = Coverage()
    for at in range(5_000):
        coverage.begin()
        coverage.see(2 * at)
        coverage.trade(2 * at)
        coverage.lose()
    assert len(coverage.spans) == 2_000
    assert coverage.spans[-1] == (9_998, 9_998)


def test_trades_fetched_afterwards_close_the_gap() -> None:
    coverage = coverage_of("begin", 10, 20, "lose", "begin", 50)
    coverage.fill(20, 50)
    assert coverage.received() == [(10, FOREVER_NS)]
    assert coverage.gaps() == []
    assert coverage.covers(10, 70)


def bars_complete(events: list[Event]) -> list[bool]:
    view: Any = engine_of(events).view(FootprintRequest("BTC"))
    return [bar.complete for bar in view.bars]


def minute_trades(instrument: Any, minutes: range) -> list[Event]:
    return [trade(instrument, START + at * MINUTE + half * SECOND, 10_000) for at in minutes for half in (0, 59)]


def test_bars_are_complete_where_every_trade_was_received() -> None:
    live, lost = TradesLive(BINANCE, START), TradesLost(BINANCE, START, "gap")
    assert bars_complete([live, *minute_trades(BINANCE, range(3))]) == [True, True, True]
    assert bars_complete([live, trade(BINANCE, START + 1, 10_000), *minute_trades(BINANCE, range(1, 3))]) == [
        False,
        True,
        True,
    ]
    broken = [*minute_trades(BINANCE, range(2)), lost, live, *minute_trades(BINANCE, range(2, 5))]
    assert bars_complete([live, *broken]) == [True, False, True, True, True]


def test_a_bar_is_complete_only_with_every_market() -> None:
    events = [
        TradesLive(BINANCE, START),
        *minute_trades(BINANCE, range(2)),
        TradesLive(BYBIT, START),
        *minute_trades(BYBIT, range(1, 3)),
    ]
    assert bars_complete(events) == [False, True, True]


def test_completeness_does_not_depend_on_earlier_requests() -> None:
    events = [
        TradesLive(BINANCE, START),
        *minute_trades(BINANCE, range(4)),
        TradesLive(BYBIT, START),
        mark(BYBIT, START + MINUTE),
        *minute_trades(BYBIT, range(1, 4)),
    ]
    engine = engine_of([])
    view: Any = None
    for event in events:
        engine.apply(event)
        view = engine.view(FootprintRequest("BTC"))
    assert [bar.complete for bar in view.bars] == bars_complete(events) == [False, True, True, True]


def test_freshness_of_trades() -> None:
    engine = engine_of([snapshot(BINANCE, START, [(9, 1.0)], [(11, 1.0)])])
    market = engine.market(BINANCE.id)
    assert market is not None

    def after(event: Event, wait_ns: int = 0) -> Freshness:
        engine.apply(event)
        return market.trades_freshness(event.ts_recv_ns + wait_ns)

    assert market.trades_freshness(START) is Freshness.WAITING
    assert after(TradesLive(BINANCE, START + 1)) is Freshness.SYNCING
    assert after(trade(BINANCE, START + 2, 10)) is Freshness.LIVE
    assert after(trade(BINANCE, START + 3, 10), STALE_NS) is Freshness.LIVE
    assert after(trade(BINANCE, START + 4, 10), STALE_NS + 1) is Freshness.STALE
    assert after(mark(BINANCE, START + 20 * SECOND)) is Freshness.LIVE
    assert after(TradesLost(BINANCE, START + 21 * SECOND, "ids 3 to 5 are missing")) is Freshness.LOST
    assert market.state(engine.now_ns).reason == "ids 3 to 5 are missing"
    assert after(TradesLive(BINANCE, START + 22 * SECOND)) is Freshness.SYNCING
    assert market.state(engine.now_ns).reason == ""


def test_freshness_of_the_book() -> None:
    engine = engine_of([TradesLive(BINANCE, START)])
    market = engine.market(BINANCE.id)
    assert market is not None
    assert market.book_freshness(START) is Freshness.SYNCING
    assert Market(BINANCE, 0).book_freshness(START) is Freshness.WAITING
    engine.apply(snapshot(BINANCE, START, [(9, 1.0)], [(11, 1.0)]))
    assert market.book_freshness(START + STALE_NS) is Freshness.LIVE
    assert market.book_freshness(START + STALE_NS + 1) is Freshness.STALE
    engine.apply(delta(BINANCE, START + 20 * SECOND, [(9, 2.0)], []))
    assert market.book_freshness(START + 20 * SECOND) is Freshness.LIVE
    engine.apply(BookLost(BINANCE, START + 21 * SECOND, "gap"))
    assert market.book_freshness(START + 21 * SECOND) is Freshness.SYNCING


def test_the_state_names_the_market() -> None:
    state = Market(BYBIT, 3).state(START)
    assert (state.id, state.venue, state.kind) == (BYBIT.id, BYBIT.venue, BYBIT.kind)
    assert (state.symbol, state.tick_size, state.last_event_ns) == ("BTCUSDT", 0.25, 0)


def test_one_row_holds_all_prices() -> None:
    assert {ONE_ROW.floor(ticks) for ticks in (0, 1, 10**15)} == {0}
