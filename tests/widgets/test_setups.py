"""The setups pane: list, receipt, statistics, and any view."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.analytics.market_events import MINUTE, engine_of
from tests.analytics.setup_tapes import events_of, quiet
from tests.analytics.test_setups import TURN, absorbed, rising
from widgets.panes.setups import SetupsPane
from widgets.theme import apply_theme
from workstation.readmodels import (
    Detector,
    Level,
    SessionKind,
    SetupHistoryRequest,
    SetupHistoryView,
    SetupsRequest,
    SetupsView,
)


@pytest.fixture
def pane(qtbot: QtBot) -> SetupsPane:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = SetupsPane("BTC")
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture(scope="module")
def view() -> SetupsView:
    tape = events_of([*quiet(), absorbed(), TURN, rising(range(5, 10)), *quiet(20), absorbed(), *quiet(66)])
    made = engine_of(tape).view(SetupsRequest("BTC", MINUTE))
    assert isinstance(made, SetupsView)
    return made


def test_newest_first_and_by_detector(pane: SetupsPane, view: SetupsView) -> None:
    pane.refresh(view)
    times = [event.trigger_ns for event in pane.rows.events]
    assert times == sorted(times, reverse=True)
    assert len(times) == len(view.events)
    pane.detectors.setCurrentIndex(1 + list(Detector).index(Detector.BREAKOUT))
    assert {event.detector for event in pane.rows.events} == {Detector.BREAKOUT}
    table = pane.as_table()
    assert table is not None
    assert len(table.rows) == len(pane.rows.events)


def test_a_click_shows_the_receipt_and_sends_the_charts(pane: SetupsPane, view: SetupsView, qtbot: QtBot) -> None:
    pane.refresh(view)
    event = pane.rows.events[1]
    with qtbot.waitSignal(pane.visible_range_changed) as told:
        place = pane.list.visualRect(pane.rows.index(1, 0)).center()
        QTest.mouseClick(pane.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    begin, end = told.args
    assert begin < event.trigger_ns < end
    text = pane.receipt.toPlainText()
    for word in (event.detector.value, "parameters", "trigger", "moves", "row size"):
        assert word in text
    pane.refresh(replace(view, events=view.events[:]))
    assert pane.receipt.isVisible()
    pane.clear()
    assert not pane.receipt.isVisible()
    assert pane.as_table() is None


def test_statistics_count_losers(pane: SetupsPane, view: SetupsView) -> None:
    pane.counting.setChecked(True)
    pane.refresh(view)
    text = pane.report.toPlainText()
    assert f"absorption: {view.statistics[0].count}" in text
    assert f"{view.statistics[0].confirmed} confirmed, {view.statistics[0].invalidated} invalidated" in text
    assert "sweep: 0" in text


def test_what_is_stored_is_asked_for_and_shown(pane: SetupsPane, view: SetupsView) -> None:
    pane.source.setCurrentIndex(1)
    request = SetupHistoryRequest(SessionKind.LIVE)
    assert pane.side_requests() == (request,)
    pane.refresh(view)
    assert pane.rows.events == []
    pane.refresh(SetupHistoryView(request, 1, SessionKind.LIVE, view.events, view.statistics))
    assert len(pane.rows.events) == len(view.events)


def test_levels_of_the_base_are_asked_for(pane: SetupsPane) -> None:
    pane.set_levels((Level("BTC", 5.0, 7.0), Level("BTC", 6.0, 6.0), Level("ETH", 9.0, 9.0)))
    assert pane.request() == SetupsRequest("BTC", MINUTE, (5.0, 6.0, 7.0))


@pytest.mark.parametrize("width", [240, 380, 1900])
@pytest.mark.parametrize("count", [0, 1, 3000])
def test_any_view_and_width(pane: SetupsPane, view: SetupsView, width: int, count: int) -> None:
    pane.resize(width, 400)
    events = tuple(replace(view.events[0], trigger_ns=at * MINUTE) for at in range(count))
    pane.refresh(replace(view, events=events, complete=0))
    pane.grab()
    assert "20 in a row are needed" in pane.note.text()
    assert len(pane.rows.events) == count


def test_choices_are_remembered(pane: SetupsPane) -> None:
    pane.bars.setCurrentIndex(3)
    pane.counting.setChecked(True)
    other = SetupsPane("BTC")
    other.restore(pane.state())
    assert other.request() == pane.request()
    other.restore({"bar_ns": "x", "detector": 99, "statistics": 3})
    assert other.request() == SetupsRequest("BTC", MINUTE)
    other.deleteLater()
