"""The text report of an inspected recording."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from feeds.recording.inspection import ConnectionInspection, Inspection


def inspection_text(found: Inspection) -> str:
    """Format the report."""
    return "\n".join((*_head(found), "", *(line for one in found.connections for line in _connection(one))))


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
        end = _time(found.damage.end_ns) if found.damage.end_ns else "the beginning"
        yield f"DAMAGED: ended at {end}, {found.damage.bytes_unreadable:,} bytes unreadable ({found.damage.reason})"


def _connection(one: ConnectionInspection) -> Iterator[str]:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in one.frames.items())
    yield f"{one.name}  [{' '.join(one.symbols)}]  {counts}, {one.payload_bytes:,} bytes"
    for stream in one.streams:
        yield f"    {stream.name:<36}{stream.frames:>12,} frames  {_time(stream.start_ns)} to {_time(stream.end_ns)}"
    for gap in one.gaps:
        yield f"    silent {_time(gap.start_ns)} to {_time(gap.end_ns)} ({(gap.end_ns - gap.start_ns) / 1e9:,.1f} s)"
    for close in one.closes:
        yield f"    closed {_time(close.ts_recv_ns)}: {close.reason}"


def _time(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
