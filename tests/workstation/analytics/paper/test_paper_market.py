"""Market data of a second as the paper book reads it from an engine."""

from __future__ import annotations

import pytest

from feeds.model.events import BookSnapshot, DayStats, Event, Funding, MarkPrice, OpenInterest, Quote, TradesLive
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.workstation.analytics.market_events import MINUTE, SECOND, START, market
from workstation.analytics.engine import Engine
from workstation.analytics.paper.market import MarketSecond, SecondReader
from workstation.readmodels.universe.paper import PaperScore

HOUR = 60 * MINUTE


def quote(instrument: Instrument, ts_ns: int, bid: int, ask: int, size: float = 2.0) -> Quote:
    return Quote(instrument, ts_ns, ts_ns, bid, size, ask, size)


def day(instrument: Instrument, ts_ns: int, turnover: float) -> DayStats:
    return DayStats(instrument, ts_ns, ts_ns, 100.0, 0.0, 1.0, turnover)


def read(engine: Engine, now_ns: int, *events: Event) -> MarketSecond:
    for event in events:
        engine.survey(event)
    engine.advance(now_ns)
    return SecondReader().read(engine)


LARGE, SMALL = market(Venue("binance")), market(Venue("bybit"))
TICK = float(LARGE.tick_size)


def test_a_coin_is_traded_on_the_market_of_largest_turnover_with_a_price() -> None:
    inverse = market(Venue("binance"), MarketKind.INVERSE, symbol="BTCUSD_PERP")
    events = [day(LARGE, START, 9e6), day(SMALL, START, 1e6), day(inverse, START, 9e9)]
    prices = [quote(one, START, 1000, 1002) for one in (SMALL, inverse)]
    engine = Engine()
    second = read(engine, START + SECOND, *events, *prices)
    assert second.market("BTC") == SMALL
    assert second.market("ETH") is None
    second = read(engine, START + 2 * SECOND, quote(LARGE, START + SECOND, 1000, 1002))
    assert second.market("BTC") == LARGE
    assert second.mid(LARGE.id) == pytest.approx(1001 * TICK)


@pytest.mark.parametrize(("bid", "ask"), [(1002, 1000), (0, 1000), (1000, 0)])
def test_prices_that_overlap_or_are_missing_are_none(bid: int, ask: int) -> None:
    second = read(Engine(), START + SECOND, quote(LARGE, START, bid, ask))
    assert second.mid(LARGE.id) is None
    assert second.depth(LARGE.id) is None
    assert second.market("BTC") is None


def test_a_market_that_fell_silent_has_no_price() -> None:
    second = read(Engine(), START + 25 * SECOND, quote(LARGE, START, 1000, 1002))
    assert second.mid(LARGE.id) is None
    assert second.funding(LARGE.id) is None


def test_out_of_focus_the_book_is_the_quote() -> None:
    depth = read(Engine(), START + SECOND, quote(LARGE, START, 1000, 1002, 3.0)).depth(LARGE.id)
    assert depth is not None
    assert depth.bids == ((pytest.approx(1000 * TICK), 3.0),)
    assert depth.asks == ((pytest.approx(1002 * TICK), 3.0),)


def test_a_live_book_in_focus_is_used_and_a_stale_one_is_not() -> None:
    engine = Engine()
    levels = [(999, 1.0), (998, 2.0)], [(1003, 1.0), (1004, 5.0)]
    for event in (
        TradesLive(LARGE, START),
        BookSnapshot(LARGE, START, START, *levels),
    ):
        engine.apply(event)
    depth = read(engine, START + SECOND, quote(LARGE, START, 1000, 1002)).depth(LARGE.id)
    assert depth is not None
    assert [size for _, size in depth.bids] == [1.0, 2.0]
    assert [price for price, _ in depth.asks] == pytest.approx([1003 * TICK, 1004 * TICK])
    later = read(engine, START + 19 * SECOND, quote(LARGE, START + 18 * SECOND, 1000, 1002)).depth(LARGE.id)
    assert later is not None
    assert len(later.bids) == 1


def test_funding_without_a_due_time_is_due_at_the_next_whole_interval() -> None:
    events = [
        MarkPrice(LARGE, START, START, 101.0),
        Funding(LARGE, START, START, 0.0002, START + 123 * SECOND, 8 * HOUR),
        Funding(SMALL, START, START, 0.0003, None, HOUR),
    ]
    second = read(Engine(), START + SECOND, *events)
    dated, undated = second.funding(LARGE.id), second.funding(SMALL.id)
    assert dated is not None
    assert undated is not None
    assert (dated.rate, dated.due_ns, dated.mark) == (0.0002, START + 123 * SECOND, 101.0)
    assert undated.due_ns % HOUR == 0
    assert START < undated.due_ns <= START + SECOND + HOUR
    assert undated.mark is None


def test_coins_are_ranked_by_the_scores_of_the_pressure_table() -> None:
    engine, events = Engine(), list[Event]()
    for at in range(12):
        one = market(Venue("bybit"), base=f"C{at:02}", symbol=f"C{at:02}USDT")
        events += [quote(one, START, 1000, 1002), day(one, START, 1e6), OpenInterest(one, START, START, 1e3, 1e5)]
        events.append(Funding(one, START, START, 0.0001 * (at - 6), None, 8 * HOUR))
    ranked = read(engine, START + SECOND, *events).ranked(PaperScore.PRESSURE)
    assert ranked.coins == tuple(f"C{at:02}" for at in range(11, -1, -1))
    assert list(ranked.scores) == sorted(ranked.scores, reverse=True)
    assert set(ranked.volatility) == {None}
    assert len(read(engine, START + 2 * SECOND).ranked(PaperScore.FLOW).coins) == 12
