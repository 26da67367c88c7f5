"""Marks of studies at bars and prices: absorptions, divergences, unfinished auctions, exhaustion."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QPainter

from widgets.items import sprites
from widgets.items.scale import Scale, SlotGrid
from widgets.items.sprites import SIGN_PX, Sign, SpriteBatch
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.columns import columns_of
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.cells.style import Style
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.footprint import Absorption, FootprintView

_INSET_PX = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class SignColumns:
    """Signs with the slot and price at which each stands, and how many places away from the bar (up is positive)."""

    index: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    slot: Floats = field(default_factory=lambda: np.zeros(0))
    price: Floats = field(default_factory=lambda: np.zeros(0))
    lift: Floats = field(default_factory=lambda: np.zeros(0))


def signs_of(view: FootprintView, placed: BarsOnGrid, style: Style, part: slice) -> SignColumns:
    """The signs of some of the bars. Several at one end of a bar stand one above the other."""
    bars, slots = placed.bars[part], placed.slots[part]
    flags: list[tuple[Sign, Bools, bool]] = []
    if style.divergences and len(view.divergence) == len(placed.bars):
        turn = view.divergence[part]
        flags += [(sprites.DIVERGES_UP, turn > 0, False), (sprites.DIVERGES_DOWN, turn < 0, True)]
    if style.unfinished:
        flags += [
            (sprites.UNFINISHED_HIGH, _flags(bars, "unfinished_high"), True),
            (sprites.UNFINISHED_LOW, _flags(bars, "unfinished_low"), False),
        ]
    if style.exhaustion:
        flags += [
            (sprites.EXHAUSTED_HIGH, _flags(bars, "exhausted_high"), True),
            (sprites.EXHAUSTED_LOW, _flags(bars, "exhausted_low"), False),
        ]
    above, below = np.zeros(len(bars)), np.zeros(len(bars))
    columns = []
    for sign, shown, up in flags:
        taken = above if up else below
        taken[shown] += 1
        at = np.flatnonzero(shown)
        ends = placed.highs[part] if up else placed.lows[part]
        lift = taken[at] * (1 if up else -1)
        columns.append((np.full(len(at), sign.at), slots[at] + 0.5, ends[at], lift))
    columns.append(_absorbed(view.absorptions, view.row_size, placed.grid))
    return SignColumns(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))


def _flags(bars: tuple[object, ...], name: str) -> Bools:
    return np.array([getattr(bar, name) for bar in bars], np.bool_)


def _absorbed(found: tuple[Absorption, ...], row_size: float, grid: SlotGrid) -> tuple[Ints, Floats, Floats, Floats]:
    """A dot at the row and the moment of each absorption."""
    index = np.array([(sprites.ABSORBED_BUY if one.buy else sprites.ABSORBED_SELL).at for one in found], np.int64)
    slot = grid.slots(np.array([(one.from_ns + one.until_ns) // 2 for one in found], np.int64))
    price = np.array([(one.row + 0.5) * row_size for one in found], np.float64)
    return index, slot, price, np.zeros(len(found))


def _beside_numbers(columns: SignColumns, scale: Scale, ratio: float) -> Floats:
    """Pixels from the left: the dots of absorptions at the outer edge of their side's cells, the rest at its moment."""
    cells = columns_of(np.floor(columns.slot), scale, Detail.NUMBERS, ratio)
    x = np.where(columns.index == sprites.ABSORBED_SELL.at, cells.cells_left + _INSET_PX * ratio, scale.x(columns.slot))
    return np.where(columns.index == sprites.ABSORBED_BUY.at, cells.cells_right - _INSET_PX * ratio, x)


class SignLayer:
    """Lays the signs in sight out and draws them in one call."""

    def __init__(self) -> None:
        self._batch = SpriteBatch()

    def build(self, columns: SignColumns, scale: Scale, ratio: float, *, numbers: bool) -> None:
        """Take the signs that are on the canvas; where cells show numbers, dots stand beside them."""
        x = _beside_numbers(columns, scale, ratio) if numbers else scale.x(columns.slot)
        y = scale.y(columns.price) - columns.lift * SIGN_PX * ratio
        seen = np.flatnonzero((x > -20) & (x < scale.width + 20) & (y > -20) & (y < scale.height + 20))
        self._batch.fill(sprites.signs(ratio), columns.index[seen], x[seen], y[seen])

    def draw(self, painter: QPainter) -> None:
        """Paint what was built last."""
        self._batch.draw(painter)
