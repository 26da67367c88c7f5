"""An inspection tells what a recording holds, counted by hand here."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from feeds.model.errors import RecordingError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.recording import RecordingMetadata, RecordingWriter
from feeds.recording.inspection import Close, Gap, Inspection, StreamInspection, inspect

S = 1_000_000_000
T0 = 1_723_161_255 * S
BTC = Instrument(
    venue=Venue("binance"), kind=MarketKind.LINEAR, symbol="BTCUSDT", base="BTC", quote="USDT", tick_size=Decimal("0.1")
)
SPEC = ConnectionSpec(name="a", venue=Venue("binance"), kind=MarketKind.LINEAR, route="public", markets=(BTC,))


def text(second: float, payload: bytes, connection: str = "a") -> Frame:
    return Frame(T0 + round(second * S), connection, FrameKind.TEXT, payload)


FRAMES = [
    open_frame(SPEC, T0),
    text(1, b'{"stream":"btcusdt@trade","data":1}'),
    Frame(T0 + 2 * S, "a", FrameKind.HTTP, b"{}", "depth/BTCUSDT"),
    text(2, b"hello", "b"),
    text(3, b'{"stream":"btcusdt@depth","data":2}'),
    text(10, b'{"stream":"btcusdt@trade","data":33}'),
    Frame(T0 + 11 * S, "a", FrameKind.CLOSE, b"gone"),
    Frame(T0 + 30 * S, "a", FrameKind.OPEN, b"not a spec"),
    text(31, b"[]"),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "r.mcap"
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(note="n", instruments=(BTC,)))
        writer.write(FRAMES)
        writer.finish()
    return path


def test_whole_recording_is_summed_up(recording: Path) -> None:
    found = inspect(recording)
    assert (found.file, found.frames, found.start_ns, found.end_ns) == ("r.mcap", 9, T0, T0 + 31 * S)
    assert found.size_bytes == recording.stat().st_size
    assert found.bytes_per_frame == found.size_bytes / 9
    assert found.metadata.note == "n"
    assert found.damage is None


def test_connection_is_described(recording: Path) -> None:
    first, second = inspect(recording).connections
    assert (first.name, first.venue, first.kind, first.route) == ("a", Venue("binance"), MarketKind.LINEAR, "public")
    assert first.symbols == ("BTCUSDT",)
    assert first.frames == {"open": 2, "text": 4, "http": 1, "close": 1}
    assert first.closes == (Close(T0 + 11 * S, "gone"),)
    assert first.streams == (
        StreamInspection("", 1, 2, T0 + 31 * S, T0 + 31 * S),
        StreamInspection("btcusdt@depth", 1, 35, T0 + 3 * S, T0 + 3 * S),
        StreamInspection("btcusdt@trade", 2, 71, T0 + 1 * S, T0 + 10 * S),
    )
    assert (second.venue, second.kind, second.symbols) == (None, None, ())


def test_gaps_are_silences_of_open_connections_up_to_the_end(recording: Path) -> None:
    first, second = inspect(recording).connections
    assert first.gaps == (Gap(T0 + 3 * S, T0 + 10 * S),)
    assert second.gaps == (Gap(T0 + 2 * S, T0 + 31 * S),)
    assert inspect(recording, gap_ns=60 * S).connections[0].gaps == ()


def test_inspection_survives_json(recording: Path) -> None:
    found = inspect(recording)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Inspection) == found


def test_cut_recording_is_inspected_up_to_the_damage(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-300])
    found = inspect(recording)
    assert found.damage is not None
    assert found.frames in (0, 9)


def test_empty_recording_and_other_files(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    with path.open("wb") as stream:
        RecordingWriter(stream, RecordingMetadata()).finish()
    found = inspect(path)
    assert (found.frames, found.bytes_per_frame, found.start_ns, found.connections) == (0, 0.0, None, ())
    path.write_bytes(b"no")
    with pytest.raises(RecordingError):
        inspect(path)
