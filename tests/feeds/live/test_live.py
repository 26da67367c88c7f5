"""The live source against the simulated venue, on one manual clock."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from feeds.live.source import LiveSource
from feeds.model.clock import ManualClock
from feeds.model.events import BookLost, Connected, Disconnected, Event, Side, Trade, TradesLive, TradesLost
from feeds.model.frame import Frame, FrameKind, spec_from_frame
from feeds.model.instrument import InstrumentId, MarketKind, Venue
from feeds.model.protocol import Fetch, Reconnect, Send
from feeds.pipeline.feed import Feed
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.service.faults import Fault, FaultKind
from feeds.simulator.service.server import Server, serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS, protocol_for
from tests.feeds.venues.binance.wire import Book

MS = 1_000_000
START_NS = 1_790_000_000_000 * MS
QUIET_NS = 250 * MS
BASES = ("BTC", "ETH")
CONNECTIONS = {"binance.linear.public", "binance.linear.market", "binance.inverse.all", "binance.spot.all"}
MARKETS = {
    InstrumentId(f"{base}{quote}.binance.{kind}")
    for base in BASES
    for quote, kind in (("USDT", "linear"), ("USD_PERP", "inverse"), ("USDT", "spot"))
}
PUBLIC = "binance.linear.public"


async def eventually(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Let the loop run until a condition holds."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it never came true"
        await asyncio.sleep(0.005)


class Desk:
    """A source with its decoders, a server, and the clock of both."""

    def __init__(self, server: Server, clock: ManualClock) -> None:
        self.server = server
        self.clock = clock
        self.feed = Feed(protocol_for)
        self.frames: list[Frame] = []
        self.events: list[Event] = []
        self.books: dict[InstrumentId, Book] = {}
        self.source = LiveSource(BASES, [loopback(DRIVERS[Venue("binance")], server.port)], clock, seed=1)
        self.task = asyncio.create_task(self._listen(), name="desk")

    async def _listen(self) -> None:
        async for batch in self.source.batches():
            for frame in batch:
                self._receive(frame)
            for connection, request in self.feed.take_requests():
                self.source.perform(connection, request)

    def _receive(self, frame: Frame) -> None:
        if frame.kind is FrameKind.TIMER:
            self.feed.tick(frame.ts_recv_ns)
            return
        self.frames.append(frame)
        for event in self.feed.receive(frame):
            self.events.append(event)
            if (instrument := getattr(event, "instrument", None)) is not None:
                self.books.setdefault(instrument.id, Book()).apply((event,))

    async def play(self, seconds: float) -> dict[InstrumentId, tuple[int, Ledger]]:
        """Advance the clock; returns each market's ledger at the last time when no fill was being merged."""
        changed: dict[InstrumentId, tuple[int, int]] = {}
        quiet: dict[InstrumentId, tuple[int, Ledger]] = {}
        for _ in range(round(seconds * 50)):
            self.clock.advance(20 * MS)
            self.server.advance()
            await asyncio.sleep(0)
            now_ns = self.clock.now_ns()
            for market in self.server.simulation.markets:
                name, ledger = market.spec.instrument.id, market.tape.ledger
                if changed.get(name, (0, -1))[1] != ledger.trades:
                    changed[name] = now_ns, ledger.trades
                elif now_ns - changed[name][0] >= QUIET_NS:
                    quiet[name] = changed[name][0], dataclasses.replace(ledger)
        return quiet

    def connected(self) -> set[str]:
        names: set[str] = set()
        for event in self.events:
            if isinstance(event, Connected):
                names.add(event.connection)
            elif isinstance(event, Disconnected):
                names.discard(event.connection)
        return names

    def trades(self, name: InstrumentId) -> list[Trade]:
        return [event for event in self.events if isinstance(event, Trade) and event.instrument.id == name]

    def all_known(self) -> bool:
        return self.books.keys() >= MARKETS and all(self.books[name].known for name in MARKETS)

    def all_right(self) -> bool:
        """Whether every book's best five levels are those of the simulated market at this moment."""
        for market in self.server.simulation.markets:
            ours, spec = self.books[market.spec.instrument.id], market.spec
            sides = (ours.bids.items()[-5:], market.book.bids), (ours.asks.items()[:5], market.book.asks)
            for side, theirs in sides:
                expected = {ticks: spec.base_size(lots, ticks) for ticks, lots in theirs.top(5)}
                if dict(side) != pytest.approx(expected, rel=1e-9):
                    return False
        return True

    async def close(self) -> None:
        await self.source.close()
        await asyncio.wait_for(self.task, 5)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = ManualClock(START_NS)
    async with await serve(0, seed=5, warm_up_s=0, clock=clock, venues=[Venue("binance")], bases=BASES) as server:
        found = Desk(server, clock)
        await eventually(lambda: found.connected() >= CONNECTIONS)
        yield found
        await found.close()


async def test_all_markets_are_listed_connected_and_joined(desk: Desk) -> None:
    assert desk.connected() == CONNECTIONS
    await desk.play(1.0)
    await eventually(desk.all_known)
    await desk.play(1.0)
    await eventually(desk.all_right)
    assert desk.feed.undecodable == {}
    assert {event.instrument.id for event in desk.events if isinstance(event, TradesLive)} == MARKETS
    assert not any(isinstance(event, TradesLost) for event in desk.events)
    assert {spec_from_frame(frame).name for frame in desk.source.open_frames()} == CONNECTIONS


async def test_volumes_are_those_of_the_ledger(desk: Desk) -> None:
    quiet = await desk.play(12.0)
    assert quiet.keys() == MARKETS
    for market in desk.server.simulation.markets:
        name, opening = market.spec.instrument.id, market.opening
        until_ns, ledger = quiet[name]
        assert opening is not None
        await eventually(lambda name=name, last=ledger.last_aggregate_id: desk.trades(name)[-1].trade_id >= last)
        trades = [trade for trade in desk.trades(name) if trade.ts_venue_ns <= until_ns]
        ids = [trade.trade_id for trade in trades]
        assert ids == list(range(opening.last_aggregate_id + 1, ledger.last_aggregate_id + 1)), name
        for side, word in ((Side.BUY, "buy"), (Side.SELL, "sell")):
            found = [trade for trade in trades if trade.aggressor is side]
            for ours, theirs in (("size", "volume"), ("notional", "notional")):
                expected = getattr(ledger, f"{word}_{theirs}") - getattr(opening, f"{word}_{theirs}")
                assert sum(getattr(trade, ours) for trade in found) == pytest.approx(expected, rel=1e-9), name


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.HALF_FRAME, FaultKind.MAINTENANCE])
async def test_a_connection_that_ends_reconnects_and_its_books_rejoin(desk: Desk, kind: FaultKind) -> None:
    await desk.play(0.5)
    await eventually(desk.all_known)
    told = len(desk.events)
    desk.server.inject(Fault(kind=kind, path="linear", duration_s=0.0))
    await desk.play(0.2)
    await eventually(lambda: any(isinstance(event, Disconnected) for event in desk.events[told:]))
    await eventually(lambda: sum(isinstance(event, Connected) for event in desk.events[told:]) >= 2)
    ended = [event.connection for event in desk.events[told:] if isinstance(event, Disconnected)]
    assert sorted(ended) == ["binance.linear.market", PUBLIC]
    lost = desk.events[told:]
    for event_type in (BookLost, TradesLost):
        names = {event.instrument.symbol for event in lost if isinstance(event, event_type)}
        kinds = {event.instrument.kind for event in lost if isinstance(event, event_type)}
        assert (names, kinds) == ({"BTCUSDT", "ETHUSDT"}, {MarketKind.LINEAR})
    marks = [frame.kind for frame in desk.frames if frame.connection == PUBLIC]
    assert [mark for mark in marks if mark in (FrameKind.OPEN, FrameKind.CLOSE)] == [
        FrameKind.OPEN,
        FrameKind.CLOSE,
        FrameKind.OPEN,
    ]
    await desk.play(1.0)
    await eventually(desk.all_known)
    await desk.play(0.5)
    await eventually(desk.all_right)


async def test_lost_diffs_cost_one_book_and_a_snapshot_restores_it(desk: Desk) -> None:
    await desk.play(0.5)
    await eventually(desk.all_known)
    told = len(desk.events)
    desk.server.inject(Fault(kind=FaultKind.GAP, path="spot", topic="btcusdt@depth", count=2))
    await desk.play(1.0)
    await eventually(lambda: any(isinstance(event, BookLost) for event in desk.events[told:]))
    await desk.play(1.0)
    await eventually(desk.all_known)
    await desk.play(0.5)
    await eventually(desk.all_right)
    assert not any(isinstance(event, Disconnected) for event in desk.events)


async def test_garbage_is_counted_and_costs_nothing_else(desk: Desk) -> None:
    await desk.play(0.5)
    await eventually(desk.all_known)
    desk.server.inject(Fault(kind=FaultKind.GARBAGE, path="inverse", count=5))
    await desk.play(1.0)
    await eventually(lambda: desk.feed.undecodable.total() >= 3)
    await eventually(desk.all_right)
    assert desk.connected() == CONNECTIONS


def answers(desk: Desk, tag: str) -> list[FrameKind]:
    return [frame.kind for frame in desk.frames if frame.tag == tag]


async def test_a_rate_limit_is_waited_out_as_long_as_the_venue_asks(desk: Desk) -> None:
    fetch = Fetch("/fapi/v1/depth?symbol=BTCUSDT&limit=5", "probe", 2)
    desk.server.inject(Fault(kind=FaultKind.LIMIT, path="linear", duration_s=1.0))
    desk.source.perform(PUBLIC, fetch)
    await eventually(lambda: answers(desk, "probe") == [FrameKind.HTTP_FAILED])
    limited_s = time.monotonic()
    desk.clock.advance(5_000 * MS)
    desk.source.perform(PUBLIC, fetch)
    await eventually(lambda: len(answers(desk, "probe")) == 2)
    assert answers(desk, "probe")[1] is FrameKind.HTTP_FAILED, "the venue would have answered, but it told us to wait"

    def again() -> bool:
        desk.source.perform(PUBLIC, fetch)
        return FrameKind.HTTP in answers(desk, "probe")

    await eventually(again)
    assert time.monotonic() - limited_s > 0.9


async def test_an_answer_arrives_on_the_requesting_connection(desk: Desk) -> None:
    desk.source.perform(PUBLIC, Fetch("/fapi/v1/time", "time"))
    desk.source.perform(PUBLIC, Fetch("/fapi/v1/nowhere", "wrong"))
    await eventually(lambda: answers(desk, "time") and answers(desk, "wrong"))
    assert (answers(desk, "time"), answers(desk, "wrong")) == ([FrameKind.HTTP], [FrameKind.HTTP_FAILED])
    (frame,) = (frame for frame in desk.frames if frame.tag == "time")
    assert frame.connection == PUBLIC


async def test_texts_are_sent_on_their_connection(desk: Desk) -> None:
    desk.source.perform(PUBLIC, Send('{"method":"LIST_SUBSCRIPTIONS","id":77}'))
    await eventually(lambda: any(frame.payload.endswith(b'"id":77}') for frame in desk.frames))
    (reply,) = (frame for frame in desk.frames if frame.payload.endswith(b'"id":77}'))
    assert reply.connection == PUBLIC
    desk.source.perform("binance.spot.all", Send("}{"))


async def test_a_protocol_may_request_a_reconnect(desk: Desk) -> None:
    desk.source.perform(PUBLIC, Reconnect("a fresh start"))
    desk.source.perform(PUBLIC, Reconnect("once is enough"))
    await eventually(lambda: sum(isinstance(event, Connected) for event in desk.events) == 5)
    ended = [event for event in desk.events if isinstance(event, Disconnected)]
    assert [(event.connection, event.reason) for event in ended] == [(PUBLIC, "a fresh start")]


async def test_closing_ends_the_batches_and_leaves_nothing_behind() -> None:
    clock, before = ManualClock(START_NS), asyncio.all_tasks()
    async with await serve(0, seed=5, warm_up_s=0, clock=clock, venues=[Venue("binance")], bases=BASES) as server:
        serving = asyncio.all_tasks()
        desk = Desk(server, clock)
        await eventually(lambda: desk.connected() >= CONNECTIONS)
        desk.source.perform(PUBLIC, Fetch("/fapi/v1/time", "time"))
        await desk.close()
        desk.source.perform(PUBLIC, Fetch("/fapi/v1/time", "late"))
        await eventually(lambda: asyncio.all_tasks() <= serving)
    assert asyncio.all_tasks() <= before


async def test_a_venue_that_does_not_answer_is_reported_as_trouble() -> None:
    clock = ManualClock(START_NS)
    async with await serve(0, warm_up_s=0, clock=clock, venues=[Venue("binance")], bases=BASES) as server:
        server.inject(Fault(kind=FaultKind.LIMIT, path="spot", duration_s=3_600.0))
        desk = Desk(server, clock)
        await eventually(lambda: len(desk.connected()) == 3 and desk.source.trouble)
        assert desk.connected() == CONNECTIONS - {"binance.spot.all"}
        assert "limits" in " ".join(desk.source.trouble.values())
        await desk.close()
