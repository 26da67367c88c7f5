"""Time and sales against a loop over all trades."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from feeds.model.events import Event, Liquidation, Side, Trade, TradesLive, TradesLost
from feeds.model.instrument import Venue
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    DAY,
    MARKETS,
    OKX_SPOT,
    SECOND,
    SIDES,
    START,
    engine_of,
    trade,
)
from workstation.analytics.engine import Engine
from workstation.analytics.studies.tape import covered
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.markets import MarketFilter

MS = 1_000_000
Print = tuple[int, float, float, float, int, int, int]  # time, price, size, notional, side, market, trades


def tape(source: Engine | Iterable[Event], request: TapeRequest) -> TapeView:
    engine = source if isinstance(source, Engine) else engine_of(source)
    view = engine.view(request)
    assert isinstance(view, TapeView)
    return view


def prints_of(view: TapeView) -> list[Print]:
    columns = (view.ts_venue_ns, view.price, view.size, view.notional, view.side, view.market, view.prints)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def reference(trades: list[Trade], request: TapeRequest, order: list[object]) -> list[Print]:
    groups: list[list[Trade]] = []
    newest: dict[object, list[Trade]] = {}
    for item in trades:
        if not request.markets.accepts(item.instrument.venue, item.instrument.kind):
            continue
        group = newest.get(item.instrument)
        key = (item.aggressor, item.ts_venue_ns // MS)
        if group is not None and (group[-1].aggressor, group[-1].ts_venue_ns // MS) == key:
            group.append(item)
        else:
            newest[item.instrument] = [item]
            groups.append(newest[item.instrument])
    prints = []
    for group in groups:
        size, notional = sum(item.size for item in group), sum(item.notional for item in group)
        price = sum(item.size * item.price for item in group) / size
        side = (0, 1, -1)[SIDES.index(group[0].aggressor)]
        if notional >= request.minimum_usd:
            prints.append(
                (group[0].ts_venue_ns, price, size, notional, side, order.index(group[0].instrument), len(group))
            )
    return prints[::-1][: request.count]


def bursts(rng: random.Random, count: int) -> list[Trade]:
    """Trades in runs of one market and side, many within one millisecond."""
    trades, now_ns, instrument, side = [], START, BINANCE, 1
    for _ in range(count):
        if rng.random() < 0.3:
            instrument, side = rng.choice(MARKETS), rng.choice((0, 1, 2))
        now_ns += rng.choice((0, 0, 100_000, 3 * MS))
        ticks = instrument.ticks_from_price(1_000.0) + rng.randint(-3, 3)
        trades.append(trade(instrument, now_ns, ticks, rng.randint(1, 64) / 8, side))
    return trades


@pytest.mark.parametrize("count", [0, 1, 3, 7, 50, 2_000])
@pytest.mark.parametrize("minimum", [0.0, 4_000.0, 20_000.0])
def test_prints(count: int, minimum: float) -> None:
    for seed in range(6):
        trades = bursts(random.Random(seed), 400)
        order = list(dict.fromkeys(item.instrument for item in trades))
        for markets in (
            MarketFilter(perp=None),
            MarketFilter(),
            MarketFilter(venues=frozenset((Venue("okx"),)), perp=None),
        ):
            request = TapeRequest("BTC", markets, minimum, count)
            view = tape(trades, request)
            wanted = reference(trades, request, order)  # type: ignore[arg-type]
            assert [print_[0] for print_ in prints_of(view)] == [print_[0] for print_ in wanted]
            assert [print_[4:] for print_ in prints_of(view)] == [print_[4:] for print_ in wanted]
            for ours, theirs in zip(prints_of(view), wanted, strict=True):
                assert ours[1:4] == pytest.approx(theirs[1:4], rel=1e-12)


def test_trades_of_one_market_side_and_millisecond_are_merged() -> None:
    trades = [
        trade(BINANCE, START, 10_000, 1.0, 1),
        trade(BINANCE, START + MS - 1, 10_001, 3.0, 1),
        trade(BINANCE, START + MS, 10_001, 1.0, 1),
        trade(BINANCE, START + MS, 10_001, 1.0, 2),
        trade(BYBIT, START + MS, 4_000, 1.0, 2),
    ]
    prints = prints_of(tape(trades, TapeRequest("BTC")))
    assert [(side, market, merged) for *_, side, market, merged in prints] == [
        (-1, 1, 1),
        (-1, 0, 1),
        (1, 0, 1),
        (1, 0, 2),
    ]
    assert prints[-1][1:4] == (pytest.approx(1_000.075), 4.0, pytest.approx(1_000.0 + 3 * 1_000.1))


def test_a_sweep_longer_than_the_first_look_is_one_print() -> None:
    trades = [trade(BINANCE, START, 10_000 + at, 1.0, 1) for at in range(900)]
    for count in (1, 2, 50, 200):
        assert [print_[6] for print_ in prints_of(tape(trades, TapeRequest("BTC", count=count)))] == [900]


@pytest.mark.parametrize("count", range(1, 12))
def test_the_oldest_print_shown_is_whole(count: int) -> None:
    trades = [trade(BINANCE, START + at // 5 * MS, 10_000, 1.0, 1) for at in range(200)]
    assert [print_[6] for print_ in prints_of(tape(trades, TapeRequest("BTC", count=count)))] == [5] * count


def test_the_price_of_a_print_at_one_price_is_that_price() -> None:
    rng = random.Random(3)
    for instrument in MARKETS:
        for _ in range(200):
            ticks, sizes = rng.randint(1, 10**6), [rng.random() for _ in range(rng.randint(1, 3))]
            view = tape([trade(instrument, START, ticks, size) for size in sizes], TapeRequest("BTC"))
            assert view.price.tolist() == [instrument.price_from_ticks(ticks)]


def test_markets_are_those_of_the_base() -> None:
    view = tape([trade(BINANCE, START, 10_000), trade(OKX_SPOT, START, 3_000)], TapeRequest("BTC", MarketFilter()))
    assert [market.id for market in view.markets] == [BINANCE.id, OKX_SPOT.id]
    assert view.market.tolist() == [0]


def test_views_are_read_only() -> None:
    for view in (tape([], TapeRequest("BTC")), tape(bursts(random.Random(1), 50), TapeRequest("BTC"))):
        for name in ("ts_venue_ns", "price", "size", "notional", "side", "market", "prints"):
            assert not getattr(view, name).flags.writeable


# --- detail


def slow_extremes(trades: list[Trade], prints: list[list[Trade]]) -> list[int]:
    """For each print: +1 at or above its market's high of the day so far, -1 at or below the low."""
    found = []
    for group in prints:
        first = group[0]
        begin = first.ts_venue_ns // MS * MS
        before = [
            one.price_ticks
            for one in trades
            if one.instrument is first.instrument and one.ts_venue_ns < begin and one.ts_venue_ns // DAY == begin // DAY
        ]
        ticks = [one.price_ticks for one in group]
        mean = sum(one.price_ticks * one.size for one in group) / sum(one.size for one in group)
        if len(set(before)) < 2:
            found.append(0)
        elif max(ticks) > max(before) or mean >= max(before):
            found.append(1)
        else:
            found.append(-1 if min(ticks) < min(before) or mean <= min(before) else 0)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_prints_at_the_high_and_low_of_the_day_are_marked(seed: int) -> None:
    rng = random.Random(seed)
    now_ns, trades, middle = START + DAY - 30 * SECOND, [], 10_000
    for _ in range(300):
        now_ns += rng.choice((1, 3, 200)) * MS
        middle += rng.choice((-2, -1, 0, 0, 1, 2))
        trades.append(trade(BINANCE, now_ns, middle, 1.0, rng.choice((1, 2))))
    view = tape(trades, TapeRequest("BTC", count=250, detail=True))
    wanted = slow_extremes(trades, [[one] for one in trades])[::-1][:250]
    newest_day = trades[-1].ts_venue_ns // DAY
    shown = [one.ts_venue_ns // DAY == newest_day for one in trades][::-1][:250]
    assert [mark for mark, fresh in zip(view.extreme.tolist(), shown, strict=True) if fresh] == [
        mark for mark, fresh in zip(wanted, shown, strict=True) if fresh
    ]
    assert {1, -1, 0} >= set(view.extreme.tolist())
    assert any(view.extreme)


def test_extremes_do_not_depend_on_when_they_are_first_requested() -> None:
    trades = bursts(random.Random(5), 600)
    request = TapeRequest("BTC", count=500, detail=True)
    watched, fresh = Engine(), engine_of(trades)
    for event in trades:
        watched.apply(event)
        tape(watched, request)
    assert_same_view(tape(watched, request), tape(fresh, request))


@pytest.mark.parametrize("seed", range(4))
def test_the_pace_counts_prints_of_the_last_15_seconds_and_their_mean_before(seed: int) -> None:
    rng = random.Random(seed)
    now_ns, events = START + 100 * SECOND, [TradesLive(BINANCE, START + 100 * SECOND)]
    while now_ns < START + 400 * SECOND:
        now_ns += rng.randint(1, 900) * MS
        events.append(trade(BINANCE, now_ns, 10_000, rng.random(), rng.choice((0, 1, 2))))  # type: ignore[arg-type]
    view = tape(events, TapeRequest("BTC", minimum_usd=1e9, side=1, detail=True))
    pace = view.pace
    assert pace is not None
    trades = [event for event in events if isinstance(event, Trade)]
    end = trades[-1].ts_venue_ns // SECOND
    recent = [one for one in trades if one.ts_venue_ns // SECOND > end - 15]
    assert int(pace.prints.sum()) == len(recent)
    assert pace.second.tolist() == sorted({one.ts_venue_ns // SECOND for one in recent})
    assert float(pace.buy_usd.sum()) == pytest.approx(sum(o.notional for o in recent if o.aggressor is Side.BUY))
    earlier = [one for one in trades if one.ts_venue_ns // SECOND <= end - 15]
    known_s = ((end - 14) * SECOND - trades[0].ts_venue_ns) / SECOND
    assert pace.mean_15s == pytest.approx(len(earlier) * 15 / known_s)


def test_a_sweep_is_one_print_of_the_pace_and_a_gap_does_not_lower_it() -> None:
    live = [TradesLive(BINANCE, START)]
    first = [trade(BINANCE, START + at * SECOND, 10_000) for at in range(60)]
    gap = [TradesLost(BINANCE, START + 60 * SECOND, "gap"), TradesLive(BINANCE, START + 500 * SECOND)]
    second = [trade(BINANCE, START + (500 + at) * SECOND, 10_000) for at in range(60)]
    sweep = [trade(BINANCE, START + 560 * SECOND, 10_000 + at) for at in range(5)]
    events: list[Event] = [*live, *first, *gap, *second, *sweep]
    pace = tape(events, TapeRequest("BTC", detail=True)).pace
    assert pace is not None
    assert int(pace.prints.sum()) == 15
    assert pace.mean_15s == pytest.approx(15.0, rel=0.05), "one a second while trades were received"


def test_spans_that_overlap_are_covered_once() -> None:
    assert covered([(0, 10), (5, 20), (30, 40)], 2, 35) == 18 + 5
    assert covered([], 0, 10) == 0
    assert covered([(5, 6)], 10, 20) == 0


def test_prints_of_liquidations_are_marked() -> None:
    at = START + 10 * SECOND
    trades = [trade(BINANCE, at, 10_000, 1.0, 2), trade(BINANCE, at, 10_000, 1.0, 1), trade(BYBIT, at, 4_000, 1.0, 2)]
    later = trade(BINANCE, at + 6 * MS, 10_000, 1.0, 2)
    order = Liquidation(BINANCE, at + 5 * MS, at + SECOND, 1_000.0, 1.0, 1_000.0, Side.SELL)
    view = tape([*trades, later, order], TapeRequest("BTC", detail=True))
    keys = zip(view.market.tolist(), view.side.tolist(), view.ts_venue_ns.tolist(), strict=True)
    marks = dict(zip(keys, view.liquidation.tolist(), strict=True))
    assert marks[0, -1, at] == 1
    assert marks[0, -1, at + 6 * MS] == 1
    assert marks[0, 1, at] == marks[1, -1, at] == 0


def test_one_side_alone_and_the_usual_size() -> None:
    trades = [trade(BINANCE, START + at * 2 * MS, 10_000, 1.0 + at, 1 + at % 2) for at in range(400)]
    view = tape(trades, TapeRequest("BTC", side=-1, count=50, detail=True))
    assert set(view.side.tolist()) == {-1}
    assert len(view.price) == 50
    assert view.usual_big_usd == pytest.approx(1_000.0 * 398, rel=0.02)
    plain = tape(trades, TapeRequest("BTC"))
    assert plain.pace is None
    assert plain.usual_big_usd != plain.usual_big_usd
