"""The text report of an inspected recording."""

from collections import Counter
from collections.abc import Iterable, Iterator

from feeds.recording import Damage, DamagedSpan
from feeds.recording.inspection import MOST_LISTED, Close, ConnectionInspection, Gap, Inspection, StreamInspection
from workstation.readmodels.times import moment_text as _time
from workstation.replay.condition import IndexCondition, Indexed

MOST_LINES = 40
_SPANS = 3
_MOST_STREAMS = 5
_MOST_SYMBOLS = 8
_MOST_REASONS = 3
_LONGEST_TEXT = 60
_SUMMED_LINES = 5  # of a connection, without its streams: its name, further streams, silences, damage, closes


def inspection_text(found: Inspection, index: IndexCondition, *, verbose: bool = False) -> str:
    """Format the report; at most `MOST_LINES` lines unless it is `verbose`."""
    head = [*_head(found), *_index(index), ""]
    if verbose:
        return "\n".join((*head, *(line for one in found.connections for line in _listed(one))))
    return "\n".join((*head, *_within(found.connections, MOST_LINES - len(head))))


def _within(connections: tuple[ConnectionInspection, ...], room: int) -> Iterator[str]:
    """The connections in at most `room` lines: with fewer streams the more there are, the last ones as a sum."""
    streams = min(max(room // max(len(connections), 1) - _SUMMED_LINES, 0), _MOST_STREAMS)
    while connections:
        lines = [*_summed(connections[0], streams)]
        rest = 1 if len(connections) > 1 else 0
        if len(lines) > room - rest:
            frames = sum(sum(one.frames.values()) for one in connections)
            yield f"and {len(connections)} more connections: {frames:,} frames (--verbose lists them)"
            return
        yield from lines
        connections, room = connections[1:], room - len(lines)


def damage_line(name: str, damage: Damage) -> str:
    """One line on what of a recording was not read."""
    return f"{name} is damaged: {damage_text(damage)}"


def damage_text(damage: Damage) -> str:
    """What cannot be read: bytes, time and reason. Times are UTC."""
    spans = [_span(span) for span in damage.spans[:_SPANS]]
    spans += [f"{len(damage.spans) - _SPANS} more spans"] if len(damage.spans) > _SPANS else []
    where = f"nothing from {', '.join(spans)}" if spans else f"ended at {_moment(damage.end_ns)}"
    return f"{where}, {damage.bytes_unreadable:,} bytes unreadable ({damage.reason})"


def _span(span: DamagedSpan) -> str:
    return f"{_moment(span.start_ns)} to {_time(span.end_ns)}"


def _moment(ts_ns: int | None) -> str:
    return _time(ts_ns) if ts_ns else "the beginning"


def _head(found: Inspection) -> Iterator[str]:
    meta = found.metadata
    yield f"{found.file}: {found.frames:,} frames, {found.size_bytes:,} bytes ({found.bytes_per_frame:.0f} a frame)"
    if found.start_ns is not None and found.end_ns is not None:
        yield f"{_time(found.start_ns)} to {_time(found.end_ns)} UTC, {(found.end_ns - found.start_ns) / 1e9:,.1f} s"
    market = "simulated market, " if meta.simulated else ""
    yield f"{market}format {meta.format_version}, written by version {meta.program_version}"
    if meta.note:
        yield _line(meta.note, 200)
    if found.damage is not None:
        yield f"DAMAGED: {damage_text(found.damage)}"


def _index(index: IndexCondition) -> Iterator[str]:
    match index.indexed:
        case Indexed.ABSENT:
            text = "not indexed"
        case Indexed.UNUSABLE:
            text = f"index not usable, {index.size_bytes:,} bytes"
        case _:
            reached = "" if index.indexed is Indexed.WHOLE else f" up to {_moment(index.until_ns)}"
            text = f"indexed{reached}: {index.states:,} states, {index.size_bytes:,} bytes"
    yield ", ".join((text, *((f"being written by process {index.builder}",) if index.builder else ())))
    if index.trouble:
        yield f"    index: {_line(index.trouble)}"


def _name(one: ConnectionInspection, most_symbols: int) -> str:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in one.frames.items())
    symbols, more = one.symbols[:most_symbols], len(one.symbols) - most_symbols
    listed = " ".join((*symbols, *((f"and {more} more",) if more > 0 else ())))
    return f"{_line(one.name)}  [{_line(listed, 200)}]  {counts}, {one.payload_bytes:,} bytes"


def _stream(stream: StreamInspection) -> str:
    name = _line(stream.name) or "messages without a stream"
    return f"    {name:<36}{stream.frames:>12,} frames  {_time(stream.start_ns)} to {_time(stream.end_ns)}"


def _summed(one: ConnectionInspection, most_streams: int) -> Iterator[str]:
    yield _name(one, _MOST_SYMBOLS)
    largest = sorted(one.streams, key=lambda stream: -stream.frames)
    shown = [stream for stream in one.streams if stream in largest[:most_streams]]
    yield from map(_stream, shown)
    rest = largest[most_streams:]
    if rest:
        frames = sum(stream.frames for stream in rest)
        yield f"    {f'{len(rest)} more streams' if shown else f'{len(rest)} streams':<36}{frames:>12,} frames"
    for what, damaged in (("silent", False), ("damaged", True)):
        gaps = [gap for gap in one.gaps if gap.damaged is damaged]
        if gaps:
            yield f"    {what} {_times(len(gaps), len(one.gaps))}, {_spans(gaps)}"
    if one.closes:
        yield f"    closed {_times(len(one.closes), len(one.closes))}: {_reasons(one.closes)}"


def _times(count: int, listed: int) -> str:
    return f"{'at least ' if listed >= MOST_LISTED else ''}{count:,} time{'s' if count > 1 else ''}"


def _spans(gaps: list[Gap]) -> str:
    longest = max(gaps, key=lambda gap: gap.end_ns - gap.start_ns)
    seconds = (longest.end_ns - longest.start_ns) / 1e9
    if len(gaps) == 1:
        return f"{seconds:,.1f} s from {_time(longest.start_ns)}"
    whole = sum(gap.end_ns - gap.start_ns for gap in gaps) / 1e9
    return f"{whole:,.1f} s in all, longest {seconds:,.1f} s from {_time(longest.start_ns)}"


def _reasons(closes: Iterable[Close]) -> str:
    counts = Counter(_line(close.reason) or "no reason" for close in closes)
    listed = [f"{reason} ({count:,})" for reason, count in counts.most_common(_MOST_REASONS)]
    others = counts.total() - sum(count for _, count in counts.most_common(_MOST_REASONS))
    return ", ".join((*listed, *((f"other reasons ({others:,})",) if others else ())))


def _listed(one: ConnectionInspection) -> Iterator[str]:
    yield _name(one, len(one.symbols))
    yield from map(_stream, one.streams)
    for gap in one.gaps:
        what, seconds = "damaged" if gap.damaged else "silent", (gap.end_ns - gap.start_ns) / 1e9
        yield f"    {what} {_time(gap.start_ns)} to {_time(gap.end_ns)} ({seconds:,.1f} s)"
    for close in one.closes:
        yield f"    closed {_time(close.ts_recv_ns)}: {close.reason}"


def _line(text: str, longest: int = _LONGEST_TEXT) -> str:
    """A text of a recording in one line, whatever it holds."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
