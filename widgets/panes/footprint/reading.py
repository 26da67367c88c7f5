"""The texts of a footprint: legend, the bar and the cell under the crosshair, labels on the axes, tooltips."""

import math

from PySide6.QtCore import QPointF

from widgets.chart.axes import Tag
from widgets.elements.spans import Span, SpanLine
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.drawings.region import Region
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.sides import FootprintSides
from widgets.panes.footprint.studies.declaration import Legend, PriceLines, Readout, Tip
from widgets.panes.footprint.text import (
    bubble_tip,
    candle_readout,
    cell_readout,
    cell_tip,
    cvd_readout,
    legend,
    measured,
    readout,
    venues_text,
)
from widgets.theme import format as text_of
from workstation.readmodels.flow.footprint import FootprintView


class FootprintReading:
    """Keeps legend, readout, tags and tooltips in step with what the layers and the sides show."""

    def __init__(self, layers: FootprintLayers, sides: FootprintSides) -> None:
        self._layers, self._sides = layers, sides
        self.legend, self.readout = SpanLine(), SpanLine()
        self._tipped: tuple[int, float] | None = None  # bar and price of the open tooltip

    def show_legend(self, *more: Span) -> None:
        """What is summed, how it is judged, and what studies add."""
        layers, board = self._layers, self._layers.board
        if layers.view is not None and layers.choice is not None:
            added = [span for study, one in board.outputs(Legend) for span in one.spans(board.inputs(study))]
            self.legend.set_spans(legend(layers.view, layers.choice, layers.style.mode) + more + tuple(added))

    def point(self, slot: float | None, price: float | None) -> None:
        """Move the crosshair to the middle of a bar."""
        self._layers.overlay.point_at(None if slot is None else slot // 1 + 0.5, price)
        self.tag_axes()
        self.read()

    def draw_lines(self) -> None:
        """The prices of the moment that studies show."""
        board = self._layers.board
        lines = [line for study, one in board.outputs(PriceLines) for line in one.lines(board.inputs(study))]
        self._layers.overlay.set_lines(tuple(lines))

    def _last_role(self, view: FootprintView) -> str:
        return "buy" if view.bars[-1].close >= view.bars[-1].open else "sell"

    def tag_axes(self) -> None:
        """Prices of studies, last price, levels and crosshair on the axes."""
        layers, board = self._layers, self._layers.board
        view, step, chart = layers.view, layers.step, layers.chart
        tags = [tag for study, one in board.outputs(PriceLines) for tag in one.tags(board.inputs(study))]
        last = view.last_price if view is not None and view.bars else None
        if view is not None and last is not None:
            tags.append(Tag(last, text_of.price(last, step), self._last_role(view), "window"))
        for level in layers.drawings.levels:
            for value in sorted({level.low, level.high}):
                tags.append(Tag(value, text_of.price(value, step), "focus", "window"))
        if layers.overlay.value is not None:
            tags.append(Tag(layers.overlay.value, text_of.price(layers.overlay.value, step), "hairline", "text"))
        chart.value_axis.set_tags(tuple(tags))
        slot = layers.overlay.slot
        stamp = () if slot is None else (Tag(slot, text_of.clock(chart.grid.ts_ns(slot // 1)), "hairline", "text"),)
        chart.time_axis.set_tags(stamp)

    def read(self) -> None:
        """The bar under the crosshair, else the newest, and the cell under the pointer."""
        layers, view, slot = self._layers, self._layers.view, self._layers.overlay.slot
        if view is None or not view.bars:
            self.readout.set_spans(())
            return
        index = layers.bars.at(slot) if slot is not None else len(view.bars) - 1
        if index is None:
            self.readout.set_spans(self._read_candle(slot or 0.0))
            return
        spans = readout(view.bars[index], layers.step, view.row_size)
        spans += self._studies_readout(view, index) + cvd_readout(view, index)
        value, choice = layers.overlay.value, layers.choice
        if value is not None and choice is not None and choice.detail > Detail.MARKS:
            spans += cell_readout(view.bars[index], view, choice.factor, value)
        self.readout.set_spans(spans)

    def _studies_readout(self, view: FootprintView, index: int) -> tuple[Span, ...]:
        board = self._layers.board
        outputs = board.outputs(Readout)
        return tuple(span for study, one in outputs for span in one.spans(board.inputs(study), view, index))

    def measure(self, region: Region) -> tuple[str, ...]:
        layers = self._layers
        return measured(region, layers.bars, layers.chart.grid, layers.step)

    def _read_candle(self, slot: float) -> tuple[Span, ...]:
        """A bar from before the trades."""
        history = self._layers.history.history
        index = history.at(slot)
        return () if index is None else candle_readout(history.candles, index, self._layers.step)

    def tip(self, position: QPointF) -> str:
        """A bubble, what another study shows, or one cell with its markets as soon as they are known; else empty."""
        layers, view, scale = self._layers, self._layers.view, self._layers.chart.plot_scale
        self._sides.forget_cell()
        if view is None or layers.choice is None:
            return ""
        found = self._study_tip(position, scale)
        if found:
            return found
        index = layers.bars.at(scale.slot(position.x()))
        if index is None or layers.choice.detail < Detail.BARS:
            return ""
        value = scale.value(position.y())
        text = cell_tip(view.bars[index], view, layers.choice.factor, value)
        self._tipped = (index, value) if text else None
        if text:
            row = math.floor(value / (view.row_size * layers.choice.factor))
            self._sides.ask_cell(view.request, index, row)
        return text

    def _study_tip(self, position: QPointF, scale: Scale) -> str:
        layers, board = self._layers, self._layers.board
        found = layers.bubbles.at(position.x(), position.y(), scale)
        if found is not None:
            name, index = found
            return bubble_tip(layers.bubbles.columns[name], index, layers.step)
        places = (one.text(board.inputs(study), position.x(), position.y(), scale) for study, one in board.outputs(Tip))
        return next((text for text in places if text), "")

    def fuller_tip(self) -> str:
        """The open tooltip with the markets of its cell; empty where none is open any more."""
        layers, view, cell = self._layers, self._layers.view, self._sides.cell
        if view is None or cell is None or self._tipped is None or layers.choice is None:
            return ""
        index, value = self._tipped
        if index >= len(view.bars) or view.bars[index].start_ns != cell.request.start_ns:
            return ""
        text = cell_tip(view.bars[index], view, layers.choice.factor, value)
        return f"{text}\n{venues_text(cell)}" if text and len(cell.markets) else text
