"""The list of prints, painted newest first. Scrolled away from the top it stands still and counts what is new."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets import format as fmt
from widgets.labels import Align, Labels
from widgets.markets import market_mark, row_height
from widgets.paint_guard import paints
from widgets.panes.tape_rows import SIZE_CLASSES, Classes, newer_than, size_class
from widgets.theme import theme
from workstation.readmodels import Ints, TapeView

_ALPHA = (0, 28, 60, 110, 200)  # background by size class
_MARKET_PX, _TIME_PX = 62, 76


class TapeCanvas(QWidget):
    """`held` is the view that stands still while paused, else None."""

    pause_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.view: TapeView | None = None
        self.held: TapeView | None = None
        self.new_prints, self.new_exact = 0, True
        self.offset = 0
        self.classes: Classes = SIZE_CLASSES
        self._wheel = 0
        look = theme()
        self._plain, self._bold, self._small = (
            Labels(look.font()),
            Labels(look.font(bold=True)),
            Labels(look.font(small=True)),
        )
        self._row_px = row_height()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, self._row_px * 4)

    def show_view(self, view: TapeView | None) -> None:
        """Take the newest prints; while paused they are only counted."""
        if self.held is not None and view is not None and self.view is not None:
            newer = newer_than(view, self.view)
            self.new_prints += newer.prints
            self.new_exact = self.new_exact and newer.exact
        if view is None:
            self.resume()
        self.view = view
        self.update()

    def resume(self) -> None:
        """Back to the newest print."""
        was, self.held = self.held, None
        self.offset, self.new_prints, self.new_exact = 0, 0, True
        self.update()
        if was is not None:
            self.pause_changed.emit(False)

    def scroll_rows(self, rows: int) -> None:
        """Scroll towards older prints (positive) or newer; leaving the top pauses, reaching it again resumes."""
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
        """What the paused list says over its first row; empty while it runs."""
        if self.held is None:
            return ""
        prints = "print" if self.new_prints == 1 else "prints"
        return f"paused, {self.new_prints}{'' if self.new_exact else '+'} new {prints} - click to resume"

    def visible_rows(self) -> int:
        """How many prints fit."""
        return max(1, self.height() // self._row_px - 1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel += event.angleDelta().y()
        notches = int(self._wheel / 120)
        self._wheel -= notches * 120
        if notches:
            self.scroll_rows(-3 * notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        on_banner = event.position().y() < 2 * self._row_px
        if self.held is not None and (on_banner or event.button() is Qt.MouseButton.MiddleButton):
            self.resume()
        else:
            super().mousePressEvent(event)

    # --- painting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("pane"))
        self._draw_headings(painter)
        view = self.held or self.view
        if view is None or not len(view.price):
            painter.setPen(theme().pen("muted"))
            self._plain.draw(painter, self._why_empty(), 0, 0, self.width(), self.height(), Align.CENTER)
            return
        first = self._row_px * (2 if self.held is not None else 1)
        rows = (self.height() - first) // self._row_px
        for index in range(self.offset, min(self.offset + rows, len(view.price))):
            self._draw_print(painter, view, index, first + (index - self.offset) * self._row_px)
        if self.held is not None:
            self._draw_banner(painter)

    def _why_empty(self) -> str:
        if self.view is None:
            return "waiting for prints"
        return "no prints of this size yet" if self.view.request.minimum_usd else "no prints yet"

    def _edges(self) -> tuple[float, float, float]:
        """Right edges of price, size and notional."""
        left = _MARKET_PX + _TIME_PX
        third = (self.width() - left - 8) / 3
        return left + third, left + 2 * third, left + 3 * third

    def _draw_headings(self, painter: QPainter) -> None:
        painter.setPen(theme().pen("muted"))
        self._small.draw(painter, "market", 20, 0, _MARKET_PX, self._row_px, Align.LEFT)
        self._small.draw(painter, "time", _MARKET_PX + 4, 0, _TIME_PX, self._row_px, Align.LEFT)
        for name, right in zip(("price", "size", "USD"), self._edges(), strict=True):
            self._small.draw(painter, name, right - 64, 0, 64, self._row_px)
        painter.setPen(theme().pen("hairline"))
        painter.drawLine(0, self._row_px - 1, self.width(), self._row_px - 1)

    def _draw_print(self, painter: QPainter, view: TapeView, index: int, y: float) -> None:
        look, h = theme(), self._row_px
        side, notional = int(view.side[index]), float(view.notional[index])
        role = {1: "buy", -1: "sell"}.get(side, "muted")
        size = size_class(notional, self.classes)
        if size:
            painter.fillRect(QRectF(4, y, self.width() - 4, h), look.brush(role, _ALPHA[size]))
        labels = self._bold if size >= 2 else self._plain
        market = view.markets[int(view.market[index])]
        painter.fillRect(QRectF(0, y, 3, h), look.venue_color(market.venue))
        if _mark(view.forced, index):
            self._draw_forced(painter, side, y, size)
        else:
            self._draw_side(painter, side, 12, y + h / 2, "window" if size == 4 else role)
        painter.setPen(look.pen("window" if size == 4 else "muted" if not size else "text"))
        self._small.draw(painter, market_mark(market), 20, y, _MARKET_PX - 20, h, Align.LEFT)
        self._small.draw(
            painter, fmt.clock(int(view.ts_venue_ns[index]), millis=True), _MARKET_PX + 4, y, _TIME_PX, h, Align.LEFT
        )
        ink = "window" if size == 4 else "text" if size >= 2 else role
        if _mark(view.extreme, index):
            left, right = self._edges()[0] - 62, self._edges()[0] + 3
            painter.fillRect(QRectF(left, y, right - left, h), look.brush("window" if size == 4 else role))
        texts = (
            fmt.price(float(view.price[index]), market.tick_size),
            fmt.size(float(view.size[index])),
            fmt.size(notional),
        )
        for at, (text, right) in enumerate(zip(texts, self._edges(), strict=True)):
            inverted = at == 0 and _mark(view.extreme, index)
            painter.setPen(look.pen((role if size == 4 else "window") if inverted else ink))
            labels.draw(painter, text, right - 84, y, 84, h)

    def _draw_forced(self, painter: QPainter, side: int, y: float, size: int) -> None:
        """The letter of a liquidation in the colour of the position that ended."""
        role = "liquidated_long" if side < 0 else "liquidated_short"
        if size == 4:
            painter.fillRect(QRectF(4, y, 14, self._row_px), theme().brush("window"))
        painter.setPen(theme().pen(role))
        self._bold.draw(painter, "L", 6, y, 12, self._row_px, Align.CENTER)

    def _draw_side(self, painter: QPainter, side: int, x: float, middle: float, role: str) -> None:
        """Up for a buyer, down for a seller, a dash for unknown: the side without its colour."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush(role))
        if side == 0:
            painter.drawRect(QRectF(x - 3, middle - 0.5, 6, 1))
            return
        tip, base = middle - 3.5 * side, middle + 2.5 * side
        painter.drawPolygon(QPolygonF([QPointF(x - 4, base), QPointF(x + 4, base), QPointF(x, tip)]))

    def _draw_banner(self, painter: QPainter) -> None:
        look, strip = theme(), QRectF(0, self._row_px, self.width(), self._row_px)
        painter.fillRect(strip, look.brush("focus"))
        painter.setPen(look.pen("window"))
        self._bold.draw(painter, self.banner(), 4, strip.y(), strip.width() - 8, strip.height(), Align.CENTER)


def _mark(marks: Ints, index: int) -> bool:
    """Whether a print has a mark; views without detail have none."""
    return index < len(marks) and bool(marks[index])
