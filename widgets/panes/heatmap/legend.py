"""The colour bar of the heatmap, with two handles that set its thresholds."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.elements.labels import Align, Labels
from widgets.items.paint_guard import paints
from widgets.panes.heatmap.colors import STEPS, Pixels, Range, pixels_of, ramp
from widgets.theme import format as text_of
from widgets.theme.theme import theme

_EDGE, _BAR_TOP, _BAR_PX = 8, 2, 12
_LEAST_RATIO = 1.5  # of the peak to the low threshold


class HeatLegend(QWidget):
    """A colour bar, bids in the upper half, asks in the lower. `chosen` carries a Range, or None for automatic."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.range: Range | None = None
        self.automatic = True
        self._span = Range(0.001, 1.0)
        self._unit = ""
        self._dragged: int | None = None
        self._bar: tuple[object, QImage, Pixels] | None = None
        self._labels = Labels(theme().font(small=True))
        self.setFixedHeight(30)
        self.setMinimumWidth(140)
        self.setMaximumWidth(420)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setToolTip(
            "Sizes below the left handle are not drawn, those above the right handle are brightest. "
            "Drag a handle; double-click for automatic (median to 99.5th percentile of the sizes shown)"
        )

    def show_range(self, wanted: Range | None, span: Range | None, unit: str, *, automatic: bool) -> None:
        """Show thresholds on an axis over `span`, the range of the sizes; `unit` is the coin."""
        if self._dragged is not None:
            return
        before = self.range, self._span, self._unit, self.automatic
        self.range, self._unit, self.automatic = wanted, unit, automatic
        if span is not None and wanted is not None:
            self._span = Range(min(span.low, wanted.low), max(span.peak, wanted.peak))
        if before != (self.range, self._span, self._unit, self.automatic):
            self.update()

    def labels(self) -> tuple[str, str]:
        if self.range is None:
            return "", ""
        low, peak = (text_of.size(size) for size in self.range)
        return f"from {low}", f"{peak} {self._unit}{' auto' if self.automatic else ''}"

    def x_of(self, size: float) -> float:
        return _EDGE + self._span.share(size) * (self.width() - 2 * _EDGE)

    def size_of(self, x: float) -> float:
        share = min(max((x - _EDGE) / max(self.width() - 2 * _EDGE, 1), 0.0), 1.0)
        low, peak = self._span
        return low * math.exp(share * math.log(peak / low))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.range is not None:
            x = event.position().x()
            away = [abs(self.x_of(size) - x) for size in self.range]
            self._dragged = 0 if away[0] < away[1] or (away[0] == away[1] and x < self.x_of(self.range.low)) else 1
            self._drag_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._drag_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._dragged = None
        self.chosen.emit(None)

    def _drag_to(self, x: float) -> None:
        assert self.range is not None
        size, (low, peak) = self.size_of(x), self.range
        if self._dragged == 0:
            moved = Range(min(size, peak / _LEAST_RATIO), peak)
        else:
            moved = Range(low, max(size, low * _LEAST_RATIO))
        if moved != self.range:
            self.range, self.automatic = moved, False
            self.update()
            self.chosen.emit(moved)

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        width = self.width() - 2 * _EDGE
        if self.range is None or width < 2:
            return
        painter.drawImage(QRectF(_EDGE, _BAR_TOP, width, _BAR_PX), self._image(width))
        look = theme()
        painter.setPen(look.pen("hairline"))
        painter.drawRect(QRectF(_EDGE - 0.5, _BAR_TOP - 0.5, width + 1, _BAR_PX + 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush("text"))
        for size in self.range:
            painter.drawPolygon(_handle(self.x_of(size)))
        self._write(painter)

    def _write(self, painter: QPainter) -> None:
        """Draw the labels under their handles, moved apart where they would overlap."""
        painter.setPen(theme().pen("muted"))
        assert self.range is not None
        labels, y = self.labels(), _BAR_TOP + _BAR_PX + 2
        widths = [self._labels.width(label) for label in labels]
        left = min(max(self.x_of(self.range.low) - widths[0] / 2, 2), self.width() - sum(widths) - 12)
        right = min(max(self.x_of(self.range.peak) - widths[1] / 2, left + widths[0] + 8), self.width() - widths[1] - 2)
        for label, x, width in zip(labels, (left, right), widths, strict=True):
            self._labels.draw(painter, label, x, y, width + 1, self.height() - y, Align.LEFT)

    def _image(self, width: int) -> QImage:
        """The bar's image: one pixel column per size, bids above asks."""
        key = (self.range, self._span, width)
        if self._bar is None or self._bar[0] != key:
            assert self.range is not None
            low, peak = self._span
            sizes = low * (peak / low) ** (np.arange(width) / max(width - 1, 1))
            share = np.log(sizes / self.range.low) / math.log(self.range.peak / self.range.low)
            step = (np.clip(share, 0.0, 1.0) * (STEPS - 1)).astype(np.int64)
            ground = np.uint32(theme().color("pane").rgba())
            rows = [np.where(share < 0, ground, pixels_of(ramp(side))[step]) for side in ("bid", "ask")]
            pixels = np.ascontiguousarray(np.stack(rows).astype(np.uint32))
            self._bar = key, QImage(pixels.data, width, 2, 4 * width, QImage.Format.Format_RGB32), pixels
        return self._bar[1]


def _handle(x: float) -> QPolygonF:
    top, bottom = _BAR_TOP - 2, _BAR_TOP + _BAR_PX + 2
    return QPolygonF([QPointF(x - 2, top), QPointF(x + 2, top), QPointF(x + 2, bottom), QPointF(x - 2, bottom)])
