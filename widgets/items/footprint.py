"""The footprint itself: one item that lays out the visible bars when something moved, else redraws what it has."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import compress

import numpy as np
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.bands import draw_gaps, draw_grid, draw_incomplete
from widgets.items.bulk import GlyphAtlas
from widgets.items.cells import BarCells, CellCache, CellLayer
from widgets.items.columns import columns_of
from widgets.items.detail import Choice, Detail
from widgets.items.layouts import largest_of
from widgets.items.marks import MarkLayer
from widgets.items.pixel_item import PixelItem
from widgets.items.placed import FIGURES as FIGURES
from widgets.items.placed import BarsOnGrid as BarsOnGrid
from widgets.items.rays import draw_rays
from widgets.items.scale import Scale, SlotGrid
from widgets.items.style import Style
from widgets.items.zones import draw_zones
from widgets.theme import per_theme, theme
from workstation.readmodels import Floats, FootprintView


@per_theme
def atlases(ratio: float, small: bool = False) -> tuple[GlyphAtlas, GlyphAtlas]:
    """The regular and the bold atlas of a device pixel ratio, shared by all charts."""
    look = theme()
    return GlyphAtlas(look.font(small=small), ratio), GlyphAtlas(look.font(small=small, bold=True), ratio)


class FootprintItem(PixelItem):
    """Paints grid, gaps, zones, cells, marks and numbers of a view at a level of detail chosen by the pane.

    The live bar has layers of its own. What lies still is kept as a picture once it is painted a second time: a tick
    or a crosshair then costs that picture and one bar.
    """

    name = "the footprint"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=10)
        self._scale_of = scale_of
        self._cache = CellCache()
        self._closed, self._live = (CellLayer(), MarkLayer()), (CellLayer(), MarkLayer())
        self._view: FootprintView | None = None
        self._grid = SlotGrid(1, 0)
        self._placed = BarsOnGrid((), SlotGrid(1, 0))
        self._choice = Choice(Detail.CANDLES, 1)
        self.style = Style()
        self._built: object = None
        self._ticked = False
        self._floor = self._largest = 0.0  # of the live bar for the closed ones, and the other way round
        self._incomplete: Floats = np.zeros((0, 3))
        self._still: QPixmap | None = None
        self._steady = False

    def set_view(self, view: FootprintView | None, placed: BarsOnGrid, grid: SlotGrid) -> None:
        """Show other bars."""
        if view is not None and self._is_tick(view, placed):
            self._ticked = True
        else:
            self._built = None
        self._view, self._placed, self._grid = view, placed, grid
        self.update()

    def _is_tick(self, view: FootprintView, placed: BarsOnGrid) -> bool:
        """Whether nothing but the live bar differs from what is shown."""
        before, bars, old = self._view, placed.bars, self._placed.bars
        if before is None or not bars or len(bars) != len(old) or bars[-1].closed or old[-1].closed:
            return False
        if (placed.slots[0], placed.slots[-1]) != (self._placed.slots[0], self._placed.slots[-1]) or bars[:-1] != old[
            :-1
        ]:
            return False
        marks = (view.request, view.row_size, view.zones, view.naked_pocs)
        shown = (before.request, before.row_size, before.zones, before.naked_pocs)
        return marks == shown and np.array_equal(view.gaps, before.gaps)

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

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Back to front."""
        scale = self._scale_of(width, height)
        if self._view is None:
            draw_grid(painter, scale, self._grid, ratio)
            return
        key = (scale, self._choice, self.style, ratio)
        if key != self._built or (self._ticked and not self._build_live(self._view, scale, ratio)):
            self._build(self._view, scale, ratio)
            self._built, self._still, self._steady = key, None, False
        self._ticked = False
        if self._still is None and self._steady:
            self._still = self._picture(self._view, scale, width, height, ratio)
        if self._still is not None:
            painter.drawPixmap(0, 0, self._still)
        else:
            self._draw_still(painter, self._view, scale, ratio)
        self._steady = True
        for layer in self._live:
            layer.draw(painter)

    def _picture(self, view: FootprintView, scale: Scale, width: int, height: int, ratio: float) -> QPixmap:
        picture = QPixmap(width, height)
        picture.fill(theme().color("pane"))
        painter = QPainter(picture)
        self._draw_still(painter, view, scale, ratio)
        painter.end()
        return picture

    def _draw_still(self, painter: QPainter, view: FootprintView, scale: Scale, ratio: float) -> None:
        draw_grid(painter, scale, self._grid, ratio)
        draw_incomplete(painter, self._incomplete, scale, ratio)
        draw_gaps(painter, view.gaps, scale, self._grid, ratio)
        if self._choice.detail >= Detail.MARKS and self.style.zones:
            draw_zones(painter, view.zones, view.row_size, scale, self._grid, ratio)
        if self.style.naked_pocs:
            draw_rays(painter, view.naked_pocs, view.row_size, scale, self._grid, ratio)
        for layer in self._closed:
            layer.draw(painter)

    def _build(self, view: FootprintView, scale: Scale, ratio: float) -> None:
        """Lay everything out."""
        part = self._placed.between(scale.left, scale.right)
        live = part.stop == len(self._placed.bars) > part.start and not self._placed.bars[-1].closed
        closed = slice(part.start, part.stop - 1 if live else part.stop)
        rows = self._rows(closed, view, ratio)
        self._largest = largest_of([bar.rows for bar in rows], self._choice.detail, self.style.mode)
        self._floor = self._live_floor(self._rows(slice(closed.stop, part.stop), view, ratio))
        self._fill(self._closed, closed, self._floor, scale, view, ratio)
        self._fill(self._live, slice(closed.stop, part.stop), max(self._floor, self._largest), scale, view, ratio)
        incomplete = self._placed.figure("complete")[part] == 0
        extremes = (self._placed.slots, self._placed.lows, self._placed.highs)
        self._incomplete = np.stack([column[part][incomplete] for column in extremes], axis=1).astype(np.float64)

    def _build_live(self, view: FootprintView, scale: Scale, ratio: float) -> bool:
        """Lay out the live bar alone; False where the others have to be shaded anew."""
        part = self._placed.between(scale.left, scale.right)
        live = slice(max(part.start, len(self._placed.bars) - 1), part.stop)
        if self._live_floor(self._rows(live, view, ratio)) != self._floor:
            return False
        self._fill(self._live, live, max(self._floor, self._largest), scale, view, ratio)
        return True

    def _live_floor(self, cells: list[BarCells]) -> float:
        """What closed bars are held against because of the live one, in steps of a tenth: 0 while it is not larger."""
        found = largest_of([bar.rows for bar in cells], self._choice.detail, self.style.mode)
        return 1.1 ** math.ceil(math.log(found, 1.1)) if found > self._largest else 0.0

    def _rows(self, part: slice, view: FootprintView, ratio: float) -> list[BarCells]:
        """The cells of the bars of a part that reach into the canvas; none where the level shows none."""
        bars = self._placed.bars[part] if self._choice.detail >= Detail.MARKS else ()
        return self._cache.cells(bars, self._choice, self.style.mode, view.request.rules, atlases(ratio)[0])

    def _fill(
        self,
        layers: tuple[CellLayer, MarkLayer],
        part: slice,
        floor: float,
        scale: Scale,
        view: FootprintView,
        ratio: float,
    ) -> None:
        bars, slots = self._placed.bars[part], self._placed.slots[part].astype(np.float64)
        in_sight = (self._placed.highs[part] >= scale.bottom) & (self._placed.lows[part] <= scale.top)
        prices = np.stack([self._placed.figure(name)[part] for name in ("open", "high", "low", "close")], axis=1)
        cells = self._rows(part, view, ratio)
        if not in_sight.all():
            prices, slots, kept = prices[in_sight], slots[in_sight], in_sight.tolist()
            bars = tuple(compress(bars, kept))
            cells = list(compress(cells, kept))
        choice = self._choice
        effective = view.row_size * choice.factor
        columns = columns_of(slots, scale, choice.detail, ratio)
        layers[0].build(cells, columns, scale, effective, choice.detail, self.style, atlases(ratio), floor)
        layers[1].build(bars, prices, cells, columns, scale, view.row_size, effective, choice.detail, self.style)
