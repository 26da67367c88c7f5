"""What the trader does on a footprint with the mouse: zoom into a box, measure, draw levels; and undo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, Qt, Signal

from widgets.chart import TimeChart
from widgets.items.region import Region, RegionItem

GRAB_PX = 4
_LEAST_PX = 6  # a smaller box is a slip of the hand
Undo = Callable[[], None]


class FootprintTools(QObject):
    """Takes drags away from panning: Ctrl zooms into a box, Shift measures, a level is moved.

    `words` says what a measured region holds. Levels are kept by base; `levels_changed` after any change of them.
    """

    levels_changed = Signal()

    def __init__(self, chart: TimeChart, item: RegionItem, words: Callable[[Region], tuple[str, ...]]) -> None:
        super().__init__()
        self._chart, self._item, self._words = chart, item, words
        self._base = ""
        self.levels: dict[str, list[float]] = {}
        self._done: list[Undo] = []
        self._kind = ""
        self._from = QPointF()
        self._moved: int | None = None  # index of the level in hand
        self._held_at = 0.0

    def set_base(self, base: str) -> None:
        """Show the levels of this base."""
        if base != self._base:
            self._base = base
            self.cancel()
            self._show_levels()

    # --- drags

    def begin(self, position: QPointF, keys: Qt.KeyboardModifier) -> bool:
        """Decide what a drag from here does; False leaves it to the chart."""
        self.cancel()
        self._from = position
        level = self.level_at(position)
        if keys & Qt.KeyboardModifier.ShiftModifier:
            self._kind = "measure"
        elif keys & Qt.KeyboardModifier.ControlModifier:
            self._kind = "zoom"
        elif level is not None:
            self._kind, self._held_at = "level", level
            self._moved = self._own.index(level)
        else:
            self._kind = ""
        return bool(self._kind)

    def move(self, position: QPointF) -> None:
        """Follow the pointer."""
        if self._kind == "level" and self._moved is not None:
            self._own[self._moved] = self._chart.plot_scale.value(position.y())
            self._show_levels(self._own[self._moved])
            return
        region = self._region(position)
        self._item.show_region(region, self._words(region) if self._kind == "measure" else ())

    def end(self) -> None:
        """Carry it out."""
        kind, region = self._kind, self._item.region
        self._kind = ""
        if kind == "level" and self._moved is not None:
            index, before, base = self._moved, self._held_at, self._base
            self._moved = None
            self._remember(lambda: self._put(base, index, before))
            self.levels_changed.emit()
        elif kind == "zoom" and region is not None:
            self._item.show_region(None)
            self._zoom(region)

    def cancel(self) -> None:
        """Take the box away."""
        self._kind = ""
        self._item.show_region(None)

    def _region(self, position: QPointF) -> Region:
        scale = self._chart.plot_scale
        start, stop = self._from, position
        return Region(scale.slot(start.x()), scale.value(start.y()), scale.slot(stop.x()), scale.value(stop.y()))

    def _zoom(self, region: Region) -> None:
        chart, scale = self._chart, self._chart.plot_scale
        (left, right), (bottom, top) = region.slots, region.values
        if (right - left) * scale.pitch < _LEAST_PX or (top - bottom) * scale.unit < _LEAST_PX:
            return
        visible, values = chart.visible, (scale.bottom, scale.top)
        following, auto = chart.following, chart.auto_values
        self._remember(lambda: self._go_back(visible, values, following, auto))
        chart.following = chart.auto_values = False
        chart.set_values(bottom, top)
        chart.set_visible(left, right)

    def _go_back(self, visible: tuple[float, float], values: tuple[float, float], following: bool, auto: bool) -> None:
        chart = self._chart
        chart.auto_values = False
        chart.set_values(*values)
        chart.set_visible(*visible)
        chart.following, chart.auto_values = following, auto

    # --- levels

    @property
    def _own(self) -> list[float]:
        return self.levels.setdefault(self._base, [])

    def level_at(self, position: QPointF) -> float | None:
        """The level under a position of the plot."""
        scale = self._chart.plot_scale
        near = [level for level in self._own if abs(scale.y(level) - position.y()) <= GRAB_PX]
        return min(near, key=lambda level: abs(scale.y(level) - position.y()), default=None)

    def light(self, position: QPointF | None) -> None:
        """Point out the level that a press would take hold of."""
        self._show_levels(None if position is None else self.level_at(position))

    def add_level(self, price: float) -> None:
        """Draw a level."""
        base = self._base
        self._own.append(price)
        self._remember(lambda: self._drop(base, price))
        self._changed()

    def remove_level(self, price: float) -> None:
        """Delete a level."""
        base, index = self._base, self._own.index(price)
        self._own.pop(index)
        self._remember(lambda: self.levels[base].insert(index, price))
        self._changed()

    def clear_levels(self) -> None:
        """Delete all levels of this base."""
        base, before = self._base, list(self._own)
        self._own.clear()
        self._remember(lambda: self.levels.update({base: before}))
        self._changed()

    def undo(self) -> None:
        """Take back the last zoom into a box or the last change of a level."""
        if self._done:
            self._done.pop()()
            self._changed()

    def restore(self, levels: dict[str, list[float]]) -> None:
        """Show levels that were kept."""
        self.levels = levels
        self._show_levels()

    def _remember(self, undo: Undo) -> None:
        self._done.append(undo)
        del self._done[:-100]

    def _put(self, base: str, index: int, price: float) -> None:
        self.levels[base][index] = price

    def _drop(self, base: str, price: float) -> None:
        if price in self.levels[base]:
            self.levels[base].remove(price)

    def _changed(self) -> None:
        self._show_levels()
        self.levels_changed.emit()

    def _show_levels(self, lit: float | None = None) -> None:
        self._item.show_levels(tuple(self._own), lit)
