"""Sparklines of the pressure table, cached until their values change."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPolygonF

from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.universe.pressure import PressureView

SIGNED = "score trail"
_DEPTH = 25.0  # the smallest range of a score's sparkline, in points either side of zero
_X, _Y = 3, 2


class Sparklines:
    """Draws sparklines: the score's is centred on zero, the price's fills its cell."""

    def __init__(self) -> None:
        self._view: PressureView | None = None
        self._lines: dict[tuple[str, int, int], QPolygonF | None] = {}

    def follow(self, view: PressureView) -> None:
        """Use the sparklines of a view; cached lines stay if the values are the same as before."""
        if view is self._view:
            return
        before, self._view = self._view, view
        if before is None or not (
            _equal(before.price_sparkline, view.price_sparkline)
            and _equal(before.score_sparkline, view.score_sparkline)
        ):
            self._lines.clear()

    def draw(self, painter: QPainter, rect: QRectF, name: str, coin: int, role: str) -> bool:
        """Draw a coin's sparkline into its cell; False if fewer than two points are known."""
        key = (name, coin, round(rect.width()))
        if key not in self._lines:
            self._lines[key] = self._line(name, coin, rect.width() - 2 * _X, rect.height() - 2 * _Y)
        line = self._lines[key]
        if line is None:
            return False
        painter.save()
        painter.translate(rect.topLeft())
        if name == SIGNED:
            middle = round(rect.height() / 2)
            painter.fillRect(QRectF(_X, middle, rect.width() - 2 * _X, 1), theme().brush("hairline"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().pen(role))
        painter.drawPolyline(line)
        painter.restore()
        return True

    def _line(self, name: str, coin: int, width: float, height: float) -> QPolygonF | None:
        view = self._view
        assert view is not None
        values = (view.score_sparkline if name == SIGNED else view.price_sparkline)[coin]
        known = np.flatnonzero(~np.isnan(values))
        if len(known) < 2:
            return None
        heights = values[known]
        low, high = float(heights.min()), float(heights.max())
        if name == SIGNED:
            high = max(_DEPTH, -low, high)
            low = -high
        share = (heights - low) / (high - low) if high > low else np.full(len(heights), 0.5)
        x, y = _X + width * known / (len(values) - 1), _Y + height * (1 - share)
        return QPolygonF([QPointF(px, py) for px, py in zip(x.tolist(), y.tolist(), strict=True)])


def _equal(one: Floats, other: Floats) -> bool:
    return one is other or (one.shape == other.shape and np.array_equal(one, other, equal_nan=True))
