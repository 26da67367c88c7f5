"""Hyperliquid's decoder against real captures, the published message cases, golden vectors, and disorder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.importers import import_captures
from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Event,
    Funding,
    IndexPrice,
    MarkPrice,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Send
from feeds.pipeline.symbols import base_and_multiplier
from feeds.recording import RecordingReader
from feeds.venues import hyperliquid
from feeds.venues.hyperliquid.profile import PROFILE
from feeds.venues.hyperliquid.protocol import HyperliquidProtocol, subscription
from workstation.replay.core import Core

MS = 1_000_000
OPEN_NS = 1_730_160_020_000 * MS
FAST_LEVELS, SLOW_LEVELS = 5, 20


def instrument(coin: str, tick: str, kind: MarketKind = MarketKind.LINEAR) -> Instrument:
    base, multiplier = base_and_multiplier(coin, PROFILE.symbols)
    return Instrument(
        venue=Venue("hyperliquid"), kind=kind, symbol=coin, base=base, quote="USDC",
        tick_size=Decimal(tick) / multiplier, multiplier=multiplier,
    )  # fmt: skip


BTC = instrument("BTC", "0.1")
COINS = [("FXS", "0.00001"), ("SHIA", "0.0001"), ("BANANA", "0.0001"), ("MOODENG", "0.000001"), ("kPEPE", "0.000001")]
MARKETS = (BTC, *(instrument(coin, tick) for coin, tick in COINS), instrument("@162", "0.000001", MarketKind.SPOT))


class Line:
    """One protocol and a clock that steps a millisecond a frame."""

    def __init__(self, *markets: Instrument, open_ns: int = OPEN_NS, streams: tuple[str, ...] = ()) -> None:
        self.spec = ConnectionSpec(
            name="h", venue=Venue("hyperliquid"), kind=MarketKind.LINEAR, route="all", streams=streams, markets=markets
        )
        self.protocol = HyperliquidProtocol(self.spec)
        self.now_ns = open_ns
        self.opened = list(self.protocol.receive(open_frame(self.spec, open_ns)))

    def say(self, message: object) -> list[Event]:
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.now_ns += MS
        return list(self.protocol.receive(Frame(self.now_ns, "h", FrameKind.TEXT, text)))

    def close(self) -> list[Event]:
        return list(self.protocol.receive(Frame(self.now_ns, "h", FrameKind.CLOSE, b"gone")))

    def sent(self) -> list[Any]:
        requests, self.protocol.requests = self.protocol.requests, []
        return [json.loads(request.text) for request in requests if isinstance(request, Send)]


def trades(*rows: tuple[str, str, str, int, int], coin: str = "BTC") -> dict[str, Any]:
    fields = ("side", "px", "sz", "time", "tid")
    return {"channel": "trades", "data": [{"coin": coin, **dict(zip(fields, row, strict=True))} for row in rows]}


def book(time: int, bids: dict[int, float], asks: dict[int, float], fast: bool = False) -> dict[str, Any]:
    sides = (sorted(bids.items(), reverse=True), sorted(asks.items()))
    levels = [[{"px": f"{price}.0", "sz": f"{size}", "n": 1} for price, size in side] for side in sides]
    data = {"coin": "BTC", "time": time, "levels": levels}
    return {"channel": "l2Book", "data": data | ({"fast": True} if fast else {})}


def prices(event: Event) -> tuple[list[int], list[int]]:
    assert isinstance(event, BookSnapshot)
    return [ticks // 10 for ticks, _ in event.bids], [ticks // 10 for ticks, _ in event.asks]


# real captures


@pytest.fixture(scope="module")
def capture(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 25 seconds of 2025-01-26 as a recording."""
    out = tmp_path_factory.mktemp("hyperliquid") / "hyperliquid.mcap"
    import_captures(None, [data / "hyperliquid-2025-01-26" / "btcusd_20250126.gz"], out)
    return out


def test_real_capture_gives_every_book_and_trade(capture: Path) -> None:
    frames = list(RecordingReader(capture).frames())
    raw = [json.loads(frame.payload) for frame in frames if frame.kind is FrameKind.TEXT]
    core = Core()
    events = [event for frame in frames for event in core.feed.receive(frame)]
    assert not core.feed.undecodable
    books = [event for event in events if isinstance(event, BookSnapshot)]
    sent = [message["data"] for message in raw if message["channel"] == "l2Book"]
    assert len(books) == len(sent) > 30
    for event, message in zip(books, sent, strict=True):
        for levels, told in zip((event.bids, event.asks), message["levels"], strict=True):
            assert [event.instrument.price_from_ticks(ticks) for ticks, _ in levels] == [
                float(row["px"]) for row in told
            ]
            assert [size for _, size in levels] == [float(level["sz"]) for level in told]
        assert event.bids[0][0] < event.asks[0][0]
    rows = [row for message in raw if message["channel"] == "trades" for row in message["data"]]
    first = next(message["data"] for message in raw if message["channel"] == "trades")
    backlog = {row["tid"] for row in first if row["time"] * MS < frames[0].ts_recv_ns}
    assert backlog, "the capture begins with trades from before it"
    told_trades = [event for event in events if isinstance(event, Trade)]
    assert [event.trade_id for event in told_trades] == list(
        dict.fromkeys(str(row["tid"]) for row in rows if row["tid"] not in backlog)
    )
    assert sum(isinstance(event, TradesLive) for event in events) == 1


def test_rest_bodies_become_instruments_and_books(data: Path) -> None:
    folder = data / "rest" / "hyperliquid"
    body = (folder / "meta.json").read_bytes()
    listed = {i.symbol: i for i in hyperliquid.DRIVER.instruments(MarketKind.LINEAR, [body])}
    universe = json.loads(body)["universe"]
    assert len(listed) == sum(not asset.get("isDelisted") for asset in universe)
    btc, pepe = listed["BTC"], listed["kPEPE"]
    assert (btc.tick_size, btc.lot_size, btc.base, btc.quote) == (Decimal("0.1"), Decimal("0.00001"), "BTC", "USDC")
    assert (pepe.base, pepe.multiplier, pepe.tick_size) == ("PEPE", 1000, Decimal("0.000000001"))
    chosen = hyperliquid.DRIVER.choose(listed.values(), ["PEPE", "BTC", "NONE"])
    assert [market.symbol for market in chosen] == ["kPEPE", "BTC"]
    line = Line(*listed.values(), open_ns=1)
    snapshot = json.loads((folder / "l2Book.json").read_bytes())
    (event,) = line.say({"channel": "l2Book", "data": snapshot})
    assert isinstance(event, BookSnapshot)
    assert len(event.bids) == len(snapshot["levels"][0]) == SLOW_LEVELS
    recent = json.loads((folder / "recentTrades.json").read_bytes())
    assert sum(isinstance(e, Trade) for e in line.say({"channel": "trades", "data": recent})) == len(recent)


def test_every_context_of_the_venue_is_read(data: Path) -> None:
    body = json.loads((data / "rest" / "hyperliquid" / "metaAndAssetCtxs.json").read_bytes())
    listed = hyperliquid.DRIVER.instruments(MarketKind.LINEAR, [json.dumps(body[0]).encode()])
    contexts = {asset["name"]: ctx for asset, ctx in zip(body[0]["universe"], body[1], strict=True)}
    line = Line(*listed)
    for market in listed:
        ctx = contexts[market.symbol]
        mark, index, funding, interest = line.say(
            {"channel": "activeAssetCtx", "data": {"coin": market.symbol, "ctx": ctx}}
        )
        assert isinstance(mark, MarkPrice)
        assert mark.mark == pytest.approx(float(ctx["markPx"]) / market.multiplier)
        assert isinstance(index, IndexPrice)
        assert index.index == pytest.approx(float(ctx["oraclePx"]) / market.multiplier)
        assert isinstance(funding, Funding)
        assert funding.rate == float(ctx["funding"])
        assert isinstance(interest, OpenInterest)
        assert interest.open_interest == pytest.approx(float(ctx["openInterest"]) * market.multiplier)


def test_spot_pairs_are_named_by_their_coin() -> None:
    tokens = [("USDC", 8, 0), ("UBTC", 5, 197), ("PURR", 0, 1), ("USDT0", 2, 268)]
    meta = {
        "tokens": [{"name": n, "szDecimals": d, "index": i, "weiDecimals": 8} for n, d, i in tokens],
        "universe": [
            {"name": "PURR/USDC", "tokens": [1, 0], "index": 0},
            {"name": "@142", "tokens": [197, 0], "index": 142},
            {"name": "@166", "tokens": [268, 197], "index": 166},
        ],
    }
    purr, btc = hyperliquid.DRIVER.instruments(MarketKind.SPOT, [json.dumps(meta).encode()])
    assert (purr.symbol, purr.base, purr.tick_size, purr.lot_size) == ("PURR/USDC", "PURR", Decimal("1E-8"), 1)
    assert (btc.symbol, btc.base, btc.tick_size) == ("@142", "BTC", Decimal("0.001"))


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"universe":[{"name":"A","szDecimals":-1}]}', b"\xff"])
@pytest.mark.parametrize("kind", [MarketKind.LINEAR, MarketKind.SPOT])
def test_unreadable_instrument_lists_are_refused(body: bytes, kind: MarketKind) -> None:
    with pytest.raises(ProtocolError):
        hyperliquid.DRIVER.instruments(kind, [body])


# published cases

NOT_OURS = {
    0: "the first trades of a coin, from before the connection: history",
    2: "the same for BTC",
    7: "a spot context: spot has no mark, index, funding or open interest of ours",
    9: "a one-sided quote: Quote has both sides",
}


def test_published_cases(data: Path) -> None:
    cases = json.loads((data / "oracles" / "venue-message-cases.json").read_bytes())["map hyperliquid messages"]
    line, told = Line(*MARKETS), []
    for number, (message, expected) in enumerate(
        zip(cases["arrays"]["messages"], cases["expected_in_order"], strict=True)
    ):
        events = [event for event in line.say(message) if not isinstance(event, TradesLive)]
        if number in NOT_OURS:
            assert not events
            continue
        assert expected, "every case that we decode is decoded by the others too"
        for record in expected:
            told.append(record["type"])
            check(record, events)
    assert sorted(set(told)) == ["book_change", "book_ticker", "derivative_ticker", "trade"]


def check(record: dict[str, Any], events: Sequence[Event]) -> None:
    """One published record against our events of the same message."""
    kinds = {type(event): event for event in events}
    if record["type"] == "trade":
        trade = kinds[Trade]
        assert isinstance(trade, Trade)
        assert (trade.price, trade.size) == (record["price"], record["amount"])
        assert (str(trade.trade_id), str(trade.aggressor)) == (record["id"], record["side"])
    elif record["type"] == "book_change":
        event = kinds[BookSnapshot]
        assert isinstance(event, BookSnapshot)
        at = event.instrument.price_from_ticks
        for levels, expected in ((event.bids, record["bids"]), (event.asks, record["asks"])):
            assert [(at(ticks), size) for ticks, size in levels] == [(row["price"], row["amount"]) for row in expected]
    elif record["type"] == "book_ticker":
        quote = kinds[Quote]
        assert isinstance(quote, Quote)
        at = quote.instrument.price_from_ticks
        assert (at(quote.bid_ticks), quote.bid_size) == (record["bidPrice"], record["bidAmount"])
        assert (at(quote.ask_ticks), quote.ask_size) == (record["askPrice"], record["askAmount"])
    else:
        mark, index, funding, interest = events
        assert isinstance(mark, MarkPrice)
        assert mark.mark == record["markPrice"]
        assert isinstance(index, IndexPrice)
        assert index.index == record["indexPrice"]
        assert isinstance(funding, Funding)
        assert funding.rate == record["fundingRate"]
        assert isinstance(interest, OpenInterest)
        assert interest.open_interest == record["openInterest"]


# worked by hand from the README: Trades


def test_golden_trade() -> None:
    line = Line(BTC)
    live, trade = line.say(trades(("A", "83459.0", "0.00012", 1_791_400_828_182, 1)))
    assert isinstance(live, TradesLive)
    assert isinstance(trade, Trade)
    assert (trade.aggressor, trade.size) == (Side.SELL, 0.00012)
    assert trade.notional == pytest.approx(10.01508, rel=1e-12)
    assert trade.ts_venue_ns == 1_791_400_828_182 * MS


def test_golden_thousands() -> None:
    line = Line(*MARKETS)
    _, trade = line.say(trades(("B", "0.004409", "25.0", 1_791_400_828_182, 1), coin="kPEPE"))
    assert isinstance(trade, Trade)
    assert (trade.price, trade.size) == (0.000004409, 25_000.0)
    assert trade.notional == pytest.approx(0.004409 * 25.0, rel=1e-12)


# the conversation


def test_subscriptions_pings_and_acks() -> None:
    (book_spec, flow_spec) = hyperliquid.DRIVER.connections((BTC,), hyperliquid.DRIVER.endpoints[MarketKind.LINEAR])
    assert book_spec.url == flow_spec.url == "wss://api.hyperliquid.xyz/ws"
    line = Line(BTC, streams=book_spec.streams + flow_spec.streams)
    assert [type(event) for event in line.opened] == [Connected]
    subscribed = [request["subscription"] for request in line.sent()]
    assert subscribed == [
        {"type": "l2Book", "coin": "BTC"},
        {"type": "l2Book", "coin": "BTC", "fast": True},
        {"type": "bbo", "coin": "BTC"},
        {"type": "trades", "coin": "BTC"},
        {"type": "activeAssetCtx", "coin": "BTC"},
    ]
    for second in range(120):
        line.protocol.tick(OPEN_NS + second * 1_000 * MS)
    assert line.sent() == [{"method": "ping"}] * 7
    echo = {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None, "fast": False}
    ack = {"channel": "subscriptionResponse", "data": {"method": "subscribe", "subscription": echo}}
    assert line.say(ack) == []
    ack["data"]["subscription"] = {"type": "trades", "coin": "BTC"}  # type: ignore[index]
    assert [type(event) for event in line.say(ack)] == [TradesLive]
    assert line.say(ack) == []
    assert line.say({"channel": "pong"}) == []
    assert line.say({"channel": "error", "data": "Already subscribed: {}"}) == []
    with pytest.raises(ProtocolError, match="refused"):
        line.say({"channel": "error", "data": "Invalid subscription"})
    assert [type(event) for event in line.close()] == [Disconnected, TradesLost]


def test_stream_names_of_captures_subscribe_to_nothing() -> None:
    assert subscription("l2Book") is None
    assert json.loads(subscription("trades:PURR/USDC") or "")["subscription"]["coin"] == "PURR/USDC"


def test_backlog_is_not_counted_and_duplicates_are_told_once() -> None:
    line, at = Line(BTC), OPEN_NS // MS
    first = line.say(trades(("B", "100.0", "1", at - 1, 1), ("A", "100.0", "2", at, 2)))
    assert [event.trade_id for event in first if isinstance(event, Trade)] == ["2"]
    late = line.say(trades(("A", "100.0", "2", at, 2), ("B", "100.0", "3", at - 500, 3)))
    assert [event.trade_id for event in late if isinstance(event, Trade)] == ["3"]


def test_a_coin_that_was_not_asked_for_is_ignored() -> None:
    line = Line(BTC)
    assert line.say(trades(("B", "1", "1", 1, 1), coin="ETH")) == []
    assert line.say({"channel": "somethingNew", "data": {"coin": "BTC"}}) == []


def test_the_shown_book_is_the_slow_one_with_a_fast_top() -> None:
    line = Line(BTC)
    slow_bids, slow_asks = {100 - i: 1.0 for i in range(20)}, {101 + i: 1.0 for i in range(20)}
    (event,) = line.say(book(1_000, slow_bids, slow_asks))
    assert prices(event) == (list(slow_bids), list(slow_asks))
    fast_bids, fast_asks = {102 - i: 2.0 for i in range(5)}, {103 + i: 2.0 for i in range(5)}
    (event,) = line.say(book(1_500, fast_bids, fast_asks, fast=True))
    assert prices(event) == ([102, 101, *range(100, 80, -1)], [*range(103, 121)])
    assert isinstance(event, BookSnapshot)
    assert [size for _, size in event.bids[:6]] == [2.0] * 5 + [1.0]
    assert event.ts_venue_ns == 1_500 * MS
    (event,) = line.say(book(1_400, slow_bids, slow_asks))
    assert prices(event)[0][:2] == [102, 101], "a slow frame from before the fast one does not set its top back"
    assert line.say(book(999, slow_bids, slow_asks)) == []
    assert line.say(book(1_499, fast_bids, fast_asks, fast=True)) == []
    (event,) = line.say(book(1_600, {90: 1.0}, {91: 1.0}))
    assert prices(event) == ([90], [91])
    (event,) = line.say(book(1_700, {90: 1.0}, {}, fast=True))
    assert prices(event) == ([90], []), "fewer than five fast levels are the whole side"
    line.protocol.refresh_books(line.now_ns)
    assert [type(event) for event in line.close()] == [Disconnected, BookLost]


@pytest.mark.parametrize(
    "message",
    [
        book(1, {100: 1.0}, {100: 1.0}),
        {"channel": "l2Book", "data": {"coin": "BTC", "time": 1, "levels": [[]]}},
        {"channel": "l2Book", "data": {"coin": "BTC", "time": 1, "levels": [[{"px": "1.0", "sz": "-1"}], []]}},
        {"channel": "l2Book", "data": {"coin": "BTC", "time": 1, "levels": [[{"px": "1.01", "sz": "1"}], []]}},
        {"channel": "l2Book", "data": {"coin": "BTC", "time": 1, "levels": [[{"px": "nan", "sz": "1"}], []]}},
        {
            "channel": "l2Book",
            "data": {"coin": "BTC", "time": 1, "levels": [[{"px": "1", "sz": "1"}, {"px": "2", "sz": "1"}], []]},
        },
        trades(("C", "1", "1", 1, 1)),
        trades(("A", "1", "nan", 1, 1)),
        {"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": {"funding": "x"}}},
        {"channel": 5},
        [],
    ],
)
def test_impossible_messages_are_refused_and_change_nothing(message: object) -> None:
    line = Line(BTC)
    before = line.say(book(0, {100: 1.0}, {101: 1.0}))
    with pytest.raises(ProtocolError):
        line.say(message)
    assert prices(line.say(book(0, {100: 1.0}, {101: 1.0}))[0]) == prices(before[0])


# disorder

Frames = list[tuple[int, bool, int]]


@st.composite
def disordered(draw: st.DrawFn) -> Frames:
    """Slow and fast frames (time, is fast, best bid), some dropped, some repeated, the rest of them shuffled."""
    frames = [(time, draw(st.booleans()), 1_000 + draw(st.integers(-8, 8))) for time in range(12)]
    kept = [frame for frame in frames for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2])))]
    start = draw(st.integers(0, len(kept)))
    return kept[:start] + draw(st.permutations(kept[start:]))


def sides(top: int, count: int) -> tuple[dict[int, float], dict[int, float]]:
    return {top - i: 1.0 + top for i in range(count)}, {top + 1 + i: 2.0 + top for i in range(count)}


@settings(max_examples=150, deadline=None)
@given(disordered())
def test_any_disorder_ends_in_the_newest_books(frames: Frames) -> None:
    line, shown, last_ns = Line(BTC), None, 0
    for time, fast, top in frames:
        for event in line.say(book(time, *sides(top, FAST_LEVELS if fast else SLOW_LEVELS), fast=fast)):
            assert isinstance(event, BookSnapshot)
            assert event.ts_venue_ns >= last_ns
            assert event.bids[0][0] < event.asks[0][0]
            shown, last_ns = event, event.ts_venue_ns
    newest = {fast: max((f for f in frames if f[1] is fast), default=None) for fast in (True, False)}
    slow, fast_one = newest[False], newest[True]
    if shown is None:
        assert not frames
        return
    levels: tuple[dict[int, float], dict[int, float]] = ({}, {})
    if slow is not None:
        levels = sides(slow[2], SLOW_LEVELS)
    if fast_one is not None and (slow is None or fast_one[0] > slow[0]):
        bids, asks = sides(fast_one[2], FAST_LEVELS)
        levels = (
            bids | {p: s for p, s in levels[0].items() if p < min(bids)},
            asks | {p: s for p, s in levels[1].items() if p > max(asks)},
        )
    assert {ticks // 10: size for ticks, size in shown.bids} == levels[0]
    assert {ticks // 10: size for ticks, size in shown.asks} == levels[1]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["trades", "l2Book", "bbo", "activeAssetCtx", "subscriptionResponse"]))
def test_any_bytes_are_decoded_or_refused(noise: bytes, channel: str) -> None:
    head = b'{"channel":"' + channel.encode() + b'","data":'
    for payload in (noise, head + noise, head + b'{"coin":"BTC",' + noise, head + b"[" * 2_000):
        try:
            Line(BTC).say(payload)
        except ProtocolError:
            continue


_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6)
_fields = st.sampled_from(
    ["coin", "time", "levels", "px", "sz", "side", "tid", "bbo", "ctx", "markPx", "fast", "funding"]
)
_shapes = st.recursive(
    _scalars | st.just("BTC") | st.just("1"), lambda inner: st.lists(inner) | st.dictionaries(_fields, inner)
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["trades", "l2Book", "bbo", "activeAssetCtx", "error"]), _shapes)
def test_any_shape_is_decoded_or_refused(channel: str, shape: object) -> None:
    try:
        Line(BTC).say({"channel": channel, "data": shape})
    except ProtocolError:
        return
