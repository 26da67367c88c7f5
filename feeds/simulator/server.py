"""The loopback venue: one aiohttp application for websockets and REST, and the task that moves the simulation.

The only module here with sockets and asyncio. It knows dialects, not venues. A client that reads too slowly is dropped
when its queue is full, so that it neither stalls the others nor grows the memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from types import TracebackType
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from feeds.clock import Clock, SystemClock
from feeds.simulator.catalogue import markets_of
from feeds.simulator.dialect import Answer, Conversation, Dialect, Expelled, Message
from feeds.simulator.dialects import dialects
from feeds.simulator.ledger import Ledger
from feeds.simulator.listed import Listed
from feeds.simulator.simulation import PULSE_NS, Simulation
from feeds.simulator.spec import MS, SECOND
from feeds.simulator.universe import light_of

HOST = "127.0.0.1"
_PERIOD_S = 0.01
_ASLEEP_NS = 5 * SECOND
_CLOSE_S = 2.0

_log = logging.getLogger(__name__)


class Client:
    """One websocket and what still has to be sent on it."""

    def __init__(self, socket: web.WebSocketResponse, conversation: Conversation, queue_limit: int) -> None:
        self.conversation = conversation
        self._socket = socket
        self._queue: deque[str] = deque()
        self._queue_limit = queue_limit
        self._filled = asyncio.Event()
        self.dismissed: asyncio.Future[Expelled] = asyncio.get_running_loop().create_future()

    def put(self, text: str) -> None:
        """Queue one frame; too many mean that the client is too slow."""
        if len(self._queue) >= self._queue_limit:
            self.dismiss(Expelled(WSCloseCode.POLICY_VIOLATION, "Too slow"))
            return
        self._queue.append(text)
        self._filled.set()

    def dismiss(self, why: Expelled) -> None:
        """End the connection; the first reason counts."""
        if not self.dismissed.done():
            self.dismissed.set_result(why)

    async def write(self) -> None:
        """Send what is queued, for ever."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                await self._socket.send_str(self._queue.popleft())

    async def read(self, clock: Clock, changed: Callable[[], None]) -> None:
        """Answer requests until the client leaves. Raises `Expelled`."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            for reply in self.conversation.receive(message.data, clock.now_ns()):
                self.put(reply)
            changed()


class Hub:
    """Who wants which topic."""

    def __init__(self) -> None:
        self._clients: dict[Client, None] = {}
        self.wanted: dict[str, list[Client]] = {}

    def add(self, client: Client) -> None:
        """Let a client take part."""
        self._clients[client] = None
        self.refresh()

    def remove(self, client: Client) -> None:
        """Forget a client."""
        self._clients.pop(client, None)
        self.refresh()

    def dismiss_all(self, why: Expelled) -> None:
        """End every connection."""
        for client in self._clients:
            client.dismiss(why)

    def tick(self, now_ns: int) -> None:
        """Send what the conversations owe by the clock."""
        for client in self._clients:
            try:
                for text in client.conversation.tick(now_ns):
                    client.put(text)
            except Expelled as why:
                client.dismiss(why)

    def refresh(self) -> None:
        """Read the topics of all clients again."""
        self.wanted = {}
        for client in self._clients:
            for topic in client.conversation.topics:
                self.wanted.setdefault(topic, []).append(client)

    def publish(self, message: Message) -> None:
        """Queue a message for everyone who wants it."""
        for client in self.wanted.get(message.topic, ()):
            client.put(client.conversation.frame(message))


class Server:
    """The running loopback venue. `port` is known once it listens; `simulation` is the truth behind it."""

    def __init__(self, simulation: Simulation, dialects: Sequence[Dialect], clock: Clock, queue_limit: int) -> None:
        self.simulation = simulation
        self.port = 0
        self._dialects = dialects
        self._clock = clock
        self._queue_limit = queue_limit
        self._hub = Hub()
        self._runner: web.AppRunner | None = None
        self._ticked_ns = 0
        self._mover: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base URL of REST; websockets live below the same with `ws://`."""
        return f"http://{HOST}:{self.port}"

    async def open(self, port: int) -> None:
        """Listen and start the market. Raises `OSError` when the port is taken."""
        app = web.Application()
        app.router.add_get("/simulator/ledger", self._ledger)
        for dialect in self._dialects:
            path = dialect.prefix + "/{path:.*}"
            app.router.add_get(path, self._handler(dialect))
            app.router.add_post(path, self._poster(dialect))
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
        self._hub.dismiss_all(Expelled(WSCloseCode.GOING_AWAY, "The venue shuts down"))
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
        """Bring the market to the clock's time and publish what happened."""
        now_ns = self._clock.now_ns()
        if now_ns - self.simulation.now_ns > _ASLEEP_NS:
            _log.warning("The simulated market slept %.1f s", (now_ns - self.simulation.now_ns) / SECOND)
            self.simulation.skip(now_ns)
        facts = self.simulation.advance(now_ns)
        if now_ns - self._ticked_ns >= PULSE_NS:
            self._ticked_ns = now_ns
            self._hub.tick(now_ns)
        for dialect in self._dialects:
            for message in dialect.messages(facts, now_ns, self._hub.wanted):
                self._hub.publish(message)

    def _handler(self, dialect: Dialect) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._converse(request, dialect)
            return _respond(dialect.get(request.match_info["path"], request.query, self._clock.now_ns()))

        return handle

    def _poster(self, dialect: Dialect) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            return _respond(dialect.post(request.match_info["path"], body, self._clock.now_ns()))

        return handle

    async def _converse(self, request: web.Request, dialect: Dialect) -> web.StreamResponse:
        conversation = dialect.open(request.match_info["path"], request.query)
        if conversation is None:
            return web.Response(status=404)
        socket = web.WebSocketResponse(heartbeat=conversation.ping_s or None, compress=False, timeout=_CLOSE_S)
        await socket.prepare(request)
        client = Client(socket, conversation, self._queue_limit)
        self._hub.add(client)
        try:
            code, reason = await self._serve_client(client)
        finally:
            self._hub.remove(client)
        await self._hang_up(request, socket, code, reason)
        return socket

    async def _serve_client(self, client: Client) -> tuple[int, str]:
        """Read and write until one of both ends; returns the close code and its reason."""
        read = asyncio.create_task(client.read(self._clock, self._hub.refresh), name="simulator read")
        write = asyncio.create_task(client.write(), name="simulator write")
        ends: list[asyncio.Future[Any]] = [read, write, client.dismissed]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            read.cancel()
            write.cancel()
        read_end, _ = await asyncio.gather(read, write, return_exceptions=True)
        why = client.dismissed.result() if client.dismissed.done() else read_end
        return (why.code, why.reason) if isinstance(why, Expelled) else (WSCloseCode.OK, "")

    async def _hang_up(self, request: web.Request, socket: web.WebSocketResponse, code: int, reason: str) -> None:
        """Close politely, and cut the line of a client that no longer reads."""
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

    async def _ledger(self, request: web.Request) -> web.Response:
        asked = request.query.get("depth", "")
        depth = int(asked) if asked.isdecimal() else 20
        markets = {market.spec.instrument.id: _truth(market, depth) for market in self.simulation.markets}
        body = {"time_ms": self.simulation.now_ns // MS, "start_ms": self.simulation.start_ns // MS, "markets": markets}
        return web.Response(body=msgspec.json.encode(body), content_type="application/json")


def _respond(answer: Answer) -> web.Response:
    kind = "application/json"
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers, content_type=kind)


def _truth(market: Listed, depth: int) -> dict[str, object]:
    """One market of `/simulator/ledger`: sums since the first trade id, the same at the opening, and the book.

    Book levels are `[ticks, lots]`, best first.
    """
    book, count = market.book, depth or None
    opening: Ledger | None = market.opening
    tops = {"bids": book.bids.top(count), "asks": book.asks.top(count)}
    return {
        **dataclasses.asdict(market.tape.ledger),
        "symbol": market.spec.instrument.symbol,
        "opening": dataclasses.asdict(opening) if opening is not None else None,
        "book": {"update_id": book.update_id, "tick_size": market.spec.instrument.tick_size, **tops},
    }


async def serve(
    port: int,
    *,
    seed: int = 7,
    warm_up_s: int = 900,
    clock: Clock | None = None,
    queue_limit: int = 8_000,
    futures_weight: int = 2_400,
    venues: Collection[str] | None = None,
    bases: Collection[str] | None = None,
) -> Server:
    """Start the loopback venues on 127.0.0.1 and return them listening; `port` 0 takes any free one.

    Only these `venues` and `bases`, None means all. `warm_up_s` seconds of trades precede the start. `queue_limit` is
    in frames per client, `futures_weight` a minute.
    """
    clock = clock or SystemClock()
    markets, light = markets_of(venues, bases), light_of(venues, bases)
    simulation = Simulation(seed, clock.now_ns(), markets=markets, light=light, warm_up_s=warm_up_s)
    server = Server(simulation, dialects(simulation, futures_weight), clock, queue_limit)
    await server.open(port)
    return server


async def _run(port: int, seed: int, announce: Callable[[int], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with await serve(port, seed=seed) as server:
        announce(server.port)
        await stop.wait()


def run(port: int, seed: int, announce: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM; calls `announce` with the port once it listens. Blocks."""
    asyncio.run(_run(port, seed, announce))
