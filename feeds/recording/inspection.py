"""The summary of a recording: connections, streams, counts, gaps, size and damage, as one frozen value.

Reads the file once, front to back, without decoding any message. Every value can be encoded by `msgspec.json.encode`.
"""

from collections import Counter
from pathlib import Path

import msgspec

from feeds.model.frame import ConnectionSpec, Frame, FrameKind, spec_from_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.recording import Damage, RecordingMetadata, RecordingReader
from feeds.recording.damage import stands_for_gap

GAP_NS = 5_000_000_000
MOST_LISTED = 10_000
"""Streams, gaps and ends listed a connection; a file may claim any number."""
_LONGEST_REASON = 1_000
_STREAM_PREFIX = b'{"stream":"'


class Gap(msgspec.Struct, frozen=True):
    """A span in which an open connection received nothing; it may extend to the end of the recording.

    `damaged` is whether what it received cannot be read.
    """

    start_ns: int
    end_ns: int
    damaged: bool = False


class Close(msgspec.Struct, frozen=True):
    """The end of a connection, with the recorded reason."""

    ts_recv_ns: int
    reason: str


class StreamInspection(msgspec.Struct, frozen=True):
    """One stream of a connection, or all messages without a stream name (name ""). Times are receive times in ns."""

    name: str
    frames: int
    payload_bytes: int
    start_ns: int
    end_ns: int


class ConnectionInspection(msgspec.Struct, frozen=True, kw_only=True):
    """One connection over all its reconnects. `venue`, `kind`, `route` are None or "" without a readable OPEN frame."""

    name: str
    venue: Venue | None
    kind: MarketKind | None
    route: str
    symbols: tuple[str, ...]
    frames: dict[str, int]
    payload_bytes: int
    start_ns: int
    end_ns: int
    streams: tuple[StreamInspection, ...]
    gaps: tuple[Gap, ...]
    closes: tuple[Close, ...]


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A whole recording. `bytes_per_frame` is file size over readable frames, 0 when there are none."""

    file: str
    size_bytes: int
    frames: int
    bytes_per_frame: float
    start_ns: int | None
    end_ns: int | None
    connections: tuple[ConnectionInspection, ...]
    metadata: RecordingMetadata
    damage: Damage | None


def inspect(path: Path, gap_ns: int = GAP_NS) -> Inspection:
    """Summarise a recording. A gap is more than `gap_ns` without a frame on an open connection.

    Raises:
        RecordingError: the file cannot be opened or is not a recording. Damage inside is reported, not raised.
    """
    reader = RecordingReader(path)
    tallies: dict[str, _ConnectionTally] = {}
    for frame in reader.frames():
        tally = tallies.get(frame.connection)
        if stands_for_gap(frame):
            if tally is not None:
                tally.note_damage(frame)
            continue
        if tally is None:
            tally = tallies[frame.connection] = _ConnectionTally(frame, gap_ns)
        tally.add(frame)
    last_ns = max((tally.end_ns for tally in tallies.values()), default=0)
    connections = tuple(tally.result(last_ns) for tally in tallies.values())
    frames = sum(sum(connection.frames.values()) for connection in connections)
    return Inspection(
        file=path.name,
        size_bytes=reader.size_bytes,
        frames=frames,
        bytes_per_frame=reader.size_bytes / frames if frames else 0.0,
        start_ns=min((connection.start_ns for connection in connections), default=None),
        end_ns=max((connection.end_ns for connection in connections), default=None),
        connections=connections,
        metadata=reader.metadata,
        damage=reader.damage,
    )


class _StreamTally:
    def __init__(self, ts: int) -> None:
        self.frames, self.payload_bytes = 0, 0
        self.start_ns, self.end_ns = ts, ts

    def add(self, ts: int, size: int) -> None:
        self.frames += 1
        self.payload_bytes += size
        if ts > self.end_ns:
            self.end_ns = ts
        elif ts < self.start_ns:
            self.start_ns = ts

    def result(self, name: str) -> StreamInspection:
        return StreamInspection(name, self.frames, self.payload_bytes, self.start_ns, self.end_ns)


class _ConnectionTally:
    def __init__(self, first: Frame, gap_ns: int) -> None:
        self._name = first.connection
        self._gap_ns = gap_ns
        self._spec: ConnectionSpec | None = None
        self._symbols: dict[str, None] = {}
        self._kinds: Counter[str] = Counter()
        self._all = _StreamTally(first.ts_recv_ns)
        self._streams: dict[bytes, _StreamTally] = {}
        self._gaps: list[Gap] = []
        self._closes: list[Close] = []
        self._last_frame_ns: int | None = None
        self._damaged_ns: int | None = None

    def add(self, frame: Frame) -> None:
        ts, payload = frame.ts_recv_ns, frame.payload
        self._kinds[frame.kind._value_] += 1
        self._all.add(ts, len(payload))
        self._note_gap(ts)
        self._last_frame_ns = ts
        if frame.kind is FrameKind.TEXT:
            stream = _stream(payload)
            tally = self._streams.get(stream)
            if tally is None and len(self._streams) >= MOST_LISTED:
                stream = b""
                tally = self._streams.get(stream)
            if tally is None:
                tally = self._streams[stream] = _StreamTally(ts)
            tally.add(ts, len(payload))
        elif frame.kind is FrameKind.OPEN:
            self._opened(frame)
        elif frame.kind is FrameKind.CLOSE:
            self._last_frame_ns = None
            if len(self._closes) < MOST_LISTED:
                self._closes.append(Close(ts, payload[:_LONGEST_REASON].decode(errors="replace")))

    def note_damage(self, frame: Frame) -> None:
        """A frame that stands for a damaged part: its CLOSE begins a gap, its OPEN or the next real frame ends it."""
        if frame.kind is FrameKind.CLOSE:
            self._last_frame_ns, self._damaged_ns = None, frame.ts_recv_ns
        else:
            self._note_gap(frame.ts_recv_ns)
            self._last_frame_ns = frame.ts_recv_ns
            if self._spec is None:
                self._opened(frame)

    @property
    def end_ns(self) -> int:
        return self._all.end_ns

    def result(self, last_ns: int) -> ConnectionInspection:
        spec = self._spec
        self._note_gap(last_ns)
        return ConnectionInspection(
            name=self._name,
            venue=spec.venue if spec else None,
            kind=spec.kind if spec else None,
            route=spec.route if spec else "",
            symbols=tuple(self._symbols),
            frames=dict(self._kinds),
            payload_bytes=self._all.payload_bytes,
            start_ns=self._all.start_ns,
            end_ns=self._all.end_ns,
            streams=tuple(tally.result(name.decode(errors="replace")) for name, tally in sorted(self._streams.items())),
            gaps=tuple(self._gaps),
            closes=tuple(self._closes),
        )

    def _note_gap(self, until_ns: int) -> None:
        damaged_ns, self._damaged_ns = self._damaged_ns, None
        if len(self._gaps) >= MOST_LISTED:
            return
        if damaged_ns is not None:
            self._gaps.append(Gap(damaged_ns, max(until_ns, damaged_ns), damaged=True))
        elif self._last_frame_ns is not None and until_ns - self._last_frame_ns > self._gap_ns:
            self._gaps.append(Gap(self._last_frame_ns, until_ns))

    def _opened(self, frame: Frame) -> None:
        try:
            self._spec = spec_from_frame(frame)
        except (ValueError, RecursionError):
            return
        self._symbols.update(dict.fromkeys(market.symbol for market in self._spec.markets))


def _stream(payload: bytes) -> bytes:
    if not payload.startswith(_STREAM_PREFIX):
        return b""
    return payload[len(_STREAM_PREFIX) : len(_STREAM_PREFIX) + 200].partition(b'"')[0]
