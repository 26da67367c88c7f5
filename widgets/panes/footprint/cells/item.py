"""The footprint itself: one item that lays out and paints the bars that come into sight, and moves the others."""

import math
from dataclasses import dataclass
from functools import partial
from itertools import compress

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from widgets.items.bands import draw_grid, hatch_gaps, mark_outliers, name_gaps, name_incomplete, shade_incomplete
from widgets.items.bulk import GlyphAtlas
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.canvas import BarsInSight, Canvas, CellParts
from widgets.panes.footprint.cells.cells import BarCells, CellCache, CellLayer
from widgets.panes.footprint.cells.columns import columns_of
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.cells.marks import MarkLayer
from widgets.panes.footprint.cells.scroll_cache import ScrollCache
from widgets.panes.footprint.cells.style import Shading, Style
from widgets.theme.theme import per_theme, theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintBar, FootprintView


@per_theme
def atlases(ratio: float, small: bool = False) -> tuple[GlyphAtlas, GlyphAtlas]:
    """The regular and the bold atlas of a device pixel ratio, shared by all charts."""
    look = theme()
    return GlyphAtlas(look.font(small=small), ratio), GlyphAtlas(look.font(small=small, bold=True), ratio)


_OVER_PX = 4  # how far a bar may reach out of its slot, device pixels


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """Bars that reach into the canvas, one entry each; `prices` are open, high, low, close."""

    bars: tuple[FootprintBar, ...]
    slots: Floats
    prices: Floats
    cells: list[BarCells]


class FootprintItem(ChartItem):
    """Paints grid, gaps, cells, numbers and what studies add to them, at a level of detail chosen by the pane.

    All but the live bar is cached as a picture: a tick or a crosshair costs that picture and one bar, a pan the bars
    that come into sight.
    """

    name = "the footprint"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.cache = CellCache()
        self._closed, self._live = (CellLayer(), MarkLayer()), (CellLayer(), MarkLayer())
        self._view: FootprintView | None = None
        self._grid = SlotGrid(1, 0)
        self._bars = BarsOnGrid((), SlotGrid(1, 0))
        self._choice = Choice(Detail.CANDLES, 1)
        self.style = Style()
        self._parts = CellParts()
        self._picture = ScrollCache()
        self._built: object = None
        self._ticked = False
        self._slices = slice(0, 0), slice(0, 0)  # closed and live bars in sight
        self._largest = self._floor = 0.0  # of the closed bars, and what they are held against because of the live one
        self._incomplete: Floats = np.zeros((0, 3))

    def set_view(self, view: FootprintView | None, bars: BarsOnGrid, grid: SlotGrid) -> None:
        if view is not None and self._is_tick(view, bars):
            self._ticked = True
        else:
            self.forget()
        self._view, self._bars, self._grid = view, bars, grid
        self.update()

    def forget(self) -> None:
        """Paint everything again."""
        self._built = None
        self._picture.forget()

    def _is_tick(self, view: FootprintView, bars: BarsOnGrid) -> bool:
        """Whether nothing but the live bar differs from what is shown."""
        before, now, old = self._view, bars.bars, self._bars.bars
        if before is None or not now or len(now) != len(old) or now[-1].closed or old[-1].closed:
            return False
        if (bars.slots[0], bars.slots[-1]) != (self._bars.slots[0], self._bars.slots[-1]) or now[:-1] != old[:-1]:
            return False
        if (view.request, view.row_size) != (before.request, before.row_size):
            return False
        same = all(value(view) == value(before) for value in self._parts.depends)
        return same and np.array_equal(view.gaps, before.gaps)

    def set_choice(self, choice: Choice) -> None:
        """Show another level of detail."""
        if choice != self._choice:
            self._choice = choice
            self.update()

    def set_style(self, style: Style) -> None:
        """Draw another way."""
        if style != self.style:
            self.style = style
            self.update()

    def set_parts(self, parts: CellParts) -> None:
        """Show what other studies add."""
        self._parts = parts
        for _, marks in (self._closed, self._live):
            marks.set_marks(parts.marks)
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Back to front; labels where they cover no cell."""
        scale, view = self._scale_of(width, height), self._view
        if view is None:
            draw_grid(painter, scale, self._grid, ratio)
            return
        looks = (self._choice, self.style, self._parts, ratio)
        if (scale, looks) != self._built:
            self._look(view, scale, ratio)
        if (scale, looks) != self._built or self._ticked:
            self._build_live(view, scale, ratio)
            self._built, self._ticked = (scale, looks), False
        shown = (looks, self._shaded)
        self._picture.show(painter, scale, shown, partial(self._paint_closed, view, scale, ratio))
        for layer in self._live:
            layer.draw(painter)
        name_incomplete(painter, self._incomplete, scale, ratio)
        name_gaps(painter, view.gaps, scale, self._grid, ratio)
        mark_outliers(painter, self._bars.outliers(scale.left, scale.right), scale, ratio)

    @property
    def _shaded(self) -> float:
        """What closed bars are shaded against."""
        return max(self._largest, self._floor)

    def _look(self, view: FootprintView, scale: Scale, ratio: float) -> None:
        """See which bars are in sight, and the largest cell of the closed ones."""
        part = self._bars.between(scale.left, scale.right)
        live = part.stop == len(self._bars.bars) > part.start and not self._bars.bars[-1].closed
        end = part.stop - 1 if live else part.stop
        self._slices = slice(part.start, end), slice(end, part.stop)
        self._largest = self._largest_of(self._sight(self._slices[0], view, scale, ratio))
        incomplete = self._bars.figure("complete")[part] == 0
        row = view.row_size * self._choice.factor  # by which cells may reach beyond
        extremes = (self._bars.slots, self._bars.lows - row, self._bars.highs + row)
        self._incomplete = np.stack([column[part][incomplete] for column in extremes], axis=1).astype(np.float64)

    def _build_live(self, view: FootprintView, scale: Scale, ratio: float) -> None:
        """Lay out the live bar; one that is larger than all others shades them too, in steps of a tenth."""
        sight = self._sight(self._slices[1], view, scale, ratio)
        found = self._largest_of(sight)
        self._floor = 1.1 ** math.ceil(math.log(found, 1.1)) if found > self._largest else 0.0
        self._fill(self._live, sight, view, scale, ratio)

    def _largest_of(self, sight: _Sight) -> float:
        """The largest cell; 0 where the cells are not held against one another."""
        if self._choice.detail <= Detail.MARKS or self.style.shading in (Shading.FIXED, Shading.BAR):
            return 0.0
        return max((bar.largest for bar in sight.cells), default=0.0)

    def _paint_closed(self, view: FootprintView, scale: Scale, ratio: float, painter: QPainter, within: QRect) -> None:
        """What lies still in a part of the canvas."""
        draw_grid(painter, scale, self._grid, ratio)
        shade_incomplete(painter, self._incomplete, scale)
        hatch_gaps(painter, view.gaps, scale, self._grid, ratio)
        canvas = Canvas(painter, scale, ratio, view, self._bars, self._choice.detail)
        for draw in self._parts.under:
            draw(canvas)
        sight = self._sight(self._closed_within(within, scale), view, scale, ratio)
        self._fill(self._closed, sight, view, scale, ratio)
        for layer in self._closed:
            layer.draw(painter)

    def _closed_within(self, within: QRect, scale: Scale) -> slice:
        """The closed bars that may paint there, those beside it too: a long number leaves its slot."""
        margin = 1.0 + _OVER_PX / scale.pitch
        left, right = scale.slot(within.left()) - margin, scale.slot(within.right() + 1) + margin
        part, bars = self._bars.between(left, right), self._bars.bars
        closed = len(bars) if not bars or bars[-1].closed else len(bars) - 1
        return slice(min(part.start, closed), min(part.stop, closed))

    def _sight(self, part: slice, view: FootprintView, scale: Scale, ratio: float) -> _Sight:
        """The bars of a part that reach into the canvas; cells where the level shows any."""
        bars, slots = self._bars.bars[part], self._bars.slots[part].astype(np.float64)
        prices = np.stack([self._bars.figure(name)[part] for name in ("open", "high", "low", "close")], axis=1)
        if self._choice.detail < Detail.MARKS:
            return _Sight(bars, slots, prices, [])
        row = view.row_size * self._choice.factor
        seen = (prices[:, 1] + row >= scale.bottom) & (prices[:, 2] - row <= scale.top)
        if not seen.all():
            bars, slots, prices = tuple(compress(bars, seen.tolist())), slots[seen], prices[seen]
        cells = self.cache.cells(bars, self._choice, self.style.mode, view.request.rules, atlases(ratio)[0])
        return _Sight(bars, slots, prices, cells)

    def _fill(
        self, layers: tuple[CellLayer, MarkLayer], sight: _Sight, view: FootprintView, scale: Scale, ratio: float
    ) -> None:
        choice, style, cells = self._choice, self.style, sight.cells
        size = view.row_size * choice.factor
        columns = columns_of(sight.slots, scale, choice.detail, ratio)
        layers[0].build(
            cells, columns, scale, size, choice.detail, style, atlases(ratio), self._shaded, self._parts.flags
        )
        shown = BarsInSight(sight.bars, sight.prices, cells, columns, scale, view.row_size, size, choice.detail)
        layers[1].build(shown)
