"""Markets of one name whose prices are far apart: not one footprint, not one CVD, not one open interest."""

from __future__ import annotations

import numpy as np
import pytest

from feeds.model.events import DayStats, Event, OpenInterest, Quote
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.workstation.analytics.market_events import SECOND, START, at_price, mark, market
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.funding import FundingRequest
from workstation.readmodels.universe.universe import UniverseRequest

PUMP = market(base="PUMP", tick="0.000001")
NAMESAKE = market(Venue("bybit"), base="PUMP", tick="0.000001")
ALIKE = market(Venue("okx"), base="PUMP", tick="0.000001")
SPOT = market(Venue("hyperliquid"), MarketKind.SPOT, base="PUMP", tick="0.0000001", symbol="@20")
BOTH = MarketFilter(perp=None)


def priced(engine: Engine, now_ns: int, *prices: tuple[Instrument, float]) -> None:
    for instrument, price in prices:
        if instrument.kind.is_perp:
            engine.apply(mark(instrument, now_ns, price))
        else:
            ticks = instrument.ticks_from_price(price)
            engine.apply(Quote(instrument, now_ns, now_ns, ticks, 1.0, ticks + 1, 1.0))
        engine.apply(at_price(instrument, now_ns, price, 10.0))
    engine.advance(now_ns + 2 * SECOND)


def summed(engine: Engine) -> tuple[set[str], float]:
    """Symbols and volume of the footprint over all markets."""
    view = engine.view(FootprintRequest("PUMP", BOTH))
    return {f"{one.venue} {one.symbol}" for one in view.markets}, sum(bar.volume for bar in view.bars)


@pytest.mark.parametrize("factor", [1 / 285, 1 / 3.1, 3.1, 1_000])
def test_a_namesake_is_in_no_sum_and_this_is_reported(factor: float) -> None:
    engine = Engine()
    priced(engine, START, (PUMP, 1.2345), (ALIKE, 1.24), (NAMESAKE, round(1.2345 * factor, 6)), (SPOT, 1.23))
    names, volume = summed(engine)
    assert "bybit PUMPUSDT" not in names
    assert volume == 30.0
    (reason,) = engine.apart
    assert reason.startswith("bybit PUMPUSDT not in sums: its price")
    cvd = engine.view(CvdRequest("PUMP", markets=BOTH))
    assert cvd.perp is not None
    assert cvd.perp.summed == ("binance PUMPUSDT", "okx PUMPUSDT")
    assert [row.market.id for row in engine.view(FundingRequest("PUMP")).rows] == [PUMP.id, ALIKE.id]


def test_prices_within_the_factor_are_one_coin_and_a_namesake_that_comes_near_counts_again() -> None:
    engine = Engine()
    priced(engine, START, (PUMP, 1.0), (NAMESAKE, 2.9))
    assert engine.apart == ()
    assert summed(engine)[1] == 20.0
    priced(engine, START + 10 * SECOND, (NAMESAKE, 30.0))
    assert len(engine.apart) == 1
    assert summed(engine)[1] == 10.0
    priced(engine, START + 20 * SECOND, (NAMESAKE, 1.1))
    assert engine.apart == ()
    assert summed(engine)[1] == 40.0


def test_spot_of_a_namesake_is_apart_by_its_best_prices() -> None:
    engine = Engine()
    priced(engine, START, (SPOT, 0.0001406), (PUMP, 0.005488))
    assert summed(engine) == ({"binance PUMPUSDT"}, 10.0)


def test_one_bad_print_keeps_no_market_apart() -> None:
    engine = Engine()
    for at, price in enumerate((1.0, 1.0, 100.0)):
        for instrument in (PUMP, ALIKE):
            now_ns = START + at * SECOND
            engine.apply(at_price(instrument, now_ns, price if instrument is ALIKE else 1.0, 10.0))
            engine.advance(now_ns + SECOND // 2)
    engine.advance(START + 10 * SECOND)
    assert engine.apart == ()


def test_the_universe_adds_up_one_coin_only() -> None:
    engine = Engine()
    turnovers = {PUMP: 5e8, ALIKE: 1e8, NAMESAKE: 2e8}
    prices = {PUMP: 1.2345, ALIKE: 1.24, NAMESAKE: 0.004321}
    for instrument, price in prices.items():
        events: tuple[Event, ...] = (
            mark(instrument, START, price),
            OpenInterest(instrument, START, START, 1_000.0, None),
            DayStats(instrument, START, START, price, 0.01, 1e6, turnovers[instrument]),
        )
        for event in events:
            engine.survey(event)
    engine.advance(START + 2 * SECOND)
    view = engine.view(UniverseRequest())
    assert view.columns.open_interest.tolist() == [2_000.0]
    assert view.columns.turnover_24h.tolist() == [6e8]
    assert (view.live.tolist(), view.known.tolist()) == ([2], [3])
    assert np.isfinite(view.markets.columns.open_interest).all()
