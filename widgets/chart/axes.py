"""Axes: UTC time and price, with tags for the last price and the crosshair. Ticks are shared with the grid lines."""

import math
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from widgets.items.paint_guard import PaintGuard
from widgets.items.scale import SlotGrid, snapped
from widgets.items.ticks import value_ticks
from widgets.theme import format as text_of
from widgets.theme.theme import theme

PRICE_WIDTH = 72
_WIDEST = 144
TIME_HEIGHT = 20
_TAG_PX = 16

_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Tag:
    """A value pointed out on an axis: text on a filled rectangle. Roles are the theme's.

    On a value axis it makes room for the tag of the value `beside`.
    """

    value: float
    text: str
    fill: str
    ink: str
    beside: float | None = None


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """Painted by us in one pass; pyqtgraph keeps the geometry."""

    _blank = True  # before pyqtgraph sets a first range

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._guard = PaintGuard("the axis")
        self._tags: tuple[Tag, ...] = ()
        self._font = theme().font(small=True)
        self._bold = theme().font(small=True, bold=True)

    def begin(self) -> None:
        """Show numbers: until there is data, those of the range mean nothing."""
        self._blank = False
        self.update()

    def set_tags(self, tags: tuple[Tag, ...]) -> None:
        """Values to point out; later ones cover earlier ones."""
        if tags != self._tags:
            self._tags = tags
            self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Guarded; the work is in `draw`."""
        rect = self.mapRectFromParent(self.geometry())
        if rect.width() >= 2 and rect.height() >= 2 and not self._blank:
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
        if step != self._step:
            self._step = step
            self._fit(PRICE_WIDTH)
        self.update()

    def setRange(self, mn: float, mx: float) -> None:
        """As pyqtgraph's, and make room for the labels of this range."""
        super().setRange(mn, mx)
        self._fit(self.minimumWidth())

    def _fit(self, least: float) -> None:
        """Grow to the width of the labels; the chart would shiver if the axis shrank again at every pan."""
        bottom, top = self.range
        ticks = [] if self._blank else value_ticks(bottom, top, self.height())
        if len(ticks) < 2:
            return
        labels = (self.tick_text(value, ticks[1] - ticks[0]) for value in (ticks[0], ticks[-1]))
        wanted = max(QFontMetricsF(self._bold).horizontalAdvance(label) for label in labels) + 12
        width = min(max(least, PRICE_WIDTH, 8 * math.ceil(wanted / 8)), _WIDEST)
        if width != self.minimumWidth():
            self.setWidth(width)

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        bottom, top = self.range
        painter.setFont(self._font)
        painter.setPen(theme().pen("muted"))
        ticks = value_ticks(bottom, top, rect.height())
        step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
        for tick in ticks:
            y = self.y_of(tick, rect)
            if 8 <= y <= rect.height() - 8 and not self._covered(y, rect):
                self._text(painter, rect, y, self.tick_text(tick, step))
        painter.setFont(self._bold)
        for tag in self._tags:
            self._draw_tag(painter, rect, tag)

    def tick_text(self, tick: float, step: float) -> str:
        """A value on ticks of `step`, with the decimals by which neighbours differ."""
        if self._step is not None:
            return text_of.price(tick, min(self._step, step))
        return text_of.step_size(tick, step)

    def y_of(self, value: float, rect: QRectF) -> float:
        """Beside the line that the chart paints, which moves by whole pixels."""
        bottom, top = self.range
        unit = rect.height() / (top - bottom)
        return float(rect.top() + (snapped(top, unit) - value) * unit)

    def _covered(self, y: float, rect: QRectF) -> bool:
        return any(abs(self.tag_y(tag, rect) - y) < 15 for tag in self._tags)

    def tag_y(self, tag: Tag, rect: QRectF) -> float:
        """The middle of a tag: at its value, or next to the one it makes room for."""
        y = self.y_of(tag.value, rect)
        if tag.beside is None:
            return y
        other = self.y_of(tag.beside, rect)
        return y if abs(y - other) >= _TAG_PX else other + (_TAG_PX if y > other else -_TAG_PX)

    def _text(self, painter: QPainter, rect: QRectF, y: float, text: str) -> None:
        box = QRectF(rect.left() + 8, round(y) - _TAG_PX / 2, rect.width() - 8, _TAG_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_tag(self, painter: QPainter, rect: QRectF, tag: Tag) -> None:
        if not rect.top() <= self.y_of(tag.value, rect) <= rect.bottom():
            return
        half = _TAG_PX / 2
        y = min(max(round(self.tag_y(tag, rect)), rect.top() + half), rect.bottom() - half)
        painter.fillRect(QRectF(rect.left(), y - half, rect.width(), _TAG_PX), theme().brush(tag.fill))
        painter.setPen(theme().pen(tag.ink))
        self._text(painter, rect, y, tag.text)


class TimeAxis(_Axis):
    """Time at the bottom; the range of the axis is in slots of the grid."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.setHeight(TIME_HEIGHT)
        self._grid = SlotGrid(_MINUTE, 0)

    def set_grid(self, grid: SlotGrid) -> None:
        """What a slot means."""
        self._grid = grid
        self.update()

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        left, right = self.range
        metrics = QFontMetricsF(self._bold)
        taken = [self._tag_box(tag, rect, metrics) for tag in self._tags]
        for slot, text, is_day, centred in self._grid.ticks(left, right, rect.width()):
            x = rect.left() + (slot + 0.5 * centred - left) / (right - left) * rect.width()
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

    def _tag_box(self, tag: Tag, rect: QRectF, metrics: QFontMetricsF) -> QRectF:
        left, right = self.range
        x = rect.left() + (tag.value - left) / (right - left) * rect.width()
        half = metrics.horizontalAdvance(tag.text) / 2 + 6
        x = min(max(x, rect.left() + half), rect.right() - half)
        return QRectF(round(x - half), rect.top() + 2, round(2 * half), rect.height() - 4)
