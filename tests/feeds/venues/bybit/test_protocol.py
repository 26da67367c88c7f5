"""Bybit's connections and trades, with numbers worked out by hand from the README: Endpoints, Trades."""

from __future__ import annotations

import json

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import BookLost, Connected, Disconnected, Side, Trade, TradesLive, TradesLost
from feeds.venues.shared.limits import Limits
from tests.feeds.venues.bybit.wire import MS, SECOND, T0, Line, book, market, ticker, trades

BTC = market("BTCUSDT")
TRADES = "publicTrade.BTCUSDT"
BOOK = "orderbook.200.BTCUSDT"
ACK = {"success": True, "ret_msg": "", "conn_id": "c", "op": "subscribe"}
BEGIN = book("snapshot", 10, [["99.9", "2"], ["99.8", "1"]], [["100.0", "3"]])


def test_a_linear_trade_counts_base_coin() -> None:
    line = Line(BTC)
    row = {"v": "0.001", "p": "83766.30", "i": "68bc1c35-dcc0-58e8-a4c5-f59a6b790814"}
    _, trade = line.text(trades(row))
    assert isinstance(trade, Trade)
    assert (trade.aggressor, trade.size, trade.price, trade.price_ticks) == (Side.BUY, 0.001, 83766.3, 837_663)
    assert trade.notional == pytest.approx(83.7663)
    assert (trade.trade_id, trade.ts_venue_ns) == (row["i"], 1_791_365_008_334 * MS)


def test_an_inverse_trade_counts_dollars() -> None:
    line = Line(market("BTCUSD", "inverse"))
    _, trade = line.text(trades({"v": "1000", "p": "83766.30", "S": "Sell"}, symbol="BTCUSD"))
    assert isinstance(trade, Trade)
    assert (trade.notional, trade.aggressor) == (1000.0, Side.SELL)
    assert trade.size == pytest.approx(0.01193797505, rel=1e-9)


def test_a_listing_by_the_thousand_is_counted_in_coins() -> None:
    line = Line(market("1000PEPEUSDT", tick="0.0000001", multiplier=1000, base="PEPE"))
    _, trade = line.text(trades({"v": "50", "p": "0.0044090"}, symbol="1000PEPEUSDT"))
    assert isinstance(trade, Trade)
    assert trade.size == 50_000
    assert trade.price == pytest.approx(0.000004409)
    assert trade.notional == pytest.approx(0.22045)


def test_block_trades_and_repeated_ids_are_left_out_and_rpi_is_not() -> None:
    line = Line(BTC)
    rows = [{"i": "a"}, {"i": "b", "BT": True}, {"i": "a"}, {"i": "c", "RPI": True}]
    events = line.text(trades(*rows)) + line.text(trades({"i": "c"}, {"i": "d"}))
    assert [event.trade_id for event in events if isinstance(event, Trade)] == ["a", "c", "d"]


def test_the_ring_of_ids_is_bounded() -> None:
    line = Line(BTC, limits=Limits(trade_ids=3))
    for number in range(9):
        line.text(trades({"i": str(number)}))
    assert line.text(trades({"i": "8"}, {"i": "5"})) == []
    assert len(line.text(trades({"i": "0"}))) == 1


def test_a_trade_without_a_known_side_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="side"):
        Line(BTC).text(trades({"S": "None"}))


def test_everything_is_asked_in_batches_of_ten_with_their_own_ids() -> None:
    line = Line(BTC, streams=[f"publicTrade.X{n}" for n in range(23)])
    asked = line.asked()
    assert [len(request["args"]) for request in asked] == [10, 10, 3]
    assert [request["op"] for request in asked] == ["subscribe"] * 3
    assert len({request["req_id"] for request in asked}) == 3
    assert [type(event) for event in line.opened] == [Connected]


def test_trades_are_live_with_the_ack_of_their_request() -> None:
    line = Line(BTC, streams=[TRADES])
    assert line.text(ACK | {"req_id": "unknown"}) == []
    req_id = line.asked()[0]["req_id"]
    assert [type(event) for event in line.text(ACK | {"req_id": req_id})] == [TradesLive]
    assert [type(event) for event in line.text(trades({}))] == [Trade]


def test_trades_are_live_with_the_first_data_when_it_comes_before_the_ack() -> None:
    line = Line(BTC, streams=[TRADES])
    assert [type(event) for event in line.text(trades({}))] == [TradesLive, Trade]
    assert line.text(ACK | {"req_id": line.asked()[0]["req_id"], "ret_msg": "subscribe"}) == []


def test_a_close_ends_what_was_known() -> None:
    line = Line(BTC, market("ETHUSDT"))
    line.text(BEGIN)
    line.text(trades({}))
    assert [type(event) for event in line.close()] == [Disconnected, BookLost, TradesLost]
    assert [type(event) for event in Line(BTC).close()] == [Disconnected]


def test_pings_are_due_every_20_s_and_pongs_are_silent() -> None:
    line = Line(BTC)
    for at_s in (0, 19.9, 20, 30, 39.9, 40.1):
        line.protocol.tick(T0 + int(at_s * SECOND))
    assert [request["op"] for request in line.asked()] == ["ping", "ping"]
    assert line.text({"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": "", "op": "ping"}) == []
    assert line.text({"op": "pong", "args": ["1672916271846"]}) == []


def test_a_request_without_an_answer_is_made_again() -> None:
    line = Line(BTC, streams=[TRADES])
    (first,) = line.asked()
    line.protocol.tick(T0 + 9 * SECOND)
    assert line.asked() == []
    line.protocol.tick(T0 + 11 * SECOND)
    (second,) = line.asked()
    assert (second["args"], second["req_id"] != first["req_id"]) == ([TRADES], True)


def refusal(req_id: str, text: str) -> dict[str, object]:
    return {"success": False, "ret_msg": text, "conn_id": "c", "req_id": req_id, "op": "subscribe"}


def test_a_refused_topic_is_dropped_and_the_others_of_its_request_asked_again() -> None:
    line = Line(BTC, streams=[TRADES, BOOK, "orderbook.200.NOPEUSDT"])
    (first,) = line.asked()
    with pytest.raises(ProtocolError, match=r"refused orderbook\.200\.NOPEUSDT"):
        line.text(refusal(first["req_id"], "error:handler not found,topic:orderbook.200.NOPEUSDT"))
    (second,) = line.asked()
    assert second["args"] == [TRADES, BOOK]
    line.protocol.refresh_books(line.now_ns)
    assert [request["args"] for request in line.asked()] == [[BOOK], [BOOK]]


def test_topics_of_an_unexplained_refusal_are_asked_one_by_one() -> None:
    line = Line(BTC, streams=[TRADES, BOOK])
    with pytest.raises(ProtocolError, match="refused a request"):
        line.text(refusal(line.asked()[0]["req_id"], "try again"))
    first, second = line.asked()
    assert (first["args"], second["args"]) == ([TRADES], [BOOK])
    with pytest.raises(ProtocolError, match=f"refused {TRADES}"):
        line.text(refusal(first["req_id"], "try again"))
    assert line.asked() == []


def test_a_refusal_without_an_id_names_its_topic() -> None:
    with pytest.raises(ProtocolError, match=r"refused orderbook\.50\.NOSUCHSYM"):
        Line(BTC).text({"success": False, "ret_msg": "Invalid symbol :[orderbook.50.NOSUCHSYM]", "op": "subscribe"})


def test_already_subscribed_is_harmless_and_live() -> None:
    line = Line(BTC, streams=[TRADES])
    text = f"error:already subscribed,topic:{TRADES}"
    assert [type(event) for event in line.text(refusal(line.asked()[0]["req_id"], text))] == [TradesLive]


def test_a_refused_unsubscription_is_harmless() -> None:
    assert Line(BTC).text(refusal("1", "not subscribed") | {"op": "unsubscribe"}) == []


def test_unknown_symbols_topics_and_spot_tickers_are_silent() -> None:
    line = Line(BTC)
    assert line.text(trades({}, symbol="DOGEUSDT")) == []
    assert line.text({"topic": "kline.1.BTCUSDT", "data": [], "ts": 1, "type": "snapshot"}) == []
    assert line.text({"topic": "orderbook.rpi.BTCUSDT", "type": "delta", "ts": 1, "data": {}}) == []
    assert line.text({"topic": "", "data": {}}) == []
    assert line.text(ticker("snapshot", lastPrice="65140.5", usdIndexPrice="65091.459221")) == []


def test_key_order_does_not_matter() -> None:
    line = Line(BTC)
    message = trades({})
    turned = {key: message[key] for key in ("data", "ts", "type", "topic")}
    spaced = json.dumps(trades({"i": "b"}), indent=1).encode()
    assert [type(event) for event in line.text(turned) + line.text(spaced)] == [TradesLive, Trade, Trade]
