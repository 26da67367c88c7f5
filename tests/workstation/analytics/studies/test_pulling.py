"""Pulled and stacked size, walls and OBI against loops over raw lines of the real session and synthetic books."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feeds.model.events import BookLost, BookSnapshot, Event, Trade
from feeds.model.frame import Frame
from feeds.recording import RecordingReader
from tests.views import assert_same_view
from tests.workstation.analytics import raw_capture
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    OKX_SPOT,
    SECOND,
    START,
    delta,
    engine_of,
    random_events,
    snapshot,
    trade,
)
from tests.workstation.analytics.raw_capture import FILES, RawBook
from workstation.analytics.book.obi_history import FLOW_S, blended
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.ladder import BANDS, LadderRequest, LadderView, WallRule
from workstation.readmodels.markets import MarketFilter
from workstation.replay.core import Core

ALL = LadderRequest("BTC", markets=MarketFilter(perp=None), row_size=1.0)
MIDDLE = 10_000


def ladder(engine: Engine, request: LadderRequest = ALL) -> LadderView:
    view = engine.view(request)
    assert isinstance(view, LadderView)
    return view


def changes_of(view: LadderView) -> dict[int, tuple[float, float]]:
    """The rows with a change: (bid, ask)."""
    columns = zip(view.rows.tolist(), view.bid_change.tolist(), view.ask_change.tolist(), strict=True)
    return {row: (bid, ask) for row, bid, ask in columns if bid or ask}


# --- pulled and stacked


def one_book() -> list[Event]:
    return [
        snapshot(BINANCE, START, [(9_990, 5.0), (9_980, 3.0)], [(10_010, 4.0), (10_020, 2.0)]),
        delta(BINANCE, START + SECOND, [(9_900, 1.0)], []),
    ]


def test_a_fill_is_no_pull_and_the_rest_is_stacked_or_pulled() -> None:
    later = START + 7 * SECOND
    engine = engine_of(
        [
            *one_book(),
            trade(BINANCE, later, 9_990, 2.0, 2),
            delta(BINANCE, later, [(9_990, 1.0), (9_980, 0.0), (9_970, 6.0)], [(10_010, 9.0)]),
            trade(BINANCE, later, 10_020, 2.0, 1),
            delta(BINANCE, later, [], [(10_020, 0.0)]),
        ]
    )
    view = ladder(engine)
    assert changes_of(view) == {999: (-2.0, 0.0), 998: (-3.0, 0.0), 997: (6.0, 0.0), 1_001: (0.0, 5.0)}
    assert view.change_since_ns == START + 2 * SECOND
    engine.advance(later + 6 * SECOND)
    assert changes_of(ladder(engine)) == {}, "five seconds later nothing has changed any more"


def test_a_book_unknown_for_part_of_the_window_gives_nan() -> None:
    engine = engine_of(one_book())
    engine.advance(START + 5 * SECOND)
    assert np.isnan(ladder(engine).bid_change).all()
    engine.advance(START + 6 * SECOND)
    assert not np.isnan(ladder(engine).bid_change).any()
    engine.apply(BookLost(BINANCE, START + 7 * SECOND, "gap"))
    engine.apply(snapshot(BINANCE, START + 8 * SECOND, [(9_990, 50.0)], [(10_010, 4.0)]))
    assert np.isnan(ladder(engine).bid_change).all()


def test_a_book_that_is_not_known_long_enough_is_left_out_of_the_sum() -> None:
    engine = engine_of(one_book())
    engine.apply(snapshot(BYBIT, START + 5 * SECOND, [(3_996, 7.0)], [(4_004, 7.0)]))
    engine.apply(delta(BINANCE, START + 7 * SECOND, [(9_990, 6.0)], []))
    engine.apply(delta(BYBIT, START + 7 * SECOND, [(3_996, 9.0)], []))
    assert changes_of(ladder(engine)) == {999: (1.0, 0.0)}


@pytest.mark.parametrize("seed", range(4))
def test_size_change_is_stacked_less_pulled_less_filled(seed: int) -> None:
    """On random events with losses, checkpoints and clocks that run back, against whole books stored every second."""
    rng, engine = random.Random(seed), Engine()
    begun: dict[int, dict[str, Any]] = {}
    filled: list[tuple[int, bool, int, float]] = []
    lost: dict[str, int] = {}
    request = LadderRequest("BTC", market=OKX_SPOT.id, row_size=0.3)
    for event in random_events(rng, 700):
        market = engine.market(OKX_SPOT.id)
        now = max(engine.now_ns, getattr(event, "ts_recv_ns", 0)) // SECOND
        if market is not None and market.book.known and now not in begun:
            begun[now] = {"bids": dict(market.book.bids.levels()), "asks": dict(market.book.asks.levels())}
        engine.apply(event)
        if rng.random() < 0.1:
            engine = engine.checkpoint()
        if event.instrument.id != OKX_SPOT.id if hasattr(event, "instrument") else True:
            continue
        if isinstance(event, Trade) and event.aggressor is not None:
            filled.append((event.ts_recv_ns // SECOND, event.aggressor == "sell", event.price_ticks, event.size))
        if isinstance(event, BookLost):
            begun.clear()
        if isinstance(event, BookSnapshot):
            lost.setdefault("first", now)
        view, since = ladder(engine, request), engine.now_ns // SECOND - 5
        if np.isnan(view.bid_change).all():
            continue
        then = next((begun[second] for second in sorted(begun) if second >= since), None)
        book = engine.market(OKX_SPOT.id).book  # type: ignore[union-attr]
        for name, side, hit, change in (
            ("bids", book.bids, True, view.bid_change),
            ("asks", book.asks, False, view.ask_change),
        ):
            for row, found in zip(view.rows.tolist(), change.tolist(), strict=True):
                before = then[name].get(row, 0.0) if then is not None else side.size_at(row)
                traded = sum(size for at, bid, ticks, size in filled if at >= since and bid is hit and ticks == row)
                assert found == pytest.approx(side.size_at(row) - before + traded, abs=1e-9)
    assert lost


def frames_of(recording: Path, kind: str) -> Iterator[Frame]:
    """The frames of the markets of a kind: a third of the session."""
    return (frame for frame in RecordingReader(recording).frames() if frame.connection.split(".")[1] == kind)


@pytest.mark.parametrize("kind", list(FILES))
def test_per_level_on_the_real_session(btc_recording: Path, data: Path, kind: str) -> None:
    """Stacked - pulled - filled is the change of size between two moments, by a plain book built from the raw lines."""
    core = Core()
    raw, prints = iter(raw_capture.lines(data, kind)), raw_capture.trades(data, kind)
    book, waiting = RawBook(kind), next(raw, None)
    tick = Fraction(1, 100) if kind == "spot" else Fraction(1, 10)
    begun: dict[int, tuple[dict[Fraction, Fraction], dict[Fraction, Fraction]]] = {}
    checked = changed = 0
    for frame in frames_of(btc_recording, kind):
        core.consume([frame])
        while waiting is not None and waiting[0] <= frame.ts_recv_ns:
            second = waiting[0] // SECOND
            if book.update_id and second % 10 == 4 and second not in begun:
                begun[second] = dict(book.bids), dict(book.asks)
            book.take(waiting[1])
            waiting = next(raw, None)
        now = core.engine.now_ns // SECOND
        if now % 10 != 9 or now - 5 not in begun:
            continue
        before, since = begun.pop(now - 5), now - 5
        if checked >= 7:
            break
        market = next(m for m in core.engine.bases["BTC"].markets if m.instrument.kind.value == kind)
        view = ladder(core.engine, LadderRequest("BTC", market=market.instrument.id, row_size=float(tick)))
        if market.book.update_id != book.update_id or np.isnan(view.bid_change).any():
            continue
        checked += 1
        hits = [one for one in prints if since * SECOND <= one.ts_recv_ns <= frame.ts_recv_ns]
        for at, row in enumerate(view.rows.tolist()):
            price = row * tick
            for side, then, sold, found in (
                (book.bids, before[0], True, view.bid_change[at]),
                (book.asks, before[1], False, view.ask_change[at]),
            ):
                filled = sum(abs(one.coin) for one in hits if one.price == price and (one.coin < 0) is sold)
                expected = side.get(price, 0) - then.get(price, 0) + filled
                changed += bool(expected)
                assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-9), (kind, price)
    assert checked >= 6
    assert changed > 100


# --- walls


def deep_book(wall: float) -> BookSnapshot:
    bids = [(MIDDLE - 1 - at, 1.0) for at in range(40)]
    bids[30] = (MIDDLE - 31, wall)
    return snapshot(BINANCE, START, bids, [(MIDDLE + 1 + at, 1.0) for at in range(40)])


def seconds(engine: Engine, first: int, count: int) -> None:
    for at in range(first, first + count):
        engine.apply(delta(BINANCE, START + at * SECOND, [], []))


def test_a_wall_that_vanishes_untouched_is_marked_for_a_minute() -> None:
    engine = engine_of([deep_book(100.0)])
    seconds(engine, 1, 6)
    engine.apply(delta(BINANCE, START + 7 * SECOND - 1, [(MIDDLE - 31, 2.0)], []))
    seconds(engine, 7, 1)
    (wall,) = ladder(engine).pulled
    assert (wall.bid, wall.price, wall.size, wall.row) == (True, 996.9, 100.0, 996)
    assert (wall.at_ns, wall.stood_ns) == (START + 7 * SECOND, 6 * SECOND)
    assert ladder(engine.checkpoint()).pulled == (wall,)
    seconds(engine, 8, 61)
    assert ladder(engine).pulled == ()


def test_small_young_filled_or_reached_levels_are_not_pulled() -> None:
    gone = delta(BINANCE, START + 7 * SECOND - 1, [(MIDDLE - 31, 0.0)], [])

    def pulled(*events: Event, wall: float = 100.0) -> tuple[Any, ...]:
        engine = engine_of([deep_book(wall)])
        seconds(engine, 1, 6)
        for event in events:
            engine.apply(event)
        seconds(engine, 7, 2)
        return ladder(engine).pulled

    assert len(pulled(gone)) == 1
    assert pulled(gone, wall=49.0) == (), "49 times the median"
    assert pulled(trade(BINANCE, START + 7 * SECOND - 2, MIDDLE - 31, 99.0, 2), gone) == ()
    near = [(MIDDLE - 1 - at, 0.0) for at in range(25)]
    assert pulled(delta(BINANCE, START + 7 * SECOND - 2, near, []), gone) == (), "price was five ticks away"
    short = engine_of([deep_book(1.0)])
    seconds(short, 1, 6)
    short.apply(delta(BINANCE, START + 7 * SECOND - 1, [(MIDDLE - 31, 100.0)], []))
    seconds(short, 7, 1)
    short.apply(delta(BINANCE, START + 8 * SECOND - 1, [(MIDDLE - 31, 0.0)], []))
    seconds(short, 8, 2)
    assert ladder(short).pulled == ()
    assert WallRule().stood_s == 3


# --- OBI through time


def test_history_is_weighted_by_the_flow_of_the_five_minutes_before() -> None:
    rng = np.random.default_rng(3)
    values, flow = rng.uniform(-1, 1, (3, 50)), rng.integers(0, 5, (3, 50)).astype(float)
    values[rng.random((3, 50)) < 0.3] = np.nan
    found = blended(values, flow)
    for at in range(50):
        known = [row for row in range(3) if values[row, at] == values[row, at]]
        weights = [flow[row, at] for row in known]
        if not any(weights):
            weights = [1.0] * len(known)
        if not known:
            assert np.isnan(found[at])
        else:
            expected = sum(w * values[row, at] for w, row in zip(weights, known, strict=True)) / sum(weights)
            assert found[at] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_flow_beside_a_sample_is_of_the_five_minutes_before_it() -> None:
    engine = engine_of([snapshot(BINANCE, START, [(9_990, 3.0)], [(10_010, 1.0)])])
    taken: list[float] = []
    for at in range(1, 2_600):
        engine.apply(delta(BINANCE, START + at * SECOND, [], []))
        taken.append(float(at % 7))
        engine.apply(trade(BINANCE, START + at * SECOND + 1, MIDDLE, taken[-1] / 1_000, 1))
    market = engine.market(BINANCE.id)
    assert market is not None
    values, flow = market.obi.series(0.002)
    assert len(values) == len(flow) == 1_800
    assert set(values.tolist()) == {0.5}
    expected = [sum(taken[at - FLOW_S : at]) for at in range(len(taken) - 1_800, len(taken))]
    np.testing.assert_allclose(flow, expected, rtol=1e-9)
    assert np.isnan(market.obi.series(0.003)[0]).all(), "no such band"


def test_all_bands_are_sampled_as_one_by_one() -> None:
    rng = random.Random(1)
    bids = [(MIDDLE - 1 - at, rng.random()) for at in range(300)]
    asks = [(MIDDLE + 1 + 2 * at, rng.random()) for at in range(300)]
    engine = engine_of([snapshot(BINANCE, START, bids, asks)])
    market = engine.market(BINANCE.id)
    assert market is not None
    book = market.book
    engine.advance(START + 5_000_000_000)
    assert market.levels.imbalances == pytest.approx([book.imbalance(band) for band in BANDS], rel=1e-12)
    assert [market.levels.imbalance(book, band) for band in BANDS] == [book.imbalance(band) for band in BANDS]


@pytest.mark.parametrize("kind", list(FILES))
def test_obi_of_the_real_session(btc_recording: Path, data: Path, kind: str) -> None:
    """At moments all through the session, in three bands, against fractions over the raw lines."""
    core, raw, book = Core(), iter(raw_capture.lines(data, kind)), RawBook(kind)
    waiting, checked, next_ns = next(raw, None), 0, 0
    for frame in frames_of(btc_recording, kind):
        core.consume([frame])
        while waiting is not None and waiting[0] <= frame.ts_recv_ns:
            book.take(waiting[1])
            waiting = next(raw, None)
        if frame.ts_recv_ns < next_ns or not book.update_id:
            continue
        market = next((m for m in core.engine.bases["BTC"].markets if m.instrument.kind.value == kind), None)
        if market is None or not market.book.known or market.book.update_id != book.update_id:
            continue
        next_ns = frame.ts_recv_ns + 15 * SECOND
        checked += 1
        for band in (0.0005, 0.002, 0.02):
            expected = book.imbalance(Fraction(str(band)))
            assert expected is not None
            assert market.book.imbalance(band) == pytest.approx(float(expected), rel=1e-9, abs=1e-12)
    assert checked >= 20


def test_a_checkpoint_continues_like_the_original() -> None:
    rng, engine = random.Random(11), Engine()
    events = random_events(rng, 500)
    for event in events[:250]:
        engine.apply(event)
    copy = engine.checkpoint().checkpoint()
    for event in events[250:]:
        engine.apply(event)
        copy.apply(event)
        assert_same_view(ladder(copy), ladder(engine))
