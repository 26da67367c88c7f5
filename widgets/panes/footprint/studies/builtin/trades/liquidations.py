"""Liquidated positions at the price their venue reports, as diamonds by size."""

import numpy as np

from widgets.items.sprites import BUBBLE_ROLES
from widgets.panes.footprint.studies.declaration import (
    BubbleColumns,
    Bubbles,
    ChartFacts,
    ChartStudy,
    Group,
    Inputs,
    Values,
)
from widgets.theme.markets import venue_mark
from workstation.readmodels.positions.liquidations import LiquidationsRequest, LiquidationsView

_LEAST_USD = 20_000.0  # the notional of the smallest diamond: the lowest tier of the liquidations pane
_COUNT = 400  # more would hide the chart
_LONG, _SHORT = BUBBLE_ROLES.index("liquidated_long"), BUBBLE_ROLES.index("liquidated_short")


def _ask(chart: ChartFacts, values: Values) -> LiquidationsRequest | None:
    request = chart.request
    if request is None or request.markets.perp is False:
        return None
    return LiquidationsRequest(request.base, request.markets, count=_COUNT)


def _bubbles(inputs: Inputs) -> BubbleColumns | None:
    view = inputs.answer
    if not isinstance(view, LiquidationsView):
        return None

    def text(index: int) -> tuple[str, str]:
        market = view.listed[int(view.market[index])]
        side = "long liquidated" if view.position[index] > 0 else "short liquidated"
        return side, f"{venue_mark(market.venue)}  {market.symbol}"

    role = np.where(view.position > 0, _LONG, _SHORT)
    return BubbleColumns(view.ts_venue_ns, view.price, view.notional, role, _LEAST_USD, text)


STUDY = ChartStudy(
    name="liquidations",
    label="liquidations",
    help="Diamonds are liquidations; area shows notional.",
    group=Group.STUDIES,
    order=75,
    shown=True,
    ask=_ask,
    outputs=(Bubbles(_bubbles),),
)
