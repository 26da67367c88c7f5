"""An hour of the simulated market in minutes: venues, sockets, desk and every pane on a clock that runs fast.

The venues are a process of their own, as in the demo. Nothing is skipped: each message is made, sent, decoded, counted
and shown, only sooner.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec
import numpy as np
import psutil
from aiohttp import web
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from feeds.live.source import LiveSource
from feeds.model.events import Side
from feeds.model.instrument import Venue
from feeds.pipeline.deduplication import DeduplicationLimits, Deduplicator
from feeds.pipeline.feed import Feed
from feeds.simulator.market.spec import SECOND
from feeds.simulator.service.server import Server, serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS, protocol_for
from widgets.frame_timer import FrameTimer
from widgets.pane import Pane
from widgets.workspaces.catalogue import PANES
from widgets.workspaces.links import Links
from workstation.analytics.book.depth_history import DepthLimits
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.library.library import Library
from workstation.process.memory import TRIM_S, trim_heap
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit, CvdView
from workstation.replay.core import Core
from workstation.session.desk import Desk
from workstation.session.live import LiveSession

BASE = "BTC"
WIDTH, HEIGHT, ACROSS = 1920, 1080, 4
FRAME_S = 1 / 30
SAMPLE_S = 20.0
"""Simulated seconds between two looks at memory and lag."""
SMALL = Limits(
    trades=10_000,
    bars=20,
    bars_before=20,
    liquidations=2_048,
    open_interest_changes=2_048,
    open_interest_rows=60,
    funding_minutes=60,
    positioning_hours=1,
    depth=DepthLimits(columns=900, nbytes=1_000_000, thinning=((180, 4), (540, 16))),
    heat_tiles=24,
    big_prints=2_000,
    absorption_windows=500,
    level_bars_ns=1_800 * SECOND,
    universe_liquidations=2_048,
)
FEW = DeduplicationLimits(ids=1_000, liquidations=200)
"""Bounds so small that the run reaches them early: after that, memory grows only by what should not grow."""


class FastClock:
    """Stands until `go`, then runs `speed` times as fast as the machine's clock; the same in every process."""

    def __init__(self, since_ns: int, speed: float) -> None:
        self._since_ns, self._speed = since_ns, speed
        self._went_ns: int | None = None
        self._stop_ns = 1 << 62

    def go(self, wall_ns: int) -> None:
        """Run from this moment of the machine's clock on."""
        self._went_ns = wall_ns

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC, of the simulated day."""
        passed_ns = max(time.time_ns() - self._went_ns, 0) if self._went_ns is not None else 0
        return min(self._since_ns + round(passed_ns * self._speed), self._stop_ns)

    def halt(self, at_ns: int) -> None:
        """Stand still at this simulated moment."""
        self._stop_ns = at_ns


@dataclass
class Hour:
    """What was seen. Times are simulated seconds, lags seconds on the wall, sizes bytes of the process.

    `ours` and `truth` are bought minus sold base coin of each market by the engine and by the venues' ledger, `gaps`
    how many spans are marked as missing.
    """

    speed: float
    venues: tuple[Venue, ...]
    times: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    frames: int = 0
    pictures: int = 0
    ours: dict[str, float] = field(default_factory=dict)
    truth: dict[str, float] = field(default_factory=dict)
    gaps: int = 0

    def mb_per_hour(self) -> float:
        """The slope of memory over the last hour, or the second half of a shorter run."""
        times, sizes = np.array(self.times), np.array(self.sizes, np.float64)
        last = times >= max(times[-1] - 3_600.0, times[-1] / 2)
        return float(np.polyfit(times[last], sizes[last], 1)[0]) * 3_600 / 1e6


class Wall:
    """Every kind of pane, each a window of its own, all painting."""

    def __init__(self, app: QApplication, desk: Desk) -> None:
        self._app = app
        self._links = Links()
        self.panes: list[Pane] = [kind() for kind in PANES.values()]
        self.timer = FrameTimer(desk, lambda: self.panes)
        self.pictures = 0
        down = -(-len(self.panes) // ACROSS)
        for at, pane in enumerate(self.panes):
            self._links.add(pane)
            width, height = WIDTH // ACROSS, HEIGHT // down
            pane.setGeometry(at % ACROSS * width, at // ACROSS * height, width, height)
            pane.show()
        self._links.set_base(1, BASE)

    async def paint(self) -> None:
        """Frames, for ever."""
        while True:
            self.timer.tick()
            self._app.processEvents()
            self.pictures += 1
            await asyncio.sleep(FRAME_S)

    def close(self) -> None:
        """Take everything away."""
        for pane in self.panes:
            pane.close()
            pane.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


async def live_through(
    app: QApplication, folder: Path, simulated_s: float, speed: float, venues: Sequence[Venue], *, small: bool = False
) -> Hour:
    """Live through a span of simulated time, then let the market rest and compare. `small` keeps little of it."""
    hour, since_ns = Hour(speed, tuple(venues)), time.time_ns()
    clock = FastClock(since_ns, speed)
    with ExitStack() as stack:
        port, control = stack.enter_context(_Venues(since_ns, speed, venues))
        drivers = [loopback(DRIVERS[venue], port) for venue in venues]
        source = LiveSource([BASE], drivers, clock, seed=1)
        session = LiveSession(
            source,
            clock,
            simulated=True,
            name="hour",
            record_to=lambda: folder / "x.mcap",
            core=Core(SMALL, Feed(protocol_for, Deduplicator(FEW))) if small else None,
        )
        desk = Desk(Library(folder))
        await desk.open(session)
        wall = Wall(app, desk)
        painting = asyncio.create_task(wall.paint(), name="paint")
        try:
            await _go(clock, source, control)
            await _watch(hour, session, clock, simulated_s)
            await _compare(hour, session.core.engine, clock, control)
        finally:
            painting.cancel()
            await asyncio.gather(painting, return_exceptions=True)
            hour.frames, hour.pictures = session.core.frames, wall.pictures
            wall.close()
            await desk.close()
    return hour


async def _go(clock: FastClock, source: LiveSource, control: int) -> None:
    """Once every socket is open, let time run here and there."""
    await asyncio.sleep(1.0)
    while not source.connections or not all(one.is_open for one in source.connections.values()):
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.5)
    wall_ns = time.time_ns() + 200_000_000
    clock.go(wall_ns)
    await _ask(control, f"go?at={wall_ns}")


async def _ask(control: int, what: str) -> dict[str, float]:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{control}/{what}") as answer:
        return msgspec.json.decode(await answer.read(), type=dict[str, float])


async def _watch(hour: Hour, session: LiveSession, clock: FastClock, simulated_s: float) -> None:
    process, begin_ns, next_s = psutil.Process(), clock.now_ns(), 0.0
    while (now_s := (clock.now_ns() - begin_ns) / 1e9) < simulated_s:
        await asyncio.sleep(0.02)
        lag_s = session.status().lag_ns / 1e9 / hour.speed
        if now_s < next_s:
            hour.lags[-1] = max(hour.lags[-1], lag_s)
            continue
        next_s += SAMPLE_S
        if len(hour.times) % (TRIM_S // SAMPLE_S) == 0:
            trim_heap()
        hour.times.append(now_s)
        hour.lags.append(lag_s)
        hour.sizes.append(process.memory_info().rss)


async def _compare(hour: Hour, engine: Engine, clock: FastClock, control: int) -> None:
    """Stop time at a whole second, before which all batches end; what was said arrives; the sums are the ledger's."""
    at_ns = clock.now_ns() // SECOND * SECOND + 10 * SECOND
    clock.halt(at_ns)
    hour.truth = await _ask(control, f"halt?at={at_ns}")
    await asyncio.sleep(1.0)
    hour.gaps = sum(len(market.coverage.gaps()) for market in engine.bases[BASE].markets)
    view = engine.view(CvdRequest(BASE, 60_000_000_000, CvdUnit.COIN, None, live_only=False))
    assert isinstance(view, CvdView)
    for line in view.lines:
        values = line.values[np.isfinite(line.values)]
        assert line.venue is not None
        assert line.kind is not None
        hour.ours[f"{line.venue}.{line.kind.value}"] = float(values[-1]) if len(values) else 0.0


class _Venues:
    """The simulated venues as a child process on a fast clock, and a port to steer it."""

    def __init__(self, since_ns: int, speed: float, venues: Sequence[Venue]) -> None:
        self._words = [str(since_ns), str(speed), ",".join(venue for venue in venues)]

    def __enter__(self) -> tuple[int, int]:
        command = [sys.executable, "-m", "tests.workstation.session.hour", *self._words]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        venues, control = self._process.stdout.readline().split()
        return int(venues), int(control)

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


async def _serve(since_ns: int, speed: float, venues: Sequence[str]) -> None:
    """Serve until killed. `/go` lets time run, `/halt` stops it and tells bought minus sold base coin since then."""
    clock = FastClock(since_ns, speed)
    server = await serve(0, seed=5, warm_up_s=60, clock=clock, bases=[BASE], venues=venues)

    before: dict[str, float] = {}

    async def go(request: web.Request) -> web.Response:
        before.update(_deltas(server))
        clock.go(int(request.query["at"]))
        return web.json_response(before)

    async def halt(request: web.Request) -> web.Response:
        clock.halt(at_ns := int(request.query["at"]))
        while server.simulation.now_ns < at_ns:
            await asyncio.sleep(0.01)
        return web.json_response({name: delta - before[name] for name, delta in _deltas(server).items()})

    app = web.Application()
    app.router.add_get("/go", go)
    app.router.add_get("/halt", halt)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(server.port, runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def _deltas(server: Server) -> dict[str, float]:
    """Bought minus sold, without what Binance still merges and has not told."""
    found = {}
    for market in server.simulation.markets:
        instrument, ledger = market.spec.instrument, market.tape.ledger
        name = f"{instrument.venue}.{instrument.kind.value}"
        found[name] = ledger.buy_volume - ledger.sell_volume
        merging = market.tape.merging
        if instrument.venue == Venue("binance") and merging is not None:
            sign = 1 if merging.aggressor is Side.BUY else -1
            found[name] -= sign * market.spec.base_size(merging.lots, merging.price)
    return found


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3].split(",")))
