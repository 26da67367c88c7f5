"""Pressure of every coin and market, flow scores and a summary, from the universe's last sample."""

import numpy as np

from workstation.analytics.answer import Answer, universe_revision
from workstation.analytics.universe.flowscore import flow_score, ranks
from workstation.analytics.universe.pressure import pressure
from workstation.analytics.universe.sparklines import SPARKLINE_STEP_NS, Sparklines
from workstation.analytics.universe.universe import Universe
from workstation.analytics.views.universe import universe_view
from workstation.readmodels.arrays import Floats
from workstation.readmodels.universe.pressure import (
    FlowColumns,
    PressureColumns,
    PressureRequest,
    PressureSummary,
    PressureView,
)
from workstation.readmodels.universe.universe import UniverseColumns, UniverseRequest, UniverseView

_EVERYTHING = UniverseRequest()


def pressure_view(universe: Universe, sparklines: Sparklines, request: PressureRequest) -> PressureView:
    """The pressure table of the last sample."""
    view = universe_view(universe, UniverseRequest(markets=request.markets))
    scored = pressure(pressure_inputs(view.columns), request.weights)
    flow = flow_score(flow_inputs(view.columns), request.flow_weights)
    price, score = sparklines.of(view.symbols)
    return PressureView(
        request=request,
        revision=view.revision,
        universe=view,
        pressure=scored,
        market_pressure=pressure(pressure_inputs(view.markets.columns), request.weights),
        rank=ranks(scored.score),
        flow=flow,
        summary=summary(view, scored, flow),
        price_sparkline=price,
        score_sparkline=score,
        sparkline_step_ns=SPARKLINE_STEP_NS,
        now_ns=view.now_ns,
    )


def record_sparklines(sparklines: Sparklines, universe: Universe, now_ns: int) -> None:
    """Record the sparklines' due step, if any, from a sample taken at that step."""
    due_ns = sparklines.due_ns(now_ns) if universe.since_ns else None
    if due_ns is None:
        return
    universe.sample(due_ns)
    view = universe_view(universe, _EVERYTHING)
    sparklines.record(now_ns, view.symbols, view.columns.price, pressure(pressure_inputs(view.columns)).signed)


def pressure_inputs(columns: UniverseColumns) -> Floats:
    """Inputs (5, n) of the pressure score: fractions, NaN unknown."""
    return np.array(
        (
            columns.interest_change_1h,
            columns.interest_change_4h,
            columns.interest_change_24h,
            columns.funding_8h,
            columns.premium,
        )
    )


def flow_inputs(columns: UniverseColumns) -> Floats:
    """Inputs (4, n) of the flow score: fractions, NaN unknown.

    Taker flow is the mean of the known among the last 5 minutes and hour. Liquidations are shorts minus longs
    liquidated, over their sum; NaN where there were none.
    """
    five, hour = columns.taker_delta_5m, columns.taker_delta_1h
    long, short = columns.liquidated_long_1h, columns.liquidated_short_1h
    both = np.where(np.isnan(five), hour, np.where(np.isnan(hour), five, (five + hour) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        liquidations = np.where(long + short > 0, (short - long) / (long + short), np.nan)
    return np.array((both, columns.funding_8h, liquidations, columns.imbalance))


def summary(view: UniverseView, scored: PressureColumns, flow: FlowColumns) -> PressureSummary:
    """The universe in one line; rows of strongest and weakest are -1 where no coin has a flow score."""
    known = np.flatnonzero(~np.isnan(flow.score))
    order = known[np.argsort(flow.score[known], kind="stable")]
    weakest, strongest = (int(order[0]), int(order[-1])) if len(order) else (-1, -1)
    taker = flow.values[0][~np.isnan(flow.values[0])]
    scores = scored.score[~np.isnan(scored.signed)]
    biases = scored.bias[~np.isnan(scored.signed)]
    return PressureSummary(
        strongest=strongest,
        weakest=weakest,
        spread=float(flow.score[strongest] - flow.score[weakest]) if len(order) else np.nan,
        breadth=float((taker > 0).mean()) if len(taker) else np.nan,
        stress=float(scores.mean()) if len(scores) else np.nan,
        long=int((biases > 0).sum()),
        short=int((biases < 0).sum()),
        neutral=int((biases == 0).sum()),
    )


ANSWERS = (
    Answer(
        PressureRequest,
        universe_revision,
        lambda state, request: pressure_view(state.universe, state.sparklines, request),
    ),
)
