"""CVD lines: one of every market, thin and in its venue's colour, and the aggregates over them. NaN breaks a line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from feeds.instrument import MarketKind
from widgets.items.bands import draw_gaps, draw_grid
from widgets.items.bulk import draw_line
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale, SlotGrid
from widgets.theme import theme
from workstation.readmodels import CvdLine, CvdView, Floats, Ints

_DAY_NS = 86_400_000_000_000
_STYLE = {
    MarketKind.LINEAR: Qt.PenStyle.SolidLine,
    MarketKind.INVERSE: Qt.PenStyle.DotLine,
    MarketKind.SPOT: Qt.PenStyle.DashLine,
}


def pen_of(line: CvdLine, ratio: float = 1.0) -> QPen:
    """Aggregates cyan and bold, spot dashed; markets thin in their venue's colour, inverse dotted."""
    if line.venue is None:
        style = Qt.PenStyle.SolidLine if line.perp else Qt.PenStyle.DashLine
        cap = Qt.PenCapStyle.RoundCap if line.perp else Qt.PenCapStyle.FlatCap
        return QPen(theme().color("aggregate"), (2.5 if line.perp else 1.5) * ratio, style, cap)
    kind = line.kind or (MarketKind.LINEAR if line.perp else MarketKind.SPOT)
    return QPen(theme().venue_color(line.venue), ratio, _STYLE[kind], Qt.PenCapStyle.FlatCap)


def all_lines(view: CvdView) -> list[CvdLine]:
    """Back to front: markets, spot aggregate, perp aggregate."""
    return [*view.lines, *(line for line in (view.spot, view.perp) if line is not None)]


class CvdItem(PixelItem):
    """Paints grid, gaps, the zero line and the lines in sight."""

    name = "the CVD chart"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=10)
        self._scale_of = scale_of
        self._grid = SlotGrid(1, 0)
        self._view: CvdView | None = None
        self._slots: Ints = np.zeros(0, np.int64)

    def set_view(self, view: CvdView | None, slots: Ints, grid: SlotGrid) -> None:
        """Show other lines; `slots` are those of the bars that the values close."""
        self._view, self._slots, self._grid = view, slots, grid
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Back to front."""
        scale = self._scale_of(width, height)
        draw_grid(painter, scale, self._grid, ratio)
        zero = round(scale.y(0.0))
        painter.fillRect(QRectF(0, zero, width, max(1, round(ratio))), theme().brush("faint"))
        if self._view is None:
            return
        draw_gaps(painter, self._view.gaps, scale, self._grid, ratio)
        part = in_sight(self._slots, scale.left - 1, scale.right + 1)
        resets = 1 + np.flatnonzero(np.diff(self._view.bar_start_ns[part] // _DAY_NS))
        x = np.insert(scale.x(self._slots[part] + 0.5), resets, np.nan)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line in all_lines(self._view):
            pen = pen_of(line, ratio)
            values = np.insert(line.values[part], resets, np.nan)  # a new day begins at 0: no line leads there
            if np.isfinite(values).any():
                _draw_line(painter, x, scale.y(values), pen)


def in_sight(slots: Ints, left: float, right: float) -> slice:
    """The values between two slots."""
    return slice(int(np.searchsorted(slots, np.floor(left))), int(np.searchsorted(slots, right, side="right")))


def _draw_line(painter: QPainter, x: Floats, y: Floats, pen: QPen) -> None:
    """The line, and a dot for every value that stands alone between breaks."""
    draw_line(painter, x, y, pen)
    known = np.pad(np.isfinite(y), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    for index in np.flatnonzero(alone):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pen.color())
        painter.drawEllipse(QPointF(x[index], y[index]), pen.widthF() + 1, pen.widthF() + 1)
