"""The tape: size classes, speed, the pause that counts, the filters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.market_views import NOW, tape_view
from widgets.panes.tape import TapePane
from widgets.panes.tape_rows import newer_than, size_class, tape_speed
from workstation.readmodels import MarketFilter, TapeRequest, TapeView

SECOND = 1_000_000_000


@pytest.fixture
def pane(qtbot: QtBot) -> TapePane:
    pane = TapePane("BTC")
    qtbot.addWidget(pane)
    pane.resize(400, 400)
    pane.show()
    pane.refresh(tape_view())
    return pane


def wheel(pane: TapePane, notches: int) -> None:
    middle = QPointF(pane.canvas.rect().center())
    buttons, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(middle, middle, QPoint(), QPoint(0, 120 * notches), buttons, keys, phase, False)
    QApplication.sendEvent(pane.canvas, event)


def with_newer(view: TapeView, count: int) -> TapeView:
    """The same list after `count` more prints."""
    head = tape_view(count=count, now_ns=NOW + SECOND, seed=9)

    def joined(name: str) -> np.ndarray:
        return np.concatenate((getattr(head, name), getattr(view, name)))[: len(view.price)]

    names = ("ts_venue_ns", "price", "size", "notional", "side", "market", "prints")
    return replace(view, revision=view.revision + 1, **{name: joined(name) for name in names})


def test_size_classes_begin_at_their_limit() -> None:
    limits = (99_999, 100_000, 250_000, 1_000_000, 10_000_000)
    assert [size_class(usd) for usd in limits] == [0, 1, 2, 3, 4]


def test_speed_counts_the_last_15_seconds() -> None:
    view = tape_view(count=30)
    times = NOW - np.arange(30, dtype=np.int64) * SECOND
    view = replace(view, ts_venue_ns=times)
    assert tape_speed(view).per_second == pytest.approx(1.0)
    assert tape_speed(view, NOW + 10 * SECOND).per_second == pytest.approx(5 / 15)
    assert tape_speed(view, NOW + 60 * SECOND).per_second == 0


def test_speed_names_a_shorter_span_when_the_list_is_full() -> None:
    speed = tape_speed(tape_view(TapeRequest("BTC", count=30), count=30))
    assert speed.span_ns < 15 * SECOND
    assert speed.per_second == pytest.approx(30 / (speed.span_ns / SECOND))


def test_an_empty_tape_has_no_speed_and_no_share() -> None:
    speed = tape_speed(tape_view(count=0))
    assert (speed.per_second, speed.buy_share) == (0.0, None)


def test_newer_prints_are_counted_and_a_merge_is_not_new() -> None:
    view = tape_view()
    assert newer_than(with_newer(view, 7), view) == (7, True)
    grown = replace(view, size=view.size + np.eye(1, len(view.size))[0], revision=2)
    assert newer_than(grown, view) == (0, True)
    assert newer_than(with_newer(view, 200), view) == (200, False)


def test_scrolling_down_pauses_and_counts(pane: TapePane) -> None:
    view = tape_view()
    wheel(pane, -1)
    assert pane.canvas.held is not None
    assert pane.canvas.banner() == "paused, 0 new prints - click to resume"
    pane.refresh(with_newer(view, 7))
    assert pane.canvas.banner() == "paused, 7 new prints - click to resume"
    assert pane.canvas.held.revision == 1, "what is on screen stands still"
    pane.refresh(with_newer(tape_view(seed=77, now_ns=NOW + 2 * SECOND), 3))
    assert pane.canvas.banner() == "paused, 207+ new prints - click to resume"


@pytest.mark.parametrize("how", ["banner", "middle", "escape", "wheel"])
def test_it_resumes_at_the_newest_print(pane: TapePane, qtbot: QtBot, how: str) -> None:
    wheel(pane, -2)
    newer = with_newer(tape_view(), 4)
    pane.refresh(newer)
    if how == "banner":
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 24))
    elif how == "middle":
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.MiddleButton, pos=QPoint(200, 200))
    elif how == "escape":
        qtbot.keyClick(pane, Qt.Key.Key_Escape)
    else:
        wheel(pane, 2)
    assert pane.canvas.held is None
    assert pane.canvas.view is newer
    assert (pane.canvas.offset, pane.canvas.banner()) == (0, "")


def test_a_click_among_the_prints_does_not_resume(pane: TapePane, qtbot: QtBot) -> None:
    wheel(pane, -1)
    qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert pane.canvas.held is not None


def test_it_scrolls_no_further_than_the_oldest_print(pane: TapePane) -> None:
    wheel(pane, -500)
    assert 0 < pane.canvas.offset < 200
    pane.refresh(tape_view(count=3))
    pane.grab()


def test_filters_are_asked_for_and_clear_what_they_exclude(pane: TapePane, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.request_changed):
        pane.minimum.setCurrentIndex(4)
    pane.kinds.setCurrentIndex(1)
    assert pane.request() == TapeRequest("BTC", MarketFilter(perp=True), 100_000.0)
    assert pane.canvas.view is None
    pane.refresh(tape_view())
    assert pane.canvas.view is None, "an answer to the old filter is not shown"


def test_clear_ends_the_pause(pane: TapePane) -> None:
    wheel(pane, -1)
    pane.clear()
    assert pane.canvas.held is None
    assert pane.meter.text() == ""
    pane.grab()


def test_time_alone_slows_the_tape(pane: TapePane) -> None:
    pane.refresh(tape_view(TapeRequest("BTC"), count=30))
    before = pane.meter.speed
    pane.set_now(NOW + 20 * SECOND)
    assert before is not None
    assert before.per_second > 0
    assert pane.meter.speed is not None
    assert pane.meter.speed.per_second == 0


def test_every_size_is_drawn_and_buys_differ_from_sells(pane: TapePane) -> None:
    one = tape_view(count=1)
    pane.refresh(replace(one, side=np.array([1])))
    buy = pane.canvas.grab().toImage()
    pane.refresh(replace(one, side=np.array([-1])))
    assert pane.canvas.grab().toImage() != buy
    for width, height in ((1, 1), (260, 90), (1000, 1200)):
        pane.resize(width, height)
        pane.grab()


def test_another_base_is_asked_for(pane: TapePane) -> None:
    pane.set_base("ETH")
    assert pane.request() == TapeRequest("ETH")
    assert pane.canvas.view is None
