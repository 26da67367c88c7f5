"""The right-click menu of a footprint."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import cast

from PySide6.QtWidgets import QMenu, QWidget

from widgets.panes.footprint.cells.statistics import NAMES
from widgets.panes.footprint.cells.style import CellMode, Shading, Style
from widgets.panes.footprint.commands import FootprintCommands, Place
from widgets.panes.footprint.drawings.tools import Task
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.studies.declaration import ChartStudy, Parameter
from widgets.panes.footprint.studies.setting import StudySettings
from widgets.theme import format as text_of
from workstation.readmodels.flow.drawings import Level


def footprint_menu(
    parent: QWidget,
    target: FootprintCommands,
    layers: FootprintLayers,
    place: Place | None,
    levels: Sequence[Level],
) -> QMenu:
    """Build the menu for a place under the pointer; `levels` are all of the base."""
    menu = QMenu(parent)
    style, settings, step = layers.style, layers.board.settings, layers.step
    level = place.level if place is not None else None
    _choices(menu, "Cells", "mode", CellMode, style, target)
    _choices(menu, "Shading", "shading", Shading, style, target)
    for study in settings.studies:
        if study.cycle:
            _spans(menu.addMenu(_title(study)), study, settings, target)
    _studies(menu.addMenu("Studies"), settings, target)
    _rows(menu.addMenu("Statistics"), style, target)
    menu.addSeparator()
    if level is not None:
        name = _name(level, step)
        menu.addAction(f"Delete {name}\tDel", lambda: target.remove_level(level))
        menu.addAction(f"Name {name}...", lambda: target.ask_name(level))
    elif place is not None:
        price = place.price
        menu.addAction(f"Level at {text_of.price(price, step)}\tAlt+H", lambda: target.add_level(price))
    menu.addAction("Draw a zone by dragging\tD", lambda: target.arm(Task.ZONE))
    _levels(menu.addMenu("Levels"), levels, step, target)
    menu.addAction("Undo\tCtrl+Z", target.undo)
    menu.addSeparator()
    menu.addAction("Volume profile of a dragged range\tF", lambda: target.arm(Task.SPAN))
    if place is not None:
        ts_ns = place.ts_ns
        menu.addAction(f"Anchor VWAP at {text_of.clock(ts_ns)}", lambda: target.anchor_vwap(ts_ns))
        menu.addAction(f"Anchor CVD at {text_of.clock(ts_ns)}", lambda: target.anchor_cvd(ts_ns))
    menu.addAction("Daily VWAP from 00:00 UTC", lambda: target.anchor_vwap(None))
    menu.addSeparator()
    menu.addAction("Go to time...\tAlt+G", target.ask_time)
    menu.addAction("Reset view\tZ", target.reset_view)
    menu.addSeparator()
    menu.addAction("Copy as picture", target.copy_picture)
    menu.addAction("Copy as data", target.copy_data)
    return menu


def _levels(menu: QMenu, levels: Sequence[Level], step: float, target: FootprintCommands) -> None:
    """Those of the base, also where none is under the pointer."""
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


def _choices(
    menu: QMenu, title: str, field: str, members: type[StrEnum], style: Style, target: FootprintCommands
) -> None:
    choices = menu.addMenu(title)
    for member in members:
        _check(choices, member.value, getattr(style, field) is member, _set(target, field, member))


def _title(study: ChartStudy) -> str:
    text = study.label[0].upper() + study.label[1:]
    return f"{text}\t{study.key}" if study.key else text


def _spans(menu: QMenu, study: ChartStudy, settings: StudySettings, target: FootprintCommands) -> None:
    """A study with a choice: off, or one of its members."""
    shown, now = settings.shown(study.name), settings.values(study.name)[study.cycle]
    _check(menu, "off", not shown, _show(target, study, False))
    for choice in cast("type[StrEnum]", study.parameter(study.cycle).kind):
        effect = _show(target, study, True, **{study.cycle: choice})
        _check(menu, choice.value, shown and choice is now, effect)


def _studies(menu: QMenu, settings: StudySettings, target: FootprintCommands) -> None:
    for study in settings.studies:
        if not study.cycle:
            shown = settings.shown(study.name)
            _check(menu, _title(study), shown, _show(target, study, not shown))
    for study in settings.studies:
        for one in study.parameters:
            if one.menu:
                _values(menu.addMenu(f"{study.label} {one.label}"), study, one, settings, target)


def _values(menu: QMenu, study: ChartStudy, one: Parameter, settings: StudySettings, target: FootprintCommands) -> None:
    now, shown = settings.values(study.name)[one.name], settings.shown(study.name)
    for value, text in (one.menu or {}).items():
        _check(menu, text, value == now, _show(target, study, shown, **{one.name: value}))


def _show(target: FootprintCommands, study: ChartStudy, shown: bool, **values: object) -> Callable[[], None]:
    return lambda: target.show_study(study.name, shown, **values)


def _rows(menu: QMenu, style: Style, target: FootprintCommands) -> None:
    """Which figures stand under the bars, in their one order."""
    for name in NAMES:
        others = [row for row in NAMES if (row in style.rows) != (row == name)]
        _check(menu, name, name in style.rows, _set(target, "rows", tuple(others)))


def _of(effect: Callable[[Level], None], level: Level) -> Callable[[], None]:
    return lambda: effect(level)


def _set(target: FootprintCommands, field: str, value: object) -> Callable[[], None]:
    return lambda: target.change_style(**{field: value})


def _check(menu: QMenu, text: str, on: bool, effect: Callable[[], None]) -> None:
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(on)
    action.triggered.connect(lambda _=False: effect())
