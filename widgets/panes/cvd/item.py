"""Paints CVD: lines of markets, sums, difference and size classes, or candles. NaN breaks a line."""

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from feeds.model.instrument import MarketKind
from widgets.items.bands import draw_gaps, draw_grid
from widgets.items.bulk import RectBatch, draw_line, mix
from widgets.items.lines import in_sight
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.cvd import CvdLine, CvdView
from workstation.readmodels.markets import Freshness

_STYLE = {
    MarketKind.LINEAR: Qt.PenStyle.SolidLine,
    MarketKind.INVERSE: Qt.PenStyle.DotLine,
    MarketKind.SPOT: Qt.PenStyle.DashLine,
}
_MARK_PX = 5.0
_THIN_PX = 0.75


class Stroke(NamedTuple):
    """A line and its style. `role` is the colour of its name in the legend, `name` replaces the line's own."""

    line: CvdLine
    color: QColor
    width: float = 1.0
    style: Qt.PenStyle = Qt.PenStyle.SolidLine
    role: str = "text"
    bold: bool = False
    name: str = ""

    def pen(self, ratio: float = 1.0, wider: float = 0.0) -> QPen:
        round_ends = self.bold and self.style is Qt.PenStyle.SolidLine
        cap = Qt.PenCapStyle.RoundCap if round_ends else Qt.PenCapStyle.FlatCap
        return QPen(self.color, (self.width + wider) * ratio, self.style, cap)


def market_stroke(line: CvdLine) -> Stroke:
    """Thin, in the colour of its venue; inverse dotted, spot dashed."""
    kind = line.kind or (MarketKind.LINEAR if line.perp else MarketKind.SPOT)
    color = theme().venue_color(line.venue) if line.venue is not None else theme().color("aggregate")
    return Stroke(line, color, 1.0, _STYLE[kind])


def sum_stroke(line: CvdLine) -> Stroke:
    """Cyan: perpetuals bold, spot dashed; grey while none of its markets is live."""
    color = theme().color("aggregate" if line.freshness is Freshness.LIVE else "stale")
    if line.perp:
        return Stroke(line, color, 2.5, Qt.PenStyle.SolidLine, "aggregate", True)
    return Stroke(line, color, 1.5, Qt.PenStyle.DashLine, "aggregate")


def difference_stroke(line: CvdLine) -> Stroke:
    """Perp minus spot, in the text colour: it belongs to no venue and no side."""
    return Stroke(line, theme().color("text"), 1.5, Qt.PenStyle.SolidLine, "text", False, "perp \N{MINUS SIGN} spot")


def size_strokes(lines: tuple[CvdLine, ...], names: list[str]) -> list[Stroke]:
    """Small trades faint and thin, large ones bright and wide."""
    ground, ink = theme().color("pane"), theme().color("focus")
    steps = max(len(lines) - 1, 1)
    return [
        Stroke(line, mix(ground, ink, 0.35 + 0.65 * at / steps), 1.0 + 1.2 * at / steps, name=name)
        for at, (line, name) in enumerate(zip(lines, names, strict=True))
    ]


class CvdItem(ChartItem):
    """Paints grid, gaps, the zero line and the lines. Lines of markets in `opposing` are thicker.

    Where a sum lacks a market it is thin, with `breaks` not drawn.
    """

    name = "the CVD chart"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._grid = SlotGrid(1, 0)
        self._view: CvdView | None = None
        self._slots: Floats | Ints = np.zeros(0, np.int64)
        self._strokes: tuple[Stroke, ...] = ()
        self.opposing: frozenset[str] = frozenset()
        self.breaks = False
        self._candles = RectBatch([theme().brush("aggregate"), dark_brush()])

    def set_view(
        self, view: CvdView | None, slots: Floats | Ints, grid: SlotGrid, strokes: tuple[Stroke, ...] = ()
    ) -> None:
        """Show a view; `slots` are those of its bars, whose closes are the values."""
        self._view, self._slots, self._grid, self._strokes = view, slots, grid, strokes
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        scale, view = self._scale_of(width, height), self._view
        draw_grid(painter, scale, self._grid, ratio)
        zero = round(scale.y(0.0))
        painter.fillRect(QRectF(0, zero, width, max(1, round(ratio))), theme().brush("faint"))
        if view is None:
            return
        draw_gaps(painter, view.gaps, scale, self._grid, ratio)
        self._draw_anchor(painter, view, scale, ratio)
        part = in_sight(self._slots, scale.left - 1, scale.right + 1)
        resets = 1 + np.flatnonzero(np.diff(view.segment[part])) if len(view.segment) else np.zeros(0, np.int64)
        x = np.insert(scale.x(self._slots[part] + 0.5).astype(np.float64), resets, np.nan)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for stroke in self._strokes:
            if stroke.line is view.perp and view.request.candles and len(view.candles.open):
                self._draw_candles(painter, view, part, scale, ratio)
                continue
            pen = stroke.pen(ratio, 1.0 if stroke.line.label in self.opposing else 0.0)
            values = np.insert(stroke.line.values[part], resets, np.nan)  # no line across a reset
            missing = np.insert(missing_of(stroke.line)[part], resets, False)
            if missing.any() and not self.breaks:
                thin = QPen(pen)
                thin.setWidthF(_THIN_PX * ratio)
                _draw_line(painter, x, scale.y(np.where(_with_neighbours(missing), values, np.nan)), thin)
            values[missing] = np.nan
            if np.isfinite(values).any():
                _draw_line(painter, x, scale.y(values), pen)
        self._draw_marks(painter, view, scale, ratio)

    def _draw_anchor(self, painter: QPainter, view: CvdView, scale: Scale, ratio: float) -> None:
        if view.request.anchor_ns is None:
            return
        x = scale.x(self._grid.slot(view.request.anchor_ns))
        painter.setPen(QPen(theme().color("aggregate", 150), ratio, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, 0), QPointF(x, scale.height))

    def _draw_candles(self, painter: QPainter, view: CvdView, part: slice, scale: Scale, ratio: float) -> None:
        """Bright bodies where the sum rose, dark where it fell; wicks are the extremes within the bar."""
        assert view.perp is not None
        missing = missing_of(view.perp)[part]
        known = np.isfinite(view.candles.open[part]) & ~(missing & self.breaks)
        opens, highs, lows = (
            scale.y(column[part][known]) for column in (view.candles.open, view.candles.high, view.candles.low)
        )
        closes = scale.y(view.perp.values[part][known])
        left = scale.x(self._slots[part][known].astype(np.float64))
        line = max(1, round(ratio))
        body = np.where(missing[known], line, max(round(scale.pitch * 0.7), 1))
        top, foot = np.minimum(opens, closes), np.maximum(opens, closes)
        down = (closes > opens).astype(np.int64)
        middle = np.round(left + scale.pitch / 2 - line / 2)
        wicks = np.stack((middle, highs, np.full(len(left), line), np.maximum(lows - highs, line)), axis=1)
        bodies = np.stack(
            (np.round(left + (scale.pitch - body) / 2), top, body, np.maximum(foot - top, line)),
            axis=1,
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._candles.fill(np.concatenate((wicks, bodies)), np.concatenate((np.zeros(len(down), np.int64), down)))
        self._candles.draw(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _draw_marks(self, painter: QPainter, view: CvdView, scale: Scale, ratio: float) -> None:
        """Triangles where price made an extreme that CVD did not: above the line for a high."""
        if view.perp is None or not len(view.diverged_ns):
            return
        bar_ns = view.request.mark_ns or view.request.bar_ns
        at = np.searchsorted(view.bar_start_ns, view.diverged_ns + bar_ns) - 1
        painter.setPen(Qt.PenStyle.NoPen)
        for index, sign in zip(at.tolist(), view.diverged.tolist(), strict=True):
            value = float(view.perp.values[index]) if index >= 0 else np.nan
            x = scale.x(float(self._slots[index]) + 0.5)
            if np.isfinite(value) and 0 <= x <= scale.width:
                painter.setBrush(theme().brush("buy" if sign > 0 else "sell"))
                painter.drawPolygon(_triangle(x, scale.y(value), sign, _MARK_PX * ratio))


def _triangle(x: float, y: float, sign: int, size: float) -> QPolygonF:
    """A triangle pointing at (x, y) from below (`sign` positive) or above."""
    tip, base = y + sign * 1.4 * size, y + sign * 3.0 * size
    return QPolygonF([QPointF(x, tip), QPointF(x - size, base), QPointF(x + size, base)])


def dark_brush() -> QBrush:
    """The body of a falling candle: a dark shade of the sum's colour."""
    return QBrush(mix(theme().color("pane"), theme().color("aggregate"), 0.38))


def missing_of(line: CvdLine) -> Bools:
    """The bars in which a sum lacks a market: all False for a line of one market, which is NaN there."""
    is_marked = line.venue is None and len(line.missing) > 0
    return line.missing if is_marked else np.zeros(len(line.values), np.bool_)


def _with_neighbours(mask: Bools) -> Bools:
    """The mask with the points beside it, so that a part of a line joins the rest."""
    padded = np.pad(mask, 1)
    joined: Bools = padded[1:-1] | padded[:-2] | padded[2:]
    return joined


def _draw_line(painter: QPainter, x: Floats, y: Floats, pen: QPen) -> None:
    """Draw a line, and a dot for every value between two breaks."""
    draw_line(painter, x, y, pen)
    known = np.pad(np.isfinite(y), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    for index in np.flatnonzero(alone):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pen.color())
        painter.drawEllipse(QPointF(x[index], y[index]), pen.widthF() + 1, pen.widthF() + 1)
