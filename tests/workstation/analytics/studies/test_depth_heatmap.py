"""The depth heatmap against books sampled from the list of events, one second at a time, level by level."""

from __future__ import annotations

import json
import math
import random
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feeds.importers import import_captures
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event, Relisted
from feeds.model.instrument import Instrument
from feeds.recording import RecordingReader
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    MARKETS,
    SECOND,
    START,
    delta,
    engine_of,
    market,
    snapshot,
)
from workstation.analytics.book.book import OrderBook
from workstation.analytics.book.depth_history import BAND, CHUNK, DEPTH_LIMITS, DepthHistory, DepthLimits
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.analytics.state.market import STALE_NS
from workstation.analytics.views.heatmap import round_factor
from workstation.readmodels.flow.heatmap import HeatCellRequest, HeatCellView, HeatmapRequest, HeatmapView
from workstation.readmodels.markets import MarketFilter
from workstation.replay.core import Core

ALL = MarketFilter(perp=None)
Levels = dict[int, float]
Book = tuple[Levels, Levels]
Cells = dict[tuple[int, int], float]  # (row, bucket) -> size


# --- the slow reference


def books_at(events: list[Event], until_ns: int) -> dict[int, dict[Instrument, Book]]:
    """The live books at every whole second, from all events received before it."""
    books: dict[Instrument, Book | None] = {}
    received: dict[Instrument, int] = {}
    found: dict[int, dict[Instrument, Book]] = {}
    queue = list(events)
    first = -(-queue[0].ts_recv_ns // SECOND) if queue[0].ts_recv_ns % SECOND else queue[0].ts_recv_ns // SECOND + 1
    for second in range(first, until_ns // SECOND + 1):
        while queue and queue[0].ts_recv_ns < second * SECOND:
            take(books, received, queue.pop(0))
        found[second] = {
            instrument: deepcopy(book)
            for instrument, book in books.items()
            if book is not None and book[0] and book[1] and second * SECOND - received[instrument] <= STALE_NS
        }
    return found


def take(books: dict[Instrument, Book | None], received: dict[Instrument, int], event: Event) -> None:
    match event:
        case BookSnapshot():
            books[event.instrument] = ({**dict(event.bids)}, {**dict(event.asks)})
        case BookDelta():
            book = books.get(event.instrument)
            for side, changes in zip(book or (), (event.bids, event.asks), strict=False):
                side.update(changes)
                for price in [price for price, size in side.items() if not size]:
                    del side[price]
        case BookLost():
            books[event.instrument] = None
    if isinstance(event, (BookSnapshot, BookDelta)):
        received[event.instrument] = event.ts_recv_ns


def cells_of(books: dict[int, dict[Instrument, Book]], row_size: Fraction, seconds: int) -> tuple[Cells, Cells]:
    """Every cell: sums over markets and levels second by second, then the largest of the bucket."""
    bids: Cells = {}
    asks: Cells = {}
    for second, found in books.items():
        sums: tuple[Cells, Cells] = ({}, {})
        for instrument, book in found.items():
            for at, (side, rounded) in enumerate(zip(book, (math.floor, math.ceil), strict=True)):
                for ticks, size in side.items():
                    key = (rounded(ticks * instrument.tick / row_size), second // seconds)
                    sums[at][key] = sums[at].get(key, 0.0) + size
        for cells, sum_ in zip((bids, asks), sums, strict=True):
            for key, size in sum_.items():
                cells[key] = max(cells.get(key, 0.0), size)
    return bids, asks


def shown(view: HeatmapView) -> tuple[Cells, Cells]:
    """The cells of a view that are not empty."""
    cells: tuple[Cells, Cells] = ({}, {})
    for tile in view.tiles:
        for found, sizes in zip(cells, (tile.bid, tile.ask), strict=True):
            for row, bucket in zip(*np.nonzero(sizes), strict=True):
                found[tile.first_row + int(row), tile.first_bucket + int(bucket)] = float(sizes[row, bucket])
    return cells


def heat(engine: Engine, **asked: Any) -> HeatmapView:
    view = engine.view(HeatmapRequest("BTC", **asked))
    assert isinstance(view, HeatmapView)
    return view


def near(cells: Cells) -> Any:
    return pytest.approx(cells, rel=1e-6, abs=2e-8)


# --- random books, all of them inside the band


def book_events(rng: random.Random, count: int, markets: tuple[Instrument, ...] = MARKETS) -> list[Event]:
    """Snapshots, changes, gaps and pauses around a price of 1,000."""
    now_ns = START + 80_000 * SECOND + 3
    events: list[Event] = [whole(rng, instrument, now_ns) for instrument in markets]
    for _ in range(count):
        now_ns += rng.choice((0, 30_000_000, 400_000_000, 400_000_000, 2 * SECOND))
        now_ns += 14 * SECOND if rng.random() < 0.01 else 0
        instrument, draw = rng.choice(markets), rng.random()
        middle = instrument.ticks_from_price(1_000.2)
        if draw < 0.9:
            bids = [(middle - rng.randint(1, 12), rng.choice((0.0, rng.random()))) for _ in range(4)]
            asks = [(middle + rng.randint(1, 12), rng.choice((0.0, rng.random()))) for _ in range(4)]
            events.append(delta(instrument, now_ns, list(dict(bids).items()), list(dict(asks).items())))
        else:
            events.append(whole(rng, instrument, now_ns) if draw < 0.96 else BookLost(instrument, now_ns, "gap"))
    return events


def whole(rng: random.Random, instrument: Instrument, now_ns: int) -> BookSnapshot:
    middle = instrument.ticks_from_price(1_000.2)
    bids = [(middle - at, rng.random()) for at in range(1, 13) if rng.random() < 0.7]
    asks = [(middle + at, rng.random()) for at in range(1, 13) if rng.random() < 0.7]
    return snapshot(instrument, now_ns, bids, asks)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("row", "seconds"), [("0.3", 1), ("0.7", 1), ("1", 5), ("2", 64)])
def test_cells_are_those_of_the_books_of_every_second(seed: int, row: str, seconds: int) -> None:
    events = book_events(random.Random(seed), 400)
    engine = engine_of(events)
    bids, asks = cells_of(books_at(events, engine.now_ns), Fraction(row), seconds)
    assert bids
    assert asks
    view = heat(engine, markets=ALL, row_size=float(row), seconds=seconds, low=980.0, high=1_020.0)
    found = shown(view)
    assert found[0] == near(bids)
    assert found[1] == near(asks)


@pytest.mark.parametrize("seed", range(4))
def test_columns_count_the_live_books_and_hold_the_best_prices(seed: int) -> None:
    events = book_events(random.Random(seed), 300)
    engine = engine_of(events)
    books = books_at(events, engine.now_ns)
    columns = heat(engine, markets=ALL).columns
    begun: set[Instrument] = set()
    for second, found in books.items():
        at = second - columns.first_bucket
        assert columns.live[at] == len(found)
        begun |= set(found)
        assert columns.known[at] == len(begun)
        bids = [instrument.price_from_ticks(max(book[0])) for instrument, book in found.items()]
        asks = [instrument.price_from_ticks(min(book[1])) for instrument, book in found.items()]
        assert columns.bid[at] == pytest.approx(min(bids, default=math.nan), nan_ok=True)
        assert columns.ask[at] == pytest.approx(max(asks, default=math.nan), nan_ok=True)
    assert columns.first_bucket + len(columns.live) == engine.now_ns // SECOND + 1


def test_a_lost_or_stale_book_leaves_empty_columns() -> None:
    first = START // SECOND
    book = snapshot(BINANCE, START + 5, [(9_999, 2.0)], [(10_001, 3.0)])
    lost = BookLost(BINANCE, START + 4 * SECOND + 5, "gap")
    back = snapshot(BINANCE, START + 8 * SECOND + 5, [(9_998, 1.0)], [(10_001, 1.0)])
    engine = engine_of([book, delta(BINANCE, START + 3 * SECOND + 5, [(9_999, 4.0)], []), lost, back])
    engine.advance(START + 30 * SECOND)
    view = heat(engine, market=BINANCE.id, row_size=0.1)
    bids, _ = shown(view)
    seconds = {at: size for (row, at), size in bids.items() if row in (9_998, 9_999)}
    assert [at - first for at in sorted(seconds)] == [1, 2, 3, 4, *range(9, 19)]
    assert [seconds[first + at] for at in (1, 3, 4, 9)] == [2.0, 2.0, 4.0, 1.0]
    live = view.columns.live[first - view.columns.first_bucket :]
    assert live.tolist() == [0, 1, 1, 1, 1, 0, 0, 0, 0, *[1] * 10, *[0] * 12]
    merged = heat(engine, market=BINANCE.id, row_size=0.1, seconds=4).columns
    assert merged.live[first // 4 - merged.first_bucket :].tolist() == [0, 0, 0, 1, 0, 0, 0, 0][: len(merged.live)]


@pytest.mark.parametrize("seed", range(4))
def test_columns_do_not_depend_on_the_requested_range_or_on_seeking(seed: int) -> None:
    rng = random.Random(seed)
    events = book_events(rng, 500)
    straight, pieced = engine_of(events), Engine()
    asked = {"markets": ALL, "row_size": 0.5, "seconds": rng.choice((1, 3, 16)), "low": 990.0, "high": 1_010.0}
    for event in events:
        pieced.advance(event.ts_recv_ns - rng.choice((0, 1)))
        pieced.apply(event)
        if rng.random() < 0.2:
            heat(pieced, **asked)
        if rng.random() < 0.05:
            pieced = pieced.checkpoint()
    for engine in (straight, pieced):
        engine.advance(events[-1].ts_recv_ns + SECOND)
    assert_same_view(heat(straight, **asked), heat(pieced, **asked))


def test_a_checkpoint_shares_closed_chunks() -> None:
    events = book_events(random.Random(1), 1_400)
    engine = engine_of(events[:700])
    ours, theirs = engine.bases["BTC"].markets[0].depth, engine.checkpoint().bases["BTC"].markets[0].depth
    shared = ours.chunks
    assert shared
    assert all(one is other for one, other in zip(shared, theirs.chunks, strict=True))
    for event in events[700:]:
        engine.apply(event)
    assert len(ours.chunks) > len(shared) == len(theirs.chunks)


def test_a_cell_lists_each_market() -> None:
    events = book_events(random.Random(2), 300)
    engine = engine_of(events)
    second = engine.now_ns // SECOND - 20
    row = 999
    view = engine.view(HeatCellRequest("BTC", None, ALL, 1.0, 10, second // 10, row))
    assert isinstance(view, HeatCellView)
    books = {at: found for at, found in books_at(events, engine.now_ns).items() if at // 10 == second // 10}
    for at, instrument in enumerate(engine.instruments()):
        alone = {second: {instrument: found[instrument]} for second, found in books.items() if instrument in found}
        bids, _ = cells_of(alone, Fraction(1), 10)
        wanted = bids.get((row, second // 10), 0.0) if alone else math.nan
        assert view.bid[at] == pytest.approx(wanted, rel=1e-6, nan_ok=True)


def test_a_finer_price_step_leaves_every_level_at_its_price() -> None:
    fine = market(tick="0.05")
    events = book_events(random.Random(3), 200, (BINANCE,))
    engine = engine_of(events)
    before = heat(engine, market=BINANCE.id, row_size=0.1, low=990.0, high=1_010.0)
    engine.apply(Relisted(fine, engine.now_ns))
    after = heat(engine, market=BINANCE.id, row_size=0.1, low=990.0, high=1_010.0)
    assert shown(before)[0] == shown(after)[0]
    assert shown(before)[1] == shown(after)[1]


def test_finished_tiles_are_shared_and_only_the_asked_range_is_given() -> None:
    events = book_events(random.Random(4), 600)
    engine = engine_of(events[:-100])
    before = {(tile.first_bucket, tile.first_row): tile for tile in heat(engine, row_size=0.5).tiles}
    for event in events[-100:]:
        engine.apply(event)
    after = {(tile.first_bucket, tile.first_row): tile for tile in heat(engine, row_size=0.5).tiles}
    finished = [key for key in before if key in after and (key[0] + 64) * SECOND < events[-100].ts_recv_ns]
    assert finished
    assert all(before[key] is after[key] for key in finished)
    assert any(before[key] is not after[key] for key in before)
    start_ns = engine.now_ns - 70 * SECOND
    part = heat(engine, row_size=0.5, start_ns=start_ns, low=999.0, high=999.5)
    assert {tile.first_row // 256 for tile in part.tiles} == {1_998 // 256}
    assert len(part.tiles) <= 3
    assert all((tile.first_bucket + 64) * SECOND > start_ns for tile in part.tiles)


# --- old columns


def steady(seconds: int, seed: int, limits: DepthLimits = DEPTH_LIMITS) -> tuple[DepthHistory, list[Book]]:
    """A history of a book in which some levels change every second, and the books themselves."""
    rng = random.Random(seed)
    book, history, books = OrderBook(), DepthHistory(limits), []
    bids, asks = [(10_000 - at, rng.random()) for at in range(1, 60)], [(10_000 + at, 1.0) for at in range(1, 60)]
    book.replace(snapshot(BINANCE, 0, bids, asks))
    for second in range(seconds):
        middle = 10_000
        change = delta(
            BINANCE,
            0,
            [(middle - rng.randint(1, 60), rng.choice((0.0, rng.random()))) for _ in range(6)],
            [(middle + rng.randint(1, 60), rng.choice((0.0, rng.random()))) for _ in range(6)],
        )
        book.apply(change)
        history.touch(change)
        books.append((dict(book.bids.levels()), dict(book.asks.levels())))
        history.sample(book, range(second, second + 1), 1, 0.1)
    return history, books


def test_old_columns_are_merged_by_the_largest_size() -> None:
    history, books = steady(900, 5, DepthLimits(thinning=((100, 4), (400, 16))))
    steps = set()
    for chunk in history.chunks:
        steps.add(chunk.step)
        cells: Cells = {}
        for second in range(chunk.start, chunk.end):
            for ticks, size in books[second][0].items():
                key = (ticks, second // chunk.step)
                cells[key] = max(cells.get(key, 0.0), size)
        found: Cells = {}
        begin, end = chunk.span(chunk.bids)
        for ticks, start, stop, size in zip(chunk.bids.ticks, begin, end, chunk.bids.size, strict=True):
            for second in range(start, stop):
                key = (int(ticks) + chunk.low, second // chunk.step)
                assert found.setdefault(key, float(size)) == float(size)
        assert found == near(cells)
        lowest = [max(books[second][0]) for second in range(chunk.start, chunk.end)]
        for cell in range(chunk.best.shape[1]):
            inside = [at for at in range(chunk.start, chunk.end) if (at - chunk.origin) // chunk.step == cell]
            assert chunk.best[0, cell] == min(lowest[at - chunk.start] for at in inside)
    assert steps == {1, 4, 16}


@pytest.mark.parametrize("seed", range(3))
def test_cached_views_of_old_columns_equal_fresh_ones(seed: int) -> None:
    limits = Limits(depth=DepthLimits(columns=300, thinning=((60, 4), (120, 16))))
    events = book_events(random.Random(seed), 800)
    watched, fresh = Engine(limits), engine_of(events, limits)
    asked = {"markets": ALL, "row_size": 0.5, "seconds": 1, "low": 990.0, "high": 1_010.0}
    for event in events:
        watched.apply(event)
        heat(watched, **asked)
    assert_same_view(heat(watched, **asked), heat(fresh, **asked))


def test_memory_is_bounded_by_bytes_and_by_time() -> None:
    history, _ = steady(2_000, 6, DepthLimits(nbytes=60_000))
    most = max(chunk.nbytes for chunk in history.chunks)
    assert 0.5 * 60_000 < history.nbytes <= 60_000 + most
    history, _ = steady(2_000, 6, DepthLimits(columns=500))
    assert history.start is not None
    assert 500 <= 2_000 - history.start < 500 + 4 * CHUNK
    assert DEPTH_LIMITS.nbytes <= 24_000_000
    assert DEPTH_LIMITS.columns >= 4 * 3_600


def test_a_moving_price_leaves_half_of_the_band_on_both_sides() -> None:
    book, history = OrderBook(), DepthHistory()
    for second in range(300):
        middle = 10_000 + 3 * second
        levels = 400
        bids, asks = [(middle - at, 1.0) for at in range(1, levels)], [(middle + at, 2.0) for at in range(1, levels)]
        book.replace(snapshot(BINANCE, 0, bids, asks))
        history.replace()
        history.sample(book, range(second, second + 1), 1, 0.1)
    for chunk in [*history.chunks, *history.between(299, 300)]:
        for second in range(chunk.start, chunk.end):
            middle = 10_000 + 3 * second
            assert chunk.low <= middle * (1 - 0.49 * BAND)
            assert chunk.high >= middle * (1 + 0.49 * BAND)
            begin, end = chunk.span(chunk.bids)
            there = set((chunk.bids.ticks[(begin <= second) & (end > second)] + chunk.low).tolist())
            assert there == {ticks for ticks in range(middle - levels + 1, middle) if ticks >= chunk.low}


def test_row_sizes_are_round() -> None:
    assert [round_factor(wanted) for wanted in (0.2, 1.0, 1.1, 3.0, 7.0, 11.0, 999.0)] == [1, 1, 2, 5, 10, 20, 1_000]


# --- a real session


@pytest.fixture(scope="module")
def session(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    files = [data / f"binance-2024-08-08/usdm/{name}usdt_20240808.gz" for name in ("btc",)]
    recording = tmp_path_factory.mktemp("heat") / "usdm.mcap"
    import_captures("hftbacktest", files, recording)
    return files, recording


def test_columns_of_a_real_session_are_the_books_of_those_moments(session: tuple[list[Path], Path]) -> None:
    """Against the engine's own book at the moment, and against a book built from the lines of the capture."""
    files, recording = session
    reader = RecordingReader(recording)
    core, column = Core(), 0
    asked = {"row_size": 0.1, "start_ns": 0, "end_ns": 0}
    raw = raw_books(files[0])
    checked = 0
    for frame in reader.frames():
        second = frame.ts_recv_ns // SECOND
        if second > column and column and second % 20 == 0:
            engine = core.engine
            engine.advance(second * SECOND)
            (own,) = engine.bases["BTC"].markets
            mid = own.book.mid_ticks()
            if mid is not None:
                bids, asks = dict(own.book.bids.levels()), dict(own.book.asks.levels())
                price = mid / 10
                low, high = price * 0.9905, price * 1.0095
                view = heat(engine, **{**asked, "start_ns": second * SECOND, "low": price - 40, "high": price + 40})
                found = shown(view)
                cells = [{row: size for (row, at), size in side.items() if at == second} for side in found]
                rows = {row for tile in view.tiles for row in range(tile.first_row, tile.first_row + 256)}
                wide = [{t: s for t, s in side.items() if t in rows} for side in (bids, asks)]
                assert low < min(rows) / 10
                assert max(rows) / 10 < high
                assert cells[0] == near(wide[0])
                assert cells[1] == near(wide[1])
                theirs = next(book for at, book in raw if at == second)
                for cell, side in zip(cells, theirs, strict=True):
                    assert cell == near({t: s for t, s in side.items() if t in rows})
                checked += 1
        column = second
        core.consume([frame])
    assert checked >= 15


def raw_books(path: Path) -> Any:
    """(second, (bids, asks)) from the lines of the capture, every 20 s: the sizes by price in tenths."""
    import gzip

    sides: tuple[Levels, Levels] = ({}, {})
    waiting: list[dict[str, Any]] = []
    last: int | None = None
    before = 0
    with gzip.open(path, "rt") as lines:
        for line in lines:
            stamp, body = line.split(" ", 1)
            second = int(stamp) // SECOND
            if before and second > before and second % 20 == 0:
                yield second, sides
            before = second
            message = json.loads(body)
            if "lastUpdateId" in message:
                last = message["lastUpdateId"]
                for side, levels in zip(sides, (message["bids"], message["asks"]), strict=True):
                    side.clear()
                    put(side, levels)
                for old in waiting:
                    if old["u"] >= last:
                        put(sides[0], old["b"])
                        put(sides[1], old["a"])
            elif message.get("data", {}).get("e") == "depthUpdate":
                if last is None:
                    waiting.append(message["data"])
                elif message["data"]["u"] >= last:
                    put(sides[0], message["data"]["b"])
                    put(sides[1], message["data"]["a"])


def put(side: Levels, levels: list[list[str]]) -> None:
    for price, size in levels:
        ticks = round(float(price) * 10)
        if float(size):
            side[ticks] = float(size)
        else:
            side.pop(ticks, None)
