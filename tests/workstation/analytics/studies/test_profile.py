"""Profiles, nodes, POCs of past days, absorption and big prints against loops over all trades."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
import pytest

from feeds.model.events import Trade
from tests.workstation.analytics.market_events import (
    BINANCE,
    DAY,
    MARKETS,
    MINUTE,
    SECOND,
    SIDES,
    START,
    engine_of,
    mark,
    random_trades,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.cells import nearest_rank, nodes, poc_index, smoothed, value_area
from workstation.readmodels.flow.footprint import (
    Absorption,
    AbsorptionRule,
    FootprintRequest,
    FootprintRules,
    FootprintView,
    NakedPoc,
)
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView
from workstation.readmodels.markets import MarketFilter

ALL = MarketFilter(perp=None)
MS = 1_000_000


def side_of(item: Trade) -> int:
    return SIDES.index(item.aggressor)


def row_of(item: Trade, size: Fraction = Fraction(1)) -> int:
    return int(item.price_ticks * item.instrument.tick // size)


def profile(engine: Engine, start_ns: int, end_ns: int, row_size: float = 0.7) -> ProfileView:
    view = engine.view(ProfileRequest("BTC", ALL, row_size, start_ns, end_ns))
    assert isinstance(view, ProfileView)
    return view


@pytest.mark.parametrize("seed", range(4))
def test_a_profile_is_the_sum_of_its_trades(seed: int) -> None:
    rng = random.Random(seed)
    trades = random_trades(rng, 400, late=0.3)
    watched = Engine()
    start, end = START + 2 * MINUTE, START + 7 * MINUTE
    for item in trades:
        watched.apply(item)
        if rng.random() < 0.1:
            profile(watched, start, end)
    for view in (profile(watched, start, end), profile(engine_of(trades), start, end)):
        cells: dict[tuple[int, int], float] = defaultdict(float)
        for item in trades:
            if start <= item.ts_venue_ns < end and side_of(item):
                cells[row_of(item, Fraction("0.7")), side_of(item)] += item.size
        rows = range(min(cells)[0], max(cells)[0] + 1)
        assert view.first_row == rows[0]
        assert view.buy.tolist() == [cells[row, 1] for row in rows]
        assert view.sell.tolist() == [cells[row, 2] for row in rows]
        total = view.buy + view.sell
        poc = poc_index(total)
        assert view.poc_row == rows[poc]
        low, high = value_area(total, poc)
        assert (view.value_low_row, view.value_high_row) == (rows[low], rows[high])
        high_nodes, low_nodes = reference_nodes(total.tolist(), 2)
        assert view.high_nodes.tolist() == [rows[at] for at in high_nodes]
        assert view.low_nodes.tolist() == [rows[at] for at in low_nodes]


def test_an_empty_profile() -> None:
    view = profile(engine_of(random_trades(random.Random(1), 20)), START + DAY, START + 2 * DAY)
    assert (view.first_row, len(view.buy), len(view.high_nodes)) == (0, 0, 0)


def reference_nodes(total: list[float], reach: int) -> tuple[list[int], list[int]]:
    values = [
        sum(total[max(at - reach, 0) : at + reach + 1]) / (2 * reach + 1) if reach else total[at]
        for at in range(len(total))
    ]
    mean, high, low, begin = sum(values) / len(values), [], [], 0
    for _, same in groupby(round(value, 6) for value in values):
        end = begin + len(list(same)) - 1
        before = values[begin - 1] if begin else -math.inf
        after = values[end + 1] if end + 1 < len(values) else -math.inf
        if values[begin] > max(before, after) and values[begin] > mean:
            high.append((begin + end) // 2)
        if -math.inf < values[begin] < min(before, after) and values[begin] < mean / 2:
            low.append((begin + end) // 2)
        begin = end + 1
    return high, low


@pytest.mark.parametrize("reach", [0, 1, 3])
def test_nodes(reach: int) -> None:
    rng = random.Random(reach)
    found = 0
    for _ in range(150):
        total = [float(rng.choice((0, 0, 1, 1, 4, 9, 20))) for _ in range(rng.randint(1, 25))]
        high, low = nodes(np.array(total), reach)
        assert (high.tolist(), low.tolist()) == reference_nodes(total, reach)
        found += len(low)
    assert found > 20


def test_smoothing_keeps_the_length() -> None:
    assert smoothed(np.array([3.0, 0.0, 6.0]), 1).tolist() == [1.0, 3.0, 2.0]


def chart(engine: Engine, rules: FootprintRules = FootprintRules()) -> FootprintView:
    view = engine.view(FootprintRequest("BTC", ALL, MINUTE, 1.0, rules))
    assert isinstance(view, FootprintView)
    return view


def days_of_trades(seed: int) -> list[Trade]:
    """Five days of a random walk; some trades arrive after midnight."""
    rng = random.Random(seed)
    centre, trades = 1_000.0, []
    for item in random_trades(rng, 500, span_ns=5 * DAY, late=0.3):
        centre += rng.gauss(0, 1.0)
        ticks = item.instrument.ticks_from_price(centre + rng.gauss(0, 1.0))
        trades.append(trade(item.instrument, item.ts_venue_ns, ticks, item.size, side_of(item), item.ts_recv_ns))
    return trades


def reference_sessions(trades: list[Trade]) -> list[NakedPoc]:
    found = []
    for day in sorted({item.ts_venue_ns // DAY for item in trades})[:-1]:
        cells: dict[int, float] = defaultdict(float)
        for item in trades:
            if item.ts_venue_ns // DAY == day and side_of(item):
                cells[row_of(item)] += item.size
        rows = range(min(cells), max(cells) + 1)
        poc = rows[poc_index(np.array([cells[row] for row in rows]))]
        later = [item for item in trades if item.ts_venue_ns // DAY > day]
        above = row_of(later[0]) >= poc
        touches = [item for item in later if (row_of(item) <= poc if above else row_of(item) >= poc)]
        found.append(NakedPoc(poc, day * DAY, touches[0].ts_venue_ns if touches else None))
    return found


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 6))])
def test_pocs_of_past_days(seed: int) -> None:
    rng = random.Random(seed)
    trades = days_of_trades(seed)
    watched = Engine()
    for item in trades:
        watched.apply(item)
        if rng.random() < 0.1:
            chart(watched)
    wanted = reference_sessions(trades)
    assert list(chart(watched).session_pocs) == list(chart(engine_of(trades)).session_pocs) == wanted
    assert len(wanted) == 4


RULE = AbsorptionRule(window_ns=10 * SECOND, deviations=2.0, baseline_ns=300 * SECOND)


def reference_absorptions(trades: list[Trade], rule: AbsorptionRule, watermark_ns: int) -> list[Absorption]:
    windows: dict[int, list[Trade]] = defaultdict(list)
    for item in trades:
        windows[item.ts_venue_ns // rule.window_ns].append(item)
    cells = {window: cells_of(part) for window, part in windows.items()}
    found = []
    for window in sorted(windows):
        if watermark_ns < (window + 2) * rule.window_ns + SECOND:
            continue
        begin = window - rule.baseline_ns // rule.window_ns
        usual = [value for one in range(begin, window) for value in cells.get(one, {}).values()]
        if len(usual) < 20:
            continue
        mean, deviation = float(np.mean(usual)), float(np.std(usual))
        threshold = mean + rule.deviations * deviation
        rows = [row_of(item) for one in (window, window + 1) for item in windows.get(one, ())]
        for (row, side), value in sorted(cells[window].items()):
            beyond = max(rows) > row + 1 if side == 1 else min(rows) < row - 1
            if value >= threshold and not beyond:
                at = (window * rule.window_ns, (window + 1) * rule.window_ns)
                found.append(Absorption(row, side == 1, *at, value, mean, deviation, threshold))
    return found


def cells_of(trades: list[Trade]) -> dict[tuple[int, int], float]:
    cells: dict[tuple[int, int], float] = defaultdict(float)
    for item in trades:
        if side_of(item):
            cells[row_of(item), side_of(item)] += item.size
    return cells


def numbers(found: Absorption) -> tuple[float, ...]:
    return (found.volume, found.mean, found.deviation, found.threshold)


@pytest.mark.parametrize("seed", range(5))
def test_absorption(seed: int) -> None:
    rng = random.Random(seed)
    trades = []
    for item in random_trades(rng, 1_500, span_ns=20 * MINUTE, late=0.02):
        size = item.size * rng.choice((1, 1, 1, 30))
        trades.append(trade(item.instrument, item.ts_venue_ns, item.price_ticks, size, side_of(item), item.ts_recv_ns))
    watched = Engine()
    rules = FootprintRules(absorption=RULE)
    for item in trades:
        watched.apply(item)
        if rng.random() < 0.1:
            chart(watched, rules)
    watermark = max(item.ts_venue_ns for item in trades)
    wanted = reference_absorptions(trades, RULE, watermark)
    assert len(wanted) > 3
    for engine in (watched, engine_of(trades)):
        found = chart(engine, rules).absorptions
        assert [(one.row, one.buy, one.from_ns, one.until_ns) for one in found] == [
            (one.row, one.buy, one.from_ns, one.until_ns) for one in wanted
        ]
        np.testing.assert_allclose([numbers(one) for one in found], [numbers(one) for one in wanted], rtol=1e-9)


def test_price_that_passes_the_row_is_no_absorption() -> None:
    usual = [trade(BINANCE, START + at * SECOND, 10_000 + at % 3, 1.0, 1 + at % 2) for at in range(100)]
    wall = [trade(BINANCE, START + 105 * SECOND, 10_000, 50.0)]
    rules = FootprintRules(absorption=RULE)
    later = mark(BINANCE, START + 200 * SECOND)
    (found,) = chart(engine_of([*usual, *wall, later]), rules).absorptions
    assert (found.row, found.buy, found.volume, found.from_ns) == (1_000, True, 50.0, START + 100 * SECOND)
    assert found.volume >= found.threshold == found.mean + 2 * found.deviation
    for ts, ticks, count in ((106, 10_010, 1), (106, 10_020, 0), (115, 10_020, 0), (121, 10_020, 1)):
        broken = trade(BINANCE, START + ts * SECOND, ticks, 0.1)
        assert len(chart(engine_of([*usual, *wall, broken, later]), rules).absorptions) == count
    assert chart(engine_of([*usual, *wall, mark(BINANCE, START + 120 * SECOND)]), rules).absorptions == ()


def big(engine: Engine, **options: Any) -> BigTrades:
    view = engine.view(BigTradesRequest("BTC", ALL, **options))
    assert isinstance(view, BigTrades)
    return view


def sweeping(seed: int, count: int = 900) -> list[Trade]:
    """Trades of which some share a market, side and millisecond, with sizes over four decades."""
    rng = random.Random(seed)
    now, trades = START, []
    while len(trades) < count:
        now += rng.randint(1, 400) * MS
        instrument, side = rng.choice(MARKETS), rng.choice((0, 1, 2))
        for _ in range(rng.choice((1, 1, 1, 4))):
            ticks = instrument.ticks_from_price(1_000.0) + rng.randint(-9, 9)
            trades.append(trade(instrument, now, ticks, math.exp(rng.gauss(0, 1.5)), side))
    return trades


def reference_prints(trades: list[Trade]) -> list[tuple[int, float, int]]:
    """Time, notional and side of each print: trades of one market, side and millisecond in a run."""
    prints = []
    for (_, side, _), same in groupby(trades, lambda one: (one.instrument.id, side_of(one), one.ts_venue_ns // MS)):
        part = list(same)
        prints.append((part[0].ts_venue_ns, math.fsum(one.notional for one in part), (0, 1, -1)[side]))
    return prints


@pytest.mark.parametrize("minimum", [None, 2_000.0])
@pytest.mark.parametrize("seed", range(4))
def test_big_trades(seed: int, minimum: float | None) -> None:
    rng = random.Random(seed)
    trades = sweeping(seed)
    watched = Engine()
    for item in trades:
        watched.apply(item)
        if rng.random() < 0.1:
            big(watched, minimum_usd=minimum)
    prints = reference_prints(trades)
    view = big(watched, minimum_usd=minimum)
    fresh = big(engine_of(trades), minimum_usd=minimum)
    if minimum is None:
        exact = nearest_rank(np.array([one[1] for one in prints]), 99.5)
        assert exact / 1.011 < view.threshold_usd <= exact
    else:
        assert view.threshold_usd == minimum
    wanted = [one for one in prints if one[1] >= view.threshold_usd]
    for found in (view, fresh):
        assert found.threshold_usd == view.threshold_usd
        assert found.ts_venue_ns.tolist() == [one[0] for one in wanted]
        np.testing.assert_allclose(found.notional, [one[1] for one in wanted], rtol=1e-12)
        assert found.side.tolist() == [one[2] for one in wanted]


def test_the_threshold_follows_the_market_down() -> None:
    large = [trade(BINANCE, START + at * SECOND, 10_000, 1_000.0 + at) for at in range(50)]
    small = [trade(BINANCE, START + (50 + at) * SECOND, 10_000, 1.0 + at % 20) for at in range(30_000)]
    engine = engine_of(large)
    before = big(engine).threshold_usd
    for item in small:
        engine.apply(item)
    after = big(engine)
    assert after.threshold_usd < before / 20
    fresh = big(engine_of([*large, *small]))
    assert after.ts_venue_ns.tolist() == fresh.ts_venue_ns.tolist()


def test_the_largest_of_a_span() -> None:
    trades = sweeping(9)
    view = big(engine_of(trades), minimum_usd=100.0, count=7, start_ns=START + 20 * SECOND, end_ns=START + 90 * SECOND)
    inside = [one for one in reference_prints(trades) if START + 20 * SECOND <= one[0] < START + 90 * SECOND]
    wanted = sorted(sorted(inside, key=lambda one: -one[1])[:7])
    assert view.ts_venue_ns.tolist() == [one[0] for one in wanted]
    assert all(abs(price - 1_000.0) < 10 for price in view.price)
