"""The book against a dictionary and sorted lists."""

from __future__ import annotations

import random
from copy import deepcopy
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.events import Level
from tests.workstation.analytics.market_events import BINANCE, START, delta, snapshot
from workstation.analytics.book.book import BookSide, OrderBook

QUICK = settings(max_examples=60, derandomize=True, deadline=None, database=None)

PRICES = st.one_of(st.integers(1, 40), st.integers(1, 100_000))
LEVELS = st.lists(st.tuples(PRICES, st.sampled_from((0.0, 0.0, 0.5, 1.0, 3.0))), max_size=12)
STEPS = st.lists(st.tuples(st.sampled_from(("replace", "apply", "apply", "apply", "read")), LEVELS), max_size=25)


def book_of(bids: list[Level], asks: list[Level]) -> OrderBook:
    book = OrderBook()
    book.replace(snapshot(BINANCE, START, bids, asks))
    return book


def assert_equals_reference(side: BookSide, sizes: dict[int, float], sign: int) -> None:
    ordered = sorted(sizes.items(), key=lambda level: -sign * level[0])
    assert len(side) == len(ordered)
    assert side.best == (ordered[0][0] if ordered else None)
    assert side.worst() == (ordered[-1][0] if ordered else None)
    assert list(side.levels()) == ordered
    for count in (0, 1, len(ordered), len(ordered) + 1):
        assert side.top(count) == ordered[:count]
    for limit in (0, 7, 20, 50_000, 100_001, *sizes):
        assert list(side.within(limit)) == [level for level in ordered if sign * level[0] >= sign * limit]
        assert side.size_at(limit) == sizes.get(limit, 0.0)


@pytest.mark.parametrize("sign", [1, -1])
@given(steps=STEPS)
@QUICK
def test_a_side_is_a_dictionary_read_in_order(sign: int, steps: list[tuple[str, list[Level]]]) -> None:
    side, sizes = BookSide(sign), {}
    for step, levels in steps:
        if step == "read":
            assert_equals_reference(side, sizes, sign)
            continue
        if step == "replace":
            sizes = {}
            side.replace(dict(levels).items())
        else:
            side.apply(levels)
        sizes.update(levels if step == "apply" else dict(levels))
        sizes = {price: size for price, size in sizes.items() if size}
    assert_equals_reference(side, sizes, sign)
    assert_equals_reference(deepcopy(side), sizes, sign)


def test_a_long_run_of_small_changes_between_reads() -> None:
    rng = random.Random(1)
    side, sizes = BookSide(+1), {}
    for _ in range(400):
        changes = [(rng.randint(9_000, 10_000), rng.choice((0.0, 1.0, 2.0))) for _ in range(rng.randint(1, 6))]
        side.apply(changes)
        sizes.update(changes)
        sizes = {price: size for price, size in sizes.items() if size}
        assert side.best == max(sizes, default=None)
        if rng.random() < 0.2:
            assert list(side.levels()) == sorted(sizes.items(), reverse=True)


def test_the_next_best_is_found_near_and_far() -> None:
    side = BookSide(+1)
    side.replace([(10_000, 1.0), (9_999, 1.0), (5_000, 1.0)])
    side.apply([(10_000, 0.0)])
    assert side.best == 9_999
    side.apply([(9_999, 0.0)])
    assert side.best == 5_000
    side.apply([(5_000, 0.0)])
    assert side.best is None
    assert list(side.within(1)) == []


def test_a_copy_is_independent() -> None:
    book = book_of([(10, 1.0)], [(11, 1.0)])
    copy = deepcopy(book)
    book.apply(delta(BINANCE, START, [(10, 0.0), (9, 2.0)], []))
    assert copy.bids.top(5) == [(10, 1.0)]
    copy.lose("gap")
    assert book.known
    assert book.bids.top(5) == [(9, 2.0)]


def test_nothing_is_known_before_a_snapshot_and_after_a_gap() -> None:
    book = OrderBook()
    book.apply(delta(BINANCE, START, [(10, 1.0)], [(11, 1.0)]))
    assert not book.known
    assert book.bids.best is None
    book.replace(snapshot(BINANCE, START, [(10, 1.0)], [(11, 1.0)]))
    book.lose("ids 4 to 9 are missing")
    assert (book.known, book.lost_reason) == (False, "ids 4 to 9 are missing")
    assert (len(book.bids), len(book.asks)) == (0, 0)
    assert book.mid_ticks() is book.weighted_mid_ticks() is book.imbalance(0.01) is book.depth_in_band(0.01) is None
    book.replace(snapshot(BINANCE, START, [(10, 1.0)], []))
    assert (book.known, book.lost_reason) == (True, "")


def test_crossed() -> None:
    assert not book_of([(10, 1.0)], [(11, 1.0)]).crossed
    assert book_of([(11, 1.0)], [(11, 1.0)]).crossed
    assert not book_of([(11, 1.0)], []).crossed


def test_the_weighted_mid_leans_to_the_thin_side() -> None:
    book = book_of([(100, 9.0)], [(102, 1.0)])
    assert book.mid_ticks() == 101.0
    assert book.weighted_mid_ticks() == pytest.approx(101.8)


@given(
    bids=st.dictionaries(st.integers(9_000, 10_000), st.sampled_from((0.5, 1.0, 4.0)), max_size=30),
    asks=st.dictionaries(st.integers(10_001, 11_000), st.sampled_from((0.5, 1.0, 4.0)), max_size=30),
    band=st.sampled_from(("0.0005", "0.002", "0.01", "0.02", "0.1")),
    count=st.sampled_from((1, 5, 200)),
)
@QUICK
def test_depth_and_imbalance(bids: dict[int, float], asks: dict[int, float], band: str, count: int) -> None:
    book = book_of(sorted(bids.items(), reverse=True), sorted(asks.items()))
    depth = book.depth_in_band(float(band), count)
    if not bids or not asks:
        assert depth is book.imbalance(float(band), count) is None
        return
    mid = Fraction(max(bids) + min(asks), 2)
    low, high = mid * (1 - Fraction(band)), mid * (1 + Fraction(band))
    bid = sum(bids[price] for price in sorted(bids, reverse=True)[:count] if price >= low)
    ask = sum(asks[price] for price in sorted(asks)[:count] if price <= high)
    assert depth == (bid, ask, min(bids) <= low and max(asks) >= high)
    assert book.imbalance(float(band), count) == ((bid - ask) / (bid + ask) if bid + ask else None)


@pytest.mark.parametrize("levels", [1, 4, 5, 6])
def test_a_side_with_exactly_as_many_levels_as_are_summed(levels: int) -> None:
    bids = [(1_000 - at, 2.0) for at in range(levels)]
    asks = [(1_001 + at, 1.0) for at in range(7)]
    counted = min(levels, 5)
    assert book_of(bids, asks).depth_in_band(0.5, 5) == (2.0 * counted, 5.0, False)
    assert book_of(bids, asks).imbalance(0.5, 5) == pytest.approx((2 * counted - 5) / (2 * counted + 5))


@pytest.mark.parametrize("mid", range(10_000, 60_000, 1_250))
def test_a_level_on_the_edge_of_the_band_is_inside(mid: int) -> None:
    edge = mid // 500
    bids, asks = [(mid - 1, 1.0), (mid - edge, 2.0)], [(mid + 1, 1.0), (mid + edge, 4.0)]
    book = book_of(bids, asks)
    depth = book.depth_in_band(0.002)
    assert depth is not None
    if mid % 500 == 0:
        assert depth == (3.0, 5.0, True)
    else:
        assert depth == (3.0, 5.0, False)


def test_an_empty_band_has_no_imbalance() -> None:
    assert book_of([(100, 1.0)], [(200, 1.0)]).imbalance(0.001) is None
    assert book_of([(100, 1.0)], [(200, 1.0)]).depth_in_band(0.001) == (0, 0, True)
