"""The hub: a live session without a window that publishes its frames to a broker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

import msgspec

from feeds.hub.broker import Broker, broker_errors
from feeds.hub.publisher import Publisher
from feeds.hub.source import SYNC_EVERY_S
from feeds.hub.wire import ConnectionStatus, HubStatus, JoinReply
from feeds.model.clock import Clock
from feeds.model.frame import Frame, FrameKind
from feeds.model.source import Source
from workstation.session.live import LiveSession

if TYPE_CHECKING:
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

STATUS_S = 1.0
SHARED_S = 3.0
"""Desktops that join within this time share a sync point."""
DRAIN_S = 5.0
_JOIN_S = 4.0


class Hub:
    """Runs until cancelled. The session decodes frames too, so that protocols can send requests and be supervised."""

    def __init__(
        self, session: LiveSession, source: Source, publisher: Publisher, broker: Broker, clock: Clock
    ) -> None:
        self.session, self.publisher = session, publisher
        self._source, self._broker, self._clock = source, broker, clock
        self._sync_point: asyncio.Future[int] | None = None
        self._sync_point_s = float("-inf")
        session.tap = publisher.put
        publisher.after_loss = self._refresh

    async def run(self) -> None:
        """Receive and publish; at the end, close all connections in the stream. Raises TransportError."""
        self._announce("the hub begins")
        publishing = asyncio.create_task(self.publisher.run(), name="publish")
        work = (self.session.run(), self._publish_status(), self._sync_points(), self._serve())
        collecting = [asyncio.create_task(one, name="hub") for one in work]
        try:
            done, _ = await asyncio.wait([publishing, *collecting], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            ends = self._ends()
            await _stop(collecting)
            self.publisher.put(ends)
            if not publishing.done():
                await self.publisher.drained(DRAIN_S)
            await _stop([publishing])

    def status(self) -> HubStatus:
        """The current status."""
        connections = tuple(
            ConnectionStatus(name, one.is_open, one.trouble) for name, one in self._source.connections.items()
        )
        publisher, source = self.publisher, self._source
        offsets = dict(source.clock_offsets)
        facts = (publisher.run_id, self._clock.now_ns(), source.bases, connections, offsets, dict(source.trouble))
        return HubStatus(*facts, publisher.published, publisher.waiting, publisher.lost)

    def _announce(self, reason: str) -> asyncio.Future[int]:
        self._sync_point, self._sync_point_s = self.publisher.announce(reason), time.monotonic()
        self._refresh()
        return self._sync_point

    def _refresh(self) -> None:
        """Request whole books, for readers that start here."""
        self.session.core.feed.refresh_books(self._clock.now_ns())

    async def _sync_points(self) -> None:
        while True:
            await asyncio.sleep(SYNC_EVERY_S)
            self._announce("it is time")

    async def _publish_status(self) -> None:
        while True:
            await asyncio.sleep(STATUS_S)
            client = self.publisher.client
            if client is not None and client.is_connected:
                with contextlib.suppress(*broker_errors()):
                    await client.publish(self._broker.subjects.status, msgspec.json.encode(self.status()))

    async def _serve(self) -> None:
        """Answer desktops once the broker is connected; the client resubscribes by itself."""
        while self.publisher.client is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        client = self.publisher.client
        await client.subscribe(self._broker.subjects.join, cb=self._on_join)
        await client.subscribe(self._broker.subjects.show, cb=self._on_show)
        await asyncio.Event().wait()

    async def _on_join(self, message: Msg) -> None:
        """Answer with a sync point, shared by desktops that join at the same time."""
        if self._sync_point is None or time.monotonic() - self._sync_point_s > SHARED_S:
            self._announce("a desktop joins")
        assert self._sync_point is not None
        try:
            joined = JoinReply(await asyncio.wait_for(asyncio.shield(self._sync_point), _JOIN_S))
        except TimeoutError:
            joined = JoinReply(trouble=f"the broker takes nothing: {self.publisher.trouble}")
        with contextlib.suppress(*broker_errors()):
            await message.respond(msgspec.json.encode(joined))

    async def _on_show(self, message: Msg) -> None:
        for base in message.data.decode(errors="replace").split():
            self._source.focus(base)
            self._source.keep_subscribed(base)

    def _ends(self) -> list[Frame]:
        now_ns, why = self._clock.now_ns(), b"the hub ended"
        opened = [name for name, one in self._source.connections.items() if one.is_open]
        return [Frame(now_ns, name, FrameKind.CLOSE, why) for name in opened]


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
