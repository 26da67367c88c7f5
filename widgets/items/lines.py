"""Lines over time on a grid, each with its pen. NaN breaks a line."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.items.bands import draw_grid
from widgets.items.bulk import draw_line
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import SlotGrid
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints


def in_sight(slots: Floats | Ints, left: float, right: float) -> slice:
    return slice(int(np.searchsorted(slots, np.floor(left))), int(np.searchsorted(slots, right, side="right")))


class Line(NamedTuple):
    """Values by bar. The pen is made for a device pixel ratio."""

    values: Floats
    pen: Callable[[float], QPen]


class LinesItem(ChartItem):
    """Lines back to front over a zero line."""

    name = "the lines"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._grid = SlotGrid(1, 0)
        self._slots: Ints = np.zeros(0, np.int64)
        self.lines: Sequence[Line] = ()

    def set_lines(self, lines: Sequence[Line], slots: Ints, grid: SlotGrid) -> None:
        self.lines, self._slots, self._grid = lines, slots, grid
        self.update()

    def extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest value in sight."""
        part = in_sight(self._slots, left, right)
        values = np.concatenate([line.values[part] for line in self.lines]) if self.lines else np.zeros(0)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else None

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Grid, zero, lines."""
        scale = self._scale_of(width, height)
        draw_grid(painter, scale, self._grid, ratio)
        if scale.bottom < 0 < scale.top:
            painter.fillRect(QRectF(0, round(scale.y(0.0)), width, max(1, round(ratio))), theme().brush("faint"))
        part = in_sight(self._slots, scale.left - 1, scale.right + 1)
        x = scale.x(self._slots[part] + 0.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line in self.lines:
            values = line.values[part]
            if np.isfinite(values).any():
                draw_line(painter, x, scale.y(values), line.pen(ratio))


def aggregate_pen(ratio: float, *, dashed: bool = False) -> QPen:
    """Cyan and bold."""
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    return QPen(theme().color("aggregate"), (1.8 if dashed else 2.5) * ratio, style, Qt.PenCapStyle.FlatCap)
