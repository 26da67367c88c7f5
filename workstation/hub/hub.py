"""The hub: a live session without a window that publishes its frames to a broker."""

import asyncio
import contextlib
import logging

import msgspec

from feeds.hub.broker import Broker, broker_errors
from feeds.hub.publisher import Publisher
from feeds.hub.source import SYNC_EVERY_S
from feeds.hub.wire import TEXT_MOST, ConnectionStatus, HubStatus
from feeds.live.source import LiveSource
from feeds.model.clock import Clock
from feeds.model.frame import Frame, FrameKind
from workstation.hub.requests import DesktopRequests
from workstation.session.live import LiveSession

log = logging.getLogger(__name__)

STATUS_S = 1.0
DRAIN_S = 5.0


class Hub:
    """Runs until cancelled. The session decodes frames too, so that protocols can send requests and be supervised."""

    def __init__(
        self, session: LiveSession, source: LiveSource, publisher: Publisher, broker: Broker, clock: Clock
    ) -> None:
        self.session, self.publisher = session, publisher
        self._source, self._broker, self._clock = source, broker, clock
        self._requests = DesktopRequests(source, publisher, self._announce)
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
        """The current status, its texts cut to what the wire takes."""
        publisher, source = self.publisher, self._source
        connections = tuple(
            ConnectionStatus(name, one.is_open, one.trouble[:TEXT_MOST]) for name, one in source.connections.items()
        )
        trouble = {name: text[:TEXT_MOST] for name, text in source.trouble.items()}
        facts = (publisher.run_id, self._clock.now_ns(), source.bases, connections, dict(source.clock_offsets), trouble)
        return HubStatus(*facts, publisher.published, publisher.waiting, publisher.lost, publisher.trouble[:TEXT_MOST])

    def _announce(self, reason: str) -> asyncio.Future[int]:
        sync_point = self.publisher.announce(reason)
        self._refresh()
        return sync_point

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

        while self.publisher.client is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await self._requests.serve(self.publisher.client, self._broker.subjects)

    def _ends(self) -> list[Frame]:
        now_ns, why = self._clock.now_ns(), b"the hub ended"
        opened = [name for name, one in self._source.connections.items() if one.is_open]
        return [Frame(now_ns, name, FrameKind.CLOSE, why) for name in opened]


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
