"""The market-wide summary under the pressure table: strongest, weakest, spread, breadth, stress, bias, medians."""

import math
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.elements.labels import Align, Labels
from widgets.items.paint_guard import paints
from widgets.panes.pressure.columns import signed_text
from widgets.theme import format as fmt
from widgets.theme.markets import row_height
from widgets.theme.theme import CELL, theme
from workstation.readmodels.universe.pressure import PressureView, band

_GAP = 14


class SummaryItem(NamedTuple):
    """A caption, its number and the role of its colour; `coin` is opened by a click, empty for none."""

    caption: str
    text: str
    role: str = "text"
    coin: str = ""


_HELD = SummaryItem("", "order fixed under the pointer", "gap")


def summary_items(view: PressureView) -> list[SummaryItem]:
    line, symbols, score = view.summary, view.universe.symbols, view.flow.score
    found: list[SummaryItem] = []
    for caption, coin, role in (("strongest", line.strongest, "buy"), ("weakest", line.weakest, "sell")):
        if coin < 0:
            found.append(SummaryItem(caption, fmt.NO_DATA, "faint"))
        else:
            found.append(
                SummaryItem(caption, f"{symbols[coin]} {signed_text(float(score[coin]))}", role, symbols[coin])
            )
    takers = int((~np.isnan(view.flow.values[0])).sum())
    known = line.long + line.short + line.neutral
    found += [
        SummaryItem("spread", fmt.NO_DATA if math.isnan(line.spread) else f"{line.spread:.2f} z"),
        SummaryItem("breadth", fmt.NO_DATA if math.isnan(line.breadth) else f"{line.breadth:.0%} of {takers} bought"),
        SummaryItem("stress", fmt.NO_DATA if math.isnan(line.stress) else f"{line.stress:.0f} {band(line.stress)}"),
        SummaryItem("long", str(line.long) if known else fmt.NO_DATA, "buy"),
        SummaryItem("short", str(line.short) if known else fmt.NO_DATA, "sell"),
        SummaryItem("neutral", str(line.neutral) if known else fmt.NO_DATA, "muted"),
    ]
    return found + _medians(view)


def _medians(view: PressureView) -> list[SummaryItem]:
    """The medians over all coins, against which flow scores are measured."""
    taker, funding, liquidations, book = (float(one) for one in view.flow.median)
    texts = {
        "median taker": fmt.percent(taker, 1),
        "funding": fmt.percent(funding, 4),
        "liq": signed_text(liquidations),
        "book": signed_text(book),
    }
    return [SummaryItem(caption, text, fmt.tone(text, "text")) for caption, text in texts.items()]


class PressureSummary(QWidget):
    """Wraps into as many lines as needed. `held`: the row order is fixed while the pointer is over the rows."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.held = False
        self.items: list[SummaryItem] = []
        self._captions, self._numbers = Labels(theme().font(small=True)), Labels(theme().font())
        self.coin_boxes: list[tuple[QRectF, str]] = []
        self._row_px = row_height()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "By flow score: strongest, weakest, the spread between them. Breadth: share of coins whose takers bought"
            " more than they sold. Stress: mean pressure score. Number of coins by bias. Medians over all coins: moves"
            " of the whole market, which flow scores leave out."
        )
        self.setFixedHeight(self._row_px + CELL)

    def show_view(self, view: PressureView | None, *, held: bool = False) -> None:
        """Show the summary of a view; None shows nothing."""
        items = [] if view is None else summary_items(view)
        if items != self.items or held != self.held:
            self.items, self.held = items, held
            self._fit()
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def _shown(self) -> list[SummaryItem]:
        return [*self.items, _HELD] if self.held else self.items

    def _fit(self) -> None:
        """Reserve room for the hint about the fixed order, so that the table does not move when it appears."""
        lines = 1 + max(line for _, _, line in self._places([*self.items, _HELD]))
        height = lines * self._row_px + CELL
        if height != self.height():
            self.setFixedHeight(height)

    def _places(self, items: list[SummaryItem]) -> list[tuple[SummaryItem, float, int]]:
        found: list[tuple[SummaryItem, float, int]] = []
        x, line = float(CELL), 0
        for item in items:
            width = self._width(item)
            if x > CELL and x + width > self.width() - CELL:
                x, line = float(CELL), line + 1
            found.append((item, x, line))
            x += width + _GAP
        return found

    def _width(self, item: SummaryItem) -> float:
        caption = self._captions.width(item.caption) + 4 if item.caption else 0.0
        return caption + self._numbers.width(item.text)

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look = theme()
        painter.fillRect(self.rect(), look.brush("pane"))
        painter.setPen(look.pen("hairline"))
        painter.drawLine(0, 0, self.width(), 0)
        self.coin_boxes = []
        for item, x, line in self._places(self._shown()):
            y, width = 2.0 + line * self._row_px, self._width(item)
            if item.coin:
                self.coin_boxes.append((QRectF(x, y, width, self._row_px), item.coin))
            if item.caption:
                painter.setPen(look.pen("muted"))
                self._captions.draw(painter, item.caption, x, y, width, self._row_px, Align.LEFT)
            painter.setPen(look.pen(item.role))
            self._numbers.draw(painter, item.text, x, y, width + 1, self._row_px)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for box, coin in self.coin_boxes:
            if box.contains(event.position()) and event.button() is Qt.MouseButton.LeftButton:
                self.chosen.emit(coin)
                return
        super().mousePressEvent(event)
