"""Captures of the hftbacktest collector: `<receive time> <raw JSON>` a line, one symbol a file, plain or gzip.

    1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5123107839020,...}}
    1723161255319702566 {"lastUpdateId":5123107852948,...}                       the REST depth snapshot, inline
    1737918843893903000 {"channel":"l2Book","data":{"coin":"BTC",...}}           Hyperliquid

Times are ns; older recorders wrote microseconds. The files of one market and symbol become one connection, named like
`binance.linear.btcusdt`; connections are merged by receive time. The captures carry no instrument list, so each file is
read twice, first to infer its instrument (see `inference`) and the ids of its first and last messages. Where those of
two files do not follow each other, or there are none, an unknown span lies between the files: CLOSE and OPEN.
Dated futures are left out.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path

import msgspec

from feeds.importers.binance_lines import Ends, is_dated, kind_of
from feeds.importers.capture import Advance, Capture, Tally, read_blocks, read_lines
from feeds.importers.inference import Grid, infer_instrument
from feeds.model.errors import ImportFailed, MarketUnknown
from feeds.model.frame import CAPTURE, ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.venues.binance.profile import BINANCE
from feeds.venues.hyperliquid.profile import HYPERLIQUID

_LINE = re.compile(rb"\d{13,20} [{\[]")
_BINANCE_STREAM = re.compile(rb'\{"stream":"([^"]+)"')
_HYPERLIQUID_STREAM = re.compile(rb'\{"channel":"([^"]+)"')
_HYPERLIQUID_COIN = re.compile(rb'"coin":"([^"]+)"')
_SNAPSHOT = b'{"lastUpdateId"'
_NS_FROM_DIGITS = {19: 1, 16: 1_000, 13: 1_000_000}
_HEAD_BYTES = 1 << 20

_receive_time = attrgetter("ts_recv_ns")
_json = msgspec.json.Decoder(msgspec.Raw)


class _Market(msgspec.Struct, frozen=True):
    venue: Venue
    kind: MarketKind
    symbol: str


class _Survey(msgspec.Struct):
    """The result of the first pass over one file."""

    path: Path
    market: _Market
    streams: set[str]
    first_ns: int
    ends: Ends


class HftbacktestImporter:
    """Opens captures of the hftbacktest collector."""

    passes = 2

    def recognises(self, head: bytes) -> bool:
        """Whether the content begins with a time and JSON."""
        return _LINE.match(head) is not None

    def open(self, files: Sequence[Path], market: MarketKind | None, advance: Advance) -> Capture:
        """Survey all files; the frames are read later. Raises ImportFailed, also while iterating the frames."""
        grids: dict[_Market, Grid] = {}
        surveys = [_survey(path, market, grids, advance) for path in files]
        tally = Tally(left_out=[f"{market.symbol} (dated future)" for market in grids if is_dated(market.symbol)])
        grids = {market: grid for market, grid in grids.items() if not is_dated(market.symbol)}
        if not grids:
            raise ImportFailed(f"Only dated futures were found ({', '.join(tally.left_out)}); they are not imported.")
        specs = [_spec(found, grid, surveys) for found, grid in grids.items()]
        sources = [
            _frames(spec, sorted((s for s in surveys if s.market == found), key=attrgetter("first_ns")), tally, advance)
            for found, spec in zip(grids, specs, strict=True)
        ]
        instruments = tuple(instrument for spec in specs for instrument in spec.markets)
        return Capture(instruments, heapq.merge(*sources, key=_receive_time), tally)


class _Seen:
    """Streams, coins and price grid seen so far in one file."""

    def __init__(self) -> None:
        self.grid = Grid()
        self.streams: set[bytes] = set()
        self.coins: set[bytes] = set()
        self.ends = Ends()

    def see(self, text: bytes) -> None:
        self.streams.update(_BINANCE_STREAM.findall(text) or _HYPERLIQUID_STREAM.findall(text))
        self.coins.update(_HYPERLIQUID_COIN.findall(text))
        self.grid.see(text)
        self.ends.see(text)


def _survey(path: Path, kind: MarketKind | None, grids: dict[_Market, Grid], advance: Advance) -> _Survey:
    head, rest, seen = b"", b"", _Seen()
    for block in read_blocks(path, Tally(), advance):
        if len(head) < _HEAD_BYTES:
            head += block
        text = rest + block
        cut = text.rfind(b"\n") + 1
        rest = text[cut:]
        seen.see(text[:cut])
    seen.see(rest)
    market = _market(path, head, seen, kind)
    first_ns = next((ts for ts, _ in filter(None, map(_parse, head.split(b"\n")))), None)
    if first_ns is None:
        raise ImportFailed(f"{path.name} holds no whole line of a capture.")
    grids.setdefault(market, Grid()).include(seen.grid)
    return _Survey(path, market, set(map(_text, seen.streams)), first_ns, seen.ends)


def _text(name: bytes) -> str:
    return name.decode(errors="replace")


def _symbols(streams: set[bytes], coins: set[bytes]) -> set[str]:
    if coins:
        return set(map(_text, coins))
    return {_text(stream.partition(b"@")[0]).upper() for stream in streams if not stream.startswith(b"!")}


def _market(path: Path, head: bytes, seen: _Seen, kind: MarketKind | None) -> _Market:
    symbols = _symbols(seen.streams, seen.coins)
    if len(symbols) != 1:
        found = ", ".join(sorted(symbols)) or "none"
        raise ImportFailed(f"{path.name} is not a capture of one symbol (found: {found}).")
    (symbol,) = symbols
    if _HYPERLIQUID_COIN.search(head):
        is_spot = symbol.startswith("@") or "/" in symbol
        return _Market(HYPERLIQUID, kind or (MarketKind.SPOT if is_spot else MarketKind.LINEAR), symbol)
    proven = kind or kind_of(symbol, head)
    if proven is None and not seen.grid.tick_size:
        raise ImportFailed(f"{path.name} holds no prices of {symbol}, so that its tick size is unknown.")
    if proven is None:
        raise MarketUnknown(f"{path.name} does not show which market of {symbol} it holds; state it with --market.")
    return _Market(BINANCE, proven, symbol)


def _spec(market: _Market, grid: Grid, surveys: Sequence[_Survey]) -> ConnectionSpec:
    streams = set[str]().union(*(survey.streams for survey in surveys if survey.market == market))
    return ConnectionSpec(
        name=f"{market.venue}.{market.kind.value}.{market.symbol.lower()}",
        venue=market.venue,
        kind=market.kind,
        route=CAPTURE,
        streams=tuple(sorted(streams)),
        markets=(infer_instrument(market.venue, market.kind, market.symbol, grid),),
    )


def _frames(spec: ConnectionSpec, surveys: Sequence[_Survey], tally: Tally, advance: Advance) -> Iterator[Frame]:
    ts, name, tag = surveys[0].first_ns, spec.name, f"depth/{spec.markets[0].symbol}"
    before: Ends | None = None
    yield open_frame(spec, ts)
    for survey in surveys:
        if before is not None and not survey.ends.follows(before):
            yield Frame(ts, name, FrameKind.CLOSE, b"end of file; what lies before the next one is unknown")
            yield open_frame(spec, max(ts, survey.first_ns))
        before = survey.ends
        for line in read_lines(survey.path, tally, advance):
            parsed = _parse(line)
            if parsed is None:
                tally.torn_lines += 1
                continue
            ts, payload = parsed
            if payload.startswith(_SNAPSHOT):
                yield Frame(ts, name, FrameKind.HTTP, payload, tag)
            else:
                yield Frame(ts, name, FrameKind.TEXT, payload)
    yield Frame(ts, name, FrameKind.CLOSE, b"end of capture")


def _parse(line: bytes) -> tuple[int, bytes] | None:
    stamp, _, payload = line.partition(b" ")
    scale = _NS_FROM_DIGITS.get(len(stamp))
    if scale is None or not stamp.isdigit():
        return None
    try:
        _json.decode(payload)
    except (ValueError, RecursionError):
        return None
    return int(stamp) * scale, payload
