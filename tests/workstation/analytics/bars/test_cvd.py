"""CVD lines: sums of deltas, reset at midnight, broken where trades are missing."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from feeds.model.events import Event, Trade, TradesLive, TradesLost
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
    mark,
    random_trades,
    snapshot,
    trade,
)
from workstation.readmodels.flow.cvd import CvdLine, CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.readmodels.markets import Freshness, MarketFilter


def cvd(events: Iterable[Event], unit: CvdUnit = CvdUnit.COIN, **options: Any) -> CvdView:
    view = engine_of(events).view(CvdRequest("BTC", unit=unit, **options))
    assert isinstance(view, CvdView)
    return view


def line_of(view: CvdView, venue: str) -> CvdLine:
    return next(line for line in view.lines if line.venue == venue)


def buys(instrument: object, *minutes: int) -> list[Event]:
    return [trade(instrument, START + minute * MINUTE, 10_000) for minute in minutes]  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", [CvdUnit.USD, CvdUnit.COIN])
@pytest.mark.parametrize("seed", range(4))
def test_every_line_is_the_running_sum_of_signed_size(seed: int, unit: CvdUnit) -> None:
    trades = random_trades(random.Random(seed), 300)
    view = cvd(trades, unit=unit)
    for line, instrument in zip(view.lines, dict.fromkeys(item.instrument for item in trades), strict=True):
        assert (line.venue, line.kind) == (instrument.venue, instrument.kind)
        for start, value in zip(view.bar_start_ns.tolist(), line.values, strict=True):
            signed = (
                (0, 1, -1)[SIDES.index(item.aggressor)] * (item.notional if unit is CvdUnit.USD else item.size)
                for item in trades
                if item.instrument is instrument and item.ts_venue_ns < start + MINUTE
            )
            assert value == pytest.approx(sum(signed), abs=1e-6)


def test_end_minus_start_is_the_sum_of_the_bars() -> None:
    trades = random_trades(random.Random(3), 300)
    engine = engine_of(trades)
    view = engine.view(CvdRequest("BTC", unit=CvdUnit.COIN))
    chart = engine.view(FootprintRequest("BTC", MarketFilter(perp=True)))
    assert isinstance(view, CvdView)
    assert isinstance(chart, FootprintView)
    assert view.perp is not None
    assert view.bar_start_ns.tolist() == [bar.start_ns for bar in chart.bars]
    deltas = [bar.delta for bar in chart.bars]
    assert view.perp.values[-1] - view.perp.values[0] == sum(deltas[1:])
    assert np.diff(view.perp.values).tolist() == deltas[1:]


def test_the_aggregate_is_the_sum_of_its_markets() -> None:
    view = cvd(random_trades(random.Random(4), 300))
    assert view.perp is not None
    assert view.spot is not None
    assert view.perp.values.tolist() == (line_of(view, "binance").values + line_of(view, "bybit").values).tolist()
    assert view.spot.values.tolist() == line_of(view, "okx").values.tolist()
    assert (view.perp.venue, view.perp.perp, view.spot.perp) == (None, True, False)


def test_lines_reset_at_midnight() -> None:
    midnight = START + DAY
    times = [midnight - 2 * MINUTE, midnight - 1, midnight, midnight + MINUTE, midnight + DAY]
    trades = [trade(BINANCE, ts_ns, 10_000, 2.0**at) for at, ts_ns in enumerate(times)]
    assert cvd(trades).lines[0].values.tolist() == [1, 3, 4, 12, 16]
    assert cvd(trades, reset_ns=None).lines[0].values.tolist() == [1, 3, 7, 15, 31]


def test_a_gap_breaks_the_line_and_the_sum_continues() -> None:
    live, lost = TradesLive(BINANCE, START), TradesLost(BINANCE, START, "gap")
    events = [
        *buys(BYBIT, *range(9)),
        live,
        *buys(BINANCE, 0, 1, 2),
        lost,
        live,
        *buys(BINANCE, 6, 7, 8),
    ]
    view = cvd(events, live_only=False)
    gone = float("nan")
    np.testing.assert_array_equal(line_of(view, "binance").values, [1, 2, gone, gone, gone, gone, 4, 5, 6])
    assert line_of(view, "bybit").values.tolist() == list(range(1, 10))
    assert view.perp is not None
    assert view.perp.values.tolist() == [2, 4, 6, 7, 8, 9, 11, 13, 15]
    assert view.perp.missing.tolist() == [False, False, True, True, True, True, False, False, False]
    assert view.perp.summed == tuple(line.label for line in view.lines if line.perp)
    assert view.gaps.tolist() == [[START + 2 * MINUTE, START + 6 * MINUTE]]


def test_an_aggregate_is_missing_where_all_its_markets_are() -> None:
    lives = [TradesLive(BINANCE, START), TradesLive(BYBIT, START)]
    losts = [TradesLost(BINANCE, START, "gap"), TradesLost(BYBIT, START, "gap")]
    events = [
        *lives,
        *buys(BINANCE, 0, 1),
        *buys(BYBIT, 0, 1),
        *losts,
        *buys(OKX_SPOT, *range(6)),
        *lives,
        *buys(BINANCE, 4, 5),
        *buys(BYBIT, 5),
    ]
    view = cvd(events, live_only=False)
    gone = float("nan")
    assert view.perp is not None
    np.testing.assert_array_equal(view.perp.values, [2, gone, gone, gone, 5, 7])


@pytest.mark.parametrize("seed", range(8))
def test_a_sum_is_marked_exactly_where_a_market_in_it_is(seed: int) -> None:
    rng = random.Random(seed)
    events: list[Event] = [TradesLive(one, START) for one in MARKETS]
    events += random_trades(rng, 200, late=0.0)
    for one in MARKETS:
        lost_ns = START + rng.randrange(9) * MINUTE
        again_ns = lost_ns + rng.randrange(1, 4) * MINUTE
        events = [
            event
            for event in events
            if not isinstance(event, Trade) or event.instrument is not one or not lost_ns <= event.ts_recv_ns < again_ns
        ]
        events += [TradesLost(one, lost_ns, "gap"), TradesLive(one, again_ns)]
    view = cvd(sorted(events, key=lambda event: event.ts_recv_ns), live_only=False)
    for total in (view.perp, view.spot):
        assert total is not None
        markets = [line for line in view.lines if line.perp == total.perp]
        np.testing.assert_array_equal(total.missing, np.any([np.isnan(line.values) for line in markets], axis=0))
        np.testing.assert_array_equal(np.isnan(total.values), np.all([line.missing for line in markets], axis=0))
    assert view.difference is not None
    np.testing.assert_array_equal(view.difference.missing, view.perp.missing | view.spot.missing)


def test_a_market_without_trades_is_no_line_at_zero() -> None:
    quiet = snapshot(BYBIT, START, [(9, 1.0)], [(11, 1.0)])
    view = cvd([quiet, *buys(BINANCE, 0, 1)], live_only=False)
    assert np.isnan(line_of(view, "bybit").values).all()
    assert line_of(view, "bybit").freshness is Freshness.WAITING
    assert view.perp is not None
    assert view.perp.values.tolist() == [1, 2]
    waiting = cvd([TradesLive(BYBIT, START), *buys(BINANCE, 0, 1)])
    assert np.isnan(line_of(waiting, "bybit").values).all()


def test_the_line_of_a_market_without_trades_stays_level() -> None:
    events = [
        TradesLive(BYBIT, START),
        *buys(BYBIT, 0),
        *buys(BINANCE, 0, 1, 2),
    ]
    assert line_of(cvd(events), "bybit").values.tolist() == [1, 1, 1]


def test_live_markets_are_counted() -> None:
    events = [
        TradesLive(BINANCE, START),
        TradesLive(BYBIT, START),
        *buys(BINANCE, 0),
        mark(BYBIT, START, 1_000.0),
        TradesLost(BYBIT, START + SECOND, "gap"),
        *buys(OKX_SPOT, 0),
    ]
    view = cvd(events)
    assert (view.perp_live, view.perp_known) == (1, 2)
    assert view.perp is not None
    assert view.perp.freshness is Freshness.LIVE
    assert [line.freshness for line in view.lines] == [Freshness.LIVE, Freshness.LOST, Freshness.WAITING]


def test_views_are_read_only() -> None:
    view = cvd(random_trades(random.Random(5), 20))
    assert len(view.lines) == len(MARKETS)
    for array in (view.bar_start_ns, view.gaps, *(line.values for line in view.lines)):
        assert not array.flags.writeable
