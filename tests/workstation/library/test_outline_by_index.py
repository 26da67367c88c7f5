"""The outline from an index is that of reading the frames, up to the venues' delay."""

import math
import shutil
from pathlib import Path

import pytest

from feeds.recording.several.opening import open_recording
from workstation.library.outline import outline_by_index, outline_of
from workstation.readmodels.session.library import BUCKETS, MOST_BUCKETS, buckets_of
from workstation.replay.build import Rhythm, build
from workstation.replay.index import RecordingIndex, index_file

SAMPLE = Path("resources/sessions/simulated.mcap")
HOUR = 3_600_000_000_000


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outlined") / "sample.mcap"
    shutil.copy(SAMPLE, path)
    assert [*build(path, rhythm=Rhythm(span_ns=HOUR))][-1] == 1.0
    return path


def test_an_outline_by_index_is_that_of_the_frames(indexed: Path) -> None:
    index = RecordingIndex(open_recording(indexed))
    by_index, by_frames = outline_by_index(index, lambda share: None), outline_of(SAMPLE)
    assert by_index is not None
    assert by_index == outline_of(indexed)
    assert by_index.base == by_frames.base
    assert math.fsum(by_index.volume_usd) == pytest.approx(math.fsum(by_frames.volume_usd), rel=1e-3)
    assert by_index.long_usd == pytest.approx(by_frames.long_usd)
    assert by_index.short_usd == pytest.approx(by_frames.short_usd)
    assert [price for price in by_index.price if price] == pytest.approx(
        [price for price in by_frames.price if price], rel=2e-3
    )
    assert by_index.setups == by_frames.setups
    assert by_index.gaps == by_frames.gaps


def test_an_index_that_does_not_reach_the_end_makes_no_outline(indexed: Path, tmp_path: Path) -> None:
    path = tmp_path / indexed.name
    for file in (indexed, index_file(indexed)):
        shutil.copy2(file, tmp_path / file.name)
    with index_file(path).open("r+b") as stream:
        stream.truncate(index_file(path).stat().st_size - 100)
    assert outline_by_index(RecordingIndex(open_recording(path)), lambda share: None) is None
    assert outline_of(path).price


@pytest.mark.parametrize(("hours", "count"), [(0.1, BUCKETS), (2, 720), (24, MOST_BUCKETS), (240, MOST_BUCKETS)])
def test_a_long_recording_has_more_buckets(hours: float, count: int) -> None:
    assert buckets_of(round(hours * HOUR)) == count
