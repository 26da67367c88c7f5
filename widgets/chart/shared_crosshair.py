"""The crosshair that a chart shares with its link group."""

from PySide6.QtCore import QObject, QPointF, Signal

from widgets.chart.axes import Tag
from widgets.chart.chart import TimeChart
from widgets.items.crosshair import LineOverlay
from widgets.theme import format as text_of


class SharedCrosshair(QObject):
    """A crosshair that snaps to the middle of a bar. The pointer in this chart takes precedence over other panes.

    `moved` carries ns or None, after the pointer moved in this chart only; `pointed` follows any change.
    """

    moved = Signal(object)
    pointed = Signal()

    def __init__(self, chart: TimeChart) -> None:
        super().__init__(chart)
        self._chart = chart
        self._held = False
        self.overlay = LineOverlay(chart)
        chart.hovered.connect(self._on_hover)
        chart.range_changed.connect(self._on_range)

    @property
    def held(self) -> bool:
        """Whether the pointer is in this chart."""
        return self._held

    @property
    def slot(self) -> float | None:
        """The slot of the middle of the marked bar; None without a mark."""
        return self.overlay.slot

    @property
    def value(self) -> float | None:
        return self.overlay.value

    @property
    def ts_ns(self) -> int | None:
        """The middle of the marked bar in ns; None without a mark."""
        return None if self.slot is None else self._chart.grid.ts_ns(self.slot)

    def show(self, ts_ns: int | None) -> None:
        """Mark the bar of a moment that another pane points at; None removes the mark. Does not emit `moved`."""
        if not self._held:
            self._point(None if ts_ns is None else self._chart.grid.slot(ts_ns), None)

    def clear(self) -> None:
        self._point(None, None)

    def _on_hover(self, position: QPointF | None) -> None:
        self._held = position is not None
        if position is None:
            self._point(None, None)
            self.moved.emit(None)
            return
        scale = self._chart.plot_scale
        slot = scale.slot(position.x())
        self._point(slot, scale.value(position.y()))
        self.moved.emit(self._chart.grid.ts_ns(slot))

    def _point(self, slot: float | None, value: float | None) -> None:
        self.overlay.point_at(None if slot is None else slot // 1 + 0.5, value)
        self._tag()
        self.pointed.emit()

    def _on_range(self) -> None:
        self.overlay.update()
        self._tag()

    def _tag(self) -> None:
        slot, grid = self.overlay.slot, self._chart.grid
        stamp = () if slot is None else (Tag(slot, text_of.clock(grid.ts_ns(slot // 1)), "hairline", "text"),)
        self._chart.time_axis.set_tags(stamp)
