"""Deribit's decoder against recorded frames, the published message cases, golden vectors, and disorder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.backfill import LastTrade
from feeds.errors import ProtocolError
from feeds.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesFilled,
    TradesLive,
    TradesLost,
)
from feeds.frame import Frame, FrameKind, open_frame
from feeds.importers import import_captures
from feeds.instrument import Instrument, MarketKind, Venue
from feeds.protocol import Fetch, Reconnect, Replace, Send
from feeds.recording import RecordingReader
from feeds.venues import deribit_plan
from feeds.venues.deribit import DeribitProtocol, parse_channel
from feeds.venues.deribit_liquidations import DELAY_NS, WINDOW_NS, forced_sides
from workstation.analytics.book import OrderBook
from workstation.core import Core

MS = 1_000_000
SECOND = 1_000 * MS
OPEN_NS = 1_789_344_930_000 * MS


def instrument(symbol: str, tick: str, base: str, kind: MarketKind = MarketKind.INVERSE) -> Instrument:
    quote = "USD" if kind is MarketKind.INVERSE else "USDC"
    return Instrument(
        venue=Venue.DERIBIT, kind=kind, symbol=symbol, base=base, quote=quote, tick_size=Decimal(tick)
    )  # fmt: skip


BTC = instrument("BTC-PERPETUAL", "0.5", "BTC")
ETH = instrument("ETH-PERPETUAL", "0.05", "ETH")
LINK = instrument("LINK_USDC-PERPETUAL", "0.001", "LINK", MarketKind.LINEAR)
PEPE = Instrument(
    venue=Venue.DERIBIT, kind=MarketKind.LINEAR, symbol="1000PEPE_USDC-PERPETUAL", base="PEPE", quote="USDC",
    tick_size=Decimal("0.000000001"), multiplier=1000,
)  # fmt: skip


class Line:
    """One protocol and a clock that steps a millisecond a frame."""

    def __init__(self, *markets: Instrument) -> None:
        kind = markets[0].kind
        (self.spec,) = deribit_plan.connections(kind, markets, deribit_plan.DRIVER.endpoints[kind])
        self.protocol = DeribitProtocol(self.spec)
        self.now_ns = OPEN_NS
        self.opened = list(self.protocol.receive(open_frame(self.spec, OPEN_NS)))

    def say(self, message: object) -> list[Event]:
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.now_ns += MS
        return list(self.protocol.receive(Frame(self.now_ns, self.spec.name, FrameKind.TEXT, text)))

    def answer(self, body: object, tag: str) -> list[Event]:
        frame = Frame(self.now_ns, self.spec.name, FrameKind.HTTP, json.dumps(body).encode(), tag)
        return list(self.protocol.receive(frame))

    def close(self) -> list[Event]:
        return list(self.protocol.receive(Frame(self.now_ns, self.spec.name, FrameKind.CLOSE, b"gone")))

    def take(self) -> list[Any]:
        requests, self.protocol.requests = self.protocol.requests, []
        return [json.loads(r.text) if isinstance(r, Send) else r for r in requests]


def push(channel: str, data: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}


def trade(
    seq: int, direction: str = "buy", price: float = 100.0, amount: float = 10.0, **more: object
) -> dict[str, Any]:
    row = {"timestamp": 1_789_344_933_000 + seq, "price": price, "amount": amount, "direction": direction}
    return row | {"instrument_name": "BTC-PERPETUAL", "trade_seq": seq, "trade_id": f"t{seq}"} | more


def book(change_id: int, previous: int | None, bids: Iterable[Any] = (), asks: Iterable[Any] = ()) -> dict[str, Any]:
    data = {"timestamp": 1, "instrument_name": "BTC-PERPETUAL", "change_id": change_id}
    data |= {"type": "snapshot"} if previous is None else {"type": "change", "prev_change_id": previous}
    return push("book.BTC-PERPETUAL.100ms", data | {"bids": list(bids), "asks": list(asks)})


class Fixtures:
    """The recorded frames by name."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "frames" / "deribit"

    def __getitem__(self, name: str) -> bytes:
        return (self.folder / f"{name}.json").read_bytes()

    def lines(self, name: str) -> list[bytes]:
        return (self.folder / f"{name}.jsonl").read_bytes().splitlines()


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
        mine = {BTC.price_from_ticks(ticks): size for ticks, size in side._sizes.items()}
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
        (btc,) = deribit_plan.instruments(MarketKind.INVERSE, [body])
        assert (btc.symbol, btc.base, btc.quote, btc.settle) == ("BTC-PERPETUAL", "BTC", "USD", "BTC")
        assert (btc.tick_size, btc.lot_size, btc.contract_size) == (Decimal("0.5"), Decimal(10), Decimal(1))
        assert deribit_plan.instruments(MarketKind.LINEAR, [body]) == ()
        assert deribit_plan.choose([btc], ["BTC"]) == (btc,)
        assert deribit_plan.choose([btc], ["ETH"]) == ()
    assert deribit_plan.instruments(MarketKind.INVERSE, [frames["get_instruments_option"]]) == ()


def test_linear_listing_by_the_thousand_and_of_stocks() -> None:
    row = {
        "instrument_type": "linear", "settlement_period": "perpetual", "counter_currency": "USDC",
        "quote_currency": "USDC", "settlement_currency": "USDC", "min_trade_amount": 1.0, "state": "open",
    }  # fmt: skip
    pepe = row | {"instrument_name": "1000PEPE_USDC-PERPETUAL", "base_currency": "1000PEPE", "tick_size": 1e-6}
    tesla = row | {"instrument_name": "TSLA_USDC-PERPETUAL", "base_currency": "TSLA", "tick_size": 0.01}
    shut = pepe | {"instrument_name": "X_USDC-PERPETUAL", "state": "halted"}
    body = json.dumps({"result": [pepe, tesla | {"underlying_type": "equity"}, shut]}).encode()
    one, stock = deribit_plan.instruments(MarketKind.LINEAR, [body])
    assert (one.base, one.multiplier, one.tick_size, one.lot_size) == ("PEPE", 1000, Decimal("1E-9"), 1000)
    assert stock.base == "tradfi:TSLA"


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"result":[{}]}', b"\xff", b'{"error":{"code":1}}'])
def test_unreadable_instrument_lists_are_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        deribit_plan.instruments(MarketKind.INVERSE, [body])


def test_imported_option_capture_is_decoded_to_nothing(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "deribit.mcap"
    import_captures(None, [data / "multi-venue" / "DERIBIT.jsonl.zst"], out)
    core = Core()
    core.consume(list(RecordingReader(out).frames()))
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


# golden vectors, VENUES 7.2 and 7.3 (9)


def test_golden_trade() -> None:
    row = trade(1, "sell", 92288.5, 750.0)
    _, event = Line(BTC).say(push("trades.BTC-PERPETUAL.100ms", [row]))
    assert isinstance(event, Trade)
    assert (event.aggressor, event.notional) == (Side.SELL, 750.0)
    assert event.size == pytest.approx(0.008126689674, rel=1e-9)


@pytest.mark.parametrize(
    ("mark", "direction", "sides"),
    [
        ("T", "sell", (Side.SELL,)),
        ("T", "buy", (Side.BUY,)),
        ("M", "buy", (Side.SELL,)),
        ("M", "sell", (Side.BUY,)),
        ("MT", "sell", (Side.SELL, Side.BUY)),
        ("none", "sell", ()),
        (None, "sell", ()),
    ],
)
def test_golden_liquidation_sides(mark: str | None, direction: str, sides: tuple[Side, ...]) -> None:
    assert forced_sides(direction, mark) == sides


def test_linear_sizes_are_coins() -> None:
    line = Line(PEPE)
    rows = [trade(1, "buy", 0.004409, 25.0) | {"instrument_name": PEPE.symbol}]
    _, event = line.say(push("trades.1000PEPE_USDC-PERPETUAL.100ms", rows))
    assert isinstance(event, Trade)
    assert (event.price, event.size) == (0.000004409, 25_000.0)
    ticker = {"instrument_name": PEPE.symbol, "timestamp": 1, "mark_price": 0.0044, "index_price": 0.0044}
    mark, _, interest = line.say(push(f"ticker.{PEPE.symbol}.100ms", ticker | {"open_interest": 5e3}))
    assert isinstance(mark, MarkPrice)
    assert mark.mark == pytest.approx(0.0000044)
    assert isinstance(interest, OpenInterest)
    assert (interest.open_interest, interest.notional) == (5e6, pytest.approx(22.0))


# the conversation


def test_opening_asks_for_a_heartbeat_and_all_channels() -> None:
    line = Line(BTC)
    assert [type(event) for event in line.opened] == [Connected]
    heartbeat, subscribe = line.take()
    assert (heartbeat["method"], heartbeat["params"]) == ("public/set_heartbeat", {"interval": 30})
    assert subscribe["method"] == "public/subscribe"
    assert subscribe["params"]["channels"] == [
        "trades.BTC-PERPETUAL.100ms", "book.BTC-PERPETUAL.100ms", "ticker.BTC-PERPETUAL.100ms", "platform_state",
    ]  # fmt: skip
    assert line.spec.url == "wss://www.deribit.com/ws/api/v2"
    many = Line(*(instrument(f"C{n}_USDC-PERPETUAL", "0.5", f"C{n}", MarketKind.LINEAR) for n in range(300)))
    _, *batches = many.take()
    assert [len(call["params"]["channels"]) for call in batches] == [500, 401]


def test_trades_chain_by_number() -> None:
    line, channel = Line(BTC), "trades.BTC-PERPETUAL.100ms"
    assert [type(e) for e in line.say(push(channel, [trade(11), trade(10)]))] == [TradesLive, Trade, Trade]
    assert line.say(push(channel, [trade(11), trade(10)])) == []
    lost, live, event = line.say(push(channel, [trade(14)]))
    assert isinstance(lost, TradesLost)
    assert lost.missing == 2
    assert isinstance(live, TradesLive)
    assert isinstance(event, Trade)
    assert line.say(push(channel, [trade(15, block_trade_id="BLOCK-1")])) == [], "blocks are agreed off the book"
    assert [type(e) for e in line.say(push(channel, [trade(16)]))] == [Trade]
    assert [type(e) for e in line.close()] == [Disconnected, TradesLost]


def test_a_hole_and_the_time_between_connections_are_fetched() -> None:
    line, channel = Line(BTC), "trades.BTC-PERPETUAL.100ms"
    line.take()
    line.protocol.resume({BTC.id: LastTrade(8, 5)})
    line.say(push(channel, [trade(10)]))
    (fetch,) = line.take()
    assert isinstance(fetch, Fetch)
    query = parse_qs(urlsplit(fetch.path).query)
    assert (fetch.tag, query["start_seq"], query["end_seq"]) == ("trades/BTC-PERPETUAL", ["9"], ["9"])
    (filled,) = line.answer({"result": {"trades": [trade(9)]}}, fetch.tag)
    assert isinstance(filled, TradesFilled)
    assert [event.trade_id for event in filled.trades] == [9]
    line.say(push(channel, [trade(14)]))
    (fetch,) = line.take()
    rows = [trade(13), trade(12, block_trade_id="BLOCK-1"), trade(11)]
    (filled,) = line.answer({"result": {"trades": rows, "has_more": False}}, fetch.tag)
    assert isinstance(filled, TradesFilled)
    assert [event.trade_id for event in filled.trades] == [11, 13]
    assert line.take() == []
    line.say(push(channel, [trade(16)]))
    (fetch,) = line.take()
    failed = Frame(line.now_ns, line.spec.name, FrameKind.HTTP_FAILED, b"no", fetch.tag)
    assert list(line.protocol.receive(failed)) == []
    assert line.take() == [], "what will not come stays a hole"


def test_platform_maintenance_voids_the_books_until_they_are_sent_again() -> None:
    line = Line(BTC)
    line.take()
    line.say(book(1, None))
    assert line.say(push("platform_state", {"price_index": "btc_usd", "locked": True})) == []
    assert [type(e) for e in line.say(push("platform_state", {"maintenance": True}))] == [BookLost]
    assert line.take() == []
    assert line.say(push("platform_state", {"maintenance": False})) == []
    assert [type(request) for request in line.take()] == [Reconnect]
    assert [type(e) for e in line.close()] == [Disconnected]


def test_a_wanted_book_comes_with_a_connection_that_takes_over() -> None:
    line = Line(BTC)
    line.take()
    line.protocol.refresh_books(line.now_ns)
    assert [type(request) for request in line.take()] == [Replace]


def test_a_change_without_a_book_and_a_wanted_book_ask_for_one_reconnect() -> None:
    line = Line(BTC)
    line.take()
    assert line.say(book(5, 4)) == []
    line.protocol.refresh_books(line.now_ns)
    assert len(line.take()) == 1
    line.say(book(6, None))
    assert [type(e) for e in line.close()] == [Disconnected, BookLost]


def test_messages_with_other_key_order_are_read() -> None:
    message = push("trades.BTC-PERPETUAL.100ms", [trade(1)])
    turned = {"params": message["params"], "method": "subscription", "jsonrpc": "2.0"}
    assert [type(event) for event in Line(BTC).say(turned)] == [TradesLive, Trade]


def test_channel_names() -> None:
    assert parse_channel("book.BTC-PERPETUAL.raw") == ("book", "BTC-PERPETUAL")
    assert parse_channel("platform_state") == ("platform_state", "")
    for name in ("book.BTC-PERPETUAL.none.10.100ms", "quote.BTC-PERPETUAL", "chart.trades.BTC.1", "", "x.y.z"):
        assert parse_channel(name) == ("", "")


# liquidations an hour late


def test_windows_are_fetched_once_an_hour_late(data: Path) -> None:
    line = Line(BTC, ETH)
    line.take()
    border_ns = OPEN_NS - OPEN_NS % WINDOW_NS + WINDOW_NS
    line.protocol.tick(border_ns - 1)
    assert line.take() == []
    line.protocol.tick(border_ns)
    line.protocol.tick(border_ns + SECOND)
    first, second = line.take()
    assert isinstance(first, Fetch)
    assert (first.tag, second.tag) == ("liquidations/BTC-PERPETUAL", "liquidations/ETH-PERPETUAL")
    query = parse_qs(urlsplit(first.path).query)
    start_ms, end_ms = int(query["start_timestamp"][0]), int(query["end_timestamp"][0])
    assert start_ms == (border_ns - WINDOW_NS - DELAY_NS) // MS
    assert end_ms == (border_ns - DELAY_NS) // MS - 1
    page = json.loads((data / "rest" / "deribit" / "trades_instrument.json").read_bytes())
    assert line.answer({"result": page | {"has_more": False}}, first.tag) == []
    line.protocol.tick(border_ns + 31 * SECOND)
    (again,) = line.take()
    assert again.tag == second.tag, "the unanswered one is asked again, the answered one is not"
    line.answer({"result": {"trades": [], "has_more": False}}, second.tag)
    line.protocol.tick(border_ns + WINDOW_NS + SECOND)
    next_start = int(parse_qs(urlsplit(line.take()[0].path).query)["start_timestamp"][0])
    assert next_start == end_ms + 1


def test_pages_follow_and_each_forced_order_is_told_once() -> None:
    line, tag = Line(BTC), "liquidations/BTC-PERPETUAL"
    line.take()
    rows = [trade(2, "buy", liquidation="M"), trade(1, "sell", liquidation="T"), trade(3)]
    told = line.answer({"result": {"trades": rows, "has_more": True}}, tag)
    assert [(type(e), e.side, e.notional) for e in told if isinstance(e, Liquidation)] == [
        (Liquidation, Side.SELL, 10.0), (Liquidation, Side.SELL, 10.0),
    ]  # fmt: skip
    (following,) = line.take()
    assert isinstance(following, Fetch)
    rows = [trade(3), trade(4, "buy", liquidation="MT"), trade(2, "buy", liquidation="M")]
    told = line.answer({"result": {"trades": rows, "has_more": False}}, tag)
    assert [e.side for e in told if isinstance(e, Liquidation)] == [Side.BUY, Side.SELL]
    assert line.take() == []


def test_live_liquidations_silence_the_late_ones() -> None:
    line = Line(BTC)
    events = line.say(push("trades.BTC-PERPETUAL.100ms", [trade(1, "sell", liquidation="T")]))
    assert [type(event) for event in events] == [TradesLive, Trade, Liquidation]
    rows = [trade(1, "sell", liquidation="T")]
    assert line.answer({"result": {"trades": rows}}, "liquidations/BTC-PERPETUAL") == []


# disorder

Change = tuple[int, int | None, list[Any]]


@st.composite
def disordered(draw: st.DrawFn) -> tuple[list[Change], list[Change]]:
    """A snapshot and changes of the bids, and the same with some dropped, some repeated, the rest shuffled."""
    sent: list[Change] = [(10, None, [["new", 100.0 + i, 1000.0] for i in range(5)])]
    for _ in range(draw(st.integers(1, 8))):
        price, amount = 100.0 + draw(st.integers(0, 9)), draw(st.integers(0, 5)) * 100.0
        change = [["change" if amount else "delete", price, amount]]
        sent.append((sent[-1][0] + draw(st.integers(1, 5)), sent[-1][0], change))
    kept = [frame for frame in sent for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2])))]
    start = draw(st.integers(0, len(kept)))
    return sent, kept[:start] + draw(st.permutations(kept[start:]))


def book_at(sent: list[Change], change_id: int) -> dict[int, float]:
    levels: dict[float, float] = {}
    for number, _, changes in sent:
        if number <= change_id:
            levels |= {price: amount for _, price, amount in changes}
    return {round(price * 2): amount / price for price, amount in levels.items() if amount}


@settings(max_examples=300, deadline=None)
@given(disordered())
def test_any_disorder_ends_in_a_book_that_was_or_in_a_lost_one(frames: tuple[list[Change], list[Change]]) -> None:
    sent, received = frames
    line, known, at = Line(BTC), OrderBook(), 0
    for change_id, previous, bids in received:
        for event in line.say(book(change_id, previous, bids)):
            if isinstance(event, BookSnapshot):
                known.replace(event)
                at = event.update_id
            elif isinstance(event, BookDelta):
                known.apply(event)
                at = event.update_id
            else:
                assert isinstance(event, BookLost)
                known.lose(event.reason)
    if known.known:
        assert dict(known.bids._sizes) == pytest.approx(book_at(sent, at))
        applied = [number for number, _, _ in received]
        assert line.protocol._markets["BTC-PERPETUAL"].change_id == at
        assert max(applied) == at, "a newer change that was received is in the book or the book is lost"


@pytest.mark.parametrize(
    "message",
    [
        book(2, 1, [["grow", 100.0, 1.0]]),
        book(2, 1, [["new", 100.3, 1.0]]),
        book(2, 1, [["new", -100.0, 1.0]]),
        book(2, 1, [["new", 100.0, -1.0]]),
        book(2, 1, [["new", 100.0]]),
        push("trades.BTC-PERPETUAL.100ms", [trade(1, "up")]),
        push("trades.BTC-PERPETUAL.100ms", [trade(1), trade(2, price=0.3)]),
        push("ticker.BTC-PERPETUAL.100ms", {"instrument_name": "BTC-PERPETUAL"}),
        b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":NaN}}',
        {"id": 100, "result": "ok"},
        {"method": 3},
        [],
    ],
)
def test_impossible_messages_are_refused_and_change_nothing(message: object) -> None:
    line = Line(BTC)
    line.say(book(1, None))
    with pytest.raises(ProtocolError):
        line.say(message)
    assert [type(event) for event in line.say(book(3, 1))] == [BookDelta]
    assert [type(e) for e in line.say(push("trades.BTC-PERPETUAL.100ms", [trade(1)]))] == [TradesLive, Trade]


_CHANNELS = ["trades.BTC-PERPETUAL.100ms", "book.BTC-PERPETUAL.100ms", "ticker.BTC-PERPETUAL.100ms", "platform_state"]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(_CHANNELS))
def test_any_bytes_are_decoded_or_refused(noise: bytes, channel: str) -> None:
    head = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"' + channel.encode() + b'","data":'
    for payload in (noise, head + noise, head + b"[" * 2_000, b'{"id":100,"result":' + noise, b'{"error":' + noise):
        try:
            Line(BTC).say(payload)
        except ProtocolError:
            continue
    with pytest.raises(ProtocolError):
        Line(BTC).protocol.receive(Frame(1, "d", FrameKind.HTTP, noise, "liquidations/BTC-PERPETUAL"))


_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6)
_keys = st.sampled_from(
    ["instrument_name", "timestamp", "change_id", "prev_change_id", "bids", "asks", "price", "type"]
)
_shapes = st.recursive(
    _scalars | st.sampled_from(["BTC-PERPETUAL", "new", "buy"]),
    lambda inner: st.lists(inner) | st.dictionaries(_keys, inner),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(_CHANNELS), _shapes)
def test_any_shape_is_decoded_or_refused(channel: str, shape: object) -> None:
    try:
        Line(BTC).say(push(channel, shape))
    except ProtocolError:
        return
