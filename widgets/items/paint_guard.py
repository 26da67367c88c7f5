"""An exception while painting is logged once and shown in place; it never leaves a paint, where Qt ends the process."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.theme.theme import theme

log = logging.getLogger(__name__)


class PaintGuard:
    """Runs paint code; after the first exception only its message is painted, until `reset`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._logged = ""
        self.failure = ""

    def reset(self) -> None:
        """Try again from the next paint on."""
        self.failure = ""

    def run(self, painter: QPainter, rect: QRectF, paint: Callable[[], None]) -> None:
        """Paint, or show the error. The painter's state is restored."""
        if not self.failure:
            painter.save()
            try:
                paint()
            except Exception as error:  # noqa: BLE001 - one of the four edges: raising in paint ends the process
                self._note(error)
            painter.restore()
        if self.failure:
            painter.save()
            painter.setPen(theme().pen("error"))
            painter.setFont(theme().font())
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(rect.adjusted(8, 8, -8, -8), wrapped, self.failure)
            painter.restore()

    def _note(self, error: Exception) -> None:
        self.failure = f"{self._name} cannot be drawn: {type(error).__name__}: {error}"
        if self.failure != self._logged:
            self._logged = self.failure
            log.error("painting of %s failed", self._name, exc_info=error)


def paint_failure(widget: QWidget) -> str:
    """Why the last painting of a widget with a `paints` event failed, empty if it did not.

    Raises:
        KeyError: the widget was never painted.
    """
    guard: PaintGuard = vars(widget)["_paint_guard"]
    return guard.failure


def paints(draw: Callable[[Any, QPainter], None]) -> Callable[[Any, QPaintEvent], None]:
    """Turn `draw(self, painter)` of a widget into its guarded `paintEvent`, which tries again at every paint."""

    @wraps(draw)
    def paintEvent(self: Any, event: QPaintEvent) -> None:
        guard = self.__dict__.setdefault("_paint_guard", PaintGuard(type(self).__name__))
        guard.reset()
        painter = QPainter(self)
        try:
            guard.run(painter, QRectF(self.rect()), lambda: draw(self, painter))
        finally:
            painter.end()

    return paintEvent
