"""Candles before the trades: longer bars, several markets, unknown taker splits."""

from __future__ import annotations

import math
from copy import deepcopy

import numpy as np
import pytest

from feeds.model.events import Candle, Candles, TradesLive
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.workstation.analytics.market_events import BINANCE, BYBIT, MINUTE, SECOND, START, market, trade
from workstation.analytics.engine import Engine
from workstation.analytics.state.candles import RETAINED_CANDLES, CandleStore
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketFilter

SPOT = market(Venue("binance"), MarketKind.SPOT)
FIVE = 5 * MINUTE


def candle(at: int, price: float = 100.0, volume: float = 2.0, bought: float | None = None) -> Candle:
    """The candle of the at-th minute: it opens at `price` and closes one higher."""
    return Candle(START + at * MINUTE, price, price + 3, price - 2, price + 1, volume, volume * price, bought)


def candles_of(instrument: Instrument, *rows: Candle) -> Candles:
    return Candles(instrument, START + 60 * MINUTE, MINUTE, rows)


def engine(*events: object) -> Engine:
    made = Engine()
    for event in events:
        made.apply(event)  # type: ignore[arg-type]
    return made


def footprint(made: Engine, **changes: object) -> FootprintView:
    view = made.view(FootprintRequest("BTC", **changes))  # type: ignore[arg-type]
    assert isinstance(view, FootprintView)
    return view


def cvd(made: Engine, **changes: object) -> CvdView:
    view = made.view(CvdRequest("BTC", **changes))  # type: ignore[arg-type]
    assert isinstance(view, CvdView)
    return view


def test_candles_end_where_the_trades_begin() -> None:
    first = trade(BINANCE, START + 3 * MINUTE + 20 * SECOND, 1_000)
    made = engine(TradesLive(BINANCE, START), first, candles_of(BINANCE, *map(candle, range(6))))
    view = footprint(made)
    assert [bar.start_ns for bar in view.bars] == [START + 3 * MINUTE]
    assert view.candles.bar_start_ns.tolist() == [START, START + MINUTE, START + 2 * MINUTE]
    assert view.candles.open.tolist() == [100.0] * 3
    assert view.candles.close.tolist() == [101.0] * 3
    assert not view.candles.high.flags.writeable


def test_without_trades_all_candles_are_shown() -> None:
    view = footprint(engine(candles_of(BINANCE, *map(candle, range(4)))))
    assert view.bars == ()
    assert len(view.candles.bar_start_ns) == 4


def test_longer_bars_are_merged_of_whole_minutes() -> None:
    rows = [candle(at, 100.0 + at, bought=1.5) for at in range(12)]
    candles = footprint(engine(candles_of(BINANCE, *rows)), bar_ns=FIVE).candles
    assert (candles.bar_start_ns - START).tolist() == [0, FIVE, 2 * FIVE]
    assert candles.open.tolist() == [100.0, 105.0, 110.0]
    assert candles.close.tolist() == [105.0, 110.0, 112.0]
    assert candles.high.tolist() == [107.0, 112.0, 114.0]
    assert candles.low.tolist() == [98.0, 103.0, 108.0]
    assert candles.volume.tolist() == [10.0, 10.0, 4.0]
    assert candles.delta.tolist() == [5.0, 5.0, 2.0]


def test_open_and_close_are_of_the_largest_market_and_an_unknown_split_leaves_no_delta() -> None:
    made = engine(
        candles_of(BYBIT, candle(0, 101.0, 3.0), candle(1, 101.0, 3.0)),
        candles_of(BINANCE, candle(1, 100.0, 50.0, 30.0), candle(2, 100.0, 50.0, 30.0)),
    )
    candles = footprint(made).candles
    assert candles.open.tolist() == [101.0, 100.0, 100.0]
    assert candles.high.tolist() == [104.0, 104.0, 103.0]
    assert candles.low.tolist() == [99.0, 98.0, 98.0]
    assert candles.volume.tolist() == [3.0, 53.0, 50.0]
    assert np.isnan(candles.delta).tolist() == [True, True, False]
    assert candles.delta[2] == 10.0
    only = footprint(made, markets=MarketFilter(venues=frozenset({Venue("bybit")}))).candles
    assert only.volume.tolist() == [3.0, 3.0]


def test_bars_that_are_not_of_whole_minutes_have_none() -> None:
    made = engine(candles_of(BINANCE, *map(candle, range(4))))
    assert len(footprint(made, bar_ns=15 * SECOND).candles.open) == 0
    assert len(footprint(made, rule=BarRule(BarKind.VOLUME, 5.0)).candles.open) == 0


def test_cvd_leads_up_to_zero_where_the_venue_publishes_the_split() -> None:
    rows = [candle(at, 100.0, 2.0, bought) for at, bought in enumerate((2.0, 0.5, 1.5))]
    first = trade(BINANCE, START + 3 * MINUTE, 1_000)
    made = engine(
        TradesLive(BINANCE, START), first, candles_of(BINANCE, *rows), candles_of(BYBIT, *map(candle, range(3)))
    )
    view = cvd(made, unit=CvdUnit.COIN)
    (line,) = view.candle_lines
    assert line.venue == Venue("binance")
    assert line.values.tolist() == [0.0, -1.0, 0.0]
    assert (line.bar_start_ns - START).tolist() == [0, MINUTE, 2 * MINUTE]
    assert [ns - START for ns in view.bar_start_ns.tolist()] == [3 * MINUTE], "the lines of trades are as they were"
    (in_usd,) = cvd(made).candle_lines
    assert in_usd.values.tolist() == pytest.approx([0.0, -100.0, 0.0])


def test_a_repeated_candle_is_replaced_and_old_ones_are_dropped() -> None:
    store = CandleStore()
    store.take(candles_of(BINANCE, *(candle(at) for at in range(RETAINED_CANDLES))))
    store.take(candles_of(BINANCE, candle(RETAINED_CANDLES), candle(7, 500.0)))
    assert len(store) == RETAINED_CANDLES
    bars = store.bars(MINUTE, START + 8 * MINUTE)
    assert bars is not None
    assert (bars.start[0], bars.open[-1]) == (START + MINUTE, 500.0)
    store.take(Candles(BINANCE, START, FIVE, (candle(1),)))
    assert len(store) == RETAINED_CANDLES


def test_candles_change_the_revision_and_a_checkpoint_is_independent() -> None:
    made = engine(candles_of(BINANCE, candle(0)))
    before, copy = made.revision(FootprintRequest("BTC")), deepcopy(made)
    made.apply(candles_of(BINANCE, candle(1)))
    assert made.revision(FootprintRequest("BTC")) != before
    assert (len(footprint(copy).candles.open), len(footprint(made).candles.open)) == (1, 2)


def test_a_market_without_turnover_has_a_volume() -> None:
    row = Candle(START, 1.0, 1.0, 1.0, 1.0, 5.0)
    candles = footprint(engine(candles_of(SPOT, row)), markets=MarketFilter(perp=False)).candles
    assert candles.volume.tolist() == [5.0]
    assert math.isnan(candles.delta[0])
