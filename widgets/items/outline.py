"""A recording's outline in a strip: volume bars, the price over them, liquidations, gaps, setups, bookmarks."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from widgets.theme.setups import SETUP_ROLES
from widgets.theme.theme import theme
from workstation.readmodels.session.library import Bookmark, Outline, SetupMark
from workstation.readmodels.session.setups import SetupState

_MARK_PX = 6
_COLUMN_PX = 2
_ACTIVE = (SetupState.ARMED, SetupState.CONFIRMED)
_Numbers = npt.NDArray[np.float64]


def draw_outline(painter: QPainter, area: QRectF, outline: Outline, span: tuple[int, int] | None = None) -> None:
    """Fill the area with a span of the outline (ns), or all of it. A recording without trades has nothing to draw."""
    start_ns, end_ns = span or (outline.start_ns, outline.end_ns)
    columns = _Columns(outline, start_ns, end_ns, max(int(area.width() / _COLUMN_PX), 1))
    _draw_gaps(painter, area, outline.gaps, start_ns, end_ns)
    _draw_bars(painter, area, columns.sums(outline.volume_usd), "faint", 0.6)
    _draw_bars(painter, area, columns.sums(outline.long_usd), "liquidated_long", 0.9)
    _draw_bars(painter, area, columns.sums(outline.short_usd), "liquidated_short", 0.9)
    _draw_price(painter, area, columns.prices(outline.price))


class _Columns:
    """The buckets of an outline within a span, joined so that there are at most `most` of them."""

    def __init__(self, outline: Outline, start_ns: int, end_ns: int, most: int) -> None:
        count, whole = len(outline.price), max(outline.end_ns - outline.start_ns, 1)
        first, last = ((ts_ns - outline.start_ns) / whole * count for ts_ns in (start_ns, end_ns))
        self._first, self._last, self._length = first, last, max(last - first, 1e-9)
        self._from = min(max(int(first), 0), max(count - 1, 0))
        self._to = min(max(int(np.ceil(last)), self._from), count)
        self._joined = max(-(-(self._to - self._from) // most), 1)
        self._from -= self._from % self._joined  # the same buckets are joined wherever the span begins

    def sums(self, values: tuple[float, ...]) -> tuple[_Numbers, _Numbers]:
        """Edges of the columns as shares of the span, and the sum in each."""
        part = np.asarray(values[self._from : self._to], np.float64)
        starts = np.arange(0, len(part), self._joined)
        edges = np.append(starts, len(part)) if len(part) else starts
        return self._shares(edges), np.add.reduceat(part, starts) if len(part) else part

    def prices(self, prices: tuple[float | None, ...]) -> tuple[_Numbers, _Numbers]:
        """Middles of the columns as shares of the span, and the last price of each; without those before a trade."""
        part = np.array(prices[self._from : self._to], np.float64)
        starts = np.arange(0, len(part), self._joined)
        found = part[np.minimum(starts + self._joined, len(part)) - 1]
        known = ~np.isnan(found)
        return self._shares(starts + self._joined / 2)[known], found[known]

    def _shares(self, buckets: npt.ArrayLike) -> _Numbers:
        return (np.asarray(buckets, np.float64) + (self._from - self._first)) / self._length


def draw_bookmarks(painter: QPainter, area: QRectF, marks: Iterable[Bookmark], x_of: Callable[[int], float]) -> None:
    """A flag at the top edge for each."""
    painter.setPen(theme().pen("focus"))
    for mark in marks:
        x = round(x_of(mark.ts_ns)) + 0.5
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.fillRect(QRectF(x, area.top(), 5, 5), theme().brush("focus"))


def draw_setups(painter: QPainter, area: QRectF, setups: Iterable[SetupMark], x_of: Callable[[int], float]) -> None:
    """A hollow triangle at the bottom for a long setup, at the top for a short one; a tick for one that is over."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark in sorted(setups, key=lambda one: one.state in _ACTIVE):
        painter.setPen(theme().pen(SETUP_ROLES[mark.state]))
        x = round(x_of(mark.ts_ns)) + 0.5
        edge = round(area.bottom() if mark.direction > 0 else area.top()) + 0.5
        tip = edge - mark.direction * _MARK_PX
        if mark.state in _ACTIVE:
            half = _MARK_PX / 2
            painter.drawPolygon(QPolygonF([QPointF(x, tip), QPointF(x - half, edge), QPointF(x + half, edge)]))
        else:
            painter.drawLine(QPointF(x, edge), QPointF(x, edge - mark.direction * _MARK_PX / 2))


def _draw_gaps(painter: QPainter, area: QRectF, gaps: Iterable[tuple[int, int]], start_ns: int, end_ns: int) -> None:
    whole = max(end_ns - start_ns, 1)
    for begin, end in gaps:
        left = area.left() + area.width() * max((begin - start_ns) / whole, 0.0)
        right = area.left() + area.width() * min((end - start_ns) / whole, 1.0)
        if begin <= end_ns and end >= start_ns:
            painter.fillRect(QRectF(left, area.top(), max(1.0, right - left), area.height()), theme().brush("gap", 70))


def _draw_bars(painter: QPainter, area: QRectF, columns: tuple[_Numbers, _Numbers], role: str, part: float) -> None:
    """Bars from the bottom, the highest `part` of the height; small ones stay visible."""
    edges, values = columns
    top = float(values.max(initial=0.0))
    if top <= 0:
        return
    lefts = area.left() + edges * area.width()
    heights, brush = np.maximum(values * (area.height() * part / top), 1.0), theme().brush(role)
    for index in np.flatnonzero(values > 0).tolist():
        left, height = float(lefts[index]), float(heights[index])
        width = max(float(lefts[index + 1]) - left, 1.0)
        painter.fillRect(QRectF(left, area.bottom() - height, width, height), brush)


def _draw_price(painter: QPainter, area: QRectF, line: tuple[_Numbers, _Numbers]) -> None:
    shares, prices = line
    if len(prices) < 2:
        return
    low, span, room = float(prices.min()), float(np.ptp(prices)), area.height() - 4
    xs = area.left() + shares * area.width()
    ys = area.bottom() - 2 - (room * (prices - low) / span if span else np.full(len(prices), room / 2))
    painter.setPen(theme().pen("text"))
    painter.drawPolyline(QPolygonF(list(map(QPointF, xs.tolist(), ys.tolist()))))
