"""By its index a recording stands at any moment as if it had been played to it; what does not fit does not count."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from feeds.recording import RecordingReader
from feeds.recording.writer import RecordingWriter
from tests.views import assert_same_view
from tests.workstation.replay.requests import all_requests
from workstation.replay.build import Busy, IndexBuilder, Rhythm, build
from workstation.replay.core import Core, Tape
from workstation.replay.index import RecordingIndex, index_file, stamp_of
from workstation.replay.states import DAMAGED, StatesReader

S = 1_000_000_000


SAMPLE = Path("resources/sessions/simulated.mcap")
OFTEN = Rhythm(frames=1_500, most_frames=1_500, slice_frames=50)
CHUNKS = 14


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of the shipped sample."""
    path, sample = tmp_path_factory.mktemp("indexed") / "sample.mcap", RecordingReader(SAMPLE)
    with path.open("xb") as stream:
        writer = RecordingWriter(stream, sample.metadata)
        for number in range(CHUNKS):
            writer.write(sample.chunk(number) or [])
            writer.flush()
        writer.finish()
    assert [*build(path, rhythm=OFTEN)][-1] == 1.0
    return path


@pytest.fixture
def recording(indexed: Path, tmp_path: Path) -> Path:
    """A copy with an index that may be changed."""
    for file in (indexed, index_file(indexed)):
        shutil.copy2(file, tmp_path / file.name)
    return tmp_path / indexed.name


def index_of(path: Path) -> RecordingIndex:
    return RecordingIndex(RecordingReader(path))


def played(path: Path, ts_ns: int) -> Tape:
    tape = Tape(RecordingReader(path), Core())
    while not tape.play(ts_ns, limit=777):
        continue
    return tape


def by_index(index: RecordingIndex, ts_ns: int) -> Tape | None:
    tape = index.tape_before(ts_ns)
    while tape is not None and not tape.play(ts_ns):
        continue
    return tape


def assert_same_state(one: Tape, other: Tape) -> None:
    assert one.core.frames == other.core.frames
    assert one.position_ns == other.position_ns
    for request in all_requests(other.core.engine):
        assert_same_view(one.core.engine.view(request), other.core.engine.view(request), str(request))


def moments(reader: RecordingReader, seed: int) -> Iterator[int]:
    assert reader.start_ns is not None
    assert reader.end_ns is not None
    for share in (1.0, *np.random.default_rng(seed).random(4)):
        yield reader.start_ns + int((reader.end_ns - reader.start_ns) * share)


@pytest.mark.parametrize("seed", range(2))
def test_any_moment_by_index_is_that_of_playing_to_it(indexed: Path, seed: int) -> None:
    index = index_of(indexed)
    assert index.complete
    assert len(index.entries) > 3
    found = 0
    for moment in moments(index.reader, seed):
        tape = by_index(index, moment)
        if tape is not None:
            found += 1
            assert_same_state(tape, played(indexed, moment))
    assert found > 1


@pytest.mark.soak
def test_the_real_session_by_index_is_that_of_playing_to_it(btc_recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "btc.mcap"
    shutil.copy(btc_recording, path)
    assert [*build(path)]
    index = index_of(path)
    reader = index.reader
    assert reader.start_ns is not None
    assert reader.end_ns is not None
    assert index_file(path).stat().st_size < 0.42 * path.stat().st_size
    moment = reader.start_ns + int((reader.end_ns - reader.start_ns) * 0.7)
    tape = by_index(index, moment)
    assert tape is not None
    assert_same_state(tape, played(path, moment))


def test_an_index_goes_on_where_it_was_killed(recording: Path) -> None:
    whole = index_of(recording)
    file = index_file(recording)
    whole_bytes = file.read_bytes()
    file.write_bytes(whole_bytes[: len(whole_bytes) // 2])
    rest = index_of(recording)
    assert 0 < len(rest.entries) < len(whole.entries)
    assert not rest.complete
    with IndexBuilder(recording, rhythm=OFTEN) as builder:
        assert builder.tape.core.frames == rest.entries[-1].frames
        assert [*builder.steps()]
    again = index_of(recording)
    assert again.complete
    end_ns = whole.reader.end_ns or 0
    tape = by_index(again, end_ns)
    assert tape is not None
    assert_same_state(tape, played(recording, end_ns))


def test_an_index_that_is_complete_is_not_written_again(recording: Path) -> None:
    before = index_file(recording).read_bytes()
    assert [*build(recording, rhythm=OFTEN)] == [1.0]
    assert index_file(recording).read_bytes() == before


def test_a_flipped_bit_is_never_a_wrong_number(recording: Path) -> None:
    file, rng = index_file(recording), np.random.default_rng(1)
    stamp, whole = stamp_of(recording), file.read_bytes()
    intact = StatesReader(file, stamp)
    states = {entry: intact.state(number) for number, entry in enumerate(intact.entries)}
    refused = 0
    for _ in range(40):
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        file.write_bytes(data)
        try:
            reader = StatesReader(file, stamp)
            for number, entry in enumerate(reader.entries):
                found = reader.state(number)
                assert found.tree == states[entry].tree
                for one, other in zip(found.shared, states[entry].shared, strict=True):
                    assert_same_view(one, other)
        except DAMAGED:
            refused += 1
    assert refused > 20


def test_an_index_of_another_recording_does_not_count(recording: Path, tmp_path: Path) -> None:
    other, sample = tmp_path / "other.mcap", RecordingReader(SAMPLE)
    with other.open("xb") as stream:
        writer = RecordingWriter(stream, sample.metadata)
        for number in range(1, CHUNKS):  # without the first
            writer.write(sample.chunk(number) or [])
            writer.flush()
        writer.finish()
    shutil.copy(index_file(recording), index_file(other))
    assert index_of(other).entries == ()


def test_an_index_of_the_first_part_of_a_recording_counts_as_far_as_it_goes(recording: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mcap"
    shutil.copy(SAMPLE, whole)
    shutil.copy(index_file(recording), index_file(whole))
    index = index_of(whole)
    assert len(index.entries) == len(index_of(recording).entries)
    assert not index.complete


@pytest.mark.parametrize("junk", [b"", b"x" * 5_000, b"ARROW1\0\0" * 100])
def test_what_is_no_index_does_not_count(recording: Path, junk: bytes) -> None:
    index_file(recording).write_bytes(junk)
    assert index_of(recording).entries == ()


def test_an_index_of_a_changed_recording_does_not_count(recording: Path) -> None:
    status = recording.stat()
    os.utime(recording, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert index_of(recording).entries == ()


def test_a_recording_that_lost_its_end_keeps_the_states_before(recording: Path) -> None:
    whole = index_of(recording)
    with recording.open("r+b") as stream:
        stream.truncate(whole.reader.chunks[len(whole.reader.chunks) // 2].offset)
    index = index_of(recording)
    assert 0 < len(index.entries) < len(whole.entries)
    moment = index.reader.end_ns or 0
    tape = by_index(index, moment)
    assert tape is not None
    assert_same_state(tape, played(recording, moment))


def test_an_index_follows_a_recording_that_grows(recording: Path, tmp_path: Path) -> None:
    whole = recording.read_bytes()
    growing = tmp_path / "growing.mcap"
    chunks = RecordingReader(recording).chunks
    growing.write_bytes(whole[: chunks[len(chunks) // 3].offset])
    with IndexBuilder(growing, rhythm=OFTEN) as builder:
        assert [*builder.steps()]
        early = builder.tape.core.frames
        growing.write_bytes(whole)
        builder.extend()
        assert [*builder.steps()]
        assert builder.tape.core.frames > early
    index = index_of(growing)
    assert index.complete
    moment = index.reader.end_ns or 0
    tape = by_index(index, moment)
    assert tape is not None
    assert_same_state(tape, played(growing, moment))


def test_while_a_recording_grows_states_come_at_the_usual_rhythm(recording: Path, tmp_path: Path) -> None:
    growing = tmp_path / "growing.mcap"
    whole, chunks = recording.read_bytes(), RecordingReader(recording).chunks
    growing.write_bytes(whole[: chunks[1].offset])
    with IndexBuilder(growing) as builder:
        for chunk in chunks[2:]:
            growing.write_bytes(whole[: chunk.offset])
            builder.extend()
            list(builder.steps(ended=False))
        assert index_of(growing).entries == ()  # fewer frames than a state is worth
        growing.write_bytes(whole)
        builder.extend()
        list(builder.steps())
    assert len(index_of(growing).entries) == 1
    assert index_of(growing).complete


def test_a_builder_that_cannot_write_leaves_no_lock(recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "no file"
    folder.mkdir()
    with pytest.raises(OSError, match="directory"):
        IndexBuilder(recording, file=folder)
    assert not folder.with_name("no file.lock").exists()


def test_only_one_process_writes_an_index(recording: Path) -> None:
    lock = index_file(recording).with_name(index_file(recording).name + ".lock")
    lock.write_text(str(os.getppid()))
    with pytest.raises(Busy):
        IndexBuilder(recording)
    lock.write_text("999999999")  # of a process that ended
    IndexBuilder(recording).close()
    assert not lock.exists()


def test_a_folder_that_cannot_be_written_to_has_its_indexes_elsewhere(
    recording: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path / "home"))
    index_file(recording).unlink()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert index_file(recording).is_relative_to(tmp_path / "home")
    assert [*build(recording, rhythm=OFTEN)][-1] == 1.0
    assert index_of(recording).complete
