"""CVD, VWAP, open interest and liquidations by bar against sums over all trades and events."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from feeds.model.events import Event, Liquidation, OpenInterest, Side, Trade
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    DAY,
    MARKETS,
    MINUTE,
    OKX_SPOT,
    SECOND,
    SIDES,
    START,
    engine_of,
    random_trades,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.analytics.store.column_store import CHUNK
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketFilter

ALL = MarketFilter(perp=None)
BAR = 5 * SECOND


def chart(source: Engine | list[Any], **options: Any) -> FootprintView:
    engine = source if isinstance(source, Engine) else engine_of(source)
    view = engine.view(FootprintRequest("BTC", ALL, BAR, 1.0, **options))
    assert isinstance(view, FootprintView)
    return view


def capped(trades: list[Trade], bars: int, trades_cap: int = 4_000_000) -> Engine:
    engine = Engine(Limits(trades_cap, bars))
    for item in trades:
        engine.apply(item)
    return engine


def signed(item: Trade) -> float:
    return (0, 1, -1)[SIDES.index(item.aggressor)] * item.size


def around_midnight(seed: int, count: int = 600) -> list[Trade]:
    return random_trades(random.Random(seed), count, start_ns=START + DAY - 30 * MINUTE, span_ns=60 * MINUTE, late=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_cvd_of_a_bar_is_that_of_its_day_so_far(seed: int) -> None:
    trades = around_midnight(seed)
    for view in (chart([*trades]), chart(capped(trades, 20))):
        for bar, value in zip(view.bars, view.cvd.tolist(), strict=True):
            day = bar.start_ns // DAY * DAY
            assert value == sum(signed(item) for item in trades if day <= item.ts_venue_ns < bar.end_ns)


@pytest.mark.parametrize("rule", [BarRule(BarKind.TICK, 5), BarRule(BarKind.VOLUME, 11.0)], ids=str)
def test_cvd_of_rule_bars(rule: BarRule) -> None:
    trades = random_trades(random.Random(1), 500)
    whole, short = chart([*trades], rule=rule), chart(capped(trades, 9), rule=rule)
    deltas = [bar.delta for bar in whole.bars]
    assert whole.cvd.tolist() == np.cumsum(deltas).tolist()
    assert short.cvd.tolist() == whole.cvd.tolist()[-9:]


@pytest.mark.parametrize("unit", [CvdUnit.USD, CvdUnit.COIN])
@pytest.mark.parametrize("reset_ns", [DAY, None, 4 * 3_600 * SECOND])
def test_lines_do_not_depend_on_the_number_of_bars(unit: CvdUnit, reset_ns: int | None) -> None:
    trades = around_midnight(4, 2_000)
    request = CvdRequest("BTC", BAR, unit, reset_ns)
    whole, short = engine_of(trades).view(request), capped(trades, 30).view(request)
    assert isinstance(whole, CvdView)
    assert isinstance(short, CvdView)
    count = len(short.bar_start_ns)
    assert 30 <= count < len(whole.bar_start_ns)
    assert short.bar_start_ns.tolist() == whole.bar_start_ns[-count:].tolist()
    for ours, theirs in zip((*short.lines, short.perp), (*whole.lines, whole.perp), strict=True):
        assert ours is not None
        assert theirs is not None
        np.testing.assert_allclose(ours.values, theirs.values[-count:], rtol=1e-12, atol=1e-9)


def test_cvd_counts_trades_that_the_store_has_dropped() -> None:
    """Rebuilt from a store that has dropped trades of the day, the numbers are still those of the day."""
    trades = [
        trade(BINANCE, START + at * SECOND // 8, 10_000 + at % 7, 1.0, 1 + at % 3 // 2) for at in range(3 * CHUNK)
    ]
    engine = capped(trades, 6_000, CHUNK)
    assert len(engine.bases["BTC"].trades) <= 2 * CHUNK
    view = chart(engine)
    assert view.cvd[-1] == sum(map(signed, trades))
    prices = [item.price for item in trades]
    assert view.vwap[-1] == pytest.approx(np.mean(prices), rel=1e-12)
    assert view.vwap_deviation[-1] == pytest.approx(np.std(prices), rel=1e-9)
    lines = engine.view(CvdRequest("BTC", BAR, unit=CvdUnit.COIN))
    assert isinstance(lines, CvdView)
    assert lines.lines[0].values[-1] == view.cvd[-1]


def reference_vwap(trades: list[Trade]) -> tuple[float, float]:
    sided = [item for item in trades if item.aggressor is not None]
    volume = sum(item.size for item in sided)
    if not volume:
        return math.nan, math.nan
    mean = sum(item.size * item.price for item in sided) / volume
    return mean, math.sqrt(sum(item.size * (item.price - mean) ** 2 for item in sided) / volume)


@pytest.mark.parametrize("anchor_ns", [None, START + DAY + 100 * SECOND, START + DAY, START])
@pytest.mark.parametrize("seed", range(2))
def test_vwap_and_its_deviation(seed: int, anchor_ns: int | None) -> None:
    trades = around_midnight(seed)
    view = chart([*trades], vwap_anchor_ns=anchor_ns)
    for at, bar in enumerate(view.bars):
        since = bar.start_ns // DAY * DAY if anchor_ns is None else anchor_ns - anchor_ns % BAR
        mean, deviation = reference_vwap([item for item in trades if since <= item.ts_venue_ns < bar.end_ns])
        np.testing.assert_allclose(view.vwap[at], mean, rtol=1e-12)
        np.testing.assert_allclose(view.vwap_deviation[at], deviation, rtol=1e-6, atol=1e-9)


def test_vwap_of_dropped_bars() -> None:
    trades = around_midnight(5)
    whole, few = [*trades], capped(trades, 10)
    for anchor_ns in (None, START, START + DAY):
        ours, theirs = (chart(source, vwap_anchor_ns=anchor_ns) for source in (few, whole))
        np.testing.assert_allclose(ours.vwap, theirs.vwap[-10:], rtol=1e-12)
        np.testing.assert_allclose(ours.vwap_deviation, theirs.vwap_deviation[-10:], rtol=1e-6)
    unknown = chart(capped(trades, 10), vwap_anchor_ns=START + DAY + SECOND)
    assert np.isnan(unknown.vwap).all()


def flow_events(seed: int) -> tuple[list[Event], list[Trade]]:
    rng = random.Random(seed)
    trades = random_trades(rng, 200, span_ns=20 * MINUTE, late=0.0)
    events: list[Event] = []
    for item in trades:
        events.append(item)
        ts_ns, recv_ns = item.ts_venue_ns - rng.choice((0, 0, 3 * SECOND)), item.ts_recv_ns
        instrument = rng.choice(MARKETS)
        if rng.random() < 0.5:
            events.append(OpenInterest(instrument, recv_ns, recv_ns, rng.randint(1_000, 2_000) / 8))
        if rng.random() < 0.3:
            side, notional = rng.choice((Side.BUY, Side.SELL)), float(rng.randint(1, 1_000))
            events.append(Liquidation(instrument, ts_ns, recv_ns, 1_000.0, 1.0, notional, side))
    return events, trades


@pytest.mark.parametrize("rule", [None, BarRule(BarKind.TICK, 9)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_flows_by_bar(seed: int, rule: BarRule | None) -> None:
    events, trades = flow_events(seed)
    view = chart([*events], rule=rule)
    changes: list[tuple[int, float]] = []
    last: dict[object, float] = {}
    liquidations: list[Liquidation] = []
    for event in events:
        if isinstance(event, OpenInterest):
            if event.instrument.kind.is_perp and event.instrument.id in last:
                changes.append((event.ts_venue_ns, event.open_interest - last[event.instrument.id]))
            last[event.instrument.id] = event.open_interest
        elif isinstance(event, Liquidation) and event.instrument.kind.is_perp:
            liquidations.append(event)
    starts = [bar.start_ns for bar in view.bars]
    ends = [bar.end_ns for bar in view.bars] if rule is None else [*starts[1:], 1 << 62]
    for at, (start, end) in enumerate(zip(starts, ends, strict=True)):
        inside = [change for ts_ns, change in changes if start <= ts_ns < end]
        np.testing.assert_array_equal(view.oi_change[at], sum(inside) if inside else math.nan)
        for side, column in ((Side.SELL, view.long_liquidated_usd), (Side.BUY, view.short_liquidated_usd)):
            own = [one.notional for one in liquidations if start <= one.ts_venue_ns < end and one.side is side]
            assert column[at] == sum(own)
    assert trades


def test_missing_data_is_nan_not_zero() -> None:
    spot = [trade(OKX_SPOT, START, 3_000), trade(OKX_SPOT, START + BAR, 3_000)]
    assert np.isnan(chart([*spot]).long_liquidated_usd).all()
    first = [OpenInterest(BINANCE, START, START, 9.0), trade(BINANCE, START, 10_000), trade(BYBIT, START + BAR, 4_000)]
    view = chart([*first, OpenInterest(BINANCE, START + BAR, START + BAR, 11.0)])
    np.testing.assert_array_equal(view.oi_change, [math.nan, 2.0])
    assert view.short_liquidated_usd.tolist() == [0.0, 0.0]
