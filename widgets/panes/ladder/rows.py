"""The visible rows of the ladder and their values, without Qt."""

import math
from typing import NamedTuple

import numpy as np

from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.ladder import LadderView

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
    """The new centre row: unchanged while `frozen` or within RECENTRE_ROWS of the last price."""
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
    change: Floats  # size added (+) or pulled (-) in 5 s, see `change_of`
    venue_bid: Floats  # (venues, rows)
    venue_ask: Floats

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
        out = np.full((*values.shape[:-1], count), np.nan)
        low, high = rows[-1] - first, top - first
        start, stop = max(low, 0), min(high + 1, values.shape[-1])
        if start < stop:
            out[..., high + 1 - stop : high + 1 - start] = values[..., start:stop][..., ::-1]
        return out

    columns = (view.bid, view.ask, view.sold, view.bought, view.profile)
    return Slots(rows, *map(cut, (*columns, change_of(view), view.venue_bid, view.venue_ask)))


def change_of(view: LadderView) -> Floats:
    """Added (+) or pulled (-) size of each row, base coin; NaN where unknown.

    Bids up to the best bid, asks from the best ask on, both sides in between.
    """
    if not len(view.bid_change) or view.best_bid is None or view.best_ask is None:
        return np.full(len(view.rows), np.nan)
    bids = view.rows <= row_of(view.best_bid, view.row_size)
    asks = view.rows >= ask_row_of(view.best_ask, view.row_size)
    both = view.bid_change + view.ask_change
    change: Floats = np.where(bids & ~asks, view.bid_change, np.where(asks & ~bids, view.ask_change, both))
    return change


def _largest(*arrays: Floats) -> float:
    found = [float(np.nanmax(values)) for values in arrays if len(values) and not np.isnan(values).all()]
    return max((value for value in found if value > 0), default=1.0)


class Column(NamedTuple):
    """A column: its heading and its share of the width."""

    name: str
    share: float


COLUMNS = (
    Column("sold", 0.10),
    Column("bid", 0.17),
    Column("price", 0.17),
    Column("ask", 0.17),
    Column("bought", 0.10),
    Column("delta", 0.10),
    Column("chg 5s", 0.09),
    Column("session", 0.10),
)
ALWAYS = frozenset({"bid", "price", "ask"})
LEAST_FIRST = ("session", "chg 5s", "delta", "sold", "bought")  # hidden in this order where there is no room
MEANINGS = {
    "sold": "sold: sold by takers in the last 8 minutes",
    "bought": "bought: bought by takers in the last 8 minutes",
    "delta": "delta: bought - sold",
    "chg 5s": "chg 5s: size added (+) or pulled (-) in the last 5 whole seconds and the running one, without fills",
    "session": "session: volume since 00:00 UTC",
}
_ROOM_PX = {"bid": 56, "price": 62, "ask": 56, "session": 42}  # the least a column needs


class Cell(NamedTuple):
    """The horizontal extent of a column in pixels."""

    x: float
    width: float


def columns_of(width: float, hidden: frozenset[str] = frozenset()) -> dict[str, Cell]:
    """The extent of each shown column, left to right, in whole pixels; where room is short, LEAST_FIRST are hidden."""
    names = [column.name for column in COLUMNS if column.name in ALWAYS or column.name not in hidden]
    for name in LEAST_FIRST:
        if sum(_ROOM_PX.get(shown, 44) for shown in names) > width and name in names:
            names.remove(name)
    shown = [column for column in COLUMNS if column.name in names]
    whole = sum(column.share for column in shown)
    cells: dict[str, Cell] = {}
    edge = 0.0
    for column in shown:
        left = edge
        edge += column.share / whole
        cells[column.name] = Cell(round(left * width), round(edge * width) - round(left * width))
    return cells
