"""Frames from sockets: connects, reconnects and answers what the protocols ask for.

Every connection has one task that lives as long as the source. A failure ends the connection with a CLOSE frame, and
a new one begins with an OPEN frame after a pause that doubles up to half a minute, with jitter; only a connection that
lasted shortens it again. Silence is a failure. While a venue limits our requests none is made.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any

from feeds.clock import Clock
from feeds.errors import ProtocolError, TransportError
from feeds.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.instrument import Instrument, MarketKind
from feeds.protocol import Fetch, Reconnect, Request, Send
from feeds.transport import Http, Socket, open_socket
from feeds.venues.driver import VenueDriver

log = logging.getLogger(__name__)

TIMER_S = 0.25
SILENCE_S = 20.0
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 30.0


class LiveSource:
    """Frames of all markets of some bases. Raises nothing while running: failures are frames."""

    def __init__(
        self, bases: Iterable[str], drivers: Iterable[VenueDriver], clock: Clock, *, seed: int | None = None
    ) -> None:
        self.bases = tuple(bases)
        self.specs: dict[str, ConnectionSpec] = {}
        self._drivers = {driver.venue: driver for driver in drivers}
        self._clock = clock
        self._random = random.Random(seed)
        self._http = Http()
        self._sockets: dict[str, Socket] = {}
        self._opened: dict[str, int] = {}
        self._left: dict[str, str] = {}
        self._arrived: list[Frame] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._limited_until_s: dict[str, float] = {}
        self.trouble: dict[str, str] = {}

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Everything that arrived since the last batch, in receive order; ends with `close`."""
        self._spawn(self._timer(), "timer")
        for driver in self._drivers.values():
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
        match request:
            case Fetch():
                self._spawn(self._fetch(connection, request), f"fetch {request.tag}")
            case Send():
                self._spawn(self._send(connection, request), f"send {connection}")
            case Reconnect():
                self._spawn(self._leave(connection, request), f"leave {connection}")

    async def close(self) -> None:
        """Stop all connections; what arrived is still handed out."""
        self._closed = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    def open_frames(self) -> list[Frame]:
        """OPEN frames of the connections that are open now, for a recording that begins in the middle."""
        now_ns = self._clock.now_ns()
        return [open_frame(self.specs[name], now_ns) for name in self._sockets]

    def _emit(self, connection: str, kind: FrameKind, payload: bytes, tag: str = "") -> None:
        self._arrived.append(Frame(self._clock.now_ns(), connection, kind, payload, tag))
        self._wake.set()

    async def _timer(self) -> None:
        while True:
            await asyncio.sleep(TIMER_S)
            self._emit("", FrameKind.TIMER, b"")

    async def _market(self, driver: VenueDriver, kind: MarketKind) -> None:
        """Learn a market's instruments, then keep its connections."""
        name, pause = f"{driver.venue.value}.{kind.value}", FIRST_PAUSE_S
        while True:
            try:
                chosen = await self._instruments(driver, kind)
                break
            except (TransportError, ProtocolError) as error:
                self._note(name, error.text)
                pause = await self._pause(pause, error)
        self.trouble.pop(name, None)
        for spec in driver.connections(kind, chosen, driver.endpoints[kind]):
            self.specs[spec.name] = spec
            self._spawn(self._keep(spec), f"keep {spec.name}")

    async def _instruments(self, driver: VenueDriver, kind: MarketKind) -> tuple[Instrument, ...]:
        rest = driver.endpoints[kind].rest
        bodies = [await self._request(rest, request) for request in driver.listing(kind)]
        return driver.choose(driver.instruments(kind, bodies), self.bases)

    async def _request(self, rest: str, request: Fetch) -> bytes:
        """Ask a REST host, unless it said to wait. Raises TransportError."""
        now_s = asyncio.get_running_loop().time
        wait_s = self._limited_until_s.get(rest, 0.0) - now_s()
        if wait_s > 0:
            raise TransportError("the venue limits our requests", retry_after_s=wait_s)
        try:
            return await self._http.fetch(rest + request.path, request.body)
        except TransportError as error:
            log.warning("%s failed: %s", request.tag, error)
            if error.retry_after_s is not None:
                self._limited_until_s[rest] = now_s() + error.retry_after_s
            raise

    async def _keep(self, spec: ConnectionSpec) -> None:
        pause, now_s = FIRST_PAUSE_S, asyncio.get_running_loop().time
        while True:
            opened_s = math.inf
            try:
                async with open_socket(spec.url) as socket:
                    self._begin(spec, socket)
                    opened_s = now_s()
                    await self._listen(spec.name, socket)
            except TransportError as error:
                pause = FIRST_PAUSE_S if now_s() - opened_s > LAST_PAUSE_S else pause
                self._end(spec.name, self._left.pop(spec.name, error.text))
                if not error.retryable:
                    log.error("%s: %s; not tried again", spec.name, error)
                    return
                pause = await self._pause(pause, error)

    async def _listen(self, name: str, socket: Socket) -> None:
        messages = socket.messages()
        while True:
            try:
                payload = await asyncio.wait_for(anext(messages), SILENCE_S)
            except TimeoutError as error:
                raise TransportError(f"silent for {SILENCE_S:.0f} s") from error
            self._emit(name, FrameKind.TEXT, payload)

    def _begin(self, spec: ConnectionSpec, socket: Socket) -> None:
        self._sockets[spec.name] = socket
        self._opened[spec.name] = self._opened.get(spec.name, 0) + 1
        self.trouble.pop(spec.name, None)
        frame = open_frame(spec, self._clock.now_ns())
        self._arrived.append(frame)
        self._wake.set()
        log.info("%s: connected", spec.name)

    def _end(self, name: str, reason: str) -> None:
        if self._sockets.pop(name, None) is not None:
            self._emit(name, FrameKind.CLOSE, reason.encode())
        self._note(name, reason)

    def _note(self, name: str, reason: str) -> None:
        if self.trouble.get(name) != reason:
            log.info("%s: %s", name, reason)
        self.trouble[name] = reason

    async def _pause(self, pause: float, error: TransportError | ProtocolError) -> float:
        told = error.retry_after_s if isinstance(error, TransportError) else None
        await asyncio.sleep(max(pause * self._random.uniform(0.7, 1.3), told or 0.0))
        return min(pause * 2, LAST_PAUSE_S)

    async def _fetch(self, connection: str, request: Fetch) -> None:
        """Answer a Fetch on the connection that asked; an answer to a connection that is gone is dropped."""
        spec, life = self.specs[connection], self._opened.get(connection)
        try:
            rest = self._drivers[spec.venue].endpoints[spec.kind].rest
            body = await self._request(rest, request)
            kind = FrameKind.HTTP
        except TransportError as error:
            body, kind = error.text.encode(), FrameKind.HTTP_FAILED
        if self._opened.get(connection) == life and connection in self._sockets:
            self._emit(connection, kind, body, request.tag)

    async def _send(self, connection: str, request: Send) -> None:
        socket = self._sockets.get(connection)
        if socket is None:
            return
        try:
            await socket.send(request.text)
        except TransportError as error:
            log.info("%s: not sent: %s", connection, error)

    async def _leave(self, connection: str, request: Reconnect) -> None:
        """Close a socket; its keeper notices and connects again."""
        socket = self._sockets.get(connection)
        if socket is not None and connection not in self._left:
            self._left[connection] = request.reason
            await socket.close()

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
