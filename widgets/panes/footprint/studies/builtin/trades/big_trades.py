"""Big trades in sight, as discs by size."""

import math
from collections.abc import Iterable

from widgets.elements.spans import Span
from widgets.items.sprites import BUBBLE_ROLES
from widgets.panes.footprint.studies.declaration import (
    BubbleColumns,
    Bubbles,
    ChartFacts,
    ChartStudy,
    Group,
    Inputs,
    Legend,
    Number,
    Parameter,
    Values,
)
from widgets.theme import format as text_of
from widgets.theme.markets import market_name
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.footprint import BarKind

_COUNT = 400  # more would hide the chart
_SIDES = {-1: "sold", 0: "side unknown", 1: "bought"}


def _ask(chart: ChartFacts, values: Values) -> BigTradesRequest | None:
    request, view = chart.request, chart.view
    if request is None or view is None or not view.bars:
        return None
    left, right = chart.visible
    pace = 2.0 ** math.ceil(math.log2(max(right - left, 1.0)) - 1)  # another request only after a clear move
    first, last = math.floor(left / pace) * pace, math.ceil(right / pace) * pace
    bounds = chart.grid.ts_ns(first), chart.grid.ts_ns(last)
    if view.request.bar_rule.kind is not BarKind.TIME and last > float(chart.bars.slots[-1]):
        bounds = bounds[0], 1 << 62  # the time of slots that are not there yet would change with every trade
    minimum = values["minimum_usd"] or None
    return BigTradesRequest(request.base, request.markets, minimum, *bounds, count=_COUNT)


def _bubbles(inputs: Inputs) -> BubbleColumns | None:
    view = inputs.answer
    if not isinstance(view, BigTrades):
        return None
    role = view.side + BUBBLE_ROLES.index("muted")  # -1, 0, +1 are sells, unknown, buys

    def text(index: int) -> tuple[str, str]:
        return _SIDES[int(view.side[index])], market_name(view.markets[int(view.market[index])])

    return BubbleColumns(view.ts_venue_ns, view.price, view.notional, role, max(view.threshold_usd, 1e-9), text)


def _legend(inputs: Inputs) -> Iterable[Span]:
    if isinstance(inputs.answer, BigTrades):
        yield Span(f"big trades from ${text_of.size(inputs.answer.threshold_usd)}", "faint")


STUDY = ChartStudy(
    name="big_trades",
    label="big trades",
    help="Discs are big trades; area shows notional.",
    group=Group.STUDIES,
    order=70,
    parameters=(
        # 0 is the 99.5th percentile of the stored trades
        Parameter("minimum_usd", "from USD, 0 automatic", 0.0, Number(0, 1e9, 50_000)),
    ),
    ask=_ask,
    outputs=(Bubbles(_bubbles), Legend(_legend)),
)
