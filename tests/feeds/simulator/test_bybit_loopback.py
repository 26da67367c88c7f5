"""Our Bybit client against the simulated Bybit over real sockets: every trade, and the whole visible book."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import pytest

from feeds.live.source import LiveSource
from feeds.model.clock import ManualClock
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Connected,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import Frame
from feeds.model.instrument import InstrumentId, MarketKind, Venue
from feeds.simulator.bybit.dialect import BybitDialect
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.market.spec import MS
from feeds.simulator.service.server import Server
from feeds.simulator.simulation import Simulation
from feeds.venues.bybit import DRIVER
from feeds.venues.driver import loopback
from workstation.replay.core import Core

START_NS = 1_790_000_000_000 * MS
PATIENCE_S = 10.0


class Session:
    """A live source and a core without windows, and every event decoded."""

    def __init__(self, server: Server, clock: ManualClock) -> None:
        self.server, self.clock = server, clock
        self.core = Core()
        self.events: list[Event] = []
        self.source = LiveSource(["BTC", "ETH"], [loopback(DRIVER, server.port)], clock, seed=1)
        decode = self.core.feed.receive

        def receive(frame: Frame) -> list[Event]:
            events = list(decode(frame))
            self.events += events
            return events

        self.core.feed.receive = receive  # type: ignore[method-assign]

    async def run(self) -> None:
        async for batch in self.source.batches():
            self.core.consume(batch)
            for connection, request in self.core.feed.take_requests():
                self.source.perform(connection, request)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    async def live(self, seconds: float) -> None:
        """Advance simulated time faster than real time."""
        for _ in range(int(seconds * 20)):
            self.clock.advance(50 * MS)
            self.server.advance()
            await asyncio.sleep(0.002)

    async def close(self, task: asyncio.Task[None]) -> None:
        """Stop; once more where `wait_for` swallowed a cancellation (Python 3.11, gh-86296)."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for _ in range(5):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await self.source.close()
                    return

    def traded(self) -> dict[InstrumentId, dict[Side, tuple[int, float, float]]]:
        """Trades, base coin and notional by market and aggressor."""
        sums: dict[InstrumentId, dict[Side, tuple[int, float, float]]] = defaultdict(
            lambda: dict.fromkeys(Side, (0, 0.0, 0.0))
        )
        for event in self.events:
            if isinstance(event, Trade):
                assert event.aggressor is not None
                count, size, notional = sums[event.instrument.id][event.aggressor]
                sums[event.instrument.id][event.aggressor] = count + 1, size + event.size, notional + event.notional
        return sums

    def books_match(self) -> bool:
        return all(self.matches(market) for market in self.server.simulation.markets)

    def matches(self, market: object) -> bool:
        """Whether the engine's book equals the best 200 levels of the true book."""
        spec, truth = market.spec, market.book  # type: ignore[attr-defined]
        known = self.core.engine.market(spec.instrument.id)
        if known is None or not known.book.known:
            return False
        for side, half in ((known.book.bids, truth.bids), (known.book.asks, truth.asks)):
            true = [(ticks, spec.base_size(lots, ticks)) for ticks, lots in half.top(200)]
            ours = side.top(1_000)
            if [ticks for ticks, _ in ours] != [ticks for ticks, _ in true]:
                return False
            if [size for _, size in ours] != pytest.approx([size for _, size in true]):
                return False
        return True


@contextlib.asynccontextmanager
async def session():  # type: ignore[no-untyped-def]
    clock = ManualClock(START_NS)
    markets = markets_of([Venue("bybit")])
    simulation = Simulation(5, START_NS, markets=markets, warm_up_s=5, cascade_every_s=(3.0, 4.0))
    server = Server(simulation, [BybitDialect(simulation)], clock, 50_000)
    await server.open(0)
    async with server:
        here = Session(server, clock)
        task = asyncio.create_task(here.run())
        try:
            await here.until(lambda: sum(isinstance(event, Connected) for event in here.events) == 4)
            await here.until(lambda: sum(isinstance(event, TradesLive) for event in here.events) == 6)
            await here.until(here.books_match)
            yield here
        finally:
            await here.close(task)


def book_jumps(events: Iterable[Event]) -> int:
    """Updates whose id is not one more than that before it, which the venue does not forbid."""
    last: dict[InstrumentId, int] = {}
    jumps = 0
    for event in events:
        if isinstance(event, BookSnapshot | BookDelta):
            jumps += isinstance(event, BookDelta) and event.update_id != last[event.instrument.id] + 1
            last[event.instrument.id] = event.update_id
    return jumps


async def test_volumes_and_books_equal_the_ledger() -> None:
    async with session() as here:
        markets = here.server.simulation.markets
        await here.live(24.0)
        expected = {m.spec.instrument.id: (m.tape.ledger, m.opening) for m in markets}
        wanted = sum(now.trades - opening.trades for now, opening in expected.values())
        await here.until(lambda: sum(isinstance(event, Trade) for event in here.events) >= wanted)
        await here.until(here.books_match)
        traded = here.traded()
        assert wanted > 300
        for name, (now, opening) in expected.items():
            sums = traded[name]
            assert sum(sums[side][0] for side in Side) == now.trades - opening.trades
            for side, volume, notional in (
                (Side.BUY, now.buy_volume - opening.buy_volume, now.buy_notional - opening.buy_notional),
                (Side.SELL, now.sell_volume - opening.sell_volume, now.sell_notional - opening.sell_notional),
            ):
                assert sums[side][1:] == pytest.approx((volume, notional), rel=1e-9)
        received = Counter(type(event) for event in here.events)
        assert received[BookLost] == received[TradesLost] == 0
        assert min(received[kind] for kind in (MarkPrice, IndexPrice, Funding, OpenInterest, Liquidation)) > 0
        assert here.core.feed.undecodable == {}
        assert book_jumps(here.events) == 0


async def test_liquidations_and_derived_values_equal_the_truth() -> None:
    async with session() as here:
        await here.live(12.0)
        markets = {m.spec.instrument.id: m for m in here.server.simulation.markets if m.perpetual is not None}
        orders = {name: m.tape.ledger.liquidation_orders for name, m in markets.items()}
        assert sum(orders.values()) > 0

        def received() -> dict[InstrumentId, int]:
            counts = Counter(event.instrument.id for event in here.events if isinstance(event, Liquidation))
            return {name: counts[name] for name in orders}

        await here.until(lambda: received() == orders)

        def marked() -> bool:
            known = {name: here.core.engine.market(name) for name in markets}
            return all(
                ours is not None and ours.mark == pytest.approx(markets[name].perpetual.mark, abs=0.01)
                for name, ours in known.items()
            )

        await here.until(marked)
        for name, market in markets.items():
            known = here.core.engine.market(name)
            assert known is not None
            assert known.funding is not None
            assert known.index_price == pytest.approx(market.perpetual.index, abs=0.01)
            assert known.funding.next_funding_ns == market.perpetual.next_funding_ns
            assert known.funding.interval_ns == market.perpetual.interval_ns
            one = market.perpetual.open_interest * float(market.spec.instrument.lot_size)
            if market.spec.instrument.kind is MarketKind.INVERSE:
                one /= market.perpetual.mark
            assert known.open_interest == pytest.approx(one, rel=1e-3)


async def test_refreshing_brings_new_snapshots_and_loses_nothing() -> None:
    async with session() as here:
        await here.live(1.0)
        here.events.clear()
        here.core.feed.refresh_books(here.clock.now_ns())
        for connection, request in here.core.feed.take_requests():
            here.source.perform(connection, request)
        await here.until(lambda: sum(type(event).__name__ == "BookSnapshot" for event in here.events) == 6)
        await here.live(2.0)
        await here.until(here.books_match)
        assert not any(isinstance(event, BookLost | TradesLost) for event in here.events)


async def test_a_closed_connection_is_reported_and_reconnects() -> None:
    async with session() as here:
        await here.live(1.0)
        here.events.clear()
        for client in list(here.server.clients):
            client.close(client.conversation.announce_maintenance(here.clock.now_ns())[1])
        await here.until(lambda: sum(isinstance(event, TradesLost) for event in here.events) == 6)
        assert sum(isinstance(event, BookLost) for event in here.events) == 6
        await here.until(lambda: sum(isinstance(event, TradesLive) for event in here.events) == 6)
        await here.live(1.0)
        await here.until(here.books_match)
