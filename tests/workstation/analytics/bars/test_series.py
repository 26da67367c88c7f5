"""Bars over several markets: equal to plain sums, bit-identical for any split of the trades."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.events import Trade
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    MARKETS,
    MINUTE,
    SECOND,
    SIDES,
    START,
    at_price,
    columns_of,
    engine_of,
    mark,
    market,
    random_trades,
    trade,
)
from workstation.analytics.bars.series import GRACE_NS, BarMarket, BarSeries
from workstation.analytics.state.derived_bars import auto_row_size, round_step
from workstation.analytics.store.coverage import Coverage
from workstation.analytics.store.row_grid import row_grid
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRequest, FootprintRules
from workstation.readmodels.markets import MarketFilter

QUICK = settings(max_examples=200, derandomize=True, deadline=None, database=None)
FAR = START + 10_000 * MINUTE


def series_of(row_size: str, bar_ns: int = MINUTE, cap: int = 6_000) -> BarSeries:
    size = Fraction(row_size)
    markets = {at: BarMarket(item.tick, row_grid(item, size), Coverage()) for at, item in enumerate(MARKETS)}
    return BarSeries(bar_ns, markets, FootprintRules(), cap)


def add(series: BarSeries, trades: list[Trade]) -> None:
    for item in trades:
        series.add_trade(item, MARKETS.index(item.instrument), SIDES.index(item.aggressor))


def fill(series: BarSeries, trades: list[Trade]) -> None:
    for part in columns_of(trades):
        series.fill(part)


@pytest.mark.parametrize("row_size", ["0.1", "0.7", "1", "20"])
@pytest.mark.parametrize("seed", range(6))
def test_any_split_into_chunks_gives_the_same_bits(seed: int, row_size: str) -> None:
    rng = random.Random(seed)
    trades = random_trades(rng, 300, late=0.3, exact=False)
    one_by_one, mixed = series_of(row_size), series_of(row_size)
    add(one_by_one, trades)
    cuts = sorted(rng.sample(range(1, 300), rng.randint(0, 12)))
    for begin, end in zip([0, *cuts], [*cuts, 300], strict=True):
        rng.choice((add, fill))(mixed, trades[begin:end])
        if rng.random() < 0.6:
            mixed.bars(trades[end - 1].ts_recv_ns, 0)
    assert_same_view(mixed.bars(FAR, 0), one_by_one.bars(FAR, 0))


@pytest.mark.parametrize("row_size", ["0.25", "0.7", "13"])
def test_bars_are_sums_over_their_trades(row_size: str) -> None:
    trades = random_trades(random.Random(4), 500)
    series = series_of(row_size)
    fill(series, trades)
    bars = series.bars(FAR, 0)
    wanted: dict[int, list[Trade]] = {}
    for item in trades:
        wanted.setdefault(item.ts_venue_ns // MINUTE * MINUTE, []).append(item)
    assert [bar.start_ns for bar in bars] == sorted(wanted)
    for bar in bars:
        assert_is_sum(bar, wanted[bar.start_ns], Fraction(row_size))


def assert_is_sum(bar: FootprintBar, trades: list[Trade], row_size: Fraction) -> None:
    assert (bar.open, bar.close) == (trades[0].price, trades[-1].price)
    assert (bar.low, bar.high) == (min(item.price for item in trades), max(item.price for item in trades))
    assert (bar.end_ns, bar.trades) == (bar.start_ns + MINUTE, len(trades))
    cells: dict[tuple[int, int], float] = {}
    for item in trades:
        row = item.price_ticks * item.instrument.tick // row_size
        at = (row, SIDES.index(item.aggressor))
        cells[at] = cells.get(at, 0.0) + item.size
    rows = range(min(cells)[0], max(cells)[0] + 1)
    assert bar.first_row == rows[0]
    assert bar.buy_volume.tolist() == [cells.get((row, 1), 0.0) for row in rows]
    assert bar.sell_volume.tolist() == [cells.get((row, 2), 0.0) for row in rows]
    assert bar.buy + bar.sell == bar.buy_volume.sum() + bar.sell_volume.sum()


def test_coarse_rows_are_sums_of_fine_rows() -> None:
    trades = random_trades(random.Random(5), 400)
    fine, coarse = series_of("0.3"), series_of("1.5")
    fill(fine, trades)
    fill(coarse, trades)
    for small, large in zip(fine.bars(FAR, 0), coarse.bars(FAR, 0), strict=True):
        for name in ("buy_volume", "sell_volume"):
            summed = np.zeros(len(getattr(large, name)))
            for at, volume in enumerate(getattr(small, name)):
                summed[(small.first_row + at) // 5 - large.first_row] += volume
            assert summed.tolist() == getattr(large, name).tolist()


@given(
    ticks=st.integers(0, 10**9),
    tick=st.decimals("1e-10", "50", places=10).filter(bool),
    row=st.decimals("1e-9", "500", places=9).filter(bool),
)
@QUICK
def test_rows_are_exact(ticks: int, tick: Decimal, row: Decimal) -> None:
    grid = row_grid(market(tick=str(tick)), Fraction(row))
    exact = ticks * Fraction(tick) / Fraction(row)
    assert grid.floor(ticks) == exact.__floor__()
    assert grid.ceil(ticks) == exact.__ceil__()


def test_a_price_on_a_grid_line_belongs_to_the_upper_row() -> None:
    series = series_of("0.3")
    add(series, [trade(BINANCE, START, ticks) for ticks in (2, 3, 5, 6)])
    bar = series.bars(FAR, 0)[0]
    assert (bar.first_row, bar.buy_volume.tolist()) == (0, [1.0, 2.0, 1.0])


def test_closed_bars_are_shared_by_later_views() -> None:
    series = series_of("1")
    trades = random_trades(random.Random(6), 200, late=0.0)
    add(series, trades[:100])
    first = series.bars(trades[99].ts_venue_ns, 0)
    add(series, trades[100:])
    second = series.bars(trades[-1].ts_venue_ns, 0)
    closed = [bar for bar in first if bar.closed]
    assert len(closed) == len(first) - 1 >= 4
    assert all(old is new for old, new in zip(closed, second, strict=False))
    assert series.bars(trades[-1].ts_venue_ns, 0) is second


def test_a_late_trade_reopens_its_bar_and_leaves_the_others() -> None:
    series = series_of("1")
    add(series, [trade(BINANCE, START + at * MINUTE, 10_000 + at) for at in range(4)])
    before = series.bars(FAR, 0)
    add(series, [trade(BINANCE, START + MINUTE + 7, 10_020, 2.0, 2)])
    after = series.bars(FAR, 0)
    assert [old is new for old, new in zip(before, after, strict=True)] == [True, False, True, True]
    assert (after[1].delta, after[1].trades, after[1].high, after[1].closed) == (-1.0, 2, 1_002.0, True)


def test_a_late_trade_retains_the_rows_of_trades_without_an_aggressor() -> None:
    series = series_of("1")
    add(series, [trade(BINANCE, START, 10_100, 1.0, 0), trade(BINANCE, START, 10_000, 1.0, 1)])
    assert len(series.bars(FAR, 0)[0].buy_volume) == 11
    add(series, [trade(BINANCE, START, 10_000, 1.0, 2)])
    bar = series.bars(FAR, 0)[0]
    assert (bar.high, bar.first_row, len(bar.buy_volume)) == (1_010.0, 1_000, 11)


def test_a_bar_closes_a_second_after_its_end() -> None:
    series = series_of("1")
    add(series, [trade(BINANCE, START, 10_000)])
    end = START + MINUTE
    assert not series.bars(end + GRACE_NS - 1, 0)[0].closed
    assert series.bars(end + GRACE_NS, 0)[0].closed


def test_minutes_without_a_trade_are_absent() -> None:
    series = series_of("1")
    add(series, [trade(BINANCE, START + at * MINUTE, 10_000) for at in (0, 5)])
    assert [bar.start_ns for bar in series.bars(FAR, 0)] == [START, START + 5 * MINUTE]


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_bars_are_retained(seed: int) -> None:
    trades = random_trades(random.Random(seed), 400, span_ns=40 * MINUTE, late=0.5, exact=False)
    capped, free, filled = series_of("1", cap=5), series_of("1"), series_of("1", cap=5)
    add(capped, trades)
    fill(filled, trades)
    add(free, trades)
    newest = free.bars(FAR, 0)[-5:]
    assert_same_view(capped.bars(FAR, 0), newest)
    assert_same_view(filled.bars(FAR, 0), newest)


def test_trades_of_other_markets_are_left_out() -> None:
    series = BarSeries(
        MINUTE, {1: BarMarket(MARKETS[1].tick, row_grid(MARKETS[1], Fraction(1)), Coverage())}, FootprintRules()
    )
    fill(series, [item for item in random_trades(random.Random(7), 50) if item.instrument is not MARKETS[1]])
    assert series.bars(FAR, 0) == ()


@pytest.mark.parametrize("tick", ["0.0000000001", "0.0000001", "0.00001"])
def test_cheap_coins(tick: str) -> None:
    pepe = market(tick=tick)
    events = [trade(pepe, START + at * SECOND, 112_345 + at) for at in range(100)]
    engine = engine_of(events)
    view: Any = engine.view(CvdRequest("BTC", unit=CvdUnit.COIN))
    assert view.lines[0].values.tolist() == [60.0, 100.0]
    chart: Any = engine.view(FootprintRequest("BTC"))
    assert sum(bar.buy_volume.sum() for bar in chart.bars) == 100.0


@given(wanted=st.fractions(0, 10**6), tick=st.sampled_from(("0.01", "0.1", "0.25", "0.5", "1e-7")))
@QUICK
def test_round_step_is_the_next_multiple_of_one_two_five(wanted: Fraction, tick: str) -> None:
    step = round_step(wanted, Fraction(tick))
    multiple = step / Fraction(tick)
    assert multiple.denominator == 1
    assert str(multiple)[0] in "125"
    assert set(str(multiple)[1:]) <= {"0"}
    assert step >= wanted
    smaller = multiple * Fraction(2, 5) if str(multiple)[0] == "5" else multiple / 2
    assert multiple == 1 or smaller * Fraction(tick) < wanted


@pytest.mark.parametrize("tick", ["0.1", "0.25", "0.00001"])
@pytest.mark.parametrize("scale", [30, 47, 100, 333, 1_000, 2_345, 33_000])
def test_automatic_rows(tick: str, scale: int) -> None:
    """A bar of `scale` ticks shows 12 to 30 rows, and one more where it begins inside a row."""
    instrument = market(tick=tick)
    events = [
        trade(instrument, START + at * MINUTE + half * SECOND, 10_000_000 + at + half * scale)
        for at in range(8)
        for half in (0, 1)
    ]
    view: Any = engine_of([*events, mark(instrument, START + 9 * MINUTE)]).view(FootprintRequest("BTC"))
    multiple = Fraction(str(view.row_size)) / Fraction(tick)
    assert str(multiple).rstrip("0") in ("1", "2", "5")
    assert all(12 <= len(bar.buy_volume) <= 31 for bar in view.bars)


def test_automatic_rows_of_a_flat_or_an_empty_chart() -> None:
    tick = Fraction("0.5")
    assert auto_row_size([], tick, START) == 5
    events = [trade(BINANCE, START + at * MINUTE, 10_000) for at in range(9)]
    view: Any = engine_of(events).view(FootprintRequest("BTC"))
    assert view.row_size == 0.1


def test_automatic_rows_are_multiples_of_the_coarsest_tick() -> None:
    trades = random_trades(random.Random(8), 300, late=0.0)
    view: Any = engine_of(trades).view(FootprintRequest("BTC", MarketFilter(perp=None)))
    assert (Fraction(str(view.row_size)) / Fraction("0.3")).denominator == 1


def test_automatic_rows_seldom_change() -> None:
    rng = random.Random(9)
    sizes = []
    events = [at_price(BINANCE, START + at * 2 * SECOND, round(1_000 + rng.gauss(0, 8), 1)) for at in range(3_600)]
    engine = engine_of([])
    for at, event in enumerate(events):
        engine.apply(event)
        if at % 30 == 29:
            view: Any = engine.view(FootprintRequest("BTC"))
            sizes.append(view.row_size)
    changes = [at for at in range(1, len(sizes)) if sizes[at] != sizes[at - 1]]
    assert len(changes) <= 4
