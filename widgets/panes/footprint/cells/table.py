"""The statistics under the bars: one column a bar, one row a figure, coloured by sign. It scrolls with the chart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsSceneResizeEvent

from widgets.chart.axes import PRICE_WIDTH
from widgets.items.bands import scaled_font
from widgets.items.bulk import SHADES, RectBatch, TextBatch, mix, shade_of, shades
from widgets.items.digits import PAD, WIDTH, Codes, encode_counts, encode_sizes, encode_texts
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.columns import first_of_columns, largest_of_columns
from widgets.panes.footprint.cells.item import atlases
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.footprint import FootprintView

ROW_PX = 15
TEXT_PITCH_PX = 42  # bars narrower than this have no room for figures
NAMES = (
    "volume", "delta", "delta %", "min delta", "max delta", "trades", "CVD", "OI change", "liq long $", "liq short $",
)  # fmt: skip
_SIGNED = ("delta", "delta %", "min delta", "max delta", "CVD", "OI change")
_LIQUIDATED = {"liq long $": "liquidated_long", "liq short $": "liquidated_short"}
_FEWER = ("volume", "delta", "CVD")  # what is left in a low pane, of what was chosen


def statistics(placed: BarsOnGrid, view: FootprintView | None = None) -> dict[str, Floats]:
    """The figures of each bar, base coin, liquidations in quote; `delta %` is in percent, `CVD` since 00:00 UTC.

    NaN where a figure is not known, as all that the view alone tells is without one.
    """
    buy, sell = placed.figure("buy"), placed.figure("sell")
    volume, delta = buy + sell, buy - sell
    share = np.divide(100.0 * delta, volume, out=np.zeros_like(delta), where=volume > 0)
    extremes = placed.figure("min_delta"), placed.figure("max_delta")
    told = ("cvd", "oi_change", "long_liquidated_usd", "short_liquidated_usd")
    columns = (_told(view, name, len(delta)) for name in told)
    return dict(zip(NAMES, (volume, delta, share, *extremes, placed.figure("trades"), *columns), strict=True))


def _told(view: FootprintView | None, name: str, count: int) -> Floats:
    column: Floats = getattr(view, name) if view is not None else np.zeros(0)
    return column if len(column) == count else np.full(count, np.nan)


def rows_that_fit(chosen: tuple[str, ...], height_px: float) -> tuple[str, ...]:
    """Of the rows chosen, those for which a chart this high has room: all, a few, or none."""
    if height_px >= 300 + ROW_PX * len(chosen):
        return chosen
    return tuple(name for name in chosen if name in _FEWER) if height_px >= 260 else ()


class _Texts:
    """The characters of one figure of every bar, worked out once for those that were in sight."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: Floats = np.zeros(0)
        self._codes: Codes = np.zeros((0, WIDTH), np.uint8)
        self._known: Bools = np.zeros(0, np.bool_)

    def take(self, values: Floats) -> None:
        """The figures as they are now; a tick changes the last one only."""
        count = min(len(values), len(self._values))
        if len(values) != len(self._values):
            codes, known = np.full((len(values), WIDTH), PAD, np.uint8), np.zeros(len(values), np.bool_)
            codes[:count], known[:count] = self._codes[:count], self._known[:count]
            self._codes, self._known = codes, known
        before, now = self._values[:count], values[:count]
        self._known[:count] &= (before == now) | (np.isnan(before) & np.isnan(now))
        self._values = values

    def part(self, part: slice) -> Codes:
        """Those of some of the bars."""
        missing = part.start + np.flatnonzero(~self._known[part])
        if len(missing):
            self._codes[missing], self._known[missing] = _codes(self._name, self._values[missing]), True
        return self._codes[part]


class TableItem(PixelItem):
    """Paints the figures of the bars in sight."""

    name = "the statistics"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host)
        self._scale_of = scale_of
        self._placed: BarsOnGrid | None = None
        self._figures: dict[str, Floats] = {}
        self._names: tuple[str, ...] = NAMES
        look = theme()
        pane = look.color("pane")
        strengths = {"sell": 0.55, "buy": 0.5, "faint": 0.55} | dict.fromkeys(_LIQUIDATED.values(), 0.5)
        ramps = [shades(pane, look.color(role), 0.06, top) for role, top in strengths.items()]
        self._rects = RectBatch([brush for ramp in ramps for brush in ramp])
        self._inks = (look.color("text"), mix(look.color("muted"), look.color("text"), 0.3), look.color("gap"))
        self._texts = tuple(TextBatch() for _ in self._inks)
        self._built: object = None
        self._codes = {name: _Texts(name) for name in NAMES}

    def set_bars(self, placed: BarsOnGrid | None, view: FootprintView | None = None) -> None:
        """Show other bars."""
        self._placed = placed
        self._figures = {} if placed is None else statistics(placed, view)
        for name, values in self._figures.items():
            self._codes[name].take(values)
        self._built = None
        self.update()

    def set_names(self, names: tuple[str, ...]) -> None:
        """Show these rows."""
        self._names = names
        self._built = None
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Cells, then figures, then hairlines between the rows."""
        scale, row = self._scale_of(width, height), ROW_PX * ratio
        if self._placed is not None and self._names:
            key = (scale, ratio)
            if key != self._built:
                self._build(self._placed, scale, ratio)
                self._built = key
            self._rects.draw(painter)
            for batch in self._texts:
                batch.draw(painter)
        for index in range(len(self._names) + 1):
            painter.fillRect(QRectF(0, round(index * row), width, max(1, round(ratio))), theme().brush("grid"))

    def _build(self, placed: BarsOnGrid, scale: Scale, ratio: float) -> None:
        part = placed.between(scale.left, scale.right)
        slots = placed.slots[part].astype(np.float64)
        left, right = np.round(scale.x(slots)), np.round(scale.x(slots + 1))
        starts = first_of_columns(left, scale.pitch)
        width = np.maximum((right - left)[starts] - round(ratio), 1.0)
        edges = np.round(np.arange(len(self._names) + 1) * ROW_PX * ratio)
        top, height = (np.repeat(column, len(starts)) for column in (edges[:-1], np.diff(edges)))
        x, wide = (np.tile(column, len(self._names)) for column in (left[starts], width))
        figures = np.stack([largest_of_columns(self._figures[name][part], starts) for name in self._names])
        self._rects.fill(np.stack((x, top, wide, height), axis=1), _brushes(self._names, figures))
        self._build_text(placed, part, np.floor((left + right) / 2), scale, ratio)

    def _build_text(self, placed: BarsOnGrid, part: slice, middle: Floats, scale: Scale, ratio: float) -> None:
        shown = scale.pitch >= TEXT_PITCH_PX * ratio
        names = self._names if shown else ()
        codes = [self._codes[name].part(part) for name in names]
        atlas = atlases(ratio)[0]
        glyphs = atlas.layout(np.concatenate(codes) if codes else encode_texts(()), 0.5)
        line = np.repeat(np.arange(len(names)), len(middle))
        complete = np.tile(placed.figure("complete")[part] > 0, len(names))
        signed = np.repeat(np.array([name in _SIGNED for name in names], np.bool_), len(middle))
        ink = np.where(complete, np.where(signed, 0, 1), 2)[glyphs.item]
        x = np.tile(middle, len(names))[glyphs.item] + glyphs.dx
        y = np.round((line + 0.5) * ROW_PX * ratio)[glyphs.item]
        for which, batch in enumerate(self._texts):
            chosen = np.flatnonzero(ink == which)
            batch.fill(atlas, self._inks[which], glyphs.code[chosen], x[chosen], y[chosen])


def _codes(name: str, values: Floats) -> Codes:
    if name == "delta %":
        return encode_texts(
            f"{value:+.0f}%".replace("-", "\N{MINUS SIGN}") if round(value) else "0%" for value in values.tolist()
        )
    return encode_counts(values) if name == "trades" else encode_sizes(values, signed=name in _SIGNED)


def _brushes(names: tuple[str, ...], figures: Floats) -> Ints:
    """Sells, buys, liquidated, or neutral, row by row; as strong as the figure among those of its row in sight."""
    magnitude = np.nan_to_num(np.abs(figures))
    largest = np.repeat(magnitude.max(axis=1, initial=0.0), figures.shape[1])
    shade = shade_of(magnitude.ravel() ** 2, largest**2).reshape(figures.shape)
    first = np.full(figures.shape, 2 * SHADES)
    for row, name in enumerate(names):
        if name in _LIQUIDATED:
            first[row] = (3 + list(_LIQUIDATED).index(name)) * SHADES
        elif name in _SIGNED:
            first[row] = SHADES * (figures[row] > 0)
    quiet = np.array([name in _LIQUIDATED or name in _SIGNED for name in names])[:, None] & (magnitude == 0)
    return np.where(quiet, 2 * SHADES, first + shade).ravel()


class TableNames(PixelItem):
    """The names of the rows, beside the table."""

    name = "the names of the statistics"

    def __init__(self, host: QGraphicsItem) -> None:
        super().__init__(host)
        self._names: tuple[str, ...] = NAMES

    def set_names(self, names: tuple[str, ...]) -> None:
        """Show these rows."""
        self._names = names
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """One a row."""
        painter.setFont(scaled_font(theme().font(small=True), ratio))
        painter.setPen(theme().pen("muted"))
        for index, name in enumerate(self._names):
            box = QRectF(8 * ratio, index * ROW_PX * ratio, width - 8 * ratio, ROW_PX * ratio)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


class _Cell(pg.GraphicsWidget):  # type: ignore[misc]
    """A place in the grid of a plot; the item in it has its size. No signal: one would outlive the plot."""

    item: PixelItem | None = None

    def resizeEvent(self, event: QGraphicsSceneResizeEvent) -> None:
        super().resizeEvent(event)
        if self.item is not None:
            self.item.set_rect(self.rect())


class StatisticsTable:
    """The table and its row names, hung into the grid of a plot between the chart and the time axis."""

    def __init__(self, plot: pg.PlotItem, scale_of: Callable[[float, float], Scale]) -> None:
        self._body, self._head = _Cell(), _Cell()
        axis = plot.getAxis("bottom")
        plot.layout.removeItem(axis)
        plot.layout.addItem(self._body, 3, 1)
        plot.layout.addItem(self._head, 3, 2)
        plot.layout.addItem(axis, 4, 1)
        self.item, self.names = TableItem(self._body, scale_of), TableNames(self._head)
        self._body.item, self._head.item = self.item, self.names
        self.show_rows(NAMES)

    def show_rows(self, names: tuple[str, ...]) -> None:
        """Make room for these rows; none hides the table."""
        self.item.set_names(names)
        self.names.set_names(names)
        for widget in (self._body, self._head):
            widget.setFixedHeight(len(names) * ROW_PX + 1 if names else 0)
        self._head.setFixedWidth(PRICE_WIDTH)
