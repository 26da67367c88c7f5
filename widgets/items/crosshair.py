"""Crosshair and last price: thin lines over a chart, in an item of their own so that moving them rebuilds nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale
from widgets.theme import theme


class LineOverlay(PixelItem):
    """A vertical line at `slot`, a horizontal at `value`, a dashed one at `level`; None hides each."""

    name = "the crosshair"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=30)
        self._scale_of = scale_of
        self.slot: float | None = None
        self.value: float | None = None
        self.level: float | None = None
        self._level_role = "text"

    def point_at(self, slot: float | None, value: float | None) -> None:
        """Move the crosshair."""
        if (slot, value) != (self.slot, self.value):
            self.slot, self.value = slot, value
            self.update()

    def set_level(self, level: float | None, role: str = "text") -> None:
        """Move the level line, drawn in a colour of the theme."""
        if (level, role) != (self.level, self._level_role):
            self.level, self._level_role = level, role
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """At most three lines."""
        scale, line = self._scale_of(width, height), max(1, round(ratio))
        if self.level is not None:
            painter.setPen(QPen(theme().color(self._level_role, 170), line, Qt.PenStyle.DotLine))
            y = round(scale.y(self.level)) + line / 2
            painter.drawLine(QLineF(0, y, width, y))
        painter.setPen(QPen(theme().color("muted", 170), line, Qt.PenStyle.DashLine))
        if self.slot is not None:
            x = round(scale.x(self.slot)) + line / 2
            painter.drawLine(QLineF(x, 0, x, height))
        if self.value is not None:
            y = round(scale.y(self.value)) + line / 2
            painter.drawLine(QLineF(0, y, width, y))
