"""Premium over spot: weights, smoothing, missing prices."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from feeds.model.events import Candle, Candles, DayStats, Event, TradesLive, TradesLost
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.workstation.analytics.market_events import MINUTE, SECOND, START, at_price, engine_of, market
from workstation.analytics.positions.premium import smoothed, weighted_mean, zone_of
from workstation.readmodels.positions.premium import PremiumRequest, PremiumSource, PremiumView, PremiumWeights

LINEAR = market(Venue("binance"))
INVERSE = market(Venue("deribit"), MarketKind.INVERSE)
SPOT = market(Venue("okx"), MarketKind.SPOT)
OTHER_SPOT = market(Venue("bybit"), MarketKind.SPOT)
MARKETS = (LINEAR, INVERSE, SPOT, OTHER_SPOT)


def premium(events: list[Event], **options: object) -> PremiumView:
    live: list[Event] = [TradesLive(instrument, START) for instrument in MARKETS]
    request = replace(PremiumRequest("BTC"), **options)  # type: ignore[arg-type]
    view = engine_of([*live, *events]).view(request)
    assert isinstance(view, PremiumView)
    return view


def bar(at: int, **prices: float) -> list[Event]:
    """One trade of size 1 a market in the minute `at`."""
    markets = {"linear": LINEAR, "inverse": INVERSE, "spot": SPOT, "other": OTHER_SPOT}
    start = START + at * MINUTE
    return [at_price(markets[name], start + 1 + n, price) for n, (name, price) in enumerate(prices.items())]


def test_groups_and_sign() -> None:
    view = premium(bar(0, linear=1010.0, inverse=995.0, spot=1000.0))
    assert view.linear.tolist() == pytest.approx([0.01])
    assert view.inverse.tolist() == pytest.approx([-0.005])
    assert view.combined.tolist() == pytest.approx([0.0025])
    assert view.weights is PremiumWeights.RECEIVED


def test_spot_and_perpetuals_are_weighted_by_the_volume_seen() -> None:
    events = bar(0, linear=1010.0, inverse=1000.0, spot=1000.0, other=1002.0)
    events += [at_price(OTHER_SPOT, START + SECOND, 1002.0, 3.0), at_price(LINEAR, START + SECOND, 1010.0, 2.0)]
    view = premium(events)
    spot = (1000 + 4 * 1002) / 5
    assert view.spot.tolist() == pytest.approx([spot])
    assert view.combined.tolist() == pytest.approx([(3 * 1010 + 1000) / 4 / spot - 1])


def test_published_volume_is_used_only_if_all_venues_publish_it() -> None:
    events = bar(0, linear=1010.0, inverse=1000.0, spot=1000.0)
    stats = [DayStats(one, START, START, 1.0, 0.0, volume, 1.0) for one, volume in ((LINEAR, 1.0), (INVERSE, 4.0))]
    assert premium([*events, stats[0]]).weights is PremiumWeights.RECEIVED
    view = premium([*events, *stats])
    assert view.weights is PremiumWeights.PUBLISHED
    assert view.combined.tolist() == pytest.approx([0.01 / 5])


def test_there_is_no_premium_without_spot_or_for_a_market_without_trades() -> None:
    view = premium([*bar(0, linear=1010.0, spot=1000.0), *bar(1, linear=1010.0), *bar(2, inverse=1000.0, spot=1000.0)])
    assert np.isnan(view.combined).tolist() == [False, True, False]
    assert np.isnan(view.linear).tolist() == [False, True, True]
    assert view.lines[0].values[0] == pytest.approx(0.01)


def test_on_short_bars_a_price_is_carried_for_a_minute() -> None:
    later = [at_price(SPOT, START + seconds * SECOND, 1000.0) for seconds in range(0, 90, 5)]
    view = premium([*later, *bar(0, linear=1010.0)], bar_ns=5 * SECOND)
    assert np.isfinite(view.linear).tolist() == [True] * 12 + [False] * 6


def test_a_gap_breaks_the_line() -> None:
    events = [
        *bar(0, linear=1010.0, spot=1000.0),
        TradesLost(LINEAR, START + MINUTE, "gap"),
        *bar(1, spot=1000.0),
        *bar(2, spot=1000.0),
        TradesLive(LINEAR, START + 3 * MINUTE),
        *bar(3, linear=1010.0, spot=1000.0),
        *bar(4, linear=1010.0, spot=1000.0),
    ]
    view = premium(events)
    assert np.isnan(view.linear).tolist() == [True, True, True, True, False]  # all bars that overlap the gap
    assert view.gaps.tolist() == [[START + 1, START + 3 * MINUTE + 1]]


def test_candles_reach_back_before_the_trades() -> None:
    def candles(instrument: Instrument, price: float) -> Candles:
        rows = tuple(Candle(START + at * MINUTE, price, price + 4, price - 4, price, 2.0) for at in range(-3, 1))
        return Candles(instrument, START, MINUTE, rows)

    events = [*bar(0, linear=1010.0, spot=1000.0), candles(LINEAR, 1020.0), candles(SPOT, 1000.0)]
    view = premium(events)
    assert (view.bar_start_ns - START).tolist() == [-3 * MINUTE, -2 * MINUTE, -MINUTE, 0]
    assert view.linear.tolist() == pytest.approx([0.02, 0.02, 0.02, 0.01])


def test_the_mean_of_a_bars_prices() -> None:
    prices = (1004.0, 1020.0, 1000.0, 1008.0)
    trades = [at_price(LINEAR, START + 1 + n, price) for n, price in enumerate(prices)]
    view = premium([*trades, *bar(0, spot=1000.0)], source=PremiumSource.OHLC4)
    assert view.linear.tolist() == pytest.approx([0.008])


@pytest.mark.parametrize("seed", range(5))
def test_weighted_mean_is_that_of_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=(4, 30)), rng.random((4, 30)) * (rng.random((4, 30)) < 0.6)
    values[rng.random((4, 30)) < 0.4] = np.nan
    for column, ours in enumerate(weighted_mean(values, weights)):
        known = [row for row in range(4) if not math.isnan(values[row, column])]
        total = sum(weights[row, column] for row in known)
        if not known:
            assert math.isnan(ours)
        elif total > 0:
            wanted = sum(values[row, column] * weights[row, column] for row in known) / total
            assert ours == pytest.approx(wanted)
        else:
            assert ours == pytest.approx(sum(values[row, column] for row in known) / len(known))


def test_smoothing_restarts_after_a_gap() -> None:
    values = np.array([1.0, 2.0, np.nan, 5.0, 8.0])
    assert smoothed(values, 3).tolist() == pytest.approx([1.0, 1.5, np.nan, 5.0, 6.5], nan_ok=True)
    assert smoothed(values, 1) is values


def test_clamp_and_smoothing_apply_to_what_is_drawn() -> None:
    view = premium([*bar(0, linear=1010.0, spot=1000.0), *bar(1, linear=1030.0, spot=1000.0)], smoothing=3, clamp=0.015)
    assert view.linear.tolist() == pytest.approx([0.01, 0.015])


def test_zones() -> None:
    rng = random.Random(1)
    values = np.array([rng.gauss(0, 1) for _ in range(59)])
    assert zone_of("BTC", values) == 0.004
    assert zone_of("DOGE", values) is None
    more = np.append(values, 0.0)
    assert zone_of("DOGE", more) == sorted(abs(more))[math.ceil(0.95 * 60) - 1]
