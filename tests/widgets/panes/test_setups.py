"""The setups pane: list, receipt, statistics, and any view."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.messages import wait_for
from tests.workstation.analytics.market_events import MINUTE, engine_of
from tests.workstation.analytics.setups.setup_tapes import events_of, quiet
from tests.workstation.analytics.setups.test_setups import TURN, absorbed, rising
from widgets.link_events import SetupRulesChosen, VisibleRange
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.setups.pane import SetupsPane
from widgets.theme.theme import apply_theme
from widgets.workspaces.links import Links
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.session.setup_rules import SetupRules, setup_parameters
from workstation.readmodels.session.setups import (
    Detector,
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
    with wait_for(qtbot, pane.link_event, VisibleRange) as emitted:
        place = pane.list.visualRect(pane.rows.index(1, 0)).center()
        QTest.mouseClick(pane.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert emitted.args[0].start_ns < event.trigger_ns < emitted.args[0].end_ns
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


def test_stored_setups_are_requested_and_shown(pane: SetupsPane, view: SetupsView) -> None:
    pane.source.setCurrentIndex(1)
    request = SetupHistoryRequest(session=SessionKind.LIVE)
    assert pane.side_requests() == (request,)
    pane.refresh(view)
    assert pane.rows.events == []
    pane.refresh(SetupHistoryView(request, 1, SessionKind.LIVE, view.events, view.statistics))
    assert len(pane.rows.events) == len(view.events)


def test_drawn_levels_of_the_base_are_requested(pane: SetupsPane) -> None:
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


def test_choices_are_saved(pane: SetupsPane) -> None:
    pane.bars.setCurrentIndex(3)
    pane.counting.setChecked(True)
    other = SetupsPane("BTC")
    other.restore(pane.state())
    assert other.request() == pane.request()
    other.restore({"bar_ns": "x", "detector": 99, "statistics": 3})
    assert other.request() == SetupsRequest("BTC", MINUTE)
    other.deleteLater()


# --- the parameters of the detectors


def test_a_parameter_applies_at_once_and_is_saved(pane: SetupsPane, qtbot: QtBot) -> None:
    assert pane.state()["rules"] == {}
    with wait_for(qtbot, pane.link_event, SetupRulesChosen) as emitted:
        pane.editor.controls["sweep", "within"].setValue(3)
    request = pane.request()
    assert request is not None
    assert emitted.args == [SetupRulesChosen(request.rules)]
    assert (request.rules.sweep.within, type(request.rules.sweep.within)) == (3, int)
    assert pane.parameters.text() == "own rules"
    saved = json.loads(json.dumps(pane.state()))
    assert saved["rules"] == {"sweep": {"within": 3}}
    other = SetupsPane("BTC")
    other.restore(saved)
    assert other.request() == request
    other.editor.standard.click()
    assert other.request() == SetupsRequest("BTC", MINUTE)
    assert other.parameters.text() == "rules"
    other.deleteLater()


def test_a_view_by_other_rules_is_not_shown(pane: SetupsPane, view: SetupsView) -> None:
    pane.editor.controls["absorption", "volume_ratio"].setValue(3.0)
    pane.refresh(view)
    assert pane.rows.events == []


def test_the_charts_of_the_group_use_the_same_rules(pane: SetupsPane, qtbot: QtBot) -> None:
    links, chart, twin = Links(), FootprintPane("BTC"), SetupsPane("BTC")
    for one in (pane, chart, twin):
        links.add(one)
    qtbot.addWidget(chart)
    qtbot.addWidget(twin)
    pane.editor.controls["breakout", "height"].setValue(4.0)
    assert chart.setup_rules == twin.editor.rules == pane.editor.rules != SetupRules()


def test_every_parameter_has_a_described_control(pane: SetupsPane) -> None:
    for one in setup_parameters():
        control = pane.editor.controls[one.rule, one.name]
        assert one.title in control.accessibleName()
        assert control.toolTip() == one.help
        assert (control.minimum(), control.maximum()) == (one.low, one.high)
        assert control.value() == SetupRules().value(one.rule, one.name)


def test_the_parameters_open_under_their_button_on_the_screen(pane: SetupsPane) -> None:
    pane.parameters.click()
    assert pane.editor.isVisible()
    assert pane.editor.screen().availableGeometry().contains(pane.editor.geometry())
    pane.editor.hide()
