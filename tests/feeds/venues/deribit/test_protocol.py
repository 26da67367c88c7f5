"""Deribit's decoder: golden vectors, the conversation, liquidations an hour late, and disorder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Side,
    Trade,
    TradesFilled,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import MarketKind
from feeds.model.protocol import Fetch, LastTrade, Reconnect, Replace
from feeds.venues.deribit.derivatives import DELAY_NS, WINDOW_NS, liquidated_sides
from feeds.venues.deribit.protocol import parse_channel
from tests.feeds.venues.deribit.wire import BTC, ETH, MS, OPEN_NS, PEPE, SECOND, Line, book, instrument, push, trade
from workstation.analytics.book.book import OrderBook

# worked by hand from the README: Trades, Liquidations


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
    assert liquidated_sides(direction, mark) == sides


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
        assert dict(known.bids.levels()) == pytest.approx(book_at(sent, at))
        applied = [number for number, _, _ in received]
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
