"""What is read as one recording: a file, files one after another, files at the same time."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from feeds.model.frame import Frame, FrameKind
from feeds.recording.chunk import ChunkEntry
from feeds.recording.damage import Damage
from feeds.recording.layout import RecordingMetadata


class Recording(ABC):
    """Frames in chunks, in written order. `path` names it: a file, or the folder of its files.

    `start_ns` and `end_ns` are the earliest and latest receive time, None for a recording without frames.
    `chunk_starts` holds the earliest receive time of each chunk in written order; seeking to these is cheap. `ahead_ns`
    is how far the clock that stamped it was ahead of the venues', which its receive times leave out; None where it is
    not known yet.
    """

    path: Path
    ahead_ns: int | None
    files: tuple[Path, ...]
    metadata: RecordingMetadata
    size_bytes: int
    start_ns: int | None
    end_ns: int | None
    chunk_starts: tuple[int, ...]
    ends_closed = False
    """Whether nothing is open at its end because its own frames close all."""

    @property
    @abstractmethod
    def chunks(self) -> Sequence[ChunkEntry]:
        """Where its chunks are, in written order; what a growing file adds comes behind them."""

    @property
    @abstractmethod
    def damage(self) -> Damage | None:
        """What cannot be read: an end or parts that are missing from the start on, damaged chunks once they are met."""

    @abstractmethod
    def chunk(self, number: int) -> list[Frame] | None:
        """Read the frames of one chunk in written order; None past the end. Raises RecordingError if it is gone."""

    @abstractmethod
    def changes(self, number: int) -> list[Frame]:
        """The OPEN and CLOSE frames of one chunk. Raises RecordingError."""

    @property
    @abstractmethod
    def ends_intact(self) -> bool:
        """Whether its last frames can be read. Raises RecordingError."""

    def open_after(self, first: int, stop: int) -> set[str]:
        """The connections that some chunks open and do not close. Raises RecordingError."""
        found: set[str] = set()
        for number in range(first, stop):
            for frame in self.changes(number):
                (found.add if frame.kind is FrameKind.OPEN else found.discard)(frame.connection)
        return found

    @property
    def changed_ns(self) -> int:
        """When it was last written to, ns. Raises OSError."""
        return max(file.stat().st_mtime_ns for file in self.files)

    def frames(self, start_ns: int | None = None, end_ns: int | None = None) -> Iterator[Frame]:
        """Yield the frames with `start_ns <= ts_recv_ns < end_ns`, in written order.

        Chunks outside the range are not read. Receive times may step back slightly within a recording; frames are still
        yielded in written order and filtered one by one.
        """
        low = start_ns if start_ns is not None else 0
        high = end_ns if end_ns is not None else 1 << 64
        previous_ns = 0
        for number, chunk in enumerate(self.chunks):
            since_ns, previous_ns = min(chunk.start_ns, previous_ns or chunk.start_ns), chunk.end_ns
            if chunk.end_ns < low or since_ns >= high:
                continue
            frames = self.chunk(number) or []
            if since_ns < low or chunk.end_ns >= high:
                frames = [frame for frame in frames if low <= frame.ts_recv_ns < high]
            yield from frames
            del frames
