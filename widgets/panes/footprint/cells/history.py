"""Bars from before the first trade: the venues' own candles, without rows, in greys, with a label."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter

from widgets.items.bands import scaled_font
from widgets.items.bulk import RectBatch, mix
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.candles import NO_CANDLES, CandleColumns
from workstation.readmodels.flow.outliers import JUMP, extent

_LABEL = "no footprint: candles of the venues"


class CandleHistory:
    """The candles of a view with their slots; they have a place on a grid of time only."""

    def __init__(self, candles: CandleColumns, grid: SlotGrid) -> None:
        self.candles = candles
        self.slots: Floats = np.floor(grid.slots(candles.bar_start_ns) + 1e-9)

    def between(self, left: float, right: float) -> slice:
        first = int(np.searchsorted(self.slots, np.floor(left), side="left"))
        return slice(first, int(np.searchsorted(self.slots, right, side="right")))

    def at(self, slot: float) -> int | None:
        index = int(np.searchsorted(self.slots, np.floor(slot)))
        return index if index < len(self.slots) and self.slots[index] == np.floor(slot) else None

    def value_extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest price in sight."""
        part = self.between(left, right)
        if part.start >= part.stop:
            return None
        candles = self.candles
        bodies = np.sort(np.stack((candles.open[part], candles.close[part])), axis=0)
        low = np.maximum(candles.low[part], bodies[0] / JUMP)  # a wick beyond a jump is an outlier
        high = np.minimum(candles.high[part], bodies[1] * JUMP)
        return extent(low, high, np.zeros(len(low)))


class HistoryItem(ChartItem):
    """Paints the candles in sight, with a label over them."""

    name = "the earlier candles"
    layer = 14.0

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._grid = SlotGrid(1, 0)
        self.history = CandleHistory(NO_CANDLES, self._grid)
        look = theme()
        pane = look.color("pane")
        rising, falling = mix(pane, look.color("muted"), 0.75), mix(pane, look.color("faint"), 0.75)
        self._rects = RectBatch([QBrush(falling), QBrush(rising)])
        self._span: tuple[float, float] | None = None
        self._built: object = None

    def set_candles(self, candles: CandleColumns, grid: SlotGrid) -> None:
        if candles is not self.history.candles or grid != self._grid:
            self.history, self._grid, self._built = CandleHistory(candles, grid), grid, None
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        scale = self._scale_of(width, height)
        if (scale, ratio) != self._built:
            self._build(scale, ratio)
            self._built = scale, ratio
        if self._span is not None:
            self._rects.draw(painter)
            self._draw_label(painter, self._span, scale, ratio)

    def _build(self, scale: Scale, ratio: float) -> None:
        part = self.history.between(scale.left, scale.right)
        slots, candles = self.history.slots[part], self.history.candles
        columns = (candles.open[part], candles.high[part], candles.low[part], candles.close[part])
        self._rects.fill(*candle_rects(slots, *columns, scale, ratio))
        self._span = (float(scale.x(slots[0])), float(scale.x(slots[-1] + 1))) if len(slots) else None

    def _draw_label(self, painter: QPainter, span: tuple[float, float], scale: Scale, ratio: float) -> None:
        painter.setFont(scaled_font(theme().font(small=True), ratio))
        left, right = max(span[0], 0.0), min(span[1], scale.width)
        width = QFontMetricsF(painter.font()).horizontalAdvance(_LABEL) + 8 * ratio
        if right - left >= width:
            box = QRectF(round(right - width), 3 * ratio, width, 15 * ratio)
            painter.fillRect(box, theme().brush("pane"))
            painter.setPen(theme().pen("muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _LABEL)


def candle_rects(
    slots: Floats, opened: Floats, high: Floats, low: Floats, closed: Floats, scale: Scale, ratio: float
) -> tuple[Floats, Ints]:
    """A wick and a body each; brush 1 where the close is not below the open."""
    line = float(max(1, round(ratio)))
    left, right = scale.x(slots), scale.x(slots + 1)
    wick = np.round((left + right - line) / 2)
    body = max(line, float((round(scale.pitch * 0.6) - line) // 2 * 2 + line))
    top, bottom = np.round(scale.y(np.maximum(opened, closed))), np.round(scale.y(np.minimum(opened, closed)))
    tips = np.round(scale.y(high))
    wicks = np.stack((wick, tips, np.full(len(slots), line), np.maximum(np.round(scale.y(low)) - tips, line)), axis=1)
    bodies = np.stack(
        (wick - (body - line) / 2, top, np.full(len(slots), body), np.maximum(bottom - top, line)), axis=1
    )
    rising = (closed >= opened).astype(np.int64)
    return np.concatenate((wicks, bodies)), np.concatenate((rising, rising))
