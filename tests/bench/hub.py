"""What a hub between the venues and the desktops costs: throughput, delay, and the processor time of eight desktops.

Venues, broker, hub and desktops are processes of their own on one machine. Frames a second are those of the shipped
session through publisher, broker, reader and engine in one process, beside the engine alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import psutil

import resources
from feeds.hub.publisher import Publisher
from feeds.hub.source import HubSource
from feeds.model.clock import SystemClock
from feeds.model.frame import Frame, FrameKind
from feeds.recording import RecordingReader
from tests.bench.metric import Metric, cpu_seconds
from tests.feeds.hub.broker import NOWHERE, SERVER, NatsServer, free_port
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.replay.core import Core
from workstation.session.live import LiveSession

DESKTOPS = 8
RUN_S = 15.0
SETTLE_S = 12.0


def measure() -> dict[str, Metric]:
    """Raises FileNotFoundError where there is no broker."""
    if SERVER is None:
        raise FileNotFoundError("nats-server is not installed")
    raise_gc_thresholds()
    frames = list(RecordingReader(resources.path("sessions/simulated.mcap")).frames())
    with tempfile.TemporaryDirectory(prefix="workstation-bench-") as folder:
        through_s = asyncio.run(_through(Path(folder), frames))
    alone_s = cpu_seconds(lambda: Core().consume(frames))
    alone, late_ms = _desktops(1)
    together, _ = _desktops(DESKTOPS)
    rate, bare = len(frames) / through_s, len(frames) / alone_s
    note = ", ".join(f"{name} {share:.2f}" for name, share in together.items())
    one = alone["desktops"]
    late = f"one desktop on a quiet hub; median {np.median(late_ms):.1f} ms"
    return {
        "hub_frames_per_s": Metric(rate, "frames/s", bare, rate / bare, "baseline: the engine alone"),
        "hub_latency_p99_ms": Metric(float(np.percentile(late_ms, 99)), "ms", note=late),
        "hub_8_desktops_core_share": Metric(
            together["desktops"], "core", one, together["desktops"] / one, f"baseline: one; {note}"
        ),
    }


async def _through(folder: Path, frames: list[Frame]) -> float:
    """Wall time of the frames from the publisher's hand to the engine."""
    server, clock = NatsServer(folder), SystemClock()
    server.start()
    opened = [frame for frame in frames if frame.kind is FrameKind.OPEN]
    publisher = Publisher(server.broker(), clock, lambda: opened)
    publisher.announce("for a bench")
    publishing = asyncio.create_task(publisher.run())
    assert await publisher.drained(20.0)
    source = HubSource(server.broker(), clock, since_s=600.0)
    session = LiveSession(source, source, simulated=True, name="bench", record_to=lambda: NOWHERE)
    reading = asyncio.create_task(session.run())
    while source.catching_up:
        await asyncio.sleep(0.01)
    before, began = session.core.frames, time.perf_counter()
    wanted = [frame for frame in frames if frame.kind is not FrameKind.OPEN]
    for at in range(0, len(wanted), 500):
        publisher.put(wanted[at : at + 500])
        await asyncio.sleep(0)
    while session.core.frames - before < len(wanted):
        await asyncio.sleep(0.002)
    took = time.perf_counter() - began
    for task in (reading, publishing):
        task.cancel()
    await asyncio.gather(reading, publishing, return_exceptions=True)
    server.kill()
    return took


def _desktops(count: int) -> tuple[dict[str, float], list[float]]:
    """Cores taken by the broker, the hub and all desktops, and how late a desktop's engine had each message, ms."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workstation-bench-")))
        server = NatsServer(folder)
        server.start()
        stack.callback(server.kill)
        port = free_port()
        stack.enter_context(_process("workstation", "simulate", "--port", str(port)))
        time.sleep(SETTLE_S / 2)
        nats = f"127.0.0.1:{server.port}"
        hub = stack.enter_context(_process("workstation", "hub", "BTC", "ETH", "--nats", nats, "--port", str(port)))
        time.sleep(SETTLE_S)
        words = ("tests.bench.hub_desktop", str(server.port), str(RUN_S))
        desktops = [stack.enter_context(_process(*words)) for _ in range(count)]
        time.sleep(SETTLE_S / 2)
        watched = {"hub": psutil.Process(hub.pid), "broker": psutil.Process(server.pid)}
        before, began = {name: _cpu(one) for name, one in watched.items()}, time.perf_counter()
        told = [desktop.communicate(timeout=120)[0].split() for desktop in desktops]
        took = time.perf_counter() - began
        shares = {name: (_cpu(one) - before[name]) / took for name, one in watched.items()}
    shares["desktops"] = sum(float(words[0]) for words in told) / RUN_S
    return shares, [float(late) for late in told[0][1].split(",")]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
