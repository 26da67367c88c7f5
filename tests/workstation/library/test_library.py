"""The library: what is listed, outlines against the events, notes, keeping, and a live session that goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.events import Trade
from feeds.pipeline.feed import Feed
from feeds.recording import RecordingReader
from feeds.venues.registry import protocol_for
from tests.workstation.analytics.setups.setup_tapes import BUY, SELL, Minute, events_of, quiet, view_of
from workstation.library.library import Library
from workstation.library.outline import SetupSearch, outline_of
from workstation.library.retention import FinishedRecording, RetentionPolicy
from workstation.library.rotation import ROTATE, RecordingRotation
from workstation.readmodels.session.library import BUCKETS, Bookmark, LibraryRequest, Outline, SetupMark
from workstation.readmodels.session.setups import SetupEvent, SetupsRequest, SetupsView
from workstation.replay.core import read_to_end
from workstation.session.controls import DeskControls
from workstation.session.desk import Desk

YEAR = 366 * 86_400 * 1_000_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulated_recording: Path) -> Library:
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path / "home"))
    folder = tmp_path / "recordings"
    folder.mkdir()
    shutil.copy(simulated_recording, folder / "one.mcap")
    (folder / "junk.mcap").write_bytes(b"no recording")
    made = Library(folder)
    made.scan()
    return made


def test_an_outline_is_the_sum_of_the_trades(simulated_recording: Path) -> None:
    shares: list[float] = []
    found = outline_of(simulated_recording, shares.append)
    feed, sums = Feed(protocol_for), dict.fromkeys(("BTC", "ETH"), 0.0)
    last = {}
    for frame in RecordingReader(simulated_recording).frames():
        for event in feed.receive(frame):
            if isinstance(event, Trade):
                sums[event.instrument.base] += event.notional
                last[event.instrument.base] = event.price
    assert found.base == max(sums, key=sums.get)
    assert sum(found.volume_usd) == pytest.approx(sums[found.base])
    assert found.price[-1] == last[found.base]
    assert len(found.price) == len(found.long_usd) == BUCKETS
    assert shares == sorted(shares)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Outline) == found


def test_an_outline_has_the_setups_that_a_replay_would_find(simulated_recording: Path) -> None:
    found = outline_of(simulated_recording)
    view = read_to_end(simulated_recording).core.engine.view(SetupsRequest(found.base))
    assert isinstance(view, SetupsView)
    assert found.setups == tuple(map(mark_of, view.events))


def test_setups_of_a_tape_are_found_without_its_books() -> None:
    pressed = Minute(
        [(-1, SELL, 5.0), (-3, SELL, 5.0), (-5, SELL, 10.0), (-4, BUY, 2.0), (-3, BUY, 2.0)], interest=1000.0
    )
    events = events_of([*quiet(), pressed, *quiet(3)])
    search = SetupSearch()
    for event in events:
        search.take(event)
    wanted = view_of(events).events
    assert wanted
    assert search.marks("BTC") == tuple(map(mark_of, wanted))
    assert search.marks("ETH") == ()


def mark_of(event: SetupEvent) -> SetupMark:
    return SetupMark(event.trigger_ns, event.detector, event.direction, event.level, event.state, event.leverage_only)


def test_an_outline_from_before_setups_is_made_again(library: Library) -> None:
    path = library.folder / "one.mcap"
    library.store_outline(path, msgspec.json.encode(Outline(base="BTC")))
    assert library.lacks_outline(path)
    library.store_outline(path, msgspec.json.encode(Outline(base="BTC", setups=())))
    assert not library.lacks_outline(path)
    day = Outline(base="BTC", setups=(), end_ns=86_400_000_000_000, price=(1.0,) * 300)
    library.store_outline(path, msgspec.json.encode(day))
    assert library.lacks_outline(path), "with too few buckets to be zoomed into"


def test_the_folder_is_listed_with_what_cannot_be_read(library: Library) -> None:
    view = library.view(LibraryRequest())
    entries = {entry.name: entry for entry in view.entries}
    assert entries["one.mcap"].simulated
    assert entries["one.mcap"].end_ns > entries["one.mcap"].start_ns
    assert entries["junk.mcap"].trouble
    assert entries["junk.mcap"].start_ns is None
    before = library.revision(LibraryRequest())
    library.scan()
    assert library.revision(LibraryRequest()) == before, "nothing changed"


async def test_outlines_are_made_by_a_process_and_remembered(library: Library) -> None:
    task = asyncio.create_task(library.run())
    path = library.folder / "one.mcap"
    async with asyncio.timeout(60):
        while library.entry(path).outline is None:
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert library.entry(path).outline == outline_of(path)
    again = Library(library.folder)
    again.scan()
    assert again.entry(path).outline == library.entry(path).outline


def test_notes_and_bookmarks_come_back(library: Library) -> None:
    path = library.folder / "one.mcap"
    library.set_note(path, "a squeeze")
    library.add_bookmark(path, Bookmark(5, "late"))
    library.add_bookmark(path, Bookmark(3))
    again = Library(library.folder)
    again.scan()
    notes = again.entry(path).notes
    assert (notes.note, [mark.ts_ns for mark in notes.bookmarks]) == ("a squeeze", [3, 5])
    library.remove_bookmark(path, 3)
    assert [mark.text for mark in library.entry(path).notes.bookmarks] == ["late"]


def test_what_is_noted_is_kept_and_the_rest_expires(library: Library) -> None:
    path = library.folder / "one.mcap"
    for name in ("two.mcap", "three.mcap"):
        shutil.copy(path, library.folder / name)
    library.scan()
    library.set_note(path, "keep")
    gone = library.expire(RetentionPolicy(max_bytes=1), 0, (library.folder / "two.mcap",))
    assert {file.name for file in gone} == {"three.mcap", "junk.mcap"}
    assert path.exists()


@given(
    sizes=st.lists(st.integers(1, 100), max_size=12),
    noted=st.lists(st.booleans(), min_size=12, max_size=12),
    limit=st.integers(1, 400),
)
def test_as_few_as_needed_go_and_the_oldest_first(sizes: list[int], noted: list[bool], limit: int) -> None:
    files = [FinishedRecording(Path(str(at)), size, at, noted[at]) for at, size in enumerate(sizes)]
    gone = RetentionPolicy(max_bytes=limit).expired(files, 0)
    free = [file for file in files if not file.noted]
    assert gone == [file.path for file in free[: len(gone)]]
    left = sum(sizes) - sum(file.size_bytes for file in free[: len(gone)])
    assert left <= limit or len(gone) == len(free)
    if gone:
        assert left + free[len(gone) - 1].size_bytes > limit


def test_age_expires(tmp_path: Path) -> None:
    files = [FinishedRecording(tmp_path / str(day), 1, day, False) for day in range(10)]
    assert RetentionPolicy(max_age_ns=4, max_bytes=0).expired(files, 10) == [tmp_path / str(day) for day in range(6)]


class Growing:
    """A recording that is told its size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes_written = 0


def test_a_recording_rotates_by_size_and_age_and_stops_before_the_disk_is_full(tmp_path: Path) -> None:
    expired: list[int] = []
    left = [10_000]
    rotation = RecordingRotation(
        lambda: RetentionPolicy(rotate_bytes=100, rotate_ns=1000, free_bytes=500),
        lambda keeping, now_ns, spared: expired.append(now_ns),
        lambda folder: left[0],
    )
    one = Growing(tmp_path / "1")
    assert rotation.judge(one, 1, 1) == ""
    one.bytes_written = 100
    assert rotation.judge(one, 2, 2) == ROTATE
    two = Growing(tmp_path / "2")
    assert rotation.judge(two, 3, 3) == ""
    assert rotation.judge(two, 1002, 1002) == ""
    assert rotation.judge(two, 1003, 1003) == ROTATE
    assert expired == [1, 3]
    left[0] = 400
    assert "only 0.0 GB left" in rotation.judge(Growing(tmp_path / "3"), 20_000_000_000, 0)


def test_age_is_judged_by_the_venues_time_and_waits_for_it(tmp_path: Path) -> None:
    expired: list[tuple[int, int]] = []
    rotation = RecordingRotation(
        lambda: RetentionPolicy(rotate_ns=1000, max_age_ns=7),
        lambda policy, now_ns, spared: expired.append((policy.max_age_ns, now_ns)),
        lambda folder: 10**12,
    )
    one = Growing(tmp_path / "1")
    rotation.judge(one, 5 * YEAR, 0)
    assert expired == []
    rotation.judge(one, 5 * YEAR + 1, 4 * YEAR)
    assert expired == [(7, 4 * YEAR)]
    two = Growing(tmp_path / "2")
    rotation.judge(two, 5 * YEAR + 2, 0)
    rotation.judge(two, 6 * YEAR, 0)
    assert expired == [(7, 4 * YEAR), (0, 6 * YEAR)]


@given(ahead_s=st.integers(-10 * 366 * 86_400, 10 * 366 * 86_400))
def test_a_wrong_clock_deletes_nothing_that_the_right_one_would_not(ahead_s: int) -> None:
    with TemporaryDirectory() as name:
        folder, now_s = Path(name), 1_800_000_000
        for age_days in (0, 1, 20, 40):
            path = folder / f"{age_days}.mcap"
            path.touch()
            os.utime(path, (now_s - age_days * 86_400,) * 2)
        policy = RetentionPolicy(max_bytes=0, max_age_ns=30 * 86_400 * 10**9)
        gone = Library(folder).expire(policy, (now_s + ahead_s) * 10**9, (folder / "0.mcap",))
        assert {path.name for path in gone} <= {"40.mcap"}
        assert gone or ahead_s < 0


async def test_marks_and_deletions_go_through_the_desk(library: Library) -> None:
    desk = Desk(library)
    path = library.folder / "one.mcap"
    desk.open_recording(path)
    DeskControls(desk).bookmark("here")
    assert [mark.text for mark in desk.status().bookmarks] == ["here"]
    DeskControls(desk).delete_recording(path)
    assert "in use" in desk.notices[0]
    assert path.exists()
    DeskControls(desk).delete_recording(library.folder / "junk.mcap")
    assert not (library.folder / "junk.mcap").exists()
    assert desk.view(LibraryRequest()).current == str(path)
    assert not desk.status().capabilities.go_live
    await desk.close()
