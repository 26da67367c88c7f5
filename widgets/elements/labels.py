"""Text for painted rows: every distinct string is laid out once per font and then only blitted."""

from enum import Enum

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

_CACHED = 4000


class Align(Enum):
    """Where a label sits in its cell."""

    LEFT = 0.0
    CENTER = 0.5
    RIGHT = 1.0


class Labels:
    """The labels of one font. Too many distinct ones and all are forgotten, which only costs laying them out again."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self._metrics = QFontMetricsF(font)
        self.height = self._metrics.height()
        self._texts: dict[str, tuple[QStaticText, float]] = {}

    def width(self, text: str) -> float:
        """How wide a text is, in pixels."""
        return self._label(text)[1]

    def draw(
        self, painter: QPainter, text: str, x: float, y: float, width: float, height: float, align: Align = Align.RIGHT
    ) -> None:
        """Draw in the cell with the painter's pen, centred vertically; a text that does not fit ends in an ellipsis."""
        label, taken = self._label(text)
        if taken > width:
            label, taken = self._label(self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width))
        painter.setFont(self.font)
        left = x + (width - taken) * align.value
        painter.drawStaticText(QPointF(left, y + (height - self.height) / 2), label)

    def _label(self, text: str) -> tuple[QStaticText, float]:
        found = self._texts.get(text)
        if found is None:
            if len(self._texts) >= _CACHED:
                self._texts.clear()
            label = QStaticText(text)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            label.prepare(font=self.font)
            found = self._texts[text] = (label, self._metrics.horizontalAdvance(text))
        return found
