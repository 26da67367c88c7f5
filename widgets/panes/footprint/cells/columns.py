"""The columns of a footprint on screen: where in its slot a bar has its candle, its cells and its value area line."""

from dataclasses import dataclass

import numpy as np

from widgets.items.scale import Scale
from widgets.panes.footprint.cells.detail import Detail
from workstation.readmodels.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class _Chrome:
    """Logical pixels around the cells: `candle` is the width of its body, 0 for a share of the slot."""

    gap: int
    candle: int
    air: int
    after: int


_CHROME = {
    Detail.NUMBERS: _Chrome(2, 5, 2, 5),
    Detail.DELTA: _Chrome(1, 3, 1, 3),
    Detail.BARS: _Chrome(1, 3, 1, 2),
    Detail.MARKS: _Chrome(1, 0, 0, 0),
    Detail.CANDLES: _Chrome(0, 0, 0, 0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Whole device pixels, one entry a bar. Candles are `candle` wide around `wick`; `line` is one logical pixel."""

    left: Floats
    right: Floats
    wick: Floats
    candle: float
    cells_left: Floats
    spine: Floats
    cells_right: Floats
    value_line: Floats
    line: float


def columns_of(slots: Floats, scale: Scale, detail: Detail, ratio: float) -> Columns:
    """Lay out the columns of bars standing at these slots."""
    chrome = _CHROME[detail]
    line = float(max(1, round(ratio)))
    left, right = np.round(scale.x(slots)), np.round(scale.x(slots + 1))
    if chrome.candle:
        body = float(round(chrome.candle * ratio)) // 2 * 2 + line
        wick = left + round(chrome.gap * ratio) + (body - line) / 2
        cells_left = left + round((chrome.gap + chrome.air) * ratio) + body
    else:
        body = max(line, (round(scale.pitch * 0.7) - line) // 2 * 2 + line)
        wick = np.floor((left + right - line) / 2)
        cells_left = left
    cells_right = right - round(chrome.after * ratio)
    spine = np.floor((cells_left + cells_right) / 2)
    return Columns(left, right, wick, body, cells_left, spine, cells_right, cells_right + line, line)


MERGED_PX = 2.0  # bars closer than this share columns of one pixel


def first_of_columns(left: Floats, pitch: float) -> Ints:
    """Which bars begin a column of their own: all of them, or, where they are too close, the first of every pixel."""
    if pitch >= MERGED_PX or len(left) == 0:
        return np.arange(len(left))
    return np.flatnonzero(np.diff(left, prepend=left[0] - 1.0) > 0)


def largest_of_columns(values: Floats, starts: Ints) -> Floats:
    """Of the bars of every column the figure that is furthest from 0; NaN counts as 0 beside others."""
    if len(starts) == len(values):
        return values
    known = np.nan_to_num(values)
    high, low = np.maximum.reduceat(known, starts), np.minimum.reduceat(known, starts)
    return np.where(high >= -low, high, low)
