"""The loopback venues: one aiohttp application for websockets and REST, and the task that moves the simulation.

With `clients` and `control` the only modules here with sockets and asyncio. It depends on dialects, not on venues. A
client that reads too slowly is disconnected when its queue is full, so it neither stalls the others nor grows memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Collection, Sequence
from types import TracebackType
from typing import Any

from aiohttp import WSCloseCode, web

from feeds.model.clock import Clock, SystemClock
from feeds.model.instrument import Venue
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.dialect import Answer, Conversation, Dialect, SocketClosed
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import SECOND
from feeds.simulator.market.tape import TAPE_CAPACITY
from feeds.simulator.service.clients import Client, ClientSet
from feeds.simulator.service.control import Control
from feeds.simulator.service.dialects import dialects
from feeds.simulator.service.faults import (
    ON_CONNECTIONS,
    ON_FRAMES,
    ON_MARKETS,
    Fault,
    FaultKind,
    Faults,
    InjectedFault,
    Schedule,
)
from feeds.simulator.service.journal import Journal
from feeds.simulator.simulation import PULSE_NS, Simulation
from feeds.simulator.universe.listings import altcoins_of

HOST = "127.0.0.1"
PAST_MINUTES = 720
_PERIOD_S = 0.01
_ASLEEP_NS = 5 * SECOND
_CLOSE_S = 2.0

_log = logging.getLogger(__name__)


class Server:
    """The running loopback venues. `port` is 0 until it listens; `simulation` is the true state behind them.

    `inject` starts a fault, `faults` lists those injected so far, `journal` records the trades delivered to each
    connection.
    """

    def __init__(
        self,
        simulation: Simulation,
        dialects: Sequence[Dialect],
        clock: Clock,
        queue_limit: int,
        schedule: Schedule | None = None,
    ) -> None:
        self.simulation = simulation
        self.port = 0
        self.faults = Faults()
        self.journal = Journal(simulation.markets)
        self._schedule = schedule
        self._dialects = dialects
        self._clock = clock
        self._queue_limit = queue_limit
        self.clients = ClientSet()
        self._runner: web.AppRunner | None = None
        self._ticked_ns = 0
        self._mover: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base URL of REST; websockets use the same with `ws://`."""
        return f"http://{HOST}:{self.port}"

    async def open(self, port: int) -> None:
        """Listen and start the market. Raises `OSError` when the port is taken."""
        app = web.Application()
        Control(self.simulation, self.journal, self.faults, self.inject).add_to(app)
        for dialect in self._dialects:
            path = dialect.prefix + "/{path:.*}"
            app.router.add_get(path, self._handler(dialect))
            app.router.add_post(path, self._handler(dialect))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._mover = asyncio.create_task(self._move(), name="simulated market")

    async def close(self) -> None:
        """Stop the market and close all sockets."""
        if self._mover is not None:
            self._mover.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._mover
        self.clients.close_all(SocketClosed(WSCloseCode.GOING_AWAY, "The venue shuts down"))
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _move(self) -> None:
        while True:
            self.advance()
            await asyncio.sleep(_PERIOD_S)

    def advance(self) -> None:
        """Advance the simulation to the clock's time and publish the new facts."""
        now_ns = self._clock.now_ns()
        if now_ns - self.simulation.now_ns > _ASLEEP_NS:
            _log.warning("The simulated market slept %.1f s", (now_ns - self.simulation.now_ns) / SECOND)
            self.simulation.skip(now_ns)
        facts = self.simulation.advance(now_ns)
        if now_ns - self._ticked_ns >= PULSE_NS:
            self._ticked_ns = now_ns
            self.clients.tick(now_ns)
            self._run_schedule(now_ns)
        for dialect in self._dialects:
            for message in dialect.messages(facts, now_ns, self.clients.wanted):
                self.clients.publish(message, now_ns)

    def inject(self, fault: Fault) -> InjectedFault:
        """Start a fault now, on every connection or market it matches."""
        now_ns = self._clock.now_ns()
        clients = [client for client in self.clients if _matches(fault, client)] if fault.kind in ON_CONNECTIONS else []
        for client in clients:
            self._apply_to(client, fault, now_ns)
        markets = [market for market in self.simulation.markets if _matches_market(fault, market)]
        for market in markets:
            if fault.kind is FaultKind.TICK_SIZE:
                self.simulation.refine(market)
            else:
                market.freeze()
        numbers = tuple(client.record.number for client in clients)
        ids = tuple(str(market.spec.instrument.id) for market in markets)
        return self.faults.begin(fault, now_ns, numbers, ids)

    def stop_faults(self) -> None:
        """Start no more faults; those already active on a line continue."""
        self._schedule = None
        self.faults.clear()

    def _apply_to(self, client: Client, fault: Fault, now_ns: int) -> None:
        if fault.kind in ON_FRAMES:
            client.line.begin(fault, now_ns)
        elif fault.kind is FaultKind.DROP:
            client.close(SocketClosed(WSCloseCode.ABNORMAL_CLOSURE, "Dropped"))
        else:
            notices, why = client.conversation.announce_maintenance(now_ns)
            for text in notices:
                client.put(text)
            asyncio.get_running_loop().call_later(fault.duration_s, client.close, why)

    def _run_schedule(self, now_ns: int) -> None:
        """End expired `OLD_SNAPSHOT` faults, and inject the scheduled fault that is due."""
        old = self.faults.lasting(FaultKind.OLD_SNAPSHOT, now_ns)
        for market in self.simulation.markets:
            if market.is_frozen and not any(_matches_market(fault, market) for fault in old):
                market.thaw()
        if self._schedule is not None:
            fault = self._schedule.due(now_ns, [(client.record.number, client.record.venue) for client in self.clients])
            if fault is not None:
                self.inject(fault)

    def _handler(self, dialect: Dialect) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        venue = Venue(dialect.prefix.strip("/"))

        async def handle(request: web.Request) -> web.StreamResponse:
            path, now_ns = request.match_info["path"], self._clock.now_ns()
            if request.headers.get("Upgrade", "").lower() == "websocket":
                if (refusing := self.faults.socket_refusal(venue, path, now_ns)) is not None:
                    return web.Response(status=refusing.status, text=refusing.body)
                return await self._converse(request, dialect, venue, path)
            refused = self.faults.refusal(venue, path, now_ns)
            if refused is not None:
                return _respond(dialect.refusal(*refused, now_ns))
            if request.method == "POST":
                return _respond(dialect.post(path, await request.read(), now_ns))
            return _respond(dialect.get(path, request.query, now_ns))

        return handle

    async def _converse(self, request: web.Request, dialect: Dialect, venue: Venue, path: str) -> web.StreamResponse:
        conversation = dialect.open(path, request.query)
        if conversation is None:
            return web.Response(status=404)
        socket = web.WebSocketResponse(heartbeat=conversation.ping_s or None, compress=False, timeout=_CLOSE_S)
        await socket.prepare(request)
        client = self._client(socket, conversation, venue, path)
        try:
            code, reason = await self._serve_client(client, request)
        finally:
            self.clients.remove(client)
            client.discard_queue()
            client.record.closed_ns = self._clock.now_ns()
        client.record.code = code
        await self._hang_up(request, socket, code, reason)
        return socket

    def _client(self, socket: web.WebSocketResponse, conversation: Conversation, venue: Venue, path: str) -> Client:
        now_ns = self._clock.now_ns()
        client = Client(socket, conversation, self.journal.open(venue, path, now_ns), self._queue_limit)
        for fault in self.faults.stalls(venue, path, now_ns):
            client.line.begin(fault, now_ns)
        self.clients.add(client)
        return client

    async def _serve_client(self, client: Client, request: web.Request) -> tuple[int, str]:
        """Read and write until either ends; returns the close code and its reason."""

        def cut(part: bytes) -> None:
            if request.transport is not None:
                request.transport.write(part)

        read = asyncio.create_task(client.read(self._clock, self.clients.refresh), name="simulator read")
        write = asyncio.create_task(client.write(cut), name="simulator write")
        ends: list[asyncio.Future[Any]] = [read, write, client.closing]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            read.cancel()
            write.cancel()
        read_end, write_end = await asyncio.gather(read, write, return_exceptions=True)
        why = client.closing.result() if client.closing.done() else read_end
        why = why if isinstance(why, SocketClosed) else write_end
        return (why.code, why.reason) if isinstance(why, SocketClosed) else (WSCloseCode.OK, "")

    async def _hang_up(self, request: web.Request, socket: web.WebSocketResponse, code: int, reason: str) -> None:
        """Send a close frame, or drop the connection (1006, and where the client no longer reads)."""
        if code == WSCloseCode.ABNORMAL_CLOSURE:
            if request.transport is not None:
                request.transport.close()
            return
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_CLOSE_S):
                await socket.close(code=code, message=reason.encode())
                return
        if request.transport is not None:
            request.transport.abort()


def _matches(fault: Fault, client: Client) -> bool:
    return fault.matches(client.record.venue, client.record.path, client.record.number)


def _matches_market(fault: Fault, market: SimulatedMarket) -> bool:
    instrument = market.spec.instrument
    return fault.kind in ON_MARKETS and fault.matches_market(instrument.venue, instrument.symbol)


def _respond(answer: Answer) -> web.Response:
    kind = "application/json"
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers, content_type=kind)


async def serve(
    port: int,
    *,
    seed: int = 7,
    warm_up_s: int = 900,
    past_minutes: int = 0,
    tape_capacity: int = TAPE_CAPACITY,
    clock: Clock | None = None,
    queue_limit: int = 8_000,
    futures_weight: int = 2_400,
    venues: Collection[str] | None = None,
    bases: Collection[str] | None = None,
    faults_every_s: float | None = None,
    funding_compression: int = 1,
) -> Server:
    """Start the loopback venues on 127.0.0.1 and return them listening; `port` 0 takes any free one.

    Only these `venues` and `bases`; None means all. `faults_every_s` is the mean time between random faults, None means
    none. `warm_up_s` seconds of trades precede the start, and `past_minutes` of bars without trades precede those.
    `tape_capacity` is aggregates retained of each market, `queue_limit` frames per client, `futures_weight` Binance's
    request weight a minute. Funding is paid `funding_compression` times as often as on the venues. Raises `OSError`
    when the port is taken.
    """
    clock = clock or SystemClock()
    markets, altcoins = markets_of(venues, bases), altcoins_of(venues, bases)
    simulation = Simulation(
        seed,
        clock.now_ns(),
        markets=markets,
        altcoins=altcoins,
        warm_up_s=warm_up_s,
        past_minutes=past_minutes,
        tape_capacity=tape_capacity,
        funding_compression=funding_compression,
    )
    schedule = Schedule(faults_every_s, Draws(seed, 20), clock.now_ns()) if faults_every_s else None
    server = Server(simulation, dialects(simulation, futures_weight), clock, queue_limit, schedule)
    await server.open(port)
    return server


async def _run(port: int, announce: Callable[[int], None], **options: Any) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with await serve(port, **options) as server:
        announce(server.port)
        await stop.wait()


def run(
    port: int,
    seed: int,
    announce: Callable[[int], None],
    *,
    venues: Collection[str] | None = None,
    bases: Collection[str] | None = None,
    faults_every_s: float | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; calls `announce` with the port once it listens. Blocks. Options as in `serve`."""
    options = {"seed": seed, "venues": venues, "bases": bases, "faults_every_s": faults_every_s}
    asyncio.run(_run(port, announce, past_minutes=PAST_MINUTES, **options))
