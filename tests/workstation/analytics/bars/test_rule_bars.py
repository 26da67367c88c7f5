"""Rule bars: each kind against its rule written out, bit-identical for any split of the trades."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from feeds.model.events import Trade, TradesFilled, TradesLive
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    DAY,
    MARKETS,
    MINUTE,
    SECOND,
    SIDES,
    START,
    columns_of,
    engine_of,
    random_trades,
    trade,
)
from workstation.analytics.bars.rule_bars import RuleBarSeries
from workstation.analytics.bars.series import BarMarket
from workstation.analytics.store.coverage import Coverage
from workstation.analytics.store.row_grid import row_grid
from workstation.readmodels.flow.footprint import (
    BarKind,
    BarRule,
    FootprintBar,
    FootprintRequest,
    FootprintRules,
    FootprintView,
)
from workstation.readmodels.markets import MarketFilter

RULES = (
    BarRule(BarKind.TICK, 1),
    BarRule(BarKind.TICK, 7),
    BarRule(BarKind.VOLUME, 9.5),
    BarRule(BarKind.VOLUME, 200.0),
    BarRule(BarKind.RANGE, 0.5),
    BarRule(BarKind.RANGE, 12.0),
    BarRule(BarKind.DELTA, 6.0),
    BarRule(BarKind.DELTA, 25.0),
)
FAR = START + 10 * DAY


def series_of(rule: BarRule, cap: int = 6_000) -> RuleBarSeries:
    markets = {at: BarMarket(item.tick, row_grid(item, Fraction(1)), Coverage()) for at, item in enumerate(MARKETS)}
    return RuleBarSeries(rule, markets, FootprintRules(), cap)


def add(series: RuleBarSeries, trades: list[Trade]) -> None:
    for item in trades:
        series.add_trade(item, MARKETS.index(item.instrument), SIDES.index(item.aggressor))


def fill(series: RuleBarSeries, trades: list[Trade]) -> None:
    for part in columns_of(trades):
        series.fill(part)


def reference(trades: list[Trade], rule: BarRule) -> list[list[Trade]]:
    """The trades of each bar: a bar ends when it is full, before it would be too wide, or with the UTC day."""
    bars: list[list[Trade]] = []
    day = 0
    for item in trades:
        bar = bars[-1] if bars else []
        later = item.ts_venue_ns // DAY > day
        day = max(day, item.ts_venue_ns // DAY)
        if not bar or later or full(bar, rule) or (rule.kind is BarKind.RANGE and width([*bar, item]) > rule.size):
            bars.append([])
        bars[-1].append(item)
    return bars


def full(bar: list[Trade], rule: BarRule) -> bool:
    sizes = [(0, 1, -1)[SIDES.index(item.aggressor)] * item.size for item in bar]
    if rule.kind is BarKind.TICK:
        return len(bar) >= rule.size
    if rule.kind is BarKind.VOLUME:
        return sum(map(abs, sizes)) >= rule.size
    return rule.kind is BarKind.DELTA and abs(sum(sizes)) >= rule.size


def width(bar: list[Trade]) -> float:
    prices = [item.price_ticks * item.instrument.tick for item in bar]
    return float(max(prices) - min(prices))


def two_days(seed: int, exact: bool = True) -> list[Trade]:
    """Trades around midnight, some of them late."""
    return random_trades(random.Random(seed), 400, start_ns=START + DAY - 4 * MINUTE, late=0.2, exact=exact)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_each_bar_holds_the_trades_of_its_rule(seed: int, rule: BarRule) -> None:
    trades = two_days(seed)
    series = series_of(rule)
    add(series, trades)
    bars, wanted = series.bars(FAR, 0), reference(trades, rule)
    assert [bar.trades for bar in bars] == [len(part) for part in wanted]
    assert [bar.slot for bar in bars] == list(range(len(wanted)))
    end = 0
    for bar, part in zip(bars, wanted, strict=True):
        assert (bar.open, bar.close) == (part[0].price, part[-1].price)
        assert (bar.low, bar.high) == (min(item.price for item in part), max(item.price for item in part))
        assert bar.buy == sum(item.size for item in part if SIDES.index(item.aggressor) == 1)
        assert bar.start_ns == max(part[0].ts_venue_ns, end)
        end = max(bar.start_ns, *(item.ts_venue_ns for item in part))
        assert bar.end_ns == end
        assert bar.buy_trades.sum() == sum(SIDES.index(item.aggressor) == 1 for item in part)
        assert bar.sell_trades.sum() == sum(SIDES.index(item.aggressor) == 2 for item in part)
    assert [bar.closed for bar in bars[:-1]] == [True] * (len(bars) - 1)
    assert bars[-1].closed == full(wanted[-1], rule)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_any_split_into_chunks_gives_the_same_bits(seed: int, rule: BarRule) -> None:
    rng = random.Random(seed)
    trades = two_days(seed, exact=False)
    one_by_one, mixed = series_of(rule), series_of(rule)
    add(one_by_one, trades)
    cuts = sorted(rng.sample(range(1, 400), rng.randint(0, 9)))
    for begin, end in zip([0, *cuts], [*cuts, 400], strict=True):
        rng.choice((add, fill))(mixed, trades[begin:end])
        if rng.random() < 0.6:
            mixed.bars(trades[end - 1].ts_recv_ns, 0)
    assert_same_view(mixed.bars(FAR, 0), one_by_one.bars(FAR, 0))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_newest_bars_are_retained_with_their_numbers(rule: BarRule) -> None:
    trades = two_days(5)
    capped, free = series_of(rule, cap=5), series_of(rule)
    fill(capped, trades)
    add(free, trades)
    assert_same_view(capped.bars(FAR, 0), free.bars(FAR, 0)[-5:])


def test_a_trade_is_never_split() -> None:
    series = series_of(BarRule(BarKind.VOLUME, 10.0))
    add(series, [trade(BINANCE, START + at, 10_000, size) for at, size in enumerate((4.0, 9.0, 25.0, 1.0))])
    assert [bar.volume for bar in series.bars(FAR, 0)] == [13.0, 25.0, 1.0]


def test_decimal_sizes_fill_a_bar_exactly() -> None:
    series = series_of(BarRule(BarKind.VOLUME, 0.3))
    add(series, [trade(BINANCE, START + at, 10_000, 0.1) for at in range(9)])
    assert [bar.trades for bar in series.bars(FAR, 0)] == [3, 3, 3]


def test_a_range_bar_is_as_wide_as_its_rule_and_no_wider() -> None:
    series = series_of(BarRule(BarKind.RANGE, 0.5))
    add(series, [trade(BINANCE, START + at, ticks) for at, ticks in enumerate((100, 105, 102, 106, 101, 100))])
    bars = series.bars(FAR, 0)
    assert [(bar.low, bar.high) for bar in bars] == [(10.0, 10.5), (10.1, 10.6), (10.0, 10.0)]


def test_a_trade_beyond_the_range_begins_the_next_bar() -> None:
    trades = [trade(BINANCE, START + at, 10_000 if at < 40 else 10_100) for at in range(80)]
    one_by_one, filled = (series_of(BarRule(BarKind.RANGE, 0.5)) for _ in range(2))
    add(one_by_one, trades)
    for part in (trades[:40], trades[40:]):
        fill(filled, part)
    assert [bar.trades for bar in filled.bars(FAR, 0)] == [40, 40]
    assert_same_view(filled.bars(FAR, 0), one_by_one.bars(FAR, 0))


def chart(events: list[object], rule: BarRule) -> tuple[FootprintBar, ...]:
    view = engine_of(events).view(  # type: ignore[arg-type]
        FootprintRequest("BTC", MarketFilter(perp=None), row_size=1.0, rule=rule)
    )
    assert isinstance(view, FootprintView)
    return view.bars


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_backfilled_trades_rebuild_all_bars(rule: BarRule) -> None:
    trades = random_trades(random.Random(3), 300, markets=(BINANCE,), late=0.0)
    live = TradesLive(BINANCE, START)
    filled = TradesFilled(BINANCE, trades[-1].ts_recv_ns, START, trades[150].ts_venue_ns, tuple(trades[:150]))
    whole, patched = chart([live, *trades], rule), chart([live, *trades[150:], filled], rule)
    assert [(bar.start_ns, bar.trades, bar.volume) for bar in patched] == [
        (bar.start_ns, bar.trades, bar.volume) for bar in whole
    ]


def test_a_time_rule_is_the_same_as_its_nanoseconds() -> None:
    trades = random_trades(random.Random(4), 200)
    by_rule = chart([*trades], BarRule(BarKind.TIME, 5 * SECOND))
    view = engine_of(trades).view(FootprintRequest("BTC", MarketFilter(perp=None), 5 * SECOND, 1.0))
    assert isinstance(view, FootprintView)
    assert_same_view(by_rule, view.bars)
    assert [bar.slot for bar in by_rule] == [bar.start_ns // (5 * SECOND) for bar in by_rule]
