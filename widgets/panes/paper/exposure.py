"""Positions of the paper book by coin as bars, with each coin's result after costs."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.items.paint_guard import paints
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.universe.paper import CoinResult

ROW_PX = 16
_NAME_PX, _RESULT_PX, _SIZE_PX = 54, 54, 48
_STALE_NS = 20_000_000_000
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_END = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PaperExposure(QWidget):
    """Longs to the right of the middle, shorts to the left; coins without a position come last. The wheel scrolls.

    `first` is the index of the coin in the top row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.coins: tuple[CoinResult, ...] = ()
        self.first = 0
        self.setMinimumSize(170, 48)
        self.setAccessibleName("Exposure by coin")

    def show_coins(self, coins: tuple[CoinResult, ...]) -> None:
        self.coins = coins
        self._scroll(0)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll by three rows a notch."""
        self._scroll(-3 if event.angleDelta().y() > 0 else 3)

    @property
    def visible_rows(self) -> int:
        """How many coins fit."""
        return max((self.height() - ROW_PX) // ROW_PX, 1)

    def _scroll(self, rows: int) -> None:
        first = max(min(self.first + rows, len(self.coins) - self.visible_rows), 0)
        if first != self.first:
            self.first = first
            self.update()

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look = theme()
        painter.fillRect(self.rect(), look.brush("pane"))
        painter.setFont(look.font(small=True))
        if not self.coins:
            painter.setPen(look.pen("faint"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no positions yet")
            return
        painter.setPen(look.pen("faint"))
        head = QRectF(4, 0, self.width() - 8, ROW_PX)
        shown = self.coins[self.first : self.first + self.visible_rows]
        below = len(self.coins) - self.first - len(shown)
        painter.drawText(head, _LEFT, "short \N{EN DASH} long USD" + (f", {below} more below" if below else ""))
        painter.drawText(head, _END, "result")
        most = max(abs(one.notional) for one in self.coins)
        for row, coin in enumerate(shown):
            self._draw(painter, coin, (row + 1) * ROW_PX, most)

    def _draw(self, painter: QPainter, coin: CoinResult, top: float, most: float) -> None:
        look, held = theme(), coin.notional != 0
        painter.setPen(look.pen("text" if held else "faint"))
        painter.drawText(QRectF(4, top, _NAME_PX, ROW_PX), _LEFT, coin.base)
        left, right = 4 + _NAME_PX, self.width() - 4 - _RESULT_PX
        middle, half = (left + right) / 2, max((right - left) / 2 - 2, 4)
        if held and most > 0:
            role = "stale" if coin.stale_ns > _STALE_NS else "buy" if coin.notional > 0 else "sell"
            length = half * abs(coin.notional) / most
            start = middle if coin.notional > 0 else middle - length
            painter.fillRect(QRectF(start, top + 3, length, ROW_PX - 6), look.brush(role, 170))
            text = text_of.signed(coin.notional)
            if coin.notional > 0:  # the number is on the side without the bar
                painter.drawText(QRectF(middle - 4 - _SIZE_PX, top, _SIZE_PX, ROW_PX), _END, text)
            else:
                painter.drawText(QRectF(middle + 4, top, _SIZE_PX, ROW_PX), _LEFT, text)
        painter.setPen(look.pen("hairline"))
        painter.drawLine(round(middle), round(top), round(middle), round(top + ROW_PX))
        painter.setPen(look.pen("buy" if coin.total > 0 else "sell" if coin.total < 0 else "muted"))
        painter.drawText(QRectF(right, top, _RESULT_PX, ROW_PX), _END, text_of.signed(coin.total))
