"""Every perpetual in columns: sums by base against a plain reference, and windows of a day and an hour."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import fields

import numpy as np
import pytest

from feeds.model.events import (
    DayStats,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Quote,
    Side,
    TakerFlow,
    TradesLive,
)
from feeds.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from feeds.venues.registry import VENUES
from tests.workstation.analytics.market_events import MINUTE, SECOND, START, market
from workstation.analytics.engine import Engine
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.liquidations import LiquidationsRequest, LiquidationsView
from workstation.readmodels.universe.universe import UniverseColumns, UniverseRequest, UniverseView

HOUR = 60 * MINUTE
ASK = UniverseRequest()


def survey(engine: Engine, *events: Event) -> None:
    for event in events:
        engine.survey(event)


def seen(engine: Engine, now_ns: int, request: UniverseRequest = ASK) -> UniverseView:
    engine.advance(now_ns)
    view = engine.view(request)
    assert isinstance(view, UniverseView)
    return view


def row(view: UniverseView, instrument: Instrument) -> int:
    return view.markets.ids.index(instrument.id)


def open_interest(instrument: Instrument, now_ns: int, size: float, notional: float | None = None) -> OpenInterest:
    return OpenInterest(instrument, now_ns, now_ns, size, notional)


def liquidation(
    instrument: Instrument, ts_ns: int, notional: float, side: Side, recv_ns: int | None = None
) -> Liquidation:
    return Liquidation(instrument, ts_ns, ts_ns if recv_ns is None else recv_ns, 1.0, notional, notional, side)


def perps(bases: Iterable[str]) -> list[Instrument]:
    found = [market(venue, base=base) for base in bases for venue in VENUES]
    return [*found, market(Venue("binance"), MarketKind.INVERSE, base="BTC", symbol="BTCUSD_PERP")]


def random_events(instrument: Instrument, now_ns: int, rng: random.Random) -> list[Event]:
    """Events of a perpetual, each left out with probability 0.2."""
    mark = rng.uniform(90, 110)
    everything: list[Event] = [
        MarkPrice(instrument, now_ns, now_ns, mark),
        IndexPrice(instrument, now_ns, now_ns, mark * rng.uniform(0.99, 1.01)),
        Funding(instrument, now_ns, now_ns, rng.uniform(-1e-3, 1e-3), now_ns + HOUR, rng.choice([1, 4, 8]) * HOUR),
        open_interest(instrument, now_ns, rng.uniform(1, 1e4), rng.uniform(1, 1e6)),
        DayStats(instrument, now_ns, now_ns, mark, rng.uniform(-0.1, 0.1), rng.uniform(1, 9e4), rng.uniform(1, 9e6)),
        liquidation(instrument, now_ns, rng.uniform(1, 1e5), rng.choice(list(Side))),
    ]
    return [event for event in everything if rng.random() < 0.8]


def test_sums_by_base_against_a_plain_reference() -> None:
    rng, engine = random.Random(4), Engine()
    everyone = perps(["BTC", "ETH", "PEPE", "X"])
    for instrument in everyone:
        survey(engine, *random_events(instrument, START, rng))
    view = seen(engine, START + SECOND)
    known = {field.name: getattr(view.markets.columns, field.name) for field in fields(UniverseColumns)}
    for at, base in enumerate(view.symbols):
        rows = [
            {name: float(column[i]) for name, column in known.items()} for i in np.flatnonzero(view.markets.base == at)
        ]
        ours = {name: float(getattr(view.columns, name)[at]) for name in known}

        def total(name: str, weight: str = "", rows: list[dict[str, float]] = rows) -> float:
            used = [one for one in rows if not math.isnan(one[name]) and (not weight or one[weight] > 0)]
            if not used:
                return math.nan
            if not weight:
                return sum(one[name] for one in used)
            return sum(one[name] * one[weight] for one in used) / sum(one[weight] for one in used)

        expected = {name: total(name) for name in ("open_interest_usd", "turnover_24h", "volume_24h", "open_interest")}
        expected |= {name: total(name) for name in ("liquidated_long_1h", "liquidated_short_1h")}
        expected |= {
            "funding_8h": total("funding_8h", "open_interest_usd"),
            "premium": total("premium", "turnover_24h"),
        }
        largest = max(rows, key=lambda one: -1.0 if math.isnan(one["turnover_24h"]) else one["turnover_24h"])
        expected |= {"change_24h": largest["change_24h"], "price": largest["price"]}
        for name, value in expected.items():
            assert ours[name] == pytest.approx(value, nan_ok=True), (base, name)
        assert (view.live[at], view.known[at]) == (len(rows), len(rows))


def test_each_perpetual_by_its_own_figures() -> None:
    engine = Engine()
    inverse = market(Venue("binance"), MarketKind.INVERSE, symbol="BTCUSD_PERP")
    survey(
        engine,
        MarkPrice(inverse, START, START, 50_000.0),
        open_interest(inverse, START, 2.1, 100_000.0),
        Funding(inverse, START, START, 0.0001, START + HOUR, 4 * HOUR),
        Funding(inverse, START, START, 0.0002, START + HOUR, None),
        Quote(inverse, START, START, 499_990, 1.0, 500_000, 2.0),
        TakerFlow(inverse, START, START, 5 * MINUTE, 10.0, 7.0),
        TakerFlow(inverse, START, START, HOUR, 100.0, 25.0),
        DayStats(inverse, START, START, 50_001.0, 0.02, 10.0, 500_000.0, 4.0),
    )
    view = seen(engine, START + 2 * SECOND)
    ours, one = view.markets.columns, row(view, inverse)
    assert (ours.open_interest_usd[one], ours.funding_8h[one]) == (100_000.0, pytest.approx(0.0004))
    assert (view.markets.interval_h[one], view.markets.next_funding_ns[one]) == (4.0, START + HOUR)
    assert (view.markets.bid[one], view.markets.ask[one]) == (pytest.approx(49_999.0), 50_000.0)
    assert (ours.taker_delta_5m[one], ours.taker_delta_1h[one]) == (pytest.approx(0.4), pytest.approx(-0.5))
    assert (view.markets.taker_buy_24h[one], ours.age_s[one]) == (4.0, pytest.approx(2.0))
    assert math.isnan(ours.premium[one])
    assert math.isnan(ours.interest_change_1h[one])
    assert not ours.price.flags.writeable


def test_no_data_is_not_zero() -> None:
    engine, silent, publishing = Engine(), market(Venue("hyperliquid")), market(Venue("bybit"), base="ETH")
    survey(engine, MarkPrice(silent, START, START, 100.0), MarkPrice(publishing, START, START, 10.0))
    view = seen(engine, START + SECOND)
    for name in (
        "liquidated_long_1h",
        "open_interest_usd",
        "funding_8h",
        "turnover_24h",
        "change_24h",
        "taker_delta_5m",
    ):
        assert math.isnan(getattr(view.columns, name)[view.symbols.index("BTC")]), name
    assert view.columns.liquidated_long_1h[view.symbols.index("ETH")] == 0.0, "published, and there were none"


def test_only_live_markets_count_and_stale_values_are_dropped() -> None:
    engine, alive, dead = Engine(), market(), market(Venue("bybit"))
    for one in (alive, dead):
        survey(engine, MarkPrice(one, START, START, 10.0), open_interest(one, START, 5.0))
    for second in range(1, 400):
        survey(engine, MarkPrice(alive, START + second * SECOND, START + second * SECOND, 10.0))
        if second == 30:
            view = seen(engine, START + 31 * SECOND)
            assert (view.live[0], view.known[0], view.columns.open_interest[0]) == (1, 2, 5.0)
            assert view.columns.age_s[0] == pytest.approx(1.0)
    view = seen(engine, START + 400 * SECOND)
    assert math.isnan(view.columns.open_interest[0]), "open interest of six minutes ago"


def test_changes_of_open_interest_over_their_windows() -> None:
    engine, one = Engine(), market()
    at_ns = START + 90 * SECOND
    for minute in range(25 * 60):
        now_ns = at_ns + minute * MINUTE
        survey(engine, open_interest(one, now_ns, 1_000.0 + minute))
        engine.advance(now_ns + SECOND)
        if minute in (30, 70, 300, 25 * 60 - 1):
            view = seen(engine, now_ns + 2 * SECOND)
            ours = [float(getattr(view.columns, f"interest_change_{span}")[0]) for span in ("1h", "4h", "24h")]
            for value, hours in zip(ours, (1, 4, 24), strict=True):
                then = minute - 60 * hours
                if then < 4:  # the first mark of five minutes was passed after the start
                    assert math.isnan(value), (minute, hours)
                else:
                    assert value == pytest.approx((1_000 + minute) / (1_000 + then) - 1, abs=3e-3), (minute, hours)


def test_history_fills_unknown_marks_and_sums_use_the_known_markets() -> None:
    engine, known, unknown = Engine(), market(), market(Venue("hyperliquid"))
    now_ns = START + 600 * SECOND
    five = [(START + (600 - 300 * step) * SECOND, 110.0 - step) for step in range(13)]
    hours = [(START - hour * HOUR, 50.0) for hour in range(1, 26)]
    survey(engine, open_interest(known, now_ns, 120.0), open_interest(unknown, now_ns, 7.0))
    survey(engine, OpenInterestHistory(known, now_ns, tuple(sorted(five))))
    survey(engine, OpenInterestHistory(known, now_ns, tuple(sorted(hours))))
    view = seen(engine, now_ns + SECOND)
    assert view.columns.interest_change_1h[0] == pytest.approx(120 / 98 - 1, rel=1e-3)
    assert view.columns.interest_change_24h[0] == pytest.approx(120 / 50 - 1)
    assert math.isnan(view.markets.columns.interest_change_1h[row(view, unknown)])
    survey(engine, OpenInterestHistory(known, now_ns, ((START - 3 * HOUR, 1.0), (START - HOUR, 1.0))))
    survey(engine, OpenInterestHistory(unknown, now_ns, ((START - 3 * HOUR, 1.0), (START + 600 * SECOND, 1.0))))
    view = seen(engine, now_ns + 2 * SECOND)
    assert view.columns.interest_change_1h[0] == pytest.approx(120 / 98 - 1, rel=1e-3), "what is known stays"
    assert math.isnan(view.markets.columns.interest_change_1h[row(view, unknown)]), (
        "rows hours apart survey nothing between"
    )


def test_no_events_leave_a_gap_in_open_interest() -> None:
    engine, one = Engine(), market()
    survey(engine, open_interest(one, START, 10.0))
    engine.advance(START + SECOND)
    survey(engine, open_interest(one, START + 5 * MINUTE, 20.0))
    engine.advance(START + 5 * MINUTE + SECOND)
    survey(engine, open_interest(one, START + 63 * MINUTE, 30.0))
    assert math.isnan(seen(engine, START + 63 * MINUTE + SECOND).columns.interest_change_1h[0])
    survey(engine, open_interest(one, START + 65 * MINUTE, 30.0))
    assert math.isnan(seen(engine, START + 65 * MINUTE + SECOND).columns.interest_change_1h[0]), (
        "the mark after is a gap"
    )


def test_liquidations_of_the_last_hour_by_side() -> None:
    engine, one = Engine(), market()
    survey(engine, liquidation(one, START, 10.0, Side.SELL), liquidation(one, START + 30 * MINUTE, 5.0, Side.BUY))
    survey(engine, liquidation(one, START + 29 * MINUTE, 2.0, Side.SELL, recv_ns=START + 31 * MINUTE))
    view = seen(engine, START + 31 * MINUTE + SECOND)
    assert (view.columns.liquidated_long_1h[0], view.columns.liquidated_short_1h[0]) == (12.0, 5.0)
    survey(engine, MarkPrice(one, START + 61 * MINUTE, START + 61 * MINUTE, 1.0))
    view = seen(engine, START + 61 * MINUTE + SECOND)
    assert (view.columns.liquidated_long_1h[0], view.columns.liquidated_short_1h[0]) == (2.0, 5.0)
    survey(engine, liquidation(one, START - HOUR, 99.0, Side.SELL, recv_ns=START + 62 * MINUTE))
    assert seen(engine, START + 62 * MINUTE + SECOND).columns.liquidated_long_1h[0] == 2.0, "older than an hour"


@pytest.mark.parametrize("seed", range(4))
def test_an_hour_is_3600_seconds_in_the_table_and_in_the_liquidation_pane(seed: int) -> None:
    rng, engine, one = random.Random(seed), Engine(), market()
    orders = [
        liquidation(one, START + rng.randrange(2 * HOUR), float(rng.randint(1, 99)), rng.choice((Side.BUY, Side.SELL)))
        for _ in range(400)
    ]
    moments = sorted(START + rng.randrange(1, 7_300) * SECOND for _ in range(60))
    orders.sort(key=lambda order: order.ts_recv_ns)
    survey(engine, MarkPrice(one, START, START, 1.0))
    for now_ns in moments:
        while orders and orders[0].ts_recv_ns < now_ns:
            survey(engine, orders.pop(0))
        columns = seen(engine, now_ns).markets.columns
        pane = engine.view(LiquidationsRequest("BTC"))
        assert isinstance(pane, LiquidationsView)
        hour = next(total for total in pane.totals if total.span_ns == HOUR)
        assert (columns.liquidated_long_1h[0], columns.liquidated_short_1h[0]) == (hour.long_usd, hour.short_usd)


def test_the_universe_creates_no_bases_and_does_not_affect_freshness() -> None:
    engine, focus, other = Engine(), market(), market(Venue("bybit"), base="DOGE")
    survey(engine, MarkPrice(focus, START, START, 99.0))
    engine.apply(TradesLive(focus, START))
    survey(
        engine,
        MarkPrice(focus, START + SECOND, START + SECOND, 100.0),
        IndexPrice(focus, START + SECOND, START + SECOND, 101.0),
        open_interest(focus, START + SECOND, 7.0),
        Quote(focus, START + SECOND, START + SECOND, 1, 1.0, 2, 1.0),
        liquidation(focus, START + SECOND, 5.0, Side.SELL),
        MarkPrice(other, START + SECOND, START + SECOND, 1.0),
    )
    assert list(engine.bases) == ["BTC"]
    known = engine.market(focus.id)
    assert known is not None
    assert (known.mark, known.index_price, known.open_interest, known.quote) == (100.0, 101.0, 7.0, None)
    assert (known.last_event_ns, known.coverage.seen_ns) == (0, 0), "a mark of the universe is no sign of trades"
    assert len(engine.bases["BTC"].liquidations) == 1
    engine.apply(MarkPrice(focus, START + 2 * SECOND, START + 2 * SECOND, 102.0))
    view = seen(engine, START + 3 * SECOND)
    assert view.markets.mark[row(view, focus)] == 102.0, "the market in focus updates the table too"


def test_views_are_of_whole_seconds_and_filtered_and_copies_are_independent() -> None:
    engine = Engine()
    everyone = perps(["BTC", "ETH"])
    for one in everyone:
        survey(engine, MarkPrice(one, START, START, 10.0))
    first = seen(engine, START + SECOND)
    survey(engine, MarkPrice(everyone[0], START + SECOND + 1, START + SECOND + 1, 11.0))
    assert engine.revision(ASK) == first.revision
    again = engine.view(ASK)
    assert isinstance(again, UniverseView)
    assert again.markets.mark[0] == 10.0
    copied = engine.checkpoint()
    survey(copied, OpenInterestHistory(everyone[0], START + SECOND + 2, ((START - HOUR, 4.0), (START, 4.0))))
    survey(
        copied,
        open_interest(everyone[0], START + SECOND + 2, 8.0),
        liquidation(everyone[0], START, 3.0, Side.BUY, START + SECOND),
    )
    ours, theirs = seen(engine, START + 2 * SECOND), seen(copied, START + 2 * SECOND)
    assert math.isnan(ours.columns.interest_change_1h[0])
    assert ours.columns.liquidated_short_1h[0] == 0.0
    assert theirs.columns.interest_change_1h[0] == pytest.approx(1.0)
    assert theirs.columns.liquidated_short_1h[0] == 3.0
    assert theirs.revision > first.revision
    only = seen(engine, START + 3 * SECOND, UniverseRequest(markets=MarketFilter(venues=frozenset({Venue("bybit")}))))
    assert set(only.markets.venues) == {Venue("bybit")}
    assert list(only.known) == [1, 1]
    empty = seen(engine, START + 4 * SECOND, UniverseRequest(markets=MarketFilter(venues=frozenset())))
    assert empty.symbols == ()
    assert len(empty.columns.price) == 0
    assert seen(Engine(), START).symbols == ()


def test_a_thousand_perpetuals_grow_the_columns() -> None:
    engine = Engine()
    everyone = [market(base=f"C{number}") for number in range(1_000)]
    for number, one in enumerate(everyone):
        survey(engine, MarkPrice(one, START, START, float(number)), open_interest(one, START, 1.0))
    spot = market(kind=MarketKind.SPOT)
    survey(engine, MarkPrice(spot, START, START, 5.0))
    view = seen(engine, START + SECOND)
    assert list(view.markets.mark) == [float(number) for number in range(1_000)]
    assert InstrumentId(spot.id) not in view.markets.ids
    assert view.columns.liquidated_long_1h.tolist() == [0.0] * 1_000
