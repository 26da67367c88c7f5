"""Recordings of simulated venues made without sockets: the same by seed, whole, and read as those of live sessions."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from feeds.model.errors import RecordingError
from feeds.recording import RecordingReader
from feeds.simulator.offline import write_session
from feeds.venues.registry import VENUES
from workstation.cli.main import app
from workstation.readmodels.markets import Freshness
from workstation.replay.core import read_to_end

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("offline") / "session.mcap"
    *_, (share, frames, size) = write_session(path, 3, 4 * SECOND, ("BTC",))
    assert (share, size) == (1.0, path.stat().st_size)
    assert frames == len(list(RecordingReader(path).frames()))
    return path


def test_every_venue_is_live_in_the_replay(recording: Path) -> None:
    core = read_to_end(recording).core
    assert not core.feed.undecodable
    markets = core.engine.bases["BTC"].markets
    assert {market.instrument.venue for market in markets} == set(VENUES)
    for market in markets:
        assert market.book_freshness(core.engine.now_ns) is Freshness.LIVE, market.instrument.id
        assert market.book.bids.best is not None
    traded = {market.instrument.venue for market in markets if market.last_price is not None}
    assert traded == set(VENUES)


def test_the_same_seed_gives_the_same_bytes(recording: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again.mcap", tmp_path / "other.mcap"
    command = ["simulate", "BTC", "--record", str(again), "--span", "4s", "--speed", "max", "--seed", "3"]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert again.read_bytes() == recording.read_bytes()
    list(write_session(other, 4, SECOND, ("BTC",)))
    assert other.read_bytes()[:100_000] != recording.read_bytes()[:100_000]


def test_an_existing_file_is_not_overwritten(recording: Path) -> None:
    before = recording.read_bytes()
    with pytest.raises(RecordingError, match="exists already"):
        list(write_session(recording, 3, SECOND, ("BTC",)))
    assert recording.read_bytes() == before
