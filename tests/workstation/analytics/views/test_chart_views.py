"""The lines and the cells of a chart against loops over the trades and the books."""

from __future__ import annotations

import random
from statistics import median

import pytest

from feeds.model.events import Trade
from feeds.model.instrument import Venue
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    MARKETS,
    MINUTE,
    OKX_SPOT,
    SECOND,
    START,
    mark,
    random_trades,
    snapshot,
)
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.markets import MarketFilter

EVERY = MarketFilter(perp=None)


def engine_of(trades: list[Trade]) -> Engine:
    """An engine that saw these trades."""
    engine = Engine()
    for one in trades:
        engine.apply(one)
    return engine


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("markets", [EVERY, MarketFilter(), MarketFilter(None, frozenset({Venue("bybit")}))])
def test_a_cell_is_the_sum_of_its_trades_by_market(seed: int, markets: MarketFilter) -> None:
    rng = random.Random(seed)
    trades = random_trades(rng, 1500)
    engine = engine_of(trades)
    prices = sorted(trade.price for trade in trades)
    first, last = int(prices[300] // 5), int(prices[1100] // 5)
    request = CellRequest("BTC", markets, 5.0, first, last, START + MINUTE, START + 6 * MINUTE)
    view = engine.view(request)
    assert isinstance(view, CellView)
    wanted: dict[str, list[float]] = {}
    for trade in trades:
        instrument = trade.instrument
        row = int(trade.price_ticks * instrument.tick // 5)
        inside = request.start_ns <= trade.ts_venue_ns < request.end_ns and first <= row <= last
        if inside and trade.aggressor is not None and markets.accepts(instrument.venue, instrument.kind):
            sums = wanted.setdefault(str(instrument.id), [0.0, 0.0, 0, 0])
            side = 1 if trade.aggressor.value == "buy" else 0
            sums[side] += trade.size
            sums[2 + side] += 1
    found = {
        str(state.id): [view.sell[at], view.buy[at], view.sells[at], view.buys[at]]
        for at, state in enumerate(view.markets)
    }
    assert found == wanted
    volumes = (view.sell + view.buy).tolist()
    assert volumes == sorted(volumes, reverse=True)
    assert wanted or markets.venues is not None


def test_best_prices_are_over_the_live_books_of_the_chosen_markets() -> None:
    engine = Engine()
    for instrument, bid, ask in ((BINANCE, 1000, 1010), (BYBIT, 402, 404), (OKX_SPOT, 300, 400)):
        engine.apply(snapshot(instrument, START, [(bid, 1.0)], [(ask, 1.0)]))
    engine.apply(mark(BINANCE, START, 100.5))
    engine.apply(mark(BYBIT, START, 100.8))
    view = engine.view(QuotesRequest("BTC"))
    assert isinstance(view, QuotesView)
    assert (view.best_bid, view.best_ask) == (100.5, 101.0)
    assert view.mark == median([100.5, 100.8])
    assert [state.id for state in view.known] == [instrument.id for instrument in MARKETS]
    spot = engine.view(QuotesRequest("BTC", MarketFilter(perp=False)))
    assert isinstance(spot, QuotesView)
    assert (spot.best_bid, spot.best_ask, spot.mark) == (90.0, 120.0, None)
    engine.advance(START + 3600 * SECOND)
    stale = engine.view(QuotesRequest("BTC"))
    assert isinstance(stale, QuotesView)
    assert (stale.best_bid, stale.best_ask) == (None, None)


def test_an_unknown_base_has_neither() -> None:
    engine = Engine()
    nothing = engine.view(QuotesRequest("XYZ"))
    assert isinstance(nothing, QuotesView)
    assert (nothing.best_bid, nothing.mark, nothing.known) == (None, None, ())
    cell = engine.view(CellRequest("XYZ", EVERY, 1.0, 0, 5, START, START + MINUTE))
    assert isinstance(cell, CellView)
    assert cell.markets == ()
