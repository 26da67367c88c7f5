"""Reads the golden frames of tests/data and replays them through the decoder of their venue (tests/data/README.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event, Level
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Request, VenueProtocol
from feeds.venues.registry import DRIVERS, protocol_for
from tests.feeds.venues.golden_events import described

DATA = Path(__file__).parents[2] / "data"
VENUES = {str(venue): venue for venue in DRIVERS}
_PLAIN = frozenset({"event", "market", "id", "side", "state", "trading", "error", "requests"})
_ROUNDING = Fraction(1, 1 << 50)

Row = dict[str, Any]
Step = tuple[int, list[Row]]


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    """A connection as a recording describes it, with markets by symbol."""

    kind: MarketKind
    markets: list[str]
    streams: list[str] = []
    route: str = "all"
    history_s: int = 0
    candles_s: int = 0


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One frame: exactly one of `open`, `text`, `plain`, `http` (with `body`), `failed` and `close`. `ms` is when."""

    ms: int
    open: Opening | None = None
    text: msgspec.Raw = msgspec.Raw()
    plain: str | None = None
    http: str = ""
    body: msgspec.Raw = msgspec.Raw()
    failed: str = ""
    close: str | None = None
    why: str = ""


def rows(path: Path) -> list[Row]:
    """The JSON objects of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def markets(venue: str) -> dict[tuple[str, str], Instrument]:
    """The instruments of a venue's golden frames by kind and symbol, in the order of the venue's listing."""
    return {(row["kind"], row["symbol"]): _instrument(venue, row) for row in rows(DATA / venue / "markets.jsonl")}


def _instrument(venue: str, row: Row) -> Instrument:
    sizes = {name + "_size": Decimal(str(row[name])) for name in ("tick", "lot", "contract")}
    names = {name: row[name] for name in ("symbol", "base", "quote", "settle", "multiplier")}
    return Instrument(venue=VENUES[venue], kind=MarketKind(row["kind"]), **names, **sizes)


def expected(path: Path) -> list[Step]:
    """The rows stated for each frame that yields any, in order."""
    steps: dict[int, list[Row]] = {}
    for row in rows(path.with_suffix(".events.jsonl")):
        steps.setdefault(row.pop("frame"), []).append(row)
    return list(steps.items())


class Replay:
    """One file of frames. A frame that opens a connection begins with a new decoder."""

    def __init__(self, path: Path) -> None:
        self.venue = path.parent.name
        self._lines = [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines() if line]
        self._markets = markets(self.venue)
        self._protocol: VenueProtocol | None = None
        self._books: dict[str, Book] = {}

    def steps(self, stated: Mapping[int, list[Row]]) -> Iterator[Step]:
        """What each frame yields, by its line number; requests and best prices only where they are stated."""
        for number, line in enumerate(self._lines, 1):
            events, requests = self._receive(line)
            wanted = stated.get(number, ())
            found = [*events]
            if any("requests" in row for row in wanted):
                found.append({"requests": [type(request).__name__ for request in requests]})
            found += [self._best(row["book"]) for row in wanted if "book" in row]
            if found:
                yield number, found

    def _receive(self, line: Line) -> tuple[list[Row], list[Request]]:
        protocol = self._protocol
        if line.open is not None:
            self._spec = self._described(line.open)
            self._books = {market.symbol: Book() for market in self._spec.markets}
            protocol = self._protocol = protocol_for(self._spec)
        assert protocol is not None, "the first frame opens a connection"
        try:
            events = list(protocol.receive(self._frame(line)))
        except ProtocolError:
            return [{"error": "ProtocolError"}], []
        for event in events:
            assert event.ts_recv_ns <= line.ms * 1_000_000, "received with this frame or buffered from an earlier one"
            if isinstance(event, BookSnapshot | BookDelta | BookLost):
                self._books[event.instrument.symbol].apply(event)
        requests, protocol.requests = protocol.requests, []
        return [described(event) for event in events], requests

    def _described(self, opening: Opening) -> ConnectionSpec:
        return ConnectionSpec(
            name="golden",
            venue=VENUES[self.venue],
            kind=opening.kind,
            route=opening.route,
            url="wss://venue.invalid",
            streams=tuple(opening.streams),
            markets=tuple(self._markets[opening.kind.value, symbol] for symbol in opening.markets),
            history_s=opening.history_s,
            candles_s=opening.candles_s,
        )

    def _frame(self, line: Line) -> Frame:
        ts_ns = line.ms * 1_000_000
        if line.open is not None:
            return open_frame(self._spec, ts_ns)
        if line.close is not None:
            return Frame(ts_ns, "golden", FrameKind.CLOSE, line.close.encode())
        if line.http:
            return Frame(ts_ns, "golden", FrameKind.HTTP, bytes(line.body), line.http)
        if line.failed:
            return Frame(ts_ns, "golden", FrameKind.HTTP_FAILED, b"gone", line.failed)
        payload = line.plain.encode() if line.plain is not None else bytes(line.text)
        return Frame(ts_ns, "golden", FrameKind.TEXT, payload)

    def _best(self, symbol: str) -> Row:
        book = self._books[symbol]
        return {"book": symbol, "bid": book.best(max, book.bids), "ask": book.best(min, book.asks)}


class Book:
    """Both sides by price in ticks; None while unknown. Sizes are absolute, 0 removes a level."""

    def __init__(self) -> None:
        self.bids: dict[int, float] | None = None
        self.asks: dict[int, float] | None = None
        self._tick = Fraction(1)

    def apply(self, event: Event) -> None:
        match event:
            case BookLost():
                self.bids = self.asks = None
            case BookSnapshot():
                self.bids, self.asks, self._tick = dict(event.bids), dict(event.asks), event.instrument.tick
            case BookDelta():
                assert self.bids is not None, "a delta before a snapshot"
                assert self.asks is not None
                self._set(self.bids, event.bids)
                self._set(self.asks, event.asks)

    def best(self, choose: Any, side: dict[int, float] | None) -> list[Any] | None:
        """Price and size of the best level; None where the side is empty or unknown."""
        if not side:
            return None
        ticks = choose(side)
        return [ticks * self._tick, side[ticks]]

    @staticmethod
    def _set(side: dict[int, float], levels: Iterable[Level]) -> None:
        for ticks, size in levels:
            side[ticks] = size
            if not size:
                del side[ticks]


def number(text: str | int) -> Fraction:
    """An exact number: a decimal, or products and quotients of some, from left to right: `300 / 9642.4`."""
    first, *rest = str(text).replace("*", " * ").replace("/", " / ").split()
    value = Fraction(first)
    for operator, operand in zip(rest[::2], rest[1::2], strict=True):
        value = value * Fraction(operand) if operator == "*" else value / Fraction(operand)
    return value


def same(found: Any, stated: Any, key: str = "") -> bool:
    """Whether a value is the stated one: text as it is, numbers exactly or to the rounding of a double."""
    if isinstance(found, list) and isinstance(stated, list):
        return len(found) == len(stated) and all(same(a, b, key) for a, b in zip(found, stated, strict=True))
    if isinstance(found, dict) and isinstance(stated, dict):
        return found.keys() == stated.keys() and all(same(found[name], stated[name], name) for name in stated)
    if found is None or stated is None or key in _PLAIN:
        return type(found) is type(stated) and found == stated
    if stated == "nan":
        return isinstance(found, float) and math.isnan(found)
    if key == "book":
        return bool(found == stated)
    exact = number(stated)
    scale = max(abs(exact), 1) if key == "change" else abs(exact)  # a change is a quotient less one
    return abs(Fraction(found) - exact) <= (scale * _ROUNDING if isinstance(found, float) else 0)
