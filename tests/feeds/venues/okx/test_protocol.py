"""OKX message by message: units, gaps, liquidations, answers, pings, and bytes that mean nothing."""

from __future__ import annotations

import copy
import json
import logging
import random
from pathlib import Path
from typing import Any

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookLost,
    Connected,
    Disconnected,
    Funding,
    IndexPrice,
    Liquidation,
    MarketStatus,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.protocol import Replace, Send
from tests.feeds.venues.okx.wire import (
    BTC,
    INVERSE,
    SECOND,
    SPOT,
    START_NS,
    Wire,
    books,
    level,
    listed,
    recorded,
    trade,
    trades,
)

MS = 1_000_000


def ack(channel: str, symbol: str = BTC.symbol) -> dict[str, Any]:
    return {"id": "s1", "event": "subscribe", "arg": {"channel": channel, "instId": symbol}, "connId": "bfcb4b8e"}


def forced(symbol: str, *details: dict[str, Any]) -> dict[str, Any]:
    row = {"details": list(details), "instFamily": "BTC-USDT", "instId": symbol, "instType": "SWAP", "uly": "BTC-USDT"}
    return {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": [row]}


def detail(side: str = "buy", position: str = "short", after_s: float = 1.0, **more: Any) -> dict[str, Any]:
    ts = str(START_NS // MS + int(after_s * 1_000))
    return {"bkLoss": "0", "bkPx": "83725.9", "ccy": "", "posSide": position, "side": side, "sz": "42", "ts": ts} | more


# trades


def test_golden_vector_6_linear_contracts() -> None:
    (live, event) = Wire(BTC).text(trades(BTC.symbol, trade(2_978_601_964)))
    assert isinstance(live, TradesLive)
    assert isinstance(event, Trade)
    assert (event.price_ticks, event.price, event.aggressor) == (837_259, 83_725.9, Side.BUY)
    assert event.size == pytest.approx(0.05)
    assert event.notional == pytest.approx(4_186.295)
    assert (event.trade_id, event.ts_venue_ns) == (2_978_601_964, 1_791_369_350_776 * MS)


def test_golden_vector_6_inverse_contracts() -> None:
    event = Wire(INVERSE).text(trades(INVERSE.symbol, trade(1, sz="12", side="sell")))[1]
    assert isinstance(event, Trade)
    assert event.notional == 1_200
    assert event.size == pytest.approx(0.01433248254)
    assert event.aggressor is Side.SELL


def test_spot_sizes_are_coins() -> None:
    event = Wire(SPOT).text(trades(SPOT.symbol, trade(1, sz="0.5")))[1]
    assert isinstance(event, Trade)
    assert (event.size, event.notional) == (0.5, 41_862.95)


@pytest.mark.parametrize(("count", "missing"), [(5, 0), (3, 2), (1, 4)])
def test_golden_vector_10_the_chain_of_trade_ids(count: int, missing: int) -> None:
    wire = Wire(BTC)
    wire.text(trades(BTC.symbol, trade(100)))
    events = wire.text(trades(BTC.symbol, trade(105, count)))
    lost = [event for event in events if isinstance(event, TradesLost)]
    assert [event.missing for event in lost] == ([missing] if missing else [])
    kinds = [Trade] if not missing else [TradesLost, TradesLive, Trade]
    assert [type(event) for event in events] == kinds


def test_trade_ids_that_overlap_are_told() -> None:
    wire = Wire(BTC)
    wire.text(trades(BTC.symbol, trade(100)))
    lost = wire.text(trades(BTC.symbol, trade(102, 5)))[0]
    assert isinstance(lost, TradesLost)
    assert lost.missing is None


def test_a_trade_seen_before_does_not_count() -> None:
    wire = Wire(BTC)
    wire.text(trades(BTC.symbol, trade(100), trade(101)))
    assert wire.text(trades(BTC.symbol, trade(101))) == []
    assert wire.text(trades(BTC.symbol, trade(99))) == []
    assert [type(event) for event in wire.text(trades(BTC.symbol, trade(102)))] == [Trade]


def test_rows_without_a_count_have_no_gap_test() -> None:
    wire = Wire(BTC)
    wire.text(trades(BTC.symbol, trade(100, None)))
    assert [type(event) for event in wire.text(trades(BTC.symbol, trade(110, None)))] == [Trade]


@pytest.mark.parametrize("bad", [{"px": "83725.95"}, {"side": "none"}, {"sz": "-1"}, {"px": "nan"}, {"count": "0"}])
def test_a_bad_row_leaves_nothing_behind(bad: dict[str, Any]) -> None:
    wire = Wire(BTC)
    wire.text(trades(BTC.symbol, trade(100)))
    with pytest.raises(ProtocolError):
        wire.text(trades(BTC.symbol, trade(101), trade(102) | bad))
    events = wire.text(trades(BTC.symbol, trade(102)))
    assert isinstance(events[0], TradesLost), "the good row of the refused message is missing, not forgotten"
    assert events[0].missing == 1


# liquidations


@pytest.mark.parametrize(
    ("side", "position", "order"),
    [
        ("sell", "long", Side.SELL),
        ("sell", "net", Side.SELL),
        ("buy", "short", Side.BUY),
        ("buy", "net", Side.BUY),
    ],
)
def test_liquidations_carry_the_orders_side(side: str, position: str, order: Side) -> None:
    wire = Wire(BTC)
    wire.open()
    (event,) = wire.text(forced(BTC.symbol, detail(side, position)))
    assert isinstance(event, Liquidation)
    assert event.side is order
    assert event.size == pytest.approx(0.42)
    assert event.notional == pytest.approx(35_164.878)


def test_inverse_liquidations_are_worth_their_contracts() -> None:
    (event,) = Wire(INVERSE).text(forced(INVERSE.symbol, detail()))
    assert isinstance(event, Liquidation)
    assert event.notional == 4_200
    assert event.size == pytest.approx(4_200 / 83_725.9)


def test_old_and_repeated_liquidations_are_left_out() -> None:
    wire = Wire(BTC)
    wire.open()
    assert wire.text(forced(BTC.symbol, detail(after_s=-60), detail(after_s=-0.1))) == []
    assert len(wire.text(forced(BTC.symbol, detail(), detail(sz="43")))) == 2
    assert wire.text(forced(BTC.symbol, detail())) == []
    assert wire.text(forced("XDP-USDT-SWAP", detail())) == [], "not one of this connection's markets"


def test_the_captured_liquidation(data: Path) -> None:
    cases = json.loads((data / "oracles" / "liquidation-sides.json").read_bytes())["cases"]
    (case,) = [case for case in cases if case["venue"].startswith("okx")]
    (event,) = Wire(listed("CNPY-USDT-SWAP", "0.0001", "10")).text(case["frame"])
    assert isinstance(event, Liquidation)
    assert event.side is (Side.BUY if case["liquidated_position"] == "short" else Side.SELL)
    assert event.notional == pytest.approx(case["notional_usd_if_ctVal_10"])
    assert event.ts_venue_ns == case["event_ms"] * MS


# mark, index, funding, open interest, quotes


def push(channel: str, name: str, **row: Any) -> dict[str, Any]:
    return {"arg": {"channel": channel, "instId": name}, "data": [{"instId": name, "ts": "1790757195759"} | row]}


def test_an_index_serves_the_swap_that_follows_it() -> None:
    wire = Wire(BTC, INVERSE)
    (event,) = wire.text(push("index-tickers", "BTC-USD", idxPx="83000.5"))
    assert isinstance(event, IndexPrice)
    assert (event.instrument, event.index) == (INVERSE, 83_000.5)
    assert Wire(SPOT).text(push("index-tickers", "BTC-USDT", idxPx="83000.5")) == []


def test_funding_of_which_the_venue_says_little() -> None:
    wire = Wire(BTC)
    row = {"fundingTime": "1790784000000", "nextFundingTime": "", "fundingRate": "-0.0001"}
    (event,) = wire.text(push("funding-rate", BTC.symbol, **row))
    assert isinstance(event, Funding)
    assert (event.rate, event.next_funding_ns, event.interval_ns) == (-0.0001, 1_790_784_000 * SECOND, None)
    (event,) = wire.text(push("funding-rate", BTC.symbol, **row, prevFundingTime="1790769600000"))
    assert isinstance(event, Funding)
    assert event.interval_ns == 4 * 3_600 * SECOND
    assert wire.text(push("funding-rate", BTC.symbol, **(row | {"fundingRate": ""}))) == []
    with pytest.raises(ProtocolError):
        wire.text(push("funding-rate", BTC.symbol, **(row | {"fundingRate": "nan"})))


def test_open_interest_counts_one_side() -> None:
    (linear,) = Wire(BTC).text(push("open-interest", BTC.symbol, oi="2874486.99", oiCcy="28744.8699"))
    assert isinstance(linear, OpenInterest)
    assert linear.open_interest == pytest.approx(28_744.8699)
    assert linear.notional is None
    (inverse,) = Wire(INVERSE).text(push("open-interest", INVERSE.symbol, oi="1000", oiCcy="1.2"))
    assert isinstance(inverse, OpenInterest)
    assert (inverse.open_interest, inverse.notional) == (1.2, 100_000)


@pytest.mark.parametrize("price", ["0", "-1", "", "inf", "nan"])
def test_prices_are_positive(price: str) -> None:
    with pytest.raises(ProtocolError):
        Wire(BTC).text(push("mark-price", BTC.symbol, markPx=price))


def test_a_quote_needs_both_sides() -> None:
    wire = Wire(BTC)
    message = {"arg": {"channel": "bbo-tbt", "instId": BTC.symbol}}
    row = {"asks": [level("83725.9", "3")], "bids": [level("83725.8", "2")], "ts": "1", "seqId": 9}
    (quote,) = wire.text(message | {"data": [row]})
    assert isinstance(quote, Quote)
    assert (quote.bid_ticks, quote.ask_ticks, quote.update_id) == (837_258, 837_259, 9)
    assert quote.bid_size == pytest.approx(0.02)
    assert quote.ask_size == pytest.approx(0.03)
    assert wire.text(message | {"data": [row | {"asks": []}]}) == []


# the connection


def test_opening_asks_for_everything_one_request_an_instrument() -> None:
    wire = Wire(
        BTC,
        streams=["trades:BTC-USDT-SWAP", "books:BTC-USDT-SWAP", "index-tickers:BTC-USDT", "liquidation-orders:SWAP"],
    )
    (connected,) = wire.open()
    assert isinstance(connected, Connected)
    swap, wide = wire.sent()
    assert swap["op"] == wide["op"] == "subscribe"
    assert swap["args"] == [
        {"channel": "trades", "instId": "BTC-USDT-SWAP"},
        {"channel": "books", "instId": "BTC-USDT-SWAP"},
        {"channel": "index-tickers", "instId": "BTC-USDT"},
    ]
    assert wide["args"] == [{"channel": "liquidation-orders", "instType": "SWAP"}]
    assert {len(swap["id"]), swap["id"].isalnum(), swap["id"] != wide["id"]} == {2, True}


def test_trades_are_live_from_the_confirmation_on() -> None:
    wire = Wire(BTC)
    wire.open()
    assert wire.text(ack("books")) == []
    (live,) = wire.text(ack("trades"))
    assert isinstance(live, TradesLive)
    assert wire.text(ack("trades")) == []
    assert wire.text(ack("trades", "XDP-USDT-SWAP")) == []


def test_the_end_of_a_connection_loses_what_was_known() -> None:
    wire = Wire(BTC, INVERSE)
    wire.open()
    wire.text(ack("trades"))
    wire.text(books(BTC.symbol, "snapshot", -1, 1, [level("1", "1")], [level("2", "1")]))
    events = wire.close("gone")
    assert [type(event) for event in events] == [Disconnected, BookLost, TradesLost]
    assert {event.reason for event in events if isinstance(event, Disconnected | BookLost | TradesLost)} == {"gone"}


def test_a_quiet_connection_is_pinged() -> None:
    wire = Wire(BTC, streams=[])
    wire.open()
    wire.tick(9)
    assert wire.sent() == []
    wire.tick(1)
    assert wire.sent() == [Send("ping")]
    wire.tick(1)
    assert wire.sent() == []
    assert wire.text(b"pong") == []
    wire.tick(9.9)
    assert wire.sent() == []
    wire.tick(0.1)
    assert wire.sent() == [Send("ping")]


def test_a_refused_request_is_split_and_only_the_culprit_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(BTC)
    wire.open()
    (request,) = wire.sent()
    wire.text(ack("trades"))
    refusal = {
        "event": "error",
        "code": "60018",
        "msg": "Subscribe failed, wrong URL or channel:mark-price",
        "connId": "5e",
    }
    with caplog.at_level(logging.ERROR):
        assert wire.text(refusal | {"id": request["id"]}) == []
        alone = wire.sent()
        assert [len(again["args"]) for again in alone] == [1] * (len(request["args"]) - 1)
        for again in alone:
            (arg,) = again["args"]
            if arg["channel"] == "mark-price":
                wire.text(refusal | {"id": again["id"]})
            else:
                wire.text(ack(arg["channel"]))
        wire.tick(120)
    asked = {arg["channel"] for again in wire.sent() if isinstance(again, dict) for arg in again["args"]}
    assert asked == {"books"}, "the snapshot is still to come; nothing else is asked for"
    assert len(caplog.records) == 1


def test_what_is_never_confirmed_is_asked_three_times() -> None:
    wire = Wire(BTC, streams=["trades:BTC-USDT-SWAP"])
    wire.open()
    asked = 0
    for _ in range(100):
        asked += sum(isinstance(request, dict) for request in wire.sent())
        wire.tick(1)
    assert asked == 3


@pytest.mark.parametrize("code", ["60014", "64007"])
def test_a_busy_venue_is_asked_again_later(code: str) -> None:
    wire = Wire(BTC, streams=["trades:BTC-USDT-SWAP"])
    wire.open()
    (request,) = wire.sent()
    wire.text({"id": request["id"], "event": "error", "code": code, "msg": "later"})
    assert wire.sent() == []
    wire.tick(11)
    assert [again["args"] for again in wire.sent() if isinstance(again, dict)] == [request["args"]]


def test_an_announced_upgrade_asks_for_a_new_connection() -> None:
    wire = Wire(BTC)
    notice = {"event": "notice", "code": "64008", "msg": "The connection will soon be closed.", "connId": "a4d3ae55"}
    assert wire.text(notice) == []
    assert [type(request) for request in wire.sent()] == [Replace]


def test_answers_nobody_asked_for_are_nothing() -> None:
    wire = Wire(BTC)
    for message in (
        {"event": "unsubscribe", "arg": {"channel": "books", "instId": BTC.symbol}},
        {"event": "channel-conn-count", "channel": "books", "connCount": "2", "connId": "x"},
        {"event": "error", "code": "60012", "msg": "Invalid request"},
        {"event": "notice", "code": "1", "msg": "hello"},
        {"arg": {"channel": "tickers", "instId": BTC.symbol}, "data": [{"instId": BTC.symbol}]},
        {"arg": {"channel": "tickers", "instId": BTC.symbol}, "data": [{"instId": BTC.symbol}]},
        trades("XDP-USDT-SWAP", trade(1)),
        books("XDP-USDT-SWAP", "snapshot", -1, 1, [], []),
    ):
        assert wire.text(message) == []
    assert wire.sent() == []


ROW = {
    "instType": "SWAP", "instId": BTC.symbol, "uly": "BTC-USDT", "ctType": "linear", "ctVal": "0.01", "ctMult": "1",
    "ctValCcy": "BTC", "settleCcy": "USDT", "tickSz": "0.1", "lotSz": "0.01", "state": "live", "instCategory": "1",
}  # fmt: skip


def instruments(**change: str) -> dict[str, Any]:
    return {"arg": {"channel": "instruments", "instType": "SWAP"}, "data": [ROW | change]}


def test_a_changed_contract_ends_its_market() -> None:
    wire = Wire(BTC)
    wire.text(ack("trades"))
    wire.text(books(BTC.symbol, "snapshot", -1, 1, [level("1", "1")], [level("2", "1")]))
    assert wire.text(instruments()) == []
    assert wire.text(instruments(state="suspend", ctVal="")) == [MarketStatus(BTC, wire.now_ns, False, "suspend")]
    assert wire.text(instruments(state="suspend", ctVal="")) == []
    assert wire.text(instruments()) == [MarketStatus(BTC, wire.now_ns, True, "live")]
    assert [type(event) for event in wire.text(instruments(ctVal="0.001"))] == [BookLost, TradesLost]
    assert wire.text(trades(BTC.symbol, trade(1))) == []
    assert wire.close() == [Disconnected(wire.spec.venue, wire.spec.name, wire.now_ns, "gone")]


def test_a_copy_of_a_connection_lives_its_own_life() -> None:
    wire = Wire(BTC)
    wire.open()
    wire.text(trades(BTC.symbol, trade(100)))
    twin = copy.deepcopy(wire)
    assert len(wire.text(trades(BTC.symbol, trade(101)))) == 1
    assert len(twin.text(trades(BTC.symbol, trade(101)))) == 1


# bytes that mean nothing

ODD = [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"pang", b"\xff\xfe", b'{"arg":', b'{"arg":{}}', b"[" * 100_000,
    b'{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"}}', b'{"event":5}', b'{"event":"subscribe","arg":7}',
    b'{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP"}]}',
    b'{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"replace","data":[{"bids":[],"asks":[],"ts":"1"}]}',
    b'{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"snapshot","data":[]}',
    b'{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"snapshot","data":[{"bids":[["1"]],"asks":[],"ts":"1"}]}',
]  # fmt: skip


@pytest.mark.parametrize("payload", ODD, ids=[str(number) for number in range(len(ODD))])
def test_odd_bytes_raise_only_protocol_errors(payload: bytes) -> None:
    wire = Wire(BTC)
    with pytest.raises(ProtocolError):
        wire.text(payload)


def test_mutated_frames_raise_only_protocol_errors(data: Path) -> None:
    frames = recorded(data, "raw_md_stream.jsonl")[:40] + recorded(data, "raw_perp_stream.jsonl")
    messages = [forced(BTC.symbol, detail()), instruments(), ack("trades"), trades(BTC.symbol, trade(5, 2))]
    messages.append(books(BTC.symbol, "snapshot", -1, 5, [level("3366.1", "7")], [level("3366.8", "9")], checksum=7))
    frames += [json.dumps(message, separators=(",", ":")).encode() for message in messages] * 4
    rng, refused = random.Random(5), 0
    for _ in range(150):
        wire = Wire(BTC)
        wire.open()
        for payload in rng.sample(frames, 20):
            try:
                wire.text(_mutated(payload, rng))
            except ProtocolError:
                refused += 1
        wire.tick(rng.choice((0.1, 30)))
        wire.close()
    assert refused > 500


def _mutated(payload: bytes, rng: random.Random) -> bytes:
    raw = bytearray(payload[:3_000] if rng.random() < 0.2 else payload)
    for _ in range(rng.choice((0, 1, 1, 3, 20))):
        at = rng.randrange(len(raw))
        match rng.randrange(4):
            case 0:
                raw[at] = rng.randrange(256)
            case 1:
                del raw[at : at + rng.choice((1, 5, 80))]
            case 2:
                raw[at:at] = rng.choice((b'"', b"9", b"-", b"e99", b"null", b"{", b"]", b"\x00", b"nan"))
            case 3:
                raw[at : at + 1] = rng.choice((b"0", b".", b",", b"true"))
        if not raw:
            break
    return bytes(raw)
