"""One bad print costs one print: no memory, no time, no scale; it counts in volume and CVD and is marked."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.events import Trade
from tests.workstation.analytics.market_events import (
    BINANCE,
    MINUTE,
    REQUESTS,
    engine_of,
    mark,
    random_trades,
    same_content,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintRequest, FootprintView
from workstation.readmodels.flow.outliers import JUMP, extent, outlying_bars, plausible_rows, plausible_values
from workstation.readmodels.flow.profile import ProfileRequest
from workstation.readmodels.markets import MarketFilter

QUICK = settings(max_examples=25, derandomize=True, deadline=None, database=None)
FACTORS = st.sampled_from((1e-4, 0.01, 0.5, 2.0, 100.0, 1e4))
ROWS = FootprintRequest("BTC", MarketFilter(perp=None), MINUTE, 1.0)


def tape(seed: int, count: int = 300) -> list[Trade]:
    return random_trades(random.Random(seed), count, markets=(BINANCE,), late=0.0)


def with_bad(trades: list[Trade], at: int, factor: float) -> list[Trade]:
    before = trades[at]
    ticks = max(round(10_000 * factor), 1)
    return [*trades[: at + 1], trade(BINANCE, before.ts_venue_ns, ticks, 0.5, 1, before.ts_recv_ns), *trades[at + 1 :]]


def footprint(trades: Iterable[Trade], request: FootprintRequest = ROWS) -> FootprintView:
    view = engine_of(trades).view(request)
    assert isinstance(view, FootprintView)
    return view


@given(st.integers(0, 99), st.integers(0, 298), FACTORS)
@QUICK
def test_a_bar_has_the_rows_that_it_has_without_the_print_and_all_its_volume(seed: int, at: int, factor: float) -> None:
    good, whole = footprint(tape(seed)), footprint(with_bad(tape(seed), at, factor))
    marked = [(bar, one) for bar in whole.bars for one in bar.outliers]
    assert [(one.row, one.buy, one.sell, one.buys) for _, one in marked] == [
        (max(round(10_000 * factor), 1) // 10, 0.5, 0.0, 1)
    ]
    for one, other in zip(good.bars, whole.bars, strict=True):
        assert one.first_row == other.first_row
        assert one.buy_volume.tolist() == other.buy_volume.tolist()
        assert one.poc_row == other.poc_row
        assert other.buy - one.buy == (0.5 if other.outliers else 0.0)
        assert other.plausible(other.high) <= one.high + 1.0
        assert other.plausible(other.low) >= one.low - 1.0
    assert whole.cvd[-1] - good.cvd[-1] == 0.5


@given(st.integers(0, 99), st.integers(0, 298), FACTORS, st.integers(1, 300))
@QUICK
def test_bars_read_before_and_after_the_print_are_those_read_at_once(
    seed: int, at: int, factor: float, read: int
) -> None:
    trades = with_bad(tape(seed), at, factor)
    engine = Engine()
    for number, one in enumerate(trades):
        if number in (read, at + 1, at + 2):
            engine.view(ROWS)
        engine.apply(one)
    assert same_content(engine.view(ROWS), footprint(trades))


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_no_view_needs_more_memory_because_of_the_print(factor: float) -> None:
    def peaks(trades: list[Trade]) -> list[int]:
        engine, found = engine_of(trades), []
        for request in REQUESTS:
            tracemalloc.start()
            engine.view(request)
            found.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        return found

    usual, bad = peaks(tape(1)), peaks(with_bad(tape(1), 150, factor))
    assert [peak for peak, most in zip(bad, usual, strict=True) if peak > 1.1 * most + 300_000] == []


@pytest.mark.parametrize("kind", [BarKind.TICK, BarKind.VOLUME, BarKind.RANGE, BarKind.DELTA])
def test_bars_of_every_kind_hold_the_print_apart(kind: BarKind) -> None:
    request = FootprintRequest("BTC", MarketFilter(perp=None), row_size=1.0, rule=BarRule(kind, 20.0))
    view = footprint(with_bad(tape(2), 150, 1e4), request)
    assert max(len(bar.buy_volume) for bar in view.bars) < 100
    low, high, trades = (
        np.array([float(getattr(bar, name)) for bar in view.bars]) for name in ("low", "high", "trades")
    )
    low = np.array([bar.plausible(bar.low) for bar in view.bars])
    high = np.array([bar.plausible(bar.high) for bar in view.bars])
    found = extent(low, high, trades)
    assert found is not None
    assert found[1] < 1_100.0


def test_marks_do_not_end_at_the_print() -> None:
    good, whole = footprint(tape(3)), footprint(with_bad(tape(3), 150, 1e4))
    assert [(one.row, one.until_ns) for one in whole.naked_pocs] == [(one.row, one.until_ns) for one in good.naked_pocs]
    assert whole.divergence.tolist() == good.divergence.tolist()


@pytest.mark.parametrize("at", [0, 10, 298])
def test_a_profile_is_that_without_the_print_however_it_is_read(at: int) -> None:
    request = ProfileRequest("BTC", MarketFilter(perp=None), 1.0, 0, 1 << 62)
    good = engine_of(tape(4)).view(request)
    trades = with_bad(tape(4), at, 100.0)
    engine = Engine()
    for number, one in enumerate(trades):
        if number % 7 == 0:
            engine.view(request)
        engine.apply(one)
    for view in (engine.view(request), engine_of(trades).view(request)):
        assert (view.first_row, view.poc_row) == (good.first_row, good.poc_row)
        assert view.buy.tolist() == good.buy.tolist()


def test_late_volume_of_a_move_is_no_outlier() -> None:
    trades = [trade(BINANCE, one.ts_venue_ns, 10_000 + 300 * at, 1.0) for at, one in enumerate(tape(5, 60))]
    assert not any(bar.outliers for bar in footprint([*trades, mark(BINANCE, trades[-1].ts_venue_ns)]).bars)


def test_the_rule() -> None:
    rows, trades = np.array([100, 101, 149, 300, 301]), np.array([3, 1, 1, 2, 2])
    assert plausible_rows(rows, trades) == slice(0, 3)
    assert plausible_rows(rows[:2], trades[:2]) == slice(0, 2)
    low = np.array([10.0, 11.0, 900.0, 12.0, 13.0, 0.1])
    few = np.array([9.0, 9.0, 1.0, 9.0, 9.0, 2.0])
    assert outlying_bars(low, low + 1, few).tolist() == [False, False, True, False, False, True]
    assert extent(low, low + 1, few) == (10.0, 14.0)
    assert not outlying_bars(np.array([10.0, 10 * JUMP + 2]), np.array([11.0, 20.0]), np.array([9.0, 9.0])).any()
    assert sorted(plausible_values(np.array([1.0, 100.0, 1.1])).tolist()) == [1.0, 1.1]
