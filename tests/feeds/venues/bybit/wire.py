"""Bybit markets and frames for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from feeds.model.events import Event
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Send
from feeds.venues.bybit.protocol import BybitProtocol
from feeds.venues.shared.limits import LIMITS, Limits

T0 = 1_791_365_000_000_000_000
MS = 1_000_000
SECOND = 1_000 * MS


def market(symbol: str, kind: str = "linear", tick: str = "0.1", multiplier: int = 1, base: str = "") -> Instrument:
    return Instrument(
        venue=Venue("bybit"),
        kind=MarketKind(kind),
        symbol=symbol,
        base=base or symbol.removesuffix("USDT").removesuffix("USD"),
        quote="USD" if kind == "inverse" else "USDT",
        tick_size=Decimal(tick) / multiplier,
        multiplier=multiplier,
    )


class Line:
    """One connection as the feed sees it: frames with rising receive times, events and requests."""

    def __init__(
        self, *markets: Instrument, streams: Sequence[str] = (), open_it: bool = True, limits: Limits = LIMITS
    ) -> None:
        kind = markets[0].kind if markets else MarketKind.LINEAR
        self.spec = ConnectionSpec(
            name="bybit.test", venue=Venue("bybit"), kind=kind, route="all", streams=tuple(streams), markets=markets
        )
        self.protocol = BybitProtocol(self.spec, limits)
        self.now_ns = T0
        self.opened = list(self.protocol.receive(open_frame(self.spec, T0))) if open_it else []

    def text(self, payload: Any, after_ms: float = 10) -> list[Event]:
        """Receive one message, as bytes or as an object, `after_ms` after the one before."""
        self.now_ns += int(after_ms * MS)
        raw = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        return list(self.protocol.receive(Frame(self.now_ns, self.spec.name, FrameKind.TEXT, raw)))

    def close(self, reason: bytes = b"gone") -> list[Event]:
        return list(self.protocol.receive(Frame(self.now_ns, self.spec.name, FrameKind.CLOSE, reason)))

    def asked(self) -> list[dict[str, Any]]:
        """Take what the protocol wants sent."""
        requests, self.protocol.requests = self.protocol.requests, []
        assert all(isinstance(request, Send) for request in requests)
        return [json.loads(request.text) for request in requests if isinstance(request, Send)]


def book(kind: str, u: int, b: Any = (), a: Any = (), symbol: str = "BTCUSDT", depth: int = 200) -> dict[str, Any]:
    data = {"s": symbol, "b": list(b), "a": list(a), "u": u, "seq": 7}
    return {"topic": f"orderbook.{depth}.{symbol}", "type": kind, "ts": 1791365004404, "data": data}


def trades(*rows: dict[str, Any], symbol: str = "BTCUSDT") -> dict[str, Any]:
    usual = {"T": 1791365008334, "s": symbol, "S": "Buy", "v": "1", "p": "100.0", "i": "a", "BT": False, "RPI": False}
    data = [usual | row for row in rows]
    return {"topic": f"publicTrade.{symbol}", "type": "snapshot", "ts": 1791365008335, "data": data}


def ticker(kind: str, symbol: str = "BTCUSDT", **fields: str) -> dict[str, Any]:
    data = {"symbol": symbol, **fields}
    return {"topic": f"tickers.{symbol}", "type": kind, "data": data, "cs": 9, "ts": 1673272861686}
