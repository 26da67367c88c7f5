"""Recordings of the simulated venues, which hold as much on a busy machine as on a quiet one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from feeds.live.source import LiveSource
from feeds.recording import Recorder, RecordingMetadata
from feeds.simulator.service.server import serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from workstation.session.record import record

BASES = ("BTC", "ETH")
SPEED = 3
LONGEST_NS = 100_000_000


class PacedClock:
    """Time that passes `speed` times as fast as on the wall, by `LONGEST_NS` at most between two readings.

    A process that waits for a processor finds that little time has passed.
    """

    def __init__(self, speed: int = 1) -> None:
        self._speed = speed
        self._now_ns = time.time_ns()
        self._read_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        read_ns = time.monotonic_ns()
        self._now_ns += min(self._speed * (read_ns - self._read_ns), LONGEST_NS)
        self._read_ns = read_ns
        return self._now_ns


class Enough(Exception):
    """The recording is as long as wanted."""


def record_simulated(path: Path, seconds: float, history_s: int = 0) -> Path:
    """Record BTC and ETH of all simulated venues over loopback sockets.

    `seconds` of the venues' time pass from the first frame on; `history_s` seconds of trades before it are fetched.
    """
    clock = PacedClock(SPEED)
    begun_ns = 0

    def progress(frames: int, size: int) -> None:
        nonlocal begun_ns
        begun_ns = begun_ns or (clock.now_ns() if frames else 0)
        if begun_ns and clock.now_ns() - begun_ns > seconds * 1e9:
            raise Enough

    async def make() -> None:
        async with await serve(0, seed=3, warm_up_s=60, clock=clock, bases=BASES) as server:
            drivers = [loopback(driver, server.port) for driver in DRIVERS.values()]
            source = LiveSource(list(BASES), drivers, clock, history_s=history_s)
            with contextlib.suppress(Enough):
                await record(source, Recorder(path, RecordingMetadata(simulated=True)), None, progress)

    asyncio.run(make())
    return path
