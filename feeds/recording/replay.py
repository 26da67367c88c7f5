"""Reads a recording step by step at a chosen speed, without decoding its frames."""

from typing import NamedTuple

from feeds.model.frame import Frame
from feeds.recording.recording import Recording


class Mark(NamedTuple):
    """A position between two frames: chunk number, and number of frames of that chunk before it."""

    chunk: int
    frame: int


class FrameCursor:
    """Reads frames forward from a mark. Reading "up to t" stops before the first frame received later than t."""

    def __init__(self, reader: Recording, mark: Mark = Mark(0, 0)) -> None:
        self._reader = reader
        self._chunk, self._index = mark
        self._frames: list[Frame] = []
        self._loaded = -1

    @property
    def mark(self) -> Mark:
        return Mark(self._chunk, self._index)

    @property
    def ended(self) -> bool:
        """Whether no readable frame remains."""
        return not self._load()

    def next_ns(self) -> int | None:
        """Receive time of the next frame; None at the end."""
        return self._frames[self._index].ts_recv_ns if self._load() else None

    def take(self, until_ns: int, limit: int) -> list[Frame]:
        """Read up to `limit` frames, stopping at the first one received later than `until_ns`."""
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
        """Load the chunk of the next frame, moving on at the end of a chunk. Returns False at the end."""
        while True:
            if self._loaded != self._chunk:
                self._frames, self._loaded = [], -1  # before the next chunk takes its memory
                frames = self._reader.chunk(self._chunk)
                if frames is None:
                    return False
                self._frames, self._loaded = frames, self._chunk
            if self._index < len(self._frames):
                return True
            self._chunk, self._index = self._chunk + 1, 0


class Pace:
    """Converts wall to recorded time: `speed` recorded seconds a second, at most `slice_s` wall seconds a call."""

    def __init__(self, speed: float = 1.0, slice_s: float = 0.25) -> None:
        self.speed = speed
        self._slice_s = slice_s
        self._last_s: float | None = None

    def elapse(self, now_s: float) -> int:
        """Recorded ns since the last call, given the wall clock `now_s` in seconds; 0 on the first call."""
        last, self._last_s = self._last_s, now_s
        return 0 if last is None else round(min(max(now_s - last, 0.0), self._slice_s) * self.speed * 1e9)

    def reset(self) -> None:
        """Discard the last call, so that time spent paused does not count."""
        self._last_s = None
