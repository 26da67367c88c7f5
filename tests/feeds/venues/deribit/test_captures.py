"""Deribit's decoder against recorded frames and the published message cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feeds.importers import KINDS, import_captures
from feeds.model.errors import ImportFailed, ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.instrument import MarketKind
from feeds.model.protocol import Reconnect
from feeds.venues import deribit
from tests.feeds.venues.deribit.wire import BTC, ETH, LINK, MS, SECOND, Fixtures, Line, book, instrument, push
from workstation.analytics.book.book import OrderBook
from workstation.replay.core import Core


@pytest.fixture
def frames(data: Path) -> Fixtures:
    return Fixtures(data)


# recorded frames


def test_recorded_book_chain_and_gap(frames: Fixtures) -> None:
    line, shown = Line(BTC), OrderBook()
    line.take()
    (snapshot,) = line.say(frames["book_perp_snapshot"])
    assert isinstance(snapshot, BookSnapshot)
    shown.replace(snapshot)
    for name in ("book_perp_change_1", "book_perp_change_2"):
        (delta,) = line.say(frames[name])
        assert isinstance(delta, BookDelta)
        shown.apply(delta)
    truth: dict[str, dict[float, float]] = {"bids": {}, "asks": {}}
    for name in ("book_perp_snapshot", "book_perp_change_1", "book_perp_change_2"):
        for side, levels in truth.items():
            for action, price, amount in json.loads(frames[name])["params"]["data"][side]:
                levels[price] = amount
                if action == "delete":
                    del levels[price]
    for side, levels in ((shown.bids, truth["bids"]), (shown.asks, truth["asks"])):
        mine = {BTC.price_from_ticks(ticks): size for ticks, size in side.levels()}
        assert mine == {price: pytest.approx(usd / price) for price, usd in levels.items()}
    (lost,) = line.say(frames["book_perp_change_gap"])
    assert isinstance(lost, BookLost)
    assert [type(request) for request in line.take()] == [Reconnect]
    assert line.say(book(118850970800, 118850970748)) == []
    assert line.take() == []


def test_recorded_long_snapshot_with_exponents(frames: Fixtures) -> None:
    (event,) = Line(BTC).say(frames["book_perp_long_snapshot"])
    assert isinstance(event, BookSnapshot)
    assert (len(event.bids), len(event.asks)) == (1195, 847)
    assert event.bids[0] == (83958 * 2, pytest.approx(3780.0 / 83958.0))
    assert dict(event.bids)[83_900 * 2] == pytest.approx(8.3e3 / 8.39e4)
    assert event.bids == sorted(event.bids, reverse=True)
    assert event.asks == sorted(event.asks)


def test_recorded_trades(frames: Fixtures) -> None:
    live, *rest = Line(BTC).say(frames["trades_perp"])
    assert isinstance(live, TradesLive)
    for event, row in zip(rest, json.loads(frames["trades_perp"])["params"]["data"], strict=True):
        assert isinstance(event, Trade)
        assert (event.price, event.notional, event.trade_id) == (row["price"], row["amount"], row["trade_seq"])
        assert event.size == pytest.approx(row["amount"] / row["price"])
        assert event.aggressor is Side.BUY
        assert event.ts_venue_ns == row["timestamp"] * MS


def check_ticker(events: list[Event], raw: dict[str, Any]) -> None:
    mark, index, interest, funding, quote = events
    assert isinstance(mark, MarkPrice)
    assert (mark.mark, mark.ts_venue_ns) == (raw["mark_price"], raw["timestamp"] * MS)
    assert isinstance(index, IndexPrice)
    assert index.index == raw["index_price"]
    assert isinstance(interest, OpenInterest)
    assert interest.notional == raw["open_interest"]
    assert interest.open_interest == pytest.approx(raw["open_interest"] / raw["mark_price"])
    assert isinstance(funding, Funding)
    assert (funding.rate, funding.next_funding_ns) == (raw["current_funding"], None)
    assert funding.interval_ns == 8 * 3_600 * SECOND
    assert isinstance(quote, Quote)
    at = quote.instrument.price_from_ticks
    assert (at(quote.bid_ticks), at(quote.ask_ticks)) == (raw["best_bid_price"], raw["best_ask_price"])
    assert quote.bid_size == pytest.approx(raw["best_bid_amount"] / raw["best_bid_price"])
    assert quote.ask_size == pytest.approx(raw["best_ask_amount"] / raw["best_ask_price"])


@pytest.mark.parametrize("name", ["ticker_perp", "ticker_perp_btc_prod", "ticker_perp_eth_prod"])
def test_recorded_tickers(name: str, frames: Fixtures) -> None:
    check_ticker(Line(BTC, ETH).say(frames[name]), json.loads(frames[name])["params"]["data"])


def test_recorded_ticker_stream_leaves_out_what_is_not_ours(frames: Fixtures) -> None:
    line, ours = Line(BTC, ETH), 0
    for payload in frames.lines("raw_perp_ticker_stream"):
        raw, events = json.loads(payload)["params"]["data"], line.say(payload)
        if raw["instrument_name"] in ("BTC-PERPETUAL", "ETH-PERPETUAL"):
            check_ticker(events, raw)
            ours += 1
        else:
            assert events == []
    assert ours > 20


@pytest.mark.parametrize("path", ["book_option_snapshot", "book_option_change", "ticker_option", "ticker_option_prod"])
def test_options_and_dated_futures_are_ignored(path: str, frames: Fixtures) -> None:
    line = Line(BTC)
    assert line.say(frames[path]) == []
    assert line.say(frames["ticker_future_prod"]) == []
    assert line.say(frames["book_grouped_ignored"]) == []
    assert all(line.say(payload) == [] for payload in frames.lines("raw_option_stream"))


def test_dated_future_ticker_has_no_funding(frames: Fixtures) -> None:
    dated = instrument("BTC-25DEC26", "2.5", "BTC")
    events = Line(dated).say(frames["ticker_future_prod"])
    assert [type(event) for event in events] == [MarkPrice, IndexPrice, OpenInterest, Quote]


def test_recorded_option_stream_chains_when_it_is_asked_for(frames: Fixtures) -> None:
    option = instrument("BTC-15SEP26-77000-C", "0.0001", "BTC", MarketKind.LINEAR)
    line = Line(option)
    kinds = [type(event) for payload in frames.lines("raw_option_stream") for event in line.say(payload)]
    assert kinds.count(BookSnapshot) == 1
    assert kinds.count(BookDelta) > 5
    assert BookLost not in kinds


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("heartbeat_interval_too_small", "Invalid params.*value must be >= 10"),
        ("rpc_invalid_params", "Invalid params.*invalid value"),
    ],
)
def test_recorded_rejects_give_the_venue_s_words(name: str, words: str, frames: Fixtures) -> None:
    line = Line(BTC)
    with pytest.raises(ProtocolError, match=words):
        line.say(frames[name])


@pytest.mark.parametrize("name", ["set_heartbeat_ok", "test_ok", "string_id_echo", "subscribe_ok", "get_time"])
def test_recorded_answers_to_other_requests_say_nothing(name: str, frames: Fixtures) -> None:
    assert Line(BTC).say(frames[name]) == []


def test_recorded_test_request_is_answered(frames: Fixtures) -> None:
    line = Line(BTC)
    line.take()
    assert line.say(frames["heartbeat_test_request"]) == []
    assert line.take() == [{"jsonrpc": "2.0", "id": 2, "method": "public/test", "params": {}}]
    assert line.say({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "heartbeat"}}) == []
    assert line.take() == []


def test_recorded_acks_with_our_id(frames: Fixtures) -> None:
    line = Line(BTC)
    _, subscribe = line.take()
    whole = json.loads(frames["subscribe_ok"]) | {"id": subscribe["id"]}
    assert [type(event) for event in line.say(whole)] == [TradesLive]
    assert line.say(whole) == []
    partial = json.loads(frames["subscribe_partial"]) | {"id": subscribe["id"]}
    lost = Line(BTC).say(partial)
    assert [type(event) for event in lost] == [TradesLost, BookLost]


def test_recorded_instruments(frames: Fixtures, data: Path) -> None:
    for body in (
        frames["get_instruments_future"],
        b'{"result":' + (data / "rest" / "deribit" / "instruments_future.json").read_bytes() + b"}",
    ):
        (btc,) = deribit.DRIVER.instruments(MarketKind.INVERSE, [body])
        assert (btc.symbol, btc.base, btc.quote, btc.settle) == ("BTC-PERPETUAL", "BTC", "USD", "BTC")
        assert (btc.tick_size, btc.lot_size, btc.contract_size) == (Decimal("0.5"), Decimal(10), Decimal(1))
        assert deribit.DRIVER.instruments(MarketKind.LINEAR, [body]) == ()
        assert deribit.DRIVER.choose([btc], ["BTC"]) == (btc,)
        assert deribit.DRIVER.choose([btc], ["ETH"]) == ()
    assert deribit.DRIVER.instruments(MarketKind.INVERSE, [frames["get_instruments_option"]]) == ()


def test_linear_listing_by_the_thousand_and_of_stocks() -> None:
    row = {
        "instrument_type": "linear", "settlement_period": "perpetual", "counter_currency": "USDC",
        "quote_currency": "USDC", "settlement_currency": "USDC", "min_trade_amount": 1.0, "state": "open",
    }  # fmt: skip
    pepe = row | {"instrument_name": "1000PEPE_USDC-PERPETUAL", "base_currency": "1000PEPE", "tick_size": 1e-6}
    tesla = row | {"instrument_name": "TSLA_USDC-PERPETUAL", "base_currency": "TSLA", "tick_size": 0.01}
    shut = pepe | {"instrument_name": "X_USDC-PERPETUAL", "state": "halted"}
    body = json.dumps({"result": [pepe, tesla | {"underlying_type": "equity"}, shut]}).encode()
    one, stock = deribit.DRIVER.instruments(MarketKind.LINEAR, [body])
    assert (one.base, one.multiplier, one.tick_size, one.lot_size) == ("PEPE", 1000, Decimal("1E-9"), 1000)
    assert stock.base == "tradfi:TSLA"


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"result":[{}]}', b"\xff", b'{"error":{"code":1}}'])
def test_unreadable_instrument_lists_are_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        deribit.DRIVER.instruments(MarketKind.INVERSE, [body])


def test_option_captures_are_refused_and_decoded_to_nothing(data: Path, tmp_path: Path) -> None:
    file = data / "multi-venue" / "DERIBIT.jsonl.zst"
    with pytest.raises(ImportFailed, match="no list of instruments with a perpetual"):
        import_captures(None, [file], tmp_path / "deribit.mcap")
    core = Core()
    core.consume(list(KINDS["multi-venue"].open([file], None, lambda _: None).frames))
    assert core.frames > 100
    assert not core.feed.undecodable


# published cases

OPTIONS = "an option or an option combination: we have perpetuals only"
NOT_OURS = {
    1: "a quote channel: we take best bid and ask from the ticker",
    **dict.fromkeys((6, 7, 8, 9, 12, 14), OPTIONS),
}


def test_published_cases(data: Path) -> None:
    cases = json.loads((data / "oracles" / "venue-message-cases.json").read_bytes())["map deribit messages"]
    told = []
    for number, (message, expected) in enumerate(
        zip(cases["arrays"]["messages"], cases["expected_in_order"], strict=True)
    ):
        name = message["params"]["channel"].split(".")[1]
        market = next((market for market in (BTC, ETH, LINK) if market.symbol == name), None)
        if market is None or number in NOT_OURS:
            assert number in NOT_OURS or "PERPETUAL" not in name, OPTIONS
            assert market is not None or Line(BTC, ETH).say(message) == []
            continue
        line = Line(market)
        if message["params"]["data"] and "prev_change_id" in (data_of := message["params"]["data"]):
            before = data_of["prev_change_id"]
            first = {"timestamp": 1, "instrument_name": name, "change_id": before, "bids": [], "asks": []}
            line.say(push(message["params"]["channel"], first))
        events = [event for event in line.say(message) if not isinstance(event, TradesLive)]
        for record in expected:
            told.append(record["type"])
            check(record, events, message["params"]["data"])
    assert told.count("trade") == 4
    assert told.count("liquidation") == 2
    assert told.count("book_change") == 3
    assert told.count("derivative_ticker") == told.count("book_ticker") == 2


def check(record: dict[str, Any], events: Sequence[Event], data: Any) -> None:
    """One published record against our events of the same message, whose `data` tells id and number apart."""
    if record["type"] in ("trade", "liquidation"):
        shape = Trade if record["type"] == "trade" else Liquidation
        found = [event for event in events if isinstance(event, shape)]
        seq = next(row["trade_seq"] for row in data if row["trade_id"] == record["id"])
        event = next(e for e in found if isinstance(e, Liquidation) or e.trade_id == seq)
        assert (event.price, event.notional) == (record["price"], record["amount"])
        assert event.size == pytest.approx(record["amount"] / record["price"])
        assert str(event.aggressor if isinstance(event, Trade) else event.side) == record["side"]
    elif record["type"] == "book_change":
        (change,) = events
        assert isinstance(change, BookSnapshot if record["isSnapshot"] else BookDelta)
        linear, at = change.instrument.kind is MarketKind.LINEAR, change.instrument.price_from_ticks
        for levels, expected in ((change.bids, record["bids"]), (change.asks, record["asks"])):
            sizes = [level["amount"] / (1.0 if linear else level["price"]) for level in expected]
            assert [at(ticks) for ticks, _ in levels] == [level["price"] for level in expected]
            assert [size for _, size in levels] == pytest.approx(sizes)
    else:
        raw = {
            "mark_price": record.get("markPrice"), "index_price": record.get("indexPrice"),
            "open_interest": record.get("openInterest"), "current_funding": record.get("fundingRate"),
            "best_bid_price": record.get("bidPrice"), "best_bid_amount": record.get("bidAmount"),
            "best_ask_price": record.get("askPrice"), "best_ask_amount": record.get("askAmount"),
        }  # fmt: skip
        mark, index, interest, funding, quote = events
        assert isinstance(quote, Quote)
        assert isinstance(mark, MarkPrice)
        if record["type"] == "book_ticker":
            at = quote.instrument.price_from_ticks
            assert (at(quote.bid_ticks), at(quote.ask_ticks)) == (raw["best_bid_price"], raw["best_ask_price"])
            assert quote.bid_size == pytest.approx(raw["best_bid_amount"] / raw["best_bid_price"])
            return
        assert isinstance(index, IndexPrice)
        assert isinstance(interest, OpenInterest)
        assert isinstance(funding, Funding)
        found = (mark.mark, index.index, interest.notional, funding.rate)
        assert found == (raw["mark_price"], raw["index_price"], raw["open_interest"], raw["current_funding"])
