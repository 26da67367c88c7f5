"""CVD against loops over all trades: every unit, reset, anchor and size class; candles; sums over live markets."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from feeds.model.events import Event, OpenInterest, Trade, TradesLive, TradesLost
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
    at_price,
    engine_of,
    mark,
    random_trades,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.analytics.store.column_store import CHUNK
from workstation.readmodels.flow.cvd import RESETS_NS, CvdLine, CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintRules, FootprintView, MinimumMode
from workstation.readmodels.markets import Freshness, MarketFilter

BAR = 20 * SECOND
HOUR = 60 * MINUTE
SPAN = 30 * HOUR
PRICE = 1_000.0  # near the random trades: markets of far prices are kept apart
INTEREST = {BINANCE.id: 2_000.0, BYBIT.id: 500.0}
COIN, USD, OI = CvdUnit.COIN, CvdUnit.USD, CvdUnit.OI


def lives(ts_ns: int = START) -> list[Event]:
    """Trades of all markets are complete from this moment on."""
    return [event for one in MARKETS for event in (TradesLive(one, ts_ns), mark(one, ts_ns, PRICE))]


def interests() -> list[Event]:
    return [OpenInterest(one, START, START, INTEREST[one.id]) for one in (BINANCE, BYBIT)]


def session(seed: int, count: int = 900) -> list[Event]:
    """Thirty hours from a Sunday afternoon on, so that days, shifts and a week end; all markets live at the end."""
    start = START + ((3 - START // DAY) % 7) * DAY + 14 * HOUR
    trades = random_trades(random.Random(seed), count, span_ns=SPAN, start_ns=start, late=0.02)
    end = max(item.ts_recv_ns for item in trades)
    return [*lives(start), *interests(), *trades, *(mark(one, end, PRICE) for one in MARKETS)]


@cache
def engine_after(seed: int) -> Engine:
    """The engine after a session, for tests that only ask for views: it samples thirty hours."""
    return engine_of(session(seed))


def view_of(events: list[Event] | Engine, **options: Any) -> CvdView:
    engine = events if isinstance(events, Engine) else engine_of(events)
    view = engine.view(CvdRequest("BTC", BAR, **options))
    assert isinstance(view, CvdView)
    return view


def trades_of(events: list[Event]) -> list[Trade]:
    return [event for event in events if isinstance(event, Trade)]


def worth(item: Trade, unit: CvdUnit) -> float:
    signed = (0, 1, -1)[SIDES.index(item.aggressor)]
    return signed * (item.notional if unit is USD else item.size)


def begun_ns(ts_ns: int, options: dict[str, Any]) -> int:
    """Start of the sum at this moment."""
    if (anchor_ns := options.get("anchor_ns")) is not None:
        return int(anchor_ns // BAR * BAR)
    reset_ns = options.get("reset_ns", DAY)
    if reset_ns is None:
        return 0
    monday = 4 * DAY if reset_ns == 7 * DAY else 0
    return int(ts_ns - (ts_ns - monday) % reset_ns)


def slow_line(
    trades: list[Trade], starts: list[int], unit: CvdUnit, options: dict[str, Any], wanted: Callable[[Trade], bool]
) -> list[float]:
    """The sum of the deltas from the last reset to the close of each bar; NaN before an anchor."""
    values, trades = [], [item for item in trades if wanted(item)]
    for start in starts:
        since = begun_ns(start, options)
        chosen = (item for item in trades if since <= item.ts_venue_ns < start + BAR)
        values.append(sum(worth(item, unit) for item in chosen) if start >= since else float("nan"))
    return values


OPTIONS: list[dict[str, Any]] = [
    *({"reset_ns": reset_ns} for reset_ns in RESETS_NS),
    {"anchor_ns": START + ((3 - START // DAY) % 7) * DAY + 20 * HOUR + 7 * SECOND},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("unit", list(CvdUnit))
def test_every_line_is_the_sum_since_its_reset(unit: CvdUnit, options: dict[str, Any]) -> None:
    view, trades = view_of(engine_after(1), unit=unit, **options), trades_of(session(1))
    starts = view.bar_start_ns.tolist()
    assert starts == sorted({item.ts_venue_ns // BAR * BAR for item in trades})
    perp, spot = view.perp, view.spot
    assert perp is not None
    assert spot is not None
    whole = sum(INTEREST.values())
    lines: list[tuple[CvdLine, tuple[Any, ...], float]] = [
        (view.lines[0], (BINANCE,), INTEREST[BINANCE.id]),
        (view.lines[1], (BYBIT,), INTEREST[BYBIT.id]),
        (view.lines[2], (OKX_SPOT,), whole),
        (perp, (BINANCE, BYBIT), whole),
        (spot, (OKX_SPOT,), whole),
    ]
    for line, of, interest in lines:
        slow = np.array(slow_line(trades, starts, unit, options, lambda item, of=of: item.instrument in of))
        expected = slow * 100 / interest if unit is OI else slow
        np.testing.assert_allclose(line.values, expected, rtol=1e-9, atol=1e-9)
    assert view.difference is not None
    np.testing.assert_array_equal(view.difference.values, perp.values - spot.values)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("unit", list(CvdUnit))
def test_end_minus_start_is_the_sum_of_the_deltas_between(unit: CvdUnit, options: dict[str, Any]) -> None:
    """Over any window without a reset in it, for the aggregate and for every size class."""
    view = view_of(engine_after(2), unit=unit, by_size=True, edges_usd=(500.0, 1_500.0, 3_000.0), **options)
    trades, starts, rng = trades_of(session(2)), view.bar_start_ns.tolist(), random.Random(5)
    assert view.perp is not None
    edges = (-1.0, *view.request.edges_usd, float("inf"))
    for _ in range(60):
        first, last = sorted(rng.sample(range(len(starts)), 2))
        if view.segment[first] != view.segment[last] or np.isnan(view.perp.values[first]):
            continue
        inside = [
            item
            for item in trades
            if item.instrument in (BINANCE, BYBIT) and starts[first] + BAR <= item.ts_venue_ns < starts[last] + BAR
        ]
        scale = 100 / sum(INTEREST.values()) if unit is OI else 1.0
        for line, low, high in (
            (view.perp, -1.0, float("inf")),
            *zip(view.sizes, edges[:-1], edges[1:], strict=True),
        ):
            expected = sum(worth(item, unit) for item in inside if low <= item.notional < high) * scale
            assert line.values[last] - line.values[first] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_size_classes_add_up_to_the_aggregate_and_an_edge_belongs_to_the_upper_one() -> None:
    view = view_of(engine_after(3), unit=COIN, by_size=True, edges_usd=(500.0, 1_500.0, 3_000.0))
    assert view.perp is not None
    assert len(view.sizes) == 4
    np.testing.assert_array_equal(np.sum([line.values for line in view.sizes], axis=0), view.perp.values)
    assert all(np.ptp(line.values) > 0 for line in view.sizes)
    edge = [TradesLive(BINANCE, START), trade(BINANCE, START, 10_000, 10.0)]  # 10,000 USD to the cent
    assert [line.values[-1] for line in view_of(edge, by_size=True).sizes] == [0.0, 10_000.0, 0.0, 0.0]


@pytest.mark.parametrize("unit", list(CvdUnit))
def test_candles_open_at_the_close_before_and_reach_the_extremes_within(unit: CvdUnit) -> None:
    view, trades = view_of(engine_after(4), unit=unit, candles=True, reset_ns=4 * HOUR), trades_of(session(4))
    assert view.perp is not None
    close, previous = view.perp.values, 0.0
    scale = 100 / sum(INTEREST.values()) if unit is OI else 1.0
    perps: dict[int, list[Trade]] = {}
    for item in trades:
        if item.instrument in (BINANCE, BYBIT):
            perps.setdefault(item.ts_venue_ns // BAR * BAR, []).append(item)
    for at, start in enumerate(view.bar_start_ns.tolist()):
        if at and view.segment[at] != view.segment[at - 1]:
            previous = 0.0
        path = [0.0]
        for item in perps.get(start, ()):
            path.append(path[-1] + worth(item, unit) * scale)
        wanted = (previous, previous + max(path), previous + min(path), previous + path[-1])
        found = (view.candles.open[at], view.candles.high[at], view.candles.low[at], close[at])
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        previous = close[at]


def test_the_sum_is_over_the_markets_that_are_live_now() -> None:
    """A venue that is lost or silent is in no sum, and back with its offset as soon as it is live again."""
    trades = random_trades(random.Random(6), 200)
    end = START + 10 * MINUTE
    engine = engine_of([*lives(), *trades, *(mark(one, end, PRICE) for one in MARKETS)])

    def check(*of: int) -> None:
        view = view_of(engine, unit=COIN)
        assert view.perp is not None
        assert view.perp_live == len(of)
        assert view.perp.freshness is Freshness.LIVE
        summed = np.sum([view.lines[at].values for at in of], axis=0)
        whole = np.isfinite(summed)
        assert whole[:-2].all(), "only the last bars have a gap"
        np.testing.assert_array_equal(view.perp.values[whole], summed[whole])

    check(0, 1)
    before = view_of(engine, unit=COIN).lines[1].values
    engine.apply(TradesLost(BYBIT, end + SECOND, "gap"))
    check(0)
    engine.apply(TradesLive(BYBIT, end + 2 * SECOND))
    check(0)  # syncing until the first trade
    engine.apply(at_price(BYBIT, end + 3 * SECOND, PRICE))
    check(0, 1)
    known = len(before) - 1
    np.testing.assert_array_equal(view_of(engine, unit=COIN).lines[1].values[:known], before[:-1])
    engine.apply(mark(BINANCE, end + 20 * SECOND, PRICE))
    check(0)
    received = view_of(engine, unit=COIN, live_only=False)
    assert received.perp is not None
    summed = received.lines[0].values[:known] + before[:-1]
    np.testing.assert_array_equal(received.perp.values[:known], summed)


def test_without_live_markets_the_sum_is_of_all_and_not_live() -> None:
    engine = engine_of([*lives(), *random_trades(random.Random(7), 100)])
    engine.advance(START + HOUR)
    view = view_of(engine, unit=COIN)
    assert view.perp is not None
    assert (view.perp_live, view.perp_known, view.perp.freshness) == (0, 2, Freshness.STALE)
    np.testing.assert_array_equal(view.perp.values, view.lines[0].values + view.lines[1].values)


def test_a_gap_breaks_the_line_which_continues_from_its_last_value() -> None:
    live, lost = TradesLive(BINANCE, START), TradesLost(BINANCE, START + MINUTE, "gap")
    before = [trade(BINANCE, START + at * BAR, 10_000, 1.0) for at in range(3)]
    others = [trade(BYBIT, START + at * BAR, 4_000, 2.0) for at in range(12)]
    after = [trade(BINANCE, START + at * BAR, 10_000, 4.0, 2) for at in range(9, 12)]
    events = [TradesLive(BYBIT, START), live, *before, *others, lost, live, *after]
    for reset_ns in (DAY, None, 7 * DAY):
        view = view_of(events, unit=COIN, reset_ns=reset_ns)
        binance = view.lines[0].values if view.lines[0].venue == BINANCE.venue else view.lines[1].values
        assert binance[:2].tolist() == [1.0, 2.0]
        assert np.isnan(binance[2:9]).all()
        assert binance[9:].tolist() == [3.0 - 4.0, 3.0 - 8.0, 3.0 - 12.0]


def test_without_open_interest_there_is_no_line_and_no_zero() -> None:
    view = view_of([*lives(), interests()[0], *random_trades(random.Random(8), 90)], unit=OI)
    binance, bybit, spot = view.lines
    assert np.isnan(bybit.values).all()
    assert np.isfinite(binance.values).all()
    assert np.isfinite(spot.values).all()
    assert view.perp is not None
    np.testing.assert_array_equal(view.perp.values, binance.values)
    nothing = view_of([*lives(), *random_trades(random.Random(8), 90)], unit=OI)
    assert all(np.isnan(line.values).all() for line in (*nothing.lines, nothing.perp, nothing.spot) if line is not None)


def test_sums_continue_when_bars_are_dropped_and_are_nan_if_a_reset_lies_within_dropped_bars() -> None:
    events = session(9, 3_000)
    whole = engine_of(events)
    short = Engine(Limits(4_000_000, 100))
    for at, event in enumerate(events):
        short.apply(event)
        if at % 700 == 0:
            view_of(short)
    for options in OPTIONS:
        ours, theirs = view_of(short, **options), view_of(whole, **options)
        count = len(ours.bar_start_ns)
        assert 100 <= count < 100 + 512 < len(theirs.bar_start_ns)
        assert ours.perp is not None
        assert theirs.perp is not None
        np.testing.assert_allclose(ours.perp.values, theirs.perp.values[-count:], rtol=1e-12, atol=1e-9)
    inside = int(view_of(short).bar_start_ns[0]) - 3 * BAR
    unknown = view_of(short, anchor_ns=inside - inside % HOUR + 20 * SECOND).perp
    assert unknown is not None
    assert np.isnan(unknown.values).all()


def test_sums_of_a_day_include_trades_dropped_by_the_store() -> None:
    trades = [
        trade(BINANCE, START + at * SECOND, 10_000 + at % 7, 1.0, 1 + at % 3 // 2) for at in range(3 * CHUNK + 99)
    ]
    engine = Engine(Limits(CHUNK, 6_000))
    for event in [TradesLive(BINANCE, START), *trades]:
        engine.apply(event)
    assert len(engine.bases["BTC"].trades) <= 2 * CHUNK
    day, shift = view_of(engine, unit=COIN).perp, view_of(engine, unit=COIN, reset_ns=HOUR).perp
    assert day is not None
    assert shift is not None
    assert day.values[-1] == sum(worth(item, COIN) for item in trades)
    hour = trades[-1].ts_venue_ns // HOUR * HOUR
    assert shift.values[-1] == sum(worth(item, COIN) for item in trades if item.ts_venue_ns >= hour)
    sizes = view_of(engine, by_size=True).sizes
    assert all(np.isnan(line.values).all() for line in sizes), "what was dropped is not known by size"


def test_divergences_are_those_of_the_footprint() -> None:
    events = session(10, 2_500)
    engine = engine_of(events)
    rules = FootprintRules(divergence_bars=5, minimum_mode=MinimumMode.BASE)
    chart = engine.view(FootprintRequest("BTC", MarketFilter(), 15 * MINUTE, 1.0, rules))
    assert isinstance(chart, FootprintView)
    expected = {
        bar.start_ns: int(sign) for bar, sign in zip(chart.bars, chart.divergence.tolist(), strict=True) if sign
    }
    view = view_of(engine, mark_ns=15 * MINUTE, extreme_bars=5)
    assert len(expected) > 3
    assert dict(zip(view.diverged_ns.tolist(), view.diverged.tolist(), strict=True)) == expected


def test_the_venue_filter_chooses_lines_and_sums() -> None:
    engine = engine_after(11)
    only = view_of(engine, unit=COIN, markets=MarketFilter(None, frozenset({BYBIT.venue})))
    assert [line.venue for line in only.lines] == [BYBIT.venue]
    assert only.spot is None
    assert only.difference is None
    assert only.perp is not None
    np.testing.assert_array_equal(only.perp.values, view_of(engine, unit=COIN).lines[1].values)


def test_lines_do_not_depend_on_earlier_requests_or_checkpoints() -> None:
    events = session(12, 400)
    requests = [
        replace(CvdRequest("BTC", BAR, by_size=True, candles=True), **options)  # type: ignore[arg-type]
        for options in OPTIONS
    ]
    often, seldom = engine_of([]), engine_of(events)
    for at, event in enumerate(events):
        often.apply(event)
        if at % 50 == 0:
            for request in requests:
                often.view(request)
        if at == 200:
            often = often.checkpoint()
    for request in requests:
        one, other = often.view(request), seldom.view(request)
        assert isinstance(one, CvdView)
        assert isinstance(other, CvdView)
        for left, right in zip((*one.sizes, one.perp), (*other.sizes, other.perp), strict=True):
            assert left is not None
            assert right is not None
            np.testing.assert_array_equal(left.values, right.values)
        for name in ("open", "high", "low"):
            np.testing.assert_array_equal(getattr(one.candles, name), getattr(other.candles, name))
