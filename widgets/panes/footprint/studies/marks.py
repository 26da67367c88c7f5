"""What stands beside and around the cells of a bar: candle, point of control, value area, all in one batch."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QBrush, QPainter

from widgets.items.bulk import RectBatch, mix
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.cells import BarCells
from widgets.panes.footprint.cells.columns import Columns, first_of_columns
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.cells.layouts import row_edges
from widgets.panes.footprint.cells.style import Style
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import FootprintBar

_SELL, _BUY, _POC, _VALUE, _HIGH, _LOW = range(6)


class MarkLayer:
    """Builds the marks of the visible bars and draws them over the cells."""

    def __init__(self) -> None:
        look = theme()
        value = QBrush(mix(look.color("pane"), look.color("poc"), 0.65))  # opaque: blending thin tall lines is slow
        self._rects = RectBatch(
            [look.brush("sell"), look.brush("buy"), look.brush("poc"), value, look.brush("text"), look.brush("muted")]
        )

    def build(
        self,
        bars: tuple[FootprintBar, ...],
        prices: Floats,
        cells: list[BarCells],
        columns: Columns,
        scale: Scale,
        row_size: float,
        effective: float,
        detail: Detail,
        style: Style,
    ) -> None:
        """Lay out; `prices` are open, high, low and close of each bar.

        Value areas are on the grid of the view (`row_size`), POCs on that of the cells (`effective`).
        """
        parts = [_candles(prices, columns, scale)]
        if detail >= Detail.MARKS and cells and style.poc:
            poc = np.array([bar.rows.row[bar.rows.poc] if len(bar.rows) else 0 for bar in cells], np.int64)
            frame = _outlines if detail >= Detail.DELTA else _ticks
            parts.append(frame(poc, columns, scale, effective))
        if detail >= Detail.DELTA and bars and style.value_area:
            parts.append(_value_lines(bars, columns, scale, row_size))
        if detail >= Detail.BARS and cells and style.nodes:
            parts.append(_nodes(cells, columns, scale, effective))
        self._rects.fill(np.concatenate([rects for rects, _ in parts]), np.concatenate([brush for _, brush in parts]))

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


def _outlines(row: Ints, columns: Columns, scale: Scale, size: float) -> tuple[Floats, Ints]:
    """A frame around the whole row: four thin rectangles."""
    top, height = row_edges(row, scale, size)
    left, width, line = columns.cells_left, columns.cells_right - columns.cells_left, np.full(len(row), columns.line)
    sides = (
        np.stack((left, top, width, line), axis=1),
        np.stack((left, top + height - line, width, line), axis=1),
        np.stack((left, top, line, height), axis=1),
        np.stack((left + width - line, top, line, height), axis=1),
    )
    return np.concatenate(sides), np.full(4 * len(row), _POC)


def _ticks(row: Ints, columns: Columns, scale: Scale, size: float) -> tuple[Floats, Ints]:
    """A bar across the column in the middle of the row."""
    thickness = 2 * columns.line
    top = np.round(scale.y((row + 0.5) * size) - thickness / 2)
    left, right = columns.cells_left, np.maximum(columns.cells_right, columns.cells_left + columns.line)
    rects = np.stack((left, top, np.maximum(right - left, 1.0), np.full(len(row), thickness)), axis=1)
    return rects, np.full(len(row), _POC)


def _nodes(cells: list[BarCells], columns: Columns, scale: Scale, size: float) -> tuple[Floats, Ints]:
    """A full square at the right of a row of high volume, a thin line at one of low volume."""
    rects, brushes = [np.zeros((0, 4))], [np.zeros(0, np.int64)]
    for index, which in ((0, _HIGH), (1, _LOW)):
        counts = [len(bar.nodes[index]) for bar in cells]
        row = np.concatenate([bar.nodes[index] for bar in cells]).astype(np.float64)
        line = columns.line
        side = 4 * line if which == _HIGH else line
        y = np.round(scale.y((row + 0.5) * size) - side / 2)
        x = np.repeat(columns.cells_right - 4 * line, counts)
        rects.append(np.stack((x, y, np.full(len(row), 4 * line), np.full(len(row), side)), axis=1))
        brushes.append(np.full(len(row), which))
    return np.concatenate(rects), np.concatenate(brushes)


def _value_lines(bars: tuple[FootprintBar, ...], columns: Columns, scale: Scale, size: float) -> tuple[Floats, Ints]:
    """A bracket on the right: a line from VAL to VAH with a foot at both ends."""
    edges = np.array([(bar.value_low_row, bar.value_high_row + 1) for bar in bars], np.float64).reshape(-1, 2) * size
    bottom, top = np.round(scale.y(edges)).T
    line, x = np.full(len(bars), columns.line), columns.value_line
    foot = 2 * line
    rects = (
        np.stack((x, top, line, np.maximum(bottom - top, 1.0)), axis=1),
        np.stack((x - line, top, foot, line), axis=1),
        np.stack((x - line, bottom - line, foot, line), axis=1),
    )
    return np.concatenate(rects), np.full(3 * len(bars), _VALUE)
