"""The list of trades: larger ones bolder and filled, those at the day's extremes inverted, liquidations marked L."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from widgets.elements.labels import Align
from widgets.elements.pausing_list import PausingList
from widgets.panes.tape.rows import SIZE_CLASSES, Classes, newer_than, size_class
from widgets.theme import format as fmt
from widgets.theme.markets import market_mark
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Ints
from workstation.readmodels.flow.tape import TapeView

_ALPHA = (0, 28, 60, 110, 200)  # background by size class
_MARKET_PX, _TIME_PX = 62, 76


class TapeCanvas(PausingList[TapeView]):
    """`new_trades` counts arrivals while paused; it is a lower bound unless `new_exact`."""

    def __init__(self) -> None:
        super().__init__(4)
        self.new_trades, self.new_exact = 0, True
        self.classes: Classes = SIZE_CLASSES

    def show_view(self, view: TapeView | None) -> None:
        if self.held is not None and view is not None and self.view is not None:
            newer = newer_than(view, self.view)
            self.new_trades += newer.trades
            self.new_exact = self.new_exact and newer.exact
        super().show_view(view)

    def resume(self) -> None:
        self.new_trades, self.new_exact = 0, True
        super().resume()

    def news(self) -> str:
        trades = "trade" if self.new_trades == 1 else "trades"
        return f"{self.new_trades}{'' if self.new_exact else '+'} new {trades}"

    def why_empty(self) -> str:
        if self.view is None:
            return "waiting for trades"
        return "no trades of this size yet" if self.view.request.minimum_usd else "no trades yet"

    def right_edges(self) -> tuple[float, float, float]:
        """Right edges of price, size and notional."""
        left = _MARKET_PX + _TIME_PX
        third = (self.width() - left - 8) / 3
        return left + third, left + 2 * third, left + 3 * third

    def draw_headings(self, painter: QPainter, view: TapeView | None) -> None:
        painter.setPen(theme().pen("muted"))
        self._small.draw(painter, "market", 20, 0, _MARKET_PX, self.row_px, Align.LEFT)
        self._small.draw(painter, "time", _MARKET_PX + 4, 0, _TIME_PX, self.row_px, Align.LEFT)
        for name, right in zip(("price", "size", "USD"), self.right_edges(), strict=True):
            self._small.draw(painter, name, right - 64, 0, 64, self.row_px)

    def draw_row(self, painter: QPainter, view: TapeView, index: int, y: float) -> None:
        look, h = theme(), self.row_px
        side, notional = int(view.side[index]), float(view.notional[index])
        role = {1: "buy", -1: "sell"}.get(side, "muted")
        size = size_class(notional, self.classes)
        if size:
            painter.fillRect(QRectF(4, y, self.width() - 4, h), look.brush(role, _ALPHA[size]))
        labels = self._bold if size >= 2 else self._plain
        market = view.markets[int(view.market[index])]
        painter.fillRect(QRectF(0, y, 3, h), look.venue_color(market.venue))
        if _mark(view.liquidation, index):
            self._draw_liquidation(painter, side, y, size)
        else:
            self.draw_side(painter, side, 12, y + h / 2, "window" if size == 4 else role)
        painter.setPen(look.pen("window" if size == 4 else "muted" if not size else "text"))
        self._small.draw(painter, market_mark(market), 20, y, _MARKET_PX - 20, h, Align.LEFT)
        self._small.draw(
            painter, fmt.clock(int(view.ts_venue_ns[index]), millis=True), _MARKET_PX + 4, y, _TIME_PX, h, Align.LEFT
        )
        ink = "window" if size == 4 else "text" if size >= 2 else role
        if _mark(view.extreme, index):
            left, right = self.right_edges()[0] - 62, self.right_edges()[0] + 3
            painter.fillRect(QRectF(left, y, right - left, h), look.brush("window" if size == 4 else role))
        texts = (
            fmt.price(float(view.price[index]), market.tick_size),
            fmt.size(float(view.size[index])),
            fmt.size(notional),
        )
        for at, (text, right) in enumerate(zip(texts, self.right_edges(), strict=True)):
            inverted = at == 0 and _mark(view.extreme, index)
            painter.setPen(look.pen((role if size == 4 else "window") if inverted else ink))
            labels.draw(painter, text, right - 84, y, 84, h)

    def _draw_liquidation(self, painter: QPainter, side: int, y: float, size: int) -> None:
        """An L in the colour of the liquidated side: a sell liquidates a long."""
        role = "liquidated_long" if side < 0 else "liquidated_short"
        if size == 4:
            painter.fillRect(QRectF(4, y, 14, self.row_px), theme().brush("window"))
        painter.setPen(theme().pen(role))
        self._bold.draw(painter, "L", 6, y, 12, self.row_px, Align.CENTER)


def _mark(marks: Ints, index: int) -> bool:
    """Whether a trade is marked; views without detail have no marks."""
    return index < len(marks) and bool(marks[index])
