"""OKX's decoder against the simulated OKX over real sockets: books and volumes equal the simulator's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import pytest_asyncio

from feeds.live.source import LiveSource
from feeds.model.clock import ManualClock
from feeds.model.events import (
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    Liquidation,
    OpenInterest,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import Frame
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.service.server import Server, serve
from feeds.venues.driver import loopback
from feeds.venues.okx import DRIVER
from workstation.replay.core import Core

START_NS = 1_790_000_000 * SECOND
MARKETS = 6


class Client:
    """A core on a live source, and every event decoded."""

    def __init__(self, port: int, clock: ManualClock) -> None:
        self.core = Core()
        self.received: list[Event] = []
        self.clock = clock
        self._source = LiveSource(["BTC", "ETH"], [loopback(DRIVER, port)], clock, seed=1)
        receive = self.core.feed.receive

        def listen(frame: Frame) -> Sequence[Event]:
            events = receive(frame)
            self.received += events
            return events

        self.core.feed.receive = listen  # type: ignore[method-assign]
        self._task = asyncio.create_task(self._pump())

    async def _pump(self) -> None:
        async for batch in self._source.batches():
            self.core.consume(batch)
            for connection, request in self.core.feed.take_requests():
                self._source.perform(connection, request)

    async def close(self) -> None:
        await self._source.close()
        await self._task

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.received)

    async def until(self, reached: Callable[[], bool]) -> None:
        for _ in range(1_000):
            if reached():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"never reached: {Counter(type(event).__name__ for event in self.received)}")

    async def live(self, seconds: float, step_ms: int = 40) -> None:
        """Advance simulated time faster than real time."""
        for _ in range(round(seconds * 1_000 / step_ms)):
            self.clock.advance(step_ms * MS)
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Server, ManualClock]]:
    clock = ManualClock(START_NS)
    async with await serve(0, seed=5, warm_up_s=20, clock=clock, venues=["okx"], bases=["BTC", "ETH"]) as server:
        yield server, clock


@pytest_asyncio.fixture
async def client(server: tuple[Server, ManualClock]) -> AsyncIterator[Client]:
    client = Client(server[0].port, server[1])
    try:
        await client.until(lambda: client.count(TradesLive) == client.count(BookSnapshot) == MARKETS)
        yield client
    finally:
        await client.close()


def volumes(client: Client) -> dict[tuple[str, Side], float]:
    sums: dict[tuple[str, Side], float] = Counter()  # type: ignore[assignment]
    for event in client.received:
        if isinstance(event, Trade) and event.aggressor is not None:
            sums[event.instrument.id, event.aggressor] += event.size
    return sums


@pytest.mark.asyncio
async def test_books_and_volumes_equal_the_ledger(server: tuple[Server, ManualClock], client: Client) -> None:
    simulation = server[0].simulation
    await client.live(6)
    last = {market.spec.instrument.id: market.tape.ledger.last_trade_id for market in simulation.markets}
    await client.until(lambda: last == newest(client))
    await asyncio.sleep(0.1)
    sums = volumes(client)
    for market in simulation.markets:
        spec, ledger, opening = market.spec, market.tape.ledger, market.opening
        assert opening is not None
        for side, now, then in (
            (Side.BUY, ledger.buy_volume, opening.buy_volume),
            (Side.SELL, ledger.sell_volume, opening.sell_volume),
        ):
            assert sums[spec.instrument.id, side] == pytest.approx(now - then, rel=1e-9)
        known = client.core.engine.market(spec.instrument.id)
        assert known is not None
        assert known.book.known
        for mine, truth in ((known.book.bids, market.book.bids), (known.book.asks, market.book.asks)):
            levels, wanted = mine.top(400), truth.top(400)
            assert [ticks for ticks, _ in levels] == [ticks for ticks, _ in wanted]
            sizes = [spec.base_size(lots, ticks) for ticks, lots in wanted]
            assert [size for _, size in levels] == pytest.approx(sizes)
    assert client.count(BookLost) == client.count(TradesLost) == 0
    assert client.core.feed.undecodable == Counter()


def newest(client: Client) -> dict[str, int | str]:
    return {event.instrument.id: event.trade_id for event in client.received if isinstance(event, Trade)}


@pytest.mark.asyncio
async def test_derivative_events_equal_the_truth(server: tuple[Server, ManualClock], client: Client) -> None:
    simulation = server[0].simulation
    await client.live(24, step_ms=200)
    await asyncio.sleep(0.2)
    liquidations = [event for event in client.received if isinstance(event, Liquidation)]
    assert liquidations
    assert len(liquidations) == sum(market.tape.ledger.liquidation_orders for market in simulation.markets)
    perpetuals = {m.spec.instrument.id: m for m in simulation.markets if m.perpetual is not None}
    assert {event.instrument.id for event in client.received if isinstance(event, OpenInterest)} == set(perpetuals)
    for event in client.received:
        if isinstance(event, Funding):
            assert event.interval_ns == 8 * 3_600 * SECOND
        elif isinstance(event, OpenInterest):
            market = perpetuals[event.instrument.id]
            assert market.perpetual is not None
            wanted = market.spec.base_size(round(market.perpetual.open_interest), market.mid / market.spec.tick)
            assert event.open_interest == pytest.approx(wanted, rel=0.05)
    state = client.core.engine.market(next(iter(perpetuals)))
    assert state is not None
    assert None not in (state.mark, state.index_price, state.funding, state.open_interest, state.quote)


@pytest.mark.asyncio
async def test_refreshing_brings_new_snapshots_and_loses_nothing(client: Client) -> None:
    await client.live(1)
    client.core.feed.refresh_books(client.clock.now_ns())
    await client.live(1)
    await client.until(lambda: client.count(BookSnapshot) == 2 * MARKETS)
    assert client.count(BookLost) == 0


@pytest.mark.asyncio
async def test_a_changed_price_step_is_decoded_in_the_new_step(
    server: tuple[Server, ManualClock], client: Client
) -> None:
    simulation = server[0].simulation
    market = next(m for m in simulation.markets if m.spec.instrument.symbol == "ETH-USDT-SWAP")
    await client.live(0.4)
    simulation.refine(market)
    await client.live(1)

    def is_read() -> bool:
        known = client.core.engine.market(market.spec.instrument.id)
        return known is not None and known.instrument == market.spec.instrument and known.book.known

    await client.until(is_read)
    assert client.core.feed.undecodable == Counter()
