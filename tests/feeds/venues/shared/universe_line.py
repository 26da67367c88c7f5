"""One universe connection as the feed sees it, for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from feeds.model.errors import ProtocolError
from feeds.model.events import Event
from feeds.model.frame import UNIVERSE, ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch, Send
from feeds.venues.registry import DRIVERS, protocol_for
from feeds.venues.shared.universe import UniverseProtocol

MS = 1_000_000
SECOND = 1_000 * MS
T0 = 1_790_757_000 * SECOND


def perp(
    venue: Venue, symbol: str, base: str, kind: str = "linear", tick: str = "0.1", contract: str = "1", units: int = 1
) -> Instrument:
    """A perpetual; `units` coins are one listed unit, `tick` and `contract` are the venue's own."""
    inverse = kind == "inverse"
    return Instrument(
        venue=venue, kind=MarketKind(kind), symbol=symbol, base=base, quote="USD" if inverse else "USDT",
        settle=base if inverse else "USDT", tick_size=Decimal(tick) / units, contract_size=Decimal(contract),
        multiplier=units,
    )  # fmt: skip


class Line:
    """Frames with rising receive times, their events, and what the protocol asks for."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.spec = spec
        made = protocol_for(spec)
        assert spec.route == UNIVERSE
        assert isinstance(made, UniverseProtocol)
        self.protocol = made
        self.now_ns = T0
        self.opened = list(self.protocol.receive(open_frame(spec, T0)))

    def text(self, payload: bytes | str) -> list[Event]:
        raw = payload if isinstance(payload, bytes) else payload.encode()
        return list(self.protocol.receive(Frame(self._later(), self.spec.name, FrameKind.TEXT, raw)))

    def http(self, tag: str, body: Any) -> list[Event]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return list(self.protocol.receive(Frame(self._later(), self.spec.name, FrameKind.HTTP, raw, tag)))

    def answer(self, tag: str) -> None:
        """Answer in a way that nobody can read, which counts as an answer."""
        with suppress(ProtocolError):
            assert not self.http(tag, b"?")

    def fail(self, tag: str) -> None:
        assert not self.protocol.receive(Frame(self._later(), self.spec.name, FrameKind.HTTP_FAILED, b"no", tag))

    def _later(self) -> int:
        self.now_ns += 10 * MS
        return self.now_ns

    def asked(self, at_s: float | None = None) -> list[Fetch]:
        """What it wants fetched after a tick, by default now."""
        self.protocol.tick(self.now_ns if at_s is None else T0 + round(at_s * SECOND))
        requests, self.protocol.requests = self.protocol.requests, []
        return [request for request in requests if isinstance(request, Fetch)]

    def sent(self) -> list[Any]:
        requests, self.protocol.requests = self.protocol.requests, []
        return [json.loads(request.text) for request in requests if isinstance(request, Send)]


def lines(markets: Sequence[Instrument]) -> list[Line]:
    """The universe connections of one venue's markets of one kind, open."""
    driver = DRIVERS[markets[0].venue]
    assert driver.universe is not None
    return [Line(spec) for spec in driver.plan_universe(markets)]


def of_type(events: Sequence[Event], shape: type[Any]) -> list[Any]:
    """The events of one type."""
    return [event for event in events if isinstance(event, shape)]
