"""OKX connections without a socket: instruments, frames, and a book as plain as the venue's documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Send
from feeds.venues.okx.protocol import OkxProtocol

SECOND = 1_000_000_000
START_NS = 1_790_000_000 * SECOND
STREAMS = (
    "trades", "books", "bbo-tbt", "mark-price", "funding-rate", "open-interest",
)  # fmt: skip


def listed(
    symbol: str, tick: str, contract: str = "1", kind: MarketKind = MarketKind.LINEAR, lot: str = "0.01"
) -> Instrument:
    base, quote = symbol.split("-")[:2]
    return Instrument(
        venue=Venue("okx"),
        kind=kind,
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        contract_size=Decimal(contract),
    )


BTC = listed("BTC-USDT-SWAP", "0.1", "0.01")
ETH = listed("ETH-USDT-SWAP", "0.01", "0.1")
PEPE = listed("PEPE-USDT-SWAP", "0.00000001", "10000000")
BIGTIME = listed("BIGTIME-USDT-SWAP", "0.000001", "10")
INVERSE = listed("BTC-USD-SWAP", "0.1", "100", MarketKind.INVERSE)
SPOT = listed("BTC-USDT", "0.1", kind=MarketKind.SPOT)


class Wire:
    """One connection: texts in, events and requests out."""

    def __init__(self, *markets: Instrument, streams: Sequence[str] | None = None) -> None:
        named = [f"{channel}:{market.symbol}" for market in markets for channel in STREAMS]
        self.spec = ConnectionSpec(
            name="okx.linear.public",
            venue=Venue("okx"),
            kind=markets[0].kind if markets else MarketKind.LINEAR,
            route="public",
            streams=tuple(named if streams is None else streams),
            markets=markets,
        )
        self.protocol = OkxProtocol(self.spec)
        self.now_ns = START_NS

    def open(self) -> list[Event]:
        return list(self.protocol.receive(open_frame(self.spec, self.now_ns)))

    def close(self, reason: str = "gone") -> list[Event]:
        return list(self.protocol.receive(Frame(self.now_ns, self.spec.name, FrameKind.CLOSE, reason.encode())))

    def text(self, message: object) -> list[Event]:
        payload = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()
        return list(self.protocol.receive(Frame(self.now_ns, self.spec.name, FrameKind.TEXT, payload)))

    def tick(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)
        self.protocol.tick(self.now_ns)

    def sent(self) -> list[Any]:
        """What was asked for since the last call: JSON requests as dictionaries, anything else as it is."""
        requests, self.protocol.requests = self.protocol.requests, []
        return [
            json.loads(request.text) if isinstance(request, Send) and request.text.startswith("{") else request
            for request in requests
        ]


class Book:
    """What the events say the book is; None while it is unknown."""

    def __init__(self) -> None:
        self.bids: dict[int, float] | None = None
        self.asks: dict[int, float] | None = None
        self.update_id = 0

    def apply(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, BookSnapshot):
                self.bids, self.asks, self.update_id = dict(event.bids), dict(event.asks), event.update_id
            elif isinstance(event, BookDelta):
                assert self.bids is not None
                assert self.asks is not None, "a delta came before a snapshot"
                self.update_id = event.update_id
                for side, levels in ((self.bids, event.bids), (self.asks, event.asks)):
                    for price, size in levels:
                        side[price] = size
                        if not size:
                            del side[price]
            elif isinstance(event, BookLost):
                self.bids = self.asks = None

    def touch(self) -> tuple[int, float, int, float]:
        assert self.bids
        assert self.asks
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]


def recorded(data: Path, name: str) -> list[bytes]:
    """The frames of one recorded file, without their monotonic prefix."""
    return [line.split(b"\t", 1)[1] for line in (data / "frames" / "okx" / name).read_bytes().splitlines() if line]


def trades(symbol: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"arg": {"channel": "trades", "instId": symbol}, "data": [{"instId": symbol, **row} for row in rows]}


def trade(trade_id: int, count: int | None = 1, **more: Any) -> dict[str, Any]:
    row = {"tradeId": str(trade_id), "px": "83725.9", "sz": "5", "side": "buy", "ts": "1791369350776", "source": "0"}
    return row | ({} if count is None else {"count": str(count)}) | more


def books(symbol: str, action: str, previous: int, seq: int, bids: Any, asks: Any, **more: Any) -> dict[str, Any]:
    row = {"asks": asks, "bids": bids, "ts": "1791369351001", "checksum": 0, "seqId": seq, "prevSeqId": previous}
    return {"arg": {"channel": "books", "instId": symbol}, "action": action, "data": [row | more]}


def level(price: str, size: str) -> list[str]:
    return [price, size, "0", "1" if float(size) else "0"]
