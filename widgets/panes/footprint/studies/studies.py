"""What studies draw over the bars of a footprint: VWAP, signs, session POCs; and the candles before the trades."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.history import CandleHistory, HistoryLayer
from widgets.panes.footprint.cells.style import Style
from widgets.panes.footprint.studies.rays import draw_session_pocs
from widgets.panes.footprint.studies.signs import SignLayer, signs_of
from widgets.panes.footprint.studies.vwap import draw_vwap
from workstation.readmodels.flow.candles import NO_CANDLES
from workstation.readmodels.flow.footprint import FootprintView

_SIGN_PITCH_PX = 10.0  # bars narrower than this carry no signs


class StudyItem(PixelItem):
    """Paints the studies that the style asks for."""

    name = "the studies"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=15)
        self._scale_of = scale_of
        self._view: FootprintView | None = None
        self._placed = BarsOnGrid((), SlotGrid(1, 0))
        self.history = CandleHistory(NO_CANDLES, SlotGrid(1, 0))
        self._candles, self._signs = HistoryLayer(), SignLayer()
        self._style = Style()
        self._built: object = None
        self._numbers = False

    def set_numbers(self, shown: bool) -> None:
        """Whether the cells show numbers, which dots must not cover."""
        if shown != self._numbers:
            self._numbers, self._built = shown, None
            self.update()

    def set_view(self, view: FootprintView | None, placed: BarsOnGrid) -> None:
        """Show other bars."""
        candles = NO_CANDLES if view is None else view.candles
        if candles is not self.history.candles or placed.grid != self._placed.grid:
            self.history = CandleHistory(candles, placed.grid)
        self._view, self._placed, self._built = view, placed, None
        self.update()

    def set_style(self, style: Style) -> None:
        """Draw another way."""
        if style != self._style:
            self._style, self._built = style, None
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Back to front."""
        view, placed, style = self._view, self._placed, self._style
        if view is None:
            return
        scale = self._scale_of(width, height)
        if (scale, ratio) != self._built:
            self._build(view, scale, ratio)
            self._built = scale, ratio
        self._candles.draw(painter, scale, ratio)
        if style.session_pocs:
            draw_session_pocs(painter, view.session_pocs, view.row_size, scale, placed.grid, ratio)
        if style.vwap:
            draw_vwap(painter, placed, view, style.vwap_bands, scale, ratio)
        if scale.pitch >= _SIGN_PITCH_PX * ratio:
            self._signs.draw(painter)

    def _build(self, view: FootprintView, scale: Scale, ratio: float) -> None:
        self._candles.build(self.history, scale, ratio)
        part = self._placed.between(scale.left, scale.right)
        self._signs.build(signs_of(view, self._placed, self._style, part), scale, ratio, numbers=self._numbers)
