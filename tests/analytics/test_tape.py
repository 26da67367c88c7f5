"""Time and sales against a loop over all trades."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from feeds.events import Event, Trade
from feeds.instrument import Venue
from tests.analytics.market_events import BINANCE, BYBIT, MARKETS, OKX_SPOT, SIDES, START, engine_of, trade
from workstation.analytics.engine import Engine
from workstation.readmodels import MarketFilter, TapeRequest, TapeView

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
    for item in trades:
        if not request.markets.accepts(item.instrument.venue, item.instrument.kind):
            continue
        last = groups[-1][-1] if groups else None
        key = (item.instrument, item.aggressor, item.ts_venue_ns // MS)
        if last is not None and (last.instrument, last.aggressor, last.ts_venue_ns // MS) == key:
            groups[-1].append(item)
        else:
            groups.append([item])
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
            MarketFilter(venues=frozenset((Venue.OKX,)), perp=None),
        ):
            request = TapeRequest("BTC", markets, minimum, count)
            view = tape(trades, request)
            wanted = reference(trades, request, order)  # type: ignore[arg-type]
            assert [print_[0] for print_ in prints_of(view)] == [print_[0] for print_ in wanted]
            assert [print_[4:] for print_ in prints_of(view)] == [print_[4:] for print_ in wanted]
            for ours, theirs in zip(prints_of(view), wanted, strict=True):
                assert ours[1:4] == pytest.approx(theirs[1:4], rel=1e-12)


def test_only_neighbours_of_one_market_side_and_millisecond_are_merged() -> None:
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
