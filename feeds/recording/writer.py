"""Writes frames as MCAP chunks, in the caller's thread.

The `mcap` package encodes the records around the chunks; the messages inside are packed here, because an object per
message would make its writer the slowest part of recording.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    Metadata,
    MetadataIndex,
    Statistics,
)

from feeds.model.errors import RecordingError
from feeds.model.frame import Frame, FrameKind
from feeds.recording.layout import (
    MAGIC,
    MAX_CHANNELS,
    MAX_CHUNK_BYTES,
    MESSAGE,
    MESSAGE_FIELDS,
    METADATA_NAME,
    PROFILE,
    TAG_LENGTH,
    ChannelKey,
    RecordingMetadata,
    fields_from_key,
    fields_from_metadata,
)
from feeds.recording.metadata import encode_openings

CHUNK_BYTES = 512 * 1024


class RecordingWriter:
    """Writes one recording to a binary stream, which the caller closes.

    A chunk is closed at `chunk_bytes` of uncompressed messages, or by `flush`. A closed chunk is handed to the
    operating system at once, so it survives the death of the process.

    Methods raise OSError when the stream fails and RecordingError for a frame that cannot be stored.
    """

    def __init__(self, stream: BinaryIO, metadata: RecordingMetadata, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.frames_written = 0
        self.bytes_written = 0
        self._stream = stream
        self._chunk_bytes = chunk_bytes
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._channels: dict[ChannelKey, int] = {}
        self._text_channels: dict[str, int] = {}
        self._counts: Counter[int] = Counter()
        self._indexes = bytearray()  # already encoded: index objects of a chunk a second would fill the memory
        self._chunks = 0
        self._records = 1
        self._openings: list[Frame] = []
        self._parts: list[bytes] = []
        self._times: list[int] = []
        self._ids: list[int] = []
        self._size = 0
        self._first_ns, self._last_ns = 1 << 63, 0
        self._begin(metadata)

    @property
    def pending(self) -> int:
        """Frames in the open chunk, not yet on disk."""
        return len(self._times)

    @property
    def start_ns(self) -> int | None:
        """The earliest receive time on disk; None while there is none."""
        return self._first_ns if self._chunks else None

    @property
    def end_ns(self) -> int | None:
        """The latest receive time on disk; None while there is none."""
        return self._last_ns if self._chunks else None

    def write(self, frames: Iterable[Frame]) -> None:
        """Append frames in this order, skipping TIMER frames. Raises RecordingError, OSError."""
        pack, text, timer = MESSAGE.pack, FrameKind.TEXT, FrameKind.TIMER
        for frame in frames:
            if frame.kind is timer:
                continue
            data, channel = frame.payload, 0
            if frame.kind is text and not frame.tag:
                channel = self._text_channels.get(frame.connection, 0)
            if not channel:
                channel, data = self._register_channel(frame)
            if frame.kind is FrameKind.OPEN:
                self._openings.append(frame)
            if len(data) > MAX_CHUNK_BYTES // 2:
                raise RecordingError("A message is too large to be recorded.", f"{len(data)} bytes")
            ts = frame.ts_recv_ns
            sequence = (self.frames_written + len(self._times)) & 0xFFFFFFFF
            self._parts += (pack(Opcode.MESSAGE, MESSAGE_FIELDS + len(data), channel, sequence, ts, ts), data)
            self._times.append(ts)
            self._ids.append(channel)
            self._size += MESSAGE.size + len(data)
            if self._size >= self._chunk_bytes:
                self.flush()

    def flush(self) -> None:
        """Close the open chunk, unless it is empty, and hand it to the operating system. Raises OSError."""
        if not self._times:
            return
        used = Counter(self._ids)
        records = _encode(self._channel(key, number) for key, number in self._channels.items() if number in used)
        data = records + b"".join(self._parts)
        first, last = min(self._times), max(self._times)
        packed = self._compressor.compress(data)
        chunk = _encode([Chunk("zstd", packed, last, first, zlib.crc32(data), len(data))])
        index = ChunkIndex(len(chunk), self.bytes_written, "zstd", len(packed), last, 0, {}, first, len(data))
        self._put(chunk)
        self._put_copies()
        self._indexes += _encode([index])
        self._chunks += 1
        self._first_ns, self._last_ns = min(self._first_ns, first), max(self._last_ns, last)
        self._counts.update(used)
        self.frames_written += len(self._times)
        self._parts, self._times, self._ids, self._size = [], [], [], 0

    def _put_copies(self) -> None:
        """What the whole recording depends on, a second time: a damaged chunk must cost no more than itself."""
        copies = self._description if not self._chunks else b""
        self._records += bool(copies) + bool(self._openings)
        if self._openings:
            copies, self._openings = copies + encode_openings(self._openings), []
        if copies:
            self._put(copies)

    def finish(self) -> None:
        """Close the last chunk and write the index. The stream stays open. Raises OSError."""
        self.flush()
        self._put(_encode([DataEnd(0)]))
        start = self.bytes_written
        channels = (self._channel(key, number) for key, number in self._channels.items())
        summary = _encode([*channels, self._statistics()]) + self._indexes + _encode([self._metadata_index])
        head = struct.pack("<BQQQ", Opcode.FOOTER, 20, start, 0)
        crc = zlib.crc32(head, zlib.crc32(summary))
        self._put(summary + _encode([Footer(start, 0, crc)]) + MAGIC)

    def _begin(self, metadata: RecordingMetadata) -> None:
        header = MAGIC + _encode([Header(PROFILE, f"orderflow-workstation {metadata.program_version}")])
        record = _encode([Metadata(METADATA_NAME, fields_from_metadata(metadata))])
        self._metadata_index = MetadataIndex(len(header), len(record), METADATA_NAME)
        self._description = record
        self._put(header + record)

    def _put(self, data: bytes) -> None:
        self._stream.write(data)
        self._stream.flush()
        self.bytes_written += len(data)

    def _register_channel(self, frame: Frame) -> tuple[int, bytes]:
        key = ChannelKey(frame.connection, frame.kind, bool(frame.tag))
        channel = self._channels.get(key)
        if channel is None:
            channel = len(self._channels) + 1
            if channel > MAX_CHANNELS:
                raise RecordingError("The recording holds too many connections; begin a new one.")
            self._channels[key] = channel
            if key.kind is FrameKind.TEXT and not key.tagged:
                self._text_channels[key.connection] = channel
        if not key.tagged:
            return channel, frame.payload
        tag = frame.tag.encode()
        return channel, TAG_LENGTH.pack(len(tag)) + tag + frame.payload

    @staticmethod
    def _channel(key: ChannelKey, number: int) -> Channel:
        topic = f"{key.connection}/{key.kind.value}" + ("/tagged" if key.tagged else "")
        encoding = "json" if key.kind in (FrameKind.TEXT, FrameKind.OPEN) and not key.tagged else "bytes"
        return Channel(number, topic, encoding, fields_from_key(key), 0)

    def _statistics(self) -> Statistics:
        return Statistics(
            attachment_count=0,
            channel_count=len(self._channels),
            channel_message_counts=dict(self._counts),
            chunk_count=self._chunks,
            message_count=self.frames_written,
            message_start_time=self.start_ns or 0,
            message_end_time=self.end_ns or 0,
            metadata_count=self._records,
            schema_count=0,
        )


def _encode(records: Iterable[McapRecord]) -> bytes:
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]
