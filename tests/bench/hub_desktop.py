"""A desktop without a window as a process: joins a hub, and says what it took and how late it was.

`python -m tests.bench.hub_desktop PORT SECONDS` prints `CPU_SECONDS LATENCY_MS,...` of the last SECONDS.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from feeds.hub.broker import Broker
from feeds.hub.source import HubSource
from feeds.model.clock import SystemClock
from feeds.model.frame import Frame, FrameKind
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.session.live import LiveSession


async def main(port: int, run_s: float) -> None:
    source = HubSource(Broker(f"nats://127.0.0.1:{port}"), SystemClock())
    session = LiveSession(source, source, simulated=True, name="bench", record_to=lambda: Path("/nowhere/file.mcap"))
    late_ms: list[float] = []
    task = asyncio.create_task(session.run())
    while source.catching_up:
        await asyncio.sleep(0.05)
    await asyncio.sleep(2.0)
    take = session.take

    def timed(batch: list[Frame]) -> None:
        take(batch)
        now_ns = time.time_ns()
        late_ms.extend((now_ns - frame.ts_recv_ns) / 1e6 for frame in batch if frame.kind is FrameKind.TEXT)

    session.take = timed  # type: ignore[method-assign]
    began = time.process_time()
    await asyncio.sleep(run_s)
    cpu_s = time.process_time() - began
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    print(cpu_s, ",".join(f"{late:.3f}" for late in late_ms))


if __name__ == "__main__":
    raise_gc_thresholds()
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
