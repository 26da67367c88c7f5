"""The list of forced orders, newest first. Scrolled away from the top it stands still and counts what is new."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets import format as fmt
from widgets.labels import Align, Labels
from widgets.markets import listed_mark, row_height
from widgets.paint_guard import paints
from widgets.panes.liquidations_rows import LATE_NS, newer_than, tier
from widgets.theme import theme
from workstation.readmodels import ForcedMarket, LiquidationsView

ROLES = {1: "liquidated_long", -1: "liquidated_short"}
_ALPHA = (0, 26, 52, 96, 215)  # background by tier
_MARKET_PX, _TIME_PX, _SIDE_PX, _BASE_PX = 60, 54, 46, 58


class LiquidationsCanvas(QWidget):
    """`held` is the view that stands still while paused, else None."""

    pause_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.view: LiquidationsView | None = None
        self.held: LiquidationsView | None = None
        self.offset = 0
        self._wheel = 0
        look = theme()
        self._plain, self._bold = Labels(look.font()), Labels(look.font(bold=True))
        self._small = Labels(look.font(small=True))
        self._row_px = row_height()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, self._row_px * 3)

    def show_view(self, view: LiquidationsView | None) -> None:
        """Take the newest orders; while paused they are only counted."""
        if view is None:
            self.resume()
        self.view = view
        self.update()

    def resume(self) -> None:
        """Back to the newest order."""
        was, self.held, self.offset = self.held, None, 0
        self.update()
        if was is not None:
            self.pause_changed.emit(False)

    def scroll_rows(self, rows: int) -> None:
        """Scroll towards older orders (positive) or newer; leaving the top pauses, reaching it again resumes."""
        shown = self.held or self.view
        if shown is None:
            return
        last = max(0, len(shown.price) - max(1, self.height() // self._row_px - 2))
        self.offset = max(0, min(self.offset + rows, last))
        if self.offset == 0:
            self.resume()
        elif self.held is None:
            self.held = shown
            self.pause_changed.emit(True)
        self.update()

    def banner(self) -> str:
        """What the paused list says over its first row; empty while it runs."""
        if self.held is None or self.view is None:
            return ""
        count, exact = newer_than(self.view, self.held)
        return f"paused, {count}{'' if exact else '+'} new - click to resume"

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
        view = self.held or self.view
        self._draw_headings(painter, view)
        if view is None or not len(view.price):
            painter.setPen(theme().pen("muted"))
            self._plain.draw(painter, self._why_empty(), 4, 0, self.width() - 8, self.height(), Align.CENTER)
            return
        first = self._row_px * (2 if self.held is not None else 1)
        rows = -(-(self.height() - first) // self._row_px)
        for index in range(self.offset, min(self.offset + rows, len(view.price))):
            self._draw_order(painter, view, index, first + (index - self.offset) * self._row_px)
        if self.held is not None:
            self._draw_banner(painter)

    def _why_empty(self) -> str:
        view = self.view
        if view is None:
            return "waiting for liquidations"
        if all(not source.coverage.in_real_time for source in view.sources):
            return "no venue here tells of liquidations in real time"
        if not any(source.told for source in view.sources):
            return "no venue has told of a liquidation yet"
        narrowed = view.request.minimum_usd or view.request.position or view.request.markets.venues is not None
        return "none that pass the filters yet" if narrowed else "none yet"

    def _lefts(self, everything: bool) -> tuple[float, float, float]:
        """Left edges of the base (of no width for one base), the side and the numbers."""
        base = _MARKET_PX + _TIME_PX
        side = base + (_BASE_PX if everything else 0)
        return base, side, side + _SIDE_PX

    def _numbers(self, everything: bool) -> tuple[tuple[str, float, float], ...]:
        """The columns of numbers with their left and right edges; the size gives way where there is no room."""
        left = self._lefts(everything)[2]
        room = self.width() - left - 8
        shares = {"price": 0.42, "size": 0.29, "USD": 0.29} if room >= 178 else {"price": 0.6, "USD": 0.4}
        edges = left + room * np.cumsum([0.0, *shares.values()])
        return tuple(zip(shares, edges[:-1].tolist(), edges[1:].tolist(), strict=True))

    def _draw_headings(self, painter: QPainter, view: LiquidationsView | None) -> None:
        everything = view is not None and not view.request.base
        base, side, _ = self._lefts(everything)
        painter.setPen(theme().pen("muted"))
        self._small.draw(painter, "market", 8, 0, _MARKET_PX, self._row_px, Align.LEFT)
        self._small.draw(painter, "UTC", _MARKET_PX + 4, 0, _TIME_PX, self._row_px, Align.LEFT)
        if everything:
            self._small.draw(painter, "base", base, 0, _BASE_PX, self._row_px, Align.LEFT)
        self._small.draw(painter, "ended", side, 0, _SIDE_PX, self._row_px, Align.LEFT)
        for name, left, right in self._numbers(everything):
            self._small.draw(painter, name, left, 0, right - left, self._row_px)
        painter.setPen(theme().pen("hairline"))
        painter.drawLine(0, self._row_px - 1, self.width(), self._row_px - 1)

    def _draw_order(self, painter: QPainter, view: LiquidationsView, index: int, y: float) -> None:
        look, h = theme(), self._row_px
        position, notional = int(view.position[index]), float(view.notional[index])
        role, step, market = ROLES[position], tier(notional), view.listed[int(view.market[index])]
        if step:
            painter.fillRect(QRectF(4, y, self.width() - 4, h), look.brush(role, _ALPHA[step]))
        labels = self._bold if step >= 2 else self._plain
        ink, quiet = ("window", "window") if step == 4 else ("text" if step else role, "text" if step else "muted")
        painter.fillRect(QRectF(0, y, 3, h), look.venue_color(market.venue))
        everything = not view.request.base
        base, side, _ = self._lefts(everything)
        painter.setPen(look.pen(quiet))
        self._small.draw(painter, listed_mark(market.venue, market.kind), 8, y, _MARKET_PX - 8, h, Align.LEFT)
        self._draw_time(painter, view, index, y, quiet)
        if everything:
            labels.draw(painter, market.base, base, y, _BASE_PX - 6, h, Align.LEFT)
        self._draw_side(painter, position, side + 4, y + h / 2, "window" if step == 4 else role)
        painter.setPen(look.pen("window" if step == 4 else role))
        labels.draw(painter, "long" if position > 0 else "short", side + 12, y, _SIDE_PX - 14, h, Align.LEFT)
        painter.setPen(look.pen(ink))
        texts = self._texts(view, index, market, notional)
        for name, left, right in self._numbers(everything):
            labels.draw(painter, texts[name], left + 2, y, right - left - 2, h)

    def _texts(self, view: LiquidationsView, index: int, market: ForcedMarket, notional: float) -> dict[str, str]:
        return {
            "price": fmt.price(float(view.price[index]), market.tick_size),
            "size": fmt.size(float(view.size[index])),
            "USD": fmt.size(notional),
        }

    def _draw_time(self, painter: QPainter, view: LiquidationsView, index: int, y: float, role: str) -> None:
        """One told late is in the colour of gaps: it is where it came in, not where it was."""
        late = view.ts_recv_ns[index] - view.ts_venue_ns[index] > LATE_NS
        painter.setPen(theme().pen("gap" if late and role != "window" else role))
        clock = fmt.clock(int(view.ts_venue_ns[index]))
        self._small.draw(painter, clock, _MARKET_PX + 4, y, _TIME_PX, self._row_px, Align.LEFT)

    def _draw_side(self, painter: QPainter, position: int, x: float, middle: float, role: str) -> None:
        """Down for a long that was sold, up for a short that was bought: the side without its colour."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush(role))
        tip, base = middle + 3.5 * position, middle - 2.5 * position
        painter.drawPolygon(QPolygonF([QPointF(x - 4, base), QPointF(x + 4, base), QPointF(x, tip)]))

    def _draw_banner(self, painter: QPainter) -> None:
        look, strip = theme(), QRectF(0, self._row_px, self.width(), self._row_px)
        painter.fillRect(strip, look.brush("focus"))
        painter.setPen(look.pen("window"))
        self._bold.draw(painter, self.banner(), 4, strip.y(), strip.width() - 8, strip.height(), Align.CENTER)
