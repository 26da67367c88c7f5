"""Panes made on demand, doubled, maximised; what their titles offer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.window.controls_log import ControlsLog
from tests.widgets.window.window_sources import FullSource, settle
from widgets.theme.theme import apply_theme
from widgets.window.guide import PaneHelp
from widgets.window.main_window import MainWindow
from widgets.workspaces.catalogue import PANES


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(FullSource(), ControlsLog())
    qtbot.addWidget(made)
    made.set_bases(["BTC", "ETH"])
    made.resize(1600, 900)
    made.show()
    made.frame_timer.stop()
    settle(made)
    return made


def test_a_second_pane_of_a_kind_opens_with_the_same_base_and_can_follow_another_group(window: MainWindow) -> None:
    window.docks["cvd"].title.duplicate_asked.emit()
    copy = window.panes["cvd:2"]
    assert copy.request() == window.panes["cvd"].request()
    window.docks["cvd:2"].title.group_chosen.emit(2)
    window.set_base("ETH")
    assert copy.request().base == "BTC"
    assert window.docks["cvd:2"].title.group.text() == "2"


@pytest.mark.parametrize("kind", ["cvd", "footprint"])
def test_the_first_base_of_a_list_is_not_a_choice_for_a_group_without_one(window: MainWindow, kind: str) -> None:
    dock = window.dock_set.make(f"{kind}:2")
    window.dock_set.set_group(f"{kind}:2", 4)
    dock.pane.set_bases(["BTC", "ETH"])
    assert 4 not in window.dock_set.links.bases
    dock.pane.set_bases(["SOL"])
    assert window.dock_set.links.bases[4] == "SOL", "what the group showed is not listed any more"


def test_a_double_click_on_the_title_maximises_and_restores(window: MainWindow, qtbot: QtBot) -> None:
    before = {name: dock.isVisible() for name, dock in window.docks.items()}
    title = window.docks["cvd"].title
    qtbot.mouseDClick(title, Qt.MouseButton.LeftButton)
    assert [name for name, dock in window.docks.items() if dock.isVisible()] == ["cvd"]
    qtbot.mouseDClick(title, Qt.MouseButton.LeftButton)
    assert {name: dock.isVisible() for name, dock in window.docks.items()} == before


def test_every_kind_can_be_opened_from_the_menu(window: MainWindow) -> None:
    for action in window.menus.more.actions():
        action.trigger()
    settle(window)
    kinds = {name.partition(":")[0] for name, dock in window.docks.items() if dock.isVisible()}
    assert kinds == set(PANES)


def test_a_pane_is_copied_as_a_picture(window: MainWindow) -> None:
    window.docks["tape"].title.copy_picture()
    assert QGuiApplication.clipboard().pixmap().size() == window.panes["tape"].size()


def test_help_names_the_keys_of_the_pane(window: MainWindow) -> None:
    window.docks["ladder"].title.help_asked.emit()
    help_ = window.findChild(PaneHelp)
    assert help_.isVisible()
    assert "Ladder" in help_.windowTitle()
    help_.close()
