"""One flipped bit in the fourth chunk of a session: every reader has the other chunks and the same gap."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from feeds.model.events import BookLost, Trade, TradesLost
from feeds.pipeline.feed import Feed
from feeds.recording import DamagedSpan, RecordingReader
from feeds.recording.index import read_index
from feeds.recording.inspection import inspect
from feeds.recording.metadata import read_front
from feeds.recording.recover import recover
from feeds.venues.registry import protocol_for
from tests.command_line import run
from tests.tables import Tables, tables_of
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.library.outline import outline_of
from workstation.replay.core import Core, Tape, read_to_end
from workstation.session.replay import ReplaySession

SAMPLE = Path(resources.path("sessions/simulated.mcap"))
BAR_NS = 1_000_000_000
FOURTH = 3


def with_a_flipped_bit(path: Path, *, finished: bool) -> Path:
    content = bytearray(SAMPLE.read_bytes())
    with SAMPLE.open("rb") as stream:
        chunks = read_index(stream, len(content), read_front(stream, len(content))[1]).chunks
    content[chunks[FOURTH].offset + chunks[FOURTH].length // 2] ^= 4
    path.write_bytes(content if finished else content[: chunks[-1].offset + chunks[-1].length])
    return path


@pytest.fixture(scope="module", params=[True, False], ids=["finished", "killed"])
def damaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_a_flipped_bit(tmp_path_factory.mktemp("damaged") / "r.mcap", finished=request.param)


@pytest.fixture(scope="module")
def span(damaged: Path) -> DamagedSpan:
    damage = inspect(damaged).damage
    assert damage is not None
    return damage.spans[0]


def exported(path: Path) -> Tables:
    return tables_of(export_rows(path, ExportSettings(("trades", "bars", "cvd"), BAR_NS)))


def frames_left() -> int:
    whole = RecordingReader(SAMPLE)
    return sum(1 for _ in whole.frames()) - len(whole.chunk(FOURTH) or [])


def test_every_reader_counts_the_same_frames(damaged: Path) -> None:
    assert inspect(damaged).frames == frames_left()
    session = ReplaySession(RecordingReader(damaged))
    session.step(1 << 62)
    assert session.status("r").frames == frames_left()
    assert session.status("r").notices
    assert read_to_end(damaged).core.frames == frames_left()


def test_the_damaged_span_is_a_gap_of_every_connection(damaged: Path, span: DamagedSpan) -> None:
    for connection in inspect(damaged).connections:
        assert [(gap.start_ns, gap.end_ns) for gap in connection.gaps if gap.damaged] == [(span.start_ns, span.end_ns)]


def test_books_and_trades_of_every_market_are_lost(damaged: Path, span: DamagedSpan) -> None:
    feed, lost = Feed(protocol_for), {BookLost: set[str](), TradesLost: set[str]()}
    traded: set[str] = set()
    for frame in RecordingReader(damaged).frames():
        for event in feed.receive(frame):
            if type(event) in lost and event.ts_recv_ns == span.start_ns:
                lost[type(event)].add(event.instrument.id)
            if isinstance(event, Trade):
                traded.add(event.instrument.id)
    assert lost[BookLost] == lost[TradesLost] >= traded


def test_trades_and_bars_are_those_of_the_intact_chunks(damaged: Path, span: DamagedSpan) -> None:
    """No trade outside the span is missing, none is invented, and no bar that the span touches is complete."""
    assert span.start_ns is not None
    whole, found = exported(SAMPLE), exported(damaged)
    kept = {(row["venue"], row["kind"], row["symbol"], row["trade_id"], row["size"]) for row in found["trades"]}
    for row in whole["trades"]:
        outside = not span.start_ns <= row["ts_recv_ns"] <= span.end_ns
        assert (row["venue"], row["kind"], row["symbol"], row["trade_id"], row["size"]) in kept or not outside
    assert len(found["trades"]) < len(whole["trades"])
    starts = {row["bar_start_ns"] for row in found["bars"] if not row["complete"]}
    touched = {row["bar_start_ns"] for row in found["bars"] if span.start_ns < row["bar_start_ns"] < span.end_ns}
    assert touched <= starts
    later = span.end_ns + 3 * BAR_NS
    by_bar = {(row["bar_start_ns"], row["venue"], row["kind"], row["symbol"]): row for row in whole["bars"]}
    for row in found["bars"]:
        if later < row["bar_start_ns"] and row["symbol"] and row["venue"] in ("binance", "okx"):
            assert row == by_bar[row["bar_start_ns"], row["venue"], row["kind"], row["symbol"]]


def test_a_recovered_recording_gives_the_same_tables(damaged: Path, tmp_path: Path) -> None:
    assert recover(damaged, tmp_path / "out").frames == frames_left()
    assert exported(tmp_path / "out") == exported(damaged)


def test_the_outline_has_the_gap_and_the_reason(damaged: Path, span: DamagedSpan) -> None:
    outline = outline_of(damaged)
    assert outline.damage
    assert any(start_ns <= span.end_ns and end_ns >= (span.start_ns or 0) for start_ns, end_ns in outline.gaps)


def test_a_jump_over_the_damage_is_as_having_played_to_it(damaged: Path) -> None:
    tape = Tape(RecordingReader(damaged), Core())
    straight = read_to_end(damaged)
    for share in (10, 5, 2, 1):
        goal_ns = tape.reader.start_ns + (tape.reader.end_ns - tape.reader.start_ns) // share  # type: ignore[operator]
        while not tape.play(goal_ns):
            pass
        tape = Tape(RecordingReader(damaged), tape.core.checkpoint(), tape.cursor.mark)
    assert tape.core.frames == straight.core.frames


def test_commands_state_the_damage_in_one_line_and_end_well(tmp_path: Path) -> None:
    file = with_a_flipped_bit(tmp_path / "r.mcap", finished=True)
    pytest.importorskip("duckdb")
    for words in (
        ("inspect", file),
        ("export", file, "--out", tmp_path / "tables", "--table", "cvd"),
        ("lake", "add", file, "--root", tmp_path / "lake"),
    ):
        done = run(*words, home=tmp_path)
        assert done.returncode == 0, done.stderr
        (line,) = done.stderr.strip().splitlines()
        assert "r.mcap is damaged: nothing from" in line
    done = run("recover", file, "--out", tmp_path / "whole.mcap", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "lost: nothing from" in done.stdout
    assert run("recover", file, "--out", tmp_path / "whole.mcap", home=tmp_path).returncode == 2
    (tmp_path / "none.mcap").write_bytes(b"\x89MCAP0\r\n" + bytes(500))
    assert run("recover", tmp_path / "none.mcap", "--out", tmp_path / "x.mcap", home=tmp_path).returncode == 3
