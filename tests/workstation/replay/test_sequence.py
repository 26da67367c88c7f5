"""Files opened together are one recording: rotated ones the whole, others with a gap or merged where they overlap."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from feeds.model.errors import RecordingError
from feeds.model.frame import Frame, FrameKind
from feeds.model.source import Connection
from feeds.recording import Recording, RecordingWriter
from feeds.recording.layout import RecordingMetadata
from feeds.recording.several.opening import open_recording
from feeds.recording.several.overlap import OverlappingRecordings
from tests.views import assert_same_view
from tests.workstation.replay.pieces import open_at, rotated, sample_frames, write
from tests.workstation.replay.requests import all_requests
from workstation.library.retention import RetentionPolicy
from workstation.library.rotation import RecordingRotation
from workstation.replay.build import IndexBuilder, Rhythm
from workstation.replay.core import Core, Tape
from workstation.replay.index import RecordingIndex
from workstation.session.live import LiveSession
from workstation.session.replay import ReplaySession

OFTEN = Rhythm(frames=1_000, most_frames=1_000, slice_frames=50)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return sample_frames()


def played(reader: Recording, ts_ns: int | None = None) -> Core:
    tape = Tape(reader, Core())
    while not tape.play(reader.end_ns or 0 if ts_ns is None else ts_ns, limit=333):
        continue
    return tape.core


def assert_same(one: Core, other: Core) -> None:
    assert one.frames == other.frames
    for request in all_requests(other.engine):
        assert_same_view(one.engine.view(request), other.engine.view(request), str(request))


def trades(core: Core) -> tuple[int, float]:
    stores = [base.trades for base in core.engine.bases.values()]
    rows = [part for store in stores for part in store.between(0, 1 << 62)]
    return sum(len(part.ts) for part in rows), round(sum(float(part.notional.sum()) for part in rows), 4)


@pytest.mark.parametrize("seed", range(2))
def test_rotated_files_are_the_whole(frames: list[Frame], tmp_path: Path, seed: int) -> None:
    cuts = sorted(np.random.default_rng(seed).integers(1, len(frames), 4).tolist())
    (tmp_path / "pieces").mkdir()
    whole = open_recording(write(tmp_path / "whole.mcap", frames))
    pieces = open_recording(rotated(tmp_path / "pieces", frames, cuts))
    assert list(pieces.frames()) == frames
    assert (pieces.start_ns, pieces.end_ns) == (whole.start_ns, whole.end_ns)
    for moment in (frames[cuts[1]].ts_recv_ns, frames[-1].ts_recv_ns):
        assert_same(played(pieces, moment), played(whole, moment))


def test_an_index_of_rotated_files_reaches_any_moment(frames: list[Frame], tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    folder = rotated(tmp_path / "pieces", frames, [2_000, 2_500])
    with IndexBuilder(folder, file=tmp_path / "states", rhythm=OFTEN) as builder:
        assert [*builder.steps()]
    index = RecordingIndex(open_recording(folder), tmp_path / "states")
    assert index.complete
    assert len(index.entries) > 4
    for at in (1_990, 2_300, 5_000):
        moment = frames[at].ts_recv_ns
        tape = index.tape_before(moment)
        assert tape is not None
        while not tape.play(moment):
            continue
        assert_same(tape.core, played(open_recording(folder), moment))


def test_an_index_goes_on_when_a_file_is_added(frames: list[Frame], tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    folder = rotated(tmp_path / "pieces", frames, [1_500, 3_000])
    last = (folder / "2.mcap").rename(tmp_path / "later.mcap")
    with IndexBuilder(folder, file=tmp_path / "states", rhythm=OFTEN) as builder:
        assert [*builder.steps()]
        last.rename(folder / "2.mcap")
        builder.extend()
        assert [*builder.steps()]
    assert RecordingIndex(open_recording(folder), tmp_path / "states").complete
    (folder / "1.mcap").unlink()
    assert len(RecordingIndex(open_recording(folder), tmp_path / "states").entries) < 3


def test_a_gap_between_files_is_a_gap(frames: list[Frame], tmp_path: Path) -> None:
    cut, on = 2_500, 3_500
    (tmp_path / "pieces").mkdir()
    write(tmp_path / "pieces" / "a.mcap", frames[:cut])
    rest = [*open_at(frames[:on]), *frames[on:]]
    write(tmp_path / "pieces" / "b.mcap", rest)
    closed = [
        Frame(frames[cut - 1].ts_recv_ns, one.connection, FrameKind.CLOSE, b"nothing was recorded from here on")
        for one in sorted(open_at(frames[:cut]), key=lambda one: one.connection)
    ]
    expected = played(open_recording(write(tmp_path / "joined.mcap", [*frames[:cut], *closed, *rest])))
    found = played(open_recording(tmp_path / "pieces"))
    assert found.frames == expected.frames - len(closed)
    for request in all_requests(expected.engine):
        assert_same_view(found.engine.view(request), expected.engine.view(request), str(request))
    market = next(iter(found.engine.bases["BTC"].markets))
    middle_ns = (frames[cut].ts_recv_ns + frames[on].ts_recv_ns) // 2
    assert not market.coverage.covers(middle_ns, middle_ns)


def test_a_rotated_file_whose_start_was_lost_begins_behind_a_gap(frames: list[Frame], tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    folder = rotated(tmp_path / "pieces", frames, [2_000, 4_000])
    (folder / "1.mcap").unlink()
    assert any(frame.kind is FrameKind.CLOSE and frame.tag for frame in open_recording(folder).frames())
    with (folder / "0.mcap").open("r+b") as stream:
        stream.truncate((folder / "0.mcap").stat().st_size // 2)
    assert any(frame.kind is FrameKind.CLOSE and frame.tag for frame in open_recording(folder).frames())


@pytest.mark.parametrize("span_ns", [1, 5_000_000_000, 30_000_000_000])
def test_what_two_files_hold_counts_once(frames: list[Frame], tmp_path: Path, span_ns: int) -> None:
    one = write(tmp_path / "one.mcap", frames[:4_000])
    two = write(tmp_path / "two.mcap", [*open_at(frames[:2_000]), *frames[2_000:]])
    shutil.copy(two, tmp_path / "copy.mcap")
    together = open_recording(one, two, tmp_path / "copy.mcap")
    assert len(together.files) == 2
    merged = OverlappingRecordings([open_recording(one), open_recording(two)], one, span_ns)
    received = [frame for frame in merged.frames() if frame.kind is FrameKind.TEXT]
    assert received == sorted(received, key=lambda frame: frame.ts_recv_ns)
    assert (
        trades(played(merged))
        == trades(played(together))
        == trades(played(open_recording(write(tmp_path / "w", frames))))
    )


def test_real_and_simulated_files_are_not_mixed(frames: list[Frame], tmp_path: Path) -> None:
    simulated, real = write(tmp_path / "simulated.mcap", frames[:100]), tmp_path / "real.mcap"
    with real.open("xb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata())
        writer.write(frames[100:200])
        writer.finish()
    (tmp_path / "junk.mcap").write_bytes(b"junk")
    assert open_recording(tmp_path).files == (real,)
    with pytest.raises(RecordingError, match="simulated"):
        open_recording(simulated, real)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match="holds no recording"):
        open_recording(tmp_path / "empty")


def test_a_session_of_several_files_jumps_over_their_bounds(frames: list[Frame], tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    session = ReplaySession(open_recording(rotated(tmp_path / "pieces", frames, [3_000])))
    assert session.name == "pieces (2 recordings)"
    for at in (5_000, 1_000, 4_000):
        session.jump(frames[at].ts_recv_ns)
        assert session.tape.position_ns == frames[at].ts_recv_ns
    assert [path.name for path in session.recordings] == ["1.mcap", "0.mcap"]


class _Played:
    """A source of frames that were recorded, and their clock."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames, self._passed = frames, 0
        self.connections: dict[str, Connection] = {}

    def batches(self) -> Iterator[list[Frame]]:
        for first in range(0, len(self._frames), 100):
            self._passed = min(first + 100, len(self._frames))
            yield self._frames[first : self._passed]

    def now_ns(self) -> int:
        return self._frames[max(self._passed - 1, 0)].ts_recv_ns

    def open_frames(self) -> list[Frame]:
        return open_at(self._frames[: self._passed])

    def perform(self, connection: str, request: object) -> None:
        """The frames hold the answers."""


def test_what_a_session_records_in_several_files_is_what_it_received(frames: list[Frame], tmp_path: Path) -> None:
    source, names = _Played(frames), iter(range(100))
    policy = RetentionPolicy(rotate_ns=(frames[-1].ts_recv_ns - frames[0].ts_recv_ns) // 4)
    session = LiveSession(
        source,  # type: ignore[arg-type]
        source,
        simulated=True,
        name="x",
        record_to=lambda: tmp_path / f"{next(names):02}.mcap",
        rotation=RecordingRotation(lambda: policy, lambda *_: None),
    )
    session.start_recording()
    for batch in source.batches():
        session.take(batch)
    session.stop_recording()
    found = open_recording(tmp_path)
    assert len(found.files) > 2
    assert list(found.frames()) == frames
