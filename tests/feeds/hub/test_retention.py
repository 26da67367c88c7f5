"""The stream fits the broker's room, whatever was promised, and what is missing of the promise is reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feeds.hub.broker import connect
from feeds.hub.retention import DAY_S, Retained, Retention, keep_stream, measured_rate, wanted_bytes
from feeds.hub.stream import StreamInfo, StreamState, info_of, refusal
from feeds.hub.wire import Subjects
from tests.feeds.hub.broker import NatsServer, needs_broker

if TYPE_CHECKING:
    from nats.aio.client import Client

MB = 1_000_000
WEEK = Retention()


@asynccontextmanager
async def client_of(folder: Path, jetstream: str = "", config: str = "", user: str = "") -> AsyncIterator[Client]:
    server = NatsServer(folder, config, jetstream)
    server.start()
    try:
        async with asyncio.timeout(10):
            client = await connect(server.broker(user), "test", lambda trouble: None)
        yield client
        await client.close()
    finally:
        server.kill()


def test_the_size_follows_the_measured_rate() -> None:
    state = StreamState(100, 7_200 * MB, 1, 100, "2026-11-30T00:00:00Z", "2026-11-30T02:24:00.123456789Z")
    rate = measured_rate(StreamInfo({}, state))
    assert rate is not None
    assert rate * DAY_S == pytest.approx(72e9, rel=1e-3)
    assert wanted_bytes(WEEK, rate) == pytest.approx(72e9 * 7 * 1.25, rel=1e-3)
    assert wanted_bytes(Retention(max_bytes=5), rate) == 5
    assert measured_rate(StreamInfo({}, StreamState(0, 0, 0, 0))) is None


def test_a_promise_that_does_not_fit_is_reported_in_days() -> None:
    rate = 72e9 / DAY_S
    assert Retained(50_000 * MB, rate, WEEK).shortfall == (
        "about 16.7 hours retained of 7 days: 50.0 GB at 72.0 GB a day"
    )
    assert Retained(700_000 * MB, rate, WEEK).shortfall == ""
    assert Retained(50_000 * MB, None, WEEK).shortfall == ""
    assert Retained(40_000 * MB, rate, Retention(max_bytes=90_000 * MB)).shortfall.startswith(
        "40.0 GB retained of 90.0"
    )


def test_a_full_store_is_named() -> None:
    for code in (10023, 10047, 10077):
        assert "storage is full" in refusal(code, "insufficient resources")
    assert refusal(0, "no") == "no"


@needs_broker
async def test_streams_share_a_server_and_never_exceed_it(tmp_path: Path) -> None:
    async with client_of(tmp_path, "max_file_store: 100MB") as client:
        first, retained = await keep_stream(client, Subjects("A"), WEEK)
        assert 40 * MB < retained.max_bytes <= 50 * MB * 1.05
        second, _ = await keep_stream(client, Subjects("B"), WEEK)
        assert 20 * MB < second.max_bytes < first.max_bytes
        again, _ = await keep_stream(client, Subjects("A"), WEEK)
        assert again.max_bytes >= first.max_bytes
        third, retained = await keep_stream(client, Subjects("C"), Retention(max_bytes=90 * MB))
        assert 0 < third.max_bytes < 30 * MB
        assert "no more fits" in retained.shortfall
        assert third.config["discard"] == "old"
        less, _ = await keep_stream(client, Subjects("A"), Retention(max_bytes=10 * MB))
        assert less.max_bytes == 10 * MB


@needs_broker
async def test_nine_tenths_of_an_account_are_used(tmp_path: Path) -> None:
    accounts = 'accounts { A: { jetstream: { max_file: 10MB }, users: [ { user: "u", password: "p" } ] } }'
    async with client_of(tmp_path, config=accounts, user="u:p@") as client:
        _, retained = await keep_stream(client, Subjects("A"), WEEK)
        assert 8 * MB < retained.max_bytes <= 10 * 1_048_576 * 0.9 + 1


@needs_broker
async def test_other_settings_of_the_stream_stay(tmp_path: Path) -> None:
    async with client_of(tmp_path, "max_file_store: 100MB") as client:
        from feeds.hub.stream import request

        await keep_stream(client, Subjects("A"), WEEK)
        config = (await info_of(client, Subjects("A"))).config
        await request(client, "STREAM.UPDATE.A", config | {"description": "of the desk"})
        await keep_stream(client, Subjects("A"), Retention(age_s=3_600.0, max_bytes=10 * MB))
        found = await info_of(client, Subjects("A"))
        assert (found.config["description"], found.max_bytes) == ("of the desk", 10 * MB)
        assert found.config["max_age"] == 3_600 * 10**9
