"""The volume profile, at the side of a chart or in a span of it: sells and buys by row, POC, value area, nodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.bands import scaled_font
from widgets.items.bulk import RectBatch
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Ints
from workstation.readmodels.flow.profile import ProfileView

SHARE = 0.16  # of the width of the chart, for the largest row
SPAN_SHARE = 0.7  # of the width of a span
_INSIDE, _OUTSIDE = 150, 70  # alpha of rows in and out of the value area
_OVER_CELLS = 0.5  # of those, where the profile lies over the bars it sums


class ProfileItem(PixelItem):
    """Paints a ProfileView over the right part of the plot, or from the left edge of its span to the right; what is
    behind stays readable.
    """

    name = "the volume profile"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=20)
        self._scale_of = scale_of
        self._view: ProfileView | None = None
        self._span: tuple[float, float] | None = None
        look = theme()
        shares = [(role, alpha) for alpha in (_OUTSIDE, _INSIDE) for role in ("sell", "buy")]
        self._at_side = RectBatch([look.brush(role, alpha) for role, alpha in shares])
        self._over_cells = RectBatch([look.brush(role, round(alpha * _OVER_CELLS)) for role, alpha in shares])

    @property
    def view(self) -> ProfileView | None:
        """What is shown."""
        return self._view

    def set_view(self, view: ProfileView | None, span: tuple[float, float] | None = None) -> None:
        """Show another profile, at the side or in a span of slots; None hides it."""
        if view is not self._view or span != self._span:
            self._view, self._span = view, span
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Rows, then the lines and their names."""
        view = self._view
        if view is None or not len(view.buy):
            return
        scale = self._scale_of(width, height)
        left, right = self._edges(scale)
        if right < 0 or left > width:
            return
        if self._span is not None:
            painter.fillRect(QRectF(left, 0, right - left, height), theme().brush("focus", 16))
        batch = self._at_side if self._span is None else self._over_cells
        batch.fill(*self._rows(view, scale))
        batch.draw(painter)
        self._draw_nodes(painter, view, scale, ratio)
        lines = (
            ("VAH", view.value_high_row + 1.0, "muted"),
            ("VAL", float(view.value_low_row), "muted"),
            ("POC", view.poc_row + 0.5, "poc"),
        )
        painter.setFont(scaled_font(theme().font(small=True), ratio))
        for name, row, role in lines:
            self._draw_line(painter, name, scale.y(row * view.request.row_size), role, (left, right), ratio)

    def _edges(self, scale: Scale) -> tuple[float, float]:
        """Pixels from where to where the profile lies."""
        if self._span is None:
            return round(scale.width * (1 - SHARE)), scale.width
        left, right = self._span
        return round(scale.x(left)), round(scale.x(right))

    def _rows(self, view: ProfileView, scale: Scale) -> tuple[np.ndarray, Ints]:
        row = view.first_row + np.arange(len(view.buy))
        size = view.request.row_size
        top, bottom = np.round(scale.y((row + 1) * size)), np.round(scale.y(row * size))
        seen = (bottom > 0) & (top < scale.height)
        row, top, bottom, buy, sell = row[seen], top[seen], bottom[seen], view.buy[seen], view.sell[seen]
        left, right = self._edges(scale)
        room = (right - left) * (1.0 if self._span is None else SPAN_SHARE)
        unit = room / max(float((view.buy + view.sell).max()), 1e-300)
        bought, both = np.round(buy * unit), np.round((buy + sell) * unit)
        tall = np.maximum(bottom - top - (1.0 if size * scale.unit >= 4 else 0.0), 1.0)
        sold_from = right - both if self._span is None else np.full(len(row), float(left))
        sells = np.stack((sold_from, top, both - bought, tall), axis=1)
        buys = np.stack((sold_from + both - bought, top, bought, tall), axis=1)
        inside = ((row >= view.value_low_row) & (row <= view.value_high_row)).astype(np.int64) * 2
        return np.concatenate((sells, buys)), np.concatenate((inside, inside + 1))

    def _draw_nodes(self, painter: QPainter, view: ProfileView, scale: Scale, ratio: float) -> None:
        """High-volume nodes as full dots at the edge, low-volume nodes as hollow ones."""
        size, radius = view.request.row_size, 2.5 * ratio
        left, right = self._edges(scale)
        x = right - 2 * radius - 2 if self._span is None else left + 2
        painter.setPen(theme().pen("text"))
        for rows, brush in ((view.high_nodes, theme().brush("text")), (view.low_nodes, theme().brush("pane"))):
            painter.setBrush(brush)
            for y in scale.y((rows + 0.5) * size).tolist():
                painter.drawEllipse(QRectF(x, y - radius, 2 * radius, 2 * radius))

    def _draw_line(
        self, painter: QPainter, name: str, y: float, role: str, edges: tuple[float, float], ratio: float
    ) -> None:
        (left, right), line = edges, max(1, round(ratio))
        outside = round(28 * ratio) if self._span is None else 0
        painter.fillRect(QRectF(left - outside, round(y), right - left + outside, line), theme().brush(role, 200))
        painter.setPen(theme().pen(role))
        x = left - outside if self._span is None else right - 28 * ratio
        box = QRectF(x, round(y) - 14 * ratio, 26 * ratio, 13 * ratio)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, name)
