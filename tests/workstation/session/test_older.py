"""Older trades from the recording: what was dropped comes back, once, and what was never here comes in."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from feeds.model.events import Trade, TradesLive
from feeds.recording import RecordingReader
from tests.bench.captures import BTC, recording
from tests.workstation.analytics.market_events import BINANCE, BYBIT, MINUTE, SECOND, START, random_trades
from tests.workstation.replay.pieces import sample_frames, write
from workstation.analytics.engine import Engine
from workstation.analytics.state.base import side_of
from workstation.analytics.state.limits import Limits
from workstation.analytics.state.stored import StoredTrades
from workstation.analytics.store.column_store import CHUNK
from workstation.analytics.store.trades import LOADED_CAPS, TradeStore
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketFilter
from workstation.replay.build import Rhythm, build
from workstation.replay.core import Core
from workstation.session.desk import Desk
from workstation.session.older import IndexedTrades, OlderTrades, older_trades
from workstation.session.replay import ReplaySession

ASKED = FootprintRequest("BTC", MarketFilter(perp=None), row_size=1.0)


def chart(engine: Engine) -> FootprintView:
    view = engine.view(ASKED)
    assert isinstance(view, FootprintView)
    return view


def filled(trades: list[Trade], since_ns: int = START, until_ns: int = START + 60 * MINUTE) -> list[StoredTrades]:
    markets = {item.instrument.id: item.instrument for item in trades}
    rows = {
        one: [
            (item.ts_venue_ns, item.price_ticks, item.size, item.notional, side_of(item))
            for item in trades
            if item.instrument.id == one and item.ts_venue_ns < until_ns
        ]
        for one in markets
    }
    return [
        StoredTrades(market, TradeStore().columns_of(rows[one]), ((since_ns, until_ns),))
        for one, market in markets.items()
    ]


@pytest.mark.parametrize("late", [0.0, 0.2])
def test_what_was_dropped_comes_back_once(late: float) -> None:
    trades = random_trades(random.Random(1), 3 * CHUNK + 50, (BINANCE, BYBIT), span_ns=60 * MINUTE, late=late)
    short, whole = Engine(Limits(trades=2 * CHUNK)), Engine()
    for engine in (short, whole):
        for market in (BINANCE, BYBIT):
            engine.apply(TradesLive(market, START))
        for item in trades:
            engine.apply(item)
    assert len(chart(short).bars) < 60 == len(chart(whole).bars)
    assert short.restore("BTC", filled(trades)) == CHUNK
    assert short.restore("BTC", filled(trades)) == 0
    ours, theirs = chart(short), chart(whole)
    assert [(bar.start_ns, bar.trades, bar.buy, bar.sell, bar.high, bar.low) for bar in ours.bars] == [
        (bar.start_ns, bar.trades, bar.buy, bar.sell, bar.high, bar.low) for bar in theirs.bars
    ]
    assert ours.cvd == pytest.approx(theirs.cvd)
    assert ours.vwap == pytest.approx(theirs.vwap)


def test_what_was_never_here_comes_in_and_is_complete() -> None:
    trades = random_trades(random.Random(2), 600, (BINANCE,), span_ns=20 * MINUTE, late=0.0)
    engine = Engine()
    engine.apply(TradesLive(BINANCE, START))
    for item in trades[300:]:
        engine.apply(item)
    older = trades[:300]
    assert engine.restore("BTC", filled(older, START, trades[300].ts_venue_ns)) == 300
    bars = chart(engine).bars
    assert sum(bar.trades for bar in bars) == 600
    assert bars[0].start_ns == START
    assert all(bar.complete for bar in bars[1:])


def test_of_a_moment_at_the_bound_of_what_was_received_only_what_is_not_stored_comes() -> None:
    trades = random_trades(random.Random(3), 50, (BINANCE,), span_ns=MINUTE, late=0.0)
    engine = Engine()
    engine.apply(TradesLive(BINANCE, START))
    for item in trades:
        engine.apply(item)
    first = trades[0]
    other = msgspec.structs.replace(first, price_ticks=first.price_ticks + 1)
    inner = msgspec.structs.replace(trades[25], price_ticks=first.price_ticks + 1)
    assert engine.restore("BTC", filled([other, first, inner], START, first.ts_venue_ns + 1)) == 1
    assert sum(bar.trades for bar in chart(engine).bars) == 51


def test_a_span_of_a_recording_holds_its_trades(data: Path) -> None:
    reader = RecordingReader(_sample(data))
    start, end = reader.start_ns or 0, reader.end_ns or 0
    middle = start + (end - start) // 2
    core = Core()
    core.consume(list(reader.frames(None, middle)))
    store = core.engine.bases["BTC"].trades
    older = OlderTrades(reader, "BTC", start, middle)
    for _ in older.slices():
        pass
    found = older.found()
    inside = sum(len(piece.trades.ts) for piece in found)
    assert inside == len(store)
    assert core.engine.restore("BTC", found) == 0
    late = OlderTrades(reader, "BTC", start + (end - start) // 4, middle)
    for _ in late.slices():
        pass
    assert 0 < sum(len(piece.trades.ts) for piece in late.found()) < inside


async def test_the_desk_brings_dropped_trades_back(data: Path) -> None:
    session = ReplaySession(RecordingReader(_sample(data)))
    session.tape.core = Core(Limits(trades=CHUNK))
    desk = Desk()
    desk.hold(session, session.end_ns)
    store = desk.engine.bases["BTC"].trades
    assert store.total > 2 * CHUNK > len(store)
    first_ns = store.first_ns or 0
    assert desk.load_older("BTC", first_ns)
    assert not desk.load_older("BTC", first_ns)
    for _ in range(100_000):
        if len(store) >= LOADED_CAPS * CHUNK:
            break
        await asyncio.sleep(0)
    assert len(store) == LOADED_CAPS * CHUNK
    assert (store.first_ns or 0) < first_ns - SECOND
    for _ in range(10):
        await asyncio.sleep(0)
    assert not desk.load_older("BTC", store.first_ns or 0)
    await desk.close()


def test_an_index_holds_the_trades_that_the_frames_do(tmp_path: Path) -> None:
    path = write(tmp_path / "sample.mcap", sample_frames())
    assert [*build(path, rhythm=Rhythm(frames=1_000, most_frames=1_000, slice_frames=50))]
    reader = RecordingReader(path)
    start_ns, end_ns = reader.start_ns or 0, (reader.end_ns or 0) + 1
    middle_ns = (start_ns + end_ns) // 2
    for since_ns, until_ns in ((start_ns, end_ns), (start_ns - MINUTE, middle_ns), (middle_ns, end_ns)):
        indexed, decoded = (
            older_trades(reader, "BTC", since_ns, until_ns), OlderTrades(reader, "BTC", start_ns - MINUTE, end_ns)
        )  # fmt: skip
        assert isinstance(indexed, IndexedTrades)
        for each in (indexed, decoded):
            for _ in each.slices():
                pass
        whole = {piece.instrument.id: piece for piece in decoded.found()}
        assert indexed.found()
        for piece in indexed.found():
            other = whole[piece.instrument.id].trades
            assert piece.trades.rows() == other.where((other.ts >= since_ns) & (other.ts < until_ns)).rows()


def _sample(data: Path) -> Path:
    assert data.exists()
    return recording(BTC)
