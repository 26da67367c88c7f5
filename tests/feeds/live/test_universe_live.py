"""The universe over real sockets and REST of all five simulated venues, and connections that have no socket."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from feeds.live.connection import LiveConnection
from feeds.live.source import LiveSource, SourceLimits
from feeds.model.clock import ManualClock
from feeds.model.events import Liquidation, Side
from feeds.model.frame import UNIVERSE, ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.pipeline.deduplication import Deduplicator
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS
from feeds.simulator.service.server import Server, serve
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from tests.workstation.analytics.market_events import BINANCE
from workstation.readmodels.session.status import Presence
from workstation.readmodels.universe.universe import UniverseRequest, UniverseView
from workstation.replay.core import Core
from workstation.session.live import LiveSession

START_NS = 1_790_000_000_000 * MS
PATIENCE_S = 30.0
LIVED_S = 6.5  # Binance tells its quotes every five
BASES = (
    *("BTC", "ETH", "SOL", "XRP", "BNB", "ADA", "PEPE", "SHIB"),
    *("BONK", "SATS", "MOG", "LUNC", "TRB", "WIF", "KAS", "1INCH"),
)
"""Some with several kinds, listed by the thousand or the million, paid every hour, or missing at some venues."""


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


class Desk:
    """A source of the universe and a core that takes its frames."""

    def __init__(self, server: Server, clock: ManualClock, limits: SourceLimits) -> None:
        drivers = [loopback(driver, server.port) for driver in DRIVERS.values()]
        self.server, self.clock, self.core = server, clock, Core()
        self.source = LiveSource(["BTC"], drivers, clock, universe=True, seed=1, limits=limits)
        self.weights: Counter[str] = Counter()
        self.frames: list[Frame] = []
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for batch in self.source.batches():
            self.frames += batch
            self.core.consume(batch)
            for connection, request in self.core.feed.take_requests():
                if isinstance(request, Fetch):
                    spec = self.source.connections[connection].spec
                    self.weights[DRIVERS[spec.venue].weights[spec.kind][0]] += request.weight
                self.source.perform(connection, request)

    async def live(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(100 * MS)
            self.server.advance()
            await asyncio.sleep(0.01)

    def view(self) -> UniverseView:
        self.core.engine.advance(self.clock.now_ns())
        view = self.core.engine.view(UniverseRequest())
        assert isinstance(view, UniverseView)
        return view

    async def close(self) -> None:
        await self.source.close()
        await self.task


async def told(clock: ManualClock, limits: SourceLimits) -> tuple[Desk, UniverseView]:
    """Run all simulated venues for some seconds; returns the resulting state."""
    async with await serve(0, seed=5, warm_up_s=0, clock=clock, bases=BASES) as server:
        desk = Desk(server, clock, limits)
        try:
            await until(lambda: len([one for one in desk.source.connections.values() if one.is_open]) >= 25)
            await desk.live(LIVED_S)
            return desk, desk.view()
        finally:
            await desk.close()


async def test_every_simulated_perpetual_has_data_within_seconds() -> None:
    desk, view = await told(ManualClock(START_NS), SourceLimits(timer_s=0.02))
    listed = {one.spec.instrument.id: one for one in desk.server.simulation.markets if one.perpetual is not None}
    assert set(view.markets.ids) == listed.keys()
    for at, name in enumerate(view.markets.ids):
        compare(view, at, listed[name])
    assert (view.live == view.known).all()
    assert desk.core.feed.undecodable == {}
    assert not desk.source.trouble
    assert {one.base for one in desk.core.engine.instruments()} == {"BTC"} == desk.core.engine.bases.keys()
    limits = {pool: limit for driver in DRIVERS.values() for pool, limit in driver.weights.values()}
    assert {pool for pool, weight in desk.weights.items() if weight / LIVED_S * 60 >= limits[pool]} == set()
    replayed = Core()
    replayed.consume([frame for frame in desk.frames if frame.kind is not FrameKind.TIMER])
    replayed.engine.advance(desk.clock.now_ns())
    again = replayed.engine.view(UniverseRequest())
    assert isinstance(again, UniverseView)
    assert again.columns.open_interest_usd.tolist() == view.columns.open_interest_usd.tolist(), "replay says the same"


async def test_where_sockets_are_limited_the_followed_markets_connect_first() -> None:
    okx, clock = DRIVERS[Venue("okx")], ManualClock(START_NS)
    async with await serve(0, seed=5, warm_up_s=0, clock=clock, venues=("okx",), bases=("BTC",)) as server:
        source = LiveSource(
            ["BTC"],
            [loopback(okx, server.port)],
            clock,
            universe=True,
            seed=1,
            limits=SourceLimits(universe_delay_s=0.3),
        )
        opened: list[bool] = []

        async def read() -> None:
            async for batch in source.batches():
                for frame in batch:
                    if frame.kind is FrameKind.OPEN and (spec := source.connections[frame.connection].spec).url:
                        opened.append(spec.route == UNIVERSE)

        task = asyncio.create_task(read())
        await until(lambda: len(opened) == 5)
        await source.close()
        await task
    assert okx.connects[0] < len(opened), "more than may be opened at once"
    assert opened == sorted(opened)


def compare(view: UniverseView, at: int, listed: SimulatedMarket) -> None:
    """Compare the state of one perpetual with the simulation, parts of which are a few seconds newer."""
    truth, spec, columns, markets = listed.perpetual, listed.spec, view.markets.columns, view.markets
    assert truth is not None
    name, hours = markets.ids[at], truth.interval_ns / 3_600e9
    coins = spec.base_size(round(truth.open_interest), truth.mark / spec.tick)
    turnover = listed.day.turnover * (columns.price[at] if listed.is_inverse else 1)
    assert markets.mark[at] == pytest.approx(truth.mark, rel=5e-3), name
    assert markets.index[at] == pytest.approx(truth.index, rel=5e-3), name
    assert markets.interval_h[at] == (8.0 if markets.venues[at] == Venue("deribit") else hours), name
    assert columns.funding_8h[at] == pytest.approx(truth.rate * 8 / hours, abs=2e-4), name
    assert columns.open_interest[at] == pytest.approx(coins, rel=0.05), name
    assert columns.open_interest_usd[at] == pytest.approx(coins * truth.mark, rel=0.05), name
    assert columns.change_24h[at] == pytest.approx(listed.day.close / listed.day.open - 1, abs=0.01), name
    assert columns.turnover_24h[at] == pytest.approx(turnover, rel=0.1), name
    assert math.isnan(markets.bid[at]) == (markets.venues[at] == Venue("hyperliquid")), name


async def test_a_connection_without_a_socket_opens_stays_open_closes_and_reopens() -> None:
    frames: list[Frame] = []
    spec = ConnectionSpec(name="x", venue=Venue("deribit"), kind=MarketKind.LINEAR, route="universe")
    keeper = LiveConnection(spec, ManualClock(START_NS), random.Random(1), frames.append)
    task = asyncio.create_task(keeper.run())
    await until(lambda: keeper.is_open)
    await keeper.send("nobody hears this")
    await keeper.leave("another listing")
    await until(lambda: keeper.life == 2)
    await keeper.leave("enough", retire=True)
    await until(task.done)
    kinds = [frame.kind for frame in frames]
    assert kinds == [FrameKind.OPEN, FrameKind.CLOSE, FrameKind.OPEN, FrameKind.CLOSE]
    assert (frames[1].payload, frames[3].payload) == (b"another listing", b"enough")


def forced(size: float, ts_ns: int = 5) -> Liquidation:
    return Liquidation(BINANCE, ts_ns, ts_ns, 10.0, size, 10.0 * size, Side.SELL)


def test_a_liquidation_from_two_connections_counts_once_and_two_equal_ones_twice() -> None:
    once = Deduplicator()
    assert len(once.filter("focus", [forced(1.0), forced(1.0), forced(2.0)])) == 3, "one message may hold twins"
    assert list(once.filter("universe", [forced(1.0), forced(1.0), forced(1.0), forced(3.0)])) == [
        forced(1.0),
        forced(3.0),
    ]
    assert list(once.filter("focus", [forced(3.0)])) == []
    for number in range(5_000):
        assert len(once.filter("universe", [forced(1.0, number + 10)])) == 1


async def test_the_status_shows_the_universe_only_in_case_of_trouble() -> None:
    clock = ManualClock(START_NS)
    source = LiveSource(["BTC"], [], clock)
    running: list[asyncio.Task[None]] = []
    for name, route, is_open in (("focus", "flow", True), ("calm", UNIVERSE, True), ("lost", UNIVERSE, False)):
        spec = ConnectionSpec(name=name, venue=Venue("bybit"), kind=MarketKind.LINEAR, route=route)
        keeper = source.connections[name] = LiveConnection(spec, clock, random.Random(1), lambda frame: None)
        keeper.trouble = "cannot connect"
        if is_open:
            running.append(asyncio.create_task(keeper.run(), name=name))
            await keeper.opened.wait()
    status = LiveSession(source, clock, simulated=True, name="x", record_to=Path).status()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, source.close(), return_exceptions=True)
    assert [one.name for one in status.connections] == ["focus"]
    assert status.notices == ("lost: cannot connect",)
    assert status.presence is Presence.SYNCING
