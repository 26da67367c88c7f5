"""Backfill fetches pages backwards, retries failures, and applies answers."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from feeds.model.events import Event, HistoryEnded, Side, Trade, TradesFilled
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch, LastTrade
from feeds.pipeline.backfill import ATTEMPTS, Page, TradeBackfill
from feeds.pipeline.deduplication import Deduplicator
from feeds.pipeline.feed import Feed
from feeds.venues.registry import protocol_for

S = 1_000_000_000
NOW = 1_000 * S
BTC = Instrument(
    venue=Venue("okx"), kind=MarketKind.SPOT, symbol="BTC-USDT", base="BTC", quote="USDT", tick_size=Decimal("0.1")
)


def trade(number: int) -> Trade:
    """One trade a second; number 1000 is now."""
    return Trade(BTC, number * S, NOW, 10, 1.0, 1.0, 1.0, Side.BUY, number)


def trades(page: Page) -> list[Trade]:
    return [trade(number) for number in range(page.first, page.end)]


def told(events: list[Event]) -> list[tuple[int, int, int]]:
    """Since and until in seconds, and how many trades, of every fill."""
    return [(e.since_ns // S, e.until_ns // S, len(e.trades)) for e in events if isinstance(e, TradesFilled)]


def plan(history_s: int = 0, **limits: int) -> TradeBackfill:
    return TradeBackfill(BTC, 10, history_s * S, **limits)


def asked(backfill: TradeBackfill) -> Page:
    page = backfill.next_page()
    assert page is not None
    return page


def test_history_is_fetched_page_by_page_until_the_span_is_covered() -> None:
    backfill = plan(25)
    backfill.begin(1_001, NOW, None)
    events: list[Event] = []
    while (page := backfill.next_page()) is not None:
        assert backfill.next_page() is None, "one page at a time"
        events += backfill.answer(trades(page), NOW)
    assert told(events) == [(991, 1_000, 10), (981, 991, 10), (971, 981, 10)]
    assert [type(event) for event in events].count(HistoryEnded) == 1


def test_without_requested_history_there_are_no_requests() -> None:
    backfill = plan()
    backfill.begin(1_001, NOW, None)
    assert backfill.next_page() is None


def test_the_time_between_two_connections_is_a_gap_with_two_ends() -> None:
    backfill = plan(600)
    backfill.begin(991, 991 * S, LastTrade(975, 975 * S))
    assert asked(backfill) == Page(981, 10)
    assert told(backfill.answer(trades(Page(981, 10)), NOW)) == [(981, 991, 10)]
    page = asked(backfill)
    assert page == Page(976, 5)
    events = backfill.answer(trades(page), NOW)
    assert told(events) == [(975, 981, 5)]
    assert not any(isinstance(event, HistoryEnded) for event in events)
    assert backfill.next_page() is None


def test_pages_are_published_together() -> None:
    backfill = plan(35, batch=20)
    backfill.begin(1_001, NOW, None)
    assert backfill.answer(trades(asked(backfill)), NOW) == []
    assert told(backfill.answer(trades(asked(backfill)), NOW)) == [(981, 1_000, 20)]
    assert backfill.answer(trades(asked(backfill)), NOW) == []
    *filled, ended = backfill.answer(trades(asked(backfill)), NOW)
    assert told(filled) == [(961, 981, 20)]
    assert [t.trade_id for t in filled[0].trades] == list(range(961, 981))  # type: ignore[union-attr]
    assert ended == HistoryEnded(BTC, NOW)


def test_pages_end_at_their_limit() -> None:
    backfill = plan(600, max_pages=2)
    backfill.begin(1_001, NOW, None)
    backfill.answer(trades(asked(backfill)), NOW)
    assert isinstance(backfill.answer(trades(asked(backfill)), NOW)[-1], HistoryEnded)
    assert backfill.next_page() is None


def test_a_failed_page_is_retried_after_growing_pauses_up_to_a_limit() -> None:
    backfill, now_ns, pauses = plan(25), NOW, []
    backfill.begin(1_001, NOW, None)
    page = asked(backfill)
    for _ in range(ATTEMPTS - 1):
        assert backfill.fail(now_ns) == []
        assert backfill.next_page() is None
        failed_ns = now_ns
        while (again := backfill.due_page(now_ns)) is None:
            now_ns += S
        pauses.append((now_ns - failed_ns) // S)
        assert again == page
        assert backfill.due_page(now_ns) is None
    assert pauses == [2, 4, 8, 16, 32, 64]
    assert backfill.fail(now_ns) == [HistoryEnded(BTC, now_ns)]
    assert backfill.next_page() is None
    assert backfill.fail(now_ns) == []


def test_a_page_that_failed_is_filled_by_its_answer() -> None:
    backfill = plan(5)
    backfill.begin(1_001, NOW, None)
    page = asked(backfill)
    backfill.fail(NOW)
    assert told(backfill.answer(trades(page), NOW)) == [(991, 1_000, 10)], "a replay does not ask again"


def test_an_empty_answer_ends_the_gap() -> None:
    backfill = plan(5)
    backfill.begin(1_001, NOW, None)
    asked(backfill)
    assert backfill.answer([], NOW) == [HistoryEnded(BTC, NOW)]


def test_ids_outside_the_page_are_ignored() -> None:
    backfill = plan()
    backfill.miss(101, 105, 100 * S, 106 * S)
    asked(backfill)
    (filled,) = backfill.answer([trade(number) for number in range(95, 110)], NOW)
    assert [t.trade_id for t in filled.trades] == [101, 102, 103, 104, 105]  # type: ignore[union-attr]


def test_an_unrequested_answer_fills_the_gap_that_its_ids_lie_in() -> None:
    """A recording that begins late: its first trade asks for history, and the answer that came closes a later hole."""
    backfill = plan(600)
    backfill.begin(501, 501 * S, None)
    asked(backfill)
    backfill.miss(601, 615, 600 * S, 616 * S)
    assert told(backfill.answer(trades(Page(606, 10)), NOW)) == [(606, 616, 10)]
    assert told(backfill.answer(trades(Page(601, 5)), NOW)) == [(600, 606, 5)]
    assert told(backfill.answer(trades(Page(491, 10)), NOW)) == [(491, 501, 10)]


@pytest.mark.parametrize("before", [LastTrade(1_000, NOW), LastTrade(1_005, NOW), LastTrade("text", NOW)])
def test_nothing_is_missing_where_trades_are_contiguous(before: LastTrade) -> None:
    backfill = plan(0)
    backfill.begin(1_001, NOW, before)
    assert backfill.next_page() is None


def test_the_end_of_the_connection_publishes_collected_pages_and_ends_the_history() -> None:
    backfill = plan(600, batch=100)
    backfill.begin(1_001, NOW, None)
    backfill.answer(trades(asked(backfill)), NOW)
    asked(backfill)
    *filled, ended = backfill.close(NOW)
    assert told(filled) == [(991, 1_000, 10)]
    assert isinstance(ended, HistoryEnded)
    assert backfill.next_page() is None
    assert plan(600).close(NOW) == []


def text_trade(name: str, second: int) -> Trade:
    return Trade(BTC, second * S, NOW, 10, 1.0, 1.0, 1.0, Side.BUY, name)


def test_fetched_trades_with_text_ids_pass_once() -> None:
    once = Deduplicator()
    live = [text_trade("a", 10), text_trade("b", 11)]
    assert once.filter("x", live) == live
    assert once.last_trades[BTC.id] == LastTrade("b", 11 * S)
    fetched = TradesFilled(BTC, NOW, 9 * S, 12 * S, (text_trade("z", 9), *live, text_trade("c", 12)))
    (filled,) = once.filter("x", [fetched])
    assert [t.trade_id for t in filled.trades] == ["z", "c"]  # type: ignore[union-attr]
    assert (filled.since_ns, filled.until_ns) == (9 * S, 12 * S)  # type: ignore[union-attr]
    assert once.filter("x", [text_trade("c", 12), HistoryEnded(BTC, NOW)]) == [HistoryEnded(BTC, NOW)]
    (empty,) = once.filter("x", [fetched])
    assert empty.trades == (), "what is complete is told although nothing is new"  # type: ignore[union-attr]


def agg(number: int) -> bytes:
    data = {"e": "aggTrade", "E": number, "s": "BTCUSDT", "a": number, "p": "100.10", "q": "1", "T": number, "m": True}
    return msgspec.json.encode({"stream": "btcusdt@aggTrade", "data": data})


def test_a_replacement_requests_only_trades_missing_before_its_first_one() -> None:
    """Two connections overlap: what the old one tells after the new one opened is no hole."""
    market = msgspec.structs.replace(BTC, venue=Venue("binance"), kind=MarketKind.LINEAR, symbol="BTCUSDT")
    feed = Feed(protocol_for)

    def begin(name: str) -> None:
        spec = ConnectionSpec(
            name=name, venue=Venue("binance"), kind=MarketKind.LINEAR, route="market", markets=(market,), history_s=60
        )
        feed.receive(open_frame(spec, NOW))

    def say(name: str, number: int) -> list[Event]:
        return list(feed.receive(Frame(NOW, name, FrameKind.TEXT, agg(number))))

    begin("old")
    say("old", 10)
    list(feed.take_requests())
    begin("new")
    say("old", 11)
    say("old", 12)
    say("new", 15)
    ((_, fetch),) = feed.take_requests()
    assert isinstance(fetch, Fetch)
    assert "fromId=13&limit=2" in fetch.path
    assert not any(isinstance(event, Trade) for event in say("old", 13)), "too late, it is being fetched"
