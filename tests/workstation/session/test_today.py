"""A live session begins with the day so far, whatever files hold it, and goes on from it without counting twice."""

from pathlib import Path

import pytest

from feeds.model.frame import Frame
from tests.workstation.replay.pieces import open_at, rotated, sample_frames, write
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketFilter
from workstation.replay.build import Rhythm, build
from workstation.replay.core import Core, read_to_end
from workstation.session.today import DayLimits, day_so_far

S = 1_000_000_000
DAY = 86_400 * S
BASES = ("BTC",)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return sample_frames()


@pytest.fixture(scope="module")
def whole(frames: list[Frame], tmp_path_factory: pytest.TempPathFactory) -> Core:
    return read_to_end(write(tmp_path_factory.mktemp("whole") / "whole.mcap", frames)).core


def newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.mcap"), reverse=True)


def trades(core: Core, base: str) -> list[tuple[float, ...]]:
    parts = core.engine.bases[base].trades.between(0, 1 << 62)
    names = {one.index: one.instrument.id for one in core.engine.bases[base].markets}
    return sorted((*row[:4], row[4] % 3, names[row[4] // 3]) for part in parts for row in part.rows())


def chart(core: Core) -> FootprintView:
    return core.engine.view(FootprintRequest("BTC", MarketFilter(perp=None), row_size=1.0, bar_ns=5 * S))


@pytest.mark.parametrize("indexed", [False, True])
async def test_the_day_is_whole_when_its_files_go_on_from_each_other(
    frames: list[Frame], whole: Core, tmp_path: Path, indexed: bool
) -> None:
    rotated(tmp_path, frames, [1_500, 4_000])
    if indexed:
        for path in newest_first(tmp_path):
            assert [*build(path, rhythm=Rhythm(frames=700, most_frames=700, slice_frames=50))]
    limits = DayLimits(short_bytes=0 if indexed else 1 << 30)
    core = await day_so_far(newest_first(tmp_path), BASES, frames[-1].ts_recv_ns + S, limits)
    assert core is not None
    for base in BASES:
        assert trades(core, base) == trades(whole, base)
    for market in whole.engine.bases["BTC"].markets:
        ours = core.engine.market(market.instrument.id)
        assert ours is not None
        assert len(ours.coverage.ended()) == len(market.coverage.ended())
    bars, expected = chart(core).bars, chart(whole).bars
    assert [(bar.start_ns, bar.trades) for bar in bars] == [(bar.start_ns, bar.trades) for bar in expected]
    for bar, other in zip(bars, expected, strict=True):  # added up in another order
        assert (bar.buy, bar.sell) == pytest.approx((other.buy, other.sell), rel=1e-12)
    assert core.feed.connections == ()
    assert core.frames == 0


async def test_what_no_file_holds_is_a_gap(frames: list[Frame], tmp_path: Path) -> None:
    rotated(tmp_path, frames, [1_500, 4_000])
    (tmp_path / "1.mcap").unlink()
    core = await day_so_far(newest_first(tmp_path), BASES, frames[-1].ts_recv_ns + S)
    assert core is not None
    missed_ns = frames[2_500].ts_recv_ns
    for market in core.engine.bases["BTC"].markets:
        spans = market.coverage.ended()
        assert not market.coverage.covers(missed_ns, missed_ns)
        assert not spans or spans[-1][0] > missed_ns or spans[-1][1] < missed_ns


@pytest.mark.parametrize("killed", [False, True])
async def test_a_session_that_goes_on_counts_nothing_twice(
    frames: list[Frame], whole: Core, tmp_path: Path, killed: bool
) -> None:
    path = write(tmp_path / "early.mcap", frames[:4_000])
    if killed:
        with path.open("r+b") as stream:
            stream.truncate(path.stat().st_size * 9 // 10)
        assert 3_000 < read_to_end(path).core.frames < 4_000
    core = await day_so_far(newest_first(tmp_path), BASES, frames[4_000].ts_recv_ns)
    assert core is not None
    core.consume([*open_at(frames[:3_000]), *frames[3_000:]])
    for base in BASES:
        assert trades(core, base) == trades(whole, base)


async def test_only_wanted_coins_of_this_day_come(frames: list[Frame], tmp_path: Path) -> None:
    path = write(tmp_path / "one.mcap", frames)
    end_ns = frames[-1].ts_recv_ns
    core = await day_so_far([path], ["DOGE", "BTC"], end_ns)
    assert core is not None
    assert list(core.engine.bases) == ["BTC"]
    assert all(market.base == "BTC" for market in core.engine.instruments())
    assert await day_so_far([path], ["DOGE"], end_ns) is None
    assert await day_so_far([path], BASES, end_ns + 2 * DAY) is None
    assert await day_so_far([path], BASES, end_ns - S) is None  # our clock is behind: what is later would stop time
    assert await day_so_far([tmp_path / "gone.mcap"], BASES, end_ns) is None
    assert await day_so_far([path], BASES, end_ns, DayLimits(short_bytes=0)) is None


async def test_what_there_was_no_time_to_read_is_a_gap(frames: list[Frame], whole: Core, tmp_path: Path) -> None:
    path = write(tmp_path / "one.mcap", frames)
    core = await day_so_far([path], BASES, frames[-1].ts_recv_ns, DayLimits(patience_s=0.0))
    assert core is None or len(trades(core, "BTC")) < len(trades(whole, "BTC"))
