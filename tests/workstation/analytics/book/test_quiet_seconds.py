"""Seconds without events: sampled one by one or in a run, from a book or from what changed in it, all is the same."""

from __future__ import annotations

import random

import pytest

from tests.views import assert_same_view
from tests.workstation.analytics.market_events import BINANCE, delta, random_events, snapshot
from tests.workstation.replay.requests import all_requests
from workstation.analytics.book.book import OrderBook
from workstation.analytics.book.depth_history import DepthHistory, DepthLimits
from workstation.analytics.book.sampled_levels import LEVELS, SampledLevels
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.ladder import BANDS

SECOND = 1_000_000_000
MIDDLE = 100_000


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_advanced_by_seconds_is_one_advanced_over_the_span(seed: int) -> None:
    by_seconds, at_once = Engine(), Engine()
    for event in random_events(random.Random(seed), 250):
        last_ns = min(event.ts_recv_ns, by_seconds.now_ns + 900 * SECOND)
        for now_ns in range(by_seconds.now_ns + SECOND, last_ns, SECOND) if by_seconds.now_ns else ():
            by_seconds.advance(now_ns)
        by_seconds.apply(event)
        at_once.apply(event)
    end_ns = at_once.now_ns + 2_500 * SECOND
    at_once.advance(end_ns)
    for now_ns in range(by_seconds.now_ns + SECOND, end_ns + 1, SECOND):
        by_seconds.advance(now_ns)
    by_seconds.advance(end_ns)
    for request in all_requests(at_once):
        assert_same_view(by_seconds.view(request), at_once.view(request), type(request).__name__)


@pytest.mark.parametrize(("seed", "levels", "most"), [(1, 30, 3), (2, 250, 4), (3, 900, 4), (4, 900, 80), (5, 200, 2)])
def test_levels_that_follow_changes_are_those_of_the_book(seed: int, levels: int, most: int) -> None:
    rng = random.Random(seed)
    book, history, sampled = OrderBook(), DepthHistory(), SampledLevels()

    def side(sign: int, count: int) -> list[tuple[int, float]]:
        return [
            (MIDDLE + sign * (1 + int(rng.expovariate(1.5 / levels))), rng.choice((0.0, 0.0, rng.random())))
            for _ in range(count)
        ]

    for second in range(150):
        if second % 60 == 0:
            bids, asks = ([(MIDDLE + sign * at, rng.random()) for at in range(1, levels)] for sign in (-1, 1))
            whole = snapshot(BINANCE, second * SECOND, bids, asks)
            book.replace(whole)
            history.replace()
        for _ in range(rng.randrange(3)):
            change = delta(BINANCE, second * SECOND, side(-1, rng.randrange(most)), side(1, rng.randrange(most)))
            book.apply(change)
            history.touch(change)
        sampled.update(book, history.changes())
        history.sample(book, range(second, second + 1), 1, 0.1)
        for ours, theirs, sign in zip(sampled.sides, (book.bids, book.asks), (-1, 1), strict=True):
            shown = [(sign * key, size) for key, size in zip(ours.keys, ours.sizes, strict=True)][:LEVELS]
            assert shown == theirs.best_levels(LEVELS)
        assert sampled.imbalances == pytest.approx([book.imbalance(band) for band in BANDS], rel=1e-12, nan_ok=True)
        assert not sampled.update(book, history.changes())


def test_the_bytes_and_ages_of_depth_history_are_those_of_its_chunks() -> None:
    rng = random.Random(6)
    limits = DepthLimits(columns=3_000, nbytes=150_000, thinning=((300, 4), (900, 16)))
    book, history, second = OrderBook(), DepthHistory(limits), 0
    book.replace(snapshot(BINANCE, 0, [(9_999, 1.0)], [(10_001, 1.0)]))
    history.replace()
    for _ in range(1_500):
        change = delta(BINANCE, 0, [(9_990 - rng.randrange(60), rng.random())], [(10_010 + rng.randrange(60), 2.0)])
        book.apply(change)
        history.touch(change)
        span = rng.choice((1, 1, 3, 11, 400 if rng.random() < 0.02 else 2))
        history.sample(book, range(second, second + span), min(span, 10), 0.1)
        second += span
        if rng.random() < 0.01:
            history.rescale(1)
        assert history.nbytes == sum(chunk.nbytes for chunk in history.chunks)
    steps = [chunk.step for chunk in history.chunks]
    assert steps == sorted(steps, reverse=True)
    assert set(steps) == {1, 4, 16}
    for chunk in history.chunks:
        assert chunk.step == 16 or chunk.end > second - 900 - 500
