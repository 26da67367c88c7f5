"""A simulated venue read by its adapter over real sockets, on a manual clock.

The market advances only in `run`. Between runs everything published arrives, so the engine's state can be compared
with the simulator's exactly.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterable
from types import TracebackType

from feeds.live.source import LiveSource
from feeds.model.clock import ManualClock
from feeds.model.events import BookDelta, BookSnapshot, Event, Liquidation, Side, Trade
from feeds.model.frame import Frame
from feeds.model.instrument import Venue
from feeds.pipeline.feed import Feed
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS
from feeds.simulator.service.server import Server, serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS, protocol_for
from workstation.analytics.state.market import Market
from workstation.replay.core import Core

START_NS = 1_790_000_000_000 * MS
PATIENCE_S = 15.0


class _Listening(Feed):
    """A feed that records the events it decodes."""

    def __init__(self) -> None:
        super().__init__(protocol_for)
        self.events: list[Event] = []

    def receive(self, frame):  # type: ignore[no-untyped-def]
        events = super().receive(frame)
        self.events += events
        return events


class Loopback:
    """Server, source and core of one venue; an async context manager."""

    def __init__(
        self,
        venue: Venue,
        bases: Iterable[str],
        *,
        history_s: int = 0,
        warm_up_s: int = 30,
        candle_hours: float = 0.0,
    ) -> None:
        self.venue, self.bases = venue, tuple(bases)
        self.history_s, self.warm_up_s, self.candle_hours = history_s, warm_up_s, candle_hours
        self.clock = ManualClock(START_NS)
        self.core = Core()
        self.core.feed = self.feed = _Listening()
        self.frames: list[Frame] = []
        self.baseline: dict[str, Ledger] = {}

    async def __aenter__(self) -> Loopback:
        self.server: Server = await serve(
            0, seed=5, warm_up_s=self.warm_up_s, clock=self.clock, venues=[self.venue], bases=self.bases
        )
        drivers = [loopback(DRIVERS[self.venue], self.server.port)]
        self.source = LiveSource(
            self.bases, drivers, self.clock, history_s=self.history_s, candle_hours=self.candle_hours, seed=1
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.source.close()
        await self._reader
        await self.server.close()

    async def _read(self) -> None:
        async for batch in self.source.batches():
            self.frames += batch
            self.core.consume(batch)
            for connection, request in self.core.feed.take_requests():
                self.source.perform(connection, request)

    @property
    def markets(self) -> list[SimulatedMarket]:
        """The simulated markets."""
        return list(self.server.simulation.markets)

    def market(self, simulated: SimulatedMarket) -> Market:
        """The engine's state of a simulated market."""
        found = self.core.engine.market(simulated.spec.instrument.id)
        assert found is not None, simulated.spec.instrument.id
        return found

    def is_ready(self) -> bool:
        """Whether every market has a book and receives all trades."""
        found = [self.core.engine.market(simulated.spec.instrument.id) for simulated in self.markets]
        return all(market is not None and market.book.known and market.coverage.live for market in found)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    async def connect(self) -> None:
        """Wait until every market is ready, and record the ledgers at that time."""
        await self.until(self.is_ready)
        self.baseline = {simulated.spec.instrument.id: copy.copy(simulated.tape.ledger) for simulated in self.markets}

    async def run(self, seconds: float, step_ms: int = 100) -> None:
        """Advance the simulation and wait until everything has arrived."""
        for _ in range(round(seconds * 1_000 / step_ms)):
            self.clock.advance(step_ms * MS)
            self.server.advance()
            await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        """Wait until no more frames arrive."""
        quiet = 0
        while quiet < 10:
            before = len(self.feed.events)
            await asyncio.sleep(0.02)
            quiet = quiet + 1 if len(self.feed.events) == before else 0

    def received(self, simulated: SimulatedMarket) -> list[Trade]:
        """All trades of one market that were received."""
        wanted = simulated.spec.instrument.id
        return [event for event in self.feed.events if isinstance(event, Trade) and event.instrument.id == wanted]

    def volumes(self, simulated: SimulatedMarket) -> tuple[int, float, float, float, float]:
        """Trades, bought and sold base coin, bought and sold notional, as received."""
        trades = self.received(simulated)
        buys = [trade for trade in trades if trade.aggressor is Side.BUY]
        sells = [trade for trade in trades if trade.aggressor is Side.SELL]
        return (
            len(trades),
            sum(trade.size for trade in buys),
            sum(trade.size for trade in sells),
            sum(trade.notional for trade in buys),
            sum(trade.notional for trade in sells),
        )

    def traded(self, simulated: SimulatedMarket) -> tuple[int, float, float, float, float]:
        """The same as `volumes`, from the simulator's ledger since `connect`."""
        now, then = simulated.tape.ledger, self.baseline[simulated.spec.instrument.id]
        return (
            now.trades - then.trades,
            now.buy_volume - then.buy_volume,
            now.sell_volume - then.sell_volume,
            now.buy_notional - then.buy_notional,
            now.sell_notional - then.sell_notional,
        )

    def shown(self, simulated: SimulatedMarket) -> tuple[dict[int, float], dict[int, float]]:
        """The engine's book of a market, by the simulator's ticks, sizes in base coin."""
        market, tick = self.market(simulated), simulated.spec.tick
        at = market.instrument.price_from_ticks
        bids, asks = (
            {round(at(ticks) / tick): size for ticks, size in side.levels()}
            for side in (market.book.bids, market.book.asks)
        )
        return bids, asks

    def count(self, simulated: SimulatedMarket, *kinds: type[Event]) -> int:
        """The number of events of some kinds in a market."""
        wanted = simulated.spec.instrument.id
        return sum(isinstance(e, kinds) and getattr(e, "instrument").id == wanted for e in self.feed.events)  # noqa: B009


BOOKS = (BookSnapshot, BookDelta)
__all__ = ["BOOKS", "Liquidation", "Loopback"]


def true_levels(simulated: SimulatedMarket, count: int | None) -> tuple[dict[int, float], dict[int, float]]:
    """The simulator's best levels, sizes in base coin."""
    spec = simulated.spec
    bids, asks = (
        {price: spec.base_size(lots, price) for price, lots in half.top(count)}
        for half in (simulated.book.bids, simulated.book.asks)
    )
    return bids, asks
