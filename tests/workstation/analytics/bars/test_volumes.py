"""Volume by row and taker flow in sliding windows against sums over all trades."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

from feeds.model.events import Trade
from tests.workstation.analytics.market_events import (
    BINANCE,
    MARKETS,
    MINUTE,
    SECOND,
    SIDES,
    START,
    columns_of,
    random_trades,
    trade,
)
from workstation.analytics.bars.volumes import DAY_NS, RowVolumes, TakerFlow
from workstation.analytics.store.row_grid import row_grid

ROW = Fraction("0.7")
GRIDS = {at: row_grid(instrument, ROW) for at, instrument in enumerate(MARKETS)}
FIRST, COUNT = 1_380, 100


def market_of(item: Trade) -> int:
    return MARKETS.index(item.instrument)


def side_of(item: Trade) -> int:
    return SIDES.index(item.aggressor)


def brute_force(trades: list[Trade], since_ns: int) -> tuple[list[float], list[float]]:
    """Sold and bought by row, correctly rounded."""
    cells: dict[tuple[int, int], list[float]] = {}
    for item in trades:
        if item.ts_venue_ns > since_ns:
            row = item.price_ticks * item.instrument.tick // ROW
            cells.setdefault((row, side_of(item)), []).append(item.size)
    sold, bought = ([math.fsum(cells.get((FIRST + at, side), ())) for at in range(COUNT)] for side in (2, 1))
    return sold, bought


def between(volumes: RowVolumes) -> tuple[list[float], list[float]]:
    sold, bought = volumes.between(FIRST, COUNT)
    return sold.tolist(), bought.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_window_holds_the_trades_within_it(seed: int) -> None:
    rng = random.Random(seed)
    trades = random_trades(rng, 400, late=0.3, exact=False)
    volumes = RowVolumes(GRIDS, MINUTE)
    seen = 0
    for at, item in enumerate(trades):
        volumes.add_trade(item, market_of(item), side_of(item))
        seen = max(seen, item.ts_venue_ns)
        if rng.random() < 0.1:
            now_ns = seen + rng.randint(0, SECOND)
            volumes.expire(now_ns)
            assert between(volumes) == brute_force(trades[: at + 1], now_ns - MINUTE)
            seen = now_ns


def test_an_empty_window_holds_nothing_at_all() -> None:
    volumes = RowVolumes(GRIDS, MINUTE)
    for item in random_trades(random.Random(1), 300, exact=False):
        volumes.add_trade(item, market_of(item), side_of(item))
    volumes.expire(START + DAY_NS)
    sold, bought = volumes.between(FIRST, COUNT)
    assert not sold.any()
    assert not bought.any()
    assert volumes.row_count == volumes.trades_in_window == 0


@pytest.mark.parametrize("window_ns", [None, MINUTE])
def test_columns_and_trades_give_the_same_bits(window_ns: int | None) -> None:
    trades = random_trades(random.Random(2), 300, late=0.3, exact=False)
    one_by_one, filled = RowVolumes(GRIDS, window_ns), RowVolumes(GRIDS, window_ns)
    for item in trades:
        one_by_one.add_trade(item, market_of(item), side_of(item))
    for part in columns_of(trades):
        filled.fill(part)
    for volumes in (one_by_one, filled):
        volumes.expire(trades[-1].ts_recv_ns)
    assert between(one_by_one) == between(filled)
    assert between(filled) == brute_force(trades, trades[-1].ts_recv_ns - MINUTE if window_ns else 0)


def test_a_window_does_not_grow_between_reads() -> None:
    volumes, flow = RowVolumes(GRIDS, MINUTE), TakerFlow(1, MINUTE)
    for at in range(2_000):
        item = trade(BINANCE, START + at * SECOND, 10_000)
        volumes.add_trade(item, 0, 1)
        flow.add_trade(item, 0, 1)
    assert volumes.trades_in_window == flow.trades_in_window == 60


def test_the_profile_resets_at_midnight() -> None:
    profile = RowVolumes(GRIDS)
    midnight = START + DAY_NS
    for ts_ns, size in ((midnight - SECOND, 1.0), (midnight, 2.0), (midnight - 1, 4.0), (midnight + SECOND, 8.0)):
        profile.add(ts_ns, 10_000, size, 0, 1)
    profile.expire(midnight + DAY_NS)
    assert sum(between(profile)[1]) == 10.0


def test_trades_without_size_or_aggressor_leave_no_row() -> None:
    for window_ns in (None, MINUTE):
        volumes = RowVolumes(GRIDS, window_ns)
        volumes.add(START, 10_000, 0.0, 0, 1)
        volumes.add(START, 10_000, 1.0, 0, 0)
        assert volumes.row_count == 0
        volumes.add(START, 10_000, 1.0, 0, 1)
        volumes.expire(START + 2 * MINUTE)


@pytest.mark.parametrize("seed", range(3))
def test_taker_flow(seed: int) -> None:
    rng = random.Random(seed)
    trades = random_trades(rng, 300, late=0.3, exact=False)
    flow, filled = TakerFlow(3, MINUTE), TakerFlow(3, MINUTE)
    seen = 0
    for at, item in enumerate(trades):
        flow.add_trade(item, market_of(item), side_of(item))
        seen = max(seen, item.ts_venue_ns)
        if rng.random() < 0.1:
            wanted = [
                math.fsum(
                    other.notional
                    for other in trades[: at + 1]
                    if other.instrument is instrument and other.ts_venue_ns > seen - MINUTE
                )
                for instrument in MARKETS
            ]
            assert flow.at(seen).tolist() == wanted
    for part in columns_of(trades):
        filled.fill(part)
    assert filled.at(seen).tolist() == flow.at(seen).tolist()
