"""Deribit's messages for tests, and a line that says them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from feeds.model.events import Event
from feeds.model.frame import Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Send
from feeds.venues import deribit
from feeds.venues.deribit.protocol import DeribitProtocol

MS = 1_000_000
SECOND = 1_000 * MS
OPEN_NS = 1_789_344_930_000 * MS


def instrument(symbol: str, tick: str, base: str, kind: MarketKind = MarketKind.INVERSE) -> Instrument:
    quote = "USD" if kind is MarketKind.INVERSE else "USDC"
    return Instrument(
        venue=Venue("deribit"), kind=kind, symbol=symbol, base=base, quote=quote, tick_size=Decimal(tick)
    )  # fmt: skip


BTC = instrument("BTC-PERPETUAL", "0.5", "BTC")
ETH = instrument("ETH-PERPETUAL", "0.05", "ETH")
LINK = instrument("LINK_USDC-PERPETUAL", "0.001", "LINK", MarketKind.LINEAR)
PEPE = Instrument(
    venue=Venue("deribit"), kind=MarketKind.LINEAR, symbol="1000PEPE_USDC-PERPETUAL", base="PEPE", quote="USDC",
    tick_size=Decimal("0.000000001"), multiplier=1000,
)  # fmt: skip


class Line:
    """One protocol and a clock that steps a millisecond a frame."""

    def __init__(self, *markets: Instrument) -> None:
        (self.spec,) = deribit.DRIVER.plan(markets)
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
