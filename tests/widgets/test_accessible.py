"""Accessibility: every control has a name and can be reached by keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from widgets.dialogs.crash import CrashReport
from widgets.dialogs.first_run import FirstRun
from widgets.dialogs.questions import GoToTime
from widgets.pane import Pane
from widgets.window.main_window import MainWindow
from widgets.workspaces.catalogue import PANES

CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QAbstractItemView, QPlainTextEdit)
INNER = (QComboBox, QAbstractSpinBox, QTabBar, QScrollBar, QAbstractItemView, QDialogButtonBox, QLineEdit)


@pytest.fixture
def window(full_window: MainWindow) -> MainWindow:
    return full_window


def controls(top: QWidget) -> Iterator[QWidget]:
    """What a person operates in it, without the parts that Qt makes of one control."""
    for one in top.findChildren(QWidget):
        of_qt = isinstance(one.parent(), INNER) or isinstance(one, QHeaderView) or one.objectName().startswith("qt_")
        if isinstance(one, CONTROLS) and not of_qt and one.window() is top.window():
            yield one


def says(control: QWidget) -> str:
    """What a reader of the screen would say of it."""
    own = control.text() if isinstance(control, QAbstractButton) else ""
    hint = control.placeholderText() if isinstance(control, QLineEdit) else ""
    return (control.accessibleName() or own or control.toolTip() or hint or buddies(control)).strip()


def buddies(control: QWidget) -> str:
    """The text of a label that stands for it."""
    labels = (one for one in control.window().findChildren(QWidget) if hasattr(one, "buddy"))
    return next((label.text() for label in labels if label.buddy() is control), "")


def silent(top: QWidget) -> list[str]:
    return [f"{type(one).__name__} in {type(one.parent()).__name__}" for one in controls(top) if not says(one)]


def keyed(control: QWidget, pane: Pane) -> bool:
    """Whether the hint in an empty line names the key of the pane that leads there."""
    hint = control.placeholderText().split() if isinstance(control, QLineEdit) else []
    return bool(hint) and any(hint[-1] in key.split() for key, _ in pane.keys)


def dialogs(window: MainWindow) -> Iterator[QDialog]:
    commands = ("settings", "guide", "keys", "find")
    names = [*(f"window.{name}" for name in commands), "workspace.save_as", "workspace.rename", "pane.help"]
    for name in names:
        before = set(window.findChildren(QDialog))
        window.action_list[name].effect()
        yield next(iter(set(window.findChildren(QDialog)) - before))
    yield GoToTime(window, 0, lambda _: None)
    yield CrashReport(window, "what", "report")


@pytest.mark.parametrize("kind", PANES)
def test_every_control_of_a_pane_says_what_it_is(window: MainWindow, kind: str) -> None:
    assert silent(window.docks[kind]) == []


def test_every_control_of_the_frame_and_the_dialogs_says_what_it_is(window: MainWindow, qtbot: QtBot) -> None:
    assert silent(window.menuWidget()) + silent(window.playback) + silent(window.status) == []
    first = FirstRun()
    qtbot.addWidget(first)
    for dialog in (*dialogs(window), first):
        assert silent(dialog) == [], dialog.windowTitle()


@pytest.mark.parametrize("kind", PANES)
def test_every_pane_explains_itself_and_its_controls_are_reached_by_tab(window: MainWindow, kind: str) -> None:
    pane = window.panes[kind]
    assert len(pane.help) > 80
    by_mouse = [one for one in controls(pane) if not one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert [f"{type(one).__name__} {says(one)!r}" for one in by_mouse if not keyed(one, pane)] == []


def test_what_the_title_of_a_pane_does_has_keys(window: MainWindow) -> None:
    keys = {name: window.action_list[name].keys for name in ("pane.menu", "pane.maximise", "pane.help", "pane.copy")}
    assert all(keys.values())
    assert all(window.action_list[f"pane.group{group}"].keys for group in range(10))


def test_every_command_has_a_key_or_stands_in_the_palette(window: MainWindow) -> None:
    listed = {entry.text for entry in window.action_list.palette_entries()}
    assert {command.text for command in window.action_list} <= listed
