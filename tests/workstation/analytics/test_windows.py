"""Every window that a label names is as long as it says: what is younger counts, what is as old does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from feeds.model.events import Event, Liquidation, Side, TradesLive
from tests.workstation.analytics.market_events import BINANCE, BYBIT, MINUTE, SECOND, START, engine_of, trade
from workstation.analytics.book.obi_history import ObiHistory
from workstation.analytics.engine import Engine
from workstation.analytics.state.positioning import HOUR, window_sums
from workstation.analytics.universe.sparklines import SPARKLINE_STEP_NS, SPARKLINE_STEPS
from workstation.analytics.universe.universe import CHANGES_NS
from workstation.analytics.views.quadrant import FLOW_STEPS, SCALE_STEPS
from workstation.readmodels.flow.cvd import CvdChangeRequest
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.positions.funding import SPANS_NS as FUNDING_SPANS_NS
from workstation.readmodels.positions.liquidations import SPANS_NS, LiquidationsRequest
from workstation.readmodels.positions.quadrant import SAMPLE_NS, QuadrantRequest
from workstation.readmodels.universe.universe import UniverseRequest

NOW = START + 25 * 3_600 * SECOND
DAY_S = 86_400


def traded(age_s: float) -> Engine:
    """A market received for 25 hours with one trade of that age and one of now."""
    ages = (25 * 3_600, age_s, 0)
    trades = [trade(BINANCE, NOW - round(age * SECOND), 10_000, 1.0 if age == age_s else 100.0) for age in ages]
    return engine_of([TradesLive(BINANCE, START), *trades])


def in_cvd(window_s: int) -> Callable[[float], bool]:
    def counts(age_s: float) -> bool:
        return traded(age_s).view(CvdChangeRequest("BTC", window_s * SECOND)).usd != 100 * 1_000.0

    return counts


def in_ladder(age_s: float) -> bool:
    view = traded(age_s).view(LadderRequest("BTC", recent_ns=MINUTE))
    return float(np.nansum(view.bought)) != 100.0


def in_tape_pace(age_s: float) -> bool:
    return int(traded(age_s).view(TapeRequest("BTC", detail=True)).pace.prints.sum()) > 1


def in_liquidations(span_s: int) -> Callable[[float], bool]:
    def counts(age_s: float) -> bool:
        engine = engine_of([TradesLive(BYBIT, START), *orders(age_s)])
        view = engine.view(LiquidationsRequest("BTC"))
        return next(total.long_usd for total in view.totals if total.span_ns == span_s * SECOND) == 7.0

    return counts


def in_pressure_table(age_s: float) -> bool:
    engine = Engine()
    for event in orders(age_s - 1):
        engine.survey(event)
    engine.advance(NOW + SECOND)  # sampled once a second, before the events of that second
    return engine.view(UniverseRequest()).columns.liquidated_long_1h[0] == 7.0


def orders(age_s: float) -> list[Event]:
    """A liquidated long of that age and a short of now."""
    rows = ((NOW - round(age_s * SECOND), 7.0, Side.SELL), (NOW, 1.0, Side.BUY))
    return [Liquidation(BYBIT, ts_ns, ts_ns, 100.0, usd / 100.0, usd, side) for ts_ns, usd, side in rows]


def in_obi_weights(age_s: float) -> bool:
    history, taken = ObiHistory(), 0.0
    for second in range(1_000):
        taken += second == 1_000 - 1 - age_s
        history.add((0.0,) * 3, taken)
    return history.series(0.001)[1][-1] > 0


def in_quadrant(steps: int) -> Callable[[float], bool]:
    def counts(age_s: float) -> bool:
        values = np.zeros(SCALE_STEPS + 10)
        values[-1 - int(age_s * SECOND // SAMPLE_NS)] = 1.0
        return bool(window_sums(values, steps)[-1])

    return counts


WINDOWS = {
    "alerts: CVD change in 300 s": (300, in_cvd(300)),
    "alerts: CVD change in 1 h": (3_600, in_cvd(3_600)),
    "ladder: recent minute": (60, in_ladder),
    "tape: pace": (15, in_tape_pace),
    "ladder: weights of OBI by second": (300, in_obi_weights),
    "quadrant: weights of OBI": (300, in_quadrant(FLOW_STEPS)),
    "quadrant: CVD": (300, in_quadrant(QuadrantRequest().window_ns // SAMPLE_NS)),
    "pressure table: liquidated in the last hour": (3_600, in_pressure_table),
    **{f"liquidations: {ns // SECOND} s": (ns // SECOND, in_liquidations(ns // SECOND)) for ns in SPANS_NS},
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_is_as_long_as_its_label(name: str) -> None:
    span_s, counts = WINDOWS[name]
    assert counts(span_s - 1), "what is a second younger counts"
    assert not counts(span_s), "what is as old as the window does not"


def test_open_interest_changes_are_over_1_4_and_24_hours() -> None:
    assert tuple(span // (3_600 * SECOND) for span in CHANGES_NS) == (1, 4, 24)
    assert CHANGES_NS == FUNDING_SPANS_NS


def test_sparklines_span_an_hour_and_the_quadrant_is_scaled_by_a_day() -> None:
    assert (SPARKLINE_STEPS - 1) * SPARKLINE_STEP_NS == 3_600 * SECOND
    assert SCALE_STEPS * SAMPLE_NS == 24 * HOUR * SAMPLE_NS == DAY_S * SECOND
