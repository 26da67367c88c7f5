"""Setups at the bar and price that triggered them: outlined, because they are a claim and nothing that was observed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.bands import scaled_font
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale, SlotGrid
from widgets.theme.setups import SETUP_ROLES
from widgets.theme.theme import theme
from workstation.readmodels.session.setups import SetupEvent

_HALF_PX, _AWAY_PX, _GRAB_PX = 5.0, 12.0, 9.0


class SetupMarks(PixelItem):
    """A triangle below the price for a setup that expects a rise, above it for a fall, with the letter of its detector.

    A dashed line shows the level from the trigger to the end.
    """

    name = "the setups"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=18)
        self._scale_of = scale_of
        self.events: tuple[SetupEvent, ...] = ()
        self._grid = SlotGrid(1, 0)

    def set_events(self, events: tuple[SetupEvent, ...]) -> None:
        """Show other setups."""
        if events != self.events:
            self.events = events
            self.update()

    def set_grid(self, grid: SlotGrid) -> None:
        """Where moments are."""
        if grid != self._grid:
            self._grid = grid
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Those in sight, one by one: there are a few dozen a day."""
        scale = self._scale_of(width, height)
        painter.setFont(scaled_font(theme().font(small=True, bold=True), ratio))
        for event in self.events:
            at = self._place(event, scale, ratio)
            if -40 < at.x() < width + 40:
                self._draw_event(painter, event, at, scale, ratio)

    def at(self, x: float, y: float, scale: Scale) -> SetupEvent | None:
        """The setup whose mark is at a pixel."""
        for event in self.events:
            place = self._place(event, scale, 1.0)
            if abs(place.x() - x) <= _GRAB_PX and abs(place.y() - y) <= _GRAB_PX:
                return event
        return None

    def _place(self, event: SetupEvent, scale: Scale, ratio: float) -> QPointF:
        slot = self._grid.slot(event.trigger_ns - 1) // 1 + 0.5
        return QPointF(scale.x(slot), scale.y(event.trigger_price) + event.direction * _AWAY_PX * ratio)

    def _draw_event(self, painter: QPainter, event: SetupEvent, at: QPointF, scale: Scale, ratio: float) -> None:
        color, half = theme().color(SETUP_ROLES[event.state]), _HALF_PX * ratio
        end_ns = event.ended_ns or event.confirmed_ns
        right = scale.width if end_ns is None else scale.x(self._grid.slot(end_ns))
        y = scale.y(event.level.price)
        painter.setPen(QPen(color, max(1.0, ratio), Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(at.x(), y, right, y))
        tip, foot = at.y() - event.direction * half, at.y() + event.direction * half
        corners = [QPointF(at.x(), tip), QPointF(at.x() - half, foot), QPointF(at.x() + half, foot)]
        painter.drawPolygon(QPolygonF(corners))
        painter.setPen(color)
        letter = QRectF(at.x() + half + 2, at.y() - 8 * ratio, 14 * ratio, 16 * ratio)
        sides = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(letter, sides, event.detector.value[0].upper())
