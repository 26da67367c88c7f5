"""Which windows get bars made in steps: those of a session that runs on, and not a picture of a held one."""

from __future__ import annotations

import pytest

import resources
from feeds.recording import RecordingReader
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.session.desk import Desk
from workstation.session.replay import ReplaySession


async def test_a_running_session_answers_in_steps_and_a_held_one_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workstation.analytics.state.derived_bars.MUCH", 1)
    shares = []
    for running in (True, False):
        desk, session = Desk(), ReplaySession(RecordingReader(resources.path("sessions/simulated.mcap")))
        desk.hold(session, session.end_ns)
        if running:
            await desk.open(session)
        view = desk.view(FootprintRequest("BTC"))
        assert isinstance(view, FootprintView)
        shares.append(view.progress)
        await desk.close()
    assert shares[0] < 1.0 == shares[1]
