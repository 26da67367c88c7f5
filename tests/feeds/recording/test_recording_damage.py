"""Records that are well formed but claim something impossible cost themselves; they never end the program."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
import zstandard
from mcap.data_stream import RecordBuilder
from mcap.records import Channel, Chunk, Header, McapRecord, Message, Metadata, Schema

from feeds.model.errors import RecordingError
from feeds.model.frame import Frame, FrameKind
from feeds.recording import Damage, RecordingMetadata, RecordingReader, RecordingWriter
from feeds.recording.layout import (
    MAGIC,
    MAX_CHANNELS,
    MAX_CHUNK_BYTES,
    METADATA_NAME,
    PROFILE,
    ChannelKey,
    fields_from_key,
    fields_from_metadata,
)

TS = 1_723_161_255_030_314_667
CHANNEL = Channel(1, "a/text", "json", fields_from_key(ChannelKey("a", FrameKind.TEXT, False)), 0)
TAGGED = Channel(2, "a/http", "bytes", fields_from_key(ChannelKey("a", FrameKind.HTTP, True)), 0)
GOOD = [CHANNEL, Message(1, TS, b"{}", TS, 0)]


def encoded(*records: McapRecord) -> bytes:
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    return bytes(builder.end())


def chunk_of(content: bytes, **changes: object) -> Chunk:
    fields: dict[str, object] = {
        "compression": "zstd",
        "data": zstandard.compress(content),
        "message_end_time": TS,
        "message_start_time": TS,
        "uncompressed_crc": zlib.crc32(content),
        "uncompressed_size": len(content),
    }
    return Chunk(**{**fields, **changes})  # type: ignore[arg-type]


def recording_of(path: Path, *chunks: Chunk) -> Path:
    front = encoded(Header(PROFILE, ""), Metadata(METADATA_NAME, fields_from_metadata(RecordingMetadata())))
    path.write_bytes(MAGIC + front + encoded(*chunks))
    return path


def test_hand_made_recording_is_read(tmp_path: Path) -> None:
    records = [Schema(1, b"", "", "x"), *GOOD, TAGGED, Message(2, TS, b"\x02\x00\x00\x00abc", TS, 0)]
    reader = RecordingReader(recording_of(tmp_path / "r", chunk_of(encoded(*records))))
    assert list(reader.frames()) == [Frame(TS, "a", FrameKind.TEXT, b"{}"), Frame(TS, "a", FrameKind.HTTP, b"c", "ab")]
    assert reader.damage == Damage(TS, 0, "it was not finished")


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [
        (chunk_of(encoded(*GOOD), compression="lz4"), "compression"),
        (chunk_of(encoded(*GOOD), uncompressed_size=1 << 40), "size"),
        (chunk_of(encoded(*GOOD), uncompressed_size=7), "size"),
        (chunk_of(encoded(*GOOD), uncompressed_crc=7), "checksum"),
        (chunk_of(encoded(*GOOD), data=b"not zstd"), "damaged"),
        (chunk_of(encoded(*GOOD), message_end_time=TS + 1), "times"),
        (chunk_of(encoded(CHANNEL)), "no frames"),
        (chunk_of(encoded(*GOOD)[:-1]), "longer"),
        (chunk_of(encoded(*GOOD) + b"\x05"), "damaged"),
        (chunk_of(encoded(Message(9, TS, b"{}", TS, 0))), "no known connection"),
        (chunk_of(encoded(TAGGED, Message(2, TS, b"\x01", TS, 0))), "damaged"),
        (chunk_of(encoded(TAGGED, Message(2, TS, b"\x01\x00\x00\x00\xff", TS, 0))), "damaged"),
        (chunk_of(encoded(Channel(1, "", "", {"connection": "a"}, 0), *GOOD)), "damaged"),
    ],
)
def test_impossible_chunks_cost_only_themselves(tmp_path: Path, chunk: Chunk, reason: str) -> None:
    good = chunk_of(encoded(*GOOD))
    reader = RecordingReader(recording_of(tmp_path / "r", good, chunk, good))
    assert [frame.payload for frame in reader.frames()] == [b"{}", b"{}"]
    assert reader.damage is not None
    assert reader.damage.bytes_unreadable == len(encoded(chunk))
    assert (reader.damage.end_ns, reason in reader.damage.reason) == (TS, True)


def test_description_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r"
    for record in (
        Metadata("other", {}),
        Metadata(METADATA_NAME, {}),
        Metadata(METADATA_NAME, {"json": "{", "crc32": "0"}),
    ):
        path.write_bytes(MAGIC + encoded(Header(PROFILE, ""), record))
        with pytest.raises(RecordingError, match="description"):
            RecordingReader(path)


def test_file_that_shrinks_while_open_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "r"
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(), chunk_bytes=100)
        writer.write(Frame(TS + n, "a", FrameKind.TEXT, b"x" * 90) for n in range(20))
        writer.finish()
    reader = RecordingReader(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert 0 < len(list(reader.frames())) < 20
    assert reader.damage is not None
    path.unlink()
    with pytest.raises(RecordingError, match="no file"):
        list(reader.frames())


def test_too_large_a_message_is_refused_by_the_writer(tmp_path: Path) -> None:
    largest = bytes(MAX_CHUNK_BYTES // 2)
    with (tmp_path / "r").open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata())
        writer.write([Frame(TS, "a", FrameKind.TEXT, largest)])
        with pytest.raises(RecordingError, match="too large"):
            writer.write([Frame(TS, "a", FrameKind.TEXT, largest + b"x")])


def test_more_connections_than_channel_numbers_are_refused_by_the_writer(tmp_path: Path) -> None:
    with (tmp_path / "r").open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata())
        writer.write(Frame(TS, f"{at}", FrameKind.TEXT, b"") for at in range(MAX_CHANNELS))
        with pytest.raises(RecordingError, match="too many connections"):
            writer.write([Frame(TS, "another", FrameKind.TEXT, b"")])
