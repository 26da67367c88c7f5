"""Captures of many venues as JSON lines: `{"t": "header|http|connect|send|recv", "conn", "ts", "data", "url", "addr"}`.

    {"t":"connect","conn":"BINANCE.ws.1","ts":1633998511.159679,"addr":"wss://stream.binance.com:9443/stream?streams=..."}
    {"t":"http","conn":"BINANCE.http.0","ts":1633998512.320639,"url":"https://api.binance.com/api/v3/depth?...","data":"..."}
    {"t":"recv","conn":"BINANCE.ws.1","ts":1633998512.0633569,"data":"{\"stream\":...}"}

Each websocket becomes a connection; one that connects again ends and opens again, with a gap between. Its messages stay
in the order of the file, and a time that steps back becomes the one before. An HTTP body is assigned to the connection
that needs it: a depth snapshot to the one with the symbol's depth stream, an instrument list to the one of its
category. A body from before its connection, or from between two lives of it, is recorded right after OPEN, with OPEN's
time. The venue's decoder reads the instruments from the lists; a connection gets those named by its address or its
subscriptions. Lists of venues other than Binance are also recorded, with the tag `instruments`. Sent messages are
dropped. The lines of connections are not in time order in the file, so it is held in memory.
"""

import heapq
import logging
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from feeds.importers.capture import Advance, Capture, Tally, read_lines
from feeds.model.errors import FeedError, ImportFailed
from feeds.model.frame import CAPTURE, ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from feeds.venues.driver import VenueDriver
from feeds.venues.registry import DRIVERS, PROFILES

log = logging.getLogger(__name__)

_EXCHANGES = {name: (venue, kind) for venue, profile in PROFILES.items() for name, kind in profile.captures.items()}
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
    """One life of a websocket, from its `connect` to the next, and everything that will be recorded on it."""

    spec: ConnectionSpec
    opened_ns: int
    frames: list[Frame]
    bodies: list[Frame]
    last_ns: int
    end: bytes = b"end of capture"


class MultiVenueImporter:
    """Opens JSON-line captures of the venues whose profile names them."""

    passes = 1

    def recognises(self, head: bytes) -> bool:
        """Whether the content begins with a header line."""
        return _HEADER.match(head) is not None

    def open(self, files: Sequence[Path], market: MarketKind | None, advance: Advance) -> Capture:
        """Read all files. `market` overrides the kind implied by the exchange's name. Raises ImportFailed."""
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
    instruments = _listed_instruments(path, venue, market or kind, lines)
    asked: dict[str, set[str]] = {}
    for line in lines:
        if line.t == "send":
            asked.setdefault(line.conn, set()).update(_strings(line))
    lives: dict[str, list[_Socket]] = {}
    for line in lines:
        earlier = lives.setdefault(line.conn, []) if line.t in ("connect", "recv") else []
        if line.t == "connect" or (line.t == "recv" and not earlier):
            of_socket = market or _kind_from_address(line.addr) or kind
            spec = _spec(line, venue, of_socket, instruments, asked.get(line.conn, set()))
            earlier.append(_life(spec, line.ts_recv_ns, earlier, taken))
        if line.t == "recv":
            _receive(line, _living(earlier, line.ts_recv_ns))
    sockets = [socket for each in lives.values() for socket in each]
    if not sockets:
        raise ImportFailed(f"{path.name} holds no websocket messages.")
    for line in lines:
        if line.t == "http" and not line.url.partition("?")[0].endswith("/exchangeInfo"):
            _place(line, sockets)
    return sockets


def _life(spec: ConnectionSpec, opened_ns: int, earlier: Sequence[_Socket], taken: set[str]) -> _Socket:
    """A new life: under the name of the one before, after its end, else under a name that no connection has."""
    if earlier:
        name, opened_ns = earlier[-1].spec.name, max(opened_ns, earlier[-1].last_ns)
        earlier[-1].end = b"the capture connects again"
    else:
        name = spec.name
        while name in taken:
            name += "+"
        taken.add(name)
    return _Socket(msgspec.structs.replace(spec, name=name), opened_ns, [], [], opened_ns)


def _living(lives: Sequence[_Socket], ts_ns: int) -> _Socket:
    """The newest life, or the one of that time while the newest has no message: a file may list all `connect` first."""
    if lives[-1].frames or ts_ns >= lives[-1].opened_ns:
        return lives[-1]
    return next((life for life in reversed(lives) if life.opened_ns <= ts_ns), lives[-1])


def _receive(line: _Line, socket: _Socket) -> None:
    socket.last_ns = max(line.ts_recv_ns, socket.last_ns)
    socket.frames.append(Frame(socket.last_ns, socket.spec.name, FrameKind.TEXT, line.data.encode()))


def _listed_instruments(path: Path, venue: Venue, kind: MarketKind, lines: Sequence[_Line]) -> tuple[Instrument, ...]:
    """The instruments of all lists; of the last list where a capture holds one kind of market."""
    driver = DRIVERS[venue]
    lists = [line for line in lines if line.t == "http" and _is_listing(driver, line.url)]
    if len(PROFILES[venue].captures) > 1:
        try:
            return driver.instruments(kind, [lists[-1].data.encode()]) if lists else ()
        except FeedError as error:
            raise ImportFailed(f"{path.name}: {error.text}.", str(error)) from error
    found: dict[InstrumentId, Instrument] = {}
    for line in lists:
        category = _argument(line.url, "category")
        for each in MarketKind:
            if category in ("", each.value):
                found |= {market.id: market for market in _read_list(path, driver, each, line.data.encode())}
    return tuple(found.values())


def _read_list(path: Path, driver: VenueDriver, kind: MarketKind, body: bytes) -> tuple[Instrument, ...]:
    try:
        return driver.instruments(kind, [body])
    except FeedError as error:
        log.warning("%s: a list of instruments is left out: %s", path.name, error)
        return ()


def _is_listing(driver: VenueDriver, url: str) -> bool:
    requests = (request for kind in driver.endpoints for request in driver.listing(kind))
    return _last_name(url) in {_last_name(request.path) for request in requests}


def _last_name(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2]


def _strings(line: _Line) -> Iterator[str]:
    """All strings in a request, whole and split at dots (`orderbook.200.BTCUSDT`)."""
    try:
        asked = [msgspec.json.decode(line.data)]
    except (ValueError, RecursionError):
        return
    while asked:
        part = asked.pop()
        if isinstance(part, str):
            yield from (part, *part.split("."))
        elif isinstance(part, dict | list):
            asked += part.values() if isinstance(part, dict) else part


def _spec(
    line: _Line,
    venue: Venue,
    kind: MarketKind,
    instruments: tuple[Instrument, ...],
    asked: set[str],
) -> ConnectionSpec:
    streams = tuple(filter(None, parse_qs(urlsplit(line.addr).query).get("streams", [""])[0].split("/")))
    symbols = {stream.partition("@")[0].upper() for stream in streams} | asked
    in_category = _kind_from_address(line.addr)
    return ConnectionSpec(
        name=f"{venue}.{kind.value}.{line.conn.partition('.')[2] or 'ws'}",
        venue=venue,
        kind=kind,
        route=CAPTURE,
        url=line.addr,
        streams=streams,
        markets=tuple(
            instrument
            for instrument in instruments
            if instrument.symbol in symbols and in_category in (None, instrument.kind)
        ),
    )


def _kind_from_address(address: str) -> MarketKind | None:
    last = urlsplit(address).path.rpartition("/")[2]
    return next((kind for kind in MarketKind if kind.value == last), None)


def _place(line: _Line, sockets: Sequence[_Socket]) -> None:
    """Assign an HTTP body to the life that needs it, not before its beginning."""
    socket = _owner(line.url, line.ts_recv_ns, sockets)
    ts = max(line.ts_recv_ns, socket.opened_ns)
    socket.bodies.append(Frame(ts, socket.spec.name, FrameKind.HTTP, line.data.encode(), _tag(line.url)))


def _tag(url: str) -> str:
    address = urlsplit(url)
    last = address.path.rpartition("/")[2]
    if last == "depth":
        return f"depth/{_argument(url, 'symbol')}"
    return "instruments" if "instruments" in last else last


def _owner(url: str, ts_ns: int, sockets: Sequence[_Socket]) -> _Socket:
    """The first of the sockets with the body's market that had not ended at `ts_ns`, else the last of them."""
    depth, category = f"{_argument(url, 'symbol').lower()}@depth", _argument(url, "category")
    fitting = [
        socket
        for socket in sockets
        if any(stream.startswith(depth) for stream in socket.spec.streams) or category == socket.spec.kind.value
    ] or [socket for socket in sockets if socket.spec.name == sockets[0].spec.name]
    lives = [socket for socket in fitting if socket.spec.name == fitting[0].spec.name]
    return next((socket for socket in lives if ts_ns <= socket.last_ns), lives[-1])


def _argument(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def _session(socket: _Socket) -> Iterator[Frame]:
    frames = list(heapq.merge(sorted(socket.bodies, key=_receive_time), socket.frames, key=_receive_time))
    yield open_frame(socket.spec, socket.opened_ns)
    yield from frames
    last_ns = frames[-1].ts_recv_ns if frames else socket.opened_ns
    yield Frame(last_ns, socket.spec.name, FrameKind.CLOSE, socket.end)
