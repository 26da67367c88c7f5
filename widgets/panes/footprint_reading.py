"""What a footprint says in words: legend, the bar and the cell under the crosshair, tags on the axes, tooltips."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from widgets import format as text_of
from widgets.axes import Tag
from widgets.items.detail import Detail
from widgets.items.region import Region
from widgets.panes.footprint_layers import FootprintLayers
from widgets.panes.footprint_text import cell_readout, cell_tip, legend, measured, readout
from widgets.spans import Span, SpanLine


class FootprintReading:
    """Keeps legend, readout and tags in step with what the layers show."""

    def __init__(self, layers: FootprintLayers) -> None:
        self._layers = layers
        self.legend, self.readout = SpanLine(), SpanLine()

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

    def tag_axes(self) -> None:
        """Last price, levels and crosshair on the axes."""
        layers, tags = self._layers, []
        view, step, chart = layers.view, layers.step, layers.chart
        if view is not None and view.bars and view.last_price is not None:
            role = "buy" if view.bars[-1].close >= view.bars[-1].open else "sell"
            tags.append(Tag(view.last_price, text_of.price(view.last_price, step), role, "window"))
        for level in layers.drawings.levels:
            tags.append(Tag(level, text_of.price(level, step), "focus", "window"))
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
            self.readout.set_spans(())
            return
        spans = readout(view.bars[index], layers.step)
        value, choice = layers.overlay.value, layers.choice
        if value is not None and choice is not None and choice.detail > Detail.MARKS:
            spans += cell_readout(view.bars[index], view, choice.factor, value)
        self.readout.set_spans(spans)

    def measure(self, region: Region) -> tuple[str, ...]:
        """What a measured region holds."""
        layers = self._layers
        return measured(region, layers.placed, layers.chart.grid, layers.step)

    def tip(self, position: QPointF) -> str:
        """One cell in full; empty where there is none."""
        layers, view, scale = self._layers, self._layers.view, self._layers.chart.plot_scale
        index = layers.placed.at(scale.slot(position.x())) if view is not None else None
        if view is None or index is None or layers.choice is None or layers.choice.detail < Detail.BARS:
            return ""
        return cell_tip(view.bars[index], view, layers.choice.factor, scale.value(position.y()))
