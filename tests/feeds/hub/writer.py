"""A hub of numbered frames and its reader: what is missing or doubled shows without venues or decoding."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType

from feeds.hub.broker import Broker
from feeds.hub.publisher import Publisher
from feeds.hub.retention import Retention
from feeds.hub.source import HubSource
from feeds.model.clock import SystemClock
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from tests.feeds.hub.broker import eventually
from workstation.hub.requests import DesktopRequests

NAMES = ("binance.linear.public", "okx.spot.public")


def opened(name: str, ts_ns: int = 1) -> Frame:
    """The OPEN frame of a connection of that name."""
    venue, kind, route = name.split(".")
    return open_frame(ConnectionSpec(name=name, venue=Venue(venue), kind=MarketKind(kind), route=route), ts_ns)


class Coins:
    """A source for requests of desktops."""

    def __init__(self, listed: Iterable[str] = ("BTC", "ETH")) -> None:
        self.bases: tuple[str, ...] = ("BTC",)
        self.listed = set(listed)
        self.asked: list[str] = []

    def focus(self, base: str) -> None:
        self.bases += (base,)

    def keep_subscribed(self, base: str) -> None:
        self.asked.append(base)

    def why_not_listed(self, base: str) -> str:
        return "" if base in self.listed else f"no venue lists {base}"


class Writer:
    """Publishes numbered frames until stopped. `async with` it."""

    def __init__(
        self,
        broker: Broker,
        retention: Retention = Retention(),
        *,
        size: int = 20,
        buffer_bytes: int = 64 << 20,
        pause_s: float = 0.005,
        shared_s: float = 3.0,
    ) -> None:
        self.clock, self.broker, self.size = SystemClock(), broker, size
        self.pause_s, self.shared_s = pause_s, shared_s
        self.publisher = Publisher(broker, self.clock, self.opened, retention, buffer_bytes=buffer_bytes)
        self.number = 0
        self.asked = 0

    def opened(self) -> list[Frame]:
        return [opened(name, self.clock.now_ns()) for name in NAMES]

    def announce(self, reason: str) -> asyncio.Future[int]:
        self.asked += 1
        return self.publisher.announce(reason)

    async def __aenter__(self) -> Writer:
        self.publisher.announce("for a test")
        self.publishing = asyncio.create_task(self.publisher.run(), name="publish")
        self.others = [asyncio.create_task(self._write()), asyncio.create_task(self._serve())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop without another message, as by a crash."""
        for task in (self.publishing, *self.others):
            task.cancel()
        await asyncio.gather(self.publishing, *self.others, return_exceptions=True)

    def write(self, count: int = 1) -> None:
        """Publish some frames on each connection."""
        for _ in range(count):
            self.number += 1
            body = f"{self.publisher.run_id}:{self.number}:".encode().ljust(self.size, b".")
            self.publisher.put([Frame(self.clock.now_ns(), name, FrameKind.TEXT, body) for name in NAMES])

    async def _write(self) -> None:
        while True:
            self.write()
            await asyncio.sleep(self.pause_s)

    async def _serve(self) -> None:
        while self.publisher.client is None:
            await asyncio.sleep(0.01)
        await DesktopRequests(Coins(), self.publisher, self.announce, shared_s=self.shared_s).serve(
            self.publisher.client, self.broker.subjects
        )


class Reader:
    """Reads the stream as a desktop does, and checks what arrives. `async with` it."""

    def __init__(self, broker: Broker) -> None:
        self.source = HubSource(broker, SystemClock())
        self.frames: list[Frame] = []
        self.seen: set[tuple[str, str]] = set()
        self.doubled = 0
        self.unmarked: list[tuple[str, tuple[str, int], tuple[str, int]]] = []
        self.marks = 0
        self._last: dict[str, tuple[str, int]] = {}

    async def __aenter__(self) -> Reader:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.source.close()
        await self._task

    async def _read(self) -> None:
        async for batch in self.source.batches():
            for frame in batch:
                self._check(frame)

    def _check(self, frame: Frame) -> None:
        if frame.kind is not FrameKind.TEXT:
            self.marks += frame.kind is FrameKind.CLOSE
            self._last.pop(frame.connection, None)
            return
        run, number, _ = frame.payload.decode().split(":")
        key, own = (frame.connection, f"{run}:{number}"), (run, int(number))
        self.doubled += key in self.seen
        self.seen.add(key)
        last = self._last.get(frame.connection)
        if last is not None and own != (last[0], last[1] + 1):
            self.unmarked.append((frame.connection, last, own))
        self._last[frame.connection] = own

    async def reads(self, writer: Writer, within_s: float = 20.0) -> None:
        """Wait until a frame arrives that a writer publishes from now on."""
        run, number = writer.publisher.run_id, writer.number
        await eventually(
            lambda: any(last[0] == run and last[1] > number for last in self._last.values()),
            within_s,
            f"frames of {run}: {self.source.links}, {writer.publisher.trouble!r}",
        )

    def assert_right(self) -> None:
        """Nothing is doubled, and what is missing is marked."""
        assert len(self.seen) > 0
        assert (self.doubled, self.unmarked) == (0, []), f"{self.doubled} doubled, unmarked: {self.unmarked[:9]}"
