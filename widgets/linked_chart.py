"""A chart of lines over time that shares its crosshair and its visible range with other panes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from widgets import format as text_of
from widgets.axes import Tag
from widgets.chart import TimeChart
from widgets.items.crosshair import LineOverlay
from widgets.items.scale import SlotGrid
from widgets.theme import theme
from workstation.readmodels import Ints, no_ints

PITCH_PX = 8.0


class LinkedChart(QWidget):
    """`crosshair_moved` carries ns or None, `range_moved` two ns, both after changes made here only.

    `pointed` follows any change of the crosshair. Once a range was asked for, it is kept instead of the latest bar.
    """

    crosshair_moved = Signal(object)
    range_moved = Signal(object, object)
    pointed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._wanted: tuple[int, int] | None = None
        self._quiet = False
        self._pointer: QPointF | None = None
        self._shown: tuple[int, int] | None = None  # bar length and first bar
        self.slots: Ints = no_ints()
        self.chart = TimeChart(PITCH_PX, keeps_pitch=False, pitches=(0.125, 480.0))
        self.overlay = LineOverlay(self.chart.box, self.chart.scale_of)
        self.notice = QLabel(self.chart)
        self.notice.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setWordWrap(True)
        self.notice.setStyleSheet(f"color: {theme().color('muted').name()}")
        self.chart.add(self.overlay)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.chart)
        self.setFocusProxy(self.chart)
        self.chart.range_changed.connect(self._on_range)
        self.chart.hovered.connect(self._on_hover)
        self.chart.box.sigResized.connect(lambda _: self._on_resized())

    def show_bars(self, starts: Ints, bar_ns: int) -> bool:
        """Put these bars on the axis; True where it starts over, with another length."""
        fresh = len(starts) > 0 and (self._shown is None or self._shown[0] != bar_ns)
        if fresh:
            self.chart.set_grid(SlotGrid.at(bar_ns, int(starts[0])))
            self.chart.following = self._wanted is None
            self._shown = bar_ns, int(starts[0])
        self.slots = starts // bar_ns - self.chart.grid.origin if len(starts) else no_ints()
        return fresh

    def move_to_latest(self, fresh: bool) -> None:
        """Follow the newest bar, once what is drawn knows the values."""
        if not len(self.slots):
            return
        self._quiet = self._wanted is not None
        self.chart.set_latest(float(self.slots[-1]))
        if fresh:
            self._show_wanted()
            self.chart.auto_scale()
        self._quiet = False

    def forget(self) -> None:
        """Show no bars."""
        self._shown, self.slots = None, no_ints()
        self._point(None, None)

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of this moment; None takes the mark away. Does not emit."""
        if self._pointer is None:
            self._point(None if ts_ns is None else self.chart.grid.slot(ts_ns), None)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        """Show this span from now on. Does not emit."""
        self._wanted = start_ns, end_ns
        self.chart.following = False
        if len(self.slots):
            self._show_wanted()

    def say(self, text: str) -> None:
        """Why there is nothing; empty where there is."""
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

    def index(self) -> int | None:
        """The bar under the crosshair, or the newest; None where there is none."""
        slot = self.overlay.slot
        if slot is None:
            return len(self.slots) - 1 if len(self.slots) else None
        at = int(self.slots.searchsorted(slot // 1))
        return at if at < len(self.slots) and self.slots[at] == slot // 1 else None

    def _show_wanted(self) -> None:
        if self._wanted is None:
            return
        before, self._quiet = self._quiet, True
        start_ns, end_ns = self._wanted
        self.chart.set_visible(self.chart.grid.slot(start_ns), self.chart.grid.slot(end_ns))
        self._quiet = before

    def _on_range(self) -> None:
        self.overlay.update()
        if not self._quiet:
            left, right = self.chart.visible
            span = self.chart.grid.ts_ns(left), self.chart.grid.ts_ns(right)
            if self._wanted is not None:
                self._wanted = span
            self.range_moved.emit(*span)

    def _on_resized(self) -> None:
        self.notice.setGeometry(self.chart.box.sceneBoundingRect().toRect())
        self.chart.fit_values()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The notice stays in the middle."""
        super().resizeEvent(event)
        self.notice.setGeometry(self.chart.box.sceneBoundingRect().toRect())

    def _on_hover(self, position: QPointF | None) -> None:
        self._pointer = position
        if position is None:
            self._point(None, None)
            self.crosshair_moved.emit(None)
            return
        scale = self.chart.plot_scale
        self._point(scale.slot(position.x()), scale.value(position.y()))
        self.crosshair_moved.emit(self.chart.grid.ts_ns(scale.slot(position.x())))

    def _point(self, slot: float | None, value: float | None) -> None:
        self.overlay.point_at(None if slot is None else slot // 1 + 0.5, value)
        grid = self.chart.grid
        stamp = () if slot is None else (Tag(slot, text_of.clock(grid.ts_ns(slot // 1)), "hairline", "text"),)
        self.chart.time_axis.set_tags(stamp)
        self.pointed.emit()
