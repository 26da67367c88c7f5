"""What is painted over the cells of a bar in one batch: its candle, and the marks of studies."""

import numpy as np
from PySide6.QtGui import QPainter

from widgets.items.bulk import RectBatch
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.canvas import BarsInSight, MarkRects
from widgets.panes.footprint.cells.columns import Columns, first_of_columns
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints

_SELL, _BUY = range(2)


class MarkLayer:
    """Builds the candles of the bars in sight, and the marks that studies add, and draws them over the cells."""

    def __init__(self) -> None:
        self.set_marks(())

    def set_marks(self, marks: tuple[MarkRects, ...]) -> None:
        """Draw these after the candles."""
        look = theme()
        self._marks = marks
        added = [brush for mark in marks for brush in mark.brushes()]
        self._rects = RectBatch([look.brush("sell"), look.brush("buy"), *added])

    def build(self, sight: BarsInSight) -> None:
        candles, candle_brush = _candles(sight.prices, sight.columns, sight.scale)
        added = [rects for mark in self._marks for rects in mark.rects(sight)]
        brushes = [np.full(len(rects), index, np.int64) for index, rects in enumerate(added, _BUY + 1)]
        self._rects.fill(np.concatenate((candles, *added)), np.concatenate((candle_brush, *brushes)))

    def draw(self, painter: QPainter) -> None:
        """One draw call a colour."""
        self._rects.draw(painter)


def _candles(prices: Floats, columns: Columns, scale: Scale) -> tuple[Floats, Ints]:
    """A wick and a body each; a body is never thinner than a line."""
    starts = first_of_columns(columns.left, scale.pitch)
    if len(starts) < len(prices):
        return _merged(prices, starts, columns, scale)
    opened, high, low, closed = np.round(scale.y(prices)).T
    top, bottom = np.minimum(opened, closed), np.maximum(opened, closed)
    line = np.full(len(prices), columns.line)
    wicks = np.stack((columns.wick, high, line, np.maximum(low - high, line)), axis=1)
    body_left = columns.wick - (columns.candle - columns.line) / 2
    bodies = np.stack((body_left, top, np.full(len(prices), columns.candle), np.maximum(bottom - top, line)), axis=1)
    brush = np.where(prices[:, 3] >= prices[:, 0], _BUY, _SELL).astype(np.int64)
    return np.concatenate((wicks, bodies)), np.concatenate((brush, brush))


def _merged(prices: Floats, starts: Ints, columns: Columns, scale: Scale) -> tuple[Floats, Ints]:
    """Bars that share a pixel as one line from their lowest to their highest price."""
    high = np.round(scale.y(np.maximum.reduceat(prices[:, 1], starts)))
    low = np.round(scale.y(np.minimum.reduceat(prices[:, 2], starts)))
    width = np.diff(columns.left[starts], append=columns.left[-1] + columns.line)
    rects = np.stack((columns.left[starts], high, width, np.maximum(low - high, columns.line)), axis=1)
    last = np.append(starts[1:], len(prices)) - 1
    return rects, np.where(prices[last, 3] >= prices[starts, 0], _BUY, _SELL).astype(np.int64)
