"""Requests of desktops are checked, bounded and cheap."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from feeds.hub.broker import Broker, connect
from feeds.hub.publisher import Publisher
from feeds.hub.requests import NAMES_MOST, REQUEST_BYTES, ask_for_bases, ask_to_join
from feeds.hub.stream import info_of
from feeds.hub.wire import Subjects
from feeds.model.clock import SystemClock
from tests.feeds.hub.broker import NatsServer, eventually, needs_broker
from tests.feeds.hub.writer import Coins, Writer
from workstation.hub.requests import SYNC_POINTS, Allowance, DesktopRequests

SUBJECTS = Subjects()


def requests_of(coins: Coins, added_most: int = 12) -> DesktopRequests:
    publisher = Publisher(Broker("nats://127.0.0.1:1"), SystemClock(), list)
    return DesktopRequests(coins, publisher, publisher.announce, added_most=added_most)


def test_listed_bases_are_followed_and_others_refused_with_a_reason() -> None:
    coins = Coins(listed=("BTC", "ETH"))
    requests = requests_of(coins)
    assert requests.follow(b"ETH BTC") == {}
    assert coins.bases == ("BTC", "ETH")
    assert coins.asked == ["BTC"]
    assert requests.follow(b"BTCUSDT SOL ETH") == {
        "BTCUSDT": "no venue lists BTCUSDT",
        "SOL": "no venue lists SOL",
    }
    assert coins.bases == ("BTC", "ETH")


def test_desktops_cannot_push_out_each_others_coins() -> None:
    coins = Coins(listed=[f"C{number}" for number in range(100)])
    requests = requests_of(coins, added_most=3)
    for number in range(100):
        requests.follow(f"C{number}".encode())
    assert coins.bases == ("BTC", "C0", "C1", "C2")
    assert "as many as it may" in requests.follow(b"C9")["C9"]
    assert requests.follow(b"C1") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"X" * (REQUEST_BYTES + 1),
        b"x " * (NAMES_MOST + 1),
        b"A" * 33,
        b"\x00\x1b[31m",
        "\u202eCTB".encode(),
        b"\xff\xfe",
    ],
)
def test_odd_requests_follow_nothing(body: bytes) -> None:
    coins = Coins(listed=())
    assert requests_of(coins).follow(body)
    assert coins.bases == ("BTC",)


def test_an_allowance_is_refilled_slowly() -> None:
    now = [0.0]
    allowance = Allowance(2, 30.0, lambda: now[0])
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    now[0] = 31.0
    assert [allowance.take() for _ in range(2)] == [True, False]
    now[0] = 1e6
    assert [allowance.take() for _ in range(3)] == [True, True, False]


@needs_broker
async def test_a_flood_of_joins_costs_few_sync_points_and_all_are_answered(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    server.start()
    try:
        async with Writer(server.broker(), shared_s=0.0) as writer:
            client = await connect(server.broker(), "flood", lambda trouble: None)
            await eventually(lambda: writer.publisher.published, what="the stream")
            for _ in range(5):
                joined = await asyncio.gather(*(ask_to_join(client, SUBJECTS, 10.0) for _ in range(100)))
                assert min(joined) > 0
            for _ in range(20):
                assert await ask_to_join(client, SUBJECTS, 10.0) > 0
            assert writer.asked <= SYNC_POINTS + 1
            await client.close()
    finally:
        server.kill()


@needs_broker
async def test_a_reply_is_sent_to_inboxes_only_never_into_the_stream(tmp_path: Path) -> None:
    """A desktop may not publish into the stream, so the hub must not do it for it."""
    server = NatsServer(tmp_path)
    server.start()
    try:
        async with Writer(server.broker(), pause_s=60.0) as writer:
            client = await connect(server.broker(), "attacker", lambda trouble: None)
            await eventually(lambda: writer.publisher.published and not writer.publisher.waiting, what="the stream")
            await ask_to_join(client, SUBJECTS, 10.0)
            await eventually(lambda: not writer.publisher.waiting)
            before = (await info_of(client, SUBJECTS)).state.last_seq
            for subject in (SUBJECTS.join, SUBJECTS.show):
                await client.publish(subject, b"NOPE", reply="md.okx.spot.public")
            many = [f"NOPE{number}" for number in range(2 * NAMES_MOST)]
            assert list(await ask_for_bases(client, SUBJECTS, many, 10.0)) == many
            await asyncio.sleep(0.2)
            assert (await info_of(client, SUBJECTS)).state.last_seq == before
            await client.close()
    finally:
        server.kill()
