"""A recording cut into files: as a rotation does, or as a program does that ends and begins again."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from feeds.model.frame import Frame, FrameKind
from feeds.recording import RecordingReader, RecordingWriter
from feeds.recording.layout import Continued

SAMPLE = Path("resources/sessions/simulated.mcap")
FRAMES = 6_000


def sample_frames() -> list[Frame]:
    """The first frames of the shipped sample."""
    return [frame for frame, _ in zip(RecordingReader(SAMPLE).frames(), range(FRAMES), strict=False)]


def write(path: Path, frames: Sequence[Frame], continues: Continued | None = None, chunk_bytes: int = 40_000) -> Path:
    """Write a finished recording."""
    metadata = msgspec.structs.replace(RecordingReader(SAMPLE).metadata, continues=continues or msgspec.UNSET)
    with path.open("xb") as stream:
        writer = RecordingWriter(stream, metadata, chunk_bytes=chunk_bytes)
        writer.write(frames)
        writer.finish()
    return path


def open_at(frames: Sequence[Frame]) -> list[Frame]:
    """The OPEN frames of what is open at the end, stamped with the last receive time."""
    found: dict[str, Frame] = {}
    for frame in frames:
        if frame.kind is FrameKind.OPEN:
            found[frame.connection] = frame
        elif frame.kind is FrameKind.CLOSE:
            found.pop(frame.connection, None)
    return [msgspec.structs.replace(frame, ts_recv_ns=frames[-1].ts_recv_ns) for frame in found.values()]


def rotated(folder: Path, frames: Sequence[Frame], cuts: Sequence[int]) -> Path:
    """Write files that go on from each other, cut before the frames of these numbers."""
    bounds = [0, *cuts, len(frames)]
    for number, (first, stop) in enumerate(pairwise(bounds)):
        opened = open_at(frames[:first]) if first else []
        continues = (
            Continued(max(one.ts_recv_ns for one in frames[:first][bounds[number - 1] :]), len(opened))
            if first
            else None
        )
        write(folder / f"{number}.mcap", [*opened, *frames[first:stop]], continues)
    return folder
