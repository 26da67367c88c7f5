"""Estimated liquidation levels against a loop over bars and levels; conservation; independence of requests."""

from __future__ import annotations

import math
import random
from copy import deepcopy

import numpy as np
import pytest

from feeds.model.events import (
    Candle,
    Candles,
    Event,
    Liquidation,
    OpenInterest,
    OpenInterestHistory,
    Side,
    Trade,
    TradesLive,
)
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import BYBIT, MINUTE, SECOND, START, at_price, engine_of, market
from workstation.analytics.engine import Engine
from workstation.analytics.positions.liquidation_levels import liquidation_prices
from workstation.readmodels.positions.liquidation_levels import (
    LevelRules,
    LiquidationLevelsRequest,
    LiquidationLevelsView,
)

LINEAR = market()
INVERSE = market(Venue("deribit"), MarketKind.INVERSE, tick="0.5", symbol="BTC-PERPETUAL")
BTC = LiquidationLevelsRequest("BTC")
RULES = LevelRules()


def view_of(engine: Engine, request: LiquidationLevelsRequest = BTC) -> LiquidationLevelsView:
    view = engine.view(request)
    assert isinstance(view, LiquidationLevelsView)
    return view


def open_interest(instrument: Instrument, ts_ns: int, size: float, price: float = 1_000.0) -> OpenInterest:
    notional = size * price if instrument.kind is MarketKind.INVERSE else None
    return OpenInterest(instrument, ts_ns, ts_ns, size, notional)


def session(rng: random.Random, minutes: int, markets: tuple[Instrument, ...]) -> list[Event]:
    """Trades around a random walk in most minutes, and open interest that rises and falls."""
    events: list[Event] = [TradesLive(one, START) for one in markets]
    price, held = 1_000.0, dict.fromkeys(markets, 500.0)
    for minute in range(minutes):
        for one in markets:
            for at in range(rng.randrange(0, 9)):
                price *= math.exp(rng.gauss(0, 0.0012))
                ts_ns = START + minute * MINUTE + (at + 1) * 5 * SECOND
                events.append(at_price(one, ts_ns, price, round(rng.uniform(0.1, 3), 2), rng.choice((1, 1, 2, 0))))
            if rng.random() < 0.7:
                held[one] *= math.exp(rng.gauss(0, 0.02))
                events.append(open_interest(one, START + minute * MINUTE + 55 * SECOND, held[one], price))
    return sorted(events, key=lambda event: event.ts_recv_ns)


class Reference:
    """The rules of the module docstring, bar by bar and level by level."""

    def __init__(self, events: list[Event], markets: tuple[Instrument, ...], row_size: float) -> None:
        self.trades = [event for event in events if isinstance(event, Trade)]
        self.published = [event for event in events if isinstance(event, OpenInterest)]
        self.markets = markets
        self.row_size = row_size
        self.levels: list[list[float]] = []  # market, sign (1 long), row, size
        self.out = dict.fromkeys(("added", "touched", "closed", "decayed"), 0.0)
        self.since = {one.id: [0.0, 0.0, 0.0] for one in markets}
        self.last: dict[str, float] = {}
        traded = {one.id: sum(e.size for e in self.trades if e.instrument == one and e.aggressor) for one in markets}
        self.by_size = sorted(markets, key=lambda one: traded[one.id], reverse=True)

    def run(self, start_ns: int, bars: int) -> dict[str, float]:
        for bar in range(bars):
            begin, end = start_ns + bar * MINUTE, start_ns + (bar + 1) * MINUTE
            trades = [e for e in self.trades if begin <= e.ts_venue_ns < end]
            self.remove(self.levels, 1 - 0.5 ** (1 / 1440), "decayed")
            for number, one in enumerate(self.markets):
                self.trade(number, [e for e in trades if e.instrument == one], trades)
            prices = [[e.price for e in trades if e.instrument == one] for one in self.by_size]
            close = next((own[-1] for own in prices if own), None)
            for number, one in enumerate(self.markets):
                published = [e for e in self.published if e.instrument == one and begin < e.ts_venue_ns <= end]
                if published:
                    self.open_or_close(number, one, published[-1])
                    self.touch(number, close, close)
        sides = {"long": 1.0, "short": -1.0}
        return self.out | {name: sum(lv[3] for lv in self.levels if lv[1] == sign) for name, sign in sides.items()}

    def remove(self, chosen: list[list[float]], share: float, why: str) -> None:
        for level in chosen:
            self.out[why] += level[3] * share
            level[3] *= 1 - share

    def touch(self, number: int, low: float | None, high: float | None) -> None:
        if low is None or high is None:
            return
        lowest, highest = math.floor(low / self.row_size), math.floor(high / self.row_size)
        longs = [lv for lv in self.levels if lv[0] == number and lv[1] > 0 and lv[2] >= lowest]
        shorts = [lv for lv in self.levels if lv[0] == number and lv[1] < 0 and lv[2] <= highest]
        self.remove(longs + shorts, 1.0, "touched")

    def trade(self, number: int, own: list[Trade], everyone: list[Trade]) -> None:
        prices = [e.price for e in own or everyone]
        if prices:
            self.touch(number, min(prices), max(prices))
        for e in own:
            if e.aggressor:
                sums = self.since[e.instrument.id]
                sums[0] += e.size
                sums[1] += e.size * (e.aggressor is Side.BUY)
                sums[2] += e.size * e.price

    def open_or_close(self, number: int, one: Instrument, event: OpenInterest) -> None:
        inverse = one.kind is MarketKind.INVERSE
        now = event.notional if inverse else event.open_interest
        assert now is not None
        change, (traded, bought, cost) = now - self.last.get(one.id, now), self.since[one.id]
        if change < 0:
            self.remove([lv for lv in self.levels if lv[0] == number], -change / self.last[one.id], "closed")
        elif change > 0 and traded > 0:
            vwap = cost / traded
            self.open(number, inverse, vwap, change / vwap if inverse else change, bought / traded)
        self.last[one.id], self.since[one.id] = now, [0.0, 0.0, 0.0]

    def open(self, number: int, inverse: bool, vwap: float, size: float, longs: float) -> None:
        self.out["added"] += size
        m = RULES.maintenance
        for leverage, weight in zip(RULES.leverages, RULES.weights, strict=True):
            part = 1 / leverage
            down, up = (1 - part) / (1 - m), (1 + part) / (1 + m)
            if inverse:
                down, up = (1 + m) / (1 + part), (1 - m) / (1 - part)
            for sign, factor, share in ((1.0, down, longs), (-1.0, up, 1 - longs)):
                self.levels.append([number, sign, math.floor(vwap * factor / self.row_size), size * share * weight])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("markets", [(LINEAR,), (LINEAR, BYBIT), (INVERSE,), (LINEAR, INVERSE)])
def test_levels_are_those_of_a_loop(seed: int, markets: tuple[Instrument, ...]) -> None:
    events = session(random.Random(seed), 40, markets)
    view = view_of(engine_of(events))
    wanted = Reference(events, markets, view.row_size).run(view.start_ns, view.bars)
    got = view.ledger
    for name in ("added", "touched", "closed", "decayed"):
        assert getattr(got, name) == pytest.approx(wanted[name], rel=1e-9, abs=1e-9), name
    assert view.long_now.sum() == pytest.approx(wanted["long"], rel=1e-9, abs=1e-9)
    assert view.short_now.sum() == pytest.approx(wanted["short"], rel=1e-9, abs=1e-9)
    assert got.added > 0


@pytest.mark.parametrize("seed", range(8))
def test_levels_added_are_conserved(seed: int) -> None:
    rng = random.Random(seed)
    rules = LevelRules((5.0, 20.0, 100.0), (0.5, 0.25, 0.25), 0.004, rng.choice((1, 60, 1440)) * MINUTE, 0.001)
    view = view_of(engine_of(session(rng, 60, (LINEAR, BYBIT, INVERSE))), LiquidationLevelsRequest("BTC", rules=rules))
    ledger = view.ledger
    gone = ledger.touched + ledger.closed + ledger.decayed
    assert ledger.added == pytest.approx(gone + ledger.standing, rel=1e-9)
    assert ledger.standing == pytest.approx(float(view.long_now.sum() + view.short_now.sum()), rel=1e-12)
    assert min(ledger.touched, ledger.closed, ledger.decayed) > 0


@pytest.mark.parametrize("seed", range(3))
def test_levels_do_not_depend_on_earlier_requests(seed: int) -> None:
    rng = random.Random(seed)
    watched, unwatched = Engine(), Engine()
    for event in session(rng, 50, (LINEAR, BYBIT)):
        watched.apply(event)
        unwatched.apply(event)
        if rng.random() < 0.1:
            view_of(watched)
        if rng.random() < 0.01:
            watched = deepcopy(watched)
    assert_same_view(view_of(watched), view_of(unwatched))


def test_longs_stand_below_the_price_and_shorts_above() -> None:
    view = view_of(engine_of(session(random.Random(5), 60, (LINEAR, BYBIT))))
    price = (view.first_row + np.arange(len(view.long_now)) + 0.5) * view.row_size
    last = float(view.close[np.isfinite(view.close)][-1])
    assert price[view.long_now > 0].max() < last + 0.02 * last
    assert price[view.short_now > 0].min() > last - 0.02 * last
    assert view.levels.shape == (view.bars - len(view.running), len(view.long_now))
    assert not view.levels.flags.writeable


def test_liquidation_prices_leave_the_maintenance_margin() -> None:
    factors = liquidation_prices(RULES, np.array([False, True]))
    for tier, leverage in enumerate(RULES.leverages):
        long, short = factors[0, :, tier]
        assert 1 / leverage + (long - 1) == pytest.approx(RULES.maintenance * long)
        assert 1 / leverage + (1 - short) == pytest.approx(RULES.maintenance * short)
        long, short = factors[1, :, tier]  # margin, profit and loss in coin
        assert 1 / leverage + (1 - 1 / long) == pytest.approx(RULES.maintenance / long)
        assert 1 / leverage + (1 / short - 1) == pytest.approx(RULES.maintenance / short)


def test_open_interest_and_candles_of_the_past_make_levels_before_the_first_trade() -> None:
    rows = tuple(
        Candle(START + at * MINUTE, 1e3, 1_001.0, 999.0, 1e3, 10.0, 1e4, 7.5 if at < 20 else None) for at in range(40)
    )
    published = tuple((START + at * MINUTE, 500.0 + at) for at in range(0, 41, 5))
    engine = engine_of(
        [Candles(LINEAR, START + 41 * MINUTE, MINUTE, rows), at_price(LINEAR, START + 41 * MINUTE, 1_000.0)]
    )
    before = view_of(engine)
    assert before.ledger.added == 0, "open interest is not known"
    assert before.sources[0].changes == 0
    revision = engine.revision(BTC)
    engine.apply(OpenInterestHistory(LINEAR, START + 41 * MINUTE, published))
    assert engine.revision(BTC) != revision
    view = view_of(engine)
    assert view.start_ns == START
    assert view.ledger.added == pytest.approx(35.0), "the first value is no change, nor is one before any bar"
    assert view.ledger.assumed == pytest.approx(20.0)
    longs, shorts = view.long_now.sum(), view.short_now.sum()
    assert longs > shorts > 0


def test_a_price_that_enters_a_row_removes_its_levels() -> None:
    events: list[Event] = [TradesLive(LINEAR, START), at_price(LINEAR, START, 1_000.0)]
    events.append(open_interest(LINEAR, START + SECOND, 100.0))
    events += [at_price(LINEAR, START + MINUTE, 1_000.0), open_interest(LINEAR, START + MINUTE + SECOND, 110.0)]
    engine = engine_of(events)
    assert view_of(engine).long_now.sum() == pytest.approx(10.0, rel=1e-3)
    engine.apply(at_price(LINEAR, START + 2 * MINUTE, 990.0, 1.0, 2))
    view = view_of(engine)
    assert view.ledger.touched == pytest.approx(1.5, rel=1e-3), "the tier of 100x"
    engine.apply(at_price(LINEAR, START + 3 * MINUTE, 800.0, 1.0, 2))
    assert float(view_of(engine).long_now.sum()) == 0.0


def test_real_liquidations_stand_beside_the_levels() -> None:
    events = session(random.Random(1), 5, (LINEAR,))
    before = view_of(engine_of(events))
    liquidation = Liquidation(LINEAR, START + MINUTE, START + MINUTE, 987.6, 2.0, 1_975.2, Side.SELL)
    view = view_of(engine_of(sorted([*events, liquidation], key=lambda event: event.ts_recv_ns)))
    assert (view.liquidation_price.tolist(), view.liquidation_position.tolist()) == ([pytest.approx(987.6)], [1])
    np.testing.assert_array_equal(view.long_now, before.long_now)


def test_an_unknown_base_has_an_empty_view() -> None:
    engine = engine_of([TradesLive(LINEAR, START)])
    view = view_of(engine)
    assert (view.bars, view.levels.size, view.ledger.added) == (0, 0, 0.0)
    assert view_of(engine, LiquidationLevelsRequest("DOGE")).sources == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": (1.0,)},
        {"weights": (0.5, 0.5, 0.5, -0.5)},
        {"leverages": (1.0, 10.0, 20.0, 30.0)},
        {"leverages": (10.0, 20.0, 50.0, 200.0)},
        {"maintenance": -0.1},
        {"half_life_ns": 0},
        {"row_share": 1.0},
    ],
)
def test_invalid_rules_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        LevelRules(**wrong)  # type: ignore[arg-type]
