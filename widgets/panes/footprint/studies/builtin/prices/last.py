"""A line at the last price."""

from collections.abc import Iterable

from widgets.items.crosshair import PriceLine
from widgets.panes.footprint.studies.declaration import ChartStudy, Group, Inputs, PriceLines


def _lines(inputs: Inputs) -> Iterable[PriceLine]:
    view = inputs.chart.view
    if view is not None and view.bars and view.last_price is not None:
        rising = view.bars[-1].close >= view.bars[-1].open
        yield PriceLine(view.last_price, "buy" if rising else "sell")


STUDY = ChartStudy(
    name="last_line",
    label="last price line",
    help="The dotted line is the last price.",
    group=Group.STUDIES,
    order=100,
    shown=True,
    outputs=(PriceLines(_lines),),
)
