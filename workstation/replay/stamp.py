"""What an index was made from and by: it counts only for this recording, and only for this arithmetic."""

import hashlib
import platform
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

import feeds
from feeds.recording.chunk import ChunkEntry

FORMAT = 1
_HEAD_BYTES = 1 << 16
_ARITHMETIC = (
    "feeds/model",
    "feeds/pipeline",
    "feeds/recording",
    "feeds/venues",
    "workstation/analytics",
    "workstation/replay",
)


@cache
def program() -> str:
    """A digest (hexadecimal) of the code that turns frames into state; any change to it makes an index stale."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{FORMAT} {platform.python_version()} {np.__version__}".encode())
    root = Path(next(iter(feeds.__path__))).parent
    sources = sorted(path for room in _ARITHMETIC for path in (root / room).rglob("*.py"))
    for path in sources:
        digest.update(path.read_bytes())
    if not sources:  # a frozen program has no sources: the executable stands for them
        made = Path(sys.executable).stat()
        digest.update(f"{made.st_size} {made.st_mtime_ns}".encode())
    return digest.hexdigest()


def recording(path: Path) -> str:
    """A digest of the beginning of a recording, which does not change while it grows. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.blake2b(stream.read(_HEAD_BYTES), digest_size=16).hexdigest()


class ChunkDigest:
    """A digest of the table of chunks, chunk by chunk: where each lies and what it spans."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self.count = 0

    def advance(self, chunks: Iterable[ChunkEntry]) -> bytes:
        """Add the chunks that follow. Returns the 16 bytes that stand for all so far."""
        for chunk in chunks:
            self._digest.update(f"{chunk.offset} {chunk.length} {chunk.start_ns} {chunk.end_ns};".encode())
            self.count += 1
        return self._digest.digest()
