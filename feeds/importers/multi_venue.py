"""Captures of many venues as JSON lines: `{"t": "header|http|connect|send|recv", "conn", "ts", "data", "url", "addr"}`.

    {"t":"connect","conn":"BINANCE.ws.1","ts":1633998511.159679,"addr":"wss://stream.binance.com:9443/stream?streams=..."}
    {"t":"http","conn":"BINANCE.http.0","ts":1633998512.320639,"url":"https://api.binance.com/api/v3/depth?...","data":"..."}
    {"t":"recv","conn":"BINANCE.ws.1","ts":1633998512.0633569,"data":"{\"stream\":...}"}

Each websocket becomes a connection. An HTTP body belongs to the connection that needs it: a depth snapshot to the one
that carries the symbol's depth stream, an instrument list to the one of its category. A body that came before its
connection is recorded right after OPEN, with OPEN's time. Binance's instrument list becomes the instruments of the
specs; those of other venues are recorded with the tag `instruments`. What was sent is left out. The lines of a file
are not in time order, so a file is held in memory.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from feeds.errors import FeedError, ImportFailed
from feeds.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.importers.capture import Advance, Capture, Tally, read_lines
from feeds.instrument import Instrument, MarketKind, Venue
from feeds.venues.binance_instruments import instruments_from_exchange_info

_EXCHANGES = {
    "BINANCE": (Venue.BINANCE, MarketKind.SPOT),
    "BINANCE_FUTURES": (Venue.BINANCE, MarketKind.LINEAR),
    "BINANCE_DELIVERY": (Venue.BINANCE, MarketKind.INVERSE),
    "BYBIT": (Venue.BYBIT, MarketKind.LINEAR),
    "OKX": (Venue.OKX, MarketKind.LINEAR),
    "DERIBIT": (Venue.DERIBIT, MarketKind.INVERSE),
}
_END_OF_TIME_S = 10**10
_HEADER = re.compile(rb'\s*\{"t":\s*"header"')

_receive_time = attrgetter("ts_recv_ns")


class _Line(msgspec.Struct):
    t: str
    conn: str = ""
    ts: Decimal = Decimal(0)
    data: str = ""
    url: str = ""
    addr: str = ""
    exchange: str = ""

    @property
    def ts_recv_ns(self) -> int:
        return int(self.ts * 1_000_000_000)


_decoder = msgspec.json.Decoder(_Line)


class _Socket(msgspec.Struct):
    """One websocket of a capture and everything that will be recorded on it."""

    spec: ConnectionSpec
    opened_ns: int
    frames: list[Frame]


class MultiVenueImporter:
    """Opens JSON-line captures of Binance, Bybit, OKX and Deribit."""

    passes = 1

    def recognises(self, head: bytes) -> bool:
        """True when the content begins with a header line."""
        return _HEADER.match(head) is not None

    def open(self, files: Sequence[Path], market: MarketKind | None, advance: Advance) -> Capture:
        """Read all files. `market` replaces the kind that the exchange's name implies. Raises ImportFailed."""
        tally = Tally()
        sockets: list[_Socket] = []
        for path in files:
            lines = list(_lines(path, tally, advance))
            try:
                sockets += _sockets(path, lines, market, {socket.spec.name for socket in sockets})
            except ValueError as error:
                raise ImportFailed(f"{path.name} holds an address that cannot be read.", str(error)) from error
        instruments = {found.id: found for socket in sockets for found in socket.spec.markets}
        merged = heapq.merge(*(_session(socket) for socket in sockets), key=_receive_time)
        return Capture(tuple(instruments.values()), merged, tally)


def _lines(path: Path, tally: Tally, advance: Advance) -> Iterator[_Line]:
    for text in read_lines(path, tally, advance):
        try:
            line = _decoder.decode(text)
        except (ValueError, RecursionError):
            line = None
        if line is not None and line.ts.is_finite() and 0 <= line.ts < _END_OF_TIME_S:
            yield line
        elif text:
            tally.torn_lines += 1


def _sockets(path: Path, lines: Sequence[_Line], market: MarketKind | None, taken: set[str]) -> list[_Socket]:
    exchange = next((line.exchange for line in lines if line.t == "header"), "")
    if exchange not in _EXCHANGES:
        raise ImportFailed(f"{path.name} is a capture of {exchange or 'an unnamed venue'}, which is not supported.")
    venue, kind = _EXCHANGES[exchange]
    listed = _listed(path, venue, market or kind, lines)
    sockets: dict[str, _Socket] = {}
    for line in lines:
        if line.t == "connect" or (line.t == "recv" and line.conn not in sockets):
            spec = _spec(line, venue, market or _kind_from_address(line.addr) or kind, listed, taken)
            sockets[line.conn] = _Socket(spec, line.ts_recv_ns, [])
            taken.add(spec.name)
    if not sockets:
        raise ImportFailed(f"{path.name} holds no websocket messages.")
    for line in lines:
        _place(line, sockets)
    return list(sockets.values())


def _listed(path: Path, venue: Venue, kind: MarketKind, lines: Sequence[_Line]) -> tuple[Instrument, ...]:
    if venue is not Venue.BINANCE:
        return ()
    try:
        lists = [instruments_from_exchange_info(line.data.encode(), kind) for line in lines if _is_exchange_info(line)]
    except FeedError as error:
        raise ImportFailed(f"{path.name}: {error.text}.", str(error)) from error
    return lists[-1] if lists else ()


def _is_exchange_info(line: _Line) -> bool:
    return line.t == "http" and urlsplit(line.url).path.endswith("/exchangeInfo")


def _spec(
    line: _Line, venue: Venue, kind: MarketKind, listed: tuple[Instrument, ...], taken: set[str]
) -> ConnectionSpec:
    streams = tuple(filter(None, parse_qs(urlsplit(line.addr).query).get("streams", [""])[0].split("/")))
    symbols = {stream.partition("@")[0].upper() for stream in streams}
    name = f"{venue.value}.{kind.value}.{line.conn.partition('.')[2] or 'ws'}"
    while name in taken:
        name += "+"
    return ConnectionSpec(
        name=name,
        venue=venue,
        kind=kind,
        route="capture",
        url=line.addr,
        streams=streams,
        markets=tuple(instrument for instrument in listed if instrument.symbol in symbols),
    )


def _kind_from_address(address: str) -> MarketKind | None:
    last = urlsplit(address).path.rpartition("/")[2]
    return next((kind for kind in MarketKind if kind.value == last), None)


def _place(line: _Line, sockets: dict[str, _Socket]) -> None:
    if line.t == "recv":
        socket = sockets[line.conn]
        frame = Frame(line.ts_recv_ns, socket.spec.name, FrameKind.TEXT, line.data.encode())
    elif line.t == "http" and not line.url.partition("?")[0].endswith("/exchangeInfo"):
        tag, socket = _tag(line.url), _owner(line.url, list(sockets.values()))
        ts = max(line.ts_recv_ns, socket.opened_ns)
        frame = Frame(ts, socket.spec.name, FrameKind.HTTP, line.data.encode(), tag)
    else:
        return
    socket.frames.append(frame)


def _tag(url: str) -> str:
    address = urlsplit(url)
    last = address.path.rpartition("/")[2]
    if last == "depth":
        return f"depth/{_argument(url, 'symbol')}"
    return "instruments" if "instruments" in last else last


def _owner(url: str, sockets: Sequence[_Socket]) -> _Socket:
    depth, category = f"{_argument(url, 'symbol').lower()}@depth", _argument(url, "category")
    for socket in sockets:
        if any(stream.startswith(depth) for stream in socket.spec.streams) or category == socket.spec.kind.value:
            return socket
    return sockets[0]


def _argument(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def _session(socket: _Socket) -> Iterator[Frame]:
    frames = sorted(socket.frames, key=_receive_time)
    last_ns = frames[-1].ts_recv_ns if frames else socket.opened_ns
    yield open_frame(socket.spec, socket.opened_ns)
    yield from frames
    yield Frame(last_ns, socket.spec.name, FrameKind.CLOSE, b"end of capture")
