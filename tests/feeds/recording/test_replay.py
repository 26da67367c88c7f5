"""A cursor takes frames in written order, up to a time, and goes on exactly where a mark says."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.model.frame import Frame, FrameKind
from feeds.recording import RecordingMetadata, RecordingReader, RecordingWriter
from feeds.recording.replay import FrameCursor, Mark, Pace

S = 1_000_000_000
START_NS = 1_723_161_255 * S


def frames_at(*seconds: float) -> list[Frame]:
    return [
        Frame(START_NS + round(second * S), "a", FrameKind.TEXT, b"%d" % number + b"x" * 100)
        for number, second in enumerate(seconds)
    ]


def recorded(path: Path, frames: list[Frame], chunk_bytes: int = 1_000) -> RecordingReader:
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(), chunk_bytes=chunk_bytes)
        writer.write(frames)
        writer.finish()
    return RecordingReader(path)


@pytest.fixture
def frames() -> list[Frame]:
    return frames_at(*(number / 10 for number in range(200)))


@pytest.fixture
def reader(tmp_path: Path, frames: list[Frame]) -> RecordingReader:
    found = recorded(tmp_path / "r.mcap", frames)
    assert len(found.chunk_starts) > 10
    return found


END_NS = START_NS + 1_000 * S


def test_everything_comes_in_written_order(reader: RecordingReader, frames: list[Frame]) -> None:
    cursor = FrameCursor(reader)
    assert cursor.take(END_NS, 10_000) == frames
    assert cursor.ended
    assert cursor.next_ns() is None
    assert cursor.take(END_NS, 10) == []


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 9, 50, 199, 200])
def test_a_limit_changes_nothing_but_the_size_of_the_pieces(
    reader: RecordingReader, frames: list[Frame], limit: int
) -> None:
    cursor, taken = FrameCursor(reader), []
    while piece := cursor.take(END_NS, limit):
        assert len(piece) == limit or cursor.ended
        taken += piece
    assert taken == frames
    assert FrameCursor(reader).take(END_NS, 0) == []


def test_up_to_a_time_includes_that_time(reader: RecordingReader, frames: list[Frame]) -> None:
    cursor = FrameCursor(reader)
    assert cursor.take(START_NS - 1, 1_000) == []
    for number, frame in enumerate(frames):
        assert cursor.next_ns() == frame.ts_recv_ns
        assert cursor.take(frame.ts_recv_ns - 1, 1_000) == []
        assert cursor.take(frame.ts_recv_ns, 1_000) == [frame], number


@pytest.mark.parametrize("step", [1, 7, 8, 13])
def test_a_mark_resumes_at_exactly_the_next_frame(reader: RecordingReader, frames: list[Frame], step: int) -> None:
    cursor = FrameCursor(reader)
    for start in range(0, len(frames) + 1, step):
        again = FrameCursor(reader, cursor.mark)
        assert again.take(END_NS, 10_000) == frames[start:]
        cursor.take(END_NS, step)


def test_the_first_mark_is_the_beginning(reader: RecordingReader) -> None:
    assert FrameCursor(reader).mark == Mark(0, 0)


def test_a_later_frame_stops_the_taking_although_earlier_ones_follow(tmp_path: Path) -> None:
    frames = frames_at(1, 3, 2, 4, 2.5)
    cursor = FrameCursor(recorded(tmp_path / "r.mcap", frames))
    assert cursor.take(START_NS + 2 * S, 100) == frames[:1]
    assert cursor.next_ns() == frames[1].ts_recv_ns
    assert cursor.take(START_NS + 3 * S, 100) == frames[1:3]
    assert cursor.take(START_NS + 4 * S, 100) == frames[3:]


def test_equal_times_are_taken_together_across_chunks(tmp_path: Path) -> None:
    frames = frames_at(*([1] * 50), 2)
    cursor = FrameCursor(recorded(tmp_path / "r.mcap", frames))
    assert cursor.take(START_NS + S, 100) == frames[:50]
    assert not cursor.ended


def test_an_empty_recording_has_ended(tmp_path: Path) -> None:
    cursor = FrameCursor(recorded(tmp_path / "r.mcap", []))
    assert cursor.ended
    assert cursor.take(END_NS, 10) == []
    assert cursor.mark == Mark(0, 0)


def test_damage_is_an_end(tmp_path: Path, frames: list[Frame], reader: RecordingReader) -> None:
    whole = reader.path.read_bytes()
    middle = len(whole) // 2
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[:middle])
    taken = FrameCursor(RecordingReader(cut)).take(END_NS, 10_000)
    assert 0 < len(taken) < len(frames)
    assert taken == frames[: len(taken)]


def test_pace_turns_wall_time_into_recorded_time() -> None:
    pace = Pace(speed=2.0)
    assert pace.elapse(100.0) == 0
    assert pace.elapse(100.1) == pytest.approx(0.2 * S, abs=2)
    pace.speed = 10.0
    assert pace.elapse(100.2) == pytest.approx(1.0 * S, abs=2)


def test_pace_slows_rather_than_leaps() -> None:
    pace = Pace(speed=4.0, slice_s=0.25)
    pace.elapse(0.0)
    assert pace.elapse(60.0) == 1 * S


def test_a_pause_does_not_count() -> None:
    pace = Pace()
    pace.elapse(0.0)
    pace.reset()
    assert pace.elapse(50.0) == 0
    assert pace.elapse(50.1) == pytest.approx(0.1 * S, abs=2)


def test_a_clock_that_steps_back_takes_no_recorded_time_back() -> None:
    pace = Pace()
    pace.elapse(10.0)
    assert pace.elapse(9.0) >= 0
    assert pace.elapse(9.1) == pytest.approx(0.1 * S, abs=2)
