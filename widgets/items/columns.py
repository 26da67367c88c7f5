"""The columns of a footprint on screen: where in its slot a bar has its candle, its cells and its value area line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from widgets.items.detail import Detail
from widgets.items.scale import Scale
from workstation.readmodels import Floats


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
        wick = np.round((left + right - line) / 2)
        cells_left = left
    cells_right = right - round(chrome.after * ratio)
    spine = np.round((cells_left + cells_right) / 2)
    return Columns(left, right, wick, body, cells_left, spine, cells_right, cells_right + line, line)
