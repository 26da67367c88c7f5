"""A painted list, newest first. Scrolled away from the top it pauses and counts new rows."""

from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.elements.labels import Align, Labels
from widgets.items.paint_guard import paints
from widgets.theme.markets import row_height
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats


class PricedRows(Protocol):
    """Rows of a list, one price each."""

    @property
    def price(self) -> Floats:
        """Newest first."""


Listed = TypeVar("Listed", bound=PricedRows)


class PausingList(QWidget, Generic[Listed]):
    """`held` is the view shown while paused, else None.

    Subclasses draw the headings and rows and supply the texts for new rows and for an empty list.
    """

    pause_changed = Signal(bool)

    def __init__(self, fewest_rows: int) -> None:
        super().__init__()
        self.view: Listed | None = None
        self.held: Listed | None = None
        self.offset = 0
        self._wheel = 0
        look = theme()
        self._plain, self._bold = Labels(look.font()), Labels(look.font(bold=True))
        self._small = Labels(look.font(small=True))
        self.row_px = row_height()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, self.row_px * fewest_rows)

    def news(self) -> str:
        """How many rows arrived while the list was paused, as a text."""
        raise NotImplementedError

    def why_empty(self) -> str:
        """The reason for an empty list, as a text."""
        raise NotImplementedError

    def draw_headings(self, painter: QPainter, view: Listed | None) -> None:
        """Draw the column names in the first row."""
        raise NotImplementedError

    def draw_row(self, painter: QPainter, view: Listed, index: int, y: float) -> None:
        """Draw one row whose top edge is `y`."""
        raise NotImplementedError

    def show_view(self, view: Listed | None) -> None:
        """Show a view; while paused its new rows are only counted."""
        if view is None:
            self.resume()
        self.view = view
        self.update()

    def resume(self) -> None:
        """Back to the newest row."""
        was, self.held, self.offset = self.held, None, 0
        self.update()
        if was is not None:
            self.pause_changed.emit(False)

    def scroll_rows(self, rows: int) -> None:
        """Scroll towards older rows (positive) or newer; leaving the top pauses, reaching it again resumes."""
        shown = self.held or self.view
        if shown is None:
            return
        last = max(0, len(shown.price) - self.visible_rows())
        self.offset = max(0, min(self.offset + rows, last))
        if self.offset == 0:
            self.resume()
        elif self.held is None:
            self.held = shown
            self.pause_changed.emit(True)
        self.update()

    def banner(self) -> str:
        """The text over the first row while paused; empty otherwise."""
        return f"paused, {self.news()} - click to resume" if self.held is not None else ""

    def visible_rows(self) -> int:
        """How many whole rows fit."""
        return max(1, self.height() // self.row_px - 1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel += event.angleDelta().y()
        notches = int(self._wheel / 120)
        self._wheel -= notches * 120
        if notches:
            self.scroll_rows(-3 * notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        on_banner = event.position().y() < 2 * self.row_px
        if self.held is not None and (on_banner or event.button() is Qt.MouseButton.MiddleButton):
            self.resume()
        else:
            super().mousePressEvent(event)

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("pane"))
        view = self.held or self.view
        self.draw_headings(painter, view)
        painter.setPen(theme().pen("hairline"))
        painter.drawLine(0, self.row_px - 1, self.width(), self.row_px - 1)
        if view is None or not len(view.price):
            painter.setPen(theme().pen("muted"))
            self._plain.draw(painter, self.why_empty(), 4, 0, self.width() - 8, self.height(), Align.CENTER)
            return
        first = self.row_px * (2 if self.held is not None else 1)
        rows = -(-(self.height() - first) // self.row_px)
        for index in range(self.offset, min(self.offset + rows, len(view.price))):
            self.draw_row(painter, view, index, first + (index - self.offset) * self.row_px)
        if self.held is not None:
            self._draw_banner(painter)

    def draw_side(self, painter: QPainter, side: int, x: float, middle: float, role: str) -> None:
        """Up for bought, down for sold, a dash for unknown: the side without its colour."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush(role))
        if side == 0:
            painter.drawRect(QRectF(x - 3, middle - 0.5, 6, 1))
            return
        tip, base = middle - 3.5 * side, middle + 2.5 * side
        painter.drawPolygon(QPolygonF([QPointF(x - 4, base), QPointF(x + 4, base), QPointF(x, tip)]))

    def _draw_banner(self, painter: QPainter) -> None:
        look, strip = theme(), QRectF(0, self.row_px, self.width(), self.row_px)
        painter.fillRect(strip, look.brush("focus"))
        painter.setPen(look.pen("window"))
        self._bold.draw(painter, self.banner(), 4, strip.y(), strip.width() - 8, strip.height(), Align.CENTER)
