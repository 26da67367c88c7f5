"""Crosshair and prices of the moment: thin lines in an item of their own, so that moving them rebuilds nothing."""

from typing import NamedTuple

from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.items.pixel_item import ChartItem, Plot
from widgets.theme.theme import theme


class PriceLine(NamedTuple):
    """A horizontal line in a colour of the theme."""

    value: float
    role: str
    pattern: Qt.PenStyle = Qt.PenStyle.DotLine
    alpha: int = 170


class LineOverlay(ChartItem):
    """A vertical line at `slot`, a horizontal one at `value`, others at the `lines`; None hides either."""

    name = "the crosshair"
    layer = 30.0

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.slot: float | None = None
        self.value: float | None = None
        self.lines: tuple[PriceLine, ...] = ()

    def point_at(self, slot: float | None, value: float | None) -> None:
        if (slot, value) != (self.slot, self.value):
            self.slot, self.value = slot, value
            self.update()

    def set_lines(self, lines: tuple[PriceLine, ...]) -> None:
        if lines != self.lines:
            self.lines = lines
            self.update()

    def set_level(self, level: float | None, role: str = "text") -> None:
        """Show one price, or none."""
        self.set_lines(() if level is None else (PriceLine(level, role),))

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """A handful of lines."""
        scale, thin = self._scale_of(width, height), max(1, round(ratio))
        for line in self.lines:
            painter.setPen(QPen(theme().color(line.role, line.alpha), thin, line.pattern))
            y = round(scale.y(line.value)) + thin / 2
            painter.drawLine(QLineF(0, y, width, y))
        painter.setPen(QPen(theme().color("muted", 170), thin, Qt.PenStyle.DashLine))
        if self.slot is not None:
            x = round(scale.x(self.slot)) + thin / 2
            painter.drawLine(QLineF(x, 0, x, height))
        if self.value is not None:
            y = round(scale.y(self.value)) + thin / 2
            painter.drawLine(QLineF(0, y, width, y))
