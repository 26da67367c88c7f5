"""The timeline of a long recording: zoom, pan, what it draws, and charts that follow the handle."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.market_views import NOW, replay_status
from tests.widgets.window.controls_log import ControlsLog
from widgets.dialogs.questions import GoToTime, parsed
from widgets.theme.theme import theme
from widgets.window.playback_bar import PlaybackBar
from widgets.window.timeline import Timeline
from widgets.window.visible_span import MIN_SPAN_NS, VisibleSpan
from workstation.readmodels.session.library import Outline
from workstation.readmodels.session.status import Presence

S = 1_000_000_000
HOUR = 3_600 * S
DAY = 24 * HOUR
MIDNIGHT = NOW - NOW % DAY
MIDDLE, LEFT, RIGHT = Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def line(qtbot: QtBot) -> Timeline:
    made = Timeline()
    qtbot.addWidget(made)
    made.resize(900, 44)
    made.show()
    made.show_span(MIDNIGHT, MIDNIGHT + DAY, MIDNIGHT + HOUR)
    return made


def turn(line: Timeline, x: float, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at, turned = QPointF(x, 10), QPoint(0, 120 * notches)
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, line.mapToGlobal(at), QPoint(), turned, Qt.MouseButton.NoButton, keys, phase, False)
    QApplication.sendEvent(line, event)


spans = st.tuples(st.integers(0, 50 * HOUR), st.integers(0, 200 * HOUR)).map(lambda two: (two[0], two[0] + two[1]))


@given(spans, st.lists(st.tuples(st.sampled_from(("zoom", "pan", "grow")), st.floats(-2, 2), st.floats(0, 1))))
def test_what_is_in_sight_lies_within_the_recording(
    whole: tuple[int, int], moves: list[tuple[str, float, float]]
) -> None:
    span = VisibleSpan().of(*whole)
    for kind, amount, share in moves:
        length = span.right_ns - span.left_ns
        if kind == "zoom":
            span = span.zoomed_at(span.left_ns + round(share * length), 2.0**amount)
        elif kind == "pan":
            span = span.panned(round(amount * length))
        else:
            span = span.of(span.start_ns, span.end_ns + round(share * HOUR))
        assert span.start_ns <= span.left_ns <= span.right_ns <= span.end_ns
        assert span.right_ns - span.left_ns >= min(MIN_SPAN_NS, span.end_ns - span.start_ns) or not span.zoomed


def test_the_wheel_zooms_about_the_pointer(line: Timeline) -> None:
    before = line.time_at(300)
    turn(line, 300, 5)
    assert line.span.right_ns - line.span.left_ns == pytest.approx(DAY * 0.8**5, rel=1e-6)
    assert abs(line.time_at(300) - before) < S
    turn(line, 300, -5)
    assert not line.span.zoomed


def test_shift_and_the_wheel_pan(line: Timeline) -> None:
    turn(line, 450, 5)
    before = line.span
    turn(line, 450, -1, Qt.KeyboardModifier.ShiftModifier)
    assert line.span.left_ns - before.left_ns == pytest.approx((before.right_ns - before.left_ns) / 10, rel=1e-3)


@pytest.mark.parametrize("button", [MIDDLE, RIGHT])
def test_a_drag_with_the_middle_or_right_button_pans(line: Timeline, button: Qt.MouseButton) -> None:
    turn(line, 450, 8)
    chosen: list[int] = []
    line.chosen.connect(chosen.append)
    grabbed = line.time_at(500)
    QTest.mousePress(line, button, pos=QPoint(500, 10))
    QTest.mouseMove(line, QPoint(400, 10))
    QTest.mouseRelease(line, button, pos=QPoint(400, 10))
    assert abs(line.time_at(400) - grabbed) < 2 * S
    assert QApplication.activePopupWidget() is None
    assert not chosen


def test_a_double_click_shows_the_whole_recording_and_stays_at_the_moment(line: Timeline) -> None:
    turn(line, 450, 8)
    chosen: list[int] = []
    line.chosen.connect(chosen.append)
    QTest.mouseClick(line, LEFT, pos=QPoint(450, 10))
    line.show_span(MIDNIGHT, MIDNIGHT + DAY, chosen[-1])
    QTest.mouseDClick(line, LEFT, pos=QPoint(450, 10))
    assert not line.span.zoomed
    assert chosen[-1] == MIDNIGHT + HOUR


def test_a_zoomed_timeline_follows_the_moment_out_of_sight_but_not_where_it_was_panned_to(line: Timeline) -> None:
    turn(line, line.x_of(MIDNIGHT + HOUR), 10)
    late = line.span.right_ns + S
    line.show_span(MIDNIGHT, MIDNIGHT + DAY, late)
    assert line.span.holds(late)
    line.pan(12 * HOUR)
    panned = line.span
    line.show_span(MIDNIGHT, MIDNIGHT + DAY, late + S)
    assert line.span == panned


@pytest.mark.parametrize("hours", [0.1, 1, 24, 34, 24 * 40])
@pytest.mark.parametrize("width", [120, 480, 1200])
def test_labels_of_hours_and_days_do_not_collide(line: Timeline, hours: float, width: int) -> None:
    line.resize(width, 44)
    line.show_span(MIDNIGHT + 9, MIDNIGHT + round(hours * HOUR), MIDNIGHT + 9)
    labels = line.labels()
    assert labels
    for (left, text), (following, _) in pairwise(labels):
        assert left + line.label_metrics.horizontalAdvance(text) < following
    assert all(0 <= left <= width - line.label_metrics.horizontalAdvance(text) for left, text in labels)


def test_a_zoomed_outline_has_the_buckets_of_what_is_in_sight(line: Timeline) -> None:
    count = 8_640
    line.show_outline(
        Outline(
            base="BTC",
            start_ns=MIDNIGHT,
            end_ns=MIDNIGHT + DAY,
            price=tuple(100.0 + (n % 7) for n in range(count)),
            volume_usd=tuple(1.0 if n == 5_000 else 0.0 for n in range(count)),
            long_usd=(0.0,) * count,
            short_usd=(0.0,) * count,
        ),
        (),
    )
    x = line.x_of(MIDNIGHT + 50_005 * S)
    before = _bar_width(line)
    turn(line, x, 22)
    assert _bar_width(line) > 3 * before > 0
    line.pan(-DAY)
    assert _bar_width(line) == 0


def _bar_width(line: Timeline) -> int:
    """Pixels of the one bar of volume, above the track."""
    picture = line.grab().toImage()
    row = round((line.height() - 12) * 0.65)
    background = picture.pixelColor(line.width() - 2, row)
    bar = theme().color("faint")
    assert bar != background
    return sum(picture.pixelColor(x, row) == bar for x in range(picture.width()))


# --- the handle


@pytest.fixture
def controls() -> ControlsLog:
    return ControlsLog()


@pytest.fixture
def bar(qtbot: QtBot, controls: ControlsLog) -> PlaybackBar:
    made = PlaybackBar(controls)
    qtbot.addWidget(made)
    made.resize(1360, 52)
    made.show()
    made.refresh(replay_status())
    return made


def drag_to(bar: PlaybackBar, share: float) -> int:
    at = QPoint(round(bar.timeline.width() * share), 10)
    QTest.mouseMove(bar.timeline, at)
    return bar.timeline.time_at(at.x())


def test_the_charts_follow_the_handle_one_seek_at_a_time(bar: PlaybackBar, controls: ControlsLog) -> None:
    QTest.mousePress(bar.timeline, LEFT, pos=QPoint(100, 10))
    drag_to(bar, 0.3)
    latest = drag_to(bar, 0.4)
    bar.refresh(replay_status())
    assert controls.calls == [("approach", latest)], "moves between two frames are one seek"
    latest = drag_to(bar, 0.5)
    bar.refresh(replay_status(presence=Presence.SEEKING))
    assert len(controls.calls) == 1, "a seek under way is not disturbed"
    bar.refresh(replay_status(now_ns=latest - S))
    assert controls.calls[1:] == [("approach", latest)]
    bar.refresh(replay_status(now_ns=latest))
    bar.refresh(replay_status(now_ns=latest))
    assert len(controls.calls) == 2, "it is there"
    QTest.mouseRelease(bar.timeline, LEFT, pos=QPoint(100, 10))
    assert controls.calls[2][0] == "seek"


# --- a typed time


def go_to(bar: PlaybackBar, typed: str) -> GoToTime:
    assert bar.ask_time(typed[0])
    (dialog,) = [one for one in bar.findChildren(GoToTime) if one.isVisible()]
    QTest.keyClicks(dialog.line, typed[1:])
    assert dialog.line.text() == typed
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)
    return dialog


def test_a_typed_time_jumps(bar: PlaybackBar, controls: ControlsLog) -> None:
    assert not go_to(bar, "09:03").isVisible()
    assert controls.calls == [("seek", MIDNIGHT + 9 * HOUR + 180 * S)]


def test_a_time_outside_the_recording_is_refused(bar: PlaybackBar, controls: ControlsLog) -> None:
    assert go_to(bar, "23:03").isVisible()
    assert controls.calls == []


def test_a_time_without_a_date_is_on_the_day_that_the_recording_has_it() -> None:
    bounds = MIDNIGHT + 22 * HOUR, MIDNIGHT + DAY + 3 * HOUR
    assert parsed("02:00", MIDNIGHT + 23 * HOUR, bounds) == MIDNIGHT + DAY + 2 * HOUR
    assert parsed("23:00", MIDNIGHT + DAY + HOUR, bounds) == MIDNIGHT + 23 * HOUR
    assert parsed("12:00", MIDNIGHT + 23 * HOUR, bounds) is None
    assert parsed("22:00", MIDNIGHT + DAY, (bounds[0] + 7, bounds[1])) == bounds[0], "the second that it begins in"
