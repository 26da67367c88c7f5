"""What is reported of an index: how far it reaches, and why a part of it is not used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from feeds.recording import RecordingReader
from workstation.replay.build import Rhythm, build
from workstation.replay.condition import IndexCondition, Indexed, condition_of
from workstation.replay.index import RecordingIndex, index_file, lock_file, stamp_of
from workstation.replay.states import StatesReader

SAMPLE = Path("resources/sessions/simulated.mcap")
S = 1_000_000_000


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("indexed") / "sample.mcap"
    shutil.copy(SAMPLE, path)
    assert [*build(path, rhythm=Rhythm(span_ns=20 * S))][-1] == 1.0
    return path


@pytest.fixture
def recording(indexed: Path, tmp_path: Path) -> Path:
    for file in (indexed, index_file(indexed)):
        shutil.copy2(file, tmp_path / file.name)
    return tmp_path / indexed.name


def condition(recording: Path) -> IndexCondition:
    return condition_of(RecordingReader(recording))


def test_a_whole_index_reaches_the_end(recording: Path) -> None:
    found, reader = condition(recording), RecordingReader(recording)
    assert (found.indexed, found.until_ns, found.trouble) == (Indexed.WHOLE, reader.end_ns, "")
    assert (found.states, found.size_bytes) == (
        len(RecordingIndex(reader).entries),
        index_file(recording).stat().st_size,
    )


def test_an_index_that_was_killed_reaches_as_far_as_its_last_state(recording: Path) -> None:
    whole = condition(recording)
    os.truncate(index_file(recording), whole.size_bytes - 10)
    found = condition(recording)
    assert (found.indexed, found.states) == (Indexed.IN_PART, whole.states - 1)
    assert "are no whole state" in found.trouble


def test_a_damaged_state_ends_the_index(recording: Path) -> None:
    file, stamp = index_file(recording), stamp_of(recording)
    data = bytearray(file.read_bytes())
    ends = len(StatesReader(file, stamp).entries)
    data[len(data) * 3 // 4] ^= 1
    file.write_bytes(data)
    found = condition(recording)
    assert found.indexed is Indexed.IN_PART
    assert 0 < found.states < ends
    assert found.trouble


def test_a_stale_index_is_not_usable(recording: Path) -> None:
    os.utime(recording, ns=(1, 1))
    found = condition(recording)
    assert (found.indexed, found.states, found.until_ns) == (Indexed.UNUSABLE, 0, None)
    assert found.trouble == "the recording was changed since"


@pytest.mark.parametrize("junk", [b"", b"x" * 5_000])
def test_a_foreign_file_is_not_usable(recording: Path, junk: bytes) -> None:
    index_file(recording).write_bytes(junk)
    found = condition(recording)
    assert (found.indexed, found.size_bytes) == (Indexed.UNUSABLE, len(junk))
    assert found.trouble


def test_the_process_that_writes_it_is_named_while_it_runs(recording: Path) -> None:
    lock = lock_file(index_file(recording))
    lock.write_text(str(os.getpid()))
    assert condition(recording).builder == os.getpid()
    lock.write_text("999999999")
    assert condition(recording).builder == 0
    index_file(recording).unlink()
    assert condition(recording).indexed is Indexed.ABSENT
