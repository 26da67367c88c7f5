"""The right-click menu of a footprint."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from PySide6.QtWidgets import QMenu, QWidget

from widgets import format as text_of
from widgets.items.style import CellMode, ProfileSpan, Shading, Style


class MenuTarget(Protocol):
    """What the entries do."""

    def change_style(self, **changes: object) -> None:
        """Draw another way."""

    def copy_picture(self) -> None:
        """The pane on the clipboard."""

    def copy_data(self) -> None:
        """The bars in sight on the clipboard, as CSV."""

    def ask_time(self) -> None:
        """Ask for a moment and go there."""

    def reset_view(self) -> None:
        """Zoom, scale and following as in a new pane."""

    def add_level(self, price: float) -> None:
        """Draw a level."""

    def remove_level(self, price: float) -> None:
        """Delete a level."""

    def undo(self) -> None:
        """Take back a zoom or a level."""


def footprint_menu(
    parent: QWidget, target: MenuTarget, style: Style, price: float | None, level: float | None, step: float
) -> QMenu:
    """Build the menu for a place: `price` under the pointer, and the level there, if any."""
    menu = QMenu(parent)
    _choices(menu, "Cells", "mode", CellMode, style, target)
    _choices(menu, "Shading", "shading", Shading, style, target)
    _choices(menu, "Profile\tV", "profile", ProfileSpan, style, target)
    menu.addSeparator()
    if level is not None:
        menu.addAction(f"Delete level {text_of.price(level, step)}\tDel", lambda: target.remove_level(level))
    elif price is not None:
        menu.addAction(f"Level at {text_of.price(price, step)}\tAlt+H", lambda: target.add_level(price))
    menu.addAction("Undo\tCtrl+Z", target.undo)
    menu.addSeparator()
    menu.addAction("Go to time...\tAlt+G", target.ask_time)
    menu.addAction("Reset view\tZ", target.reset_view)
    menu.addSeparator()
    menu.addAction("Copy as picture", target.copy_picture)
    menu.addAction("Copy as data", target.copy_data)
    return menu


def _choices(menu: QMenu, title: str, field: str, words: type[StrEnum], style: Style, target: MenuTarget) -> None:
    choices = menu.addMenu(title)
    for word in words:
        action = choices.addAction(word.value)
        action.setCheckable(True)
        action.setChecked(getattr(style, field) is word)
        action.triggered.connect(lambda _=False, word=word: target.change_style(**{field: word}))
