"""The shipped permissions: the hub writes, a desktop only reads."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import pytest

from feeds.hub.broker import Broker, connect
from feeds.hub.source import HubSource
from feeds.model.clock import SystemClock
from tests.feeds.hub.broker import HubOfVenues, NatsServer, eventually, needs_broker, until_live
from tests.workstation.session.faults import Brake, Desk, world

nats = pytest.importorskip("nats", reason="the hub needs nats-py")

pytestmark = needs_broker
SHIPPED = Path(__file__).parents[3] / "resources" / "packaging" / "hub" / "nats-server.conf"


def shipped_users() -> str:
    """The users of the shipped configuration."""
    text = SHIPPED.read_text()
    return "max_payload: 8MB\n" + text[text.index("authorization {") :]


def test_the_shipped_broker_listens_on_loopback_only() -> None:
    assert re.findall(r"^listen: (\S+)", SHIPPED.read_text(), re.MULTILINE) == ['"127.0.0.1:4222"']


async def refused(broker: Broker, subject: str) -> bool:
    """Whether publishing on a subject violates the permissions."""
    errors: list[str] = []

    async def on_error(error: Exception) -> None:
        errors.append(str(error).lower())

    client = await nats.connect(broker.url, error_cb=on_error)
    await client.publish(subject, b"forged")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(client.flush(), 2)
    await asyncio.sleep(0.1)
    await client.close()
    return any("permissions violation" in error for error in errors)


async def test_a_desktop_reads_and_cannot_write(tmp_path: Path) -> None:
    broker, clock = NatsServer(tmp_path, shipped_users()), Brake(SystemClock())
    broker.start()
    try:
        hub_user, reader = broker.broker("hub:change-me@"), broker.broker("desktop:change-me-too@")
        async with await world(clock, ["BTC"]) as server, HubOfVenues(server, clock, hub_user):
            async with Desk(server, clock, ["BTC"], source=HubSource(reader, clock, since_s=60.0)) as late:
                await until_live(late)
            async with Desk(server, clock, ["BTC"], source=HubSource(reader, clock)) as desk:
                await until_live(desk)
            forbidden = ("md.binance.linear.public", "md.hub.roster", "hub.md.status", "$JS.API.STREAM.PURGE.MD")
            for subject in (*forbidden, "$JS.API.STREAM.DELETE.MD", "$JS.API.STREAM.UPDATE.MD"):
                assert await refused(reader, subject), subject
            assert not await refused(reader, "hub.md.join")
    finally:
        broker.kill()


async def test_a_wrong_password_is_reported_without_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = NatsServer(tmp_path, shipped_users())
    broker.start()
    reply: list[str] = []
    caplog.set_level("DEBUG")
    connecting = asyncio.create_task(connect(broker.broker("desktop:secret-word@"), "desktop", reply.append))
    try:
        await eventually(lambda: any("authorization" in words.lower() for words in reply), what="the refusal")
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        broker.kill()
    assert "secret-word" not in caplog.text + "".join(reply)
    assert "secret-word" not in broker.broker("desktop:secret-word@").address
