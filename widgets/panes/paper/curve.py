"""The equity curve of the paper book, with its drawdown below."""

from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QWidget

from widgets.items.bulk import draw_line
from widgets.items.paint_guard import paints
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.universe.paper import PaperView

_RIGHT_PX, _FOOT_PX, _LINE_PX = 60, 16, 14
_BREAK_NS = 150_000_000_000  # the curve has a point a minute; it breaks where more is missing
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_END = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PaperCurve(QWidget):
    """`pointed` carries the index of the point under the pointer, -1 for none."""

    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.view: PaperView | None = None
        self.hovered = -1
        self._falls: Floats = np.zeros(0)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 80)

    def show_view(self, view: PaperView | None) -> None:
        """Show a view; None or a view without a curve shows why it is empty."""
        self.view = view if view is not None and len(view.ts_ns) else None
        if self.view is not None:
            high = np.maximum.accumulate(np.concatenate(([self.view.settings.capital], self.view.equity)))[1:]
            self._falls = 1 - self.view.equity / high
            self.hovered = min(self.hovered, len(self.view.ts_ns) - 1)
        self.update()

    def fall(self, at: int) -> float:
        """The drawdown at a point, a fraction of the highest equity before it, 0 or more."""
        return float(self._falls[at])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.view is not None:
            x = self._x(self.view.ts_ns)
            self._hover(int(np.argmin(abs(x - event.position().x()))))

    def leaveEvent(self, event: object) -> None:
        self._hover(-1)

    def _hover(self, at: int) -> None:
        if at != self.hovered:
            self.hovered = at
            self.pointed.emit(at)
            self.update()

    def _areas(self) -> tuple[QRectF, QRectF]:
        """The plots of the equity and of the drawdown, in pixels."""
        width, height = max(self.width() - _RIGHT_PX, 1), max(self.height() - _FOOT_PX - 4, 1)
        upper = round(height * 0.7)
        return QRectF(4, 4, width, upper), QRectF(4, upper + 8, width, max(height - upper - 8, 1))

    def _x(self, ts_ns: Ints) -> Floats:
        area = self._areas()[0]
        span = max(int(ts_ns[-1] - ts_ns[0]), 1)
        return np.asarray(area.left() + (ts_ns - ts_ns[0]) / span * area.width())

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        """Paint both curves, reduced to what the width can show."""
        painter.fillRect(self.rect(), theme().brush("pane"))
        painter.setFont(theme().font(small=True))
        if self.view is None:
            painter.setPen(theme().pen("faint"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no equity yet")
            return
        upper, lower = self._areas()
        x, shown = self._x(self.view.ts_ns), self.drawn_points()
        self._draw_equity(painter, upper, x[shown], shown)
        self._draw_falls(painter, lower, x[shown], shown)
        self._draw_times(painter, lower)
        if 0 <= self.hovered < len(x):
            painter.setPen(theme().pen("muted"))
            painter.drawLine(QPointF(x[self.hovered], upper.top()), QPointF(x[self.hovered], lower.bottom()))

    def drawn_points(self) -> Ints:
        """Indices of the points to draw: all, or the lowest and highest of each pixel, so that no drawdown is lost."""
        assert self.view is not None
        count, wide = len(self.view.ts_ns), max(self.width(), 1)
        if count <= 2 * wide:
            return np.arange(count)
        edges = np.linspace(0, count, wide + 1).astype(int)
        equity = self.view.equity
        places = {0, count - 1}
        for first, after in pairwise(edges.tolist()):
            places |= {first + int(equity[first:after].argmin()), first + int(equity[first:after].argmax())}
        return np.array(sorted(places))

    def _draw_equity(self, painter: QPainter, area: QRectF, x: Floats, shown: Ints) -> None:
        assert self.view is not None
        look, capital = theme(), self.view.settings.capital
        values, times = self.view.equity[shown], self.view.ts_ns[shown]
        low, high = min(float(values.min()), capital), max(float(values.max()), capital)
        low, high = (low, high) if high > low else (low - 1, high + 1)
        base = area.bottom() - (capital - low) / (high - low) * area.height()
        painter.setPen(look.pen("hairline"))
        painter.drawLine(QPointF(area.left(), base), QPointF(area.right(), base))
        y = area.bottom() - (values - low) / (high - low) * area.height()
        x, y = _broken(x, y, times, len(shown) == len(self.view.ts_ns))
        draw_line(painter, x, y, look.pen("aggregate", 2.0))
        painter.setPen(look.pen("muted"))
        last = area.bottom() - (values[-1] - low) / (high - low) * area.height()
        for value, at in _apart(((float(values[-1]), last), (high, area.top() + 4), (low, area.bottom() - 4))):
            painter.setPen(look.pen("text" if value == values[-1] else "muted"))
            painter.drawText(QRectF(area.right() + 4, at - 7, _RIGHT_PX - 4, 14), _LEFT, _money(value))

    def _draw_falls(self, painter: QPainter, area: QRectF, x: Floats, shown: Ints) -> None:
        look, falls = theme(), self._falls[shown]
        worst = max(float(self._falls.max()), 1e-9)
        y = area.top() + falls / worst * area.height()
        points = [QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush("sell", 110))
        painter.drawPolygon(QPolygonF([QPointF(x[0], area.top()), *points, QPointF(x[-1], area.top())]))
        painter.setPen(look.pen("hairline"))
        painter.drawLine(area.topLeft(), area.topRight())
        painter.setPen(look.pen("muted"))
        text = text_of.percent(-float(self._falls.max())) if self._falls.max() > 0 else "0%"
        painter.drawText(QRectF(area.right() + 4, area.bottom() - 14, _RIGHT_PX - 4, 14), _LEFT, text)

    def _draw_times(self, painter: QPainter, area: QRectF) -> None:
        assert self.view is not None
        first, last = int(self.view.ts_ns[0]), int(self.view.ts_ns[-1])
        long = last - first > 20 * 3_600_000_000_000
        name = text_of.date_clock if long and area.width() > 280 else text_of.day if long else text_of.clock
        foot = QRectF(area.left(), area.bottom() + 2, area.width(), _FOOT_PX - 2)
        painter.setPen(theme().pen("faint"))
        painter.drawText(foot, _LEFT, name(first))
        painter.drawText(foot, _END, name(last))
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, "drawdown" if area.width() > 200 else "")


def _money(value: float) -> str:
    return text_of.money(value, 0) if abs(value) < 9_999_999 else text_of.size(value)


def _broken(x: Floats, y: Floats, times: Ints, whole: bool) -> tuple[Floats, Floats]:
    """The line with a NaN wherever minutes are missing."""
    holes = np.flatnonzero(np.diff(times) > _BREAK_NS) + 1 if whole else np.zeros(0, dtype=np.int64)
    return np.insert(x, holes, np.nan), np.insert(y, holes, np.nan)


def _apart(labels: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """The (value, y) labels that do not overlap an earlier one."""
    placed: list[tuple[float, float]] = []
    for label in labels:
        if all(abs(label[1] - other[1]) >= _LINE_PX for other in placed):
            placed.append(label)
    return placed
