"""A recording's outline in a strip: volume bars, the price over them, liquidations, gaps, setups, bookmarks."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from widgets.theme.setups import SETUP_ROLES
from widgets.theme.theme import theme
from workstation.readmodels.session.library import Bookmark, Outline, SetupMark
from workstation.readmodels.session.setups import SetupState

_MARK_PX = 6
_ACTIVE = (SetupState.ARMED, SetupState.CONFIRMED)


def draw_outline(painter: QPainter, area: QRectF, outline: Outline) -> None:
    """Fill the area. A recording without trades has nothing to draw."""
    _draw_gaps(painter, area, outline)
    _draw_bars(painter, area, outline.volume_usd, "faint", 0.6)
    _draw_bars(painter, area, outline.long_usd, "liquidated_long", 0.9)
    _draw_bars(painter, area, outline.short_usd, "liquidated_short", 0.9)
    _draw_price(painter, area, outline.price)


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


def _draw_gaps(painter: QPainter, area: QRectF, outline: Outline) -> None:
    whole = max(outline.end_ns - outline.start_ns, 1)
    for start, end in outline.gaps:
        left = area.left() + area.width() * (start - outline.start_ns) / whole
        width = max(1.0, area.width() * (end - start) / whole)
        painter.fillRect(QRectF(left, area.top(), width, area.height()), theme().brush("gap", 70))


def _draw_bars(painter: QPainter, area: QRectF, values: tuple[float, ...], role: str, part: float) -> None:
    """Bars from the bottom, the highest `part` of the height; small ones stay visible."""
    top = max(values, default=0.0)
    if top <= 0:
        return
    width, brush = area.width() / len(values), theme().brush(role)
    for index, value in enumerate(values):
        if value > 0:
            height = max(1.0, area.height() * part * value / top)
            painter.fillRect(
                QRectF(area.left() + index * width, area.bottom() - height, max(width, 1.0), height), brush
            )


def _draw_price(painter: QPainter, area: QRectF, prices: tuple[float | None, ...]) -> None:
    known = [price for price in prices if price is not None]
    if len(known) < 2:
        return
    low, span = min(known), max(known) - min(known)
    width, room = area.width() / len(prices), area.height() - 4
    line = QPolygonF(
        [
            QPointF(
                area.left() + (index + 0.5) * width,
                area.bottom() - 2 - (room * (price - low) / span if span else room / 2),
            )
            for index, price in enumerate(prices)
            if price is not None
        ]
    )
    painter.setPen(theme().pen("text"))
    painter.drawPolyline(line)
