"""Menus of a place: by the mouse and by the keyboard, in every pane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from tests.bench.gallery import shown
from tests.widgets.window.window_sources import settle
from widgets.elements.staying_menu import StayingMenu
from widgets.panes.footprint.pane import FootprintPane
from widgets.window.main_window import MainWindow
from widgets.workspaces.catalogue import PANES

COMMON = "Copy as picture"


@pytest.fixture
def window(full_window: MainWindow) -> MainWindow:
    return full_window


def opened(holder: QWidget) -> QMenu:
    """The menu that is open on the screen, of which `holder` is an ancestor. It is closed again."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert holder in ancestors(menu)
    menu.close()
    return menu


def ancestors(widget: QWidget) -> Iterator[QWidget]:
    above = widget.parentWidget()
    while above is not None:
        yield above
        above = above.parentWidget()


def entries(menu: QMenu) -> list[str]:
    return [action.text().partition("\t")[0] for action in menu.actions() if action.text()]


def asked_by_key(widget: QWidget) -> None:
    """What the Menu key makes of the focused widget."""
    middle = widget.rect().center()
    reason = QContextMenuEvent.Reason.Keyboard
    QApplication.sendEvent(widget, QContextMenuEvent(reason, middle, widget.mapToGlobal(middle)))


@pytest.mark.parametrize("kind", PANES)
def test_shift_f10_opens_a_menu_in_every_pane(window: MainWindow, kind: str, qtbot: QtBot) -> None:
    window.activateWindow()
    window.docks[kind].raise_()
    settle(window)
    window.panes[kind].setFocus()
    assert window.dock_set.focused == kind
    qtbot.keyClick(window, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert entries(opened(window.docks[kind]))


def test_a_title_has_the_menu_of_its_pane(window: MainWindow) -> None:
    dock = window.docks["tape"]
    middle = dock.title.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, dock.title.mapToGlobal(middle))
    QApplication.sendEvent(dock.title.title, event)
    assert COMMON in entries(opened(dock))


def test_a_chart_without_a_menu_of_its_own_has_that_of_its_pane(window: MainWindow) -> None:
    dock = window.docks["heatmap"]
    asked_by_key(window.panes["heatmap"].focusProxy())
    assert "Maximise" in entries(opened(dock))


@pytest.fixture
def footprint(footprint: FootprintPane) -> FootprintPane:
    """With bars."""
    footprint.refresh(shown())
    return footprint


def test_a_key_asks_for_the_middle_of_the_footprint(footprint: FootprintPane) -> None:
    footprint.chart.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)  # wherever the pointer was left
    asked_by_key(footprint.chart)
    menu = opened(footprint)
    assert any(text.startswith("Anchor VWAP at ") for text in entries(menu))
    bottom, top = footprint.chart.box.viewRange()[1]
    drawn = next(action for action in menu.actions() if action.text().startswith("Level at"))
    drawn.trigger()
    (level,) = footprint.tools.levels.own
    assert abs(level.low - (bottom + top) / 2) < 0.02 * (top - bottom)


def test_levels_that_nobody_points_at_are_named_and_deleted_in_the_menu(footprint: FootprintPane) -> None:
    bottom, top = footprint.chart.box.viewRange()[1]
    for share in (0.1, 0.9):
        footprint.commands.add_level(bottom + share * (top - bottom))
    high = max(level.high for level in footprint.tools.levels.own)
    asked_by_key(footprint.chart)
    listed = next(action.menu() for action in opened(footprint).actions() if action.text() == "Levels")
    assert isinstance(listed, QMenu)
    assert [entry.partition(" ")[0] for entry in entries(listed)] == ["Delete", "Name", "Delete", "Name", "Delete"]
    listed.actions()[0].trigger()
    assert [level.high < high for level in footprint.tools.levels.own] == [True]


def test_the_ladder_lists_its_columns_by_key(window: MainWindow) -> None:
    asked_by_key(window.panes["ladder"])
    menu = opened(window.panes["ladder"])
    assert menu.actions()
    assert all(action.isCheckable() for action in menu.actions())


def test_space_ticks_several_entries_in_one_go(qtbot: QtBot) -> None:
    menu = StayingMenu()
    qtbot.addWidget(menu)
    ticks = [menu.addAction(name) for name in ("one", "two")]
    for tick in ticks:
        tick.setCheckable(True)
    menu.popup(QPoint(0, 0))
    for tick in ticks:
        menu.setActiveAction(tick)
        qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert menu.isVisible()
    assert all(tick.isChecked() for tick in ticks)
