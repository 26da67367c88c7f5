"""The demo without a window under scripted faults, and what became of it, held against the simulator's truth.

The clock can be stopped at a whole second: the market then stands still, everything that was said arrives, and books
and trades can be compared exactly.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType

import pytest

from feeds.hub.source import HubSource
from feeds.live.connection import ConnectionLimits
from feeds.live.source import LiveSource, SourceLimits
from feeds.model.clock import Clock
from feeds.model.events import BookLost, Event, Side, TradesFilled, TradesLost
from feeds.model.frame import Frame
from feeds.model.instrument import MarketKind, Venue
from feeds.pipeline.feed import Feed
from feeds.simulator.market.facts import Aggregate, Fill
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.market.tape import TAPE_CAPACITY
from feeds.simulator.service.server import Server, serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS, VENUES, protocol_for
from feeds.venues.shared.limits import Limits
from tests.simulated import PacedClock
from workstation.analytics.state.market import Market
from workstation.replay.core import Core
from workstation.session.live import LiveSession
from workstation.session.watchdog import Watchdog, WatchdogLimits

LEVELS = {Venue("hyperliquid"): 5}
DEFAULT_LEVELS = 50
SPANS = SourceLimits(timer_s=0.05, connection=ConnectionLimits(first_pause_s=0.1, last_pause_s=0.5, silence_s=6.0))
SILENCE = WatchdogLimits(SECOND // 10, int(2.5 * SECOND), int(2.5 * SECOND), int(2.5 * SECOND))
"""What the program waits for, in the short forms of these tests."""
NOWHERE = Path("/nowhere/file.mcap")
QUICK = Limits(snapshot_ns=SECOND // 2, acknowledgement_ns=SECOND, crossed_ns=SECOND // 5, same_best_ns=SECOND // 2)
"""What the protocols wait for, likewise."""

Key = tuple[int, int, int]  # venue ms, ticks, side (1 buy, 2 sell)
Lots = Counter[Key]


class Brake:
    """A clock that can be stopped at the next half second and later goes on from there."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or PacedClock()
        self._behind_ns = 0
        self._stop_ns: int | None = None

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC, without the time that it stood."""
        now_ns = self._clock.now_ns() - self._behind_ns
        return now_ns if self._stop_ns is None else min(now_ns, self._stop_ns)

    async def stop(self) -> None:
        """Wait for the next half second and stand still."""
        step = SECOND // 2
        self._stop_ns = -(-self.now_ns() // step) * step
        while self.now_ns() < self._stop_ns:
            await asyncio.sleep(0.01)

    def go(self) -> None:
        """Go on."""
        if self._stop_ns is None:
            return
        self._behind_ns = self._clock.now_ns() - self._stop_ns
        self._stop_ns = None


@dataclass
class Noted:
    """What the decoders of one venue said."""

    events: Counter[str] = field(default_factory=Counter)
    filled: int = 0


class Desk:
    """A live session of the simulated venues on a server that others may share. `async with` it."""

    def __init__(
        self,
        server: Server,
        clock: Brake,
        bases: Sequence[str],
        venues: Iterable[Venue] = VENUES,
        source: HubSource | None = None,
        spans: SourceLimits = SourceLimits(),
        silence: WatchdogLimits = WatchdogLimits(),
        record_to: Path = NOWHERE,
    ) -> None:
        self.server, self.clock = server, clock
        self.noted = {venue: Noted() for venue in venues}
        self._truth: dict[str, tuple[int, Lots]] = {}
        self._kept_back: dict[str, dict[tuple[int, int], set[Key]]] = {}
        self._before = asyncio.all_tasks()
        drivers = [loopback(DRIVERS[venue], server.port) for venue in self.noted]
        self.source = source or LiveSource(bases, drivers, clock, seed=1, limits=spans)
        self.session = LiveSession(
            self.source,
            source or clock,
            simulated=True,
            name="faults",
            record_to=lambda: record_to,
            watchdog=Watchdog(silence),
            core=Core(feed=Feed(partial(protocol_for, limits=QUICK))),
        )
        self.core = self.session.core
        self._decode = self.core.feed.receive
        self.core.feed.receive = self._listen  # type: ignore[method-assign]

    async def __aenter__(self) -> Desk:
        self._task = asyncio.create_task(self.session.run(), name="session")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _listen(self, frame: Frame) -> Sequence[Event]:
        events = self._decode(frame)
        for event in events:
            if isinstance(event, BookLost | TradesLost | TradesFilled):
                noted = self.noted[event.instrument.venue]
                noted.events[type(event).__name__] += 1
                noted.filled += len(event.trades) if isinstance(event, TradesFilled) else 0
        return events

    def failure(self) -> str:
        """What ended the session before its time."""
        error = None if self._task.cancelled() else self._task.exception()
        return f"the session stopped: {error!r}" if error is not None else ""

    async def leaked(self, within_s: float = 2.0) -> list[str]:
        """Tasks of the client that are left after the end."""
        end = asyncio.get_running_loop().time() + within_s
        while (left := self.own_tasks()) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        return left

    def own_tasks(self) -> list[str]:
        """Tasks begun since this was made, without those of the server."""
        new = asyncio.all_tasks() - self._before
        return [repr(task) for task in new if not _of_server(task)]

    # what is known

    def pairs(self, venue: Venue) -> list[tuple[SimulatedMarket, Market | None]]:
        """The simulated markets of a venue, each with what our side knows of it."""
        listed = [market for market in self.server.simulation.markets if market.spec.instrument.venue == venue]
        return [(market, self.core.engine.market(market.spec.instrument.id)) for market in listed]

    def is_live(self, venue: Venue, since_ns: int = 0) -> bool:
        """All sockets open and heard since then, all books known, all trades live."""
        return not self.not_live(venue, since_ns)

    def not_live(self, venue: Venue, since_ns: int = 0) -> list[str]:
        """What is not as it should be."""
        keepers = {name: keeper for name, keeper in self.source.connections.items() if keeper.spec.venue == venue}
        why = [] if keepers else ["no connection"]
        why += [f"{name} is closed" for name, keeper in keepers.items() if not keeper.is_open]
        why += [f"{name} is silent" for name in keepers if self.core.feed.last_data_ns.get(name, 0) <= since_ns]
        for listed, market in self.pairs(venue):
            if market is None or not market.book.known:
                why.append(f"{listed.spec.instrument.id} has no book")
            elif market.last_book_ns <= since_ns:
                why.append(f"{listed.spec.instrument.id} has an old book")
            elif not market.coverage.live:
                why.append(f"{listed.spec.instrument.id} has no trades")
        return why

    async def until_live(self, within_s: float = 40.0) -> None:
        """Wait for all venues. Raises AssertionError."""
        end = asyncio.get_running_loop().time() + within_s
        while why := [reason for venue in self.noted for reason in self.not_live(venue)]:
            assert asyncio.get_running_loop().time() < end, why
            await asyncio.sleep(0.02)

    async def until_traded(self, within_s: float = 3.0) -> None:
        """Wait a while for a trade of each market: what is lost before the first one cannot be noticed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        markets = [market for venue in self.noted for _, market in self.pairs(venue) if market is not None]
        while loop.time() < end and not all(market.coverage.traded_ns for market in markets):
            await asyncio.sleep(0.02)

    async def settle(self, quiet_s: float = 0.2) -> None:
        """Wait until nothing arrives any more; the clock stands."""
        loop = asyncio.get_running_loop()
        seen, since, end = self._activity(), loop.time(), loop.time() + 4.0
        while loop.time() - since < quiet_s and loop.time() < end:
            await asyncio.sleep(0.02)
            if (now := self._activity()) != seen:
                seen, since = now, loop.time()

    def _activity(self) -> int:
        bases = self.core.engine.bases.values()
        return sum(base.trade_revision + base.book_revision + base.coverage_revision for base in bases)

    # truth

    def wrong_books(self, venue: Venue) -> list[str]:
        """Markets whose book is not the simulator's, while the clock stands."""
        return [why for listed, market in self.pairs(venue) if (why := _book_differs(listed, market))]

    def trades(self, venue: Venue, *, noticed_only: bool = False) -> Trades:
        """All trades of a venue since the opening against the simulator's.

        With `noticed_only` up to the last one received: what is missing after it shows with the next.
        """
        total = Trades()
        for listed, market in self.pairs(venue):
            if market is not None:
                total.add(self._market_trades(listed, market, noticed_only))
        return total

    def _market_trades(self, listed: SimulatedMarket, market: Market, noticed_only: bool) -> Trades:
        truth, have = self.true_lots(listed), self.stored_lots(listed, market)
        spans = market.coverage.received()
        if noticed_only:
            last_ms = max((key[0] for key in have), default=0)
            truth = Counter({key: lots for key, lots in truth.items() if key[0] <= last_ms})
        missing = truth - have
        unmarked = [key for key in missing if _covered(key[0] * MS, spans)]
        unexplained = set(unmarked) - self._kept_back_keys(listed) if unmarked else set()
        inside, own = (_sums(lots, spans) for lots in (truth, have))
        return Trades(
            len(have - truth), len(missing) - len(unmarked), len(unmarked), len(unexplained), len(have), inside == own
        )

    def true_lots(self, listed: SimulatedMarket) -> Lots:
        """What was traded since the first call or, for the first, since the opening.

        The simulator forgets trades in time, so a long run calls this now and then; what faults kept back is noted too.
        """
        self._kept_back_keys(listed)
        instrument = listed.spec.instrument.id
        last, lots = self._truth.get(instrument) or (_opening_id(listed), Counter())
        for row in _since(listed, last + 1):
            lots[row.ts_ns // MS, row.price, 1 if row.aggressor is Side.BUY else 2] += row.lots
            last = row.aggregate_id if isinstance(row, Aggregate) else row.trade_id
        self._truth[instrument] = last, lots
        return lots

    def _kept_back_keys(self, listed: SimulatedMarket) -> set[Key]:
        """The places of the trades that a fault kept from a socket."""
        noted = self._kept_back.setdefault(listed.spec.instrument.id, {})
        records = self.server.journal.records
        lost = [told for record in records for (index, _), told in record.lost.items() if index == listed.index]
        for row in {row for told in lost for row in told.rows} - noted.keys():
            fills = _fills(listed, *row)
            noted[row] = {(fill.ts_ns // MS, fill.price, 1 if fill.aggressor is Side.BUY else 2) for fill in fills}
        return set().union(*noted.values())

    def stored_lots(self, listed: SimulatedMarket, market: Market) -> Lots:
        """What the engine keeps of one market, in the simulator's ticks and lots."""
        spec, base = listed.spec, self.core.engine.bases[market.instrument.base]
        inverse = spec.instrument.kind is MarketKind.INVERSE
        lots: Lots = Counter()
        for part in base.trades.parts():
            mine = part.where(part.market == market.index)
            amounts = mine.notional if inverse else mine.size
            prices = [market.instrument.price_from_ticks(int(ticks)) for ticks in mine.ticks]
            for ts, price, amount, lane in zip(mine.ts, prices, amounts, mine.lane, strict=True):
                lots[int(ts) // MS, round(price / spec.tick), int(lane) % 3] += round(amount / spec.lot)
        return lots


@dataclass
class Trades:
    """Engine against simulator, in places of (time, price, side) that hold more or fewer lots than they should.

    `unmarked` are too little although marked as received, `unexplained` those of them that no fault kept back.
    `sums_agree` compares bought and sold lots inside the spans marked as received.
    """

    phantoms: int = 0
    marked: int = 0
    unmarked: int = 0
    unexplained: int = 0
    kept: int = 0
    sums_agree: bool = True

    def add(self, other: Trades) -> None:
        """Take in another market."""
        self.phantoms += other.phantoms
        self.marked += other.marked
        self.unmarked += other.unmarked
        self.unexplained += other.unexplained
        self.kept += other.kept
        self.sums_agree &= other.sums_agree


def _opening_id(listed: SimulatedMarket) -> int:
    opening = listed.opening
    assert opening is not None
    return opening.last_aggregate_id if listed.spec.instrument.venue == Venue("binance") else opening.last_trade_id


def _since(listed: SimulatedMarket, first: int) -> Sequence[Aggregate | Fill]:
    """All trades from an id on; what Binance merges bears the time of its first fill."""
    tape = listed.tape
    is_merged = listed.spec.instrument.venue == Venue("binance")
    return tape.aggregates.since(first, 1 << 30) if is_merged else tape.trades.since(first, 1 << 30)


def _fills(listed: SimulatedMarket, first: int, last: int) -> Sequence[Aggregate | Fill]:
    """The trades with these match ids, as the venue publishes them."""
    if listed.spec.instrument.venue != Venue("binance"):
        return listed.tape.trades.since(first, last - first + 1)
    rows = listed.tape.aggregates.last(1 << 30)
    return [row for row in rows if row.last_trade_id >= first and row.first_trade_id <= last]


def _covered(ts_ns: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a trade of this time must be known; the first millisecond of a span may have begun before it."""
    return any(start < ts_ns < end for start, end in spans)


def _sums(lots: Lots, spans: list[tuple[int, int]]) -> tuple[int, int]:
    sums = [0, 0, 0]
    for (ts_ms, _, side), amount in lots.items():
        if _covered(ts_ms * MS, spans):
            sums[side] += amount
    return sums[1], sums[2]


def _book_differs(listed: SimulatedMarket, market: Market | None) -> str:
    spec = listed.spec
    count = LEVELS.get(spec.instrument.venue, DEFAULT_LEVELS)
    if market is None or not market.book.known:
        return f"{spec.instrument.id} is unknown"
    price = market.instrument.price_from_ticks
    for side, half in ((market.book.bids, listed.book.bids), (market.book.asks, listed.book.asks)):
        ours = [(round(price(ticks) / spec.tick), size) for ticks, size in side.top(count)]
        true = [(ticks, spec.base_size(lots, ticks)) for ticks, lots in half.top(count)]
        for level, own in zip(true, ours, strict=False):
            if level[0] != own[0] or own[1] != pytest.approx(level[1], rel=1e-6):
                return f"{spec.instrument.id} shows {own} for {level}"
        if len(ours) < min(len(true), count):
            return f"{spec.instrument.id} has {len(ours)} levels of {len(true)}"
    return ""


def _of_server(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    place = code.co_filename if code is not None else ""
    return "/aiohttp/web" in place or "/simulator/" in place or "/tests/" in place


async def world(
    clock: Brake,
    bases: Sequence[str],
    seed: int = 5,
    faults_every_s: float | None = None,
    tape_capacity: int = TAPE_CAPACITY,
) -> Server:
    """The five venues on loopback, on a clock with a brake."""
    return await serve(
        0,
        seed=seed,
        warm_up_s=0,
        clock=clock,
        bases=bases,
        faults_every_s=faults_every_s,
        tape_capacity=tape_capacity,
    )
