"""The records beside the chunks: a recording's description, and copies of its OPEN frames, each with a checksum."""

import base64
import struct
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import BinaryIO

import msgspec
import zstandard
from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.opcode import Opcode
from mcap.records import Header, Metadata

from feeds.model.errors import RecordingError
from feeds.model.frame import Frame, FrameKind
from feeds.recording.chunk import CHUNK_ERRORS, PARSE_ERRORS
from feeds.recording.layout import (
    FORMAT_VERSION,
    MAGIC,
    MAX_CHANNELS,
    METADATA_NAME,
    OPENINGS_NAME,
    PROFILE,
    RECORD,
    RecordingMetadata,
    metadata_from_fields,
)
from feeds.recording.scan import ChunkScan

MAX_METADATA_BYTES = 16 * 1024 * 1024
_MAX_OPENINGS_BYTES = 16 * 1024 * 1024
_MAX_EXAMINED_BYTES = 4 * MAX_METADATA_BYTES
_FRONT_BYTES = 32 * 1024 * 1024
_NAMES = (METADATA_NAME, OPENINGS_NAME)
_LENGTH = struct.Struct("<I")
_openings = msgspec.json.Decoder(list[tuple[int, str, bytes]])


def read_front(stream: BinaryIO, size: int) -> tuple[RecordingMetadata, int, bool]:
    """The description of a recording, the offset of its first chunk, and whether the front of the file is intact.

    Where the front is damaged, the copy behind the first chunk is used, or an empty description where there is none.

    Raises:
        RecordingError: this is not a recording, one of a newer program, or nothing of it can be read.
    """
    try:
        metadata, first = _front(stream, size)
    except _Damaged as damage:
        found = ChunkScan(stream, size).next_chunk(0, _FRONT_BYTES)
        if found is None:
            raise RecordingError(damage.text, damage.detail) from damage
        stream.seek(found.offset + found.length)
        copies = metadata_records(stream.read(min(MAX_METADATA_BYTES, size)), METADATA_NAME)
        note = "the description of this recording is damaged"
        return next(filter(None, map(_described, copies)), RecordingMetadata(note=note)), found.offset, False
    if metadata.format_version > FORMAT_VERSION:
        raise RecordingError("The recording was made by a newer version of this program; update to open it.")
    return metadata, first, True


def is_metadata(body: bytes) -> bool:
    """Whether the body of a metadata record is one that the writer puts between chunks, with the right checksum."""
    try:
        record = Metadata.read(ReadDataStream(BytesIO(body)))
        return record.name in _NAMES and str(zlib.crc32(record.metadata["json"].encode())) == record.metadata["crc32"]
    except PARSE_ERRORS:
        return False


def metadata_records(data: bytes, name: str) -> Iterator[Metadata]:
    """The metadata records of a name with the right checksum, anywhere in some bytes.

    After records of `_MAX_EXAMINED_BYTES` in all, which may overlap, the rest is not looked at.
    """
    examined = 0
    mark = _LENGTH.pack(len(name)) + name.encode()
    at = data.find(mark, RECORD.size)
    while at >= 0 and examined <= _MAX_EXAMINED_BYTES:
        opcode, length = RECORD.unpack_from(data, at - RECORD.size)
        body = data[at : at + length] if length <= MAX_METADATA_BYTES else b""
        examined += len(body)
        if opcode == Opcode.METADATA and is_metadata(body):
            yield Metadata.read(ReadDataStream(BytesIO(body)))
        at = data.find(mark, at + 1)


def encode_openings(frames: Iterable[Frame]) -> bytes:
    """A metadata record with copies of OPEN frames."""
    rows = msgspec.json.encode([(frame.ts_recv_ns, frame.connection, frame.payload) for frame in frames])
    packed = base64.b64encode(zstandard.compress(rows)).decode()
    builder = RecordBuilder()
    Metadata(OPENINGS_NAME, {"json": packed, "crc32": str(zlib.crc32(packed.encode()))}).write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


def openings_in(data: bytes) -> list[Frame]:
    """The OPEN frames whose copies stand in some bytes of a recording, of `_MAX_OPENINGS_BYTES` in all."""
    found, left = list[Frame](), _MAX_OPENINGS_BYTES
    for record in metadata_records(data, OPENINGS_NAME):
        try:
            packed = base64.b64decode(record.metadata["json"])
            size = zstandard.get_frame_parameters(packed).content_size
            if not 0 < size <= left:
                continue
            left -= size
            rows = _openings.decode(zstandard.ZstdDecompressor().decompress(packed))
        except CHUNK_ERRORS:
            continue
        rows = rows[:MAX_CHANNELS]
        found += [Frame(ts, connection, FrameKind.OPEN, payload) for ts, connection, payload in rows]
    return found


class _Damaged(Exception):
    """The front of the file cannot be read."""

    def __init__(self, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.text, self.detail = text, detail


def _front(stream: BinaryIO, size: int) -> tuple[RecordingMetadata, int]:
    magic = stream.read(len(MAGIC))
    if not magic:
        raise RecordingError("The file is empty, not a recording.")
    if magic != MAGIC:
        raise _Damaged("This is not a recording; for a raw capture use `workstation import`.")
    header = _read_record(stream, size, Opcode.HEADER)
    try:
        profile = Header.read(header).profile
    except PARSE_ERRORS as error:
        raise _Damaged("The recording is damaged at its very beginning.", str(error)) from error
    if profile != PROFILE:
        raise _Damaged("This is an MCAP file of another program, not a recording of market data.")
    try:
        record = _read_record(stream, size, Opcode.METADATA)
        described = Metadata.read(record)
        if described.name != METADATA_NAME or not record.ended:
            raise ValueError(f"unexpected metadata {described.name!r}")
        return metadata_from_fields(described.metadata), stream.tell()
    except PARSE_ERRORS as error:
        raise _Damaged("The recording is damaged: its description cannot be read.", str(error)) from error


def _described(record: Metadata) -> RecordingMetadata | None:
    try:
        return metadata_from_fields(record.metadata)
    except PARSE_ERRORS:
        return None


class _Record(ReadDataStream):
    """The body of a record."""

    def __init__(self, body: bytes) -> None:
        super().__init__(BytesIO(body))
        self._length = len(body)

    @property
    def ended(self) -> bool:
        """Whether all of it was read; where not, the record's length is damaged."""
        return bool(self.count == self._length)


def _read_record(stream: BinaryIO, size: int, expected: Opcode) -> _Record:
    head = stream.read(RECORD.size)
    if len(head) == RECORD.size:
        opcode, length = RECORD.unpack(head)
        if opcode == expected and length <= min(size - stream.tell(), MAX_METADATA_BYTES):
            return _Record(stream.read(length))
    raise _Damaged("The recording is damaged or cut off at its very beginning; nothing of it can be read.")
