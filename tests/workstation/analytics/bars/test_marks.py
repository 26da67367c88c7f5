"""Zones, naked POCs, divergences and minimum volumes against loops over the trades after each bar."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from feeds.model.events import Trade
from tests.workstation.analytics.market_events import (
    BINANCE,
    DAY,
    MINUTE,
    SECOND,
    SIDES,
    START,
    at_price,
    engine_of,
    mark,
    random_trades,
)
from workstation.analytics.bars.series import BarMarket, BarSeries
from workstation.analytics.engine import Engine
from workstation.analytics.store.coverage import Coverage
from workstation.analytics.store.row_grid import row_grid
from workstation.readmodels.flow.footprint import (
    BarKind,
    BarRule,
    FootprintBar,
    FootprintRequest,
    FootprintRules,
    FootprintView,
    MinimumMode,
    NakedPoc,
    Zone,
)
from workstation.readmodels.markets import MarketFilter

RULES = FootprintRules(imbalance_ratio=1.2, stack_length=2, divergence_bars=4, naked_pocs=12)
BAR = 20 * SECOND
ONE = MarketFilter(perp=None)


def wandering(seed: int, count: int = 700, late: float = 0.0) -> list[Trade]:
    """A random walk that trades through zones and POCs."""
    rng = random.Random(seed)
    price, trades = 1_000.0, []
    for item in random_trades(rng, count, markets=(BINANCE,), span_ns=12 * MINUTE, late=late):
        price += rng.gauss(0, 1.2)
        ticks = BINANCE.ticks_from_price(price)
        trades.append(replace_ticks(item, ticks))
    return trades


def replace_ticks(item: Trade, ticks: int) -> Trade:
    price = BINANCE.price_from_ticks(ticks)
    return Trade(
        BINANCE, item.ts_venue_ns, item.ts_recv_ns, ticks, price, item.size, item.size * price, item.aggressor, 0
    )


def view_of(source: Engine | list[Any], rules: FootprintRules = RULES, **options: Any) -> FootprintView:
    engine = source if isinstance(source, Engine) else engine_of(source)
    view = engine.view(FootprintRequest("BTC", ONE, options.pop("bar_ns", BAR), 1.0, rules, **options))
    assert isinstance(view, FootprintView)
    return view


def row_of(item: Trade) -> int:
    return int(item.price_ticks * item.instrument.tick // 1)


def trades_by_bar(trades: list[Trade], bars: tuple[FootprintBar, ...], timed: bool) -> list[list[Trade]]:
    if timed:
        return [[item for item in trades if bar.start_ns <= item.ts_venue_ns < bar.end_ns] for bar in bars]
    ends = np.cumsum([0] + [bar.trades for bar in bars]).tolist()
    return [trades[begin:end] for begin, end in itertools.pairwise(ends)]


def reference_zones(bars: tuple[FootprintBar, ...], parts: list[list[Trade]]) -> set[Zone]:
    zones = set()
    for at, bar in enumerate(bars):
        for stack in bar.stacks:
            later = [item for part in parts[at + 1 :] for item in part]
            through = [
                item.ts_venue_ns
                for item in later
                if (row_of(item) < stack.low_row if stack.buy else row_of(item) > stack.high_row)
            ]
            until = through[0] if through else None
            zones.add(Zone(stack.low_row, stack.high_row, stack.buy, bar.end_ns, until))
    return zones


def reference_pocs(bars: tuple[FootprintBar, ...], parts: list[list[Trade]], count: int) -> list[NakedPoc]:
    pocs = []
    closed = [at for at, bar in enumerate(bars) if bar.closed]
    for at in closed[-count:]:
        poc, until = bars[at].poc_row, None
        later = [item for part in parts[at + 1 :] for item in part]
        above = bool(later) and row_of(later[0]) >= poc
        for item in later:
            if until is None and (row_of(item) <= poc if above else row_of(item) >= poc):
                until = item.ts_venue_ns
        pocs.append(NakedPoc(poc, bars[at].start_ns, until))
    return pocs


@pytest.mark.parametrize("rule", [None, BarRule(BarKind.TICK, 23), BarRule(BarKind.RANGE, 4.0)], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_zones_and_pocs_end_with_the_first_trade_beyond(seed: int, rule: BarRule | None) -> None:
    trades = wandering(seed)
    view = view_of(trades, rule=rule)
    parts = trades_by_bar(trades, view.bars, rule is None)
    zones = reference_zones(view.bars, parts)
    assert len(zones) > 8
    assert {zone.until_ns is None for zone in zones} == {True, False}
    assert set(view.zones) == zones
    assert [zone.from_ns for zone in view.zones] == sorted(zone.from_ns for zone in view.zones)
    pocs = reference_pocs(view.bars, parts, 12)
    assert list(view.naked_pocs) == pocs
    assert len(pocs) == 12


@pytest.mark.parametrize("seed", range(4))
def test_marks_do_not_depend_on_earlier_requests(seed: int) -> None:
    rng = random.Random(seed)
    trades = wandering(seed, 500, late=0.1)
    watched = Engine()
    for at, item in enumerate(trades):
        watched.apply(item)
        if rng.random() < 0.15:
            view_of(watched)
        if at % 100 == 99:
            fresh = view_of(list(trades[: at + 1]))
            ours = view_of(watched)
            assert (ours.zones, ours.naked_pocs) == (fresh.zones, fresh.naked_pocs)
            assert ours.divergence.tolist() == fresh.divergence.tolist()


def test_a_live_trade_below_a_zone_of_buys_ends_it() -> None:
    """A stack of buys at rows 1001 to 1003, then a trade below it."""
    bought = [at_price(BINANCE, START + at, 1_000.5 + at, 9.0) for at in range(4)]
    events = [*bought, mark(BINANCE, START + BAR + 2 * SECOND)]
    assert view_of(events).zones == (Zone(1_001, 1_003, True, START + BAR),)
    through = at_price(BINANCE, START + BAR + 3 * SECOND, 1_000.9)
    assert view_of([*events, through]).zones[0].until_ns == START + BAR + 3 * SECOND
    on_it = at_price(BINANCE, START + BAR + 3 * SECOND, 1_001.0)
    assert view_of([*events, on_it]).zones[0].until_ns is None


def reference_divergence(bars: tuple[FootprintBar, ...], count: int) -> list[int]:
    signs = []
    for at, bar in enumerate(bars):
        before = bars[max(at - count, 0) : at]
        if len(before) < count or not bar.closed:
            signs.append(0)
            continue
        path = [0.0]
        for one in bars[at - count + 1 : at + 1]:
            path.append(path[-1] + one.delta)
        high = bar.high > max(one.high for one in before) and path[-1] <= max(path[:-1])
        low = bar.low < min(one.low for one in before) and path[-1] >= min(path[:-1])
        signs.append(int(low) - int(high))
    return signs


@pytest.mark.parametrize("count", [1, 4, 20])
@pytest.mark.parametrize("seed", range(3))
def test_divergences(seed: int, count: int) -> None:
    view = view_of(wandering(seed, 2_000), replace(RULES, divergence_bars=count), bar_ns=5 * SECOND)
    wanted = reference_divergence(view.bars, count)
    assert view.divergence.tolist() == wanted
    assert len(set(wanted)) == 3


def test_the_percentile_minimum_is_of_the_two_hundred_bars_before() -> None:
    trades = wandering(7, 4_000)
    rules = replace(RULES, minimum_mode=MinimumMode.PERCENTILE, minimum_percentile=50)
    view = view_of(trades, rules, bar_ns=2 * SECOND)
    closed = [bar for bar in view.bars if bar.closed]
    assert len(closed) > 250
    for at in (0, 1, 5, 150, 230, len(closed) - 1):
        cells = sorted(
            value
            for bar in closed[max(at - 200, 0) : at]
            for value in (*bar.buy_volume.tolist(), *bar.sell_volume.tolist())
            if value > 0
        )
        minimum = cells[-(-len(cells) // 2) - 1] if cells else 0.0
        assert closed[at].minimum_volume == minimum
        dominant = [
            *closed[at].buy_volume[closed[at].buy_imbalance],
            *closed[at].sell_volume[closed[at].sell_imbalance],
        ]
        assert all(value >= minimum for value in dominant)
    assert view.minimum_volume == view.bars[-1].minimum_volume > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_late_trade_moves_the_minimum_of_later_bars_as_if_it_had_been_in_time(seed: int) -> None:
    rng = random.Random(seed)
    rules = replace(RULES, minimum_mode=MinimumMode.PERCENTILE)
    grid = {0: BarMarket(BINANCE.tick, row_grid(BINANCE, Fraction(1)), Coverage())}
    watched, fresh = (BarSeries(BAR, grid, rules) for _ in range(2))
    for item in wandering(seed, 400, late=0.3):
        for series in (watched, fresh):
            series.add_trade(item, 0, SIDES.index(item.aggressor))
        if rng.random() < 0.2:
            watched.bars(item.ts_recv_ns, 0)
    ours, theirs = (series.bars(START + DAY, 0) for series in (watched, fresh))
    assert [(bar.minimum_volume, bar.stacks) for bar in ours] == [(bar.minimum_volume, bar.stacks) for bar in theirs]


def test_the_minimum_in_usd_is_at_the_opening_price() -> None:
    trades = [at_price(BINANCE, START, 1_000.0, 3.0, 2), at_price(BINANCE, START + 1, 1_001.0, 9.0)]
    for usd, flags in ((9_000.0, [False, True]), (9_010.0, [False, False])):
        view = view_of([*trades], replace(RULES, minimum_mode=MinimumMode.USD, minimum_usd=usd))
        assert view.minimum_volume == usd / 1_000
        assert view.bars[0].buy_imbalance.tolist() == flags


def test_a_live_bar_has_no_flags_of_extremes() -> None:
    cells = [(1_000.5, 1.0, 2), (1_001.5, 2.0, 2), (1_002.5, 3.0, 2), (1_000.5, 5.0, 1)]
    trades = [at_price(BINANCE, START + at, *cell) for at, cell in enumerate(cells)]
    rules = replace(RULES, exhaustion_rows=3)
    live = view_of([*trades], rules).bars[0]
    closed = view_of([*trades, mark(BINANCE, START + MINUTE)], rules).bars[0]
    assert not (live.unfinished_low)
    assert not (live.exhausted_low)
    assert (closed.unfinished_low, closed.unfinished_high) == (True, False)
    assert (closed.exhausted_low, closed.exhausted_high) == (True, False)
    strict = view_of([*trades, mark(BINANCE, START + MINUTE)], replace(rules, unfinished_minimum=1.5)).bars[0]
    assert not strict.unfinished_low
