"""The footprint itself: one item that lays out the visible bars when something moved, else redraws what it has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.bands import draw_gaps, draw_grid, draw_incomplete
from widgets.items.bulk import GlyphAtlas
from widgets.items.cells import CellCache, CellLayer
from widgets.items.columns import columns_of
from widgets.items.detail import Choice, Detail
from widgets.items.marks import MarkLayer
from widgets.items.pixel_item import PixelItem
from widgets.items.placed import FIGURES as FIGURES
from widgets.items.placed import BarsOnGrid as BarsOnGrid
from widgets.items.rays import draw_rays
from widgets.items.scale import Scale, SlotGrid
from widgets.items.style import Style
from widgets.items.zones import Zone, ZoneTracker, draw_zones
from widgets.theme import per_theme, theme
from workstation.readmodels import Floats, FootprintView


@per_theme
def atlases(ratio: float, small: bool = False) -> tuple[GlyphAtlas, GlyphAtlas]:
    """The regular and the bold atlas of a device pixel ratio, shared by all charts."""
    look = theme()
    return GlyphAtlas(look.font(small=small), ratio), GlyphAtlas(look.font(small=small, bold=True), ratio)


class FootprintItem(PixelItem):
    """Paints grid, gaps, zones, cells, marks and numbers of a view at a level of detail chosen by the pane."""

    name = "the footprint"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=10)
        self._scale_of = scale_of
        self._cache, self._cells, self._marks, self._tracker = CellCache(), CellLayer(), MarkLayer(), ZoneTracker()
        self._view: FootprintView | None = None
        self._grid = SlotGrid(1, 0)
        self._placed = BarsOnGrid((), SlotGrid(1, 0))
        self._zones: list[Zone] = []
        self._choice = Choice(Detail.CANDLES, 1)
        self.style = Style()
        self._built: object = None
        self._incomplete: Floats = np.zeros((0, 3))

    def set_view(self, view: FootprintView | None, placed: BarsOnGrid, grid: SlotGrid) -> None:
        """Show other bars."""
        self._view, self._placed, self._grid = view, placed, grid
        self._zones = [] if view is None else self._tracker.zones(placed.bars, view.row_size, placed.lows, placed.highs)
        self._built = None
        self.update()

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

    @property
    def zones(self) -> list[Zone]:
        """The stacked imbalance zones of all bars."""
        return self._zones

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Back to front."""
        scale = self._scale_of(width, height)
        draw_grid(painter, scale, self._grid, ratio)
        if self._view is None:
            return
        key = (scale, self._choice, self.style, ratio)
        if key != self._built:
            self._build(self._view, scale, ratio)
            self._built = key
        draw_incomplete(painter, self._incomplete, scale, ratio)
        draw_gaps(painter, self._view.gaps, scale, self._grid, ratio)
        if self._choice.detail >= Detail.MARKS and self.style.zones:
            draw_zones(painter, self._zones, self._placed.slots, scale, ratio)
        if self.style.naked_pocs:
            draw_rays(painter, self._view.naked_pocs, self._view.row_size, scale, self._grid, ratio)
        self._cells.draw(painter)
        self._marks.draw(painter)

    def _build(self, view: FootprintView, scale: Scale, ratio: float) -> None:
        part = self._placed.between(scale.left, scale.right)
        bars, slots = self._placed.bars[part], self._placed.slots[part].astype(np.float64)
        in_sight = (self._placed.highs[part] >= scale.bottom) & (self._placed.lows[part] <= scale.top)
        prices = np.stack([self._placed.figure(name)[part] for name in ("open", "high", "low", "close")], axis=1)
        if not in_sight.all():
            prices = prices[in_sight]
            bars = tuple(bar for bar, kept in zip(bars, in_sight.tolist(), strict=True) if kept)
            slots = slots[in_sight]
        choice, fonts = self._choice, atlases(ratio)
        effective = view.row_size * choice.factor
        columns = columns_of(slots, scale, choice.detail, ratio)
        rowed = bars if choice.detail >= Detail.MARKS else ()
        cells = self._cache.cells(rowed, choice, self.style.mode, view.request.rules, fonts[0])
        self._cells.build(cells, columns, scale, effective, choice.detail, self.style, fonts)
        self._marks.build(bars, prices, cells, columns, scale, view.row_size, effective, choice.detail, self.style)
        partial = [
            (slot, bar.low, bar.high) for bar, slot in zip(bars, slots.tolist(), strict=True) if not bar.complete
        ]
        self._incomplete = np.array(partial, np.float64).reshape(-1, 3)
