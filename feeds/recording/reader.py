"""Reads finished, growing, truncated and damaged recordings; yields frames in written order, around any damage."""

import contextlib
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from feeds.model.errors import RecordingError
from feeds.model.frame import Frame
from feeds.recording.chunk import CHUNK_ERRORS, CONNECTION_CHANGES, ChunkEntry, read_chunk, read_connection_changes
from feeds.recording.damage import Connections, Damage, DamagedSpan
from feeds.recording.index import read_index
from feeds.recording.metadata import MAX_METADATA_BYTES, openings_in, read_front
from feeds.recording.recording import Recording

FRONT_DAMAGED = "its beginning is damaged"


class RecordingReader(Recording):
    """An opened recording. A file that still grows is read up to its size at opening.

    What cannot be read is a gap: its frames are CLOSE and OPEN with the tag `DAMAGED`, at the place of the damaged
    chunks (see `feeds.recording.damage`). All ways of reading yield the same frames.

    `ahead_ns` is how far the clock that stamped the frames was ahead of the venues': all receive times are read as that
    much earlier. None is read as 0 and means that it is not known yet (see `feeds.recording.venue_time`).

    Raises:
        RecordingError: the file is missing, unreadable or not a recording; `text` states which and what to do.
    """

    def __init__(self, path: Path, ahead_ns: int | None = None) -> None:
        self.path, self.files = path, (path,)
        self.ahead_ns, self._ahead_ns = ahead_ns, ahead_ns or 0
        with _open(path) as stream:
            try:
                self.size_bytes = stream.seek(0, 2)
                stream.seek(0)
                self.metadata, first, self._front_intact = read_front(stream, self.size_bytes)
                index = read_index(stream, self.size_bytes, first)
            except OSError as error:
                raise RecordingError(f"{path.name} cannot be read: {error.strerror}.", str(error)) from error
        self._written = index.chunks
        earlier = index.chunks if not ahead_ns else (_earlier_chunk(chunk, ahead_ns) for chunk in index.chunks)
        self._chunks = tuple(earlier)
        self._end, self._reason = index.readable_end, index.reason
        self._connections, self._followed = Connections(), 0
        self._bridges: dict[int, Sequence[Frame]] = {}
        self._spans: dict[int, DamagedSpan] = {}
        self._why = (len(index.chunks), "")  # the first damaged chunk that was met, and what is wrong with it
        self._missing = {at: chunk.length for at, chunk in enumerate(self._chunks) if chunk.missing}
        self.chunk_starts = tuple(chunk.start_ns for chunk in self._chunks)
        self.start_ns = min(self.chunk_starts, default=None)
        self.end_ns = max((chunk.end_ns for chunk in self._chunks), default=None)

    @property
    def chunks(self) -> Sequence[ChunkEntry]:
        return self._chunks

    @property
    def damage(self) -> Damage | None:
        missing = sum(self._missing.values())
        spans = tuple(self._spans[at] for at in sorted(self._spans))
        unread = sum(span.length for span in spans) + missing
        if self._reason:
            unread += self.size_bytes - self._end
        reasons = [self._why[1]] if self._why[1] else []
        reasons += ["a part of it is missing"] if missing else []
        reasons += [] if self._front_intact else [FRONT_DAMAGED]
        reasons += [self._reason] if self._reason else []
        if not reasons:
            return None
        end_ns = spans[0].start_ns if spans else self.end_ns
        return Damage(end_ns, unread, reasons[0], spans)

    @property
    def ends_intact(self) -> bool:
        last = len(self._chunks) - 1
        return last >= 0 and not self._reason and bool(self.chunk(last)) and last not in self._bridges

    def changes(self, number: int) -> list[Frame]:
        if number not in self._bridges:
            with _open(self.path) as stream, contextlib.suppress(OSError, *CHUNK_ERRORS):
                return read_connection_changes(stream, self._written[number])
        return [frame for frame in self.chunk(number) or () if frame.kind in CONNECTION_CHANGES]

    def chunk(self, number: int) -> list[Frame] | None:
        if number >= len(self._chunks):
            return None
        if number in self._bridges:
            return list(self._bridges[number])
        with _open(self.path) as stream:
            frames = self._intact(stream, number)
            return self._bridge(stream, number) if frames is None else frames

    def _intact(self, stream: BinaryIO, number: int) -> list[Frame] | None:
        """The frames of a chunk; None where it is damaged."""
        if self._chunks[number].missing:
            self._note(number, "what follows is not a record")
            return None
        try:
            frames = read_chunk(stream, self._written[number])
            return frames if not self._ahead_ns else [_earlier(frame, self._ahead_ns) for frame in frames]
        except (OSError, *CHUNK_ERRORS) as error:
            what = "a message belongs to no known connection" if isinstance(error, KeyError) else error
            self._note(number, f"a chunk is damaged: {what}")
            return None

    def _note(self, number: int, what: str) -> None:
        if number < self._why[0]:
            self._why = number, what

    def _bridge(self, stream: BinaryIO, number: int) -> list[Frame]:
        """Frames that stand for the damaged chunks around this one; the first of them yields all, the others none."""
        first, stop, after = number, number + 1, None
        while first and first - 1 not in self._bridges and self._intact(stream, first - 1) is None:
            first -= 1
        while stop < len(self._chunks) and (after := self._intact(stream, stop)) is None:
            stop += 1
        self._follow(stream, first)
        span = self._span(first, stop, after or ())
        copies = openings_in(self._between(stream, first, stop))
        made = self._connections.bridge(span.start_ns, span.end_ns if after else None, copies, after or ())
        self._spans[first] = span
        self._missing = {at: length for at, length in self._missing.items() if not first <= at < stop}
        for at in range(first, stop):
            self._bridges[at] = made if at == first else ()
        self._followed = max(self._followed, stop)
        return list(self._bridges[number])

    def _follow(self, stream: BinaryIO, number: int) -> None:
        """Learn which connections are open before a chunk."""
        while self._followed < number:
            at = self._followed
            if at not in self._bridges:
                try:
                    self._connections.follow(read_connection_changes(stream, self._written[at]))
                except (OSError, *CHUNK_ERRORS):
                    self._bridge(stream, at)
            self._followed = max(self._followed, at + 1)

    def _span(self, first: int, stop: int, after: Sequence[Frame]) -> DamagedSpan:
        chunks = self._chunks
        start_ns = max((chunk.end_ns for chunk in chunks[:first]), default=None)
        end_ns = min((frame.ts_recv_ns for frame in after), default=max(chunk.end_ns for chunk in chunks[first:stop]))
        if start_ns is not None:
            end_ns = max(start_ns, end_ns)
        return DamagedSpan(start_ns, end_ns, chunks[first].offset, sum(chunk.length for chunk in chunks[first:stop]))

    def _between(self, stream: BinaryIO, first: int, stop: int) -> bytes:
        """What stands in and behind some chunks, without the chunks themselves where their place is known.

        Of all of it together, the first `MAX_METADATA_BYTES`.
        """
        found, left = list[bytes](), MAX_METADATA_BYTES
        for at in range(first, stop):
            chunk, end = self._chunks[at], self._end
            if at + 1 < len(self._chunks):
                end = self._chunks[at + 1].offset
            begin = chunk.offset if chunk.missing else chunk.offset + chunk.length
            stream.seek(begin)
            found.append(stream.read(min(end - begin, left)))
            left -= len(found[-1])
        return b"".join(found)


def _earlier(frame: Frame, span_ns: int) -> Frame:
    return msgspec.structs.replace(frame, ts_recv_ns=frame.ts_recv_ns - span_ns)


def _earlier_chunk(chunk: ChunkEntry, span_ns: int) -> ChunkEntry:
    return msgspec.structs.replace(chunk, start_ns=chunk.start_ns - span_ns, end_ns=chunk.end_ns - span_ns)


def _open(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a folder; choose a recording inside it" if path.is_dir() else "not a regular file"
            raise RecordingError(f"{path.name} is {what}.", str(path))
        return path.open("rb")
    except FileNotFoundError as error:
        raise RecordingError(f"There is no file {path.name}; check the name.", str(path)) from error
    except PermissionError as error:
        raise RecordingError(f"{path.name} may not be read; change its permissions.", str(path)) from error
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path.name} cannot be opened.", str(error)) from error
