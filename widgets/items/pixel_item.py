"""The base of our items: painting in device pixels, with a net under every paint."""

from typing import Any, Protocol

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from widgets.items.paint_guard import PaintGuard
from widgets.items.scale import Scale


class PixelItem(pg.GraphicsObject):  # type: ignore[misc]
    """Covers a ViewBox (or another graphics widget) and paints on it in device pixels."""

    name = "this item"

    def __init__(self, host: QGraphicsItem, z: float = 0.0) -> None:
        super().__init__()
        self._guard = PaintGuard(self.name)
        self._rect = QRectF()
        self.setParentItem(host)
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_rect(self, rect: QRectF) -> None:
        """The host's rectangle changed."""
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = QRectF(rect)

    def boundingRect(self) -> QRectF:
        return self._rect

    @property
    def failure(self) -> str:
        """Why nothing is painted any more; empty while all is well."""
        return self._guard.failure

    def retry(self) -> None:
        self._guard.reset()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Guarded; the work is in `draw`."""
        if self._rect.width() < 2 or self._rect.height() < 2:
            return
        ratio = painter.device().devicePixelRatioF()
        self._guard.run(painter, self._rect, lambda: self._draw_scaled(painter, ratio))

    def _draw_scaled(self, painter: QPainter, ratio: float) -> None:
        whole = QTransform.fromTranslate(self._rect.x(), self._rect.y()) * painter.worldTransform()
        snapped = QTransform.fromTranslate(round(whole.dx() * ratio) / ratio, round(whole.dy() * ratio) / ratio)
        painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio) * snapped)
        width, height = round(self._rect.width() * ratio), round(self._rect.height() * ratio)
        painter.setClipRect(0, 0, width, height, Qt.ClipOperation.IntersectClip)
        self.draw(painter, width, height, ratio)

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Paint on a canvas of `width` x `height` device pixels."""
        raise NotImplementedError


class Plot(Protocol):
    """A chart as its items see it."""

    box: Any
    """The graphics item that they cover."""

    def scale_of(self, width: float, height: float) -> Scale:
        """The visible range on a canvas of this many device pixels."""


class ChartItem(PixelItem):
    """Covers a plot and paints in its slots and values."""

    layer = 10.0  # items of a higher one are painted over it

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot.box, self.layer)
        self._scale_of = plot.scale_of
