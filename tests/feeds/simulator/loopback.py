"""A venue of the simulator read by its own adapter over real sockets, on a clock that stands still when told.

The market moves only in `run`; between runs everything that was said arrives, so state and truth can be compared
exactly.
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
from feeds.simulator.market.simulated import Listed
from feeds.simulator.market.spec import MS
from feeds.simulator.service.server import Server, serve
from feeds.venues import DRIVERS
from feeds.venues.driver import loopback
from workstation.analytics.state.market import Market
from workstation.session.core import Core

START_NS = 1_790_000_000_000 * MS
PATIENCE_S = 15.0


class _Listening(Feed):
    """A feed that keeps what it decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def receive(self, frame):  # type: ignore[no-untyped-def]
        events = super().receive(frame)
        self.events += events
        return events


class Loopback:
    """Server, source and core of one venue. `async with` it."""

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
    def listed(self) -> list[Listed]:
        """The simulated markets."""
        return list(self.server.simulation.markets)

    def market(self, listed: Listed) -> Market:
        """What our side knows of a simulated market."""
        found = self.core.engine.market(listed.spec.instrument.id)
        assert found is not None, listed.spec.instrument.id
        return found

    def is_ready(self) -> bool:
        """Every market has a book and complete trades."""
        found = [self.core.engine.market(listed.spec.instrument.id) for listed in self.listed]
        return all(market is not None and market.book.known and market.coverage.live for market in found)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    async def connect(self) -> None:
        """Wait until all is received, and remember what was traded before."""
        await self.until(self.is_ready)
        self.baseline = {listed.spec.instrument.id: copy.copy(listed.tape.ledger) for listed in self.listed}

    async def run(self, seconds: float, step_ms: int = 100) -> None:
        """Let the market live and everything arrive."""
        for _ in range(round(seconds * 1_000 / step_ms)):
            self.clock.advance(step_ms * MS)
            self.server.advance()
            await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing arrives any more."""
        quiet = 0
        while quiet < 10:
            before = len(self.feed.events)
            await asyncio.sleep(0.02)
            quiet = quiet + 1 if len(self.feed.events) == before else 0

    def told(self, listed: Listed) -> list[Trade]:
        """All trades of one market that were received."""
        wanted = listed.spec.instrument.id
        return [event for event in self.feed.events if isinstance(event, Trade) and event.instrument.id == wanted]

    def volumes(self, listed: Listed) -> tuple[int, float, float, float, float]:
        """Trades, bought and sold base coin, bought and sold notional, as received."""
        trades = self.told(listed)
        buys = [trade for trade in trades if trade.aggressor is Side.BUY]
        sells = [trade for trade in trades if trade.aggressor is Side.SELL]
        return (
            len(trades),
            sum(trade.size for trade in buys),
            sum(trade.size for trade in sells),
            sum(trade.notional for trade in buys),
            sum(trade.notional for trade in sells),
        )

    def traded(self, listed: Listed) -> tuple[int, float, float, float, float]:
        """The same from the simulator's ledger, since `connect`."""
        now, then = listed.tape.ledger, self.baseline[listed.spec.instrument.id]
        return (
            now.trades - then.trades,
            now.buy_volume - then.buy_volume,
            now.sell_volume - then.sell_volume,
            now.buy_notional - then.buy_notional,
            now.sell_notional - then.sell_notional,
        )

    def shown(self, listed: Listed) -> tuple[dict[int, float], dict[int, float]]:
        """Our book of a market by the simulator's ticks, sizes in base coin."""
        market, tick = self.market(listed), listed.spec.tick
        at = market.instrument.price_from_ticks
        bids, asks = (
            {round(at(ticks) / tick): size for ticks, size in side._sizes.items()}
            for side in (market.book.bids, market.book.asks)
        )
        return bids, asks

    def count(self, listed: Listed, *kinds: type[Event]) -> int:
        """How many events of some kinds a market had."""
        wanted = listed.spec.instrument.id
        return sum(isinstance(e, kinds) and getattr(e, "instrument").id == wanted for e in self.feed.events)  # noqa: B009


BOOKS = (BookSnapshot, BookDelta)
__all__ = ["BOOKS", "Liquidation", "Loopback"]


def true_levels(listed: Listed, count: int | None) -> tuple[dict[int, float], dict[int, float]]:
    """The simulator's best levels, sizes in base coin."""
    spec = listed.spec
    bids, asks = (
        {price: spec.base_size(lots, price) for price, lots in half.top(count)}
        for half in (listed.book.bids, listed.book.asks)
    )
    return bids, asks
