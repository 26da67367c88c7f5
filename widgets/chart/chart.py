"""A chart over time: slots on the x axis, values on the y axis, with wheel, drag, keys and follow mode.

Owns the visible range and no data. While it follows, new bars move the range; after panning it stays where it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QCursor, QEnterEvent, QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from widgets.chart.axes import TimeAxis, ValueAxis
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale, SlotGrid
from widgets.theme.theme import theme

MARGIN_SLOTS = 0.5  # air after the latest bar
PITCHES = (0.3, 480.0)  # pixels of a slot, least and most
_CLEAR_MOVE_PX = 16
_NS_MINUTE = 60_000_000_000


class _Zone(Enum):
    PLOT = "plot"
    VALUES = "values"
    TIMES = "times"


class Tool(Protocol):
    """May take over a drag on the plot instead of panning. Positions are logical pixels of the plot."""

    def begin(self, position: QPointF, keys: Qt.KeyboardModifier) -> bool:
        """Whether it takes the drag that begins here."""

    def move(self, position: QPointF) -> None:
        """The drag goes on."""

    def end(self) -> None:
        """The button is released."""


@dataclass(slots=True)
class _Drag:
    zone: _Zone
    pressed: QPointF
    last: QPointF
    tool: Tool | None = None


class TimeChart(pg.PlotWidget):  # type: ignore[misc]
    """Signals: `range_changed` after any change of the range, `hovered` with the position in the plot or None,
    `follow_changed` when it begins or ends to follow and when a bar begins.
    """

    range_changed = Signal()
    follow_changed = Signal()
    hovered = Signal(object)

    def __init__(
        self,
        pitch: float,
        parent: QWidget | None = None,
        *,
        keeps_pitch: bool = True,
        pitches: tuple[float, float] = PITCHES,
    ) -> None:
        self.time_axis, self.value_axis = TimeAxis(), ValueAxis()
        box = pg.ViewBox(enableMenu=False, enableMouse=False)
        item = pg.PlotItem(
            viewBox=box, axisItems={"bottom": self.time_axis, "right": self.value_axis}, enableMenu=False
        )
        super().__init__(parent, background=theme().color("pane"), plotItem=item)
        item.hideButtons()
        item.hideAxis("left")
        item.showAxis("right")
        item.layout.setContentsMargins(0, 0, 0, 0)
        self.setFrameShape(self.Shape.NoFrame)
        self.setMinimumSize(0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        self.box = box
        self.grid = SlotGrid(_NS_MINUTE, 0)
        self._following, self.auto_values = True, True
        self.latest: float | None = None  # the slot of the newest bar
        self.value_extent: Callable[[float, float], tuple[float, float] | None] = lambda left, right: None
        self._pitch, self._default_pitch, self._keeps_pitch = pitch, pitch, keeps_pitch
        self._pitches = pitches
        self.reserve = 0.0  # share of the width left free beside the latest bar
        self._items: list[PixelItem] = []
        self._drag: _Drag | None = None
        self.tool: Tool | None = None
        self.tip_at: Callable[[QPointF], str] = lambda position: ""
        # opens the menu of a position in the plot (None: beside it) at one on the screen; without it the dock has one
        self.menu_at: Callable[[QPointF | None, QPoint], None] | None = None
        box.disableAutoRange()
        box.setRange(xRange=(0, 10), yRange=(0, 1), padding=0)
        box.sigResized.connect(self._on_resized)

    def add(self, item: PixelItem) -> None:
        """Keep an item of the plot as large as the plot."""
        self._items.append(item)
        item.set_rect(self.box.rect())

    def remove(self, item: PixelItem) -> None:
        self._items.remove(item)
        self.scene().removeItem(item)

    def scale_of(self, width: float, height: float) -> Scale:
        """The visible range on a canvas of this many device pixels, for painting."""
        return self._scale_on(width, height).on_pixels()

    def _scale_on(self, width: float, height: float) -> Scale:
        (left, right), (bottom, top) = self.box.viewRange()
        return Scale(left, right, bottom, top, width, height)

    @property
    def following(self) -> bool:
        """Whether new bars push the range."""
        return self._following

    @following.setter
    def following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.follow_changed.emit()

    @property
    def visible(self) -> tuple[float, float]:
        left, right = self.box.viewRange()[0]
        return left, right

    @property
    def plot_scale(self) -> Scale:
        """The visible range in logical pixels."""
        return self._scale_on(max(self.box.width(), 1.0), max(self.box.height(), 1.0))

    def set_grid(self, grid: SlotGrid) -> None:
        """Use another bar length or origin; the range starts over and the chart follows the latest bar."""
        self.grid, self.latest = grid, None
        self.time_axis.set_grid(grid)
        for axis in (self.time_axis, self.value_axis):
            axis.begin()
        self.following = True

    def renew_grid(self, grid: SlotGrid, shift: float = 0.0) -> None:
        """Replace the grid by one with more bars. Every bar moves by `shift` slots and stays where it is on screen."""
        self.grid = grid
        self.time_axis.set_grid(grid)
        if shift:
            left, right = self.visible
            self.latest = None if self.latest is None else self.latest + shift
            self.set_visible(left + shift, right + shift)

    def set_latest(self, slot: float) -> None:
        """The newest bar; moves the range only while following."""
        before, self.latest = self.latest, slot
        if self.following and before is None:
            self._show_latest()
        elif self.following and before is not None and slot != before:
            left, right = self.visible
            self.set_visible(left + slot - before, right + slot - before)
        if slot != before:
            self.follow_changed.emit()
        self.fit_values()

    def set_visible(self, left: float, right: float) -> None:
        """Show these slots."""
        if right - left > 1e-9 and math.isfinite(left) and math.isfinite(right):
            self.box.setRange(xRange=(left, right), padding=0)
            self._pitch = self.box.width() / (right - left)
            self.fit_values()
            self.range_changed.emit()

    def set_values(self, bottom: float, top: float) -> None:
        if top - bottom > 1e-12 * abs(top) and math.isfinite(bottom) and math.isfinite(top):
            self.box.setRange(yRange=(bottom, top), padding=0)
            self.range_changed.emit()

    def fit_values(self, *, afresh: bool = False) -> None:
        """While the scale is automatic: show all visible values; stay put while they fit well, if not `afresh`."""
        extent = self.value_extent(*self.visible) if self.auto_values else None
        if extent is None:
            return
        low, high = extent
        bottom, top = self.box.viewRange()[1]
        if not afresh and bottom <= low and high <= top and high - low >= 0.6 * (top - bottom):
            return
        air = 0.08 * (high - low) or 0.001 * abs(high) or 1.0
        self.set_values(low - air, high + air)

    def centre_on(self, slot: float) -> None:
        """Put a slot in the middle; this ends following."""
        left, right = self.visible
        self.pan_slots(slot - (left + right) / 2)

    def follow(self) -> None:
        """Go to the newest bar and stay with it."""
        self.following = True
        self._show_latest()

    def auto_scale(self) -> None:
        """Fit the values now and keep them fitted."""
        self.auto_values = True
        self.fit_values(afresh=True)

    def reset(self) -> None:
        """The default zoom, following, automatic values."""
        self._pitch = self._default_pitch
        self.auto_values = True
        self.follow()
        self.auto_scale()

    def pan_slots(self, slots: float) -> None:
        """Move by bars; this ends following."""
        left, right = self.visible
        self.following = False
        self.set_visible(left + slots, right + slots)

    def zoom_time(self, factor: float, anchor: float) -> None:
        """Show `factor` times as many slots around a fixed slot."""
        left, right = self.visible
        width = max(self.box.width(), 1.0)
        span = min(max((right - left) * factor, width / self._pitches[1]), width / self._pitches[0])
        share = (anchor - left) / (right - left)
        self.set_visible(anchor - share * span, anchor + (1 - share) * span)

    def zoom_values(self, factor: float, anchor: float) -> None:
        """Show `factor` times as much around a fixed value; this ends the automatic scale."""
        bottom, top = self.box.viewRange()[1]
        self.auto_values = False
        self.set_values(anchor - (anchor - bottom) * factor, anchor + (top - anchor) * factor)

    def _show_latest(self) -> None:
        if self.latest is not None and self.box.width() > 1:
            slots = self.box.width() / self._pitch
            right = self.latest + 1 + MARGIN_SLOTS + self.reserve * slots
            self.set_visible(right - slots, right)

    def _on_resized(self) -> None:
        for item in self._items:
            item.set_rect(self.box.rect())
        if self.box.width() <= 1 or self.box.height() <= 1:
            return
        if self._keeps_pitch and self.latest is not None:
            right = self.visible[1]
            self.set_visible(right - self.box.width() / self._pitch, right)

    def _zone(self, position: QPointF) -> _Zone:
        plot = self.box.sceneBoundingRect()
        if position.x() > plot.right():
            return _Zone.VALUES
        return _Zone.TIMES if position.y() > plot.bottom() else _Zone.PLOT

    def position_in_plot(self, position: QPointF) -> QPointF | None:
        """A widget position in logical pixels of the plot; None outside of it."""
        plot = self.box.sceneBoundingRect()
        return position - plot.topLeft() if plot.contains(position) else None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Wheel zooms time at the cursor, Ctrl or the price axis zooms values, Shift pans."""
        turned = event.angleDelta()
        steps = (turned.y() or turned.x()) / 120
        scale, inside = self.plot_scale, event.position() - self.box.sceneBoundingRect().topLeft()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            left, right = self.visible
            self.pan_slots(-steps * max(1.0, (right - left) / 10))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier or self._zone(event.position()) is _Zone.VALUES:
            self.zoom_values(0.87**steps, scale.value(inside.y()))
        else:
            self.zoom_time(0.87**steps, scale.slot(inside.x()))
            self.following = self.following and self.latest is not None and self.latest < self.visible[1]
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, or to scale on an axis."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = _Drag(self._zone(event.position()), event.position(), event.position())
            inside = self.position_in_plot(event.position())
            if inside is not None and self.tool is not None and self.tool.begin(inside, event.modifiers()):
                self._drag.tool = self.tool
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(self._drag, event.position())
        self.hovered.emit(self.position_in_plot(event.position()))
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is not None and drag.tool is not None:
            drag.tool.end()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """An axis goes back to automatic."""
        zone = self._zone(event.position())
        if zone is _Zone.VALUES:
            self.auto_scale()
        elif zone is _Zone.TIMES:
            self._pitch = self._default_pitch
            self.follow()
        event.accept()

    def _drag_to(self, drag: _Drag, position: QPointF) -> None:
        moved, scale = position - drag.last, self.plot_scale
        drag.last = position
        if drag.tool is not None:
            drag.tool.move(self._clamped(position - self.box.sceneBoundingRect().topLeft()))
        elif drag.zone is _Zone.VALUES:
            self.zoom_values(math.exp(moved.y() / 150), (scale.bottom + scale.top) / 2)
        elif drag.zone is _Zone.TIMES:
            self.zoom_time(math.exp(-moved.x() / 250), scale.right)
        else:
            self._pan_by(moved, scale, abs((position - drag.pressed).y()))

    def _clamped(self, position: QPointF) -> QPointF:
        width, height = self.box.width(), self.box.height()
        return QPointF(min(max(position.x(), 0.0), width), min(max(position.y(), 0.0), height))

    def _pan_by(self, moved: QPointF, scale: Scale, climbed_px: float) -> None:
        """Sideways at once; up and down only after a clear move, because that ends the automatic scale."""
        if moved.x():
            self.pan_slots(-moved.x() / scale.pitch)
        if climbed_px > _CLEAR_MOVE_PX:
            self.auto_values = False
        if moved.y() and not self.auto_values:
            shift = moved.y() / scale.unit
            self.set_values(scale.bottom + shift, scale.top + shift)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Bypass pyqtgraph's scene."""
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        """Show a tooltip for what is under the pointer."""
        if isinstance(event, QHelpEvent):
            inside = self.position_in_plot(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if inside is None else self.tip_at(inside), self)
            return True
        return bool(super().viewportEvent(event))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu for the place under the pointer; by key without the pointer, for the middle of the plot."""
        if self.menu_at is None:
            event.ignore()
            return
        position, at = self.position_in_plot(QPointF(event.pos())), event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            position = self._position_of_pointer() or self.box.rect().center()
            at = self.mapToGlobal((position + self.box.sceneBoundingRect().topLeft()).toPoint())
        self.menu_at(position, at)
        event.accept()

    def _position_of_pointer(self) -> QPointF | None:
        if not self.underMouse():
            return None
        return self.position_in_plot(QPointF(self.mapFromGlobal(QCursor.pos())))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """L or End follows, A fits values, Z resets, arrows pan a bar (Ctrl: a page)."""
        step = 1.0
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            left, right = self.visible
            step = max(1.0, (right - left) * 0.8)
        actions: dict[int, Callable[[], None]] = {
            Qt.Key.Key_L: self.follow,
            Qt.Key.Key_End: self.follow,
            Qt.Key.Key_A: self.auto_scale,
            Qt.Key.Key_Z: self.reset,
            Qt.Key.Key_Left: lambda: self.pan_slots(-step),
            Qt.Key.Key_Right: lambda: self.pan_slots(step),
        }
        action = actions.get(event.key())
        if event.modifiers() & Qt.KeyboardModifier.AltModifier or (step != 1.0 and event.key() == Qt.Key.Key_Z):
            action = None
        if action is None:
            event.ignore()
            return
        action()
        event.accept()
