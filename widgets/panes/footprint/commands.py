"""What can be done with a footprint by its menu and its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog

from widgets.dialogs.questions import GoToTime
from widgets.link_events import AnchorChosen
from widgets.panes.footprint.controls.toolbar import FootprintToolbar
from widgets.panes.footprint.drawings.tools import FootprintTools, Task
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.menu import footprint_menu
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.flow.footprint import AbsorptionRule

if TYPE_CHECKING:
    from widgets.panes.footprint.pane import FootprintPane

_NONE, _ALT, _CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class FootprintCommands:
    """The target of the menu; `press` is that of the keys."""

    def __init__(
        self, pane: FootprintPane, layers: FootprintLayers, tools: FootprintTools, toolbar: FootprintToolbar
    ) -> None:
        self._pane, self._layers, self._tools, self._toolbar = pane, layers, tools, toolbar

    def open_menu(self, position: QPointF | None, on_screen: QPoint) -> None:
        """Show the menu for a place of the plot."""
        place, level, chart = None, None, self._layers.chart
        if position is not None:
            scale = chart.plot_scale
            place = (chart.grid.ts_ns(scale.slot(position.x()) // 1), scale.value(position.y()))
            level = self._tools.level_at(position)
        looked = self._toolbar.rules.absorption is not None
        own = self._tools.levels.own
        menu = footprint_menu(self._pane, self, self._layers.style, looked, place, level, own, self._layers.step)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(on_screen)

    def press(self, key: int, keys: Qt.KeyboardModifier, pointer: QPointF | None) -> bool:
        """Do what a key means; False for one that means nothing here."""
        style = self._layers.style
        actions: dict[tuple[int, Qt.KeyboardModifier], Callable[[], object]] = {
            (Qt.Key.Key_I, _NONE): lambda: self.change_style(imbalances=not style.imbalances),
            (Qt.Key.Key_V, _NONE): lambda: self.change_style(profile=style.profile.next),
            (Qt.Key.Key_G, _ALT): self.ask_time,
            (Qt.Key.Key_H, _ALT): lambda: self._level_at(pointer),
            (Qt.Key.Key_Delete, _NONE): lambda: self._delete_at(pointer),
            (Qt.Key.Key_D, _NONE): lambda: self.arm(Task.ZONE),
            (Qt.Key.Key_F, _NONE): lambda: self.arm(Task.SPAN),
            (Qt.Key.Key_Z, _CTRL): self.undo,
            (Qt.Key.Key_Escape, _NONE): self._tools.cancel,
        }
        action = actions.get((key, keys))
        if action is not None:
            action()
        return action is not None

    def change_style(self, **changes: object) -> None:
        """Draw another way in some respects."""
        self._pane.change_style(**changes)

    def undo(self) -> None:
        """Take back a zoom into a box or a change of a level."""
        self._tools.undo()

    def arm(self, task: Task) -> None:
        """Let the next drag do this."""
        self._tools.arm(task)

    def anchor_vwap(self, ts_ns: int | None) -> None:
        """Begin VWAP at a bar; None: every day."""
        self._toolbar.anchor_vwap(ts_ns)
        self.change_style(vwap=True)

    def anchor_cvd(self, ts_ns: int) -> None:
        """Begin the sums of the CVD panes of the group there."""
        self._pane.link_event.emit(AnchorChosen(ts_ns))

    def toggle_absorptions(self) -> None:
        """Look for absorptions, or no longer."""
        rules = self._toolbar.rules
        self._toolbar.set_rules(replace(rules, absorption=None if rules.absorption is not None else AbsorptionRule()))

    def add_level(self, price: float) -> None:
        """Draw a level, on the price grid."""
        self._tools.add_level(price)

    def remove_level(self, level: Level) -> None:
        """Delete a level or a zone."""
        self._tools.levels.remove(level)

    def clear_levels(self) -> None:
        """Delete those of this base."""
        self._tools.levels.clear()

    def ask_name(self, level: Level) -> None:
        """Ask for the name of a level."""
        name, ok = QInputDialog.getText(self._pane, "Level", "Name", text=level.name)
        if ok:
            self._tools.levels.rename(level, name.strip())

    def reset_view(self) -> None:
        """Zoom, scale and following as in a new pane."""
        self._layers.chart.reset()

    def ask_time(self) -> None:
        """Ask for a moment and show it in the middle."""
        chart = self._layers.chart
        left, right = chart.visible
        near_ns = chart.grid.ts_ns((left + right) // 2)
        GoToTime(self._pane, near_ns, lambda ts_ns: chart.centre_on(chart.grid.slot(ts_ns))).open()

    def copy_picture(self) -> None:
        """The pane on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self._pane.grab())

    def copy_data(self) -> None:
        """The bars in sight on the clipboard, tab-separated."""
        table = self._pane.as_table()
        if table is not None:
            QGuiApplication.clipboard().setText(table.text())

    def _level_at(self, pointer: QPointF | None) -> None:
        if pointer is not None:
            self.add_level(self._layers.chart.plot_scale.value(pointer.y()))

    def _delete_at(self, pointer: QPointF | None) -> None:
        level = None if pointer is None else self._tools.level_at(pointer)
        if level is not None:
            self.remove_level(level)
