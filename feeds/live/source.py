"""Frames from sockets: lists the markets of every venue, keeps their connections and does what the protocols ask for.

A connection whose venue ends it after a known time is replaced before: its successor is opened, and only when that
receives data is the old one closed. A base that is shown while the source runs is followed like the others until it was
not shown for long; what ends then is marked as with any connection that ends.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from feeds.live.budget import Turnstile
from feeds.live.connection import CONNECTION_LIMITS, Backoff, ConnectionLimits, LiveConnection
from feeds.live.connection_plan import ConnectionPlanner, is_shared
from feeds.live.focus import Focus
from feeds.live.rest import Rest
from feeds.model.clock import Clock
from feeds.model.errors import ProtocolError, TransportError
from feeds.model.frame import UNIVERSE, ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch, Reconnect, Relist, Replace, Request, Send
from feeds.model.source import Link
from feeds.venues.driver import VenueDriver

log = logging.getLogger(__name__)

UNLISTED, UNSEEN = "the venue no longer lists its markets", "not followed while no pane shows it"


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Spans of a live source.

    Every `timer_s` TIMER frames are emitted, every `clock_s` the venues' clocks read, every `relist_s` the instruments
    listed, not again within `relist_pause_s`. A replacing connection must have settled for `settle_s`; those of all
    perpetuals wait `universe_delay_s`, so that where sockets are rationed the followed bases connect first. At most
    `added_most` bases are followed besides those of the start, each until it was not in use for `added_retention_ns`.
    """

    timer_s: float = 0.25
    clock_s: float = 120.0
    settle_s: float = 5.0
    universe_delay_s: float = 1.0
    relist_s: float = 600.0
    relist_pause_s: float = 10.0
    added_most: int = 12
    added_retention_ns: int = 600_000_000_000
    connection: ConnectionLimits = CONNECTION_LIMITS


DEFAULT_LIMITS = SourceLimits()


class LiveSource:
    """Frames of all markets of some bases. Raises nothing while running: failures are frames and `trouble`.

    `history_s` is how many seconds of trades before the start are asked for, `candle_hours` how many hours of candles,
    which come with what else a venue knows of its markets; 0 asks for neither. `universe` adds the few words that every
    venue has on each of its perpetuals. `clock_offsets` is each venue's clock minus ours in ns, as far as it tells the
    time. `heard` is when each connection last said something that was data, where somebody decodes what arrives.
    """

    def __init__(
        self,
        bases: Iterable[str],
        drivers: Iterable[VenueDriver],
        clock: Clock,
        *,
        history_s: int = 0,
        candle_hours: float = 0.0,
        universe: bool = False,
        seed: int | None = None,
        limits: SourceLimits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self.connections: dict[str, LiveConnection] = {}
        self.trouble: dict[str, str] = {}
        self.clock_offsets: dict[Venue, int] = {}
        self.last_data_ns: Mapping[str, int] | None = None
        self._drivers = {driver.venue: driver for driver in drivers}
        self._clock = clock
        self.history_s = history_s
        self._random = random.Random(seed)
        self._rest = Rest()
        self._focus = Focus(bases, most=limits.added_most, retention_ns=limits.added_retention_ns)
        self._planner = ConnectionPlanner(
            self._focus, self._rest, candles_s=round(candle_hours * 3_600), universe=universe
        )
        self._plans: dict[str, ConnectionSpec] = {}
        self._generations: Counter[str] = Counter()
        self._turnstiles: dict[Venue, Turnstile] = {}
        self._arrived: list[Frame] = []
        self._wake = asyncio.Event()
        self._relisting: set[tuple[Venue, MarketKind]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def bases(self) -> tuple[str, ...]:
        """What is followed: the bases from the start, then those shown since."""
        return self._focus.bases

    @property
    def simulated(self) -> bool:
        """A socket does not tell; whoever gives the addresses knows."""
        return False

    @property
    def links(self) -> tuple[Link, ...]:
        """Nothing lies between the venues and us."""
        return ()

    @property
    def catching_up(self) -> bool:
        """Frames come as they are received."""
        return False

    def focus(self, base: str) -> None:
        """Follow a base from now on, if it is not followed already. One that no venue lists becomes `trouble`."""
        if self._focus.show(base, self._clock.now_ns()):
            log.info("%s is followed from now on", base)
            self._let_go()
            self._replan()

    def keep_subscribed(self, base: str) -> None:
        """A base is in use: if it is subscribed, it stays so."""
        self._focus.mark_shown(base, self._clock.now_ns())

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Everything that arrived since the last batch, in receive order; ends with `close`."""
        self._spawn(self._timer(), "timer")
        for driver in self._drivers.values():
            self._spawn(self._watch_clock(driver), f"clock {driver.venue}")
            for kind in driver.endpoints:
                self._spawn(self._market(driver, kind), f"market {driver.venue} {kind.value}")
        while not self._closed or self._arrived:
            await self._wake.wait()
            if not self._closed:
                self._wake.clear()
            batch, self._arrived = self._arrived, []
            yield batch

    def perform(self, connection: str, request: Request) -> None:
        """Do what a protocol wants, without waiting for it."""
        keeper = self.connections.get(connection)
        if keeper is None:
            return
        match request:
            case Fetch():
                self._spawn(self._fetch(keeper, request), f"fetch {request.tag}")
            case Send():
                self._spawn(keeper.send(request.text), f"send {connection}")
            case Reconnect():
                self._spawn(keeper.leave(request.reason, pause_s=request.pause_s), f"leave {connection}")
            case Replace():
                keeper.want_successor(request.reason)
            case Relist():
                driver, kind = self._drivers[keeper.spec.venue], keeper.spec.kind
                self._spawn(self._relist(driver, kind, request.reason), f"relist {connection}")

    async def close(self) -> None:
        """Stop all connections; what arrived is still handed out."""
        self._closed = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._rest.close()

    def open_frames(self) -> list[Frame]:
        """OPEN frames of the connections that are open now, for a recording that begins in the middle."""
        now_ns = self._clock.now_ns()
        return [open_frame(keeper.spec, now_ns) for keeper in self.connections.values() if keeper.is_open]

    def _emit(self, frame: Frame) -> None:
        self._arrived.append(frame)
        self._wake.set()

    async def _timer(self) -> None:
        while True:
            await asyncio.sleep(self._limits.timer_s)
            if self._let_go():
                self._replan()
            self._emit(Frame(self._clock.now_ns(), "", FrameKind.TIMER, b""))

    async def _market(self, driver: VenueDriver, kind: MarketKind) -> None:
        """Learn a market's instruments, then keep its connections and look at the list now and then."""
        name, backoff = f"{driver.venue}.{kind.value}", Backoff(self._random, self._limits.connection)
        while True:
            try:
                plans = await self._planner.plans(driver, kind)
                break
            except (TransportError, ProtocolError) as error:
                self.trouble[name] = error.text
                await backoff.pause(error)
        self._note(name)
        self._change(driver, kind, plans)
        self._note_unlisted()
        while True:
            await asyncio.sleep(self._limits.relist_s)
            await self._relist(driver, kind, "it is time")

    def _note(self, market: str) -> None:
        """What is wrong with a market that could be listed: something is not there any more."""
        self.trouble.pop(market, None)
        if missing := self._planner.missing.get(market):
            self.trouble[market] = f"{', '.join(missing)}: no longer listed"

    def _let_go(self) -> list[str]:
        """Follow no longer what nobody looks at."""
        gone = self._focus.evict(self._clock.now_ns())
        for base in gone:
            log.info("%s was not shown for long and is let go", base)
            self.trouble.pop(base, None)
        return gone

    def _replan(self) -> None:
        """Open and leave connections after a change of what is in focus, where it is known what is listed."""
        for driver in self._drivers.values():
            for kind in driver.endpoints:
                if self._planner.is_listed(driver, kind):
                    self._change(driver, kind, self._planner.planned(driver, kind), UNSEEN)
        self._note_unlisted()

    def _note_unlisted(self) -> None:
        """Name each base in focus that no venue has a market of, once all have told what they list."""
        drivers = self._drivers.values()
        if not all(self._planner.is_listed(driver, kind) for driver in drivers for kind in driver.endpoints):
            return
        for base in self._focus.added:
            if any(self._planner.lists(driver, base) for driver in drivers):
                self.trouble.pop(base, None)
            else:
                self.trouble[base] = "no venue lists a market of it"

    async def _relist(self, driver: VenueDriver, kind: MarketKind, reason: str) -> None:
        """List a market again and open anew what has changed, once in a while however often it is asked for."""
        if (driver.venue, kind) in self._relisting:
            return
        self._relisting.add((driver.venue, kind))
        market = f"{driver.venue}.{kind.value}"
        log.info("%s: %s; its markets are listed again", market, reason)
        try:
            self._change(driver, kind, await self._planner.plans(driver, kind))
            self._note(market)
            self._note_unlisted()
        except (TransportError, ProtocolError) as error:
            log.warning("%s: not listed: %s", market, error)
        await asyncio.sleep(self._limits.relist_pause_s)
        self._relisting.discard((driver.venue, kind))

    def _change(self, driver: VenueDriver, kind: MarketKind, plans: dict[str, ConnectionSpec], why: str = "") -> None:
        """Open anew what carries other markets now, leave what carries none, saying why, and begin what is new."""
        followed = set()
        self._plans |= {name: msgspec.structs.replace(plan, history_s=self.history_s) for name, plan in plans.items()}
        for name, keeper in list(self.connections.items()):
            if (keeper.spec.venue, keeper.spec.kind) != (driver.venue, kind):
                continue
            planned = name.partition("~")[0]
            plan = plans.get(planned)
            followed.add(planned)
            if plan is None:
                del self.connections[name]
                self._spawn(keeper.leave(why or UNLISTED, retire=True), f"leave {name}")
            elif frozenset(plan.markets) != frozenset(keeper.spec.markets):
                self._alter(name, keeper, plan)
        for name in (name for name in plans if name not in followed):
            keeper = self._keeper(driver, self._plans[name])
            self._spawn(self._keep(driver, keeper, name), f"follow {name}")

    def _alter(self, name: str, keeper: LiveConnection, plan: ConnectionSpec) -> None:
        """Let a connection carry other markets: where bases came or went, the others must not feel it."""
        if is_shared(plan.name) and {one.id for one in plan.markets} != {one.id for one in keeper.spec.markets}:
            keeper.want_successor(UNSEEN)
        else:
            self._spawn(keeper.renew(plan, "the venue changed a market"), f"renew {name}")

    async def _keep(self, driver: VenueDriver, keeper: LiveConnection, planned: str) -> None:
        """Keep a planned connection, by one keeper after another where the venue ends their lives."""
        while True:
            reason = await keeper.outlived(driver.lifetime_s)
            if keeper.is_retired:
                return
            successor = self._keeper(driver, self._plans[planned] if is_shared(planned) else keeper.spec, planned)
            log.info("%s: %s; %s takes over", keeper.spec.name, reason, successor.spec.name)
            await self._until_data(successor)
            if self.connections.get(keeper.spec.name) is keeper:
                del self.connections[keeper.spec.name]
            await keeper.leave(reason, retire=True)
            keeper = successor

    async def _until_data(self, keeper: LiveConnection) -> None:
        """Wait until a connection receives data, an acknowledgement being none, and its books have settled."""
        await keeper.opened.wait()
        while not keeper.is_retired and not self._receives(keeper):  # noqa: ASYNC110
            await asyncio.sleep(self._limits.timer_s)
        if not keeper.is_retired:
            await asyncio.sleep(self._limits.settle_s)

    def _receives(self, keeper: LiveConnection) -> bool:
        return self.last_data_ns is None or self.last_data_ns.get(keeper.spec.name, 0) > keeper.opened_ns

    def _keeper(self, driver: VenueDriver, plan: ConnectionSpec, planned: str = "") -> LiveConnection:
        """Begin a connection under a name that none had before: the end of an earlier one may still be on its way."""
        planned = planned or plan.name
        self._generations[planned] += 1
        generation = self._generations[planned]
        spec = msgspec.structs.replace(plan, name=planned if generation == 1 else f"{planned}~{generation}")

        async def admit() -> None:
            if spec.route == UNIVERSE:
                await asyncio.sleep(self._limits.universe_delay_s)
            await asyncio.sleep(turnstile.wait_s(asyncio.get_running_loop().time()))

        def doubt(keeper: LiveConnection) -> None:
            reason = f"{keeper.spec.name} ends as soon as it begins"
            self._spawn(self._relist(driver, keeper.spec.kind, reason), f"relist {keeper.spec.name}")

        turnstile = self._turnstiles.setdefault(driver.venue, Turnstile(*driver.connects))
        keeper = LiveConnection(
            spec, self._clock, self._random, self._emit, admit=admit, doubt=doubt, limits=self._limits.connection
        )
        self.connections[spec.name] = keeper
        self._spawn(keeper.run(), f"keep {spec.name}")
        return keeper

    async def _watch_clock(self, driver: VenueDriver) -> None:
        """Estimate the venue's clock against ours, as if both ways of the call took equally long."""
        while (time := driver.profile.server_time) is not None:
            try:
                asked_ns = self._clock.now_ns()
                told_ns = time.read_ns(await self._rest.ask(driver, time.kind, time.request))
                self.clock_offsets[driver.venue] = told_ns - (asked_ns + self._clock.now_ns()) // 2
            except (TransportError, ProtocolError) as error:
                log.info("%s does not publish its time: %s", driver.venue, error)
            await asyncio.sleep(self._limits.clock_s)

    async def _fetch(self, keeper: LiveConnection, request: Fetch) -> None:
        """Answer a Fetch on the connection that asked; an answer to a connection that is gone is dropped."""
        life = keeper.life
        try:
            driver = self._drivers[keeper.spec.venue]
            body, kind = await self._rest.ask(driver, keeper.spec.kind, request), FrameKind.HTTP
        except TransportError as error:
            body, kind = error.text.encode(), FrameKind.HTTP_FAILED
        if keeper.life == life and keeper.is_open:
            keeper.frame(kind, body, request.tag)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._closed:
            work.close()
            return
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("%s stopped by a fault", task.get_name(), exc_info=error)
