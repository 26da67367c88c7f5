"""The quadrant plot: corners, fading paths, and a labelled dot per base; labels do not overlap."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from widgets.items.bulk import draw_line
from widgets.items.paint_guard import paints
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.markets import Freshness
from workstation.readmodels.positions.quadrant import Quadrant, QuadrantDot, QuadrantView

EDGE, NEUTRAL = 1.5, 0.15
_MARGIN, _FOOT = 28, 20
_DOT, _REACH_PX = 5.0, 16.0
_AXIS_NAMES_PX = 480  # in a narrower plane the axis names would touch the numbers
_FADES = (40, 75, 115, 160, 215)  # alpha along a trail, oldest part first
_CORNERS = (  # name, signs of x and y
    (Quadrant.INTO_OFFERS, -1, 1),
    (Quadrant.BUYERS, 1, 1),
    (Quadrant.SELLERS, -1, -1),
    (Quadrant.INTO_BIDS, 1, -1),
)


class QuadrantCanvas(QWidget):
    """`pointed` carries the base under the pointer or "", `chosen` the one that was clicked."""

    pointed = Signal(str)
    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.view: QuadrantView | None = None
        self.base = ""  # the one in focus
        self.hovered = ""
        self.setMouseTracking(True)
        self.setMinimumSize(120, 120)

    def show_view(self, view: QuadrantView | None, base: str) -> None:
        """Show a view, or nothing, with `base` marked."""
        self.view, self.base = view, base
        self.update()

    def plane(self) -> QRectF:
        """The pixels of the square from -1.5 to 1.5 on both axes."""
        return QRectF(_MARGIN, 8, max(self.width() - _MARGIN - 8, 1), max(self.height() - _FOOT - 8, 1))

    def place(self, x: float, y: float) -> QPointF:
        """The pixel of a position in scaled units."""
        plane = self.plane()
        across, up = (x + EDGE) / (2 * EDGE), (y + EDGE) / (2 * EDGE)
        return QPointF(plane.left() + across * plane.width(), plane.bottom() - up * plane.height())

    def base_at(self, position: QPointF) -> str:
        """The base whose dot or label is under a pixel; empty for none."""
        nearest, reach = "", _REACH_PX
        for dot, point in self._points():
            away = math.hypot(point.x() - position.x(), point.y() - position.y())
            if away < reach:
                nearest, reach = dot.base, away
        labels = self.labels()
        return nearest or next((base for base, box in labels.items() if box.contains(position)), "")

    def labels(self) -> dict[str, QRectF]:
        """The box of each dot's label: the first free of eight places around it; none free, no label."""
        metrics = QFontMetricsF(theme().font(bold=True))
        points = self._points()
        taken = [QRectF(point.x() - _DOT, point.y() - _DOT, 2 * _DOT, 2 * _DOT) for _, point in points]
        plane, boxes = self.plane(), {}
        for dot, point in sorted(points, key=lambda one: (one[0].base != self.base, one[0].base)):
            width, height = metrics.horizontalAdvance(dot.base) + 4, metrics.height()
            places = [box for box in _around(point, width, height) if plane.contains(box)]
            free = [box for box in places if not any(box.intersects(other) for other in taken)]
            if free:
                boxes[dot.base] = free[0]
                taken.append(free[0])
        return boxes

    def _points(self) -> list[tuple[QuadrantDot, QPointF]]:
        """Dots with the pixel of their newest known position; dots without any are left out."""
        found = []
        for dot in self.view.dots if self.view is not None else ():
            known = np.flatnonzero(np.isfinite(dot.x) & np.isfinite(dot.y))
            if len(known):
                found.append((dot, self.place(float(dot.x[known[-1]]), float(dot.y[known[-1]]))))
        return found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.base_at(event.position()))

    def leaveEvent(self, event: object) -> None:
        self._hover("")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        base = self.base_at(event.position())
        if base and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(base)

    def _hover(self, base: str) -> None:
        if base != self.hovered:
            self.hovered = base
            self.setCursor(Qt.CursorShape.PointingHandCursor if base else Qt.CursorShape.ArrowCursor)
            self.pointed.emit(base)
            self.update()

    # --- painting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("pane"))
        self._draw_plane(painter)
        if self.view is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = self.hovered or self.base
        for dot in sorted(self.view.dots, key=lambda dot: dot.base == marked):
            self._draw_trail(painter, dot, strong=dot.base == marked)
        labels = self.labels()
        for dot, point in sorted(self._points(), key=lambda one: one[0].base == marked):
            self._draw_dot(painter, dot, point, labels.get(dot.base), strong=dot.base == marked)

    def _draw_plane(self, painter: QPainter) -> None:
        look, plane = theme(), self.plane()
        band = self.place(NEUTRAL, NEUTRAL) - self.place(-NEUTRAL, -NEUTRAL)
        middle = self.place(0, 0)
        painter.fillRect(QRectF(middle.x() - band.x() / 2, plane.top(), band.x(), plane.height()), look.brush("raised"))
        painter.fillRect(
            QRectF(plane.left(), middle.y() + band.y() / 2, plane.width(), -band.y()), look.brush("raised")
        )
        painter.setFont(look.font(small=True))
        for value in (-1.0, 0.0, 1.0):
            at = self.place(value, value)
            painter.setPen(look.pen("faint" if value == 0 else "grid"))
            painter.drawLine(QPointF(at.x(), plane.top()), QPointF(at.x(), plane.bottom()))
            painter.drawLine(QPointF(plane.left(), at.y()), QPointF(plane.right(), at.y()))
            painter.setPen(look.pen("muted"))
            text = f"{value:+.0f}".replace("-", "\N{MINUS SIGN}") if value else "0"
            painter.drawText(QRectF(0, at.y() - 8, _MARGIN - 4, 16), _RIGHT, text)
            painter.drawText(QRectF(at.x() - 20, plane.bottom() + 2, 40, 16), Qt.AlignmentFlag.AlignCenter, text)
        self._draw_names(painter, plane)
        painter.setPen(look.pen("hairline"))
        painter.drawRect(plane)

    def _draw_names(self, painter: QPainter, plane: QRectF) -> None:
        """Name the corners, and the axis where there is room."""
        room, metrics = plane.width() / 2 - 12, QFontMetricsF(painter.font())
        for quadrant, x, y in _CORNERS:
            side = Qt.AlignmentFlag.AlignRight if x > 0 else Qt.AlignmentFlag.AlignLeft
            edge = Qt.AlignmentFlag.AlignTop if y > 0 else Qt.AlignmentFlag.AlignBottom
            painter.setPen(theme().pen("buy" if y > 0 else "sell"))
            text = metrics.elidedText(quadrant.value, Qt.TextElideMode.ElideRight, room)
            painter.drawText(plane.adjusted(6, 4, -6, -4), side | edge, text)
        painter.setPen(theme().pen("muted"))
        if plane.width() > _AXIS_NAMES_PX:
            foot = QRectF(plane.left(), plane.bottom() + 2, plane.width(), 16)
            painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "\N{LEFTWARDS ARROW} more offers")
            painter.drawText(foot, Qt.AlignmentFlag.AlignRight, "more bids \N{RIGHTWARDS ARROW}")

    def _draw_trail(self, painter: QPainter, dot: QuadrantDot, *, strong: bool) -> None:
        """Draw a trail in parts of rising opacity, oldest first; each begins at the last point of the one before."""
        role = "stale" if dot.freshness is not Freshness.LIVE else "aggregate" if strong else "muted"
        x, y = self._pixels(dot)
        edges = np.linspace(0, len(x), len(_FADES) + 1).astype(int)
        for alpha, begin, end in zip(_FADES, edges[:-1], edges[1:], strict=True):
            part = slice(max(begin - 1, 0), end)
            faded = alpha if strong else alpha // 2
            if end - part.start > 1:
                draw_line(painter, x[part], y[part], QPen(theme().color(role, faded), 1.5 if strong else 1.0))

    def _pixels(self, dot: QuadrantDot) -> tuple[Floats, Floats]:
        plane = self.plane()
        x = plane.left() + (dot.x + EDGE) / (2 * EDGE) * plane.width()
        y = plane.bottom() - (dot.y + EDGE) / (2 * EDGE) * plane.height()
        unknown = np.isnan(x) | np.isnan(y)
        return np.where(unknown, np.nan, x), np.where(unknown, np.nan, y)

    def _draw_dot(
        self, painter: QPainter, dot: QuadrantDot, point: QPointF, label: QRectF | None, *, strong: bool
    ) -> None:
        look, live = theme(), dot.freshness is Freshness.LIVE
        role = _ROLES.get(dot.quadrant, "text") if live else "stale"
        painter.setPen(QPen(look.color("aggregate" if strong else "pane"), 2.0 if strong else 1.0))
        painter.setBrush(look.brush(role) if live else Qt.BrushStyle.NoBrush)
        if not live:
            painter.setPen(QPen(look.color("stale"), 1.5))
        painter.drawEllipse(point, _DOT, _DOT)
        if label is not None:
            painter.setFont(look.font(bold=strong))
            painter.setPen(look.pen("text" if live else "stale"))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, dot.base)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ROLES: dict[Quadrant | None, str] = {
    Quadrant.BUYERS: "buy",
    Quadrant.INTO_OFFERS: "buy",
    Quadrant.SELLERS: "sell",
    Quadrant.INTO_BIDS: "sell",
    Quadrant.NEUTRAL: "text",
}


def _around(point: QPointF, width: float, height: float) -> list[QRectF]:
    """Eight boxes for a label around a point, the best first."""
    x, y, gap = point.x(), point.y(), _DOT + 3
    right, left, middle = x + gap, x - gap - width, x - width / 2
    above, below, level = y - gap - height, y + gap, y - height / 2
    places = [(right, level), (left, level), (middle, above), (middle, below)]
    places += [(right, above), (right, below), (left, above), (left, below)]
    return [QRectF(begin, top, width, height) for begin, top in places]
