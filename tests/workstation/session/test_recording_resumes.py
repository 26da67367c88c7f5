"""A recording that stopped by itself begins again when the disk has room, and its absence is on screen until then."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from feeds.model.errors import WriteFailed
from feeds.model.frame import Frame, FrameKind
from feeds.model.source import Connection
from feeds.recording import Recorder
from widgets.window.status_bar import segments_of
from workstation.library.retention import RetentionPolicy
from workstation.library.rotation import RecordingRotation
from workstation.session.live import LiveSession

GB = 1_000_000_000
S = 1_000_000_000


class Clock:
    ns = 1_723_161_600 * S

    def now_ns(self) -> int:
        return self.ns


class Silence:
    """A source that receives nothing."""

    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}
        self.last_data_ns: dict[str, int] = {}
        self.clock_offsets: dict[str, int] = {}
        self.trouble: dict[str, str] = {}
        self.bases: tuple[str, ...] = ("BTC",)
        self.links = ()
        self.history_s, self.simulated, self.catching_up = 0, False, False

    def open_frames(self) -> list[Frame]:
        return []

    def perform(self, connection: str, request: object) -> None:
        raise AssertionError("nothing is connected")


class Desk:
    def __init__(self, folder: Path) -> None:
        self.free, self.clock, self._folder, self.files = 10 * GB, Clock(), folder, 0
        policy = RetentionPolicy(free_bytes=2 * GB)
        rotation = RecordingRotation(lambda: policy, lambda *_: None, lambda _: self.free)
        self.session = LiveSession(
            Silence(),  # type: ignore[arg-type]
            self.clock,
            simulated=True,
            name="x",
            record_to=self._next_file,
            rotation=rotation,
        )

    def _next_file(self) -> Path:
        self.files += 1
        return self._folder / f"{self.files}.mcap"

    def later(self) -> None:
        self.clock.ns += 20 * S
        self.session.take([])

    @property
    def records(self) -> bool:
        return bool(self.session.status().recording_to)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.session.toggle_recording()
    made.later()
    yield made
    made.session.stop_recording()


def test_recording_resumes_when_the_disk_has_room(desk: Desk) -> None:
    assert desk.records
    desk.free = GB
    desk.later()
    assert not desk.records
    assert "goes on when there is room" in desk.session.status().recording_failed
    assert "NOTHING IS BEING RECORDED" in {segment.text for segment in segments_of(desk.session.status())}
    for free, records in ((GB, False), (int(2.05 * GB), False), (3 * GB, True)):
        desk.free = free
        desk.later()
        assert desk.records is records
    assert desk.session.recording_failed == ""


def test_what_the_user_stops_stays_stopped(desk: Desk) -> None:
    desk.free = GB
    desk.later()
    desk.session.stop_recording()
    desk.free = 10 * GB
    desk.later()
    assert not desk.records


def test_a_failed_write_resumes_too(desk: Desk) -> None:
    recorder = desk.session.recorder
    assert recorder is not None
    recorder.append(Frame(-1, "a", FrameKind.TEXT, b""))  # cannot be packed, as a full disk cannot be written
    recorder.close()
    desk.later()
    assert not desk.records
    desk.later()
    assert desk.records


def test_the_recorder_syncs_at_its_rhythm_and_at_the_end(tmp_path: Path) -> None:
    synced: list[int] = []

    def sync(stream: BinaryIO) -> None:
        synced.append(stream.tell())

    with Recorder(tmp_path / "r", chunk_s=0, sync_s=0, sync=sync) as recorder:
        recorder.append(Frame(Clock.ns, "a", FrameKind.TEXT, b"{}"))
        while recorder.frames_written < 1 or not synced:
            pass
    assert synced[-1] == (tmp_path / "r").stat().st_size
    assert 2 <= len(synced) <= 4


def test_a_sync_that_fails_is_a_failed_recording(tmp_path: Path) -> None:
    def full(stream: BinaryIO) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Recorder(tmp_path / "r", sync=full) as recorder:
        recorder.append(Frame(Clock.ns, "a", FrameKind.TEXT, b"{}"))
    assert isinstance(recorder.failed, WriteFailed)
    assert "disk is full" in recorder.failed.text
