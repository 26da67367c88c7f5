"""The painted lines over the ladder: spread, weighted mid and OBI with its history; then OBI by market."""

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtGui import QHelpEvent, QPainter, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.elements.labels import Align, Labels
from widgets.items.bulk import RectBatch
from widgets.items.paint_guard import paints
from widgets.theme import format as fmt
from widgets.theme.markets import book_state, chosen_markets, market_mark, market_name, row_height
from widgets.theme.theme import theme
from workstation.readmodels.flow.ladder import LadderView, VenueImbalance
from workstation.readmodels.markets import Freshness

_CHIP = 92
_MARK = 44  # room of a market's mark


def imbalance_text(value: float | None) -> str:
    """An imbalance with sign and two decimals; an en dash where there is none."""
    return fmt.fixed(value, 2)


def imbalance_role(value: float | None) -> str:
    """The colour role of an imbalance: bids heavier, asks heavier, or neither."""
    return "muted" if value is None or math.isnan(value) else fmt.tone(imbalance_text(value))


class LadderSummary(QWidget):
    """Shows figures of a LadderView; those of a lost or resyncing book are blank."""

    def __init__(self) -> None:
        super().__init__()
        self.view: LadderView | None = None
        look = theme()
        self._plain, self._bold, self._small = (
            Labels(look.font()),
            Labels(look.font(bold=True)),
            Labels(look.font(small=True)),
        )
        self._line = row_height() + 2
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    def show_view(self, view: LadderView | None) -> None:
        self.view = view
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def chip_at(self, position: QPointF) -> VenueImbalance | None:
        """The market chip under a point."""
        line = int(position.y() // self._line) - 1
        column = int(position.x() // self._chip_width())
        index = line * self._columns() + column
        chips = self.view.imbalances if self.view is not None else ()
        return chips[index] if line >= 0 and column < self._columns() and index < len(chips) else None

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            chip = self.chip_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), _explained(chip, self.view) if chip else "", self)
            return True
        return super().event(event)

    def _columns(self) -> int:
        return max(1, self.width() // _CHIP)

    def _chip_width(self) -> float:
        return self.width() / self._columns()

    def _fit(self) -> None:
        chips = len(self.view.imbalances) if self.view is not None else 0
        height = self._line * (1 + math.ceil(chips / self._columns()))
        if height != self.minimumHeight():
            self.setFixedHeight(height)

    # --- painting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("pane"))
        if self.view is None:
            return
        left = self._draw_quote(painter, self.view)
        self._draw_history(painter, self.view, left)
        for index, chip in enumerate(self.view.imbalances):
            self._draw_chip(painter, index, chip)

    def _draw_quote(self, painter: QPainter, view: LadderView) -> float:
        freshness = book_state(chosen_markets(view.markets, view.request.market, view.request.markets)).freshness
        shown, live = freshness in _SHOWN, freshness is Freshness.LIVE
        tick = view.row_size
        spread = _spread(view) if shown else None
        imbalance = view.imbalance if shown else None
        x = 4.0
        name, value = spread_text(spread, tick)
        x = self._pair(painter, x, name, value, "stale" if not live else "gap" if name == "crossed" else "text")
        x = self._pair(
            painter, x, "weighted mid", _mid(view.weighted_mid if shown else None, tick), "text" if live else "stale"
        )
        return self._pair(painter, x, "OBI", imbalance_text(imbalance), imbalance_role(imbalance) if live else "stale")

    def _pair(self, painter: QPainter, x: float, name: str, value: str, role: str) -> float:
        """A muted name and its value; returns where the next one starts."""
        painter.setPen(theme().pen("muted"))
        width = self._small.width(name)
        self._small.draw(painter, name, x, 0, width + 1, self._line, Align.LEFT)
        painter.setPen(theme().pen(role))
        x += width + 4
        self._bold.draw(painter, value, x, 0, self._bold.width(value) + 1, self._line, Align.LEFT)
        return x + self._bold.width(value) + 10

    def _draw_history(self, painter: QPainter, view: LadderView, left: float) -> None:
        """OBI once a second, newest at the right edge, filled from zero; blank where there was no book."""
        strip = QRectF(left, 2, self.width() - left - 4, self._line - 4)
        history = view.imbalance_history[-int(max(strip.width(), 0)) :]
        if strip.width() < 16:
            return
        look, middle = theme(), strip.center().y()
        painter.fillRect(strip, look.brush("window"))
        if len(history):
            known = np.flatnonzero(np.nan_to_num(history) != 0.0)
            x = strip.right() - len(history) + known
            y = middle - np.clip(history[known], -1, 1) * strip.height() / 2
            rects = np.stack((x, np.minimum(y, middle), np.ones(len(x)), np.abs(y - middle)), axis=1)
            bars = RectBatch((look.brush("buy"), look.brush("sell")))
            bars.fill(rects, (history[known] < 0).astype(np.int64))
            bars.draw(painter)
        painter.setPen(look.pen("faint"))
        painter.drawLine(QPointF(strip.left(), middle), QPointF(strip.right(), middle))

    def _draw_chip(self, painter: QPainter, index: int, chip: VenueImbalance) -> None:
        look, width = theme(), self._chip_width()
        x, y = index % self._columns() * width, self._line * (1 + index // self._columns())
        live, shown = chip.market.book is Freshness.LIVE, chip.market.book in _SHOWN
        color = look.venue_color(chip.market.venue) if live else look.color("stale")
        painter.fillRect(QRectF(x + 4, y + 4, 2, self._line - 8), color)
        painter.setPen(look.pen("muted"))
        mark = market_mark(chip.market)
        self._small.draw(painter, mark, x + 9, y, width - 44, self._line, Align.LEFT)
        value = chip.imbalance if shown else None
        painter.setPen(look.pen(imbalance_role(value) if live else "stale"))
        right = x + min(width - 8, 9 + _MARK + 34)
        self._plain.draw(painter, imbalance_text(value), right - 34, y, 34, self._line)
        if live and not chip.reaches_band:
            self._draw_cut(painter, right, y)

    def _draw_cut(self, painter: QPainter, right: float, y: float) -> None:
        """A small flag right of the number: the visible book ends inside the band."""
        top = y + 4
        painter.setPen(theme().pen("gap", 0))
        painter.setBrush(theme().brush("gap"))
        painter.drawPolygon(QPolygonF([QPointF(right + 1, top), QPointF(right + 6, top), QPointF(right + 6, top + 5)]))


_SHOWN = (Freshness.LIVE, Freshness.STALE)


def _spread(view: LadderView) -> float | None:
    if view.best_bid is None or view.best_ask is None:
        return None
    return view.best_ask - view.best_bid


def spread_text(value: float | None, tick: float) -> tuple[str, str]:
    """Label and text of a spread, with an extra decimal below half a tick; summed books may be crossed."""
    if value is None:
        return "spread", fmt.NO_DATA
    step = tick if abs(value) >= tick / 2 else tick / 10
    return "crossed" if value < 0 else "spread", fmt.price(abs(value), step)


def _mid(value: float | None, tick: float) -> str:
    return fmt.price(value, tick / 10)


def _explained(chip: VenueImbalance, view: LadderView | None) -> str:
    band = f"±{view.request.band * 100:g} %" if view is not None else "the band"
    market = chip.market
    lines = [market_name(market), f"OBI within {band} of mid: {imbalance_text(chip.imbalance)}"]
    if chip.weight:
        lines.append(f"weight {chip.weight * 100:.0f} %: its share of 5 minutes' taker volume")
    if market.book is not Freshness.LIVE:
        lines.append(f"book {market.book}" + (f": {market.reason}" if market.reason else ""))
    elif not chip.reaches_band:
        lines.append(f"visible book ends within {band}")
    return "\n".join(lines)
