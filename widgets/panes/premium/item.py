"""The premium chart: the combined premium as columns, and lines of the groups. NaN breaks the lines."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from feeds.model.instrument import MarketKind
from widgets.items.bands import draw_gaps, draw_grid
from widgets.items.bulk import RectBatch, draw_line
from widgets.items.lines import in_sight
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.positions.premium import PremiumLine, PremiumView

BP = 1e4
_ABOVE, _BELOW = "muted", "buy"  # grey where perpetuals are above spot, green below


def line_pen(line: PremiumLine, ratio: float = 1.0) -> QPen:
    """The pen of a market: its venue's colour, dotted if coin-margined."""
    style = Qt.PenStyle.SolidLine if line.kind is MarketKind.LINEAR else Qt.PenStyle.DotLine
    return QPen(theme().venue_color(line.venue), ratio, style, Qt.PenCapStyle.FlatCap)


def group_pen(name: str, ratio: float = 1.0) -> QPen:
    """The pen of a group: `combined` cyan and bold, `linear` solid, `inverse` dashed."""
    if name == "combined":
        return QPen(theme().color("aggregate"), 2.5 * ratio, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    style = Qt.PenStyle.SolidLine if name == "linear" else Qt.PenStyle.DashLine
    return QPen(theme().color("text", 190), 1.2 * ratio, style, Qt.PenCapStyle.FlatCap)


class PremiumItem(ChartItem):
    """Draws a PremiumView in basis points."""

    name = "the premium chart"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._grid = SlotGrid(1, 0)
        self._view: PremiumView | None = None
        self._slots: Ints = np.zeros(0, np.int64)
        self._columns = RectBatch([theme().brush(_ABOVE, 90), theme().brush(_BELOW, 90)])
        self.by_market = False

    def set_view(self, view: PremiumView | None, slots: Ints, grid: SlotGrid) -> None:
        """Show a view, or nothing; `slots` are the positions of its bars on `grid`."""
        self._view, self._slots, self._grid = view, slots, grid
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Draw back to front: grid, gaps, columns, zones, lines."""
        scale, view = self._scale_of(width, height), self._view
        draw_grid(painter, scale, self._grid, ratio)
        if view is None:
            return
        draw_gaps(painter, view.gaps, scale, self._grid, ratio)
        part = in_sight(self._slots, scale.left - 1, scale.right + 1)
        slots = self._slots[part]
        self._draw_columns(painter, slots, view.combined[part] * BP, scale)
        painter.fillRect(QRectF(0, round(scale.y(0.0)), width, max(1, round(ratio))), theme().brush("faint"))
        self._draw_zones(painter, view.zone, scale, ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, broken = broken_at_holes(slots)
        x = scale.x(x + 0.5)
        for line in view.lines if self.by_market else ():
            draw_line(painter, x, scale.y(broken(line.values[part] * BP)), line_pen(line, ratio))
        for name in ("linear", "inverse", "combined"):
            values = getattr(view, name)[part] * BP
            if np.isfinite(values).any():
                draw_line(painter, x, scale.y(broken(values)), group_pen(name, ratio))

    def _draw_columns(self, painter: QPainter, slots: Ints, values: Floats, scale: Scale) -> None:
        known = np.isfinite(values)
        slots, values = slots[known], values[known]
        left, right = np.round(scale.x(slots.astype(np.float64))), np.round(scale.x(slots + 1.0))
        zero, edge = scale.y(0.0), scale.y(values)
        rects = np.stack((left, np.minimum(zero, edge), np.maximum(right - left, 1.0), np.abs(edge - zero)), axis=1)
        self._columns.fill(rects, (values < 0).astype(np.int64))
        self._columns.draw(painter)

    def _draw_zones(self, painter: QPainter, zone: float | None, scale: Scale, ratio: float) -> None:
        if zone is None:
            return
        painter.setPen(QPen(theme().color("gap", 200), ratio, Qt.PenStyle.DashLine))
        for value in (zone * BP, -zone * BP):
            y = round(scale.y(value)) + 0.5
            if 0 <= y <= scale.height:
                painter.drawLine(0, int(y), int(scale.width), int(y))


def broken_at_holes(slots: Ints) -> tuple[Floats, Callable[[Floats], Floats]]:
    """`slots` as float64 with a NaN wherever bars are missing, and a function that inserts the same NaN into values.

    A line drawn from both is broken at the missing bars.
    """
    holes = 1 + np.flatnonzero(np.diff(slots) > 1)
    return np.insert(slots.astype(np.float64), holes, np.nan), lambda values: np.insert(values, holes, np.nan)
