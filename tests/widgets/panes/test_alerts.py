"""The alerts pane: a rule is added, shown, changed, turned off and removed with the keyboard; sounds are limited."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.messages import wait_for
from widgets.commands import RemoveAlert, SetAlert
from widgets.panes.alerts.pane import AlertsPane, rule_line
from widgets.theme.theme import apply_theme
from widgets.window.notifier import Notifier, write_tone
from workstation.readmodels.session.alerts import (
    AlertRule,
    AlertsRequest,
    AlertsView,
    Condition,
    Fired,
    Quantity,
    RuleState,
)
from workstation.readmodels.session.setups import SessionKind

RULE = AlertRule(3, Quantity.OBI, Condition.CROSSES, 20.0, "BTC", 5.0, 60.0, 30.0, True)
FIRED = Fired(1_700_000_000_000_000_000, 3, "BTC", 21.0, "BTC OBI crosses 20 %: 21", SessionKind.REPLAY)


@pytest.fixture
def pane(qtbot: QtBot) -> AlertsPane:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = AlertsPane()
    qtbot.addWidget(made)
    made.resize(380, 500)
    made.set_bases(["BTC", "ETH"])
    made.show()
    qtbot.waitExposed(made)
    return made


def view(*rules: AlertRule, fired: tuple[Fired, ...] = ()) -> AlertsView:
    states = tuple((RuleState("BTC", 21.0, True, FIRED.ts_ns),) for _ in rules)
    return AlertsView(AlertsRequest(), 1, rules, states, fired)


def test_a_new_rule_is_that_of_the_editor(pane: AlertsPane, qtbot: QtBot) -> None:
    pane.editor.base.setCurrentIndex(1)
    pane.editor.quantity.setCurrentIndex(pane.editor.quantity.findData(Quantity.SPREAD))
    assert pane.editor.value.suffix() == " bp"
    pane.editor.value.setValue(2.5)
    with wait_for(qtbot, pane.command, SetAlert) as sent:
        QTest.mouseClick(pane.editor.add, Qt.MouseButton.LeftButton)
    assert sent.args == [SetAlert(AlertRule(0, Quantity.SPREAD, Condition.ABOVE, 2.5, "BTC"))]


def test_a_rule_is_changed_turned_off_and_removed(pane: AlertsPane, qtbot: QtBot) -> None:
    pane.refresh(view(RULE, fired=(FIRED,)))
    pane.rules.setCurrentRow(0)
    assert pane.editor.rule(3) == RULE
    pane.editor.value.setValue(30.0)
    with wait_for(qtbot, pane.command, SetAlert) as sent:
        QTest.keyClick(pane.editor.value.lineEdit(), Qt.Key.Key_Return)
    assert (sent.args[0].rule.id, sent.args[0].rule.value) == (3, 30.0)
    with wait_for(qtbot, pane.command, SetAlert) as sent:
        QTest.keyClick(pane, Qt.Key.Key_Space)
    assert sent.args[0].rule.on is False
    with wait_for(qtbot, pane.command, RemoveAlert) as sent:
        QTest.keyClick(pane, Qt.Key.Key_Delete)
    assert sent.args == [RemoveAlert(3)]


def test_the_chosen_rule_is_turned_and_deleted_by_buttons(pane: AlertsPane, qtbot: QtBot) -> None:
    pane.refresh(view(RULE))
    assert not pane.turn.isEnabled()
    assert not pane.remove.isEnabled()
    QTest.mouseClick(
        pane.rules.viewport(), Qt.MouseButton.LeftButton, pos=pane.rules.visualItemRect(pane.rules.item(0)).center()
    )
    with wait_for(qtbot, pane.command, SetAlert) as sent:
        QTest.mouseClick(pane.turn, Qt.MouseButton.LeftButton)
    assert sent.args == [SetAlert(replace(RULE, on=False))]
    pane.refresh(view(replace(RULE, on=False)))
    assert pane.turn.text() == "Turn on"
    with wait_for(qtbot, pane.command, RemoveAlert) as removed:
        QTest.mouseClick(pane.remove, Qt.MouseButton.LeftButton)
    assert removed.args == [RemoveAlert(RULE.id)]
    pane.refresh(view())
    assert not pane.remove.isEnabled()


def test_a_new_rule_is_about_the_coin_of_the_group(pane: AlertsPane) -> None:
    pane.set_base("ETH")
    assert pane.editor.rule(0).base == "ETH"
    pane.set_base("NEW")
    assert pane.editor.rule(0).base == "ETH"
    pane.set_bases(["BTC", "NEW"])
    assert pane.editor.rule(0).base == "NEW", "listed now"
    pane.editor.base.setCurrentIndex(0)
    pane.editor.base.activated.emit(0)
    pane.set_bases(["NEW", "BTC"])
    assert pane.editor.rule(0).base == "", "a person wants all coins"
    pane.refresh(view(RULE))
    pane.rules.setCurrentRow(0)
    pane.set_base("ETH")
    assert pane.editor.rule(0).base == "BTC", "the rule that is being changed stays"


def test_it_fits_a_side_column(pane: AlertsPane) -> None:
    assert pane.minimumSizeHint().width() <= 380
    assert pane.width() == 380


def test_fired_alerts_are_listed_and_labelled(pane: AlertsPane) -> None:
    pane.refresh(view(RULE, fired=(FIRED,)))
    assert "replay" in pane.history.item(0).text()
    assert "now 21.0" in pane.rules.item(0).text()
    states = (RuleState("BTC", 61_825.9, False, None),)
    of_price = AlertRule(1, Quantity.PRICE, Condition.ABOVE, 62_000.0)
    assert "now BTC 61,825.9" in rule_line(of_price, states)
    table = pane.as_table()
    assert table is not None
    assert table.rows[0][1:3] == ("replay", "BTC")
    pane.refresh(view())
    assert pane.rules.count() == pane.history.count() == 0
    assert "No rules yet" in pane.note.text()


def test_at_most_one_sound_a_second(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)  # as on a system without a player of sounds
    now = [0.0]
    notifier = Notifier(lambda: now[0])
    assert notifier.sound(60)
    assert not notifier.sound(60)
    now[0] = 1.0
    assert not notifier.sound(0)
    assert notifier.sound(60)


def test_the_tone_has_the_chosen_volume(tmp_path: Path) -> None:
    peaks = []
    for volume in (20, 100):
        with wave.open(str(write_tone(tmp_path / "tone.wav", volume))) as tone:
            frames = tone.readframes(tone.getnframes())
        peaks.append(max(abs(value) for value in memoryview(frames).cast("h")))
    assert peaks[1] == pytest.approx(5 * peaks[0], rel=0.01)
