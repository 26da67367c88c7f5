"""Locates the chunks of a recording: from the index at its end, or by walking the records when there is none.

The index is used only if its checksum matches; otherwise the records are walked from the front up to the first invalid
one. Every length field is checked against the size of the file before use.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import BinaryIO

import msgspec
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import ChunkIndex, Header, Metadata

from feeds.model.errors import RecordingError
from feeds.recording.layout import (
    FORMAT_VERSION,
    MAGIC,
    METADATA_NAME,
    PROFILE,
    RECORD,
    RecordingMetadata,
    metadata_from_fields,
)

MAX_METADATA_BYTES = 16 * 1024 * 1024
KNOWN_OPCODES = frozenset(Opcode)
PARSE_ERRORS = (struct.error, ValueError, KeyError, McapError)

FOOTER = struct.Struct("<BQQQI")  # a record header, then summary start, summary offset start, checksum
CHUNK_TIMES = struct.Struct("<QQ")


class ChunkEntry(msgspec.Struct, frozen=True):
    """One chunk: byte offset and length in the file, earliest and latest receive time of its frames."""

    offset: int
    length: int
    start_ns: int
    end_ns: int


class Index(msgspec.Struct, frozen=True):
    """All chunks in written order. `readable_end`: first unreadable offset; `reason`: why, "" if finished."""

    chunks: tuple[ChunkEntry, ...]
    readable_end: int
    reason: str = ""


def read_metadata(stream: BinaryIO, size: int) -> tuple[RecordingMetadata, int]:
    """Read the metadata at the front; also return the offset of the record after it.

    Raises:
        RecordingError: this is not a recording, one of a newer program, or its first records are damaged.
    """
    magic = stream.read(len(MAGIC))
    if not magic:
        raise RecordingError("The file is empty, not a recording.")
    if magic != MAGIC:
        raise RecordingError("This is not a recording; for a raw capture use `workstation import`.")
    header = _read_record(stream, size, Opcode.HEADER)
    try:
        profile = Header.read(header).profile
    except PARSE_ERRORS as error:
        raise RecordingError("The recording is damaged at its very beginning.", str(error)) from error
    if profile != PROFILE:
        raise RecordingError("This is an MCAP file of another program, not a recording of market data.")
    return _metadata(_read_record(stream, size, Opcode.METADATA)), stream.tell()


def read_index(stream: BinaryIO, size: int, first: int) -> Index:
    """Find the chunks of a file of `size` bytes whose records begin at offset `first`. Raises OSError only."""
    return _index_from_summary(stream, size, first) or _index_from_walk(stream, size, first)


def _metadata(record: ReadDataStream) -> RecordingMetadata:
    try:
        described = Metadata.read(record)
        if described.name != METADATA_NAME:
            raise ValueError(f"unexpected metadata {described.name!r}")
        metadata = metadata_from_fields(described.metadata)
    except PARSE_ERRORS as error:
        raise RecordingError("The recording is damaged: its description cannot be read.", str(error)) from error
    if metadata.format_version > FORMAT_VERSION:
        raise RecordingError("The recording was made by a newer version of this program; update to open it.")
    return metadata


def _read_record(stream: BinaryIO, size: int, expected: Opcode) -> ReadDataStream:
    head = stream.read(RECORD.size)
    if len(head) == RECORD.size:
        opcode, length = RECORD.unpack(head)
        if opcode == expected and length <= min(size - stream.tell(), MAX_METADATA_BYTES):
            return ReadDataStream(BytesIO(stream.read(length)))
    raise RecordingError("The recording is damaged or cut off at its very beginning; nothing of it can be read.")


def _index_from_summary(stream: BinaryIO, size: int, first: int) -> Index | None:
    tail = FOOTER.size + len(MAGIC)
    if size < first + tail:
        return None
    stream.seek(size - tail)
    footer = stream.read(tail)
    opcode, length, start, _offsets, crc = FOOTER.unpack_from(footer)
    if footer[FOOTER.size :] != MAGIC or opcode != Opcode.FOOTER or length != FOOTER.size - RECORD.size:
        return None
    if not first <= start <= size - tail:
        return None
    stream.seek(start)
    summary = stream.read(size - tail - start)
    if zlib.crc32(footer[: FOOTER.size - 4], zlib.crc32(summary)) != crc:
        return None
    try:
        return Index(_chunks_from_summary(summary, start), start)
    except PARSE_ERRORS:
        return None


def _chunks_from_summary(summary: bytes, data_end: int) -> tuple[ChunkEntry, ...]:
    chunks: list[ChunkEntry] = []
    position = 0
    while position < len(summary):
        opcode, length = RECORD.unpack_from(summary, position)
        position += RECORD.size
        if opcode == Opcode.CHUNK_INDEX:
            entry = ChunkIndex.read(ReadDataStream(BytesIO(summary[position : position + length])))
            if entry.chunk_start_offset + entry.chunk_length > data_end:
                raise ValueError("the index points outside the file")
            times = entry.message_start_time, entry.message_end_time
            chunks.append(ChunkEntry(entry.chunk_start_offset, entry.chunk_length, *times))
        position += length
    return tuple(chunks)


def _index_from_walk(stream: BinaryIO, size: int, first: int) -> Index:
    chunks: list[ChunkEntry] = []
    position = first
    while position < size:
        stream.seek(position)
        head = stream.read(RECORD.size + CHUNK_TIMES.size)
        if len(head) < RECORD.size:
            return Index(tuple(chunks), position, "it ends in the middle of a record")
        opcode, length = RECORD.unpack_from(head)
        if opcode not in KNOWN_OPCODES:
            return Index(tuple(chunks), position, "what follows is not a record")
        if length > size - position - RECORD.size:
            return Index(tuple(chunks), position, "it ends in the middle of a record")
        if opcode == Opcode.DATA_END:
            return Index(tuple(chunks), position, "its index is damaged or cut off")
        if opcode == Opcode.CHUNK and length >= CHUNK_TIMES.size:
            chunks.append(ChunkEntry(position, RECORD.size + length, *CHUNK_TIMES.unpack_from(head, RECORD.size)))
        position += RECORD.size + length
    return Index(tuple(chunks), size, "it was not finished")
