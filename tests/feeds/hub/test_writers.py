"""One writer a stream, whose frames arrive once: with killed brokers, two hubs, a replaced stream and a full store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feeds.hub.publisher import Fenced
from feeds.hub.retention import Retention
from feeds.hub.stream import info_of, request
from feeds.hub.wire import Subjects
from tests.feeds.hub.broker import NatsServer, eventually, needs_broker
from tests.feeds.hub.writer import NAMES, Reader, Writer

pytestmark = needs_broker


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.kill()


async def test_the_newest_hub_fences_the_older_and_readers_follow_it(server: NatsServer) -> None:
    async with Writer(server.broker()) as older, Reader(server.broker()) as reader:
        await reader.reads(older)
        async with Writer(server.broker()) as newer:
            await reader.reads(newer)
            with pytest.raises(Fenced, match=f"Another hub .run {newer.publisher.run_id}"):
                await asyncio.wait_for(older.publishing, 5)
            assert not newer.publishing.done()
            reader.assert_right()
            assert reader.marks == len(NAMES)


async def test_a_hub_behind_a_dead_broker_is_fenced_when_it_comes_back(server: NatsServer) -> None:
    """Both wait for the broker: the one that had published before is the older, whichever connects first."""
    async with Writer(server.broker()) as older, Reader(server.broker()) as reader:
        await reader.reads(older)
        server.kill()
        async with Writer(server.broker()) as newer:
            await asyncio.sleep(0.3)
            server.start()
            await reader.reads(newer)
            with pytest.raises(Fenced):
                await asyncio.wait_for(older.publishing, 10)
            reader.assert_right()


async def test_an_outage_longer_than_the_broker_remembers_repeats_nothing(server: NatsServer) -> None:
    """The broker recognises messages for two minutes only; without that, the last message's number still does."""
    async with (
        Writer(server.broker(), Retention(age_s=3_600), pause_s=0.001) as writer,
        Reader(server.broker()) as reader,
    ):
        await reader.reads(writer)
        client = writer.publisher.client
        assert client is not None
        config = (await info_of(client, Subjects())).config
        await request(client, "STREAM.UPDATE.MD", config | {"duplicate_window": 100_000_000})
        server.kill()
        await asyncio.sleep(0.5)
        server.start()
        await reader.reads(writer)
        reader.assert_right()
        assert (reader.marks, writer.publisher.lost) == (0, 0)


async def test_a_replaced_stream_is_recognised_however_long_it_is(server: NatsServer) -> None:
    async with Writer(server.broker()) as writer, Reader(server.broker()) as reader:
        await reader.reads(writer)
        client = writer.publisher.client
        assert client is not None
        await request(client, "STREAM.DELETE.MD", {})
        writer.write(reader.source.sequence + 1_000)  # longer than the first one when the reader looks
        await reader.reads(writer)
        reader.assert_right()
        assert reader.marks >= len(NAMES)


async def test_a_broker_that_lost_its_last_seconds_leaves_a_marked_gap(server: NatsServer, tmp_path: Path) -> None:
    """As after a power cut: the files are those of some seconds before, and the hub had its acknowledgements."""
    async with Writer(server.broker()) as writer, Reader(server.broker()) as reader:
        await reader.reads(writer)
        server.kill()
        server.save()
        server.start()
        await reader.reads(writer)
        server.kill()
        server.put_back()
        server.start()
        await reader.reads(writer)
        reader.assert_right()
        assert writer.publisher.lost > 0
        assert reader.marks >= len(NAMES)


async def test_a_full_store_drops_the_oldest_and_publishing_goes_on(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, jetstream="max_file_store: 2MB")
    server.start()
    try:
        async with Writer(server.broker(), size=2_000, pause_s=0.002) as writer, Reader(server.broker()) as reader:
            await reader.reads(writer)
            retained = writer.publisher.retained
            assert retained is not None
            assert 100_000 < retained.max_bytes <= 2_000_000
            await eventually(lambda: writer.number * 4_000 > 4 * retained.max_bytes, what="four times its room")
            await reader.reads(writer)
            assert (writer.publisher.lost, writer.publisher.trouble) == (0, "")
            assert writer.publisher.client is not None
            state = (await info_of(writer.publisher.client, Subjects())).state
            assert state.first_seq > 1
            reader.assert_right()
            assert reader.marks == 0
    finally:
        server.kill()


async def test_a_stream_without_a_limit_that_filled_the_broker_is_given_one(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, jetstream="max_file_store: 2MB")
    server.start()
    try:
        async with Writer(server.broker(), size=2_000, pause_s=0.002) as filler:
            await eventually(lambda: filler.publisher.published > 10)
            client = filler.publisher.client
            assert client is not None
            config = (await info_of(client, Subjects())).config
            await request(client, "STREAM.UPDATE.MD", config | {"max_bytes": -1})
            await eventually(lambda: "storage is full" in filler.publisher.trouble, what="the reason")
        async with Writer(server.broker()) as writer, Reader(server.broker()) as reader:
            await reader.reads(writer)
            assert writer.publisher.trouble == ""
            reader.assert_right()
    finally:
        server.kill()
