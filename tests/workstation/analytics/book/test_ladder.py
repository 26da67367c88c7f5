"""The ladder: resting and traded size on one grid, summed over the known books."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from feeds.model.events import BookLost, Event, Level, TradesLive
from feeds.model.instrument import Instrument
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    DAY,
    MARKETS,
    MINUTE,
    OKX_SPOT,
    SECOND,
    START,
    at_price,
    delta,
    engine_of,
    mark,
    snapshot,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.analytics.state.market import STALE_NS
from workstation.readmodels.flow.ladder import LadderRequest, LadderView
from workstation.readmodels.markets import MarketFilter

ALL = LadderRequest("BTC", markets=MarketFilter(perp=None), row_size=1.0)


def ladder(source: Engine | Iterable[Event], request: LadderRequest = ALL) -> LadderView:
    engine = source if isinstance(source, Engine) else engine_of(source)
    view = engine.view(request)
    assert isinstance(view, LadderView)
    return view


def random_book(rng: random.Random, instrument: Instrument, ts_ns: int = START) -> Event:
    middle = instrument.ticks_from_price(1_000.0)
    sides: list[list[Level]] = []
    for sign in (-1, 1):
        ticks = sorted({1, *(rng.randint(1, 400) for _ in range(80))})
        sides.append([(middle + sign * away, rng.randint(1, 99) / 16) for away in ticks])
    return snapshot(instrument, ts_ns, *sides)


def resting(books: Iterable[Event], row_size: str, view: LadderView) -> tuple[list[float], list[float]]:
    """Bids floored and asks ceiled onto rows, in exact arithmetic."""
    bid, ask = dict.fromkeys(view.rows.tolist(), 0.0), dict.fromkeys(view.rows.tolist(), 0.0)
    for book in books:
        for ticks, size in book.bids:  # type: ignore[union-attr]
            row = (ticks * book.instrument.tick / Fraction(row_size)).__floor__()  # type: ignore[union-attr]
            if row in bid:
                bid[row] += size
        for ticks, size in book.asks:  # type: ignore[union-attr]
            row = (ticks * book.instrument.tick / Fraction(row_size)).__ceil__()  # type: ignore[union-attr]
            if row in ask:
                ask[row] += size
    return list(bid.values()), list(ask.values())


@pytest.mark.parametrize("row_size", ["0.1", "0.3", "0.7", "1", "25"])
@pytest.mark.parametrize("seed", range(3))
def test_bids_are_floored_and_asks_ceiled(seed: int, row_size: str) -> None:
    rng = random.Random(seed)
    books = [random_book(rng, instrument) for instrument in MARKETS]
    view = ladder(books, replace(ALL, row_size=float(row_size)))
    bid, ask = resting(books, row_size, view)
    assert view.row_size == float(row_size)
    assert np.diff(view.rows).tolist() == [1] * (len(view.rows) - 1)
    assert view.bid.tolist() == bid
    assert view.ask.tolist() == ask
    assert sum(bid) > 0


def test_a_level_between_rows() -> None:
    view = ladder([snapshot(BINANCE, START, [(9_995, 2.0), (9_990, 1.0)], [(10_005, 4.0), (10_010, 8.0)])])
    at = {row: index for index, row in enumerate(view.rows.tolist())}
    assert (view.bid[at[999]], view.bid[at[1_000]]) == (3.0, 0.0)
    assert (view.ask[at[1_000]], view.ask[at[1_001]]) == (0.0, 12.0)


def test_the_sum_over_markets_is_the_sum_of_their_ladders() -> None:
    rng = random.Random(7)
    books = [random_book(rng, instrument) for instrument in MARKETS]
    trades = [at_price(rng.choice(MARKETS), START, 990.0 + rng.randint(0, 6) * 3, 1 / 8, 1) for _ in range(50)]
    engine = engine_of([*books, *trades])
    whole = ladder(engine)
    parts = [ladder(engine, replace(ALL, market=instrument.id)) for instrument in MARKETS]
    for name in ("bid", "ask", "sold", "bought", "profile"):
        summed = dict.fromkeys(whole.rows.tolist(), 0.0)
        for part in parts:
            for row, volume in zip(part.rows.tolist(), getattr(part, name).tolist(), strict=True):
                if row in summed:
                    summed[row] += volume
        assert getattr(whole, name).tolist() == list(summed.values())
    assert whole.best_bid == max(part.best_bid for part in parts if part.best_bid)
    assert whole.best_ask == min(part.best_ask for part in parts if part.best_ask)


def test_an_unknown_book_is_in_no_sum() -> None:
    rng = random.Random(8)
    books = [random_book(rng, instrument) for instrument in MARKETS]
    without = ladder([*books, BookLost(BYBIT, START, "gap")])
    two = [books[0], books[2]]
    bid, ask = resting(two, "1", without)
    assert (without.bid.tolist(), without.ask.tolist()) == (bid, ask)
    assert [entry.imbalance is None for entry in without.imbalances] == [False, True, False]
    only = ladder(two)
    assert (without.best_bid, without.best_ask, without.weighted_mid, without.imbalance) == (
        only.best_bid,
        only.best_ask,
        only.weighted_mid,
        only.imbalance,
    )


def test_a_stale_book_is_shown_by_itself_but_in_no_sum() -> None:
    rng = random.Random(9)
    stale, fresh = random_book(rng, BINANCE), random_book(rng, BYBIT, START + STALE_NS + 2 * SECOND)
    engine = engine_of([stale, fresh])
    whole = ladder(engine)
    assert whole.bid.tolist() == resting([fresh], "1", whole)[0]
    alone = ladder(engine, replace(ALL, market=BINANCE.id))
    assert alone.bid.tolist() == resting([stale], "1", alone)[0]
    engine.apply(delta(BINANCE, START + STALE_NS + 3 * SECOND, [], []))
    whole = ladder(engine)
    assert whole.bid.tolist() == resting([stale, fresh], "1", whole)[0]


def test_an_empty_ladder() -> None:
    view = ladder([TradesLive(BINANCE, START)])
    assert (view.best_bid, view.best_ask, view.weighted_mid, view.imbalance, view.last_price) == (None,) * 5
    assert not view.bid.any()
    assert [entry.imbalance for entry in view.imbalances] == [None]
    assert [market.id for market in view.markets] == [BINANCE.id]


def one_level(instrument: Instrument, bid: float, ask: float) -> Event:
    middle = instrument.ticks_from_price(1_000.0)
    return snapshot(instrument, START, [(middle - 1, bid)], [(middle + 1, ask)])


def test_imbalances_are_blended_by_taker_flow() -> None:
    events = [
        one_level(BINANCE, 3.0, 1.0),
        one_level(BYBIT, 1.0, 3.0),
        at_price(BINANCE, START, 1_000.0, 9.0, 1),
        at_price(BYBIT, START, 1_000.0, 1.0, 2),
    ]
    view = ladder(events)
    assert [entry.imbalance for entry in view.imbalances] == [0.5, -0.5]
    assert view.imbalance == pytest.approx(0.9 * 0.5 - 0.1 * 0.5)


def test_imbalances_weigh_equally_without_trades() -> None:
    assert ladder([one_level(BINANCE, 3.0, 1.0), one_level(BYBIT, 1.0, 1.0)]).imbalance == pytest.approx(0.25)


def test_flow_older_than_five_minutes_has_no_weight() -> None:
    engine = engine_of([one_level(BINANCE, 3.0, 1.0), one_level(BYBIT, 1.0, 3.0)])
    engine.apply(trade(BINANCE, START, 10_000, 50.0))
    engine.apply(trade(BYBIT, START + 4 * MINUTE, 4_000, 1.0))
    later = START + 5 * MINUTE
    for event in (one_level(BINANCE, 3.0, 1.0), one_level(BYBIT, 1.0, 3.0)):
        engine.apply(type(event)(event.instrument, later, later, event.bids, event.asks))  # type: ignore[union-attr]
    engine.apply(mark(BINANCE, later - 1, 1_000.0))
    assert ladder(engine).imbalance == pytest.approx(0.5 * 50 / 51 - 0.5 / 51)
    engine.apply(mark(BINANCE, later, 1_000.0))
    assert ladder(engine).imbalance == -0.5


def test_a_book_that_ends_inside_the_band() -> None:
    middle = 10_000
    deep = snapshot(BINANCE, START, [(middle - 1, 1.0), (middle - 20, 1.0)], [(middle + 1, 1.0), (middle + 20, 1.0)])
    view = ladder([deep, one_level(BYBIT, 1.0, 1.0)])
    assert [entry.reaches_band for entry in view.imbalances] == [True, False]


def test_the_weighted_mid_of_one_market_and_of_several() -> None:
    engine = engine_of([one_level(BINANCE, 3.0, 1.0), one_level(BYBIT, 1.0, 1.0)])
    assert ladder(engine, replace(ALL, market=BINANCE.id)).weighted_mid == pytest.approx(1_000.05)
    assert ladder(engine).weighted_mid == pytest.approx((1_000.05 + 1_000.0) / 2)


def test_sold_and_bought_are_recent_and_the_profile_is_of_the_day() -> None:
    request = replace(ALL, recent_ns=MINUTE)
    day = START + DAY
    engine = engine_of(
        [
            at_price(BINANCE, day - SECOND, 1_000.0, 1.0, 1),
            at_price(BINANCE, day, 1_000.0, 2.0, 1),
            at_price(BINANCE, day + 30 * SECOND, 1_000.0, 4.0, 2),
            at_price(BINANCE, day + 80 * SECOND, 1_000.0, 8.0, 1),
        ]
    )
    view = ladder(engine, request)
    assert (view.bought.sum(), view.sold.sum(), view.profile.sum()) == (8.0, 4.0, 14.0)
    engine.apply(mark(BINANCE, day + 91 * SECOND, 1_000.0))
    view = ladder(engine, request)
    assert (view.bought.sum(), view.sold.sum(), view.profile.sum()) == (8.0, 0.0, 14.0)


def test_the_last_price_is_of_the_last_trade() -> None:
    engine = engine_of([at_price(OKX_SPOT, START, 999.0), at_price(BINANCE, START + 1, 1_001.0)])
    engine.apply(mark(OKX_SPOT, START + SECOND, 1_000.0))
    assert ladder(engine).last_price == 1_001.0


def test_the_history_is_sampled_once_a_second_without_events() -> None:
    engine = engine_of([one_level(BINANCE, 3.0, 1.0)])
    engine.advance(START + 3 * SECOND)
    assert ladder(engine).imbalance_history.tolist() == [0.5] * 3
    middle = 10_000
    engine.apply(delta(BINANCE, START + 3 * SECOND + 1, [(middle - 1, 1.0)], []))
    engine.apply(one_level(BYBIT, 1.0, 1.0))
    engine.apply(mark(BINANCE, START + 5 * SECOND + 5, 1_000.0))
    assert ladder(engine).imbalance_history.tolist() == [0.5, 0.5, 0.5, 0.0, 0.0]
    assert ladder(engine, replace(ALL, market=BYBIT.id)).imbalance_history.tolist() == [0.0, 0.0]


def test_the_history_does_not_depend_on_how_often_time_advances() -> None:
    seldom, often = engine_of([one_level(BINANCE, 3.0, 1.0)]), engine_of([one_level(BINANCE, 3.0, 1.0)])
    for step in range(1, 301):
        often.advance(START + step * SECOND // 10)
    seldom.advance(START + 30 * SECOND)
    history = ladder(seldom).imbalance_history
    np.testing.assert_array_equal(ladder(often).imbalance_history, history)
    np.testing.assert_array_equal(history, [0.5] * 10 + [np.nan] * 20)


def test_the_default_row_is_the_coarsest_tick() -> None:
    books = [one_level(instrument, 1.0, 1.0) for instrument in MARKETS]
    assert ladder(books, LadderRequest("BTC")).row_size == 0.25
    assert ladder(books, LadderRequest("BTC", markets=MarketFilter(perp=None))).row_size == 0.3
    assert ladder(books, LadderRequest("BTC", market=BINANCE.id)).row_size == 0.1


def test_views_are_read_only() -> None:
    view = ladder([one_level(BINANCE, 1.0, 1.0)])
    for array in (view.rows, view.bid, view.ask, view.sold, view.bought, view.profile, view.imbalance_history):
        assert not array.flags.writeable
