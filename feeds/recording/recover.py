"""Writes a whole recording of what can be read of a damaged one, with its gaps marked."""

import errno
import os
from collections import Counter
from pathlib import Path

import msgspec

from feeds.model.errors import RecordingError
from feeds.model.frame import FrameKind
from feeds.recording.damage import Damage, stands_for_gap
from feeds.recording.reader import RecordingReader
from feeds.recording.writer import RecordingWriter


class Recovery(msgspec.Struct, frozen=True):
    """The result: frames and bytes written, what could not be read, and the number of gaps by connection."""

    frames: int
    out_bytes: int
    damage: Damage | None
    gaps: dict[str, int]


def recover(path: Path, out: Path) -> Recovery:
    """Write what can be read of `path` to `out`, a new file.

    Raises:
        RecordingError: nothing of the file can be read.
        FileExistsError: `out` exists already.
        OSError: `out` cannot be written; no part of it is left.
    """
    reader = RecordingReader(path)
    if out.exists():
        raise FileExistsError(errno.EEXIST, "exists already; choose another name", str(out))
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        made, gaps = _write(reader, part)
        if made.frames_written == sum(gaps.values()):
            raise RecordingError(f"Nothing of {path.name} can be read.")
        part.replace(out)
    except OSError as error:
        if error.filename == str(part):
            error.filename, error.filename2 = str(out), None
        raise
    finally:
        part.unlink(missing_ok=True)
    closed = {name: count for (name, kind), count in gaps.items() if kind is FrameKind.CLOSE}
    return Recovery(made.frames_written - sum(gaps.values()), made.bytes_written, reader.damage, closed)


def _write(reader: RecordingReader, part: Path) -> tuple[RecordingWriter, Counter[tuple[str, FrameKind]]]:
    """Write all frames in the chunks of the original; also count those that stand for a gap."""
    note = "; ".join(filter(None, (reader.metadata.note, f"recovered from {reader.path.name}")))
    gaps: Counter[tuple[str, FrameKind]] = Counter()
    with part.open("xb") as stream:
        writer = RecordingWriter(stream, msgspec.structs.replace(reader.metadata, note=note))
        for number in range(len(reader.chunk_starts)):
            frames = reader.chunk(number) or []
            gaps.update((frame.connection, frame.kind) for frame in frames if stands_for_gap(frame))
            writer.write(frames)
            writer.flush()
            del frames
        writer.finish()
        os.fsync(stream.fileno())
    return writer, gaps
