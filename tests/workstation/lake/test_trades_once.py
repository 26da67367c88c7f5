"""Recordings that overlap give the sums of either alone, whatever each venue's trade ids mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.model.frame import Frame, FrameKind
from feeds.recording import RecordingMetadata, RecordingReader, RecordingWriter
from tests.feeds.venues.golden import markets
from workstation.lake.add import add

duckdb = pytest.importorskip("duckdb", reason="queries of the lake need duckdb")

from feeds.model.frame import ConnectionSpec, open_frame  # noqa: E402
from feeds.model.instrument import MarketKind, Venue  # noqa: E402
from workstation.lake.query import connect  # noqa: E402

START_NS = 1_723_161_600_000_000_000
S = 1_000_000_000
ROW = '{{"instId":"{0}","tradeId":"{1}","px":"60000","sz":"{2}","side":"buy","ts":"{3}"{4}}}'
SUMS = "SELECT venue, kind, symbol, sum(size), sum(notional_usd) FROM trades GROUP BY ALL ORDER BY ALL"
Sums = dict[tuple[str, ...], float]


def written(path: Path, frames: list[Frame]) -> Path:
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata())
        writer.write(frames)
        writer.finish()
    return path


def sums(root: Path) -> Sums:
    """Size and notional by market; they are added in any order, so the last bits differ."""
    rows = connect(root).execute(SUMS).fetchall()
    return {(*market, name): value for *market, size, usd in rows for name, value in (("size", size), ("usd", usd))}


def lake(root: Path, *files: Path) -> Path:
    for file in files:
        add(file, root)
    return root


class OkxSession:
    """A swap whose rows of the socket merge up to three matches, received from a moment on."""

    def __init__(self, groups: list[int]) -> None:
        self.market = next(one for one in markets("okx").values() if one.kind is MarketKind.LINEAR)
        self.rows, last = [], 100
        for at, count in enumerate(groups):
            last += count
            self.rows.append((at, last, count))

    def live(self, start: int, stop: int) -> list[Frame]:
        spec = ConnectionSpec(
            name="okx",
            venue=Venue("okx"),
            kind=MarketKind.LINEAR,
            route="public",
            streams=(f"trades:{self.market.symbol}",),
            markets=(self.market,),
            history_s=3_600,
        )
        frames = [open_frame(spec, START_NS + start * S)]
        for at, last, count in self.rows[start:stop]:
            row = ROW.format(self.market.symbol, last, count, (START_NS + at * S) // 1_000_000, f',"count":"{count}"')
            text = f'{{"arg":{{"channel":"trades","instId":"{self.market.symbol}"}},"data":[{row}]}}'
            frames.append(Frame(START_NS + at * S + S // 2, "okx", FrameKind.TEXT, text.encode()))
        return frames

    def with_history(self, start: int, stop: int) -> list[Frame]:
        """What was before the first row is fetched: every match on its own."""
        opened, first, *rest = self.live(start, stop)
        matches = [
            ROW.format(self.market.symbol, last - nth, 1, (START_NS + at * S) // 1_000_000, "")
            for at, last, count in reversed(self.rows[:start])
            for nth in range(count)
        ]
        body = f'{{"code":"0","msg":"","data":[{",".join(matches)}]}}'.encode()
        bodies = body, b'{"code":"0","msg":"","data":[]}'
        tag = f"trades/{self.market.symbol}"
        answers = [Frame(first.ts_recv_ns, "okx", FrameKind.HTTP, one, tag) for one in bodies]
        return [opened, first, *answers, *rest]


@pytest.mark.parametrize("later_first", [False, True])
def test_merged_rows_and_single_matches_are_the_same_trades(tmp_path: Path, later_first: bool) -> None:
    session = OkxSession([1, 3, 2, 1, 3, 3, 1, 2, 2, 3])
    whole = written(tmp_path / "whole", session.live(0, 10))
    restarted = written(tmp_path / "restarted", session.with_history(6, 10))
    wanted = sums(lake(tmp_path / "one", whole))
    assert len(wanted) == 2
    assert sums(lake(tmp_path / "other", restarted)) == pytest.approx(wanted, rel=1e-9)
    files = (restarted, whole) if later_first else (whole, restarted)
    assert sums(lake(tmp_path / "both", *files)) == pytest.approx(wanted, rel=1e-9)
    begun = written(tmp_path / "begun", session.live(0, 6))
    assert sums(lake(tmp_path / "restart", begun, restarted)) == pytest.approx(wanted, rel=1e-9)


def test_overlapping_recordings_of_every_venue_give_the_sums_of_the_whole(
    simulated_recording: Path, tmp_path: Path
) -> None:
    frames = list(RecordingReader(simulated_recording).frames())
    third = len(frames) // 3
    opened = [frame for frame in frames[:third] if frame.kind is FrameKind.OPEN]
    first = written(tmp_path / "first", frames[: 2 * third])
    second = written(tmp_path / "second", [*opened, *frames[third:]])
    wanted = sums(lake(tmp_path / "whole", simulated_recording))
    assert {venue for venue, *_ in wanted} >= {"binance", "bybit", "okx", "hyperliquid", "deribit"}
    assert sums(lake(tmp_path / "both", first, second)) == pytest.approx(wanted, rel=1e-9)
    assert sums(lake(tmp_path / "three", first, second, simulated_recording)) == pytest.approx(wanted, rel=1e-9)
