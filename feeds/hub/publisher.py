"""Publishes every frame to the stream, exactly once and in order, across broker outages.

Frames are buffered in memory during an outage, up to a number of bytes. Beyond it the whole buffer is dropped, and
after the outage a sync point states how many frames were lost: readers close all connections and reopen them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from feeds.hub.broker import Broker, broker_errors, connect
from feeds.hub.wire import (
    ENCODING,
    EXPECTED_BEFORE,
    FRAME,
    MESSAGE_ID,
    Message,
    SyncPoint,
    message_of,
)
from feeds.model.clock import Clock
from feeds.model.frame import Frame, FrameKind

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

WINDOW = 4_000  # messages sent and not yet acknowledged
ACK_TIMEOUT_S = 5.0
PAUSE_S = 0.5
DUPLICATES_S = 120.0
_OVERHEAD = 200
_NOT_READY = {"error": {"description": "is not ready"}}
_SPARE = 4_096  # bytes of the largest message reserved for headers


@dataclass(frozen=True)
class Retention:
    """The limits of the stream, which drops the oldest messages first. `max_bytes` 0 means unlimited."""

    age_s: float = 7 * 86_400.0
    max_bytes: int = 0


class Publisher:
    """Publishes frames; `run` until cancelled. `opened` returns the OPEN frames of open connections, for sync points.

    `published` counts messages stored by the broker, `lost` dropped frames; `trouble` is why publishing is stalled, ""
    while it works. `after_loss` is called after a sync point that reports a loss.
    """

    def __init__(
        self,
        broker: Broker,
        clock: Clock,
        opened: Callable[[], list[Frame]],
        retention: Retention = Retention(),
        *,
        simulated: bool = False,
        buffer_bytes: int = 64 << 20,
    ) -> None:
        self.run_id = uuid4().hex[:12]
        self.published = 0
        self.lost = 0
        self.trouble = "not reached"
        self.client: Client | None = None
        self.after_loss: Callable[[], object] = lambda: None
        self._broker, self._clock, self._opened = broker, clock, opened
        self._retention, self._buffer_bytes = retention, buffer_bytes
        self._simulated = simulated
        self._queue: deque[tuple[int, Message]] = deque()
        self._queued_bytes = 0
        self._sent: deque[tuple[int, Message]] = deque()  # not yet acknowledged, in order
        self._stored: set[int] = set()  # acknowledged out of turn
        self._sync_points: dict[int, asyncio.Future[int]] = {}
        self._numbers = 0
        self._overflow = 0
        self._series = 0
        self._refused = ""
        self._wake, self._acknowledged = asyncio.Event(), asyncio.Event()
        self._max_body = 1 << 20

    @property
    def waiting(self) -> int:
        """Number of messages the broker has not acknowledged."""
        return len(self._queue) + len(self._sent)

    def put(self, frames: Iterable[Frame]) -> None:
        """Queue frames; never blocks."""
        for frame in frames:
            if frame.kind is FrameKind.TIMER:
                continue
            if self._overflow:  # everything is lost until the sync point that reports the loss
                self._overflow += 1
                self.lost += 1
            else:
                self._put(message_of(frame, self._broker.subjects))
        if self._queued_bytes > self._buffer_bytes:
            self._drop_all()

    def announce(self, reason: str) -> asyncio.Future[int]:
        """Publish a sync point; the result is its sequence in the stream, 0 if it was dropped.

        The caller must then refresh all books.
        """
        frames = self._opened()
        sync_point = SyncPoint(self.run_id, len(frames), reason, self._overflow, self._simulated)
        self._overflow = 0
        header = f"{self._clock.now_ns()} roster"  # part of the wire format
        number = self._put(Message(self._broker.subjects.sync, header, msgspec.json.encode(sync_point)))
        for frame in frames:
            self._put(message_of(frame, self._broker.subjects, again=True))
        reply: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._sync_points[number] = reply
        return reply

    async def run(self) -> None:
        """Connect, create the stream and publish, with retries. Raises TransportError where a retry cannot help."""
        self.client = client = await connect(self._broker, "hub", self._set_trouble)
        try:
            inbox = client.new_inbox()
            await client.subscribe(f"{inbox}.*.*", cb=self._on_answer)
            while True:
                try:
                    await self._until_connected(client)
                    await self._prepare(client)
                    await self._publish(client, inbox)
                except broker_errors() as error:
                    self._set_trouble(str(error).strip() or type(error).__name__)
                    await asyncio.sleep(PAUSE_S)
                self._requeue()
        finally:
            with contextlib.suppress(*broker_errors()):
                await client.close()

    async def drained(self, within_s: float) -> bool:
        """Wait at most `within_s` until everything is acknowledged; returns whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.waiting:
                    self._acknowledged.clear()
                    await self._acknowledged.wait()
        return not self.waiting

    def _set_trouble(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "broker: %s", trouble or "connected")
        self.trouble = trouble
        self._wake.set()

    def _put(self, message: Message) -> int:
        self._numbers += 1
        self._queue.append((self._numbers, message))
        self._queued_bytes += len(message.body) + _OVERHEAD
        self._wake.set()
        return self._numbers

    def _drop_all(self) -> None:
        dropped = len(self._queue) + len(self._sent)
        log.error("the broker has taken nothing for too long: %d frames are dropped", dropped)
        self._queue.clear()
        self._sent.clear()
        self._stored.clear()
        self._queued_bytes, self._series = 0, self._series + 1
        self._overflow += dropped
        self.lost += dropped
        for reply in self._sync_points.values():
            reply.set_result(0)
        self._sync_points.clear()

    async def _until_connected(self, client: Client) -> None:
        while not client.is_connected:  # noqa: ASYNC110 - the client reports changes only
            await asyncio.sleep(0.05)

    async def _prepare(self, client: Client) -> None:
        """Create or update the stream."""
        from nats.js.api import DiscardPolicy, StorageType, StreamConfig
        from nats.js.errors import NotFoundError

        config = StreamConfig(
            name=self._broker.subjects.stream,
            subjects=[f"{self._broker.subjects.frames}.>"],
            max_age=self._retention.age_s,
            max_bytes=self._retention.max_bytes or -1,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            duplicate_window=min(DUPLICATES_S, self._retention.age_s),
        )
        stream = client.jetstream()
        try:
            await stream.update_stream(config)
        except NotFoundError:
            await stream.add_stream(config)
        self._max_body = client.max_payload - _SPARE
        self._set_trouble("")

    def _requeue(self) -> None:
        """Queue unacknowledged messages again, in order; replies to earlier sends are ignored by their series."""
        self._series += 1
        self._refused = ""
        unsure = [(number, message) for number, message in self._sent if number not in self._stored]
        self._queue.extendleft(reversed(unsure))
        self._queued_bytes += sum(len(message.body) + _OVERHEAD for _, message in unsure)
        self._sent.clear()
        self._stored.clear()

    async def _publish(self, client: Client, inbox: str) -> None:
        """Publish the queue until an error occurs."""
        before = 0
        while not self._refused and client.is_connected:
            if self._overflow:
                self._requeue()
                self.announce("frames were lost")
                self.after_loss()
                before = 0
            while self._queue and len(self._sent) < WINDOW and not self._refused and client.is_connected:
                before = await self._send(client, inbox, before)
            await self._progress()
        if self._refused:
            self._set_trouble(self._refused)
            await asyncio.sleep(PAUSE_S)

    async def _progress(self) -> None:
        """Wait for frames or acknowledgements; sets `_refused` after `ACK_TIMEOUT_S` without an acknowledgement."""
        self._wake.clear()
        oldest = self._sent[0][0] if self._sent else 0
        if self._queue and len(self._sent) < WINDOW:
            return
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                await self._wake.wait()
        except TimeoutError:
            if oldest and self._sent and self._sent[0][0] == oldest:
                self._refused = "does not answer"

    async def _send(self, client: Client, inbox: str, before: int) -> int:
        """Publish one message, stored only right after the previous one; returns its number."""
        number, message = entry = self._queue.popleft()
        self._queued_bytes -= len(message.body) + _OVERHEAD
        if len(message.body) > self._max_body:
            log.error("%s: a frame of %d bytes is more than the broker takes", message.subject, len(message.body))
            self._queue.appendleft(entry)
            self._drop_all()
            return before
        headers: dict[str, Any] = {MESSAGE_ID: f"{self.run_id}-{number}", FRAME: message.frame}
        if message.packed:
            headers[ENCODING] = "zstd"
        if before:
            headers[EXPECTED_BEFORE] = f"{self.run_id}-{before}"
        self._sent.append(entry)
        await client.publish(message.subject, message.body, f"{inbox}.{self._series}.{number}", headers)
        return number

    async def _on_answer(self, answer: Msg) -> None:
        series, number = (int(part) for part in answer.subject.rsplit(".", 2)[1:])
        if series != self._series:
            return
        reply: dict[str, Any] = msgspec.json.decode(answer.data) if answer.data else _NOT_READY
        if "error" in reply:
            self._refused = str(reply["error"].get("description", "refuses"))
        else:
            self._on_stored(number, int(reply["seq"]))
        self._wake.set()

    def _on_stored(self, number: int, sequence: int) -> None:
        self._stored.add(number)
        while self._sent and self._sent[0][0] in self._stored:
            self._stored.discard(self._sent.popleft()[0])
            self.published += 1
        sync_point = self._sync_points.pop(number, None)
        if sync_point is not None and not sync_point.done():
            sync_point.set_result(sequence)
        self._acknowledged.set()
