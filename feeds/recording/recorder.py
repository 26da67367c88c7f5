"""Records a running source from a thread of its own, without ever blocking the source."""

import errno
import logging
import os
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import zstandard

from feeds.model.errors import RecordingError, WriteFailed
from feeds.model.frame import Frame, FrameKind
from feeds.recording.layout import RecordingMetadata
from feeds.recording.writer import CHUNK_BYTES, RecordingWriter

logger = logging.getLogger(__name__)

POLL_S = 0.05
CHUNK_S = 1.0
SYNC_S = 5.0
WRITE_FAILURES = (OSError, RecordingError, ValueError, struct.error, zstandard.ZstdError, MemoryError)


def create_file(path: Path) -> BinaryIO:
    """A new file. Raises RecordingError where it exists or cannot be made."""
    try:
        return path.open("xb")
    except FileExistsError as error:
        raise RecordingError(f"{path.name} exists already; choose another name.") from error
    except OSError as error:
        raise WriteFailed(f"{path.name} cannot be created: {error.strerror}; choose another folder.") from error


def sync_file(stream: BinaryIO) -> None:
    """Wait until everything written is on the disk. Raises OSError."""
    os.fsync(stream.fileno())


class Recorder:
    """A recording in progress.

    If the process dies, everything appended more than about a second before is readable; if the power fails, everything
    more than about `sync_s` seconds before. The queue is unbounded, so nothing is dropped while the disk is slow;
    `backlog` is its length.

    Raises:
        RecordingError: the file exists already or cannot be created. Later failures are set in `failed` and logged.
    """

    def __init__(
        self,
        path: Path,
        metadata: RecordingMetadata | None = None,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        chunk_s: float = CHUNK_S,
        sync_s: float = SYNC_S,
        create: Callable[[Path], BinaryIO] = create_file,
        sync: Callable[[BinaryIO], None] = sync_file,
    ) -> None:
        self.path = path
        self.failed: RecordingError | None = None
        self._chunk_s = chunk_s
        self._sync_s, self._sync = sync_s, sync
        self._synced_bytes, self._synced_s = 0, time.monotonic()
        self._chunk_began_s: float | None = None
        self._queue: deque[Frame] = deque()
        self._closing = threading.Event()
        self._stream = create(path)
        try:
            self._writer = RecordingWriter(self._stream, metadata or RecordingMetadata(), chunk_bytes=chunk_bytes)
        except OSError as error:
            self._stream.close()
            path.unlink(missing_ok=True)
            raise _write_error(error) from error
        self._thread = threading.Thread(target=self._run, name=f"recorder {path.name}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def frames_written(self) -> int:
        """Frames on disk, without those in the open chunk and in the queue."""
        return self._writer.frames_written

    @property
    def bytes_written(self) -> int:
        return self._writer.bytes_written

    @property
    def end_ns(self) -> int | None:
        """The latest receive time on disk; None while there is none."""
        return self._writer.end_ns

    @property
    def backlog(self) -> int:
        """Frames queued for the writing thread."""
        return len(self._queue)

    def append(self, frame: Frame) -> None:
        """Queue one frame; never blocks or raises. Ignores TIMER frames, and all frames after a failure or `close`."""
        if frame.kind is not FrameKind.TIMER and self.failed is None and not self._closing.is_set():
            self._queue.append(frame)

    def close(self, timeout_s: float | None = None) -> None:
        """Write the queue, finish the file and wait for at most `timeout_s`. Idempotent."""
        self._closing.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            with self._stream:
                while not self._closing.wait(POLL_S):
                    self._write_queued()
                self._write_queued()
                self._writer.finish()
                self._sync(self._stream)
        except WRITE_FAILURES as error:
            self.failed = _write_error(error)
            self._queue.clear()
            logger.error("recording stopped after %d frames: %s", self.frames_written, self.failed)

    def _write_queued(self) -> None:
        self._writer.write([self._queue.popleft() for _ in range(len(self._queue))])
        now_s = time.monotonic()
        if not self._writer.pending:
            self._chunk_began_s = None
        elif self._chunk_began_s is None:
            self._chunk_began_s = now_s
        elif now_s - self._chunk_began_s >= self._chunk_s:
            self._writer.flush()
            self._chunk_began_s = None
        if now_s - self._synced_s >= self._sync_s and self.bytes_written > self._synced_bytes:
            self._sync(self._stream)
            self._synced_bytes, self._synced_s = self.bytes_written, now_s


def _write_error(error: Exception) -> RecordingError:
    if isinstance(error, RecordingError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WriteFailed("Recording stopped: the disk is full; free some space.", str(error))
    return WriteFailed("Recording stopped: the file cannot be written.", f"{type(error).__name__}: {error}")
