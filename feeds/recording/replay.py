"""Frames from a recording in written order, and the pace at which to take them. Knows nothing of what frames mean."""

from __future__ import annotations

from typing import NamedTuple

from feeds.model.frame import Frame
from feeds.recording import RecordingReader


class Mark(NamedTuple):
    """A place between two frames of a recording: a chunk and how many of its frames came before."""

    chunk: int
    frame: int


class FrameCursor:
    """Takes frames forward from a mark. "Up to t" ends before the first frame with a later receive time than t."""

    def __init__(self, reader: RecordingReader, mark: Mark = Mark(0, 0)) -> None:
        self._reader = reader
        self._chunk, self._index = mark
        self._frames: list[Frame] = []
        self._loaded = -1

    @property
    def mark(self) -> Mark:
        """Where the next frame stands."""
        return Mark(self._chunk, self._index)

    @property
    def ended(self) -> bool:
        """Whether no readable frame is left."""
        return not self._load()

    def next_ns(self) -> int | None:
        """Receive time of the next frame, None at the end."""
        return self._frames[self._index].ts_recv_ns if self._load() else None

    def take(self, until_ns: int, limit: int) -> list[Frame]:
        """Up to `limit` frames, none later than `until_ns`, stopping at the first later one."""
        taken: list[Frame] = []
        while len(taken) < limit and self._load():
            frames, start = self._frames, self._index
            stop = min(len(frames), start + limit - len(taken))
            while self._index < stop and frames[self._index].ts_recv_ns <= until_ns:
                self._index += 1
            taken += frames[start : self._index]
            if self._index < stop:
                break
        return taken

    def _load(self) -> bool:
        """Have the frame at the mark in memory; step over the ends of chunks."""
        while True:
            if self._loaded != self._chunk:
                frames = self._reader.chunk(self._chunk)
                if frames is None:
                    return False
                self._frames, self._loaded = frames, self._chunk
            if self._index < len(self._frames):
                return True
            self._chunk, self._index = self._chunk + 1, 0


class Pace:
    """Turns passing wall time into recorded time: `speed` recorded seconds a second, at most `slice_ns` at once."""

    def __init__(self, speed: float = 1.0, slice_s: float = 0.25) -> None:
        self.speed = speed
        self._slice_s = slice_s
        self._last_s: float | None = None

    def elapse(self, now_s: float) -> int:
        """Recorded ns that passed since the last call, by the wall clock reading `now_s`; 0 on the first."""
        last, self._last_s = self._last_s, now_s
        return 0 if last is None else round(min(max(now_s - last, 0.0), self._slice_s) * self.speed * 1e9)

    def rest(self) -> None:
        """Forget the last call: time spent paused does not count."""
        self._last_s = None
