"""Recordings of the same time read as one, merged by receive time.

Each has connections of its own, as if a market had been received over several connections: what carries an id counts
once, and of each book there is one.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from operator import attrgetter
from pathlib import Path

import msgspec

from feeds.model.frame import DAMAGED, Frame, FrameKind, open_frame, spec_from_frame
from feeds.recording.chunk import CONNECTION_CHANGES, ChunkEntry
from feeds.recording.damage import Damage
from feeds.recording.recording import Recording
from feeds.recording.several.sequence import END_REASON, joined_damage, joined_metadata

SPAN_NS = 30_000_000_000
_receive_time = attrgetter("ts_recv_ns")


class OverlappingRecordings(Recording):
    """Recordings that overlap in time, each with frames. A chunk spans at least `span_ns` of all of them."""

    ends_intact, ends_closed = False, True

    def __init__(self, parts: Sequence[Recording], path: Path, span_ns: int = SPAN_NS) -> None:
        self.parts = tuple(parts)
        self.path, self.ahead_ns = path, 0
        self.files = tuple(file for part in parts for file in part.files)
        self.metadata = joined_metadata(parts)
        self.size_bytes = sum(part.size_bytes for part in parts)
        self.start_ns = min(part.start_ns or 0 for part in parts)
        self.end_ns = max(part.end_ns or 0 for part in parts)
        self.chunk_starts = tuple(_starts(parts, span_ns))
        self._ends: dict[int, list[Frame]] = {}

    @property
    def chunks(self) -> Sequence[ChunkEntry]:
        ends = (*self.chunk_starts[1:], (self.end_ns or 0) + 1)
        return tuple(
            ChunkEntry(at, len(self.parts), start_ns, end_ns - 1)
            for at, (start_ns, end_ns) in enumerate(zip(self.chunk_starts, ends, strict=True))
        )

    @property
    def damage(self) -> Damage | None:
        return joined_damage(self.parts)

    def chunk(self, number: int) -> list[Frame] | None:
        if number >= len(self.chunk_starts):
            return None
        stop_ns = self.chunk_starts[number + 1] if number + 1 < len(self.chunk_starts) else None
        start_ns = self.chunk_starts[number]
        return list(merge(*(self._frames(at, start_ns, stop_ns) for at in range(len(self.parts))), key=_receive_time))

    def changes(self, number: int) -> list[Frame]:
        return [frame for frame in self.chunk(number) or () if frame.kind in CONNECTION_CHANGES]

    def _frames(self, at: int, start_ns: int, stop_ns: int | None) -> Iterator[Frame]:
        """The frames of a part in a span, with its end where that lies in it."""
        part = self.parts[at]
        end_ns = part.end_ns or 0
        for frame in part.frames(start_ns, stop_ns):
            yield _renamed(frame, at) if at else frame
        if start_ns <= end_ns and (stop_ns is None or end_ns < stop_ns):
            for name in sorted(part.open_after(0, len(part.chunks))):
                closed = Frame(end_ns, name, FrameKind.CLOSE, END_REASON, DAMAGED)
                yield _renamed(closed, at) if at else closed


def _starts(parts: Sequence[Recording], span_ns: int) -> Iterator[int]:
    last_ns = -span_ns
    for start_ns in sorted(start_ns for part in parts for start_ns in part.chunk_starts):
        if start_ns >= last_ns + span_ns:
            yield start_ns
            last_ns = start_ns


def _renamed(frame: Frame, at: int) -> Frame:
    name = f"{frame.connection}~{at + 1}"
    if frame.kind is FrameKind.OPEN:
        try:
            spec = msgspec.structs.replace(spec_from_frame(frame), name=name)
        except (ValueError, RecursionError):
            return msgspec.structs.replace(frame, connection=name)
        return msgspec.structs.replace(open_frame(spec, frame.ts_recv_ns), tag=frame.tag)
    return msgspec.structs.replace(frame, connection=name)
