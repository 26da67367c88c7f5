"""What studies add to the cells of a footprint, and what they are given to draw with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtGui import QBrush, QPainter

from widgets.items.scale import Scale
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.cells import BarCells
from widgets.panes.footprint.cells.columns import Columns
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.cells.layouts import RowFlags
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintBar, FootprintView


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The plot in device pixels, `ratio` to a logical one; `scale` maps slots and prices to them."""

    painter: QPainter
    scale: Scale
    ratio: float
    view: FootprintView
    bars: BarsOnGrid
    detail: Detail


@dataclass(frozen=True, slots=True, eq=False)
class BarsInSight:
    """Bars that reach into the plot, one entry each; `prices` is (n, 4): open, high, low, close.

    `cells` is empty below `Detail.MARKS`. Bars have rows of `row_size`, their cells rows of `cell_size`, both in price.
    """

    bars: tuple[FootprintBar, ...]
    prices: Floats
    cells: list[BarCells]
    columns: Columns
    scale: Scale
    row_size: float
    cell_size: float
    detail: Detail


class MarkRects(NamedTuple):
    """Rectangles over the cells: one (n, 4) array of x, y, width and height in pixels for each of the brushes."""

    brushes: Callable[[], list[QBrush]]
    rects: Callable[[BarsInSight], list[Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class CellParts:
    """What the cells show besides their numbers.

    `under` paint below them, into a cached picture: it is repainted when a bar closes, the scale changes, or one of
    the values of `depends` does. `marks` are painted over the cells, `flags` emphasise sides of rows.
    """

    under: tuple[Callable[[Canvas], None], ...] = ()
    depends: tuple[Callable[[FootprintView], object], ...] = ()
    marks: tuple[MarkRects, ...] = ()
    flags: tuple[RowFlags, ...] = ()
