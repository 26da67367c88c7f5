"""Makes the index of a recording by playing it once; goes on where an earlier one ended, also while it grows."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from feeds.recording.several.opening import open_recording
from workstation.analytics.book.depth_history import CHUNK
from workstation.replay import stamp
from workstation.replay.codec import save
from workstation.replay.core import Core, Tape
from workstation.replay.index import RecordingIndex, chunks_read, identity, index_file_of, lock_file, stamp_of
from workstation.replay.states import Entry, StatesWriter

log = logging.getLogger(__name__)

_SECOND = 1_000_000_000
_COLUMN_NS = CHUNK * _SECOND


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a state is saved: after `frames`, when the depth history has just closed its chunks, because a state is
    smallest then; at the latest after `most_frames`, or after `span_ns` of receive time.
    """

    frames: int = 20_000
    most_frames: int = 60_000
    span_ns: int = 1_800_000_000_000
    slice_frames: int = 256


RHYTHM = Rhythm()


class Busy(Exception):
    """Another process is writing the index; the argument is its number."""


class IndexBuilder:
    """Builds the index of a recording, or of several and of folders as one, from where an earlier one ended.

    A context that holds the file while it does.

    Raises Busy where another process builds it, RecordingError where the file is none, and OSError.
    """

    def __init__(self, *places: Path, file: Path | None = None, rhythm: Rhythm = RHYTHM) -> None:
        self._places = places
        self._rhythm = rhythm
        reader = open_recording(*places)
        file = file or index_file_of(reader)
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _Lock(file)
        try:
            self.index = RecordingIndex(reader, file)  # as nobody else writes it from here on
            self._go_on(self.index)
        except BaseException:
            self._lock.release()
            raise

    def _go_on(self, index: RecordingIndex) -> None:
        """Continue from the last state, from the beginning where there is none that can be continued."""
        reader = index.reader
        self._digest = stamp.ChunkDigest()
        tape = index.tape_before(reader.end_ns or 0)
        states = index.states if tape is not None else None  # none where a state turned out damaged
        self.tape = tape if tape is not None and states is not None else Tape(reader, Core())
        self._saved = Entry(self.tape.position_ns, self.tape.cursor.mark, self.tape.core.frames, b"")
        if states is not None:
            self._digest.advance(reader.chunks[: chunks_read(self._saved)])
        self._writer = StatesWriter(index.file, stamp_of(*reader.files), states)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End; what was written stays."""
        self._writer.close()
        self._lock.release()

    def steps(self, *, ended: bool = True) -> Iterator[int]:
        """Read the recording as it is now; yields the receive time reached, ns, after each slice.

        It ends with a state where the recording has `ended`; while that grows, states come at the usual rhythm.
        """
        reader = self.index.reader
        end_ns = reader.end_ns or 0
        while not self.tape.play(end_ns, self._rhythm.slice_frames):
            if self._due():
                self._save()
            yield self.tape.position_ns
        if ended and (self.tape.core.frames != self._saved.frames or not self.index.complete):
            self._save(at_end=True)
        elif self._due():
            self._save()

    def extend(self) -> None:
        """Look for what was recorded since."""
        position_ns = self.tape.position_ns
        self.index = RecordingIndex(open_recording(*self._places), self.index.file)
        self.tape = Tape(self.index.reader, self.tape.core, self.tape.cursor.mark)
        self.tape.position_ns = position_ns

    def _due(self) -> bool:
        frames, since_ns = self.tape.core.frames - self._saved.frames, self.tape.position_ns - self._saved.position_ns
        return (
            (frames >= self._rhythm.frames and _SECOND <= self.tape.position_ns % _COLUMN_NS < 6 * _SECOND)
            or frames >= self._rhythm.most_frames
            or (frames > 0 and since_ns >= self._rhythm.span_ns)
        )

    def _save(self, *, at_end: bool = False) -> None:
        reader, cursor = self.index.reader, self.tape.cursor
        entry = Entry(self.tape.position_ns, cursor.mark, self.tape.core.frames, b"")
        digest = self._digest.advance(reader.chunks[self._digest.count : chunks_read(entry)])
        self._saved = entry._replace(
            chunks=digest,
            damage=reader.damage.reason if reader.damage else "",
            recording=identity(reader) if at_end else (),
        )
        self._writer.append(self._saved, save(self.tape.core.checkpoint()))


class _Lock:
    """A file that holds the number of the process that writes an index; one of a process that ended is taken over."""

    def __init__(self, index: Path) -> None:
        self._file = lock_file(index)
        try:
            self._create()
        except FileExistsError:
            owner = self._file.read_text().strip()
            if owner.isdigit() and int(owner) != os.getpid() and psutil.pid_exists(int(owner)):
                raise Busy(owner) from None
            self._file.unlink(missing_ok=True)
            self._create()

    def _create(self) -> None:
        with self._file.open("x") as stream:
            stream.write(str(os.getpid()))

    def release(self) -> None:
        """Let another process write."""
        self._file.unlink(missing_ok=True)


def build(*places: Path, rhythm: Rhythm = RHYTHM) -> Iterator[float]:
    """Build the index of a recording, or of several as one; yields the share done, 0 to 1."""
    with IndexBuilder(*places, rhythm=rhythm) as builder:
        start_ns, end_ns = builder.index.reader.start_ns or 0, builder.index.reader.end_ns or 0
        for position_ns in builder.steps():
            yield (position_ns - start_ns) / max(end_ns - start_ns, 1)
    yield 1.0
