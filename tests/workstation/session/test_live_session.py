"""What a live run showed is what its recording shows, any number of times."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from feeds.live.source import LiveSource
from feeds.recording import RecordingReader
from feeds.simulator.service.server import serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from tests.simulated import PacedClock
from tests.tables import tables_of
from tests.views import assert_same_view
from tests.workstation.session.test_replay_session import REQUESTS
from workstation.exports.export import export_rows, state_rows
from workstation.exports.table import ExportSettings
from workstation.readmodels.session.status import Presence
from workstation.replay.core import Core, read_to_end
from workstation.session.live import LiveSession

S = 1_000_000_000
STATE_TABLES = ExportSettings(("bars", "footprint", "cvd"), bar_ns=5 * S, row_size=5.0)


async def all_live(session: LiveSession) -> None:
    """Wait until every connection is open and every book is there; a busy machine takes its time."""
    async with asyncio.timeout(60):
        while session.status().presence is not Presence.LIVE or not all(
            market.book.known for base in session.core.engine.bases.values() for market in base.markets
        ):
            await asyncio.sleep(0.05)


async def live_run(path: Path, *, record_after_s: float, run_s: float) -> LiveSession:
    clock = PacedClock()
    async with await serve(0, seed=11, warm_up_s=30, clock=clock, bases=("BTC", "ETH")) as server:
        drivers = [loopback(driver, server.port) for driver in DRIVERS.values()]
        source = LiveSource(["BTC", "ETH"], drivers, clock)
        session = LiveSession(source, clock, simulated=True, name="simulated", record_to=lambda: path)
        task = asyncio.create_task(session.run())
        if record_after_s:
            await all_live(session)
            await asyncio.sleep(record_after_s)
        session.toggle_recording()
        await all_live(session)
        end_ns = clock.now_ns() + run_s * S
        while clock.now_ns() < end_ns:
            await asyncio.sleep(0.01)
        assert session.status().presence is Presence.LIVE
        assert session.status().recording_to == str(path)
        session.stop_recording()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return session


@pytest.fixture(scope="module")
def recorded_from_the_start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Core, Path]:
    path = tmp_path_factory.mktemp("live") / "live.mcap"
    session = asyncio.run(live_run(path, record_after_s=0, run_s=8))
    return session.core, path


def test_replay_shows_what_live_showed(recorded_from_the_start: tuple[Core, Path]) -> None:
    live, path = recorded_from_the_start
    for _ in range(2):
        replayed = read_to_end(path).core
        replayed.engine.advance(live.engine.now_ns)
        live.engine.advance(live.engine.now_ns)
        for request in REQUESTS:
            assert_same_view(live.engine.view(request), replayed.engine.view(request), type(request).__name__)


def test_exports_of_live_and_of_two_replays_are_identical(recorded_from_the_start: tuple[Core, Path]) -> None:
    live, path = recorded_from_the_start
    shown = tables_of(state_rows(live.engine, STATE_TABLES, live.engine.now_ns))
    first, second = (tables_of(export_rows(path, STATE_TABLES)) for _ in range(2))
    assert first == second == shown
    assert len(first["footprint"]) > 50


def test_a_recording_begun_in_the_middle_has_books_and_trades(tmp_path: Path) -> None:
    path = tmp_path / "late.mcap"
    live = asyncio.run(live_run(path, record_after_s=3, run_s=5)).core
    replayed = read_to_end(path).core
    for base in live.engine.bases.values():
        for market in base.markets:
            again = replayed.engine.market(market.instrument.id)
            assert again is not None, market.instrument.id
            assert again.book.known, market.instrument.id
            assert again.book.bids.top(5) == market.book.bids.top(5)
            assert again.book.asks.top(5) == market.book.asks.top(5)


def test_the_recording_says_that_it_is_simulated(recorded_from_the_start: tuple[Core, Path]) -> None:
    assert RecordingReader(recorded_from_the_start[1]).metadata.simulated
