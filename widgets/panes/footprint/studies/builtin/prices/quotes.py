"""Lines at the best bid and ask over the summed markets."""

from collections.abc import Iterable

from PySide6.QtCore import Qt

from widgets.items.crosshair import PriceLine
from widgets.panes.footprint.studies.declaration import ChartStudy, Group, Inputs, PriceLines


def _lines(inputs: Inputs) -> Iterable[PriceLine]:
    quotes = inputs.chart.quotes
    if quotes is not None:
        for value, role in ((quotes.best_bid, "buy"), (quotes.best_ask, "sell")):
            if value is not None:
                yield PriceLine(value, role, Qt.PenStyle.SolidLine, 110)


STUDY = ChartStudy(
    name="quote_lines",
    label="best bid and ask lines",
    help="Thin solid lines are the best bid and ask.",
    group=Group.STUDIES,
    order=90,
    outputs=(PriceLines(_lines),),
)
