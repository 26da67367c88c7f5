"""The wiring of the hub: venues, session, publisher."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from feeds.hub.broker import Broker
from feeds.hub.publisher import Publisher
from feeds.hub.retention import Retention
from feeds.live.source import LiveSource
from feeds.model.clock import SystemClock
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from workstation.hub.hub import Hub
from workstation.library.library import Library
from workstation.library.retention import retention_policy
from workstation.library.rotation import RecordingRotation
from workstation.process.memory import trim_heap_periodically
from workstation.session.live import LiveSession
from workstation.settings import files as settings
from workstation.settings import paths

REPORT_S = 1.0


@dataclass(frozen=True)
class HubOptions:
    """The options of a hub. `port` is that of the simulated venues, 0 for the real ones."""

    broker: Broker
    bases: tuple[str, ...]
    retention_s: float
    retention_bytes: int
    record: bool
    port: int


class NotListed(ValueError):
    """Bases that no venue lists."""


async def collect(options: HubOptions, report: Callable[[str], None], *, check_s: float = 0.0) -> None:
    """Run a hub until cancelled; `report` receives its status as a line of text.

    Before, for at most `check_s`, it asks the venues for the bases.

    Raises:
        NotListed: no venue lists one of them.
        TransportError: the NATS client is missing, or another hub took over.
    """
    source = _source(options)
    if check_s and (missing := await source.unlisted(check_s)):
        await source.close()
        raise NotListed("; ".join(missing))
    hub = _hub(options, source)
    beside = [
        asyncio.create_task(_report(hub, options, report), name="report"),
        asyncio.create_task(trim_heap_periodically(), name="memory"),
    ]
    try:
        await hub.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def _source(options: HubOptions) -> LiveSource:
    known = settings.load()[0]
    drivers = [loopback(driver, options.port) if options.port else driver for driver in DRIVERS.values()]
    return LiveSource(
        options.bases,
        drivers,
        SystemClock(),
        history_s=known.history_minutes * 60,
        candle_hours=known.candle_hours,
        universe=known.universe,
    )


def _hub(options: HubOptions, source: LiveSource) -> Hub:
    clock = SystemClock()
    session = LiveSession(
        source,
        clock,
        simulated=bool(options.port),
        name="hub",
        record_to=lambda: _recording_file(clock),
        rotation=RecordingRotation(lambda: retention_policy(settings.load()[0]), Library().expire),
        record_always=options.record,
    )
    retention = Retention(options.retention_s, options.retention_bytes)
    publisher = Publisher(options.broker, clock, source.open_frames, retention, simulated=bool(options.port))
    return Hub(session, source, publisher, options.broker, clock)


def _recording_file(clock: SystemClock) -> Path:
    return paths.recordings_dir() / f"hub-{datetime.fromtimestamp(clock.now_ns() / 1e9, UTC):%Y%m%d-%H%M%S}.mcap"


async def _report(hub: Hub, options: HubOptions, report: Callable[[str], None]) -> None:
    while True:
        status, trouble = hub.status(), hub.publisher.trouble
        opened = sum(one.is_open for one in status.connections)
        parts = [f"{opened} of {len(status.connections)} connections open", f"{status.published:,} frames published"]
        parts += [f"{status.waiting:,} wait"] if status.waiting > 1_000 else []
        parts += [f"{status.lost:,} lost"] if status.lost else []
        if hub.publisher.retained is not None and (shortfall := hub.publisher.retained.shortfall):
            parts.append(shortfall)
        if hub.session.recording_failed:
            parts.insert(0, f"NOTHING IS BEING RECORDED: {hub.session.recording_failed}")
        report(f"{', '.join(options.bases)} to {options.broker.address}: {stalled(trouble, parts)}")
        await asyncio.sleep(REPORT_S)


def stalled(trouble: str, parts: list[str]) -> str:
    """The facts of a status line, behind the trouble while nothing is published."""
    return ", ".join([f"NOTHING IS BEING PUBLISHED: {trouble}", *parts] if trouble else parts)
