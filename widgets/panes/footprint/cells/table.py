"""The statistics under the bars: one column a bar, one row a figure, coloured by sign. It scrolls with the chart."""

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsSceneResizeEvent

from widgets.chart.axes import PRICE_WIDTH
from widgets.items.bands import scaled_font
from widgets.items.bulk import SHADES, RectBatch, TextBatch, mix, shade_of, shades
from widgets.items.digits import PAD, WIDTH, Codes, encode_texts
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.columns import first_of_columns, largest_of_columns
from widgets.panes.footprint.cells.item import atlases
from widgets.panes.footprint.cells.statistics import BY_NAME, NAMES, STATISTICS, statistics
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.footprint import FootprintView

ROW_PX = 15
TEXT_PITCH_PX = 42  # bars narrower than this have no room for figures
_STRENGTHS = {"sell": 0.55, "buy": 0.5, "faint": 0.55}  # of the strongest shade, elsewhere 0.5
_ROLES = tuple(dict.fromkeys((*_STRENGTHS, *(role for one in STATISTICS for role in one.roles))))
_QUIET = SHADES * _ROLES.index("faint")  # the brush of a figure that is 0


class _Texts:
    """The characters of one figure of every bar, encoded when a bar first comes into sight."""

    def __init__(self, encode: Callable[[Floats], Codes]) -> None:
        self._encode = encode
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
            self._codes[missing], self._known[missing] = self._encode(self._values[missing]), True
        return self._codes[part]


class TableItem(PixelItem):
    """Paints the figures of the bars in sight."""

    name = "the statistics"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host)
        self._scale_of = scale_of
        self._bars: BarsOnGrid | None = None
        self._figures: dict[str, Floats] = {}
        self._names: tuple[str, ...] = NAMES
        look = theme()
        pane = look.color("pane")
        ramps = [shades(pane, look.color(role), 0.06, _STRENGTHS.get(role, 0.5)) for role in _ROLES]
        self._rects = RectBatch([brush for ramp in ramps for brush in ramp])
        self._inks = (look.color("text"), mix(look.color("muted"), look.color("text"), 0.3), look.color("gap"))
        self._texts = tuple(TextBatch() for _ in self._inks)
        self._built: object = None
        self.codes = {one.name: _Texts(one.encode) for one in STATISTICS}

    def set_bars(self, bars: BarsOnGrid | None, view: FootprintView | None = None) -> None:
        self._bars = bars
        self._figures = {} if bars is None else statistics(bars, view)
        for name, values in self._figures.items():
            self.codes[name].take(values)
        self._built = None
        self.update()

    def set_names(self, names: tuple[str, ...]) -> None:
        """Show these rows."""
        self._names = names
        self._built = None
        self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        scale, row = self._scale_of(width, height), ROW_PX * ratio
        if self._bars is not None and self._names:
            key = (scale, ratio)
            if key != self._built:
                self._build(self._bars, scale, ratio)
                self._built = key
            self._rects.draw(painter)
            for batch in self._texts:
                batch.draw(painter)
        for index in range(len(self._names) + 1):
            painter.fillRect(QRectF(0, round(index * row), width, max(1, round(ratio))), theme().brush("grid"))

    def _build(self, bars: BarsOnGrid, scale: Scale, ratio: float) -> None:
        part = bars.between(scale.left, scale.right)
        slots = bars.slots[part].astype(np.float64)
        left, right = np.round(scale.x(slots)), np.round(scale.x(slots + 1))
        starts = first_of_columns(left, scale.pitch)
        width = np.maximum((right - left)[starts] - round(ratio), 1.0)
        edges = np.round(np.arange(len(self._names) + 1) * ROW_PX * ratio)
        top, height = (np.repeat(column, len(starts)) for column in (edges[:-1], np.diff(edges)))
        x, wide = (np.tile(column, len(self._names)) for column in (left[starts], width))
        figures = np.stack([largest_of_columns(self._figures[name][part], starts) for name in self._names])
        self._rects.fill(np.stack((x, top, wide, height), axis=1), _brushes(self._names, figures))
        self._build_text(bars, part, np.floor((left + right) / 2), scale, ratio)

    def _build_text(self, bars: BarsOnGrid, part: slice, middle: Floats, scale: Scale, ratio: float) -> None:
        shown = scale.pitch >= TEXT_PITCH_PX * ratio
        names = self._names if shown else ()
        codes = [self.codes[name].part(part) for name in names]
        atlas = atlases(ratio)[0]
        glyphs = atlas.layout(np.concatenate(codes) if codes else encode_texts(()), 0.5)
        line = np.repeat(np.arange(len(names)), len(middle))
        complete = np.tile(bars.figure("complete")[part] > 0, len(names))
        signed = np.repeat(np.array([BY_NAME[name].signed for name in names], np.bool_), len(middle))
        ink = np.where(complete, np.where(signed, 0, 1), 2)[glyphs.item]
        x = np.tile(middle, len(names))[glyphs.item] + glyphs.dx
        y = np.round((line + 0.5) * ROW_PX * ratio)[glyphs.item]
        for which, batch in enumerate(self._texts):
            chosen = np.flatnonzero(ink == which)
            batch.fill(atlas, self._inks[which], glyphs.code[chosen], x[chosen], y[chosen])


def _brushes(names: tuple[str, ...], figures: Floats) -> Ints:
    """The colours of each row; as strong as the figure among those of its row in sight."""
    magnitude = np.nan_to_num(np.abs(figures))
    largest = np.repeat(magnitude.max(axis=1, initial=0.0), figures.shape[1])
    shade = shade_of(magnitude.ravel() ** 2, largest**2).reshape(figures.shape)
    first = np.zeros(figures.shape, np.int64)
    for row, name in enumerate(names):
        below, above = BY_NAME[name].roles[0], BY_NAME[name].roles[-1]
        first[row] = SHADES * np.where(figures[row] > 0, _ROLES.index(above), _ROLES.index(below))
    return np.where(magnitude == 0, _QUIET, first + shade).ravel()


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
