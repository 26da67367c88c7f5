"""The commands of a footprint, for its menu and its keys."""

from collections.abc import Callable
from typing import NamedTuple, cast

from PySide6.QtCore import QKeyCombination, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QInputDialog

from widgets.dialogs.questions import GoToTime
from widgets.link_events import AnchorChosen
from widgets.pane import Pane
from widgets.panes.footprint.controls.toolbar import FootprintToolbar
from widgets.panes.footprint.drawings.tools import FootprintTools, Task
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.studies.declaration import ChartStudy
from widgets.panes.footprint.studies.setting import StudySettings
from workstation.readmodels.flow.drawings import Level

_NONE, _ALT, _CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Place(NamedTuple):
    """The start of the bar, the price and the level or zone at a position of the plot."""

    ts_ns: int
    price: float
    level: Level | None


class FootprintCommands:
    """What menu entries do; `press` is for keys."""

    def __init__(
        self,
        pane: Pane,
        layers: FootprintLayers,
        tools: FootprintTools,
        toolbar: FootprintToolbar,
        change_style: Callable[..., None],
        set_studies: Callable[[StudySettings], None],
    ) -> None:
        self._pane, self._layers, self._tools, self._toolbar = pane, layers, tools, toolbar
        self._change_style, self._set_studies = change_style, set_studies

    def place_at(self, position: QPointF | None) -> Place | None:
        """What is at a position of the plot; None beside it."""
        if position is None:
            return None
        chart = self._layers.chart
        scale = chart.plot_scale
        ts_ns = chart.grid.ts_ns(scale.slot(position.x()) // 1)
        return Place(ts_ns, scale.value(position.y()), self._tools.level_at(position))

    def press(self, key: int, keys: Qt.KeyboardModifier, pointer: QPointF | None) -> bool:
        """Carry out a key. Returns False for one without a meaning here."""
        for study in self._layers.board.studies:
            if study.key and _combination(study.key) == (key, keys):
                self.step_study(study)
                return True
        actions: dict[tuple[int, Qt.KeyboardModifier], Callable[[], object]] = {
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
        self._change_style(**changes)

    def show_study(self, name: str, shown: bool = True, **values: object) -> None:
        """Show or hide a study, with other parameters."""
        self._set_studies(self._layers.board.settings.show(name, shown, **values))

    def step_study(self, study: ChartStudy) -> None:
        """Hide or show a study, or go on to its next choice."""
        self._set_studies(self._layers.board.settings.stepped(study))

    def undo(self) -> None:
        """Undo a box zoom or a change of a level."""
        self._tools.undo()

    def arm(self, task: Task) -> None:
        """Let the next drag do this."""
        self._tools.arm(task)

    def anchor_vwap(self, ts_ns: int | None) -> None:
        """Start VWAP at a time (ns); None for daily."""
        self._toolbar.anchor_vwap(ts_ns)
        self.show_study("vwap")

    def anchor_cvd(self, ts_ns: int) -> None:
        """Start the sums of the group's CVD panes at a time (ns)."""
        self._pane.link_event.emit(AnchorChosen(ts_ns))

    def add_level(self, price: float) -> None:
        """Draw a level, on the price grid."""
        self._tools.add_level(price)

    def remove_level(self, level: Level) -> None:
        self._tools.levels.remove(level)

    def clear_levels(self) -> None:
        """Delete those of this base."""
        self._tools.levels.clear()

    def ask_name(self, level: Level) -> None:
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


def _combination(keys: str) -> tuple[int, Qt.KeyboardModifier]:
    combination = cast("QKeyCombination", QKeySequence(keys)[0])  # type: ignore[index]
    return combination.key(), combination.keyboardModifiers()
