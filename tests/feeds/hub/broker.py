"""A NATS server on loopback, a hub of the simulated venues, and desktops without windows."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from feeds.hub.broker import Broker
from feeds.hub.publisher import Publisher
from feeds.hub.retention import Retention
from feeds.hub.source import HubSource
from feeds.live.source import LiveSource
from feeds.model.clock import SystemClock
from feeds.simulator.service.server import Server
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from tests.workstation.session.faults import Brake, Desk, world
from workstation.hub.hub import Hub
from workstation.session.live import LiveSession

SERVER = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
NOWHERE = Path("/nowhere/recording.mcap")

needs_broker = pytest.mark.skipif(SERVER is None, reason="nats-server is not installed")


async def eventually(condition: Callable[[], object], within_s: float = 60.0, what: str = "it") -> None:
    """Wait until a condition holds."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, f"{what} never came true"
        await asyncio.sleep(0.01)


def free_port() -> int:
    """An unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NatsServer:
    """A NATS server process, which can be killed and restarted with the same files."""

    def __init__(self, folder: Path, config: str = "", jetstream: str = "") -> None:
        self.port = free_port()
        self._folder = folder
        self._config = folder / "broker.conf"
        store = f'store_dir: "{folder / "store"}"\n{jetstream}'
        listen = f'listen: "127.0.0.1:{self.port}"\njetstream {{ {store} }}\n'
        self._config.write_text(listen + config)
        self._process: subprocess.Popen[bytes] | None = None

    def broker(self, user: str = "") -> Broker:
        """Its URL, with `user:password@` if it has users."""
        return Broker(f"nats://{user}127.0.0.1:{self.port}")

    def start(self) -> None:
        """Start the process, without waiting until it listens."""
        assert SERVER is not None
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen([SERVER, "-c", str(self._config)], stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    def save(self) -> None:
        """Copy its files."""
        shutil.copytree(self._folder / "store", self._folder / "saved")

    def put_back(self) -> None:
        """Replace its files by the copy."""
        shutil.rmtree(self._folder / "store")
        (self._folder / "saved").rename(self._folder / "store")

    def kill(self) -> None:
        """Kill it, as in a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


class HubOfVenues:
    """A hub of the simulated venues; an async context manager."""

    def __init__(
        self,
        server: Server,
        clock: Brake,
        broker: Broker,
        retention: Retention = Retention(),
        *,
        buffer_bytes: int = 64 << 20,
        within_s: float = 60.0,
    ) -> None:
        self._within_s = within_s
        drivers = [loopback(driver, server.port) for driver in DRIVERS.values()]
        self.source = LiveSource(["BTC"], drivers, clock, seed=1)
        self.session = LiveSession(self.source, clock, simulated=True, name="hub", record_to=lambda: NOWHERE)
        self.publisher = Publisher(
            broker, clock, self.source.open_frames, retention, simulated=True, buffer_bytes=buffer_bytes
        )
        self.hub = Hub(self.session, self.source, self.publisher, broker, clock)

    async def __aenter__(self) -> HubOfVenues:
        self.task = asyncio.create_task(self.hub.run(), name="hub")
        await eventually(self.is_live, self._within_s, "the hub")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop as by Ctrl+C."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def is_live(self) -> bool:
        """Whether the broker accepts frames and every market has a book and trades."""
        markets = [market for base in self.session.core.engine.bases.values() for market in base.markets]
        known = bool(markets) and all(market.coverage.live and market.book.known for market in markets)
        return known and not self.publisher.trouble and self.publisher.published > 0

    async def crash(self) -> None:
        """Stop without publishing anything more."""
        client = self.publisher.client
        assert client is not None
        self.session.tap = lambda batch: None
        self.publisher.put = lambda frames: None  # type: ignore[method-assign]
        await client.close()


@dataclass
class Place:
    """The simulated venues, a broker and a hub."""

    clock: Brake
    server: Server
    broker: NatsServer
    hub: HubOfVenues

    def desktop(self, since_s: float = 0.0, buffer_frames: int = 20_000) -> Desk:
        """A desktop without a window, to compare with the simulation."""
        return Desk(
            self.server,
            self.clock,
            ["BTC"],
            source=HubSource(self.broker.broker(), self.clock, since_s=since_s, buffer_frames=buffer_frames),
        )

    def direct(self) -> Desk:
        """A desktop with direct connections."""
        return Desk(self.server, self.clock, ["BTC"])

    def another_hub(self) -> HubOfVenues:
        """A replacement for the first hub."""
        return HubOfVenues(self.server, self.clock, self.broker.broker())


@asynccontextmanager
async def place(
    folder: Path,
    listed: Sequence[str] = ("BTC",),
    retention: Retention = Retention(),
    *,
    buffer_bytes: int = 64 << 20,
) -> AsyncIterator[Place]:
    """All of it running, on a clock that can be stopped."""
    clock, broker = Brake(SystemClock()), NatsServer(folder)  # the broker stamps by the wall clock
    broker.start()
    try:
        async with await world(clock, listed) as server:
            hub = HubOfVenues(server, clock, broker.broker(), retention, buffer_bytes=buffer_bytes)
            async with hub:
                yield Place(clock, server, broker, hub)
    finally:
        clock.go()
        broker.kill()


def source_of(desk: Desk) -> HubSource:
    """The desktop's hub source."""
    assert isinstance(desk.source, HubSource)
    return desk.source


async def until_live(desk: Desk) -> None:
    """Whether catching up is over, every book is known and every market's trades are live."""
    await eventually(lambda: not source_of(desk).catching_up, what="the present")
    await desk.until_live()
