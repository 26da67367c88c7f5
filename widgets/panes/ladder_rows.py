"""Which rows of the ladder are on screen and what stands in them: arithmetic without pixels' colours or Qt."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from workstation.readmodels import Floats, LadderView

RECENTRE_ROWS = 10
MULTIPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def row_of(price: float, row_size: float) -> int:
    """The row that holds a price: floor, forgiving the last bits of a division."""
    return math.floor(price / row_size + 1e-9)


def ask_row_of(price: float, row_size: float) -> int:
    """The row an ask is shown in: ceil, so that grouping never shows liquidity better than it is."""
    return math.ceil(price / row_size - 1e-9)


def next_multiple(multiple: int, steps: int) -> int:
    """The grouping `steps` coarser (positive) or finer (negative), staying within the list."""
    index = MULTIPLES.index(multiple) + steps
    return MULTIPLES[max(0, min(index, len(MULTIPLES) - 1))]


def centre_after(centre: int | None, last_row: int | None, frozen: bool) -> int | None:
    """Where the middle row goes: it stands still until the last price is too far away, and always while frozen."""
    if last_row is None:
        return centre
    if centre is None:
        return last_row
    return last_row if not frozen and abs(last_row - centre) > RECENTRE_ROWS else centre


class Slots(NamedTuple):
    """The visible rows from the top down. Arrays are NaN where the view has no row: beyond the visible book."""

    rows: range
    bid: Floats
    ask: Floats
    sold: Floats
    bought: Floats
    profile: Floats

    @property
    def largest_size(self) -> float:
        """The largest resting size on screen; 1 when there is none."""
        return _largest(self.bid, self.ask)

    @property
    def largest_profile(self) -> float:
        """The largest session volume on screen; 1 when there is none."""
        return _largest(self.profile)


def visible_slots(view: LadderView, centre: int, count: int) -> Slots:
    """Cut `count` rows around `centre` out of the view, highest price first."""
    top = centre + count // 2
    rows = range(top, top - count, -1)
    first = int(view.rows[0]) if len(view.rows) else 0

    def cut(values: Floats) -> Floats:
        out = np.full(count, np.nan)
        low, high = rows[-1] - first, top - first
        start, stop = max(low, 0), min(high + 1, len(values))
        if start < stop:
            out[high + 1 - stop : high + 1 - start] = values[start:stop][::-1]
        return out

    return Slots(rows, *(cut(values) for values in (view.bid, view.ask, view.sold, view.bought, view.profile)))


def _largest(*arrays: Floats) -> float:
    found = [float(np.nanmax(values)) for values in arrays if len(values) and not np.isnan(values).all()]
    return max((value for value in found if value > 0), default=1.0)


class Column(NamedTuple):
    """A column: its heading and its share of the width."""

    name: str
    share: float


COLUMNS = (
    Column("sold", 0.11),
    Column("bid", 0.18),
    Column("price", 0.18),
    Column("ask", 0.18),
    Column("bought", 0.11),
    Column("delta", 0.12),
    Column("session", 0.12),
)


_LEAST_WIDTH = {"session": 340, "delta": 300}  # of the ladder, below which a number would not fit its column


class Cell(NamedTuple):
    """The horizontal extent of a column in pixels."""

    x: float
    width: float


def columns_of(width: float) -> dict[str, Cell]:
    """Where each column is, left to right, on whole pixels; the last ones give way in a narrow ladder."""
    shown = [column for column in COLUMNS if width >= _LEAST_WIDTH.get(column.name, 0)]
    whole = sum(column.share for column in shown)
    cells: dict[str, Cell] = {}
    edge = 0.0
    for column in shown:
        left = edge
        edge += column.share / whole
        cells[column.name] = Cell(round(left * width), round(edge * width) - round(left * width))
    return cells
