"""Prints are the same whatever else is displayed: in the tape, as big trades, in the pace and in size classes."""

from __future__ import annotations

import math
import random
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pytest

from feeds.model.events import Event, Trade, TradesLive
from feeds.model.instrument import Instrument
from tests.workstation.analytics.market_events import BINANCE, BYBIT, MARKETS, SIDES, START, engine_of, trade
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.markets import MarketFilter

MS = 1_000_000
BAR = 1_000 * MS
EDGES = (2_000.0, 8_000.0)
FILTERS = [MarketFilter(perp=None), *(MarketFilter(None, frozenset({one.venue})) for one in MARKETS)]


class Print(NamedTuple):
    ts_ns: int
    instrument: Instrument
    sign: int
    notional: float
    trades: int


def reference(trades: list[Trade]) -> list[Print]:
    """Runs of one side and millisecond among the trades of each market alone."""
    prints = []
    for instrument in {one.instrument for one in trades}:
        own = [one for one in trades if one.instrument == instrument]
        for _, same in groupby(own, lambda one: (one.aggressor, one.ts_venue_ns // MS)):
            part = list(same)
            sign = (0, 1, -1)[SIDES.index(part[0].aggressor)]
            worth = math.fsum(one.notional for one in part)
            prints.append(Print(part[0].ts_venue_ns, instrument, sign, worth, len(part)))
    return sorted(prints)


def sweeps(seed: int, count: int = 500) -> list[Trade]:
    """Sweeps of all markets in the same few milliseconds, in any order."""
    rng, trades, now_ns = random.Random(seed), [], START
    while len(trades) < count:
        now_ns += rng.choice((0, MS, 7 * MS, 700 * MS))
        for _ in range(rng.randint(1, 12)):
            instrument = rng.choice(MARKETS)
            ticks = instrument.ticks_from_price(1_000.0) + rng.randint(-3, 3)
            trades.append(
                trade(instrument, now_ns + rng.randrange(MS), ticks, rng.randint(1, 64) / 8, rng.randint(0, 2))
            )
    return sorted(trades, key=lambda one: one.ts_venue_ns // MS)


def tape(engine: Engine, markets: MarketFilter) -> list[Print]:
    view = engine.view(TapeRequest("BTC", markets, count=10_000))
    assert isinstance(view, TapeView)
    listed = [engine.bases["BTC"].markets[index].instrument for index in view.market.tolist()]
    columns = (view.ts_venue_ns, view.side, view.notional, view.prints)
    rows = zip(listed, *(column.tolist() for column in columns), strict=True)
    return sorted(Print(ts_ns, instrument, sign, usd, count) for instrument, ts_ns, sign, usd, count in rows)


def passing(prints: list[Print], markets: MarketFilter) -> list[Print]:
    return [one for one in prints if markets.accepts(one.instrument.venue, one.instrument.kind)]


def unsized(prints: list[Print]) -> list[tuple[object, ...]]:
    return [(*one[:3], one.trades) for one in prints]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("markets", FILTERS, ids=str)
def test_the_tape_has_the_same_prints_with_any_filter(seed: int, markets: MarketFilter) -> None:
    trades = sweeps(seed)
    found, wanted = tape(engine_of(trades), markets), passing(reference(trades), markets)
    assert unsized(found) == unsized(wanted)
    np.testing.assert_allclose([one.notional for one in found], [one.notional for one in wanted], rtol=1e-12)


@pytest.mark.parametrize("count", [1, 5, 40])
def test_the_newest_prints_are_whole_however_few_are_requested(count: int) -> None:
    """A sweep of a thousand trades begins before the rows read first, and another market trades in between."""
    busy = [trade(BYBIT, START + at // 3 * MS, 4_000, 1.0) for at in range(900)]
    sweep = [trade(BINANCE, START + 300 * MS, 10_000, 1.0) for _ in range(1_000)]
    engine = engine_of([*sweep[:600], *busy, *sweep[600:]])
    view = engine.view(TapeRequest("BTC", count=count))
    assert isinstance(view, TapeView)
    assert sorted(view.prints.tolist())[0] == 3
    only = engine.view(TapeRequest("BTC", MarketFilter(None, frozenset({BINANCE.venue})), count=count))
    assert isinstance(only, TapeView)
    assert only.prints.tolist() == [1_000]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("markets", FILTERS, ids=str)
def test_big_trades_are_the_same_with_any_filter_and_however_often_requested(seed: int, markets: MarketFilter) -> None:
    trades, rng = sweeps(seed), random.Random(seed)
    request = BigTradesRequest("BTC", markets, 9_000.0, count=1_000)
    often = Engine(Limits(chunk=64))
    for one in trades:
        often.apply(one)
        if rng.random() < 0.2:
            often.view(request)
    big = [one for one in passing(reference(trades), markets) if one.notional >= 9_000.0]
    for engine in (often, engine_of(trades)):
        view = engine.view(request)
        assert isinstance(view, BigTrades)
        assert sorted(view.ts_venue_ns.tolist()) == [one.ts_ns for one in big]
        np.testing.assert_allclose(sorted(view.notional), sorted(one.notional for one in big), rtol=1e-12)


@pytest.mark.parametrize("markets", FILTERS, ids=str)
def test_the_pace_counts_these_prints(markets: MarketFilter) -> None:
    trades = sweeps(5, 300)
    live: list[Event] = [TradesLive(one, START) for one in MARKETS]
    request = TapeRequest("BTC", markets, detail=True)
    often = engine_of(live)
    for one in trades:
        often.apply(one)
        often.view(request)
    for engine in (often, engine_of([*live, *trades])):
        view = engine.view(request)
        assert isinstance(view, TapeView)
        assert view.pace is not None
        end = engine.bases["BTC"].watermark_ns // BAR
        recent = [one for one in passing(reference(trades), markets) if one.ts_ns // BAR > end - 15]
        assert int(view.pace.prints.sum()) == len(recent)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("retained", [6_000, 600])
def test_cvd_classes_are_of_prints(seed: int, retained: int) -> None:
    trades, rng = sweeps(seed, 2_500), random.Random(seed)
    request = CvdRequest("BTC", BAR, CvdUnit.USD, None, by_size=True, edges_usd=EDGES, live_only=False)
    often, seldom = (Engine(Limits(chunk=64, bars=retained)) for _ in range(2))
    for one in trades:
        often.apply(one)
        seldom.apply(one)
        if rng.random() < 0.1:
            often.view(request)
    views = [engine.view(request) for engine in (often, seldom)]
    prints = [one for one in reference(trades) if one.instrument in (BINANCE, BYBIT)]
    for view in views:
        assert isinstance(view, CvdView)
        for line, low, high in zip(view.sizes, (0, *EDGES), (*EDGES, math.inf), strict=True):
            worth = math.fsum(one.sign * one.notional for one in prints if low <= one.notional < high)
            assert line.values[-1] == pytest.approx(worth, rel=1e-9)
            assert np.ptp(line.values) > 0


def test_a_growing_print_moves_to_the_class_of_its_whole_size() -> None:
    engine = engine_of([TradesLive(BINANCE, START)])
    request = CvdRequest("BTC", BAR, CvdUnit.COIN, by_size=True, edges_usd=EDGES)
    for added, wanted in ((1, [1.0, 0.0, 0.0]), (1, [0.0, 2.0, 0.0]), (7, [0.0, 0.0, 9.0])):
        for _ in range(added):
            engine.apply(trade(BINANCE, START, 10_000, 1.0))
        view = engine.view(request)
        assert isinstance(view, CvdView)
        assert [line.values[-1] for line in view.sizes] == wanted


def test_a_trade_of_the_other_side_ends_a_print_and_a_millisecond_does() -> None:
    times = (0, 0, 0, MS - 1, MS, MS)
    sides = (1, 2, 1, 1, 1, 1)
    trades = [trade(BINANCE, START + at, 10_000, 1.0, side) for at, side in zip(times, sides, strict=True)]
    assert [(one.sign, one.trades) for one in tape(engine_of(trades), FILTERS[0])] == [(-1, 1), (1, 1), (1, 2), (1, 2)]
