"""The text report of an inspected recording."""

from __future__ import annotations

from collections.abc import Iterator

from feeds.recording import Damage, DamagedSpan
from feeds.recording.inspection import ConnectionInspection, Inspection
from workstation.readmodels.times import moment_text as _time

_SPANS = 3


def inspection_text(found: Inspection) -> str:
    return "\n".join((*_head(found), "", *(line for one in found.connections for line in _connection(one))))


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
        yield meta.note
    if found.damage is not None:
        yield f"DAMAGED: {damage_text(found.damage)}"


def _connection(one: ConnectionInspection) -> Iterator[str]:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in one.frames.items())
    yield f"{one.name}  [{' '.join(one.symbols)}]  {counts}, {one.payload_bytes:,} bytes"
    for stream in one.streams:
        yield f"    {stream.name:<36}{stream.frames:>12,} frames  {_time(stream.start_ns)} to {_time(stream.end_ns)}"
    for gap in one.gaps:
        what, seconds = "damaged" if gap.damaged else "silent", (gap.end_ns - gap.start_ns) / 1e9
        yield f"    {what} {_time(gap.start_ns)} to {_time(gap.end_ns)} ({seconds:,.1f} s)"
    for close in one.closes:
        yield f"    closed {_time(close.ts_recv_ns)}: {close.reason}"
