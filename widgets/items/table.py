"""The statistics under the bars: one column a bar, one row a figure, coloured by sign. It scrolls with the chart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from widgets.axes import PRICE_WIDTH
from widgets.items.bands import scaled_font
from widgets.items.bulk import SHADES, RectBatch, TextBatch, mix, shade_of, shades
from widgets.items.digits import Codes, encode_counts, encode_sizes, encode_texts
from widgets.items.footprint import BarsOnGrid, atlases
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale
from widgets.theme import theme
from workstation.readmodels import Floats, Ints

ROW_PX = 15
TEXT_PITCH_PX = 42  # bars narrower than this have no room for figures
NAMES = ("volume", "delta", "delta %", "min delta", "max delta", "trades", "CVD")
SHORT = ("volume", "delta", "CVD")  # what is left in a low pane
_SIGNED = ("delta", "delta %", "min delta", "max delta", "CVD")


def statistics(placed: BarsOnGrid) -> dict[str, Floats]:
    """The figures of each bar, base coin; `delta %` is in percent; `CVD` is the running delta over these bars."""
    buy, sell = placed.figure("buy"), placed.figure("sell")
    volume, delta = buy + sell, buy - sell
    share = np.divide(100.0 * delta, volume, out=np.zeros_like(delta), where=volume > 0)
    extremes = placed.figure("min_delta"), placed.figure("max_delta")
    return dict(zip(NAMES, (volume, delta, share, *extremes, placed.figure("trades"), np.cumsum(delta)), strict=True))


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
        ramps = [
            shades(pane, look.color(role), 0.06, top) for role, top in (("sell", 0.55), ("buy", 0.5), ("faint", 0.55))
        ]
        self._rects = RectBatch([brush for ramp in ramps for brush in ramp])
        self._inks = (look.color("text"), mix(look.color("muted"), look.color("text"), 0.3), look.color("gap"))
        self._texts = tuple(TextBatch() for _ in self._inks)
        self._built: object = None

    def set_bars(self, placed: BarsOnGrid | None) -> None:
        """Show other bars."""
        self._placed = placed
        self._figures = {} if placed is None else statistics(placed)
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
        rects, brushes = [], []
        for index, name in enumerate(self._names):
            top, bottom = round(index * ROW_PX * ratio), round((index + 1) * ROW_PX * ratio)
            ones = np.ones(len(slots))
            rects.append(
                np.stack(
                    (left, top * ones, np.maximum(right - left - round(ratio), 1.0), (bottom - top) * ones), axis=1
                )
            )
            brushes.append(_brush(name, self._figures[name][part]))
        self._rects.fill(np.concatenate(rects), np.concatenate(brushes))
        self._build_text(placed, part, np.round((left + right) / 2), scale, ratio)

    def _build_text(self, placed: BarsOnGrid, part: slice, middle: Floats, scale: Scale, ratio: float) -> None:
        shown = scale.pitch >= TEXT_PITCH_PX * ratio
        names = self._names if shown else ()
        codes = [_codes(name, self._figures[name][part]) for name in names]
        atlas = atlases(ratio)[0]
        glyphs = atlas.layout(np.concatenate(codes) if codes else encode_texts(()), 0.5)
        line = np.repeat(np.arange(len(names)), len(middle))
        complete = np.tile(np.array([bar.complete for bar in placed.bars[part]], np.bool_), len(names))
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


def _brush(name: str, values: Floats) -> Ints:
    """Sells, buys, or neutral; as strong as the figure among those in sight."""
    magnitude = np.abs(values)
    shade = shade_of(magnitude**2, float(magnitude.max(initial=0.0)) ** 2)
    if name not in _SIGNED:
        return shade + 2 * SHADES
    return np.where(values == 0, 2 * SHADES, shade + SHADES * (values > 0))


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


class StatisticsTable:
    """The table and its row names, hung into the grid of a plot between the chart and the time axis."""

    def __init__(self, plot: pg.PlotItem, scale_of: Callable[[float, float], Scale]) -> None:
        self._body, self._head = pg.GraphicsWidget(), pg.GraphicsWidget()
        axis = plot.getAxis("bottom")
        plot.layout.removeItem(axis)
        plot.layout.addItem(self._body, 3, 1)
        plot.layout.addItem(self._head, 3, 2)
        plot.layout.addItem(axis, 4, 1)
        self.item, self.names = TableItem(self._body, scale_of), TableNames(self._head)
        self._body.geometryChanged.connect(lambda: self.item.set_rect(self._body.rect()))
        self._head.geometryChanged.connect(lambda: self.names.set_rect(self._head.rect()))
        self.show_rows(NAMES)

    def show_rows(self, names: tuple[str, ...]) -> None:
        """Make room for these rows; none hides the table."""
        self.item.set_names(names)
        self.names.set_names(names)
        for widget in (self._body, self._head):
            widget.setFixedHeight(len(names) * ROW_PX + 1 if names else 0)
        self._head.setFixedWidth(PRICE_WIDTH)
