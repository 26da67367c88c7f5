"""Bars over many trades are made in steps: one a frame where the session runs on, all at once where it is held."""

from __future__ import annotations

import pytest

import resources
from feeds.recording import RecordingReader
from workstation.analytics.state.limits import Limits
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.replay.core import Core
from workstation.session.desk import Desk
from workstation.session.replay import ReplaySession


@pytest.mark.parametrize("running", [True, False])
async def test_a_running_session_makes_bars_in_steps_and_a_held_one_at_once(running: bool) -> None:
    desk, session = Desk(), ReplaySession(RecordingReader(resources.path("sessions/simulated.mcap")))
    session.tape.core = Core(Limits(filled_at_once=1))
    desk.hold(session, session.end_ns)
    if running:
        await desk.open(session)
    request = FootprintRequest("BTC", row_size=10.0, in_steps=True)
    begun, revision = desk.view(request).progress, desk.revision(request)
    assert desk.view(request).progress == begun < 1.0, "asking does no work"
    assert desk.revision(request) == revision
    desk.mark_displayed([request])
    assert desk.revision(request) != revision
    assert desk.view(request).progress > begun
    assert running or desk.view(request).progress == 1.0
    for _ in range(1_000):
        desk.mark_displayed([request])
    assert desk.view(request).bars == desk.engine.view(FootprintRequest("BTC", row_size=10.0)).bars != ()
    await desk.close()


async def test_a_step_by_bar_is_that_of_the_chart_displayed_last() -> None:
    desk = Desk()
    desk.mark_displayed([FootprintRequest("BTC", bar_ns=5_000_000_000)])
    desk.mark_displayed([])
    assert desk.bar_ns == 5_000_000_000
    desk.view(FootprintRequest("BTC", bar_ns=1_000_000_000))
    assert desk.bar_ns == 5_000_000_000, "asking alone displays nothing"
