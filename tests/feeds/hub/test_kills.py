"""A hub under kills of every kind: nothing is doubled, and what is missing is marked.

The short form counts numbered frames; the long one compares trades and books with the simulated venues for ten minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from feeds.hub.broker import connect
from feeds.hub.retention import Retention
from feeds.hub.stream import request
from tests.feeds.hub.broker import HubOfVenues, NatsServer, Place, eventually, needs_broker, place, until_live
from tests.feeds.hub.test_hub import assert_right, stand_still
from tests.feeds.hub.writer import Reader, Writer
from tests.workstation.session.faults import Desk

pytestmark = needs_broker

TEN_MINUTES_S, KILLS = 600.0, 13
FULL = Retention(max_bytes=20_000_000)
"""A store that is full after a minute."""


async def delete_stream(server: NatsServer) -> None:
    client = await connect(server.broker(), "admin", lambda trouble: None)
    await request(client, "STREAM.DELETE.MD", {})
    await client.close()


async def restart(server: NatsServer, away_s: float) -> None:
    server.kill()
    await asyncio.sleep(away_s)
    server.start()


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12))])
async def test_numbered_frames_survive_kills_two_hubs_a_replaced_stream_and_a_full_store(
    tmp_path: Path, seed: int
) -> None:
    rng, server = random.Random(seed), NatsServer(tmp_path, jetstream="max_file_store: 2MB")
    server.start()
    try:
        async with AsyncExitStack() as running:
            reader = await running.enter_async_context(Reader(server.broker()))
            writer = await running.enter_async_context(Writer(server.broker(), size=1_000, pause_s=0.002))
            await reader.reads(writer)
            for kind in rng.sample(["broker", "crash", "second hub", "delete"], 4):
                match kind:
                    case "broker":
                        await restart(server, 0.1)
                    case "crash":
                        await writer.stop()
                    case "delete":
                        await delete_stream(server)
                if kind in ("crash", "second hub"):
                    writer = await running.enter_async_context(Writer(server.broker(), size=1_000, pause_s=0.002))
                await reader.reads(writer)
            reader.assert_right()
    finally:
        server.kill()


class Kills:
    """Kills what a desktop depends on, in turn, and waits until it is live again."""

    def __init__(self, here: Place, desk: Desk, running: AsyncExitStack) -> None:
        self._here, self._desk, self._running = here, desk, running
        self._hub = here.hub
        self.kinds: list[Callable[[], Awaitable[None]]] = [
            self._broker,
            self._crash,
            self._second_hub,
            self._replaced_stream,
        ]

    async def after(self, number: int) -> None:
        """The kill of that number."""
        await self.kinds[number % len(self.kinds)]()
        await until_live(self._desk)

    async def _broker(self) -> None:
        await restart(self._here.broker, 3.0)

    async def _crash(self) -> None:
        await self._hub.crash()
        await self._hub.stop()
        await self._next_hub()

    async def _second_hub(self) -> None:
        older = self._hub
        await self._next_hub()
        await eventually(older.task.done, what="the older hub's end")

    async def _replaced_stream(self) -> None:
        await delete_stream(self._here.broker)

    async def _next_hub(self) -> None:
        hub = HubOfVenues(self._here.server, self._here.clock, self._here.broker.broker(), FULL, within_s=60.0)
        self._hub = await self._running.enter_async_context(hub)


@pytest.mark.soak
async def test_ten_minutes_with_thirteen_kills_lose_no_trade_unmarked(tmp_path: Path) -> None:
    async with place(tmp_path, retention=FULL) as here, here.desktop() as desk, AsyncExitStack() as running:
        await until_live(desk)
        kills, end_s = Kills(here, desk, running), time.monotonic() + TEN_MINUTES_S
        for number in range(KILLS):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((end_s - time.monotonic()) / (KILLS - number + 1)):
                    while True:
                        read_truth(desk)
                        await asyncio.sleep(20.0)
            await kills.after(number)
        await asyncio.sleep(2.0)
        await stand_still(here.clock, desk)
        assert_right(desk)


def read_truth(desk: Desk) -> None:
    """The simulator forgets trades in time, so that they are read now and then."""
    for venue in desk.noted:
        for listed, _ in desk.pairs(venue):
            desk.true_lots(listed)
