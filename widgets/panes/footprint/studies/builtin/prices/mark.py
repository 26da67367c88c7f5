"""A line at the mark price, with its label on the price axis."""

from collections.abc import Iterable

from PySide6.QtCore import Qt

from widgets.chart.axes import Tag
from widgets.items.crosshair import PriceLine
from widgets.panes.footprint.studies.declaration import ChartStudy, Group, Inputs, PriceLines
from widgets.theme import format as text_of


def _lines(inputs: Inputs) -> Iterable[PriceLine]:
    quotes = inputs.chart.quotes
    if quotes is not None and quotes.mark is not None:
        yield PriceLine(quotes.mark, "aggregate", Qt.PenStyle.DashDotLine)


def _tags(inputs: Inputs) -> Iterable[Tag]:
    chart, quotes = inputs.chart, inputs.chart.quotes
    last = chart.view.last_price if chart.view is not None and chart.view.bars else None
    if quotes is not None and quotes.mark is not None:
        yield Tag(quotes.mark, text_of.price(quotes.mark, chart.step), "pane", "aggregate", beside=last)


STUDY = ChartStudy(
    name="mark_line",
    label="mark price line",
    help="The dash-dotted line is the mark price.",
    group=Group.STUDIES,
    order=95,
    outputs=(PriceLines(_lines, _tags),),
)
