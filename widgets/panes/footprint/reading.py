"""What a footprint says in words: legend, the bar and the cell under the crosshair, tags on the axes, tooltips."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt

from widgets.chart.axes import Tag
from widgets.elements.spans import Span, SpanLine
from widgets.items.crosshair import PriceLine
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.drawings.region import Region
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.sides import FootprintSides
from widgets.panes.footprint.text import (
    candle_readout,
    cell_readout,
    cell_tip,
    legend,
    measured,
    readout,
    studies_readout,
    venues_text,
)
from widgets.theme import format as text_of
from widgets.theme.setups import setup_text
from workstation.readmodels.flow.footprint import FootprintView


class FootprintReading:
    """Keeps legend, readout, tags and tooltips in step with what the layers and the sides show."""

    def __init__(self, layers: FootprintLayers, sides: FootprintSides) -> None:
        self._layers, self._sides = layers, sides
        self.legend, self.readout = SpanLine(), SpanLine()
        self._tipped: tuple[int, float] | None = None  # bar and price of the open tooltip

    def say_legend(self, *more: Span) -> None:
        """What is summed and how it is judged."""
        layers = self._layers
        if layers.view is not None and layers.choice is not None:
            self.legend.set_spans(legend(layers.view, layers.choice, layers.style.mode) + more)

    def point(self, slot: float | None, price: float | None) -> None:
        """Move the crosshair to the middle of a bar."""
        self._layers.overlay.point_at(None if slot is None else slot // 1 + 0.5, price)
        self.tag_axes()
        self.read()

    def draw_lines(self) -> None:
        """Last price, best prices and mark, as far as they are wanted and known."""
        view, style, quotes = self._layers.view, self._layers.style, self._sides.quotes
        lines = []
        if quotes is not None and style.quote_lines:
            for value, role in ((quotes.best_bid, "buy"), (quotes.best_ask, "sell")):
                if value is not None:
                    lines.append(PriceLine(value, role, Qt.PenStyle.SolidLine, 110))
        if quotes is not None and style.mark_line and quotes.mark is not None:
            lines.append(PriceLine(quotes.mark, "aggregate", Qt.PenStyle.DashDotLine))
        if view is not None and view.bars and view.last_price is not None and style.last_line:
            lines.append(PriceLine(view.last_price, self._last_role(view)))
        self._layers.overlay.set_lines(tuple(lines))

    def _last_role(self, view: FootprintView) -> str:
        return "buy" if view.bars[-1].close >= view.bars[-1].open else "sell"

    def tag_axes(self) -> None:
        """Mark, last price, levels and crosshair on the axes."""
        layers, tags = self._layers, []
        view, step, chart, quotes = layers.view, layers.step, layers.chart, self._sides.quotes
        last = view.last_price if view is not None and view.bars else None
        if quotes is not None and quotes.mark is not None and layers.style.mark_line:
            tags.append(Tag(quotes.mark, text_of.price(quotes.mark, step), "pane", "aggregate", beside=last))
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
        index = layers.placed.at(slot) if slot is not None else len(view.bars) - 1
        if index is None:
            self.readout.set_spans(self._read_candle(slot or 0.0))
            return
        spans = readout(view.bars[index], layers.step) + studies_readout(view, index, layers.step, layers.style)
        value, choice = layers.overlay.value, layers.choice
        if value is not None and choice is not None and choice.detail > Detail.MARKS:
            spans += cell_readout(view.bars[index], view, choice.factor, value)
        self.readout.set_spans(spans)

    def measure(self, region: Region) -> tuple[str, ...]:
        """What a measured region holds."""
        layers = self._layers
        return measured(region, layers.placed, layers.chart.grid, layers.step)

    def _read_candle(self, slot: float) -> tuple[Span, ...]:
        """A bar from before the trades."""
        history = self._layers.studies.history
        index = history.at(slot)
        return () if index is None else candle_readout(history.candles, index, self._layers.step)

    def tip(self, position: QPointF) -> str:
        """A print, a sign or one cell in full, its markets as soon as they are known; empty where there is none."""
        layers, view, scale = self._layers, self._layers.view, self._layers.chart.plot_scale
        self._sides.forget_cell()
        if view is None or layers.choice is None:
            return ""
        found = layers.bubbles.at(position.x(), position.y(), scale)
        if found is not None:
            return self._sides.print_text(*found)
        setup = layers.setups.at(position.x(), position.y(), scale)
        if setup is not None:
            told = setup_text(setup, text_of.price(setup.level.price, layers.step))
            return f"{told}; the Setups pane has the receipt"
        index = layers.placed.at(scale.slot(position.x()))
        if index is None or layers.choice.detail < Detail.BARS:
            return ""
        value = scale.value(position.y())
        text = cell_tip(view.bars[index], view, layers.choice.factor, value)
        self._tipped = (index, value) if text else None
        if text:
            row = math.floor(value / (view.row_size * layers.choice.factor))
            self._sides.ask_cell(view.request, index, row)
        return text

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
