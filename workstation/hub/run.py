"""The wiring of the hub: venues, session, publisher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from feeds.hub.broker import Broker
from feeds.hub.publisher import Publisher, Retention
from feeds.live.source import LiveSource
from feeds.model.clock import SystemClock
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from workstation.hub.hub import Hub
from workstation.library.library import Library
from workstation.library.retention import keeping_from
from workstation.library.rotation import Continuity
from workstation.process.memory import keep_giving_back
from workstation.session.live import LiveSession
from workstation.settings import files as settings
from workstation.settings import paths

TOLD_S = 1.0


@dataclass(frozen=True)
class HubWish:
    """What a hub is asked to do. `port` is that of simulated venues, 0 for the real ones."""

    broker: Broker
    bases: tuple[str, ...]
    keep_s: float
    keep_bytes: int
    record: bool
    port: int


async def collect(wish: HubWish, tell: Callable[[str], None]) -> None:
    """Run a hub until cancelled; `tell` gets its state in a line. Raises TransportError."""
    hub = _hub(wish)
    beside = [
        asyncio.create_task(_tell(hub, wish, tell), name="tell"),
        asyncio.create_task(keep_giving_back(), name="memory"),
    ]
    try:
        await hub.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def _hub(wish: HubWish) -> Hub:
    clock, known = SystemClock(), settings.load()[0]
    drivers = [loopback(driver, wish.port) if wish.port else driver for driver in DRIVERS.values()]
    source = LiveSource(
        wish.bases,
        drivers,
        clock,
        history_s=known.history_minutes * 60,
        candle_hours=known.candle_hours,
        universe=known.universe,
    )
    session = LiveSession(
        source,
        clock,
        simulated=bool(wish.port),
        name="hub",
        record_to=_recording_file,
        continuity=Continuity(lambda: keeping_from(settings.load()[0]), Library().expire),
        record_always=wish.record,
    )
    retention = Retention(wish.keep_s, wish.keep_bytes)
    publisher = Publisher(wish.broker, clock, source.open_frames, retention, simulated=bool(wish.port))
    return Hub(session, source, publisher, wish.broker, clock)


def _recording_file() -> Path:
    return paths.recordings_dir() / f"hub-{datetime.now(UTC):%Y%m%d-%H%M%S}.mcap"


async def _tell(hub: Hub, wish: HubWish, tell: Callable[[str], None]) -> None:
    while True:
        beat, trouble = hub.beat(), hub.publisher.trouble
        opened = sum(one.is_open for one in beat.connections)
        words = [f"{opened} of {len(beat.connections)} connections open", f"{beat.published:,} frames published"]
        words += [f"{beat.waiting:,} wait"] if beat.waiting > 1_000 else []
        words += [f"{beat.lost:,} lost"] if beat.lost else []
        tell(f"{', '.join(wish.bases)} to {wish.broker.place}: {trouble or ', '.join(words)}")
        await asyncio.sleep(TOLD_S)
