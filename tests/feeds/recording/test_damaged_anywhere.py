"""Damage costs what is damaged: whole chunks are read, in order, alike by every reader, and the rest is a gap."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.model.errors import RecordingError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.recording import RecordingMetadata, RecordingReader, RecordingWriter
from feeds.recording.chunk import ChunkEntry
from feeds.recording.damage import stands_for_gap
from feeds.recording.index import read_index
from feeds.recording.inspection import inspect
from feeds.recording.metadata import read_front
from feeds.recording.recover import recover
from feeds.recording.replay import FrameCursor

START_NS = 1_723_161_255_000_000_000
MS = 1_000_000
CASES = [40, pytest.param(150, marks=pytest.mark.soak)]
METADATA = RecordingMetadata(simulated=True, note="n")


def session() -> list[Frame]:
    """Three connections that open, end and come back; every payload occurs once."""
    chance, frames, opened = random.Random(7), list[Frame](), set[str]()
    for number in range(600):
        name, ts_ns = chance.choice("abc"), START_NS + number * 20 * MS
        if name not in opened:
            spec = ConnectionSpec(name=name, venue=Venue("binance"), kind=MarketKind.SPOT, route=str(number))
            frames.append(open_frame(spec, ts_ns))
            opened.add(name)
        elif chance.random() < 0.02:
            frames.append(Frame(ts_ns, name, FrameKind.CLOSE, b"%d" % number))
            opened.discard(name)
        else:
            payload = b"%d " % number + chance.randbytes(40)
            kind, tag = chance.choice([(FrameKind.TEXT, ""), (FrameKind.TEXT, ""), (FrameKind.HTTP, "depth/X")])
            frames.append(Frame(ts_ns, name, kind, payload, tag))
    return frames


FRAMES = session()


def recorded(path: Path, *, finish: bool) -> bytes:
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, METADATA, chunk_bytes=2_500)
        writer.write(FRAMES)
        writer.flush()
        if finish:
            writer.finish()
    return path.read_bytes()


def chunks_of(path: Path) -> tuple[ChunkEntry, ...]:
    with path.open("rb") as stream:
        size = path.stat().st_size
        return read_index(stream, size, read_front(stream, size)[1]).chunks


def damaged(content: bytes, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(content)), chance.choice([1, 8, 60, 700, 5_000])
    match chance.choice(["flip", "overwrite", "take out", "put in", "cut"]):
        case "flip":
            return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
        case "overwrite":
            return content[:at] + chance.randbytes(min(length, len(content) - at)) + content[at + length :]
        case "take out":
            return content[:at] + content[at + length :]
        case "put in":
            return content[:at] + chance.randbytes(length) + content[at:]
    return content[:at]


def altered_forms(content: bytes, count: int) -> Iterator[bytes]:
    for seed in range(count):
        yield damaged(content, random.Random(seed))


def received(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if not stands_for_gap(frame)]


def in_order(found: list[Frame]) -> bool:
    places = {frame: at for at, frame in enumerate(FRAMES)}
    at = [places.get(frame, -1) for frame in found]
    return -1 not in at and at == sorted(set(at))


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("finish", [True, False])
def test_intact_chunks_are_read_in_order_and_nothing_is_invented(tmp_path: Path, finish: bool, cases: int) -> None:
    whole, path = tmp_path / "whole", tmp_path / "r"
    content = recorded(whole, finish=finish)
    reader = RecordingReader(whole)
    chunks = [
        (content[chunk.offset : chunk.offset + chunk.length], reader.chunk(number) or [])
        for number, chunk in enumerate(chunks_of(whole))
    ]
    for altered in altered_forms(content, cases):
        path.write_bytes(altered)
        intact = [frame for part, frames in chunks if part in altered for frame in frames]
        try:
            found = list(RecordingReader(path).frames())
        except RecordingError:
            assert not intact
            continue
        assert in_order(received(found))
        assert received(found) == intact


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("finish", [True, False])
def test_all_readers_agree(tmp_path: Path, finish: bool, cases: int) -> None:
    path = tmp_path / "r"
    content = recorded(path, finish=finish)
    for number, altered in enumerate(altered_forms(content, cases)):
        path.write_bytes(altered)
        try:
            reader = RecordingReader(path)
        except RecordingError:
            continue
        frames = list(reader.frames())
        by_chunk = RecordingReader(path)
        assert frames == [frame for at in range(len(by_chunk.chunk_starts)) for frame in by_chunk.chunk(at) or ()]
        backwards = RecordingReader(path)
        parts = [backwards.chunk(at) or [] for at in reversed(range(len(backwards.chunk_starts)))]
        assert frames == [frame for part in reversed(parts) for frame in part]
        assert by_chunk.damage == backwards.damage == reader.damage == inspect(path).damage
        assert FrameCursor(RecordingReader(path)).take(1 << 62, 10_000) == frames
        assert inspect(path).frames == len(received(frames))
        if received(frames):
            out = tmp_path / f"{number}"
            assert recover(path, out).frames == len(received(frames))
            again = RecordingReader(out)
            assert (list(again.frames()), again.damage) == (frames, None)


@pytest.mark.parametrize("finish", [True, False])
def test_a_checkpoint_in_a_damaged_recording_goes_on_at_the_next_frame(tmp_path: Path, finish: bool) -> None:
    path = tmp_path / "r"
    content = recorded(path, finish=finish)
    chunk = chunks_of(path)[4]
    path.write_bytes(content[: chunk.offset + 60] + b"\0" * 8 + content[chunk.offset + 68 :])
    cursor, frames = FrameCursor(RecordingReader(path)), list(RecordingReader(path).frames())
    for at in range(len(frames)):
        assert FrameCursor(RecordingReader(path), cursor.mark).take(1 << 62, 10_000) == frames[at:]
        cursor.take(1 << 62, 1)


def test_damage_is_a_gap_on_every_open_connection(tmp_path: Path) -> None:
    """Each is closed where the intact frames end and opened again, as it was, where they begin."""
    path = tmp_path / "r"
    content, chunks = recorded(path, finish=True), chunks_of(path)
    for number, chunk in enumerate(chunks):
        path.write_bytes(content[: chunk.offset + 70] + b"\0" * 20 + content[chunk.offset + 90 :])
        opened: dict[str, bytes] = {}
        for frame in RecordingReader(path).frames():
            if frame.kind is FrameKind.OPEN:
                assert frame.connection not in opened
                opened[frame.connection] = frame.payload
            elif frame.kind is FrameKind.CLOSE:
                assert opened.pop(frame.connection, None) or stands_for_gap(frame) is False
            else:
                assert frame.connection in opened, number


def test_the_opening_of_a_connection_survives_the_damage_of_its_chunk(tmp_path: Path) -> None:
    path = tmp_path / "r"
    content, first = recorded(path, finish=False), chunks_of(path)[0]
    for at in (first.offset, first.offset + 70):
        path.write_bytes(content[:at] + b"\xaa" * 20 + content[at + 20 :])
        opened = {frame.connection for frame in RecordingReader(path).frames() if frame.kind is FrameKind.OPEN}
        assert opened == {"a", "b", "c"}


def test_the_description_survives_damage_at_the_front(tmp_path: Path) -> None:
    path = tmp_path / "r"
    content = recorded(path, finish=True)
    for at in range(0, chunks_of(path)[0].offset, 3):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        reader = RecordingReader(path)
        assert list(reader.frames()) == FRAMES
        assert reader.metadata == METADATA
