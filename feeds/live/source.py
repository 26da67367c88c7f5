"""Frames from the venues' sockets: lists markets, maintains connections, and performs the protocols' requests.

A connection that the venue ends after a known lifetime is replaced beforehand: a successor is opened, and the old one
is closed once the successor receives data. A base displayed while the source runs is followed until it has not been
displayed for a while; the end of its connections is marked like any other.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median_low
from typing import Any

import msgspec

from feeds.live.budget import Turnstile
from feeds.live.connection import CONNECTION_LIMITS, Backoff, ConnectionLimits, LiveConnection
from feeds.live.connection_plan import ConnectionPlanner, is_shared
from feeds.live.focus import Focus
from feeds.live.listing import not_listed, unlisted
from feeds.live.rest import Rest
from feeds.model.clock import Clock, SystemClock
from feeds.model.errors import FeedError, ProtocolError, TransportError
from feeds.model.frame import UNIVERSE, ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.model.odd_rows import OddRows
from feeds.model.protocol import Fetch, Reconnect, Relist, Replace, Request, Send
from feeds.model.source import Link
from feeds.venues.driver import VenueDriver

log = logging.getLogger(__name__)

UNLISTED, UNSEEN = "the venue no longer lists its markets", "not followed while no pane shows it"


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Spans of a live source.

    Every `timer_s` TIMER frames are emitted, every `clock_s` the venues' clocks read, every `relist_s` the instruments
    listed, not again within `relist_pause_s`. Connections wait `clock_patience_s` at most for the first reading. A
    replacing connection must have settled for `settle_s`; those of all perpetuals wait `universe_delay_s`, so that
    where sockets are rationed the followed bases connect first. At most `added_most` bases are followed besides those
    of the start, each until it was not in use for `added_retention_ns`.
    """

    timer_s: float = 0.25
    clock_s: float = 120.0
    clock_patience_s: float = 2.0
    settle_s: float = 5.0
    universe_delay_s: float = 1.0
    relist_s: float = 600.0
    relist_pause_s: float = 10.0
    added_most: int = 12
    added_retention_ns: int = 600_000_000_000
    connection: ConnectionLimits = CONNECTION_LIMITS


DEFAULT_LIMITS = SourceLimits()


class LiveSource:
    """Frames of all markets of some bases. Raises nothing while running: failures become frames and `trouble`.

    `history_s` is how many seconds of trades to fetch from before the start, `candle_hours` how many hours of candles,
    together with further data such as account ratios; 0 fetches neither. `universe` adds the all-market streams.
    `clock_offsets` is each venue's clock minus the computer's in ns, where the venue has a server time. A clock that is
    wrong by more than five seconds is set by them before the first frame. `last_data_ns` is the receive time of each
    connection's last data, None where nothing decodes the frames.
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
        self._rest = Rest(clock)
        self._focus = Focus(bases, most=limits.added_most, retention_ns=limits.added_retention_ns)
        self._planner = ConnectionPlanner(
            self._focus, self._rest, candles_s=round(candle_hours * 3_600), universe=universe
        )
        self._plans: dict[str, ConnectionSpec] = {}
        self._generations: Counter[str] = Counter()
        self._turnstiles: dict[Venue, Turnstile] = {}
        self._arrived: list[Frame] = []
        self._wake = asyncio.Event()
        self._refused: set[str] = set()
        self._relisting: set[tuple[Venue, MarketKind]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock_set = asyncio.Event()
        self._closed = False

    @property
    def odd_rows(self) -> OddRows:
        """The count of rows left out of the venues' lists."""
        return self._planner.odd_rows

    @odd_rows.setter
    def odd_rows(self, odd_rows: OddRows) -> None:
        self._planner.odd_rows = odd_rows

    @property
    def bases(self) -> tuple[str, ...]:
        """The followed bases: those from the start, then those displayed since."""
        return self._focus.bases

    @property
    def simulated(self) -> bool:
        """False; a socket does not show whether its venue is simulated."""
        return False

    @property
    def links(self) -> tuple[Link, ...]:
        """None: the connections to the venues are direct."""
        return ()

    @property
    def catching_up(self) -> bool:
        """False: frames are yielded as they are received."""
        return False

    def focus(self, base: str) -> None:
        """Follow a base, if it is not followed already. A base that no venue lists is reported in `trouble`."""
        if self._focus.show(base, self._clock.now_ns()):
            log.info("%s is followed from now on", base)
            self._evict()
            self._replan()

    def keep_subscribed(self, base: str) -> None:
        """Record that a base is in use, so that it stays subscribed; ignores others."""
        self._focus.mark_shown(base, self._clock.now_ns())

    async def unlisted(self, timeout_s: float = 30.0) -> list[str]:
        """A text for each followed base that no venue lists, before the start, which then uses the lists fetched.

        None while a venue that may list it does not answer in time.
        """
        return await unlisted(self._planner, self._focus.bases, self._drivers.values(), timeout_s)

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Everything that arrived since the last batch, in receive order; ends with `close`."""
        self._spawn(self._timer, "timer")
        self._spawn(self._follow_clocks, "clock")
        for driver in self._drivers.values():
            for kind in driver.endpoints:
                self._spawn(partial(self._market, driver, kind), f"market {driver.venue} {kind.value}")
        while not self._closed or self._arrived:
            await self._wake.wait()
            if not self._closed:
                self._wake.clear()
            batch, self._arrived = self._arrived, []
            yield batch

    def perform(self, name: str, request: Request) -> None:
        """Perform a request of a connection's protocol, without blocking; ignored if the connection is gone."""
        connection = self.connections.get(name)
        if connection is None:
            return
        match request:
            case Fetch():
                self._spawn(partial(self._fetch, connection, request), f"fetch {request.tag}")
            case Send():
                self._spawn(partial(connection.send, request.text), f"send {name}")
            case Reconnect():
                self._spawn(partial(connection.leave, request.reason, pause_s=request.pause_s), f"leave {name}")
            case Replace():
                connection.want_successor(request.reason)
            case Relist():
                driver, kind = self._drivers[connection.spec.venue], connection.spec.kind
                self._spawn(partial(self._relist, driver, kind, request.reason), f"relist {name}")

    async def close(self) -> None:
        """Stop all connections; frames that have arrived are still yielded."""
        self._closed = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._rest.close()

    def open_frames(self) -> list[Frame]:
        """OPEN frames of the open connections, for a recording that starts mid-session."""
        now_ns = self._clock.now_ns()
        return [open_frame(connection.spec, now_ns) for connection in self.connections.values() if connection.is_open]

    def _emit(self, frame: Frame) -> None:
        self._arrived.append(frame)
        self._wake.set()

    async def _timer(self) -> None:
        await self._clock_set.wait()
        while True:
            await asyncio.sleep(self._limits.timer_s)
            if self._evict():
                self._replan()
            self._note_refusals()
            self._emit(Frame(self._clock.now_ns(), "", FrameKind.TIMER, b""))

    async def _market(self, driver: VenueDriver, kind: MarketKind) -> None:
        """List a market's instruments, open its connections, and refresh the list periodically."""
        if self._planner.is_listed(driver, kind):
            self._change(driver, kind, self._planner.planned(driver, kind))
            self._note_unlisted()
        else:
            await self._list(driver, kind)
        while True:
            await asyncio.sleep(self._limits.relist_s)
            await self._relist(driver, kind, "it is time")

    async def _list(self, driver: VenueDriver, kind: MarketKind) -> None:
        """Fetch the list of a market and apply it; whatever fails is reported in `trouble` and tried again."""
        market, backoff = f"{driver.venue}.{kind.value}", Backoff(self._random, self._limits.connection)
        while True:
            try:
                self._change(driver, kind, await self._planner.plans(driver, kind))
                break
            except Exception as error:  # noqa: BLE001 - whatever a list causes, the market is tried again
                log.warning("%s: not listed: %r", market, error)
                self.trouble[market] = _reason(error)
                await backoff.pause(error)
        self._note(market)
        self._note_unlisted()

    def _note(self, market: str) -> None:
        """Report followed symbols of a market that are no longer listed."""
        self.trouble.pop(market, None)
        if missing := self._planner.missing.get(market):
            self.trouble[market] = f"{', '.join(missing)}: no longer listed"

    def _note_refusals(self) -> None:
        """Report the markets whose sockets the venue refuses."""
        refused = {
            f"{one.spec.venue}.{one.spec.kind.value} sockets": one.trouble
            for one in self.connections.values()
            if one.is_refused
        }
        for market in self._refused - refused.keys():
            self.trouble.pop(market, None)
        self._refused = set(refused)
        self.trouble |= refused

    def _evict(self) -> list[str]:
        """Unsubscribe bases that were not displayed for a while; returns them."""
        gone = self._focus.evict(self._clock.now_ns())
        for base in gone:
            log.info("%s was not displayed for long and is unsubscribed", base)
            self.trouble.pop(base, None)
        return gone

    def _replan(self) -> None:
        """Open and close connections after a change of the followed bases, for markets with a known list."""
        for driver in self._drivers.values():
            for kind in driver.endpoints:
                if self._planner.is_listed(driver, kind):
                    self._change(driver, kind, self._planner.planned(driver, kind), UNSEEN)
        self._note_unlisted()

    def why_not_listed(self, base: str) -> str:
        """What to show for a base that no venue lists; "" for others, and before all lists are known."""
        drivers = self._drivers.values()
        if not all(self._planner.is_listed(driver, kind) for driver in drivers for kind in driver.endpoints):
            return ""
        if any(self._planner.lists(driver, base) for driver in drivers):
            return ""
        return not_listed(base, self._planner.bases)

    def _note_unlisted(self) -> None:
        """Report each followed base that no venue lists, once all lists are known."""
        for base in self._focus.bases:
            self.trouble.pop(base, None)
            if trouble := self.why_not_listed(base):
                self.trouble[base] = trouble

    async def _relist(self, driver: VenueDriver, kind: MarketKind, reason: str) -> None:
        """Fetch the list of a market again and reconnect what changed; ignored within a pause after the last time."""
        if (driver.venue, kind) in self._relisting:
            return
        self._relisting.add((driver.venue, kind))
        log.info("%s.%s: %s; its markets are listed again", driver.venue, kind.value, reason)
        try:
            await self._list(driver, kind)
            await asyncio.sleep(self._limits.relist_pause_s)
        finally:
            self._relisting.discard((driver.venue, kind))

    def _change(self, driver: VenueDriver, kind: MarketKind, plans: dict[str, ConnectionSpec], why: str = "") -> None:
        """Apply planned connections: reconnect changed ones, close dropped ones for the reason `why`, open new."""
        followed = set()
        self._plans |= {name: msgspec.structs.replace(plan, history_s=self.history_s) for name, plan in plans.items()}
        for name, connection in list(self.connections.items()):
            if (connection.spec.venue, connection.spec.kind) != (driver.venue, kind):
                continue
            planned = name.partition("~")[0]
            plan = plans.get(planned)
            followed.add(planned)
            if plan is None:
                del self.connections[name]
                self._spawn(partial(connection.leave, why or UNLISTED, retire=True), f"leave {name}")
            elif frozenset(plan.markets) != frozenset(connection.spec.markets):
                self._alter(name, connection, plan)
        for name in (name for name in plans if name not in followed):
            self._start(driver, self._plans[name])
            self._spawn(partial(self._maintain, driver, name), f"follow {name}")

    def _alter(self, name: str, connection: LiveConnection, plan: ConnectionSpec) -> None:
        """Change the markets of a connection; a shared one is replaced, so that its other bases are not interrupted."""
        if is_shared(plan.name) and {one.id for one in plan.markets} != {one.id for one in connection.spec.markets}:
            connection.want_successor(UNSEEN)
        else:
            self._spawn(partial(connection.renew, plan, "the venue changed a market"), f"renew {name}")

    async def _maintain(self, driver: VenueDriver, planned: str) -> None:
        """Maintain a planned connection, by successors where the venue limits lifetimes."""
        found = [one for name, one in self.connections.items() if name.partition("~")[0] == planned]
        if not found:
            return
        connection = found[-1]
        while True:
            reason = await connection.outlived(driver.lifetime_s)
            if connection.is_retired:
                return
            successor = self._start(driver, self._plans[planned] if is_shared(planned) else connection.spec, planned)
            log.info("%s: %s; %s takes over", connection.spec.name, reason, successor.spec.name)
            await self._until_data(successor)
            if self.connections.get(connection.spec.name) is connection:
                del self.connections[connection.spec.name]
            await connection.leave(reason, retire=True)
            connection = successor

    async def _until_data(self, connection: LiveConnection) -> None:
        """Wait until a connection receives data other than acknowledgements, and its books have settled."""
        await connection.opened.wait()
        while not connection.is_retired and not self._receives(connection):  # noqa: ASYNC110
            await asyncio.sleep(self._limits.timer_s)
        if not connection.is_retired:
            await asyncio.sleep(self._limits.settle_s)

    def _receives(self, connection: LiveConnection) -> bool:
        return self.last_data_ns is None or self.last_data_ns.get(connection.spec.name, 0) > connection.opened_ns

    def _start(self, driver: VenueDriver, plan: ConnectionSpec, planned: str = "") -> LiveConnection:
        """Start a connection under an unused name, because the end of an earlier one may still be pending."""
        planned = planned or plan.name
        self._generations[planned] += 1
        generation = self._generations[planned]
        spec = msgspec.structs.replace(plan, name=planned if generation == 1 else f"{planned}~{generation}")

        async def admit() -> None:
            await self._clock_set.wait()
            if spec.route == UNIVERSE:
                await asyncio.sleep(self._limits.universe_delay_s)
            await asyncio.sleep(turnstile.wait_s(asyncio.get_running_loop().time()))

        def doubt(connection: LiveConnection) -> None:
            reason = f"{connection.spec.name} ends as soon as it begins"
            self._spawn(partial(self._relist, driver, connection.spec.kind, reason), f"relist {connection.spec.name}")

        def limited(wait_s: float) -> None:
            turnstile.block(asyncio.get_running_loop().time(), wait_s)

        turnstile = self._turnstiles.setdefault(driver.venue, Turnstile(*driver.connects))
        connection = LiveConnection(
            spec,
            self._clock,
            self._random,
            self._emit,
            admit=admit,
            doubt=doubt,
            limited=limited,
            limits=self._limits.connection,
        )
        self.connections[spec.name] = connection
        self._spawn(connection.run, f"keep {spec.name}")
        return connection

    async def _follow_clocks(self) -> None:
        """Read the venues' clocks again and again, and set ours where it is wrong: back before the first frame only."""
        while True:
            reading = [asyncio.create_task(self._read_clock(driver)) for driver in self._drivers.values()]
            try:
                if reading:
                    await asyncio.wait(reading, timeout=self._limits.clock_patience_s)
                self._set_clock(back=not self._clock_set.is_set())
                self._clock_set.set()
                await asyncio.gather(*reading)
                self._set_clock(back=False)
            finally:
                for one in reading:
                    one.cancel()
            await asyncio.sleep(self._limits.clock_s)

    def _set_clock(self, *, back: bool) -> None:
        if self.clock_offsets and isinstance(self._clock, SystemClock):
            computer_ns = self._clock.behind_computer_ns
            self._clock.follow_venues(median_low(self.clock_offsets.values()) + computer_ns, back=back)

    async def _read_clock(self, driver: VenueDriver) -> None:
        """Estimate a venue's clock minus the computer's, assuming equal latency both ways."""
        time = driver.profile.server_time
        if time is None:
            return
        try:
            asked_ns = self._clock.now_ns()
            server_ns = time.read_ns(await self._rest.ask(driver, time.kind, time.request))
            ours_ns = (asked_ns + self._clock.now_ns()) // 2
        except (TransportError, ProtocolError) as error:
            log.info("%s does not publish its time: %s", driver.venue, error)
            return
        behind_ns = self._clock.behind_computer_ns if isinstance(self._clock, SystemClock) else 0
        self.clock_offsets[driver.venue] = server_ns - ours_ns - behind_ns

    async def _fetch(self, connection: LiveConnection, request: Fetch) -> None:
        """Perform a Fetch and emit its answer on the requesting connection, unless that has ended."""
        life = connection.life
        try:
            driver = self._drivers[connection.spec.venue]
            body, kind = await self._rest.ask(driver, connection.spec.kind, request), FrameKind.HTTP
        except Exception as error:
            if not isinstance(error, TransportError):
                log.exception("%s: %s was not fetched", connection.spec.name, request.tag)
            body, kind = _reason(error).encode(), FrameKind.HTTP_FAILED
        if connection.life == life and connection.is_open:
            connection.frame(kind, body, request.tag)

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        if self._closed:
            return
        task = asyncio.create_task(self._persist(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Work until it ends by itself. A fault of any kind is reported in `trouble`, and the work is tried again."""
        backoff, loop = Backoff(self._random, self._limits.connection), asyncio.get_running_loop()
        while True:
            settled = loop.call_later(self._limits.settle_s, self.trouble.pop, name, None)
            try:
                await work()
                self.trouble.pop(name, None)
                return
            except Exception as error:
                log.critical("%s stopped by a fault", name, exc_info=error)
                self.trouble[name] = _reason(error)
                settled.cancel()
                await backoff.pause(error)
            finally:
                settled.cancel()


def _reason(error: Exception) -> str:
    return error.text if isinstance(error, FeedError) else f"a fault of this program: {error!r}"
