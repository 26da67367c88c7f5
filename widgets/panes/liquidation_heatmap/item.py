"""Estimated liquidation levels through time as a hatched image, the profile of the present ones, and liquidations.

Estimates go from purple to yellow under a hatch; real liquidations are solid dots in the colour of their side.
"""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter, QPen

from widgets.items.bands import draw_gaps, draw_grid, scaled_font
from widgets.items.bulk import RectBatch, draw_line, mix
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.positions.liquidation_levels import LiquidationLevelsView

SHADES = 64
SHARE = 0.14  # of the width of the plot, for the largest row of the profile
_LEAST = 0.004  # share of the largest sum below which nothing is drawn
_STEPS_USD = (50_000.0, 100_000.0, 200_000.0, 1_000_000.0)


def ramp() -> list[QColor]:
    """The `SHADES` colours from purple (few) to bright yellow (many)."""
    few, some, many = (theme().color(f"level_{name}") for name in ("few", "some", "many"))
    half = SHADES // 2
    low = [mix(few, some, at / half) for at in range(half)]
    return low + [mix(some, many, at / (SHADES - half - 1)) for at in range(SHADES - half)]


def shade_of(usd: Floats, largest: float) -> Ints:
    """The index into `ramp()` of each sum in USD, by square root of its share of `largest`; -1 where too small."""
    share = np.clip(usd / largest, 0.0, 1.0) if largest > 0 else np.zeros_like(usd)
    shade = np.minimum((np.sqrt(share) * SHADES).astype(np.int64), SHADES - 1)
    return np.where(share >= _LEAST, shade, -1)


class LevelsItem(ChartItem):
    """Paints a LiquidationLevelsView on a grid of its minutes."""

    name = "the liquidation levels"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._grid = SlotGrid(1, 0)
        self._view: LiquidationLevelsView | None = None
        self._usd_row: Floats = np.zeros(0)  # the price of each row
        self.largest = 0.0
        colors = ramp()
        self._table = np.array([color.rgba() for color in colors] + [0], np.uint32)  # index -1 is transparent
        self._bars = RectBatch([QBrush(color) for color in colors])
        self._cached: tuple[object, QImage | None] = (None, None)

    def set_view(self, view: LiquidationLevelsView | None, grid: SlotGrid) -> None:
        self._view, self._grid = view, grid
        if view is not None:
            self._usd_row = np.asarray(
                (view.first_row + np.arange(len(view.long_now)) + 0.5) * view.row_size, np.float64
            )
            self.largest = self._largest(view)
        self.update()

    def _largest(self, view: LiquidationLevelsView) -> float:
        """The largest sum of a row in USD, over the present levels and those at the close of every 16th bar."""
        now = float(((view.long_now + view.short_now) * self._usd_row).max(initial=0.0))
        if not view.levels.size:
            return now
        return max(now, float((view.levels[::16].max(axis=0) * self._usd_row).max()))

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Draw back to front: grid, image, gaps, profile, price, real liquidations."""
        scale = self._scale_of(width, height)
        draw_grid(painter, scale, self._grid, ratio)
        view = self._view
        if view is None or not view.bars:
            return
        begin = self._grid.slot(view.start_ns)
        if self.largest > 0:
            self._draw_image(painter, view, begin, scale)
        draw_gaps(painter, view.gaps, scale, self._grid, ratio)
        if self.largest > 0:
            self._draw_profile(painter, view, scale, ratio)
        self._draw_price(painter, view, begin, scale, ratio)
        self._draw_liquidations(painter, view, scale, ratio)

    # --- the image

    def _draw_image(self, painter: QPainter, view: LiquidationLevelsView, begin: float, scale: Scale) -> None:
        bars = slice(max(int(scale.left - begin), 0), min(int(np.ceil(scale.right - begin)), view.bars))
        first = int(np.floor(scale.bottom / view.row_size)) - view.first_row
        rows = slice(max(first, 0), min(int(np.ceil(scale.top / view.row_size)) - view.first_row, len(self._usd_row)))
        if bars.stop <= bars.start or rows.stop <= rows.start:
            return
        key = (id(view), bars.start, bars.stop, rows.start, rows.stop, int(scale.width))
        if self._cached[0] != key:
            self._cached = (key, self._image(view, bars, rows, int(scale.width)))
        left, right = (scale.x(begin + at) for at in (bars.start, bars.stop))
        top, bottom = (scale.y((view.first_row + row) * view.row_size) for row in (rows.stop, rows.start))
        target, image = QRectF(left, top, right - left, bottom - top), self._cached[1]
        if image is not None:
            painter.drawImage(target, image)
            painter.fillRect(target, QBrush(theme().color("pane", 120), Qt.BrushStyle.BDiagPattern))

    def _image(self, view: LiquidationLevelsView, bars: slice, rows: slice, width: int) -> QImage:
        """An image of one pixel per bar and row; if there are more bars than pixels, the largest of several bars."""
        done = len(view.levels)
        finished = view.levels[bars.start : min(bars.stop, done), rows]
        running = view.running[max(bars.start - done, 0) : max(bars.stop - done, 0), rows]
        sums = np.concatenate((finished, running))
        step = max(1, len(sums) // max(width, 1))
        if step > 1:
            sums = np.maximum.reduceat(sums, np.arange(0, len(sums), step), axis=0)
        pixels = np.ascontiguousarray(self._table[shade_of(sums * self._usd_row[rows], self.largest)].T[::-1])
        high, wide = pixels.shape
        return QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied).copy()

    # --- price and real liquidations

    def _draw_price(
        self, painter: QPainter, view: LiquidationLevelsView, begin: float, scale: Scale, ratio: float
    ) -> None:
        """Draw a line through the closes on a darker one, so that it contrasts with every shade."""
        bars = slice(max(int(scale.left - begin) - 1, 0), max(int(np.ceil(scale.right - begin)) + 1, 0))
        close = view.close[bars]
        x, y = scale.x(begin + bars.start + np.arange(len(close)) + 0.5), scale.y(close)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for role, wide in (("window", 3.4), ("text", 1.4)):
            draw_line(painter, x, y, QPen(theme().color(role), wide * ratio))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_liquidations(self, painter: QPainter, view: LiquidationLevelsView, scale: Scale, ratio: float) -> None:
        x = scale.x((view.liquidation_ts_ns - self._grid.origin * self._grid.bar_ns) / self._grid.bar_ns)
        y = scale.y(view.liquidation_price)
        seen = np.flatnonzero((x >= 0) & (x <= scale.width) & (y >= 0) & (y <= scale.height))
        steps = np.searchsorted(_STEPS_USD, view.liquidation_usd, side="right")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color("window"), ratio))
        for position, role in ((1, "liquidated_long"), (-1, "liquidated_short")):
            painter.setBrush(theme().brush(role))
            for at in seen[view.liquidation_position[seen] == position].tolist():
                radius = (1.8 + 1.3 * int(steps[at])) * ratio
                painter.drawEllipse(QPointF(x[at], y[at]), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # --- the present profile

    def _draw_profile(self, painter: QPainter, view: LiquidationLevelsView, scale: Scale, ratio: float) -> None:
        """Draw the rows at the right edge, hatched, and their cumulative sum away from the price as a line."""
        usd = (view.long_now + view.short_now) * self._usd_row
        row = view.first_row + np.arange(len(usd))
        top, bottom = np.round(scale.y((row + 1) * view.row_size)), np.round(scale.y(row * view.row_size))
        shade = shade_of(usd, self.largest)
        seen = (bottom > 0) & (top < scale.height) & (shade >= 0)
        wide = np.maximum(np.round(usd / self.largest * scale.width * SHARE), 1.0)
        tall = np.maximum(bottom - top - (1 if view.row_size * scale.unit >= 3 else 0), 1.0)
        left = scale.width * (1 - SHARE)
        painter.fillRect(QRectF(left - 4, 0, scale.width, scale.height), theme().brush("pane", 165))
        rects = np.stack((scale.width - wide, top, wide, tall), axis=1)[seen]
        self._bars.fill(rects, shade[seen])
        self._bars.draw(painter)
        hatch = QBrush(theme().color("pane", 120), Qt.BrushStyle.BDiagPattern)
        painter.fillRect(QRectF(left, 0, scale.width, scale.height), hatch)
        self._draw_sums(painter, view, scale, ratio)

    def _draw_sums(self, painter: QPainter, view: LiquidationLevelsView, scale: Scale, ratio: float) -> None:
        """Draw shorts summed upwards and longs downwards, each with its total at the visible end."""
        longs = np.cumsum((view.long_now * self._usd_row)[::-1])[::-1]
        shorts = np.cumsum(view.short_now * self._usd_row)
        whole = max(longs.max(initial=0.0), shorts.max(initial=0.0))
        if whole <= 0:
            return
        y = scale.y(self._usd_row)
        for sums in (longs, shorts):
            x = scale.width - sums / whole * scale.width * SHARE
            draw_line(painter, x, np.where(sums > 0, y, np.nan), QPen(theme().color("muted"), max(1, round(ratio))))
        painter.setFont(scaled_font(theme().font(small=True), ratio))
        metrics = QFontMetricsF(painter.font())
        self._draw_label(painter, f"est. shorts {text_of.size(float(shorts[-1]))} USD", scale.width, 2.0, metrics)
        foot = scale.height - metrics.height() - 2
        self._draw_label(painter, f"est. longs {text_of.size(float(longs[0]))} USD", scale.width, foot, metrics)

    def _draw_label(self, painter: QPainter, text: str, right: float, top: float, metrics: QFontMetricsF) -> None:
        width = metrics.horizontalAdvance(text) + 6
        box = QRectF(right - width, top, width, metrics.height())
        painter.fillRect(box, theme().brush("pane", 200))
        painter.setPen(theme().pen("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
