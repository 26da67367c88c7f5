"""Finds the next whole chunk in a file whose records cannot be followed."""

import struct
from typing import BinaryIO

from feeds.recording.chunk import CHUNK_ERRORS, CHUNK_HEAD, HEAD_BYTES, ChunkEntry, chunk_at, read_chunk, unpacked_size

_NAME = b"zstd"
_MARK = struct.pack("<I", len(_NAME)) + _NAME
_MARK_AT = CHUNK_HEAD.size - 4
_BLOCK_BYTES = 1 << 20
_WORK_FACTOR, _LEAST_WORK = 16, 256 * 1024 * 1024


class ChunkScan:
    """Searches a file of `size` bytes for chunks whose content has the right checksum.

    At most 16 times the size of the file, or 256 MB, is unpacked, whatever the file claims; then nothing more is found.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._work_left = max(_LEAST_WORK, _WORK_FACTOR * size)

    def next_chunk(self, position: int, end: int | None = None) -> ChunkEntry | None:
        """The first whole chunk that begins at `position` or later, and before `end`. Raises OSError."""
        end = self._size if end is None else min(end, self._size)
        while position < end and self._work_left > 0:
            self._stream.seek(position)
            block = self._stream.read(_BLOCK_BYTES + _MARK_AT + len(_MARK) - 1)
            at = block.find(_MARK, _MARK_AT)
            while at >= 0:
                if (found := self._chunk(position + at - _MARK_AT)) is not None:
                    return found
                at = block.find(_MARK, at + 1)
            position += _BLOCK_BYTES
        return None

    def _chunk(self, offset: int) -> ChunkEntry | None:
        self._stream.seek(offset)
        head = self._stream.read(HEAD_BYTES)
        chunk = chunk_at(head, offset, self._size - offset)
        if chunk is None or self._work_left <= 0:
            return None
        self._work_left -= chunk.length + unpacked_size(head)
        try:
            read_chunk(self._stream, chunk)
        except CHUNK_ERRORS:
            return None
        return chunk
