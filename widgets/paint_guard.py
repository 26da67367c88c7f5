"""An exception while painting is logged once and shown in place; it never leaves `paintEvent`, where Qt would abort."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPaintEvent

from widgets.theme import theme

log = logging.getLogger(__name__)
_seen: set[tuple[str, type[Exception], str]] = set()


def guarded(draw: Callable[..., None]) -> Callable[..., None]:
    """Guard a graphics item's `paint(self, painter, ...)`: a failure becomes one log line and a message in place."""

    @wraps(draw)
    def paint(self: Any, painter: QPainter, *rest: Any) -> None:
        painter.save()
        try:
            draw(self, painter, *rest)
        except Exception as error:
            if _first(draw, error):
                log.exception("cannot draw %s", type(self).__name__)
            _show(painter, error)
        finally:
            painter.restore()

    return paint


def paints(draw: Callable[[Any, QPainter], None]) -> Callable[[Any, QPaintEvent], None]:
    """Turn `draw(self, painter)` of a widget into its guarded `paintEvent`; the painter is always ended."""
    safe = guarded(draw)

    @wraps(draw)
    def paintEvent(self: Any, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            safe(self, painter)
        finally:
            painter.end()

    return paintEvent


def _first(draw: Callable[..., None], error: Exception) -> bool:
    key = (draw.__qualname__, type(error), str(error))
    fresh = key not in _seen
    _seen.add(key)
    return fresh


def _show(painter: QPainter, error: Exception) -> None:
    painter.resetTransform()
    painter.setPen(theme().pen("error"))
    painter.drawText(QPointF(8, 16), f"cannot draw: {type(error).__name__}, see the log")
