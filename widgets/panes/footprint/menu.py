"""The right-click menu of a footprint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from PySide6.QtWidgets import QMenu, QWidget

from widgets.panes.footprint.cells.style import CellMode, ProfileSpan, Shading, Style
from widgets.panes.footprint.cells.table import NAMES
from widgets.panes.footprint.drawings.tools import Task
from widgets.theme import format as text_of
from workstation.readmodels.flow.drawings import Level

STUDIES = (
    ("VWAP", "vwap"),
    ("Session POCs", "session_pocs"),
    ("Naked POCs", "naked_pocs"),
    ("HVN and LVN of bars", "nodes"),
    ("Stacked zones", "zones"),
    ("Divergences", "divergences"),
    ("Unfinished auctions", "unfinished"),
    ("Exhaustion", "exhaustion"),
    ("Big trades", "bubbles"),
    ("Liquidations", "liquidations"),
    ("Setups (estimated)", "setups"),
    ("Last price line", "last_line"),
    ("Best bid and ask lines", "quote_lines"),
    ("Mark price line", "mark_line"),
)


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

    def remove_level(self, level: Level) -> None:
        """Delete a level."""

    def ask_name(self, level: Level) -> None:
        """Ask for the name of a level."""

    def clear_levels(self) -> None:
        """Delete the levels of this base."""

    def arm(self, task: Task) -> None:
        """Let the next drag do this."""

    def anchor_vwap(self, ts_ns: int | None) -> None:
        """Begin VWAP there; None: every day."""

    def anchor_cvd(self, ts_ns: int) -> None:
        """Begin the sums of the CVD panes there."""

    def toggle_absorptions(self) -> None:
        """Look for absorptions, or no longer."""

    def undo(self) -> None:
        """Take back a zoom or a level."""


def footprint_menu(
    parent: QWidget,
    target: MenuTarget,
    style: Style,
    absorptions: bool,
    place: tuple[int, float] | None,
    level: Level | None,
    levels: Sequence[Level],
    step: float,
) -> QMenu:
    """Build the menu for a place: ns and price under the pointer, the level there, if any, and all of the base."""
    menu = QMenu(parent)
    _choices(menu, "Cells", "mode", CellMode, style, target)
    _choices(menu, "Shading", "shading", Shading, style, target)
    _choices(menu, "Profile\tV", "profile", ProfileSpan, style, target)
    _studies(menu.addMenu("Studies"), style, absorptions, target)
    _rows(menu.addMenu("Statistics"), style, target)
    menu.addSeparator()
    if level is not None:
        name = _name(level, step)
        menu.addAction(f"Delete {name}\tDel", lambda: target.remove_level(level))
        menu.addAction(f"Name {name}...", lambda: target.ask_name(level))
    elif place is not None:
        price = place[1]
        menu.addAction(f"Level at {text_of.price(price, step)}\tAlt+H", lambda: target.add_level(price))
    menu.addAction("Zone by dragging\tD", lambda: target.arm(Task.ZONE))
    _levels(menu.addMenu("Levels"), levels, step, target)
    menu.addAction("Undo\tCtrl+Z", target.undo)
    menu.addSeparator()
    menu.addAction("Profile of a dragged span\tF", lambda: target.arm(Task.SPAN))
    if place is not None:
        ts_ns = place[0]
        menu.addAction(f"VWAP from {text_of.clock(ts_ns)}", lambda: target.anchor_vwap(ts_ns))
        menu.addAction(f"CVD from {text_of.clock(ts_ns)}", lambda: target.anchor_cvd(ts_ns))
    menu.addAction("VWAP from 00:00 UTC every day", lambda: target.anchor_vwap(None))
    menu.addSeparator()
    menu.addAction("Go to time...\tAlt+G", target.ask_time)
    menu.addAction("Reset view\tZ", target.reset_view)
    menu.addSeparator()
    menu.addAction("Copy as picture", target.copy_picture)
    menu.addAction("Copy as data", target.copy_data)
    return menu


def _levels(menu: QMenu, levels: Sequence[Level], step: float, target: MenuTarget) -> None:
    """Those of the base, for whoever cannot point at one."""
    menu.menuAction().setEnabled(bool(levels))
    for level in sorted(levels, key=lambda one: -one.high):
        name = _name(level, step)
        menu.addAction(f"Delete {name}", _of(target.remove_level, level))
        menu.addAction(f"Name {name}...", _of(target.ask_name, level))
    menu.addSeparator()
    menu.addAction("Delete all levels", target.clear_levels)


def _name(level: Level, step: float) -> str:
    if level.name:
        return f"\N{LEFT DOUBLE QUOTATION MARK}{level.name}\N{RIGHT DOUBLE QUOTATION MARK}"
    prices = " to ".join(text_of.price(value, step) for value in sorted({level.low, level.high}))
    return f"{'zone' if level.is_zone else 'level'} {prices}"


def _choices(menu: QMenu, title: str, field: str, words: type[StrEnum], style: Style, target: MenuTarget) -> None:
    choices = menu.addMenu(title)
    for word in words:
        _check(choices, word.value, getattr(style, field) is word, _set(target, field, word))


def _studies(menu: QMenu, style: Style, absorptions: bool, target: MenuTarget) -> None:
    for text, field in STUDIES:
        on = bool(getattr(style, field))
        _check(menu, text, on, _set(target, field, not on))
    _check(menu, "Absorptions", absorptions, target.toggle_absorptions)
    bands = menu.addMenu("VWAP bands")
    for count in range(4):
        text = "none" if not count else f"{count} standard deviation{'s' if count > 1 else ''}"
        _check(bands, text, style.vwap_bands == count, _set(target, "vwap_bands", count))


def _rows(menu: QMenu, style: Style, target: MenuTarget) -> None:
    """Which figures stand under the bars, in their one order."""
    for name in NAMES:
        others = [row for row in NAMES if (row in style.rows) != (row == name)]
        _check(menu, name, name in style.rows, _set(target, "rows", tuple(others)))


def _of(effect: Callable[[Level], None], level: Level) -> Callable[[], None]:
    return lambda: effect(level)


def _set(target: MenuTarget, field: str, value: object) -> Callable[[], None]:
    return lambda: target.change_style(**{field: value})


def _check(menu: QMenu, text: str, on: bool, effect: Callable[[], None]) -> None:
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(on)
    action.triggered.connect(lambda _=False: effect())
