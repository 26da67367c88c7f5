"""Where cells and their numbers go: one function for every way a row of a bar can be shown.

All of them give flat arrays over the visible bars; rectangles and numbers need not be of the same count.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from widgets.items.bulk import SHADES, shade_of
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.columns import Columns
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.cells.rows import BarRows
from widgets.panes.footprint.cells.style import HYBRID_SHARE, CellMode, Shading, Style
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.net import net

PAD_PX = 3  # between the spine and a number, logical
_DIM_SHADES = 4  # cells this faint carry dimmer numbers
_PROFILE_SHADE = 9  # bars under numbers

RowFlags = Callable[[BarRows], tuple[Bools, Bools]]  # the sells and the buys of which rows stand out
SELL_FLAGS, BUY_FLAGS = 0, 1
SELL, BUY, NEUTRAL, STRONG = 0, SHADES, 2 * SHADES, 3 * SHADES  # first brushes: three ramps, then two full colours


class Ink(IntEnum):
    """Colours of numbers."""

    ZERO = 0
    DIM = 1
    PLAIN = 2
    STRONG = 3  # dark, on a full colour
    SELL = 4  # bold, an imbalance on a quiet ground
    BUY = 5


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Rectangles with their brushes, and for each number its anchor, the middle of its line and its ink."""

    rects: Floats
    brush: Ints
    anchor: Floats
    middle: Floats
    ink: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What every layout needs: rows of the bars in sight, their columns, the scale, and how to draw.

    `visible` is the largest value among all bars in sight, of which these may be a few. `strong` are the flags of the
    sells and of the buys of each bar; empty where nothing stands out.
    """

    bars: list[BarRows]
    columns: Columns
    scale: Scale
    size: float
    style: Style
    visible: float
    strong: list[tuple[Bools, Bools]] = field(default_factory=list)

    @property
    def counts(self) -> Ints:
        return np.array([len(rows) for rows in self.bars], np.int64)

    def spread(self, edges: Floats, times: int = 1) -> Floats:
        """One value a bar, for each of its rows."""
        return np.repeat(edges, self.counts * times)

    def edges(self, times: int = 1) -> tuple[Floats, Floats]:
        """Top and height of every row, bar by bar, each bar `times` over."""
        row = np.concatenate([rows.row for rows in self.bars for _ in range(times)] or [np.zeros(0, np.int64)])
        return row_edges(row, self.scale, self.size)

    def joined(self, *names: str) -> Floats:
        """Fields of the rows one after the other, bar by bar."""
        parts = [getattr(rows, name) for rows in self.bars for name in names]
        return np.concatenate(parts) if parts else np.zeros(0)

    def flags(self, *sides: int) -> Bools:
        """Whether the `SELL_FLAGS` or `BUY_FLAGS` of each row stand out, bar by bar as `joined`."""
        if not self.strong:
            return np.zeros(len(sides) * int(self.counts.sum()), np.bool_)
        return np.concatenate([bar[side] for bar in self.strong for side in sides])

    def largest(self, values: Floats, times: int = 1) -> float | Floats:
        """What each of the values is shaded against; `values` are those of the rows, each bar `times` over."""
        if self.style.shading is Shading.FIXED:
            return self.style.fixed_largest
        if self.style.shading is Shading.VISIBLE or not len(values):
            return self.visible
        counts = self.counts * times
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        own = np.zeros(len(counts))
        own[counts > 0] = np.maximum.reduceat(values, starts[counts > 0])
        share = 1.0 if self.style.shading is Shading.BAR else HYBRID_SHARE
        return np.repeat(own * share + self.visible * (1 - share), counts)


def largest_of(rows: BarRows, detail: Detail, mode: CellMode) -> float:
    if detail is Detail.DELTA or (mode.signed and detail > Detail.MARKS):
        values = np.abs(net(rows.buy, rows.sell))
    elif detail is Detail.NUMBERS and mode.pairs:
        values = np.maximum(rows.buy, rows.sell)
    elif detail is Detail.NUMBERS and mode is CellMode.TRADES:
        values = np.nan_to_num(rows.trades)
    else:
        values = rows.buy + rows.sell
    return float(values.max(initial=0.0))


def row_edges(row: Ints, scale: Scale, size: float) -> tuple[Floats, Floats]:
    """Top and height of rows in whole pixels; a pixel of air between them where there is room."""
    top, bottom = np.round(scale.y((row + 1) * size)), np.round(scale.y(row * size))
    air = 1.0 if size * scale.unit >= 5.0 else 0.0
    return top, np.maximum(bottom - top - air, 1.0)


def flatten(frame: Frame, detail: Detail) -> Flat:
    """Lay out the visible rows at a level of detail."""
    if detail is Detail.NUMBERS:
        return _LAYOUTS[frame.style.mode](frame)
    if detail is Detail.DELTA:
        return _deltas(frame)
    return _bars(frame) if detail is Detail.BARS else _NOTHING


def _cells(frame: Frame, x: Floats, width: Floats, value: Floats, ramp: Ints, strong: Bools, anchor: Floats) -> Flat:
    """Filled cells, one number each."""
    times = len(value) // max(1, int(frame.counts.sum()))
    y, height = frame.edges(times)
    known, shown = np.nan_to_num(value), value > 0.0
    shade = shade_of(known, frame.largest(known, times))
    brush = np.where(strong, STRONG + (ramp == BUY), shade + ramp)
    ink = np.where(shade < _DIM_SHADES, Ink.DIM, Ink.PLAIN)
    ink[~shown] = Ink.ZERO
    ink[strong] = Ink.STRONG
    rects = np.stack((x, y, width, height), axis=1)
    return Flat(rects[shown], brush[shown], anchor, np.floor(y + height / 2), ink)


def _pairs(frame: Frame) -> Flat:
    """Sells left of the spine, buys right of it."""
    columns, counts = frame.columns, np.repeat(frame.counts, 2)
    left, spine, right = columns.cells_left, columns.spine, columns.cells_right
    pad = PAD_PX * columns.line
    return _cells(
        frame,
        _both(left, spine, counts),
        _both(spine - left, right - spine, counts),
        frame.joined("sell", "buy"),
        np.repeat(np.tile([SELL, BUY], len(frame.bars)), counts),
        frame.flags(SELL_FLAGS, BUY_FLAGS),
        _both(spine - pad, spine + pad, counts),
    )


def _both(sells: Floats, buys: Floats, counts: Ints) -> Floats:
    """One value for the sells of every bar and one for its buys, spread over its rows."""
    return np.repeat(np.stack((sells, buys), axis=1).ravel(), counts)


def _deltas(frame: Frame) -> Flat:
    """One cell a row, shaded by the size of its delta."""
    delta = net(frame.joined("buy"), frame.joined("sell"))
    strong = np.where(delta > 0, frame.flags(BUY_FLAGS), frame.flags(SELL_FLAGS))
    return _single(frame, np.abs(delta), np.where(delta > 0, BUY, SELL), strong)


def _totals(frame: Frame) -> Flat:
    value = frame.joined("buy") + frame.joined("sell")
    return _single(frame, value, np.full(len(value), NEUTRAL), np.zeros(len(value), np.bool_))


def _trades(frame: Frame) -> Flat:
    value = frame.joined("trades")
    return _single(frame, value, np.full(len(value), NEUTRAL), np.zeros(len(value), np.bool_))


def _single(frame: Frame, value: Floats, ramp: Ints, strong: Bools) -> Flat:
    left = frame.spread(frame.columns.cells_left)
    width = frame.spread(frame.columns.cells_right) - left
    return _cells(frame, left, width, value, ramp, strong, frame.spread(frame.columns.spine))


def _profile(frame: Frame) -> Flat:
    """Volume of a row as a bar from the left, sells then buys, its total over it."""
    lengths = _lengths(frame)
    y, height = frame.edges()
    anchor = frame.spread(frame.columns.cells_left) + PAD_PX * frame.columns.line
    rects, side = _stacked(frame, *lengths)
    total = frame.joined("sell") + frame.joined("buy")
    return Flat(rects, side + _PROFILE_SHADE, anchor, np.floor(y + height / 2), _quiet_ink(frame, total))


def _bars(frame: Frame) -> Flat:
    """The same without numbers, in stronger colours; delta modes show the size of the delta."""
    if frame.style.mode.signed:
        delta = net(frame.joined("buy"), frame.joined("sell"))
        share = np.abs(delta) / np.maximum(frame.largest(np.abs(delta)), 1e-300)
        room = frame.spread(frame.columns.cells_right - frame.columns.cells_left)
        y, height = frame.edges()
        width = np.round(room * np.minimum(share, 1.0))
        rects = np.stack((frame.spread(frame.columns.cells_left), y, width, height), axis=1)
        side = np.where(delta > 0, BUY, SELL)
    else:
        rects, side = _stacked(frame, *_lengths(frame))
        width = rects[:, 2]
    shown = width > 0
    none = np.zeros(0)
    return Flat(rects[shown], side[shown] + SHADES - 1, none, none, np.zeros(0, np.int64))


def _lengths(frame: Frame) -> tuple[Floats, Floats]:
    """Pixels of the sells of every row, and of all of it."""
    sell, buy = frame.joined("sell"), frame.joined("buy")
    largest = np.maximum(frame.largest(sell + buy), 1e-300)
    total = np.maximum(sell + buy, largest)  # what is beyond a fixed largest fills the cell
    room = frame.spread(frame.columns.cells_right - frame.columns.cells_left)
    return np.round(room * sell / total), np.round(room * (sell + buy) / total)


def _stacked(frame: Frame, sold: Floats, both: Floats) -> tuple[Floats, Ints]:
    left = frame.spread(frame.columns.cells_left)
    y, height = frame.edges()
    sells, buys = (left, y, sold, height), (left + sold, y, both - sold, height)
    rects = np.concatenate((np.stack(sells, axis=1), np.stack(buys, axis=1)))
    return rects, np.repeat((SELL, BUY), len(sold)).astype(np.int64)


def _delta_profile(frame: Frame) -> Flat:
    """The delta of a row as a bar from the spine, to the right when buyers win."""
    delta = net(frame.joined("buy"), frame.joined("sell"))
    share = np.minimum(np.abs(delta) / np.maximum(frame.largest(np.abs(delta)), 1e-300), 1.0)
    spine, room = frame.spread(frame.columns.spine), frame.spread(frame.columns.cells_right - frame.columns.spine)
    width = np.round(room * share)
    y, height = frame.edges()
    rects = np.stack((np.where(delta > 0, spine, spine - width), y, width, height), axis=1)
    brush = np.where(delta > 0, BUY, SELL) + _PROFILE_SHADE
    return Flat(rects, brush, spine, np.floor(y + height / 2), _quiet_ink(frame, np.abs(delta)))


def _ladder(frame: Frame) -> Flat:
    """Sells and buys as bars away from the spine, their numbers on them."""
    columns, counts = frame.columns, np.repeat(frame.counts, 2)
    value = frame.joined("sell", "buy")
    share = np.minimum(value / np.maximum(frame.largest(value, 2), 1e-300), 1.0)
    spine = np.repeat(columns.spine, frame.counts * 2)
    buys = np.repeat(np.tile([False, True], len(frame.bars)), counts)
    width = np.round(_both(columns.spine - columns.cells_left, columns.cells_right - columns.spine, counts) * share)
    y, height = frame.edges(2)
    rects = np.stack((np.where(buys, spine, spine - width), y, width, height), axis=1)
    pad = PAD_PX * columns.line
    ink = np.where(value > 0, Ink.PLAIN, Ink.ZERO)
    ink = np.where(frame.flags(SELL_FLAGS, BUY_FLAGS), np.where(buys, Ink.BUY, Ink.SELL), ink)
    brush = np.where(buys, BUY, SELL) + _PROFILE_SHADE
    return Flat(rects, brush, np.where(buys, spine + pad, spine - pad), np.floor(y + height / 2), ink)


def _quiet_ink(frame: Frame, value: Floats) -> Ints:
    ink = np.where(value > 0, Ink.PLAIN, Ink.ZERO)
    sold, bought = frame.flags(SELL_FLAGS), frame.flags(BUY_FLAGS)
    return np.where(bought & ~sold, Ink.BUY, np.where(sold & ~bought, Ink.SELL, ink)).astype(np.int64)


_NOTHING = Flat(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
_LAYOUTS: dict[CellMode, Callable[[Frame], Flat]] = {
    CellMode.BID_ASK: _pairs,
    CellMode.DELTA: _deltas,
    CellMode.TOTAL: _totals,
    CellMode.VOLUME_PROFILE: _profile,
    CellMode.DELTA_PROFILE: _delta_profile,
    CellMode.LADDER: _ladder,
    CellMode.TRADES: _trades,
}
