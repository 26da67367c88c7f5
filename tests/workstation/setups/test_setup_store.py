"""Setups on disk: written once, further only forward, there again after a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.workstation.analytics.market_events import MINUTE, engine_of
from tests.workstation.analytics.setups.setup_tapes import events_of, quiet
from tests.workstation.analytics.setups.test_setups import TURN, absorbed, rising
from workstation.readmodels.session.setups import (
    SessionKind,
    SetupEvent,
    SetupHistoryRequest,
    SetupsRequest,
    SetupState,
    SetupsView,
)
from workstation.setups.recorder import SetupRecorder
from workstation.setups.statistics import outcome, statistics
from workstation.setups.store import SetupStore

TAPE = events_of([*quiet(), absorbed(), TURN, rising(range(5, 10)), *quiet(20), absorbed(), *quiet(66)])
LIVE, REPLAY = SessionKind.LIVE, SessionKind.REPLAY


def seen() -> tuple[SetupEvent, ...]:
    view = engine_of(TAPE).view(SetupsRequest("BTC", MINUTE))
    assert isinstance(view, SetupsView)
    return view.events


def stored(folder: Path, session: SessionKind = LIVE) -> tuple[SetupEvent, ...]:
    store = SetupStore(folder / "setups.sqlite")
    view = store.view(SetupHistoryRequest(session=session), LIVE)
    store.close()
    assert view.statistics == statistics(map(outcome, view.events))
    return tuple(sorted(view.events, key=lambda one: (one.trigger_ns, one.detector.value, one.direction)))


def test_what_is_stored_is_what_was_seen(tmp_path: Path) -> None:
    events = seen()
    store = SetupStore(tmp_path / "setups.sqlite")
    assert store.put(events, LIVE) == len(events) > 2
    assert store.put(events, LIVE) == 0
    assert store.put(events[:2], REPLAY) == 2
    store.close()
    expected = sorted(events, key=lambda one: (one.trigger_ns, one.detector.value, one.direction))
    assert stored(tmp_path) == tuple(expected)
    assert len(stored(tmp_path, REPLAY)) == 2


def test_an_event_only_goes_forward(tmp_path: Path) -> None:
    done = next(one for one in seen() if one.state is SetupState.CONFIRMED)
    armed = replace(
        done, state=SetupState.ARMED, confirmed_ns=None, ended_ns=None, moves=(None,) * 4, moves_confirmed=(None,) * 4
    )
    store = SetupStore(tmp_path / "setups.sqlite")
    store.put([armed], LIVE)
    assert store.put([done], LIVE) == 1
    assert store.put([armed], LIVE) == 0
    store.close()
    assert stored(tmp_path) == (done,)


def test_a_killed_recorder_goes_on_where_it_was(tmp_path: Path) -> None:
    """Looking through the tape in two runs leaves what one run leaves; a replay done twice adds nothing."""
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    for folder, cut in ((whole, len(TAPE)), (halves, 190)):
        folder.mkdir()
        engine, recorder = engine_of(()), SetupRecorder(folder)
        for at, event in enumerate(TAPE):
            if at == cut:
                recorder = SetupRecorder(folder)  # the other one was never closed
            engine.apply(event)
            if at % 5 == 0 or at == len(TAPE) - 1:
                recorder.record(engine, ["BTC"], LIVE)
        recorder.close()
    assert stored(whole) == stored(halves) != ()
    again = SetupRecorder(halves)
    again.record(engine_of(TAPE), ["BTC"], LIVE)
    again.close()
    assert stored(halves) == stored(whole)


def test_a_file_that_is_no_database_is_told_and_nothing_stops(tmp_path: Path) -> None:
    (tmp_path / "setups.sqlite").write_text("not a database, but a text that is long enough to be read as one" * 9)
    recorder = SetupRecorder(tmp_path)
    assert "setups are not stored" in recorder.trouble
    recorder.record(engine_of(TAPE), ["BTC"], LIVE)
    assert recorder.view(SetupHistoryRequest(session=LIVE)).events == ()
