"""A task of a live source that dies for any reason is trouble on screen and is tried again."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Sequence

import pytest

from feeds.live.connection import ConnectionLimits
from feeds.live.source import LiveSource, SourceLimits
from feeds.model.clock import SystemClock
from feeds.model.frame import Frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.simulator.service.server import serve
from feeds.venues.driver import VenueDriver, loopback
from feeds.venues.registry import DRIVERS

SPOT = MarketKind.SPOT
QUICK = ConnectionLimits(first_pause_s=0.01, last_pause_s=0.02)
LIMITS = SourceLimits(timer_s=0.01, relist_s=0.05, relist_pause_s=0.01, settle_s=0.01, connection=QUICK)


async def eventually(condition: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


def failing(faults: Sequence[Exception | None]) -> tuple[VenueDriver, list[int]]:
    """A venue whose lists fail in this order, the last one for ever; None is an empty list."""
    asked: list[int] = []

    def instruments(kind: MarketKind, bodies: object) -> tuple[Instrument, ...]:
        asked.append(1)
        fault = faults[min(len(asked), len(faults)) - 1]
        if fault is not None:
            raise fault
        return ()

    driver = DRIVERS[Venue("binance")]
    endpoints = {SPOT: driver.endpoints[SPOT]}
    profile = dataclasses.replace(driver.profile, server_time=None)
    changed = dataclasses.replace(
        driver, profile=profile, endpoints=endpoints, listing=lambda kind: (), instruments=instruments
    )
    return changed, asked


@pytest.mark.parametrize("off_s", [600, -600])
async def test_a_clock_that_is_wrong_is_set_before_the_first_frame(off_s: int) -> None:
    async with await serve(0, seed=3, warm_up_s=1, bases=("BTC",)) as server:
        clock = SystemClock(wall_ns=lambda: time.time_ns() + off_s * 1_000_000_000)
        drivers = [loopback(DRIVERS[Venue("binance")], server.port)]
        source = LiveSource(["BTC"], drivers, clock, seed=1)

        async def first() -> Frame:
            async for batch in source.batches():
                if batch:
                    return batch[0]
            raise AssertionError("no frame came")

        frame = await asyncio.wait_for(first(), 20)
        await source.close()
    assert abs(frame.ts_recv_ns - time.time_ns()) < 5 * 1_000_000_000
    assert abs(source.clock_offsets[Venue("binance")] + off_s * 1_000_000_000) < 5 * 1_000_000_000


async def test_lists_that_were_fetched_before_the_start_are_not_fetched_again() -> None:
    driver, asked = failing([None])
    source = LiveSource(["BTC"], [driver], SystemClock(), seed=1, limits=dataclasses.replace(LIMITS, relist_s=600.0))
    assert await source.unlisted() == ["no venue lists BTC"]

    async def run() -> None:
        async for _ in source.batches():
            if source.trouble:
                return

    await asyncio.wait_for(run(), 5)
    await source.close()
    assert source.trouble == {"BTC": "no venue lists BTC"}
    assert len(asked) == 1


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("x"), KeyError("x"), RuntimeError("x"), AssertionError()], ids=repr
)
async def test_a_list_that_fails_in_any_way_is_trouble_and_listed_again(fault: Exception) -> None:
    driver, asked = failing([None, fault, fault, fault, None])
    source = LiveSource(["BTC"], [driver], SystemClock(), seed=1, limits=LIMITS)
    seen: set[str] = set()

    async def run() -> None:
        async for _ in source.batches():
            seen.update(source.trouble.values())

    running = asyncio.create_task(run())
    try:
        await eventually(lambda: len(asked) > 8)
        assert any("fault" in text for text in seen), "shown"
        assert "binance.spot" not in source.trouble, "and gone once it works"
    finally:
        await source.close()
        await running


async def test_a_task_that_dies_is_trouble_until_it_runs_again() -> None:
    driver, _ = failing([None])
    turns: list[int] = []

    class Failing(SystemClock):
        def now_ns(self) -> int:
            turns.append(1)
            if 2 <= len(turns) <= 6:
                raise OverflowError("the clock is gone")
            return super().now_ns()

    source = LiveSource(["BTC"], [driver], Failing(), seed=1, limits=LIMITS)
    seen: set[str] = set()
    timers = 0

    async def run() -> None:
        nonlocal timers
        async for batch in source.batches():
            timers += len(batch)

    running = asyncio.create_task(run())
    try:
        await eventually(lambda: seen.update(source.trouble.values()) or "timer" in source.trouble)
        await eventually(lambda: timers > 5 and "timer" not in source.trouble)
        assert any("the clock is gone" in text for text in seen)
    finally:
        await source.close()
        await running
