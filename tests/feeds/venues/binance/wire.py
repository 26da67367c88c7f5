"""Binance's words for tests: markets, connections, frames, and a plain book to hold decoded events against."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sortedcontainers import SortedDict

from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.venues.binance.protocol import BinanceProtocol

NOW_NS = 1_785_072_908_400_000_000
STREAMS = ("aggTrade", "depth@100ms", "bookTicker", "markPrice@1s", "forceOrder")


def market(symbol: str, kind: MarketKind, tick: str, contract: str = "1", multiplier: int = 1) -> Instrument:
    quote = next(quote for quote in ("USDT", "BUSD", "USDC", "USD", "BTC") if quote in symbol[2:])
    return Instrument(
        venue=Venue("binance"),
        kind=kind,
        symbol=symbol,
        base=symbol.partition(quote)[0],
        quote=quote,
        tick_size=Decimal(tick) / multiplier,
        contract_size=Decimal(contract),
        multiplier=multiplier,
    )


BTC = market("BTCUSDT", MarketKind.LINEAR, "0.10")
BTC_COIN = market("BTCUSD_PERP", MarketKind.INVERSE, "0.1", "100")
BTC_SPOT = market("BTCUSDT", MarketKind.SPOT, "0.01")
PEPE = market("1000PEPEUSDT", MarketKind.LINEAR, "0.0000001", multiplier=1000)


def spec(*markets: Instrument, streams: tuple[str, ...] = STREAMS) -> ConnectionSpec:
    names = tuple(f"{found.symbol.lower()}@{stream}" for found in markets for stream in streams)
    kind = markets[0].kind
    return ConnectionSpec(
        name="socket", venue=Venue("binance"), kind=kind, route="all", streams=names, markets=tuple(markets)
    )


def encode(message: Any) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()


def text(message: Any, ts_recv_ns: int = NOW_NS) -> Frame:
    return Frame(ts_recv_ns, "socket", FrameKind.TEXT, encode(message))


def combined(stream: str, data: Any) -> Frame:
    return text({"stream": stream, "data": data})


def answer(symbol: str, body: Any, ts_recv_ns: int = NOW_NS) -> Frame:
    return Frame(ts_recv_ns, "socket", FrameKind.HTTP, encode(body), f"depth/{symbol}")


def close(reason: bytes = b"gone") -> Frame:
    return Frame(NOW_NS, "socket", FrameKind.CLOSE, reason)


def opened(*markets: Instrument) -> BinanceProtocol:
    """A protocol after OPEN."""
    described = spec(*markets)
    protocol = BinanceProtocol(described)
    protocol.receive(open_frame(described, NOW_NS))
    return protocol


def taken(protocol: BinanceProtocol) -> list[Fetch]:
    """The requests since the last call."""
    requests, protocol.requests = protocol.requests, []
    return [request for request in requests if isinstance(request, Fetch)]


class Book:
    """Both sides by price in ticks, or nothing; absolute sizes, 0 removes."""

    def __init__(self) -> None:
        self.bids: SortedDict = SortedDict()
        self.asks: SortedDict = SortedDict()
        self.known = False

    def apply(self, events: Iterable[Event]) -> Book:
        for event in events:
            match event:
                case BookLost():
                    self.known = False
                case BookSnapshot():
                    self.bids, self.asks, self.known = SortedDict(), SortedDict(), True
                    self._set(event.bids, event.asks)
                case BookDelta():
                    assert self.known, "a delta before a snapshot"
                    self._set(event.bids, event.asks)
        return self

    def _set(self, *sides: list[tuple[int, float]]) -> None:
        for side, levels in zip((self.bids, self.asks), sides, strict=True):
            for ticks, size in levels:
                side[ticks] = size
                if not size:
                    del side[ticks]

    def top(self) -> tuple[int, float, int, float]:
        return (*self.bids.peekitem(-1), *self.asks.peekitem(0))
