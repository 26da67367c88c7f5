"""The signs of all studies in one layer: several at one end of a bar stand one above the other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QPainter

from widgets.items import sprites
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale
from widgets.items.sprites import SIGN_PX, SpriteBatch
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.columns import columns_of
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.declaration import BarSigns, PriceSigns, Signs
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import FootprintView

_INSET_PX = 6.0
_PITCH_PX = 10.0  # bars narrower than this carry no signs


_Columns = tuple[Ints, Floats, Floats, Floats, Ints]


@dataclass(frozen=True, slots=True, eq=False)
class SignColumns:
    """Signs, one entry each: sprite, slot and price; `lift` is how many places away from the bar (up is positive).

    `side` -1 and 1 are beside the numbers of sells and of buys where there are numbers.
    """

    index: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    slot: Floats = field(default_factory=lambda: np.zeros(0))
    price: Floats = field(default_factory=lambda: np.zeros(0))
    lift: Floats = field(default_factory=lambda: np.zeros(0))
    side: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


def placed_signs(signs: Iterable[BarSigns | PriceSigns], bars: BarsOnGrid, part: slice) -> SignColumns:
    slots = bars.slots[part]
    above, below = np.zeros(len(slots)), np.zeros(len(slots))
    columns: list[_Columns] = [(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))]
    for sign in signs:
        if isinstance(sign, PriceSigns):
            columns.append((sign.sign, sign.slot, sign.price, np.zeros(len(sign.sign)), sign.side))
            continue
        taken = above if sign.above else below
        taken[sign.bars] += 1
        at = np.flatnonzero(sign.bars)
        ends = bars.highs[part] if sign.above else bars.lows[part]
        lift = taken[at] * (1 if sign.above else -1)
        columns.append(
            (
                np.full(len(at), sign.sign, np.int64),
                (slots[at] + 0.5).astype(np.float64),
                ends[at],
                lift,
                np.zeros(len(at), np.int64),
            )
        )
    return SignColumns(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))


def pixels_across(columns: SignColumns, scale: Scale, ratio: float, *, numbers: bool) -> Floats:
    """Pixels from the left; where cells show `numbers`, signs of a side stand at the outer edge of its cells."""
    if not numbers:
        return scale.x(columns.slot)
    cells = columns_of(np.floor(columns.slot), scale, Detail.NUMBERS, ratio)
    x = np.where(columns.side < 0, cells.cells_left + _INSET_PX * ratio, scale.x(columns.slot))
    return np.where(columns.side > 0, cells.cells_right - _INSET_PX * ratio, x)


class SignItem(ChartItem):
    """Paints the signs of the studies that are shown, in one call."""

    name = "the signs"
    layer = 16.0

    def __init__(self, plot: Plot, board: StudyBoard) -> None:
        super().__init__(plot)
        self._board = board
        self._view: FootprintView | None = None
        self._bars: BarsOnGrid | None = None
        self._batch = SpriteBatch()
        self._built: object = None
        self._numbers = False

    def set_numbers(self, shown: bool) -> None:
        """Whether the cells show numbers, which signs must not cover."""
        if shown != self._numbers:
            self._numbers = shown
            self.rebuild()

    def set_view(self, view: FootprintView | None, bars: BarsOnGrid) -> None:
        self._view, self._bars = view, bars
        self.rebuild()

    def rebuild(self) -> None:
        """Ask the studies for their signs at the next paint."""
        self._built = None
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """All of them in one call."""
        scale = self._scale_of(width, height)
        if self._view is None or self._bars is None or scale.pitch < _PITCH_PX * ratio:
            return
        if (scale, ratio) != self._built:
            self._build(self._view, self._bars, scale, ratio)
            self._built = scale, ratio
        self._batch.draw(painter)

    def _build(self, view: FootprintView, bars: BarsOnGrid, scale: Scale, ratio: float) -> None:
        part = bars.between(scale.left, scale.right)
        found = [
            sign
            for study, output in self._board.outputs(Signs)
            for sign in output.signs(self._board.inputs(study), view, part)
        ]
        columns = placed_signs(found, bars, part)
        x = pixels_across(columns, scale, ratio, numbers=self._numbers)
        y = scale.y(columns.price) - columns.lift * SIGN_PX * ratio
        seen = np.flatnonzero((x > -20) & (x < scale.width + 20) & (y > -20) & (y < scale.height + 20))
        self._batch.fill(sprites.signs(ratio), columns.index[seen], x[seen], y[seen])
