"""Connections that are replaced before they end, markets that are listed again, sockets and calls that are paced."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import feeds.live.connection
from feeds.live.connection import ConnectionLimits, LiveConnection
from feeds.live.rest import Rest
from feeds.live.source import LiveSource, SourceLimits
from feeds.live.transport import Socket
from feeds.model.clock import SystemClock
from feeds.model.errors import TransportError
from feeds.model.events import Connected, Disconnected, Event, TradesLost
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.simulator.service.clients import Client
from feeds.simulator.service.faults import Fault, FaultKind
from feeds.simulator.service.server import Server, serve
from feeds.venues import bybit, okx
from feeds.venues.driver import VenueDriver, loopback
from feeds.venues.registry import DRIVERS
from workstation.session.live import LiveSession
from workstation.session.watchdog import Watchdog, WatchdogLimits


async def eventually(condition: Callable[[], object], within_s: float = 10.0) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it never came true"
        await asyncio.sleep(0.005)


class Desk:
    """A live session on one simulated venue, and every event it applied."""

    def __init__(self, server: Server, driver: VenueDriver, limits: SourceLimits, watchdog: Watchdog | None) -> None:
        self.server = server
        self.events: list[Event] = []
        self.source = LiveSource(["BTC"], [driver], SystemClock(), seed=1, limits=limits)
        nowhere = Path("/nowhere/recording.mcap")
        self.session = LiveSession(
            self.source, SystemClock(), simulated=True, name="s", record_to=lambda: nowhere, watchdog=watchdog
        )
        decode = self.session.core.feed.receive

        def listen(frame: Frame) -> object:
            events = decode(frame)
            self.events += events
            return events

        self.session.core.feed.receive = listen  # type: ignore[method-assign, assignment]

    def said(self, kind: type[Event]) -> list[str]:
        """The connections of these events, in order."""
        return [event.connection for event in self.events if isinstance(event, kind)]  # type: ignore[union-attr]

    def lost(self) -> list[TradesLost]:
        return [event for event in self.events if isinstance(event, TradesLost)]

    def live(self) -> bool:
        markets = [market for base in self.session.core.engine.bases.values() for market in base.markets]
        return bool(markets) and all(market.coverage.live and market.book.known for market in markets)


@asynccontextmanager
async def desk(
    venue: Venue,
    change: Callable[[VenueDriver], VenueDriver] = lambda driver: driver,
    limits: SourceLimits = SourceLimits(),
    watchdog: Watchdog | None = None,
) -> AsyncIterator[Desk]:
    async with await serve(0, seed=5, warm_up_s=0, venues=[venue], bases=["BTC"]) as server:
        found = Desk(server, change(loopback(DRIVERS[venue], server.port)), limits, watchdog)
        task = asyncio.create_task(found.session.run())
        try:
            await eventually(found.live)
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def only(kind: MarketKind, **fields: object) -> Callable[[VenueDriver], VenueDriver]:
    """A driver with one kind of market and other rules."""

    def change(driver: VenueDriver) -> VenueDriver:
        return dataclasses.replace(driver, endpoints={kind: driver.endpoints[kind]}, **fields)  # type: ignore[arg-type]

    return change


async def test_a_connection_is_replaced_before_its_lifetime_ends_without_losing_trades() -> None:
    async with desk(Venue("binance"), only(MarketKind.LINEAR, lifetime_s=0.5), SourceLimits(settle_s=0.3)) as found:
        await eventually(lambda: len(found.said(Disconnected)) >= 4)
        order = [
            (type(event), event.connection) for event in found.events if isinstance(event, Connected | Disconnected)
        ]
        for route in ("binance.linear.public", "binance.linear.market"):
            first = order.index((Disconnected, route))
            assert order.index((Connected, f"{route}~2")) < first
        assert found.lost() == []
        assert found.live()


async def test_a_successor_without_data_does_not_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(Venue("binance"), only(MarketKind.LINEAR, lifetime_s=0.6), SourceLimits(settle_s=0.1)) as found:
        admit = found.server.clients.add

        def born_silent(client: Client) -> None:
            client.line.begin(Fault(kind=FaultKind.STALL, duration_s=60.0), time.time_ns())
            admit(client)

        # the fault must stand before the first message, and a server has no other place for that
        monkeypatch.setattr(found.server.clients, "add", born_silent)
        await eventually(lambda: [name for name in found.said(Connected) if name.endswith("~2")])
        await asyncio.sleep(0.8)
        assert found.said(Disconnected) == []


@pytest.mark.parametrize(("venue", "kind"), [(Venue("binance"), MarketKind.SPOT), (Venue("okx"), MarketKind.LINEAR)])
async def test_an_announced_end_is_preceded_by_a_successor(venue: Venue, kind: MarketKind) -> None:
    async with desk(venue, only(kind), SourceLimits(settle_s=0.2)) as found:
        found.server.inject(Fault(kind=FaultKind.MAINTENANCE, venue=venue, duration_s=4.0))
        await eventually(lambda: found.said(Disconnected))
        assert any(name.endswith("~2") for name in found.said(Connected))
        assert found.lost() == []
        await eventually(found.live)


async def test_stopped_trades_are_resumed_by_a_new_connection() -> None:
    limits = WatchdogLimits(every_ns=10**8, connection_ns=5 * 10**8, trades_ns=10**9, paced=8, patience=6.0)
    async with desk(Venue("okx"), only(MarketKind.LINEAR), watchdog=Watchdog(limits)) as found:
        market = found.session.core.engine.bases["BTC"].markets[0]
        await eventually(lambda: found.session.watchdog.paced, within_s=30.0)
        stall = Fault(kind=FaultKind.STALL, venue=Venue("okx"), connection=1, topic="trades", duration_s=60.0)
        found.server.inject(stall)
        await eventually(lambda: found.lost(), within_s=30.0)
        assert [event.reason for event in found.lost()][:1] == ["the trades of BTC-USDT-SWAP have stopped"]
        await eventually(lambda: market.coverage.live and not market.coverage.gaps(), within_s=30.0)


async def test_sockets_that_the_venue_refuses_are_a_notice_until_it_accepts_them() -> None:
    spans = SourceLimits(connection=ConnectionLimits(first_pause_s=0.05, last_pause_s=0.1, refused_pause_s=0.1))
    async with desk(Venue("okx"), only(MarketKind.LINEAR), spans) as found:
        found.server.inject(Fault(kind=FaultKind.REFUSE, venue=Venue("okx"), duration_s=0.8, status=451))
        found.server.inject(Fault(kind=FaultKind.DROP, venue=Venue("okx")))
        refused = "okx.linear sockets: the venue does not serve this country"
        await eventually(lambda: refused in found.session.status().notices)
        await eventually(lambda: found.live() and found.session.status().notices == ())


async def test_a_delisted_market_is_unsubscribed_and_reported() -> None:
    listed = True

    def change(driver: VenueDriver) -> VenueDriver:
        def instruments(kind: MarketKind, bodies: object) -> tuple[Instrument, ...]:
            return driver.instruments(kind, bodies) if listed else ()  # type: ignore[arg-type]

        return only(MarketKind.LINEAR, instruments=instruments)(driver)

    async with desk(Venue("bybit"), change, SourceLimits(relist_s=0.3, relist_pause_s=0.1)) as found:
        listed = False
        await eventually(lambda: not found.source.connections)
        assert any("BTCUSDT: no longer listed" in notice for notice in found.session.status().notices)
        market = found.session.core.engine.bases["BTC"].markets[0]
        await eventually(lambda: market.trades_lost_reason == "the venue no longer lists its markets")
        listed = True
        await eventually(lambda: len(found.source.connections) == 2)
        await eventually(found.live)
        assert found.session.status().notices == ()


async def test_a_changed_listing_is_noticed_without_a_price_between_two_ticks() -> None:
    factor = 1

    def change(driver: VenueDriver) -> VenueDriver:
        def instruments(kind: MarketKind, bodies: object) -> tuple[Instrument, ...]:
            found = driver.instruments(kind, bodies)  # type: ignore[arg-type]
            return tuple(instrument_with_lot(one, factor) for one in found)

        return only(MarketKind.INVERSE, instruments=instruments)(driver)

    async with desk(Venue("deribit"), change, SourceLimits(relist_s=0.3)) as found:
        factor = 3
        await eventually(lambda: found.said(Disconnected))
        await eventually(found.live)
        assert {one.lot_size for one in found.session.core.engine.instruments()} == {30}


def instrument_with_lot(one: Instrument, factor: int) -> Instrument:
    fields = {name: getattr(one, name) for name in one.__struct_fields__ if name != "id"}
    return Instrument(**(fields | {"lot_size": one.lot_size * factor}))


SPEC = ConnectionSpec(name="a", venue=Venue("hyperliquid"), kind=MarketKind.LINEAR, route="all", url="ws://x")


async def test_repeated_short_connections_trigger_a_new_listing_and_long_ones_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lived_s, doubts = 0.0, []

    class Cut:
        async def messages(self) -> AsyncIterator[bytes]:
            await asyncio.sleep(lived_s)
            raise TransportError("cut")
            yield b""

        async def close(self) -> None:
            pass

    @asynccontextmanager
    async def socket(url: str) -> AsyncIterator[Socket]:
        yield Cut()  # type: ignore[misc]

    # the one edge to the network; a constructor argument would let the program open other sockets than this one
    monkeypatch.setattr(feeds.live.connection, "open_socket", socket)
    frames: list[Frame] = []
    keeper = LiveConnection(
        SPEC,
        SystemClock(),
        random.Random(1),
        frames.append,
        doubt=lambda one: doubts.append(one.life),
        limits=ConnectionLimits(first_pause_s=0.0, short_s=0.05),
    )
    task = asyncio.create_task(keeper.run())
    await eventually(lambda: keeper.life >= 7)
    lived_s = 0.1
    at = keeper.life
    await eventually(lambda: keeper.life >= at + 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert doubts[:2] == [3, 6]
    assert len(doubts) == at // 3
    assert [frame.kind for frame in frames[:4]] == [FrameKind.OPEN, FrameKind.CLOSE] * 2


async def test_a_rate_limit_in_a_body_or_without_a_time_is_waited_out() -> None:
    async with await serve(0, seed=5, warm_up_s=0, bases=["BTC"]) as server:
        for venue, kind in ((Venue("bybit"), MarketKind.LINEAR), (Venue("okx"), MarketKind.LINEAR)):
            rest, driver = Rest(), dataclasses.replace(loopback(DRIVERS[venue], server.port), limit_pause_s=1.5)
            server.inject(Fault(kind=FaultKind.LIMIT, venue=venue, duration_s=1.0))
            with pytest.raises(TransportError) as caught:
                await rest.ask(driver, kind, driver.listing(kind)[0])
            assert caught.value.limited
            assert caught.value.retry_after_s
            with pytest.raises(TransportError) as again:
                await rest.ask(driver, kind, Fetch("/nothing", "x"))
            assert 0 < (again.value.retry_after_s or 0) <= caught.value.retry_after_s
            await rest.close()


def test_limits_and_further_pages_are_read_from_bodies() -> None:
    assert bybit.DRIVER.limit(b'{"retCode":10006,"retMsg":"Too many visits!"}') == 5.0
    assert bybit.DRIVER.limit(b'{"retCode":0,"retMsg":"OK"}') is None
    assert okx.DRIVER.limit(b'{"code":"50011","msg":"Too Many Requests"}') == 2.0
    assert okx.DRIVER.limit(b'{"code":"0","data":[]}') is None
    more = bybit.DRIVER.next_page(MarketKind.LINEAR, b'{"result":{"nextPageCursor":"first%3D1&x"}}')
    assert more is not None
    assert more.path.endswith("&limit=1000&cursor=first%3D1%26x")
    assert bybit.DRIVER.next_page(MarketKind.LINEAR, b'{"result":{"nextPageCursor":""}}') is None
