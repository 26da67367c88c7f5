"""A cached picture of a chart that scrolls: what stays in sight is shifted, what comes into sight is painted."""

from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPixmap

from widgets.items.scale import Scale
from widgets.theme.theme import theme

Paint = Callable[[QPainter, QRect], None]


class ScrollCache:
    """What was painted last, opaque, in device pixels, at its scale."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._scale: Scale | None = None
        self._what: object = None

    def forget(self) -> None:
        """What it shows has changed: paint all of it the next time."""
        self._scale = None

    def show(self, painter: QPainter, scale: Scale, what: object, paint: Paint) -> None:
        """Blit the picture of `what` at this scale; `paint` is asked for what is missing, and clipped to it."""
        parts = self._shift(scale, what)
        self._scale = None  # until all of it is there
        if parts:
            self._paint(parts, paint)
        self._scale, self._what = scale, what
        painter.drawPixmap(0, 0, self._pixmap)

    def _paint(self, parts: list[QRect], paint: Paint) -> None:
        painter = QPainter(self._pixmap)
        try:
            for part in parts:
                painter.setClipRect(part)
                painter.fillRect(part, theme().brush("pane"))
                paint(painter, part)
        finally:
            painter.end()

    def _shift(self, scale: Scale, what: object) -> list[QRect]:
        """Shift what is still valid and return the rectangles that are missing."""
        whole = QRect(0, 0, round(scale.width), round(scale.height))
        moved = None if self._scale is None or what != self._what else scale.moved_from(self._scale)
        if self._pixmap.size() != whole.size():
            self._pixmap, moved = QPixmap(whole.size()), None
        if moved is None or 2 * abs(moved[0]) > whole.width() or 2 * abs(moved[1]) > whole.height():
            return [whole]
        right, down = moved
        if right or down:
            self._pixmap.scroll(right, down, whole)
        return _uncovered(whole, right, down)


def _uncovered(whole: QRect, right: int, down: int) -> list[QRect]:
    """The bands at the edges that come into sight when a picture moves by so many pixels."""
    width, height = whole.width(), whole.height()
    beside = QRect(0 if right > 0 else width + right, 0, abs(right), height)
    above = QRect(0, 0 if down > 0 else height + down, width, abs(down))
    return [band for band in (beside, above) if not band.isEmpty()]
