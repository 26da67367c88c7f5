"""A line of coloured texts: legends and readouts. Its height is fixed, and a text that does not fit is elided."""

from typing import NamedTuple

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.items.paint_guard import paints
from widgets.theme.theme import theme

LINE_PX = 16
_AIR_PX = 8.0


class Span(NamedTuple):
    """A text in a colour of the theme (a role) or of a venue; `stroke` draws a sample of a chart's line before it."""

    text: str
    color: str | QColor = "text"
    bold: bool = False
    stroke: QPen | None = None


class SpanLine(QWidget):
    """One line, or up to `lines`. Texts that do not fit end in an ellipsis; the tooltip has all of them."""

    def __init__(self, parent: QWidget | None = None, *, lines: int = 1) -> None:
        super().__init__(parent)
        self._spans: tuple[Span, ...] = ()
        self._lines = lines
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(LINE_PX)

    @property
    def text(self) -> str:
        """All texts, for tests and for copying."""
        return "  ".join(span.text for span in self._spans)

    def set_spans(self, spans: tuple[Span, ...]) -> None:
        if spans != self._spans:
            self._spans = spans
            self.setToolTip(self.text)
            self._fit()
            self.update()

    def resizeEvent(self, event: object) -> None:
        """Another width may need another number of lines."""
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(100, self.height())

    def _fit(self) -> None:
        if self._lines > 1:
            placed = self._place()
            self.setFixedHeight(LINE_PX * (1 + max((row for _, row, _ in placed), default=0)))

    def _place(self) -> list[tuple[float, int, Span]]:
        """Left edge and line of each text; the last that fits may be an ellipsis."""
        x, row, placed = _AIR_PX, 0, []
        limit = self.width() - _AIR_PX
        for span in self._spans:
            width = self._width(span)
            if x + width > limit and row + 1 < self._lines and x > _AIR_PX:
                x, row = _AIR_PX, row + 1
            if x + width > limit:
                room = limit - x - (width - _metrics(span).horizontalAdvance(span.text))
                cut = _metrics(span).elidedText(span.text, Qt.TextElideMode.ElideRight, max(room, 0.0))
                if cut:
                    placed.append((x, row, span._replace(text=cut)))
                break
            placed.append((x, row, span))
            x += width + _AIR_PX
        return placed

    def _width(self, span: Span) -> float:
        return _metrics(span).horizontalAdvance(span.text) + (20.0 if span.stroke is not None else 0.0)

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        for x, row, span in self._place():
            middle = row * LINE_PX + LINE_PX / 2
            if span.stroke is not None:
                painter.setPen(span.stroke)
                painter.drawLine(QPointF(x, middle), QPointF(x + 15, middle))
                x += 20
            painter.setFont(theme().font(small=True, bold=span.bold))
            painter.setPen(theme().color(span.color) if isinstance(span.color, str) else span.color)
            metrics = _metrics(span)
            painter.drawText(QPointF(x, round(middle + metrics.capHeight() / 2)), span.text)


def _metrics(span: Span) -> QFontMetricsF:
    return QFontMetricsF(theme().font(small=True, bold=span.bold))
