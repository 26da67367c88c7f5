"""Keeps one connection alive: connects, emits frames, and reconnects with growing pauses, for ever."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass

import msgspec

from feeds.live.refusal import clock_text
from feeds.live.transport import Socket, open_socket
from feeds.model.clock import Clock
from feeds.model.errors import TransportError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """A socket that is silent for `silence_s` is closed. Pauses before a retry double from `first_pause_s` to
    `last_pause_s`, and to `refused_pause_s` where the venue answers and refuses. After `short_lives` connections in a
    row shorter than `short_s` the subscription is in doubt.
    """

    silence_s: float = 30.0
    first_pause_s: float = 0.5
    last_pause_s: float = 30.0
    refused_pause_s: float = 600.0
    short_s: float = 5.0
    short_lives: int = 3


CONNECTION_LIMITS = ConnectionLimits()
_SHOWN_PAUSE_S = 60.0  # the time of the next try is shown for longer pauses


class Backoff:
    """Pauses that double up to a limit, with jitter, and never shorter than the venue asks for."""

    def __init__(self, rng: random.Random, limits: ConnectionLimits = CONNECTION_LIMITS) -> None:
        self._random, self._limits = rng, limits
        self._pause_s = limits.first_pause_s

    def reset(self) -> None:
        """Start with a short pause again, after a connection that lasted."""
        self._pause_s = self._limits.first_pause_s

    def next_s(self, error: Exception, at_least_s: float = 0.0) -> float:
        """Seconds to wait before the next try; the pause after it is longer."""
        is_refused = isinstance(error, TransportError) and error.refused
        venue_s = error.retry_after_s if isinstance(error, TransportError) else None
        longest_s = self._limits.refused_pause_s if is_refused else self._limits.last_pause_s
        pause_s = min(self._pause_s, longest_s)
        self._pause_s = min(pause_s * 2, longest_s)
        return max(pause_s * self._random.uniform(0.7, 1.3), venue_s or 0.0, at_least_s)

    async def pause(self, error: Exception) -> None:
        """Wait before the next try."""
        await asyncio.sleep(self.next_s(error))


class _NoSocket:
    """The socket of a connection without an address: receives nothing until it is closed."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    def messages(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await self._closed.wait()
        raise TransportError("the connection was left")

    async def send(self, text: str) -> None:
        raise TransportError("a connection without a socket cannot send", text)

    async def close(self) -> None:
        self._closed.set()


@asynccontextmanager
async def _no_socket() -> AsyncIterator[Socket]:
    yield _NoSocket()


class LiveConnection:
    """Keeps one planned connection alive. One without an address has no socket and only polls.

    `life` counts how often it was opened, `trouble` is the reason why it is closed ("" while open), `is_refused`
    whether that is the venue's refusal. `admit` is awaited before a socket is opened. `doubt` is called when several
    sockets in a row ended at once, as the venue may refuse the subscriptions, `limited` with the seconds for which the
    venue wants no more sockets.
    """

    def __init__(
        self,
        spec: ConnectionSpec,
        clock: Clock,
        rng: random.Random,
        emit: Callable[[Frame], None],
        *,
        admit: Callable[[], Awaitable[None]] | None = None,
        doubt: Callable[[LiveConnection], None] | None = None,
        limited: Callable[[float], None] | None = None,
        limits: ConnectionLimits = CONNECTION_LIMITS,
    ) -> None:
        self.spec = spec
        self.life = 0
        self.opened_ns = 0
        self.trouble = ""
        self.is_refused = False
        self.opened = asyncio.Event()
        self._clock = clock
        self._limits = limits
        self._backoff = Backoff(rng, limits)
        self._emit = emit
        self._socket: Socket | None = None
        self._leaving = ""
        self._pause_s = 0.0
        self._short_lives = 0
        self._admit, self._doubt, self._limited = admit, doubt, limited
        self._replace = asyncio.Event()
        self._replace_for = ""
        self.is_retired = False

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    async def run(self) -> None:
        """Stay connected until cancelled or retired, whatever the venue answers."""
        now_s = asyncio.get_running_loop().time
        while not self.is_retired:
            opened_s = math.inf
            try:
                if self._admit is not None and self.spec.url:
                    await self._admit()
                async with self._socket_of_plan() as socket:
                    if self._begin(socket):
                        opened_s = now_s()
                        await self._listen(socket)
            except Exception as fault:
                error = fault if isinstance(fault, TransportError) else TransportError(f"a fault: {fault!r}")
                if fault is not error:
                    log.critical("%s: stopped by a fault", self.spec.name, exc_info=fault)
                self._judge(now_s() - opened_s)
                self._end(self._leaving or error.text)
                if not self.is_retired:
                    await self._pause(error)

    async def send(self, text: str) -> None:
        """Send a text if connected; a failure ends the connection."""
        if self._socket is None:
            return
        try:
            await self._socket.send(text)
        except TransportError as error:
            log.info("%s: not sent: %s", self.spec.name, error)

    async def _pause(self, error: TransportError) -> None:
        self.is_refused = error.refused
        if self._limited is not None and error.limited:
            self._limited(error.retry_after_s or 0.0)
        pause_s = self._backoff.next_s(error, self._pause_s)
        if pause_s >= _SHOWN_PAUSE_S:
            self.trouble = f"{self.trouble}; next try at {clock_text(self._clock.now_ns(), pause_s)}"
        await asyncio.sleep(pause_s)

    def _judge(self, lived_s: float) -> None:
        """Reset the pauses after a long connection; call `doubt` after several short ones that the venue ended."""
        if lived_s > self._limits.last_pause_s:
            self._backoff.reset()
        was_cut = 0 <= lived_s < self._limits.short_s and not self._leaving
        self._short_lives = self._short_lives + 1 if was_cut else 0
        if self._short_lives >= self._limits.short_lives and self._doubt is not None:
            self._short_lives = 0
            self._doubt(self)

    def want_successor(self, reason: str) -> None:
        """Ask for a successor, which takes over once it receives data."""
        self._replace_for = reason
        self._replace.set()

    async def outlived(self, lifetime_s: float | None) -> str:
        """Wait until a successor is needed, after `lifetime_s` or on request; returns the reason."""
        with suppress(TimeoutError):
            async with asyncio.timeout(lifetime_s):
                await self._replace.wait()
        self._replace.clear()
        return self._replace_for or "planned change of connection"

    async def leave(self, reason: str, *, retire: bool = False, pause_s: float = 0.0) -> None:
        """Close the socket; unless retired, it reopens after `pause_s` seconds."""
        self._pause_s = pause_s
        if retire:
            self.is_retired = True
            self._replace.set()
            self.opened.set()  # release those that wait for it
        if self._socket is not None and not self._leaving:
            self._leaving = reason
            await self._socket.close()

    async def renew(self, plan: ConnectionSpec, reason: str) -> None:
        """Reconnect with the streams and markets of a newer plan."""
        self.spec = msgspec.structs.replace(plan, name=self.spec.name, history_s=self.spec.history_s)
        await self.leave(reason)

    def frame(self, kind: FrameKind, payload: bytes, tag: str = "") -> None:
        """Emit a frame of this connection, stamped with the current time."""
        self._emit(Frame(self._clock.now_ns(), self.spec.name, kind, payload, tag))

    def _socket_of_plan(self) -> AbstractAsyncContextManager[Socket]:
        return open_socket(self.spec.url) if self.spec.url else _no_socket()

    async def _listen(self, socket: Socket) -> None:
        messages = socket.messages()
        silence_s = self._limits.silence_s if self.spec.url else None
        while True:
            try:
                async with asyncio.timeout(silence_s):  # wait_for of Python 3.11 can swallow a cancellation (gh-86296)
                    payload = await anext(messages)
            except TimeoutError as error:
                raise TransportError(f"silent for {silence_s:.0f} s") from error
            self.frame(FrameKind.TEXT, payload)

    def _begin(self, socket: Socket) -> bool:
        """Emit the OPEN frame; returns False if the connection was retired meanwhile."""
        if self.is_retired:
            return False
        self._socket, self._leaving, self._pause_s, self.trouble, self.is_refused = socket, "", 0.0, "", False
        self.life += 1
        self.opened.set()
        self.opened_ns = self._clock.now_ns()
        self._emit(open_frame(self.spec, self.opened_ns))
        log.info("%s: connected", self.spec.name)
        return True

    def _end(self, reason: str) -> None:
        if self._socket is not None:
            self._socket = None
            self.frame(FrameKind.CLOSE, reason.encode())
        if self.trouble != reason:
            log.info("%s: %s", self.spec.name, reason)
        self.trouble = reason
