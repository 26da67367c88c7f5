"""Funding and open interest: ended periods, percentiles, weighted sums, readings, and staleness."""

from __future__ import annotations

import random
from copy import deepcopy

import numpy as np
import pytest

from feeds.model.events import (
    DayStats,
    Event,
    Funding,
    FundingHistory,
    LongShortRatio,
    OpenInterest,
    OpenInterestHistory,
)
from feeds.model.instrument import MarketKind, Venue
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    MINUTE,
    START,
    at_price,
    engine_of,
    market,
    random_events,
)
from workstation.analytics.engine import Engine
from workstation.analytics.state.funding import DAY_NS, RETAINED_MINUTES, RETAINED_PERIODS, FundingSeries
from workstation.analytics.views.funding import crowding_of, reading_of
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.funding import HOUR_NS, Crowding, FundingRequest, FundingView, Reading
from workstation.readmodels.universe.pressure import PressureRequest, PressureView

INVERSE = market(Venue("deribit"), MarketKind.INVERSE)
NOW = START + 30 * HOUR_NS


def funding(
    ts_ns: int, rate: float, due_ns: int | None = None, instrument: object = BINANCE, hours: int = 8
) -> Funding:
    return Funding(instrument, ts_ns, ts_ns, rate, due_ns, hours * HOUR_NS)  # type: ignore[arg-type]


def view_of(engine: Engine, **options: int) -> FundingView:
    view = engine.view(FundingRequest("BTC", **options))
    assert isinstance(view, FundingView)
    return view


def test_a_period_ends_at_the_last_rate_before_its_due_time() -> None:
    made = FundingSeries()
    for minute in range(3 * 60):
        due = START + (1 + minute // 60) * HOUR_NS
        made.add(funding(START + minute * MINUTE, minute / 1e6, due, hours=1))
    assert [(period.ts_ns - START, period.rate) for period in made.periods] == [
        (HOUR_NS, 59 / 1e6),
        (2 * HOUR_NS, 119 / 1e6),
    ]


def test_an_old_rate_is_not_taken_as_the_rate_paid() -> None:
    made = FundingSeries()
    made.add(funding(START, 1e-4, START + 8 * HOUR_NS))
    made.add(funding(START + 9 * HOUR_NS, 2e-4, START + 16 * HOUR_NS))
    assert made.periods == []
    made.fill([(START + 8 * HOUR_NS + 5, 3e-4)])
    made.fill([(START + 8 * HOUR_NS, 3e-4)])
    assert len(made.periods) == 1


@pytest.mark.parametrize("seed", range(4))
def test_the_percentile_is_the_mid_rank(seed: int) -> None:
    rng = random.Random(seed)
    rates = [rng.randint(-3, 3) / 1e4 for _ in range(120)]
    made = FundingSeries()
    shuffled = list(enumerate(rates))
    rng.shuffle(shuffled)
    made.fill((START + at * 8 * HOUR_NS, rate) for at, rate in shuffled)
    assert [period.rate for period in made.periods] == rates
    assert made.days == pytest.approx(119 / 3)
    for rate in (-1.0, -1e-4, 0.0, 3e-4):
        ranks = [1.0 if other < rate else 0.5 if other == rate else 0.0 for other in rates]
        assert made.percentile(rate) == pytest.approx(100 * sum(ranks) / len(ranks))


def test_memory_is_bounded_and_copies_are_independent() -> None:
    made = FundingSeries()
    for minute in range(RETAINED_MINUTES + 50):
        made.add(funding(START + minute * MINUTE, 1e-4))
    made.fill((START + at * HOUR_NS, 1e-4) for at in range(RETAINED_PERIODS + 9))
    copy = deepcopy(made)
    copy.add(funding(START + 9 * DAY_NS, 5e-4))
    assert len(made.columns()[0]) == RETAINED_MINUTES
    assert len(made.periods) == RETAINED_PERIODS
    assert copy.columns()[1][-1] != made.columns()[1][-1]


@pytest.mark.parametrize(
    ("price", "interest", "reading"),
    [
        (0.01, 0.01, Reading.NEW_LONGS),
        (0.01, -0.01, Reading.SHORTS_COVER),
        (-0.01, 0.01, Reading.NEW_SHORTS),
        (-0.01, -0.01, Reading.LONGS_LEAVE),
        (0.01, 0.0004, None),
        (None, 0.01, None),
        (0.01, None, None),
    ],
)
def test_readings(price: float | None, interest: float | None, reading: Reading | None) -> None:
    assert reading_of(price, interest) is reading


@pytest.mark.parametrize(
    ("rate", "ratio", "crowding"),
    [
        (0.0051, 1.51, Crowding.LONGS),
        (-0.0051, 0.5, Crowding.SHORTS),
        (0.0051, 0.5, Crowding.FUNDING),
        (0.0051, None, Crowding.FUNDING),
        (0.005, 1.5, None),
        (0.0001, 1.51, Crowding.RATIO),
        (None, 0.6, Crowding.RATIO),
        (None, None, None),
    ],
)
def test_crowding(rate: float | None, ratio: float | None, crowding: Crowding | None) -> None:
    assert crowding_of(rate, ratio) is crowding


def positions() -> list[Event]:
    """Three perpetuals: two know an hour, prices rise."""
    events: list[Event] = []
    for minute in range(61):
        ts_ns = NOW - (60 - minute) * MINUTE
        events += [at_price(BINANCE, ts_ns, 1000.0 + minute)]
        for instrument, size, grown in ((BINANCE, 100.0, 1.0), (BYBIT, 50.0, -0.2)):
            events.append(OpenInterest(instrument, ts_ns, ts_ns, size + grown * minute / 6))
    events.append(OpenInterest(INVERSE, NOW, NOW, 10.0, 9_999.0))
    events += [
        funding(NOW, 4e-4),
        funding(NOW, 1e-4, instrument=BYBIT, hours=1),
        funding(NOW, -8e-4, instrument=INVERSE),
    ]
    events.append(LongShortRatio(BINANCE, NOW, NOW, 1.6, 0.6))
    return events


def test_rows_groups_and_readings() -> None:
    view = view_of(engine_of(positions()))
    first, _, third = view.rows
    assert (first.rate, first.period_h, first.crowding, first.ratio) == (4e-4, 8.0, Crowding.RATIO, 1.6)
    assert first.open_interest_usd == pytest.approx(110 * 1060.0)
    assert third.open_interest_usd == 9_999.0
    assert first.changes == (pytest.approx(0.1), None, None)
    assert third.changes == (None, None, None)
    linear, inverse = view.groups
    assert linear.rate_1h == pytest.approx((110 * 4e-4 / 8 + 48 * 1e-4) / 158)
    assert linear.open_interest == pytest.approx(158.0)
    assert inverse.rate_1h == pytest.approx(-1e-4)
    hour = view.spans[0]
    assert hour.interest_change == pytest.approx(158 / 150 - 1)
    assert hour.price_change == pytest.approx(0.06)
    assert (hour.reading, hour.counted, hour.known) == (Reading.NEW_LONGS, 2, 3)
    assert view.spans[1].reading is None


def test_the_day_is_the_venues_own_where_prices_do_not_reach_back() -> None:
    history = OpenInterestHistory(BINANCE, NOW, tuple((NOW - hours * HOUR_NS, 90.0) for hours in (24, 23)))
    day = DayStats(BINANCE, NOW, NOW, 1060.0, -0.02, 1.0, 1.0)
    view = view_of(engine_of([*positions(), history, day]))
    assert view.spans[2].price_change == -0.02
    assert view.spans[2].reading is Reading.NEW_SHORTS


def test_open_interest_changes_are_those_of_the_pressure_table() -> None:
    """From hourly history on the full hour and live values each minute, half an hour later."""
    events: list[Event] = []
    for instrument, size in ((BINANCE, 100.0), (BYBIT, 50.0)):
        rows = tuple((NOW - hours * HOUR_NS, size - hours * hours / 30) for hours in range(26, -1, -1))
        events.append(OpenInterestHistory(instrument, NOW, rows))
    for minute in range(31):
        at_ns = NOW + minute * MINUTE
        for instrument, size in ((BINANCE, 100.0), (BYBIT, 50.0)):
            events.append(OpenInterest(instrument, at_ns, at_ns, size + minute / 7))
            events.append(funding(at_ns, 1e-4, instrument=instrument))
    engine = engine_of(events)
    engine.advance(NOW + 30 * MINUTE + 5 * 1_000_000_000)
    view, table = view_of(engine), engine.view(PressureRequest())
    assert isinstance(table, PressureView)
    columns = table.universe.columns
    for at, name in enumerate(("interest_change_1h", "interest_change_4h", "interest_change_24h")):
        (summed,) = getattr(columns, name).tolist()
        assert view.spans[at].interest_change == summed
        assert [row.changes[at] for row in view.rows] == getattr(table.universe.markets.columns, name).tolist()
        assert summed > 0


def test_lines_hold_for_ten_minutes_and_sums_count_their_markets() -> None:
    history = OpenInterestHistory(BINANCE, NOW, tuple((NOW - minutes * MINUTE, 90.0) for minutes in (200, 195, 100)))
    view = view_of(engine_of([*positions(), history]))
    line, counted = view.lines[0].open_interest, view.counted
    known = {int(start): value for start, value in zip(view.bar_start_ns, line, strict=True)}
    assert known[NOW - 195 * MINUTE] == 90.0
    assert known[NOW - 188 * MINUTE] == 90.0
    assert np.isnan(known[NOW - 180 * MINUTE])
    assert counted[-1] == 3
    assert view.total[-1] == pytest.approx(168.0)
    assert np.isnan(view.total[view.bar_start_ns == NOW - 180 * MINUTE]).all()
    assert view.linear_1h[-1] == pytest.approx((110 * 4e-4 / 8 + 48 * 1e-4) / 158)


def test_old_values_are_stale_and_left_out_of_sums() -> None:
    engine = engine_of(positions())
    engine.advance(NOW + 12 * MINUTE)
    view = view_of(engine)
    assert all(row.stale for row in view.rows)
    assert [group.live for group in view.groups] == [0, 0]
    assert view.groups[0].rate_1h is None
    assert view.spans[0].reading is None


def test_an_unknown_base_is_empty() -> None:
    view = engine_of(positions()).view(FundingRequest("DOGE"))
    assert isinstance(view, FundingView)
    assert view.rows == ()
    assert len(view.bar_start_ns) == 0


@pytest.mark.parametrize("seed", range(3))
def test_revisions_change_with_views_and_copies_show_the_same(seed: int) -> None:
    rng, engine, request = random.Random(seed), Engine(), FundingRequest("BTC")
    seen: dict[int, FundingView] = {}
    for event in random_events(rng, 200):
        engine.apply(event)
        view = view_of(engine)
        assert view.revision == engine.revision(request)
        earlier = seen.setdefault(view.revision, view)
        assert (earlier.rows, earlier.groups, earlier.spans) == (view.rows, view.groups, view.spans)
        np.testing.assert_array_equal(earlier.total, view.total)
    assert_same_view(view_of(engine.checkpoint()), view_of(engine))


def test_a_fetched_history_makes_the_percentile_known_at_once() -> None:
    said: list[Event] = [at_price(BINANCE, NOW, 100.0), funding(NOW, 2e-4, NOW + HOUR_NS)]
    engine = engine_of(said)
    (row,) = view_of(engine).rows
    assert (row.percentile, row.last_rate, row.history_days) == (None, None, 0.0)
    before = engine.revision(FundingRequest("BTC"))
    past = tuple((NOW - (100 - n) * 8 * HOUR_NS, n * 1e-5) for n in range(100))
    copy = deepcopy(engine)
    engine.apply(FundingHistory(BINANCE, NOW, past))
    assert engine.revision(FundingRequest("BTC")) != before
    (row,) = view_of(engine).rows
    assert row.last_rate == pytest.approx(99e-5)
    assert row.history_days == pytest.approx(33.0)
    assert row.percentile == pytest.approx(20.5), "20 below, one alike"
    engine.apply(FundingHistory(BINANCE, NOW, past))
    assert view_of(engine).rows[0].percentile == row.percentile, "a period published twice counts once"
    assert view_of(copy).rows[0].percentile is None


def test_other_venues_are_in_no_sum() -> None:
    engine = engine_of(positions())
    whole = view_of(engine)
    assert len(whole.rows) > 1
    venue = whole.rows[0].market.venue
    view = engine.view(FundingRequest("BTC", markets=MarketFilter(venues=frozenset((venue,)))))
    assert isinstance(view, FundingView)
    chosen = [at for at, row in enumerate(whole.rows) if row.market.venue == venue]
    assert view.rows == tuple(whole.rows[at] for at in chosen)
    held = [row.open_interest for row in view.rows if not row.stale and row.open_interest is not None]
    assert sum(group.open_interest or 0.0 for group in view.groups) == pytest.approx(sum(held))
    assert [line.market for line in view.lines] == [whole.lines[at].market for at in chosen]
