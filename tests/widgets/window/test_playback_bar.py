"""The playback bar: replay is never mistaken for live, and every control reaches the session or is not there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.widgets.market_views import NOW, live_status, replay_status
from tests.widgets.window.controls_log import ControlsLog
from widgets.window.controls import Step
from widgets.window.playback_bar import SPEEDS, PlaybackBar, badge_of, is_replay, next_speed, recording_text
from workstation.readmodels.session.library import Bookmark, Outline, SetupMark
from workstation.readmodels.session.setups import Detector, LevelKind, SetupLevel, SetupState
from workstation.readmodels.session.status import Capabilities, Presence, StatusView

MINUTE = 60_000_000_000


@pytest.fixture
def controls() -> ControlsLog:
    return ControlsLog()


@pytest.fixture
def bar(qtbot: QtBot, controls: ControlsLog) -> PlaybackBar:
    bar = PlaybackBar(controls)
    qtbot.addWidget(bar)
    bar.resize(1360, 32)
    bar.show()
    bar.refresh(replay_status())
    return bar


def press_at(bar: PlaybackBar, part: float) -> QPoint:
    line = bar.timeline
    return QPoint(6 + round((line.width() - 12) * part), line.height() // 2)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (live_status(), "LIVE"),
        (live_status(simulated=True), "SIMULATED LIVE"),
        (live_status(presence=Presence.RECONNECTING), "LIVE"),
        (replay_status(), "REPLAY"),
        (replay_status(presence=Presence.PAUSED, simulated=True), "REPLAY"),
        (live_status(presence=Presence.ENDED), "REPLAY"),
    ],
)
def test_the_badge_names_the_source(status: StatusView, text: str) -> None:
    assert badge_of(status)[0] == text
    assert is_replay(status) is (text == "REPLAY")


def test_live_has_no_transport_but_a_record_button(bar: PlaybackBar) -> None:
    bar.refresh(live_status())
    assert not bar.play.isVisible()
    assert not bar.timeline.isVisible()
    assert bar.record.isVisible()
    bar.refresh(replay_status())
    assert bar.timeline.isVisible()
    assert not bar.record.isVisible()


def test_buttons_reach_the_session(bar: PlaybackBar, controls: ControlsLog, qtbot: QtBot) -> None:
    for button in (bar.play, *bar.steps.values(), bar.back, bar.forward):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    steps = [("step", unit) for unit in (Step.EVENT, Step.MS100, Step.SECOND, Step.BAR)]
    assert controls.calls == [("toggle", None), *steps, ("seek", NOW - MINUTE), ("seek", NOW + MINUTE)]


def test_the_play_button_says_what_it_will_do(bar: PlaybackBar) -> None:
    assert bar.play.text() == "Pause"
    bar.refresh(replay_status(presence=Presence.PAUSED))
    assert bar.play.text() == "Play"
    bar.refresh(replay_status(presence=Presence.ENDED))
    assert not bar.play.isEnabled()


def test_what_the_source_cannot_do_is_disabled(bar: PlaybackBar, controls: ControlsLog) -> None:
    bar.refresh(replay_status(capabilities=Capabilities()))
    enabled = [widget.isEnabled() for widget in (bar.back, bar.forward, bar.timeline, bar.speed, *bar.steps.values())]
    assert not any(enabled)
    bar.jump(MINUTE)
    bar.to_start()
    bar.step(Step.EVENT)
    bar.change_speed(1)
    bar.toggle_recording()
    assert controls.calls == []


def test_jumps_stay_inside_the_recording(bar: PlaybackBar, controls: ControlsLog) -> None:
    status = replay_status()
    bar.jump(-100 * MINUTE)
    bar.jump(100 * MINUTE)
    bar.to_start()
    bar.to_end()
    bounds = [("seek", status.start_ns), ("seek", status.end_ns)]
    assert controls.calls == bounds * 2


def test_the_slider_seeks_exactly_on_release(bar: PlaybackBar, controls: ControlsLog, qtbot: QtBot) -> None:
    line, status = bar.timeline, replay_status()
    assert status.start_ns is not None
    assert status.end_ns is not None
    hovered: list[int] = []
    line.hovered.connect(lambda _position, ts_ns: hovered.append(ts_ns))
    qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=press_at(bar, 0.25))
    qtbot.mouseMove(line, press_at(bar, 0.5))
    bar.refresh(replay_status(now_ns=NOW + 5 * MINUTE))
    assert line.dragging
    qtbot.mouseRelease(line, Qt.MouseButton.LeftButton, pos=press_at(bar, 0.5))
    assert not line.dragging
    [(before, _), (name, target)] = controls.calls
    assert (before, name) == ("approach", "seek")
    middle = (status.start_ns + status.end_ns) / 2
    assert abs(target - middle) < 10_000_000_000
    assert hovered[-1] == target


def test_the_slider_maps_ends_to_ends(bar: PlaybackBar) -> None:
    status = replay_status()
    assert bar.timeline.time_at(-50) == status.start_ns
    assert bar.timeline.time_at(99_999) == status.end_ns
    bar.timeline.show_span(NOW, NOW, NOW)
    assert bar.timeline.x_of(NOW) == 6
    bar.timeline.grab()


def test_speed_is_shown_and_chosen(bar: PlaybackBar, controls: ControlsLog) -> None:
    assert bar.speed.currentText() == "10x"
    bar.speed.activated.emit(len(SPEEDS) - 1)
    bar.change_speed(1)
    bar.change_speed(-1)
    assert controls.calls == [("set_speed", 1000.0), ("set_speed", 25.0), ("set_speed", 5.0)]


def test_an_unlisted_speed_is_written_as_it_is(bar: PlaybackBar) -> None:
    bar.refresh(replay_status(speed=3.0))
    assert (bar.speed.currentIndex(), bar.speed.placeholderText()) == (-1, "3x")
    bar.refresh(replay_status(speed=2.0))
    assert bar.speed.currentText() == "2x"


def test_speeds_between_and_at_the_ends() -> None:
    assert [next_speed(1.0, 1), next_speed(1.0, -1), next_speed(3.0, 1), next_speed(3.0, -1)] == [2.0, 0.5, 5.0, 2.0]
    assert [next_speed(1000.0, 1), next_speed(0.1, -1)] == [1000.0, 0.1]


def test_times_are_utc(bar: PlaybackBar) -> None:
    assert bar.now.text() == "2025-10-09 08:53:20"
    assert bar.end.text() == "/ 09:33:20 UTC"


@pytest.mark.parametrize(
    ("status", "text", "role"),
    [
        (live_status(), "not recording", "muted"),
        (live_status(recording_to="/data/a.mcap"), "recording to a.mcap", "text"),
        (live_status(recording_to="/data/a.mcap", recording_failed="disk full"), "recording failed", "error"),
    ],
)
def test_recording_is_shown_with_its_state(bar: PlaybackBar, status: StatusView, text: str, role: str) -> None:
    assert recording_text(status) == (text, role)
    bar.refresh(status)
    assert bar.recording.text() == text
    assert bar.recording.isVisible()


def test_a_source_that_is_not_live_yet_is_grey_and_a_failed_one_red() -> None:
    roles = [badge_of(live_status(presence=p))[1] for p in (Presence.LIVE, Presence.SYNCING, Presence.FAILED)]
    assert roles == ["text", "stale", "error"]


def test_long_file_names_keep_both_ends() -> None:
    text, _ = recording_text(live_status(recording_to="/data/" + "a" * 40 + "-2025.mcap"))
    assert len(text) == len("recording to ") + 28
    assert text.endswith("-2025.mcap")


def test_the_end_names_its_day_when_it_is_another(bar: PlaybackBar) -> None:
    bar.refresh(replay_status(end_ns=NOW + 1440 * MINUTE))
    assert bar.end.text() == "/ 2025-10-10 08:53:20 UTC"


def test_the_record_button_toggles(bar: PlaybackBar, controls: ControlsLog, qtbot: QtBot) -> None:
    bar.refresh(live_status(recording_to="/data/a.mcap"))
    assert bar.record.text() == "Stop recording"
    qtbot.mouseClick(bar.record, Qt.MouseButton.LeftButton)
    assert controls.calls == [("toggle_recording", None)]


def test_a_key_takes_the_bookmark_at_the_moment_away(bar: PlaybackBar, controls: ControlsLog) -> None:
    (remove,) = (command for command in bar.listed_actions() if command.name == "replay.remove_mark")
    bar.refresh(replay_status(bookmarks=(Bookmark(NOW - 30 * MINUTE), Bookmark(NOW, "turn"))))
    remove.effect()
    bar.refresh(replay_status(bookmarks=(Bookmark(NOW - 30 * MINUTE),)))
    remove.effect()
    assert controls.calls == [("remove_bookmark", NOW)]


def test_keys_go_from_setup_to_setup_once_their_bars_are_closed(bar: PlaybackBar, controls: ControlsLog) -> None:
    level = SetupLevel(LevelKind.NAKED_POC, 60_000.0)
    times = (NOW - 5 * MINUTE, NOW + 2 * MINUTE, NOW + 9 * MINUTE)
    setups = tuple(SetupMark(ts_ns, Detector.SWEEP, 1, level, SetupState.CONFIRMED) for ts_ns in times)
    bar.refresh(replay_status(outline=Outline(base="BTC", setups=setups)))
    effects = {command.name: command.effect for command in bar.listed_actions()}
    effects["replay.next_setup"]()
    effects["replay.previous_setup"]()
    second = 1_000_000_000
    assert controls.calls == [("seek", times[1] + 2 * second), ("seek", times[0] + 2 * second)]
    bar.refresh(replay_status(outline=None))
    effects["replay.next_setup"]()
    assert len(controls.calls) == 2
