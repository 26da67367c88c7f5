"""A recording whose clock was wrong is read as if it had been right: no number differs."""

from __future__ import annotations

from functools import cache
from itertools import takewhile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resources
from feeds.model.frame import Frame
from feeds.recording import Recorder, RecordingReader
from feeds.recording.venue_time import clock_ahead_ns, in_venue_time
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.exports.tables import all_tables
from workstation.replay.core import read_to_end
from workstation.session.replay import ReplaySession

SECOND = 1_000_000_000
OFF_S = [60, -60, 600, -600]


@cache
def first_frames(span_s: int) -> list[Frame]:
    reader = RecordingReader(resources.path("sessions/simulated.mcap"))
    end_ns = (reader.start_ns or 0) + span_s * SECOND
    return list(takewhile(lambda frame: frame.ts_recv_ns < end_ns, reader.frames()))


def written(path: Path, frames: list[Frame], off_ns: int) -> Path:
    with Recorder(path) as recorder:
        for frame in frames:
            recorder.append(msgspec.structs.replace(frame, ts_recv_ns=frame.ts_recv_ns + off_ns))
    return path


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("clock") / "right.mcap", first_frames(3), 0)


@settings(max_examples=10, deadline=None)
@given(off_s=st.integers(-366 * 86_400, 366 * 86_400))
def test_the_error_is_measured(right: Path, off_s: int) -> None:
    assert clock_ahead_ns(RecordingReader(right, -off_s * SECOND)) == (off_s * SECOND if abs(off_s) >= 5 else 0)


@pytest.mark.parametrize("off_s", OFF_S)
def test_frames_of_a_wrong_clock_are_those_of_the_right_one(right: Path, tmp_path: Path, off_s: int) -> None:
    given_, wanted = RecordingReader(written(tmp_path / "a", first_frames(3), off_s * SECOND)), RecordingReader(right)
    found = in_venue_time(given_)
    assert found.ahead_ns == off_s * SECOND
    assert list(found.frames()) == list(wanted.frames())
    assert (found.start_ns, found.end_ns, found.chunk_starts) == (
        wanted.start_ns,
        wanted.end_ns,
        wanted.chunk_starts,
    )
    assert in_venue_time(wanted) is wanted
    assert in_venue_time(found) is found
    assert ReplaySession(given_).start_ns == wanted.start_ns


@pytest.mark.parametrize("off_s", [600, -600])
def test_no_number_depends_on_our_clock(right: Path, tmp_path: Path, off_s: int) -> None:
    wrong = written(tmp_path / "wrong", first_frames(3), off_s * SECOND)
    everything = ExportSettings(tables=tuple(all_tables()))
    assert list(export_rows(wrong, everything)) == list(export_rows(right, everything))
    assert read_to_end(wrong).core.engine.now_ns == read_to_end(right).core.engine.now_ns


def test_a_clock_that_nothing_shows_to_be_wrong_is_right(tmp_path: Path) -> None:
    silent = [frame for frame in first_frames(2) if frame.kind != "text"]
    assert clock_ahead_ns(RecordingReader(written(tmp_path / "a", silent, 600 * SECOND))) == 0
