"""Locates the chunks of a recording: from the index at its end, or by walking the records where that is damaged.

The index is used only if its checksum matches and its chunks lie one behind the other; otherwise the records are walked
from the front. Where they cannot be followed, the walk goes on at the next whole chunk and marks what lies between.
Every length is checked against the size of the file before use, and the work is bounded by that size.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import msgspec
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import ChunkIndex

from feeds.recording.chunk import CHUNK_ERRORS, HEAD_BYTES, PARSE_ERRORS, ChunkEntry, chunk_at, read_chunk
from feeds.recording.layout import MAGIC, RECORD
from feeds.recording.metadata import MAX_METADATA_BYTES, is_metadata
from feeds.recording.scan import ChunkScan

MAX_CHUNKS = 800_000
MAX_SUMMARY_BYTES = 256 * 1024 * 1024
_OTHER_RECORDS = 1 << 16
_USUAL_NS = 10_000_000_000
"""Chunks last about a second each, one after the other."""
_FOOTER = struct.Struct("<BQQQI")  # a record header, then summary start, summary offset start, checksum

TORN = "it ends in the middle of a record"
NO_RECORD = "what follows is not a record"
NO_INDEX = "its index is damaged or cut off"
UNFINISHED = "it was not finished"
TOO_MANY = "it has more records than can be read"


class Index(msgspec.Struct, frozen=True):
    """All chunks in written order. `readable_end`: first unreadable offset; `reason`: why, "" if finished."""

    chunks: tuple[ChunkEntry, ...]
    readable_end: int
    reason: str = ""


def read_index(stream: BinaryIO, size: int, first: int) -> Index:
    """Find the chunks of a file of `size` bytes whose records begin at offset `first`. Raises OSError only."""
    return _index_from_summary(stream, size, first) or _index_from_walk(stream, size, first)


def _index_from_summary(stream: BinaryIO, size: int, first: int) -> Index | None:
    tail = _FOOTER.size + len(MAGIC)
    if size < first + tail:
        return None
    stream.seek(size - tail)
    footer = stream.read(tail)
    if len(footer) < tail:
        return None
    opcode, length, start, _offsets, crc = _FOOTER.unpack_from(footer)
    if footer[_FOOTER.size :] != MAGIC or opcode != Opcode.FOOTER or length != _FOOTER.size - RECORD.size:
        return None
    if not first <= start <= size - tail or size - tail - start > MAX_SUMMARY_BYTES:
        return None
    stream.seek(start)
    summary = stream.read(size - tail - start)
    if zlib.crc32(footer[: _FOOTER.size - 4], zlib.crc32(summary)) != crc:
        return None
    try:
        return Index(_chunks_from_summary(summary, first, start), start)
    except PARSE_ERRORS:
        return None


def _chunks_from_summary(summary: bytes, first: int, data_end: int) -> tuple[ChunkEntry, ...]:
    """The indexed chunks. Raises ValueError where they overlap, go back or lie outside the file's records."""
    chunks: list[ChunkEntry] = []
    position, reached = 0, first
    while position < len(summary):
        opcode, length = RECORD.unpack_from(summary, position)
        position += RECORD.size
        if opcode == Opcode.CHUNK_INDEX:
            entry = ChunkIndex.read(ReadDataStream(BytesIO(summary[position : position + length])))
            start, end = entry.chunk_start_offset, entry.chunk_start_offset + entry.chunk_length
            if start < reached or entry.chunk_length < RECORD.size or end > data_end or len(chunks) >= MAX_CHUNKS:
                raise ValueError("the index is absurd")
            chunks.append(ChunkEntry(start, end - start, entry.message_start_time, entry.message_end_time))
            reached = end
        position += length
    return tuple(chunks)


def _index_from_walk(stream: BinaryIO, size: int, first: int) -> Index:
    chunks: list[ChunkEntry] = []
    end, reason = _walk(stream, size, first, chunks)
    if chunks:
        chunks[-1] = _verified(stream, chunks[-1])
    return Index(tuple(_timed(chunks)), end, reason)


def _walk(stream: BinaryIO, size: int, first: int, chunks: list[ChunkEntry]) -> tuple[int, str]:
    """Append the chunks of a file, and what is missing between them; returns where the walk ended and why."""
    position, others, scan = first, 0, ChunkScan(stream, size)
    while position < size:
        if len(chunks) >= MAX_CHUNKS or others > _OTHER_RECORDS + len(chunks):
            return position, TOO_MANY
        stream.seek(position)
        head = stream.read(HEAD_BYTES)
        chunk = chunk_at(head, position, size - position)
        if chunk is not None:
            chunks.append(_verified(stream, chunk) if _is_odd(chunk, chunks) else chunk)
            position += chunk.length
            continue
        length = _other_length(stream, head, position, size)
        if length and head[0] == Opcode.DATA_END:
            return position, NO_INDEX
        if length:
            position, others = position + length, others + 1
            continue
        reason = TORN if _is_torn(head, size - position) else NO_RECORD
        if chunks and _verified(stream, chunks[-1]).missing:
            position = chunks.pop().offset  # its length is not to be trusted, and what it skipped may be intact
        following = scan.next_chunk(position + 1)
        if following is None:
            return position, reason
        chunks.append(ChunkEntry(position, following.offset - position, 0, 0, missing=True))
        position = following.offset
    return size, UNFINISHED


def _is_odd(chunk: ChunkEntry, before: list[ChunkEntry]) -> bool:
    """Whether the times in a header may be damaged: they have no checksum, and everything else goes by them."""
    if not before or before[-1].missing or chunk.end_ns - chunk.start_ns > _USUAL_NS:
        return True
    return abs(chunk.start_ns - before[-1].end_ns) > _USUAL_NS or chunk.end_ns < chunk.start_ns


def _verified(stream: BinaryIO, chunk: ChunkEntry) -> ChunkEntry:
    """A chunk as it is, or as missing where it cannot be read."""
    try:
        if not chunk.missing:
            read_chunk(stream, chunk)
    except (OSError, *CHUNK_ERRORS):
        return msgspec.structs.replace(chunk, missing=True)
    return chunk


def _timed(chunks: list[ChunkEntry]) -> Iterator[ChunkEntry]:
    """The chunks, where missing ones have the times of their neighbours; none if all are missing."""
    end_ns = next((chunk.start_ns for chunk in chunks if not chunk.missing), None)
    if end_ns is None:
        return
    for chunk in chunks:
        if chunk.missing:
            yield msgspec.structs.replace(chunk, start_ns=end_ns, end_ns=end_ns)
        else:
            end_ns = chunk.end_ns
            yield chunk


def _other_length(stream: BinaryIO, head: bytes, position: int, size: int) -> int:
    """The length of a record that is no chunk and may stand between chunks; 0 where there is none."""
    if len(head) < RECORD.size:
        return 0
    opcode, length = RECORD.unpack_from(head)
    if opcode == Opcode.DATA_END:
        return RECORD.size + 4 if length == 4 and RECORD.size + 4 <= size - position else 0
    if opcode != Opcode.METADATA or length > min(size - position - RECORD.size, MAX_METADATA_BYTES):
        return 0
    stream.seek(position + RECORD.size)
    return RECORD.size + int(length) if is_metadata(stream.read(length)) else 0


def _is_torn(head: bytes, left: int) -> bool:
    """Whether the file ends within the record that begins with `head`."""
    if len(head) < RECORD.size:
        return True
    opcode, length = RECORD.unpack_from(head)
    return opcode in (Opcode.CHUNK, Opcode.METADATA, Opcode.DATA_END) and length > left - RECORD.size
