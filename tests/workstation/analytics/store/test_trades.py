"""The trade store against a plain list."""

from __future__ import annotations

import random
from copy import deepcopy

import numpy as np
import pytest

from workstation.analytics.store.column_store import CHUNK
from workstation.analytics.store.trades import CAP, LOADED_CAPS, Row, TradeStore


def rows_of(count: int, first: int = 0) -> list[Row]:
    return [(at, at * 7 % 1_000, at / 8, at / 4, at % 9) for at in range(first, first + count)]


def store_of(rows: list[Row], cap: int = CAP) -> TradeStore:
    store = TradeStore(cap)
    for row in rows:
        store.append(row)
    return store


def stored(store: TradeStore) -> list[Row]:
    return [row for part in store.parts() for row in zip(*(column.tolist() for column in part), strict=True)]


@pytest.mark.parametrize("count", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
def test_rows_are_returned_in_order(count: int) -> None:
    rows = rows_of(count)
    store = store_of(rows)
    assert len(store) == store.total == count
    assert stored(store) == rows


@pytest.mark.parametrize("count", [0, 10, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_last(count: int) -> None:
    rows = rows_of(count)
    store = store_of(rows)
    for wanted in (0, 1, 5, 6, CHUNK, CHUNK + 5, CHUNK + 6, count, count + 1):
        newest = store.last(wanted)
        assert newest.ts.tolist() == [row[0] for row in rows[max(count - wanted, 0) :]]
        assert newest.size.tolist() == [row[2] for row in rows[max(count - wanted, 0) :]]


def test_the_oldest_are_dropped() -> None:
    store = store_of([], cap=2 * CHUNK)
    for row in rows_of(5 * CHUNK + 3):
        store.append(row)
        assert len(store) <= 3 * CHUNK
    assert store.total == 5 * CHUNK + 3
    assert stored(store) == rows_of(2 * CHUNK + 3, 3 * CHUNK)


@pytest.mark.parametrize("count", [3, CHUNK - 1, CHUNK + 3])
def test_a_copy_shares_chunks_and_is_independent(count: int) -> None:
    store = store_of(rows_of(count))
    copy = deepcopy(store)
    for row in rows_of(CHUNK, 1_000_000):
        store.append(row)
    copy.append((5, 5, 5.0, 5.0, 5))
    assert stored(copy) == [*rows_of(count), (5, 5, 5.0, 5.0, 5)]
    assert stored(store) == [*rows_of(count), *rows_of(CHUNK, 1_000_000)]
    assert (copy.total, store.total) == (count + 1, count + CHUNK)


def test_packed_trades_cannot_be_written() -> None:
    part = next(store_of(rows_of(CHUNK)).parts())
    with pytest.raises(ValueError, match="read-only"):
        part.size[0] = 1.0


def test_a_busy_day_of_four_venues_fits_into_the_stated_memory() -> None:
    part = next(store_of(rows_of(CHUNK)).parts())
    bytes_a_trade = sum(column.nbytes for column in part) / CHUNK
    busy_day = 4_000_000 * 24 // 16  # measured: sixteen busy hours of four venues are four million trades
    assert busy_day * 4 <= CAP * 3  # with a quarter to spare
    assert bytes_a_trade * CAP == 272e6
    assert bytes_a_trade * CAP * LOADED_CAPS == 544e6


def test_lanes_hold_market_and_side() -> None:
    store = store_of([(0, 0, 1.0, 1.0, 3 * market + side) for market in (0, 1, 10_000) for side in (0, 1, 2)])
    columns = store.last(9)
    assert columns.market.tolist() == [0] * 3 + [1] * 3 + [10_000] * 3
    assert columns.sign.tolist() == [0, 1, -1] * 3
    assert columns.where(columns.sign < 0).market.tolist() == [0, 1, 10_000]


@pytest.mark.parametrize("seed", range(6))
def test_older_trades_are_merged_in_order_of_venue_time(seed: int) -> None:
    rng = random.Random(seed)
    live = [(1_000 + at, 1, float(at), 1.0, 1) for at in range(rng.choice((0, 50, CHUNK, CHUNK + 40)))]
    old = [(at, 2, float(at), 2.0, 2) for at in range(0, rng.choice((900, 1_300)), rng.randint(1, 7))]
    store = store_of(live)
    store.merge(old)
    assert store.total == len(store) == len(live) + len(old)
    rows = stored(store)
    assert sorted(rows) == sorted([*live, *old])
    assert np.all(np.diff([row[0] for row in rows]) >= 0)
    store.append((10**9, 1, 1.0, 1.0, 1))
    assert store.last(1).ts.tolist() == [10**9]


def test_merging_nothing_changes_nothing() -> None:
    store = store_of(rows_of(5))
    store.merge([])
    assert stored(store) == rows_of(5)
