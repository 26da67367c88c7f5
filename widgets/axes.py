"""Axes: UTC time and price, with tags for the last price and the crosshair. Ticks are shared with the grid lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from widgets import format as text_of
from widgets.items.scale import SlotGrid
from widgets.paint_guard import PaintGuard
from widgets.theme import theme

PRICE_WIDTH = 72
TIME_HEIGHT = 20

_SECOND = 1_000_000_000
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)


@dataclass(frozen=True, slots=True)
class Tag:
    """A value pointed out on an axis: text on a filled rectangle. Roles are the theme's."""

    value: float
    text: str
    fill: str
    ink: str


def value_ticks(bottom: float, top: float, height_px: float, spacing_px: float = 40.0) -> list[float]:
    """Round values (1, 2, 5 x 10^n) about `spacing_px` apart, ascending."""
    span = top - bottom
    if not (math.isfinite(span) and span > 0.0 and height_px > 0.0):
        return []
    raw = span * spacing_px / height_px
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw * 0.999)
    first, last = math.ceil(bottom / step), math.floor(top / step)
    return [index * step for index in range(first, last + 1)] if last - first < 1000 else []


def time_ticks(start_ns: int, end_ns: int, width_px: float, spacing_px: float = 80.0) -> list[tuple[int, str, bool]]:
    """Round UTC moments `spacing_px` or more apart: ns, text, whether a day begins there (the text is a date then)."""
    span_s = (end_ns - start_ns) / _SECOND
    if span_s <= 0.0 or width_px <= 0.0:
        return []
    wanted = span_s * spacing_px / width_px
    step_s = next((step for step in _STEPS_S if step >= wanted), 604800 * math.ceil(wanted / 604800))
    step = step_s * _SECOND
    first = -(-start_ns // step)
    return [_time_tick(index * step, step_s) for index in range(first, end_ns // step + 1)]


def _time_tick(ts_ns: int, step_s: int) -> tuple[int, str, bool]:
    moment = datetime.fromtimestamp(ts_ns // _SECOND, UTC)
    if ts_ns % (86_400 * _SECOND) == 0:
        return ts_ns, f"{moment.day} {moment:%b}", True
    return ts_ns, moment.strftime("%H:%M:%S" if step_s < 60 else "%H:%M"), False


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """Painted by us in one pass; pyqtgraph keeps the geometry."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._guard = PaintGuard("the axis")
        self._tags: tuple[Tag, ...] = ()
        self._font = theme().font(small=True)
        self._bold = theme().font(small=True, bold=True)

    def set_tags(self, tags: tuple[Tag, ...]) -> None:
        """Values to point out; later ones cover earlier ones."""
        if tags != self._tags:
            self._tags = tags
            self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Guarded; the work is in `draw`."""
        rect = self.mapRectFromParent(self.geometry())
        if rect.width() >= 2 and rect.height() >= 2:
            painter.setClipRect(rect)
            self._guard.run(painter, rect, lambda: self.draw(painter, rect))

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        """Paint ticks and tags into the rectangle."""
        raise NotImplementedError


class ValueAxis(_Axis):
    """Prices or sums on the right."""

    def __init__(self) -> None:
        super().__init__("right")
        self.setWidth(PRICE_WIDTH)
        self._step: float | None = None

    def set_step(self, step: float | None) -> None:
        """The price grid that decides the decimals; None writes sizes (`1.2m`) instead of prices."""
        self._step = step
        self.update()

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        """Ticks left aligned beside the chart, tags over them."""
        bottom, top = self.range
        painter.setFont(self._font)
        painter.setPen(theme().pen("muted"))
        ticks = value_ticks(bottom, top, rect.height())
        step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
        for tick in ticks:
            y = rect.bottom() - (tick - bottom) / (top - bottom) * rect.height()
            if 8 <= y <= rect.height() - 8 and not self._covered(y, rect):
                self._text(painter, rect, y, self._label(tick, step))
        painter.setFont(self._bold)
        for tag in self._tags:
            self._draw_tag(painter, rect, tag)

    def _label(self, tick: float, step: float) -> str:
        if self._step is not None:
            return text_of.price(tick, min(self._step, step))
        return text_of.signed(0.0 if abs(tick) < step / 2 else tick)

    def _y(self, value: float, rect: QRectF) -> float:
        bottom, top = self.range
        return float(rect.bottom() - (value - bottom) / (top - bottom) * rect.height())

    def _covered(self, y: float, rect: QRectF) -> bool:
        return any(abs(self._y(tag.value, rect) - y) < 15 for tag in self._tags)

    def _text(self, painter: QPainter, rect: QRectF, y: float, text: str) -> None:
        box = QRectF(rect.left() + 8, round(y) - 8, rect.width() - 8, 16)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_tag(self, painter: QPainter, rect: QRectF, tag: Tag) -> None:
        y = self._y(tag.value, rect)
        if not rect.top() <= y <= rect.bottom():
            return
        y = min(max(round(y), rect.top() + 8), rect.bottom() - 8)
        painter.fillRect(QRectF(rect.left(), y - 8, rect.width(), 16), theme().brush(tag.fill))
        painter.setPen(theme().pen(tag.ink))
        self._text(painter, rect, y, tag.text)


class TimeAxis(_Axis):
    """UTC time at the bottom; the range of the axis is in slots of the grid."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.setHeight(TIME_HEIGHT)
        self._grid = SlotGrid(60 * _SECOND, 0)

    def set_grid(self, grid: SlotGrid) -> None:
        """What a slot means."""
        self._grid = grid
        self.update()

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        """Times centred under the bars that start then; a new day reads as a date and is brighter."""
        left, right = self.range
        metrics = QFontMetricsF(self._bold)
        taken = [self._tag_box(tag, rect, metrics) for tag in self._tags]
        for ts_ns, text, is_day in time_ticks(self._grid.ts_ns(left), self._grid.ts_ns(right), rect.width()):
            x = rect.left() + (self._grid.slot(ts_ns) + self._shift(ts_ns) - left) / (right - left) * rect.width()
            half = metrics.horizontalAdvance(text) / 2 + 2
            box = QRectF(round(x - half), rect.top(), 2 * half, rect.height())
            if rect.contains(box) and not any(box.intersects(other) for other in taken):
                painter.setFont(self._bold if is_day else self._font)
                painter.setPen(theme().pen("text" if is_day else "muted"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(self._bold)
        for tag, box in zip(self._tags, taken, strict=True):
            painter.fillRect(box, theme().brush(tag.fill))
            painter.setPen(theme().pen(tag.ink))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tag.text)

    def _shift(self, ts_ns: int) -> float:
        return 0.5 if ts_ns % self._grid.bar_ns == 0 else 0.0

    def _tag_box(self, tag: Tag, rect: QRectF, metrics: QFontMetricsF) -> QRectF:
        left, right = self.range
        x = rect.left() + (tag.value - left) / (right - left) * rect.width()
        half = metrics.horizontalAdvance(tag.text) / 2 + 6
        x = min(max(x, rect.left() + half), rect.right() - half)
        return QRectF(round(x - half), rect.top() + 2, round(2 * half), rect.height() - 4)
