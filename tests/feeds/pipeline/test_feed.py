"""One bad frame costs one frame; a connection's decoder lives from OPEN to CLOSE."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import Connected, Disconnected, Trade, TradesFilled
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch, Reconnect
from feeds.pipeline.feed import Feed
from feeds.venues.registry import VENUES, protocol_for

BTC = Instrument(
    venue=Venue("binance"),
    kind=MarketKind.LINEAR,
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.10"),
)


def spec(name: str = "a") -> ConnectionSpec:
    streams = ("btcusdt@aggTrade", "btcusdt@depth@100ms")
    return ConnectionSpec(
        name=name, venue=Venue("binance"), kind=MarketKind.LINEAR, route="all", streams=streams, markets=(BTC,)
    )


def text(payload: bytes, name: str = "a", ts_ns: int = 5) -> Frame:
    return Frame(ts_ns, name, FrameKind.TEXT, payload)


def trade(number: int, name: str = "a", price: str = "100.10") -> Frame:
    data = {"e": "aggTrade", "E": 1, "s": "BTCUSDT", "a": number, "p": price, "q": "1", "T": 1, "m": True}
    return text(msgspec.json.encode({"stream": "btcusdt@aggTrade", "data": data}), name)


def close(name: str = "a") -> Frame:
    return Frame(9, name, FrameKind.CLOSE, b"gone")


def ids(feed: Feed, *frames: Frame) -> list[int | str]:
    return [event.trade_id for frame in frames for event in feed.receive(frame) if isinstance(event, Trade)]


def opened(*names: str) -> Feed:
    feed = Feed(protocol_for)
    for name in names or ("a",):
        feed.receive(open_frame(spec(name), 1))
    return feed


def test_a_bad_frame_is_counted_and_the_next_one_decodes(caplog: pytest.LogCaptureFixture) -> None:
    feed = opened()
    with caplog.at_level(logging.ERROR):
        assert list(feed.receive(text(b"\xff not json"))) == []
        assert list(feed.receive(text(b'{"stream":"btcusdt@aggTrade","data":{}}'))) == []
    assert feed.undecodable.total() == 2
    assert ids(feed, trade(7)) == [7]


def test_each_kind_of_error_is_logged_once_with_the_beginning_of_the_frame(caplog: pytest.LogCaptureFixture) -> None:
    feed = opened()
    with caplog.at_level(logging.DEBUG):
        for number in range(5):
            feed.receive(text(b"x" * 400 + b"%d" % number))
            feed.receive(trade(number, price="100.05"))
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "x" * 300 in caplog.text
    assert "x" * 301 not in caplog.text
    assert sorted(feed.undecodable.values()) == [5, 5]


def test_frames_of_unknown_connections_are_ignored() -> None:
    feed = opened()
    frames = [trade(1, "b"), close("b"), Frame(1, "", FrameKind.TIMER, b""), Frame(1, "b", FrameKind.HTTP, b"{}", "x")]
    assert [list(feed.receive(frame)) for frame in frames] == [[], [], [], []]
    assert feed.undecodable == {}


def test_a_decoder_lives_from_open_to_close() -> None:
    feed = Feed(protocol_for)
    assert ids(feed, trade(1)) == []
    first, *_ = feed.receive(open_frame(spec(), 1))
    assert isinstance(first, Connected)
    assert ids(feed, trade(2)) == [2]
    last, *_ = feed.receive(close())
    assert isinstance(last, Disconnected)
    assert ids(feed, trade(3)) == []
    assert list(feed.receive(close())) == []
    feed.receive(open_frame(spec(), 1))
    assert ids(feed, trade(4)) == [4]


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b"[" * 100_000, open_frame(spec(), 0).payload[:-9]])
def test_an_unreadable_open_leaves_the_connection_unknown(payload: bytes) -> None:
    feed = Feed(protocol_for)
    assert list(feed.receive(Frame(1, "a", FrameKind.OPEN, payload))) == []
    assert feed.undecodable.total() == 1
    assert ids(feed, trade(1)) == []


def test_a_venue_without_a_decoder_is_counted() -> None:
    def refuse(_: ConnectionSpec) -> object:
        raise ProtocolError("no such decoder")

    feed = Feed(refuse)  # type: ignore[arg-type]
    assert list(feed.receive(open_frame(spec(), 1))) == []
    assert feed.undecodable == {("a", "no such decoder"): 1}


def test_every_venue_can_be_opened() -> None:
    for venue in VENUES:
        assert protocol_for(msgspec.structs.replace(spec(), venue=venue, markets=(), streams=())).requests == []


def test_a_recording_of_a_foreign_venue_is_counted() -> None:
    feed = Feed(protocol_for)
    assert list(feed.receive(open_frame(msgspec.structs.replace(spec(), venue=Venue("kraken")), 1))) == []
    assert feed.undecodable == {("a", "kraken cannot be decoded by this version"): 1}


class Talkative:
    """A decoder that asks for something at every call and forgets its markets at a word."""

    def __init__(self, described: ConnectionSpec) -> None:
        self.requests: list[Fetch | Reconnect] = []  # type: ignore[assignment]
        self._name = described.name

    def receive(self, frame: Frame) -> Sequence[Trade]:
        if frame.payload == b"fault":
            raise KeyError("a fault of the decoder")
        self.requests.append(Fetch(f"/{self._name}", frame.kind))
        return ()

    def resume(self, last_trades: object) -> None:
        pass

    def tick(self, now_ns: int) -> None:
        self.requests.append(Reconnect(f"{self._name} {now_ns}"))

    def refresh_books(self, now_ns: int) -> None:
        self.requests.append(Fetch("/book", str(now_ns)))


def talkative() -> Feed:
    feed = Feed(Talkative)  # type: ignore[arg-type]
    for name in ("a", "b"):
        feed.receive(open_frame(spec(name), 1))
    return feed


def test_requests_are_taken_once_with_their_connection() -> None:
    feed = talkative()
    feed.tick(7)
    feed.refresh_books(8)
    requests = [Reconnect("{} 7"), Fetch("/book", "8")]
    assert [(name, type(request)) for name, request in feed.take_requests()] == [
        (name, kind) for name in ("a", "b") for kind in (Fetch, *map(type, requests))
    ]
    assert list(feed.take_requests()) == []


def test_the_requests_of_a_closed_connection_are_dropped() -> None:
    feed = talkative()
    feed.receive(close("a"))
    assert {name for name, _ in feed.take_requests()} == {"b"}


def test_a_fault_of_a_decoder_is_not_taken_for_an_unknown_connection() -> None:
    with pytest.raises(KeyError):
        talkative().receive(text(b"fault"))


def test_trades_off_the_grid_are_fetched_again_when_the_market_is_listed_anew() -> None:
    """Those between them that lay on the old grid passed before and count once."""
    feed = opened("a")
    prices = {1: "100.10", 2: "100.15", 3: "100.20", 4: "100.25", 5: "100.30", 6: "100.35"}
    passed = ids(feed, *(trade(number, price=price) for number, price in prices.items()))
    assert passed == [1, 3, 5]
    feed.receive(close())
    finer = msgspec.structs.replace(BTC, tick_size=Decimal("0.05"))
    feed.receive(open_frame(msgspec.structs.replace(spec("b"), markets=(finer,)), 10))
    passed += ids(feed, trade(8, "b", "100.45"))
    (fetch,) = [request for _, request in feed.take_requests() if isinstance(request, Fetch) and "rades" in request.tag]
    rows = [{"a": n, "p": prices.get(n, "100.40"), "q": "1", "T": 1, "m": True} for n in range(2, 8)]
    answer = Frame(12, "b", FrameKind.HTTP, msgspec.json.encode(rows), fetch.tag)
    filled = [event for event in feed.receive(answer) if isinstance(event, TradesFilled)]
    passed += [one.trade_id for event in filled for one in event.trades]
    assert sorted(map(int, passed)) == list(range(1, 9))
