"""A file in a folder is a study: in menu, settings, keys, help, saved state, copied data and picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from tests.widgets.panes.footprint import studied
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.footprint.studies.declaration import ChartStudy, Drawing, Group
from widgets.panes.footprint.studies.registry import builtin_studies, in_order, studies_in
from widgets.panes.footprint.text import pane_help, pane_keys

ROOT = Path(__file__).parents[4]
TOY = ROOT / "tests" / "examples" / "toy_study"


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    """A footprint with the studies of the program and those of the folder."""
    footprint.set_study_list(in_order((*builtin_studies(), *studies_in(TOY))))
    footprint.refresh(studied.view())
    return footprint


def actions_of(menu: QMenu) -> Iterator[QAction]:
    for action in menu.actions():
        yield action
        if action.menu() is not None:
            yield from actions_of(action.menu())  # type: ignore[arg-type]


def test_the_toy_study_is_one_file_that_nothing_else_mentions() -> None:
    assert [file.name for file in TOY.glob("*.py")] == ["middle.py"]
    assert [study.name for study in studies_in(TOY)] == ["middle"]
    assert "tests/examples/toy_study" in (ROOT / "CONTRIBUTING.md").read_text()
    for folder in ("widgets", "workstation", "resources"):
        assert not [file for file in (ROOT / folder).rglob("*.py") if "toy_study" in file.read_text()]


def test_it_is_in_the_menu(pane: FootprintPane) -> None:
    pane.open_menu(QPointF(300.0, 200.0), pane.mapToGlobal(pane.rect().center()))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    (entry,) = [action for action in actions_of(menu) if action.text() == "Middle of the range\tM"]
    assert not entry.isChecked()
    entry.trigger()
    menu.close()
    assert pane.board.settings.shown("middle")


def test_it_is_on_the_settings_page(pane: FootprintPane) -> None:
    pane.open_settings()
    share = pane.settings.controls["middle.share"]
    assert not share.isEnabled()
    pane.settings.controls["middle"].click()  # type: ignore[attr-defined]
    assert share.isEnabled()
    share.setValue(20)  # type: ignore[attr-defined]
    assert pane.board.settings.values("middle") == {"share": 0.2}


def test_its_key_and_its_help_are_those_of_the_pane(pane: FootprintPane) -> None:
    assert ("M", "middle of the range") in pane.keys
    assert "The white line goes through the middle" in pane.help
    assert pane.commands.press(Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier, None)
    assert pane.board.settings.shown("middle")
    assert pane.commands.press(Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier, None)
    assert not pane.board.settings.shown("middle")


def test_it_is_saved_and_restored(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.show_study("middle", share=0.25)
    saved = json.loads(json.dumps(pane.state()))
    assert saved["studies"]["middle"] == {"shown": True, "values": {"share": 0.25}}
    other = FootprintPane("BTC", studies=pane.board.studies)
    qtbot.addWidget(other)
    other.restore(saved)
    assert other.board.settings == pane.board.settings


def test_its_setting_survives_while_its_file_is_away(pane: FootprintPane) -> None:
    pane.show_study("middle", share=0.25)
    pane.set_study_list(builtin_studies())
    assert "middle" not in pane.settings.controls
    assert ("M", "middle of the range") not in pane.keys
    pane.set_study_list(in_order((*builtin_studies(), *studies_in(TOY))))
    assert pane.board.settings.shown("middle")
    assert pane.board.settings.values("middle") == {"share": 0.25}
    pane.grab()
    assert pane.layers.failures == {}


def test_its_columns_are_copied_as_data(pane: FootprintPane) -> None:
    table = pane.as_table()
    assert table is not None
    at = table.header.index("middle")
    high, low = table.header.index("high"), table.header.index("low")
    assert [row[at] for row in table.rows] == pytest.approx([(row[high] + row[low]) / 2 for row in table.rows])  # type: ignore[operator]


def test_it_is_drawn_while_it_is_shown(pane: FootprintPane) -> None:
    before = pane.chart.grab().toImage()
    pane.show_study("middle")
    assert "middle " in pane.readout.text
    shown = pane.chart.grab().toImage()
    assert shown != before
    assert pane.layers.failures == {}
    pane.show_study("middle", False)
    assert pane.chart.grab().toImage() == before


def failing(canvas: object, inputs: object) -> None:
    raise ZeroDivisionError("a study's own mistake")


def test_a_study_that_fails_stops_no_other(pane: FootprintPane) -> None:
    broken = ChartStudy(
        name="broken", label="broken", help="", group=Group.STUDIES, order=1, shown=True, outputs=(Drawing(failing),)
    )
    pane.set_study_list(in_order((*pane.board.studies, broken)))
    pane.show_study("middle")
    pane.grab()
    assert list(pane.layers.failures) == ["the study broken"]


def test_names_and_keys_are_unique_and_every_shipped_study_is_found() -> None:
    studies = builtin_studies()
    files = [file for file in (ROOT / "widgets/panes/footprint/studies/builtin").rglob("*.py") if file.name[0] != "_"]
    assert len(studies) == len(files)
    assert [study.order for study in studies] == sorted({study.order for study in studies})
    twice = replace(studies[0], name="another", order=999)
    with pytest.raises(ValueError, match="two studies have the key I"):
        in_order((*studies, twice))
    with pytest.raises(ValueError, match="two studies have the name imbalances"):
        in_order((*studies, replace(twice, name="imbalances", key="")))


@pytest.mark.parametrize("study", builtin_studies(), ids=lambda study: study.name)
def test_every_shipped_study_says_what_it_shows(study: ChartStudy) -> None:
    assert study.help.endswith(".")
    assert study.help in pane_help(builtin_studies())
    assert not study.key or (study.key, study.label) in pane_keys(builtin_studies())
    for one in study.parameters:
        assert study.parameter(one.name) is one


@pytest.mark.parametrize("study", builtin_studies(), ids=lambda study: study.name)
def test_every_shipped_study_can_be_shown_and_hidden(footprint: FootprintPane, study: ChartStudy) -> None:
    footprint.refresh(studied.view())
    for shown in (not study.shown, study.shown):
        footprint.show_study(study.name, shown)
        footprint.grab()
        assert footprint.layers.failures == {}
    assert footprint.board.settings.rules() == footprint.toolbar.rules
