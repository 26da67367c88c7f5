"""Playing, stepping and seeking end in the same state as reading straight through."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from feeds.recording import RecordingReader
from tests.views import assert_same_view
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setups import SetupsRequest
from workstation.readmodels.session.status import Presence
from workstation.readmodels.universe.pressure import PressureRequest
from workstation.readmodels.universe.universe import UniverseRequest
from workstation.replay.core import Core, Tape
from workstation.session.replay import ReplayLimits, ReplaySession

S = 1_000_000_000
REQUESTS: tuple[Request[View], ...] = (
    FootprintRequest("BTC"),
    FootprintRequest("BTC", MarketFilter(perp=None), 15 * S, 10.0),
    CvdRequest("BTC"),
    LadderRequest("BTC"),
    LadderRequest("BTC", row_size=5.0),
    UniverseRequest(),
    PressureRequest(),
    TapeRequest("BTC"),
    FootprintRequest("ETH", bar_ns=5 * S),
    SetupsRequest("BTC", 5 * S),
)


def state_at(recording: Path, ts_ns: int) -> Core:
    tape = Tape(RecordingReader(recording), Core())
    while not tape.play(ts_ns):
        continue
    return tape.core


def assert_same_state(one: Core, other: Core) -> None:
    for request in REQUESTS:
        assert_same_view(one.engine.view(request), other.engine.view(request))


class Wall:
    """A wall clock that passes 20 ms at every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.004
        return self.now_s


async def run_until(session: ReplaySession, done: object, turns: int = 20_000) -> None:
    task = asyncio.create_task(session.run())
    for _ in range(turns):
        await asyncio.sleep(0)
        if done():  # type: ignore[operator]
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert done()  # type: ignore[operator]


@pytest.fixture
def session(simulated_recording: Path) -> ReplaySession:
    return ReplaySession(RecordingReader(simulated_recording), Wall(), ReplayLimits(frame_s=0, checkpoint_ns=2 * S))


async def test_seeks_in_any_order_equal_reading_straight(session: ReplaySession, simulated_recording: Path) -> None:
    span = session.end_ns - session.start_ns
    rng = np.random.default_rng(4)
    for share in (1.0, *rng.random(6), 0.0, 0.5):
        target = session.start_ns + int(span * share)
        session.seek(target)
        assert session.status("x").presence is Presence.SEEKING
        await run_until(session, lambda: session.status("x").presence is not Presence.SEEKING)
        assert session.tape.position_ns == target
        assert_same_state(session.core, state_at(simulated_recording, target))


async def test_a_seek_raises_the_epoch(session: ReplaySession) -> None:
    before = session.epoch
    session.seek(session.end_ns)
    await run_until(session, lambda: session.epoch == before + 1)


async def test_approaching_stops_on_the_way_and_goes_on_to_the_same_state(
    simulated_recording: Path,
) -> None:
    limits = ReplayLimits(frame_s=0, approach_s=0.012, slice_frames=16)
    session = ReplaySession(RecordingReader(simulated_recording), Wall(), limits)
    target, pictures = session.start_ns + 2 * (session.end_ns - session.start_ns) // 3, 0
    while session.tape.position_ns < target:
        before = session.tape.position_ns
        session.approach(target)
        await run_until(session, lambda: session.status("x").presence is not Presence.SEEKING)
        assert before < session.tape.position_ns <= target
        pictures += 1
        assert session.epoch == pictures
    assert pictures > 1
    assert_same_state(session.core, state_at(simulated_recording, target))


async def test_a_seek_that_replaces_an_approach_arrives(simulated_recording: Path) -> None:
    limits = ReplayLimits(frame_s=0, budget_s=0.0, approach_s=0.012, slice_frames=64)
    session = ReplaySession(RecordingReader(simulated_recording), Wall(), limits)
    session.approach(session.end_ns)
    task = asyncio.create_task(session.run())
    await asyncio.sleep(0)
    session.seek(session.end_ns)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await run_until(session, lambda: session.status("x").presence is not Presence.SEEKING)
    assert session.tape.position_ns == session.end_ns


@pytest.mark.parametrize("speed", [1.0, 37.0, 1000.0])
async def test_any_speed_ends_in_the_same_state(
    session: ReplaySession, simulated_recording: Path, speed: float
) -> None:
    session.set_speed(speed)
    session.seek(session.end_ns - 3 * S)
    await run_until(session, lambda: session.status("x").presence is Presence.PAUSED)
    session.play()
    await run_until(session, lambda: session.ended)
    assert_same_state(session.core, state_at(simulated_recording, session.end_ns))


async def test_play_slows_down_rather_than_skips_when_behind(simulated_recording: Path) -> None:
    limits = ReplayLimits(frame_s=0, slice_frames=8)
    session = ReplaySession(RecordingReader(simulated_recording), Wall(), limits)
    session.set_speed(1000.0)
    session.play()
    await run_until(session, lambda: session.status("x").lag_ns > 0)
    assert session.core.frames > 0
    assert session.tape.cursor.next_ns() is not None


async def test_steps(session: ReplaySession) -> None:
    session.step(None)
    assert session.core.frames == 1
    session.step(S)
    assert session.tape.position_ns == session.start_ns + S
    before = session.core.frames
    session.step(100_000_000)
    assert session.tape.position_ns == session.start_ns + S + 100_000_000
    assert session.core.frames >= before


async def test_speed_is_bounded(session: ReplaySession) -> None:
    session.set_speed(1e9)
    assert session.status("x").speed == 1000.0
    session.set_speed(0.0)
    assert session.status("x").speed == 0.1


async def test_play_at_the_end_begins_again(session: ReplaySession) -> None:
    session.seek(session.end_ns)
    await run_until(session, lambda: session.ended)
    session.play()
    await run_until(session, lambda: not session.ended)
    assert session.tape.position_ns < session.end_ns


async def test_checkpoints_are_bounded_and_keep_their_state(session: ReplaySession, simulated_recording: Path) -> None:
    session.seek(session.end_ns)
    await run_until(session, lambda: session.ended)
    assert len(session.checkpoints) > 3
    for checkpoint in session.checkpoints[1:3]:
        assert_same_state(checkpoint.core.checkpoint(), state_at(simulated_recording, checkpoint.position_ns))
