"""The quadrant: sampled OBI, flow by venue time, corners, scales, missing data."""

from __future__ import annotations

import math
import random
from copy import deepcopy

import numpy as np
import pytest

from feeds.model.events import BookLost, Event, TradesFilled, TradesLive
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    MINUTE,
    SECOND,
    START,
    engine_of,
    random_trades,
    snapshot,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.analytics.state.positioning import HOUR, RETAINED_HOURS, Positioning, rolling_rank, window_sums
from workstation.analytics.views.quadrant import quadrant_of
from workstation.readmodels.markets import Freshness
from workstation.readmodels.positions.quadrant import Quadrant, QuadrantDot, QuadrantRequest, QuadrantView

STEP = 10 * SECOND
LIVE: list[Event] = [TradesLive(BINANCE, START), TradesLive(BYBIT, START)]


def dot_of(engine: Engine, **options: int) -> QuadrantDot:
    view = engine.view(QuadrantRequest(window_ns=options.pop("window_ns", MINUTE), **options))
    assert isinstance(view, QuadrantView)
    return view.dots[0]


def busy(minutes: int, bid: float = 3.0, ask: float = 1.0, side: int = 1) -> list[Event]:
    """A book and a trade every second."""
    events: list[Event] = []
    for second in range(minutes * 60):
        ts_ns = START + second * SECOND + 1
        events.append(trade(BINANCE, ts_ns, 10_000, 1.0 + second % 7, side))
        events.append(snapshot(BINANCE, ts_ns, [(9_999, bid)], [(10_001, ask)]))
    return events


def test_a_steady_buyer_over_resting_bids_is_in_control() -> None:
    dot = dot_of(engine_of([*LIVE, *busy(8)]))
    assert dot.obi[-1] == pytest.approx(0.5)
    assert dot.cvd[-1] == pytest.approx(sum((1.0 + second % 7) * 1000.0 for second in range(360, 420)), rel=0.1)
    assert dot.quadrant is Quadrant.BUYERS
    assert dot.freshness is Freshness.LIVE
    assert (dot.live, dot.known) == (1, 2)
    assert (dot.ts_ns % STEP == 0).all()


@pytest.mark.parametrize(
    ("x", "y", "corner"),
    [
        (1.0, 1.0, Quadrant.BUYERS),
        (-1.0, 1.0, Quadrant.INTO_OFFERS),
        (-1.0, -1.0, Quadrant.SELLERS),
        (1.0, -1.0, Quadrant.INTO_BIDS),
        (0.149, 1.0, Quadrant.NEUTRAL),
        (1.0, -0.149, Quadrant.NEUTRAL),
        (math.nan, 1.0, None),
    ],
)
def test_corners(x: float, y: float, corner: Quadrant | None) -> None:
    assert quadrant_of(x, y) is corner


def test_there_is_no_dot_before_thirty_samples_nor_without_a_whole_window() -> None:
    early = dot_of(engine_of([*LIVE, *busy(3)]))
    assert early.freshness is Freshness.SYNCING
    assert np.isnan(early.x).all()
    assert early.quadrant is None
    assert np.isfinite(early.cvd).sum() == len(early.cvd) - 6  # the first minute lacks its window


def test_a_lost_book_is_stale_and_retains_the_trail() -> None:
    events = [*LIVE, *busy(8)]
    end = START + 8 * MINUTE
    events += [BookLost(BINANCE, end, "gap")]
    events += [trade(BINANCE, end + second * SECOND, 10_000) for second in range(1, 31)]
    dot = dot_of(engine_of(events))
    assert dot.freshness is Freshness.STALE
    assert dot.reason == "no live book"
    assert math.isnan(dot.x[-1])
    assert np.isfinite(dot.x[:-4]).any()


def test_without_events_samples_are_unknown() -> None:
    engine = engine_of([*LIVE, *busy(8)])
    engine.advance(engine.now_ns + 2 * MINUTE)
    dot = dot_of(engine)
    assert dot.freshness is Freshness.STALE
    assert np.isnan(dot.obi[-10:]).all()
    assert (np.diff(dot.ts_ns) == STEP).all()


def test_trades_fetched_later_count_in_their_own_window() -> None:
    engine = engine_of([*LIVE, *busy(8)])
    before = dot_of(engine).cvd.copy()
    ts_ns = START + 5 * MINUTE + SECOND
    late = trade(BINANCE, ts_ns, 10_000, 50.0, 2)
    engine.apply(TradesFilled(BINANCE, engine.now_ns, ts_ns, ts_ns + 1, (late,)))
    moved = dot_of(engine).cvd - before
    assert moved[np.abs(np.nan_to_num(moved)) > 1e-6].tolist() == pytest.approx([-50_000.0] * 6)


def test_a_copy_is_independent_and_shows_the_same() -> None:
    engine = engine_of([*LIVE, *busy(7)])
    copy = deepcopy(engine)
    before = dot_of(engine)
    for event in busy(8, bid=1.0, ask=3.0, side=2)[7 * 120 :]:
        copy.apply(event)
    assert_same_view(dot_of(engine), before)
    assert dot_of(copy).obi[-1] == pytest.approx(-0.5)


def test_a_long_trail_is_thinned_on_fixed_moments() -> None:
    dot = dot_of(engine_of([*LIVE, *busy(8)]), trail_ns=4 * 60 * MINUTE)
    assert (dot.ts_ns[:-1] % (8 * STEP) == 0).all()


def test_memory_is_bounded() -> None:
    positioning = Positioning()
    for step in positioning.due(START), *([step] for step in range(START // STEP + 1, START // STEP + 60 * HOUR, 97)):
        for one in step:
            positioning.add_trade(0, 1, one * STEP, 10.0)
            positioning.add_trade(1, 2, (one + 10 * HOUR) * STEP, 10.0)  # a clock that is far ahead
            positioning.sample(one, [0.5, math.nan])
    assert positioning.hours <= RETAINED_HOURS + 1
    assert positioning.pending == 0


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_the_sums_of_the_trades_by_step(seed: int) -> None:
    trades = random_trades(random.Random(seed), 400, (BINANCE, BYBIT), span_ns=30 * MINUTE)
    engine = engine_of([*LIVE, *trades])
    engine.advance(engine.now_ns + MINUTE)
    positioning = engine.bases["BTC"].positioning
    first = START // STEP
    _, delta, volume = positioning.columns([0, 1], first, positioning.last)
    for row, instrument in enumerate((BINANCE, BYBIT)):
        for step in range(first, positioning.last):
            inside = [one for one in trades if one.instrument is instrument and one.ts_venue_ns // STEP == step]
            signed = sum(one.notional if one.aggressor == "buy" else -one.notional for one in inside if one.aggressor)
            assert delta[row, step - first] == pytest.approx(signed)
            assert volume[row, step - first] == pytest.approx(sum(one.notional for one in inside))


def test_window_sums_and_ranks_are_those_of_loops() -> None:
    values = np.random.default_rng(2).normal(size=(2, 50))
    for at in range(50):
        assert window_sums(values, 7)[:, at] == pytest.approx(values[:, max(at - 6, 0) : at + 1].sum(axis=1))
    values[0, ::5] = np.nan
    ranked = rolling_rank(values[0], np.arange(50), 20, 95.0, 5)
    for at in range(50):
        known = sorted(abs(v) for v in values[0, max(at - 19, 0) : at + 1] if not math.isnan(v))
        wanted = known[math.ceil(0.95 * len(known)) - 1] if len(known) >= 5 else math.nan
        assert ranked[at] == pytest.approx(wanted, nan_ok=True)
