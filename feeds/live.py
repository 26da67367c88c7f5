"""Frames from sockets: lists the markets of every venue, keeps their connections and does what the protocols ask for.

A connection whose venue ends it after a known time is replaced before: its successor is opened, and only when that
receives data is the old one closed.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from typing import Any

import msgspec

from feeds.budget import Turnstile
from feeds.clock import Clock
from feeds.connection import Backoff, LiveConnection
from feeds.errors import ProtocolError, TransportError
from feeds.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.instrument import MarketKind, Venue
from feeds.protocol import Fetch, Reconnect, Relist, Replace, Request, Send
from feeds.rest import Rest
from feeds.roster import Roster
from feeds.venues.driver import VenueDriver

log = logging.getLogger(__name__)

TIMER_S = 0.25
CLOCK_S = 120.0
SETTLE_S = 5.0
RELIST_S, RELIST_PAUSE_S = 600.0, 10.0


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
    ) -> None:
        self.bases = tuple(bases)
        self.connections: dict[str, LiveConnection] = {}
        self.trouble: dict[str, str] = {}
        self.clock_offsets: dict[Venue, int] = {}
        self.heard: Mapping[str, int] | None = None
        self._drivers = {driver.venue: driver for driver in drivers}
        self._clock = clock
        self.history_s = history_s
        self._random = random.Random(seed)
        self._rest = Rest()
        self._roster = Roster(self.bases, self._rest, candles_s=round(candle_hours * 3_600), universe=universe)
        self._turnstiles: dict[Venue, Turnstile] = {}
        self._arrived: list[Frame] = []
        self._wake = asyncio.Event()
        self._relisting: set[tuple[Venue, MarketKind]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Everything that arrived since the last batch, in receive order; ends with `close`."""
        self._spawn(self._timer(), "timer")
        for driver in self._drivers.values():
            self._spawn(self._watch_clock(driver), f"clock {driver.venue.value}")
            for kind in driver.endpoints:
                self._spawn(self._market(driver, kind), f"market {driver.venue.value} {kind.value}")
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
            await asyncio.sleep(TIMER_S)
            self._emit(Frame(self._clock.now_ns(), "", FrameKind.TIMER, b""))

    async def _market(self, driver: VenueDriver, kind: MarketKind) -> None:
        """Learn a market's instruments, then keep its connections and look at the list now and then."""
        name, backoff = f"{driver.venue.value}.{kind.value}", Backoff(self._random)
        while True:
            try:
                plans = await self._roster.plans(driver, kind)
                break
            except (TransportError, ProtocolError) as error:
                self.trouble[name] = error.text
                await backoff.pause(error)
        self._note(name)
        for spec in plans.values():
            self._follow(driver, spec)
        while True:
            await asyncio.sleep(RELIST_S)
            await self._relist(driver, kind, "it is time")

    def _note(self, market: str) -> None:
        """What is wrong with a market that could be listed: something is not there any more."""
        self.trouble.pop(market, None)
        if missing := self._roster.missing.get(market):
            self.trouble[market] = f"{', '.join(missing)}: no longer listed"

    def _follow(self, driver: VenueDriver, spec: ConnectionSpec) -> None:
        self._spawn(self._keep(driver, spec), f"keep {spec.name}")

    async def _relist(self, driver: VenueDriver, kind: MarketKind, reason: str) -> None:
        """List a market again and open anew what has changed, once in a while however often it is asked for."""
        if (driver.venue, kind) in self._relisting:
            return
        self._relisting.add((driver.venue, kind))
        market = f"{driver.venue.value}.{kind.value}"
        log.info("%s: %s; its markets are listed again", market, reason)
        try:
            self._change(driver, kind, await self._roster.plans(driver, kind))
            self._note(market)
        except (TransportError, ProtocolError) as error:
            log.warning("%s: not listed: %s", market, error)
        await asyncio.sleep(RELIST_PAUSE_S)
        self._relisting.discard((driver.venue, kind))

    def _change(self, driver: VenueDriver, kind: MarketKind, plans: dict[str, ConnectionSpec]) -> None:
        """Open anew what carries other markets now, leave what carries none, and begin what is new."""
        followed = set()
        for name, keeper in list(self.connections.items()):
            if (keeper.spec.venue, keeper.spec.kind) != (driver.venue, kind):
                continue
            plan = plans.get(name.partition("~")[0])
            followed.add(name.partition("~")[0])
            if plan is None:
                del self.connections[name]
                self._spawn(keeper.leave("the venue no longer lists its markets", retire=True), f"leave {name}")
            elif frozenset(plan.markets) != frozenset(keeper.spec.markets):
                self._spawn(keeper.renew(plan, "the venue changed a market"), f"renew {name}")
        for name in plans.keys() - followed:
            self._follow(driver, plans[name])

    async def _keep(self, driver: VenueDriver, plan: ConnectionSpec) -> None:
        """Keep a planned connection, by one keeper after another where the venue ends their lives."""
        keeper, generation = self._keeper(driver, msgspec.structs.replace(plan, history_s=self.history_s)), 1
        while True:
            reason = await keeper.outlived(driver.lifetime_s)
            if keeper.is_retired:
                return
            generation += 1
            name = f"{plan.name}~{generation}"
            successor = self._keeper(driver, msgspec.structs.replace(keeper.spec, name=name))
            log.info("%s: %s; %s takes over", keeper.spec.name, reason, name)
            await self._until_heard(successor)
            self.connections.pop(keeper.spec.name, None)
            await keeper.leave(reason, retire=True)
            keeper = successor

    async def _until_heard(self, keeper: LiveConnection) -> None:
        """Wait until a connection receives data, an acknowledgement being none, and its books have settled."""
        await keeper.opened.wait()
        while self.heard is not None and self.heard.get(keeper.spec.name, 0) <= keeper.opened_ns:  # noqa: ASYNC110
            await asyncio.sleep(TIMER_S)
        await asyncio.sleep(SETTLE_S)

    def _keeper(self, driver: VenueDriver, spec: ConnectionSpec) -> LiveConnection:
        async def admit() -> None:
            await asyncio.sleep(turnstile.wait_s(asyncio.get_running_loop().time()))

        def doubt(keeper: LiveConnection) -> None:
            reason = f"{keeper.spec.name} ends as soon as it begins"
            self._spawn(self._relist(driver, keeper.spec.kind, reason), f"relist {keeper.spec.name}")

        turnstile = self._turnstiles.setdefault(driver.venue, Turnstile(*driver.connects))
        keeper = LiveConnection(spec, self._clock, self._random, self._emit, admit=admit, doubt=doubt)
        self.connections[spec.name] = keeper
        self._spawn(keeper.keep(), f"keep {spec.name}")
        return keeper

    async def _watch_clock(self, driver: VenueDriver) -> None:
        """Estimate the venue's clock against ours, as if both ways of the call took equally long."""
        while driver.clock is not None:
            kind, request, read_ns = driver.clock
            try:
                asked_ns = self._clock.now_ns()
                told_ns = read_ns(await self._rest.ask(driver, kind, request))
                self.clock_offsets[driver.venue] = told_ns - (asked_ns + self._clock.now_ns()) // 2
            except (TransportError, ProtocolError) as error:
                log.info("%s does not tell the time: %s", driver.venue.value, error)
            await asyncio.sleep(CLOCK_S)

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
