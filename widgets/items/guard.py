"""The base of our items: painting in device pixels, and a net under every paint.

pyqtgraph and Qt crash the process when `paint` raises. A guarded item reports once, then shows the message instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from widgets.theme import theme

_log = logging.getLogger(__name__)


class PaintGuard:
    """Runs paint code; after the first exception only its message is painted, until `reset`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.failure = ""

    def reset(self) -> None:
        """Try again from the next paint on."""
        self.failure = ""

    def run(self, painter: QPainter, rect: QRectF, paint: Callable[[], None]) -> None:
        """Paint, or say why not."""
        if not self.failure:
            painter.save()
            try:
                paint()
            except Exception as error:  # noqa: BLE001 - one of the four edges: raising in paint ends the process
                self.failure = f"{self._name} cannot be drawn: {type(error).__name__}: {error}"
                _log.error("painting of %s failed", self._name, exc_info=True)
            painter.restore()
        if self.failure:
            painter.setPen(theme().pen("error"))
            painter.setFont(theme().font())
            painter.drawText(
                rect.adjusted(8, 8, -8, -8), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.failure
            )


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
        """The host's rectangle."""
        return self._rect

    @property
    def failure(self) -> str:
        """Why nothing is painted any more; empty while all is well."""
        return self._guard.failure

    def retry(self) -> None:
        """Forget a failure."""
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
