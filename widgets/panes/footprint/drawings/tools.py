"""What the trader does on a footprint with the mouse: zoom into a box, measure, pick a span, draw levels and zones."""

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QObject, QPointF, Qt, Signal

from widgets.chart.chart import TimeChart
from widgets.panes.footprint.drawings.levels import DrawnLevels, UndoList
from widgets.panes.footprint.drawings.region import Region, RegionItem
from widgets.theme import format as text_of
from workstation.readmodels.flow.drawings import Level

GRAB_PX = 4
_LEAST_PX = 6  # a smaller box is an accidental drag
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Grip = tuple[Level, float | None]  # what is in hand, and the edge of a zone that stays; None for a level


class Task(Enum):
    """What a drag does."""

    PAN = "pan"
    ZOOM = "zoom into a box"
    MEASURE = "measure"
    SPAN = "volume profile of a time range"
    ZONE = "draw a zone"
    LEVEL = "move a level"


class FootprintTools(QObject):
    """Takes drags away from panning. `measure` returns texts about a region, `step` the price grid of levels.

    `span_picked` carries two ns; `armed` the task of the next drag, or None.
    """

    span_picked = Signal(object, object)
    armed = Signal(object)

    def __init__(
        self,
        chart: TimeChart,
        item: RegionItem,
        measure: Callable[[Region], tuple[str, ...]],
        step: Callable[[], float],
    ) -> None:
        super().__init__()
        self._chart, self._item, self._measure, self._step = chart, item, measure, step
        self._undo = UndoList()
        self.levels = DrawnLevels(self._undo.remember)
        self.levels.moved.connect(self._show_levels)
        self._task, self._next = Task.PAN, Task.PAN
        self._from = QPointF()
        self._grip: Grip | None = None
        self._lit: Level | None = None

    def set_base(self, base: str) -> None:
        if base != self.levels.base:
            self.levels.base = base
            self.cancel()
            self._show_levels()

    def arm(self, task: Task) -> None:
        """The next drag does this; a second call cancels it."""
        self._next = Task.PAN if self._next is task else task
        self.armed.emit(None if self._next is Task.PAN else self._next)

    # --- drags

    def begin(self, position: QPointF, keys: Qt.KeyboardModifier) -> bool:
        """Decide what a drag from here does; False leaves it to the chart."""
        task, armed = self._wanted(keys), self._next
        self.cancel()
        self._from = position
        self._grip = self._grip_at(position)
        if armed is not Task.PAN:
            task = armed
        elif task is Task.PAN and self._grip is not None:
            task = Task.LEVEL
        self._task = task
        return task is not Task.PAN

    def _wanted(self, keys: Qt.KeyboardModifier) -> Task:
        ctrl, shift = bool(keys & _CTRL), bool(keys & _SHIFT)
        if ctrl:
            return Task.SPAN if shift else Task.ZOOM
        return Task.MEASURE if shift else Task.PAN

    def move(self, position: QPointF) -> None:
        if self._task is Task.LEVEL and self._grip is not None:
            self._drag_level(self._grip, position)
            return
        region = self._region(position)
        lines = self._measure(region) if self._task is Task.MEASURE else (self._task.value,)
        self._item.show_region(region, lines)

    def end(self) -> None:
        """Carry it out."""
        task, region = self._task, self._item.region
        self._task = Task.PAN
        if task is Task.LEVEL:
            self._grip = None
            self.levels.drop()
            return
        if task is Task.MEASURE or region is None:
            return
        self._item.show_region(None)
        if task is Task.ZOOM:
            self._zoom(region)
        elif task is Task.SPAN:
            self._pick(region)
        elif task is Task.ZONE:
            self._draw_zone(region)

    def cancel(self) -> None:
        """Remove the box and disarm the tool."""
        self._task = Task.PAN
        self._item.show_region(None)
        if self._next is not Task.PAN:
            self._next = Task.PAN
            self.armed.emit(None)

    def undo(self) -> None:
        """Undo the last box zoom or change of a level."""
        self._undo.undo()

    def _region(self, position: QPointF) -> Region:
        scale, start = self._chart.plot_scale, self._from
        region = Region(
            scale.slot(start.x()), scale.value(start.y()), scale.slot(position.x()), scale.value(position.y())
        )
        if self._task is Task.SPAN:
            left, right = region.slots
            return Region(left // 1, scale.top, right // 1 + 1, scale.bottom)
        if self._task is Task.ZONE:
            return Region(scale.left, region.from_value, scale.right, region.to_value)
        return region

    def _zoom(self, region: Region) -> None:
        chart, scale = self._chart, self._chart.plot_scale
        (left, right), (bottom, top) = region.slots, region.values
        if (right - left) * scale.pitch < _LEAST_PX or (top - bottom) * scale.unit < _LEAST_PX:
            return
        visible, values = chart.visible, (scale.bottom, scale.top)
        following, auto = chart.following, chart.auto_values
        self._undo.remember(lambda: self._go_back(visible, values, following, auto))
        chart.following = chart.auto_values = False
        chart.set_values(bottom, top)
        chart.set_visible(left, right)

    def _go_back(self, visible: tuple[float, float], values: tuple[float, float], following: bool, auto: bool) -> None:
        chart = self._chart
        chart.auto_values = False
        chart.set_values(*values)
        chart.set_visible(*visible)
        chart.following, chart.auto_values = following, auto

    def _pick(self, region: Region) -> None:
        left, right = region.slots
        self.span_picked.emit(self._chart.grid.ts_ns(left), self._chart.grid.ts_ns(right))

    def _draw_zone(self, region: Region) -> None:
        low, high = region.values
        if (high - low) * self._chart.plot_scale.unit >= _LEAST_PX:
            self.levels.add(self.on_grid(low), self.on_grid(high))

    # --- levels

    def on_grid(self, price: float) -> float:
        """The price of the grid next to one."""
        step = self._step()
        return round(round(price / step) * step, text_of.decimals_of(step))

    def add_level(self, price: float) -> None:
        self.levels.add(self.on_grid(price), self.on_grid(price))

    def level_at(self, position: QPointF) -> Level | None:
        """The level whose line, or the zone one of whose edges, is under a position of the plot; else a zone there."""
        grip = self._grip_at(position)
        if grip is not None:
            return grip[0]
        value = self._chart.plot_scale.value(position.y())
        return next((level for level in self.levels.own[::-1] if level.low <= value <= level.high), None)

    def light(self, position: QPointF | None) -> None:
        """Highlight the level that a press would grab."""
        grip = None if position is None else self._grip_at(position)
        self._lit = None if grip is None else grip[0]
        self._show_levels()

    def _grip_at(self, position: QPointF) -> Grip | None:
        scale, best, found = self._chart.plot_scale, GRAB_PX + 0.5, None
        for level in self.levels.own:
            for edge, other in ((level.low, level.high), (level.high, level.low)):
                away = abs(scale.y(edge) - position.y())
                if away < best:
                    best, found = away, (level, other if level.is_zone else None)
        return found

    def _drag_level(self, grip: Grip, position: QPointF) -> None:
        level, anchor = grip
        price = self.on_grid(self._chart.plot_scale.value(position.y()))
        moved = self.levels.drag(level, price, price if anchor is None else anchor)
        self._grip, self._lit = (moved, anchor), moved
        self._show_levels()

    def _show_levels(self) -> None:
        self._item.show_levels(self.levels.own, self._lit)
