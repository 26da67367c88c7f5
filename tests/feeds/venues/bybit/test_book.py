"""When a Bybit book is known, lost and asked for again (README: Order book)."""

from __future__ import annotations

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Quote, Trade, TradesLive, TradesLost
from tests.feeds.venues.bybit.wire import MS, SECOND, T0, Line, book, market, trades

BTC = market("BTCUSDT")
TRADES = "publicTrade.BTCUSDT"
BOOK = "orderbook.200.BTCUSDT"
ACK = {"success": True, "ret_msg": "", "conn_id": "c", "op": "subscribe"}
BEGIN = book("snapshot", 10, [["99.9", "2"], ["99.8", "1"]], [["100.0", "3"]])


def test_a_book_begins_with_a_snapshot_and_follows_u() -> None:
    line = Line(BTC)
    assert line.text(book("delta", 9, [["99.9", "1"]])) == []
    (snapshot,) = line.text(BEGIN)
    assert isinstance(snapshot, BookSnapshot)
    assert (snapshot.bids, snapshot.asks) == ([(999, 2.0), (998, 1.0)], [(1000, 3.0)])
    assert (snapshot.update_id, snapshot.ts_venue_ns) == (10, 1_791_365_004_404 * MS)
    (delta,) = line.text(book("delta", 11, [["99.9", "0"]], [["100.1", "0.5"]]) | {"cts": 1791365004401})
    assert isinstance(delta, BookDelta)
    assert (delta.bids, delta.asks, delta.update_id) == ([(999, 0.0)], [(1001, 0.5)], 11)
    assert delta.ts_venue_ns == 1_791_365_004_401 * MS


def test_inverse_levels_become_base_coin() -> None:
    line = Line(market("BTCUSD", "inverse"))
    (snapshot,) = line.text(book("snapshot", 2, [["50000.0", "25000"]], symbol="BTCUSD"))
    assert isinstance(snapshot, BookSnapshot)
    assert snapshot.bids == [(500_000, pytest.approx(0.5))]


@pytest.mark.parametrize("u", [10, 9, 1])
def test_a_number_that_does_not_grow_ends_the_book_and_asks_for_a_new_one(u: int) -> None:
    line = Line(BTC, streams=[BOOK])
    line.asked()
    line.text(BEGIN)
    (lost,) = line.text(book("delta", u, [["99.9", "5"]]))
    assert isinstance(lost, BookLost)
    assert [(request["op"], request["args"]) for request in line.asked()] == [
        ("unsubscribe", [BOOK]),
        ("subscribe", [BOOK]),
    ]
    assert line.text(book("delta", 12, [["99.9", "5"]])) == []
    (again,) = line.text(book("snapshot", 3, [["99.9", "5"]]))
    assert isinstance(again, BookSnapshot)


@pytest.mark.parametrize("u", [1, 4, 10, 99])
def test_any_later_snapshot_replaces_the_book(u: int) -> None:
    line = Line(BTC)
    line.text(BEGIN)
    assert [type(event) for event in line.text(book("snapshot", u, [["98.0", "1"]], [["98.1", "1"]]))] == [BookSnapshot]
    assert [type(event) for event in line.text(book("delta", u + 1, [["98.0", "2"]]))] == [BookDelta]
    assert line.asked() == []


def after_a_jump() -> Line:
    """A book that jumped a moment ago and was told anew."""
    line = Line(BTC)
    line.text(BEGIN)
    line.text(book("delta", 15, [["99.9", "5"]]))
    line.asked()
    line.text(BEGIN)
    return line


def test_a_jump_is_counted_and_applied_and_brings_a_fresh_snapshot_once_a_minute() -> None:
    line = Line(BTC)
    line.text(BEGIN)
    assert [type(event) for event in line.text(book("delta", 15, [["99.9", "5"]]))] == [BookDelta]
    assert line.protocol.book_jumps == {"BTCUSDT": 1}
    assert [request["op"] for request in line.asked()] == ["unsubscribe", "subscribe"]
    line.text(BEGIN)
    assert [type(event) for event in line.text(book("delta", 17, [["99.9", "6"]]), after_ms=3_000)] == [BookDelta]
    assert line.asked() == []
    line.text(book("delta", 18, [["99.9", "0"]], [["100.0", "0"], ["100.2", "1"]]))
    line.text(book("delta", 20, [["99.8", "4"]]), after_ms=60_000)
    assert [request["op"] for request in line.asked()] == ["unsubscribe", "subscribe"]


def test_best_prices_that_outlive_a_jump_by_5_s_bring_a_fresh_snapshot() -> None:
    line = after_a_jump()
    line.text(book("delta", 15, [["99.0", "5"]]))
    line.text(book("delta", 16, [["99.0", "4"]]), after_ms=4_900)
    assert line.asked() == []
    assert [type(event) for event in line.text(book("delta", 17, [["99.0", "3"]]), after_ms=200)] == [BookDelta]
    assert [request["op"] for request in line.asked()] == ["unsubscribe", "subscribe"]
    line.text(book("delta", 18, [["99.0", "2"]]), after_ms=9_000)
    assert line.asked() == []


def test_best_prices_that_move_after_a_jump_are_no_longer_suspected() -> None:
    line = after_a_jump()
    line.text(book("delta", 15, [["99.0", "5"]]))
    line.text(book("delta", 16, [["99.9", "0"]], [["100.0", "0"], ["100.2", "1"]]))
    line.text(book("delta", 17, [["99.0", "3"]]), after_ms=6_000)
    assert line.asked() == []


def test_a_book_that_stays_crossed_for_a_second_is_lost() -> None:
    line = Line(BTC)
    line.text(BEGIN)
    assert [type(event) for event in line.text(book("delta", 11, [["100.0", "1"]]))] == [BookDelta]
    assert [type(event) for event in line.text(book("delta", 12), after_ms=900)] == [BookDelta]
    assert [type(event) for event in line.text(book("delta", 13), after_ms=200)] == [BookLost]
    assert len(line.asked()) == 2


def test_a_book_that_uncrosses_in_time_lives() -> None:
    line = Line(BTC)
    line.text(BEGIN)
    line.text(book("delta", 11, [["100.0", "1"]]))
    line.text(book("delta", 12, [["100.0", "0"]]), after_ms=900)
    line.text(book("delta", 13, [["100.0", "1"]]), after_ms=900)
    assert [type(event) for event in line.text(book("delta", 14), after_ms=900)] == [BookDelta]


def test_a_book_without_a_snapshot_is_asked_for_again() -> None:
    line = Line(BTC, streams=[BOOK])
    (first,) = line.asked()
    line.text(ACK | {"req_id": first["req_id"]})
    line.protocol.tick(T0 + 9 * SECOND)
    assert line.asked() == []
    line.protocol.tick(T0 + 10 * SECOND)
    assert [request["op"] for request in line.asked()] == ["unsubscribe", "subscribe"]
    line.text(BEGIN)
    line.protocol.tick(T0 + 19 * SECOND)
    assert line.asked() == []


def test_refreshing_subscribes_books_and_tickers_anew_and_keeps_the_book() -> None:
    line = Line(BTC, streams=[BOOK, TRADES, "tickers.BTCUSDT"])
    line.asked()
    line.text(BEGIN)
    line.protocol.refresh_books(line.now_ns)
    assert [(request["op"], request["args"]) for request in line.asked()] == [
        ("unsubscribe", [BOOK, "tickers.BTCUSDT"]),
        ("subscribe", [BOOK, "tickers.BTCUSDT"]),
    ]
    assert [type(event) for event in line.text(book("delta", 11, [["99.9", "1"]]))] == [BookDelta]
    assert [type(event) for event in line.text(BEGIN)] == [BookSnapshot]


def test_an_unreadable_update_ends_the_book_at_the_next_one() -> None:
    line = Line(BTC)
    line.text(BEGIN)
    with pytest.raises(ProtocolError):
        line.text(book("delta", 11, [["99.9"]]))
    assert [type(event) for event in line.text(book("delta", 12, [["99.9", "1"]]))] == [BookLost]
    assert [type(event) for event in line.text(BEGIN)] == [BookSnapshot]


def test_an_unreadable_snapshot_takes_the_place_of_the_readable_one() -> None:
    line = Line(BTC)
    with pytest.raises(ProtocolError):
        line.text(book("snapshot", 10, [["99.95", "1"]]))
    assert line.text(book("delta", 11, [["99.9", "1"]])) == []
    assert [type(event) for event in line.text(BEGIN)] == [BookSnapshot]
    assert [type(event) for event in line.text(book("delta", 11, [["99.9", "1"]]))] == [BookDelta]


def test_unreadable_trades_are_a_gap() -> None:
    line = Line(BTC)
    line.text(trades({"i": "a"}))
    with pytest.raises(ProtocolError):
        line.text(trades({"i": "b", "v": "-1"}))
    assert [type(event) for event in line.text(trades({"i": "c"}))] == [TradesLost, TradesLive, Trade]
    with pytest.raises(ProtocolError):
        line.text(b'{"type":"snapshot","topic":"publicTrade.BTCUSDT","da')
    assert [type(event) for event in line.text(trades({"i": "d"}))] == [TradesLost, TradesLive, Trade]


def test_one_depth_topic_is_the_book() -> None:
    line = Line(BTC)
    line.text(BEGIN)
    assert line.text(book("snapshot", 77, [["99.0", "1"]], depth=50)) == []
    assert [type(event) for event in line.text(book("delta", 11))] == [BookDelta]


def test_an_unknown_type_of_book_message_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="unknown type"):
        Line(BTC).text(book("replace", 4))


def test_depth_1_is_a_quote_and_its_repetition_is_silent() -> None:
    line = Line(BTC)
    first = book("snapshot", 5, [["99.9", "2"]], [["100.0", "3"]], depth=1)
    (quote,) = line.text(first)
    assert isinstance(quote, Quote)
    assert (quote.bid_ticks, quote.bid_size, quote.ask_ticks, quote.ask_size) == (999, 2.0, 1000, 3.0)
    assert line.text(first) == []
    assert line.text(book("snapshot", 6, [["99.9", "2"]], depth=1)) == []
