"""Reads the stream in order from a sequence or a time on, in batches at the reader's pace."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import msgspec

from feeds.hub.broker import broker_errors
from feeds.hub.stream import found_stream
from feeds.hub.wire import Subjects, time_of
from feeds.model.errors import ProtocolError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.api import ConsumerConfig

FETCH_SIZE, FETCH_BYTES = 500, 64 << 20
_EXPIRES_S, _HEARTBEAT_S, _SILENCE_S = 25.0, 5.0, 12.0
_UNUSED_S = 60.0
_STATUS = "Status"
_GONE, _HEARTBEAT = "409", "100"


class StreamMessage(NamedTuple):
    """One message. `pending` is the number of messages after it, `stored_ns` the broker's time."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    body: bytes
    pending: int
    stored_ns: int


class StreamReader:
    """Messages from a sequence or a time on, of one subject or of all.

    The next batch is fetched only after the last one has been processed, so a slow reader is not flooded.
    """

    def __init__(self, client: Client, subjects: Subjects, start: int | datetime, only: str = "") -> None:
        self._client, self._subjects = client, subjects
        self._start, self._only = start, only
        self._name = f"desktop-{uuid4().hex[:12]}"
        self._arrived: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._left = 0
        self._stopped = False

    def stop(self) -> None:
        """Make `batches` end."""
        self._stopped = True
        self._news.set()

    async def batches(self) -> AsyncGenerator[list[StreamMessage], None]:
        """Yield batches until `stop`, or until the broker has removed this reader or is silent.

        Raises `broker_errors()`.
        """
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, cb=self._on_message)
        stream = self._client.jetstream()
        try:
            await stream.add_consumer(self._subjects.stream, _config(self._name, self._start, self._only))
            while await self._next(inbox):
                if found := self._frames():
                    yield found
        finally:
            with contextlib.suppress(*broker_errors()):
                await subscription.unsubscribe()
                if self._client.is_connected:
                    await stream.delete_consumer(self._subjects.stream, self._name)

    async def _next(self, inbox: str) -> bool:
        """Request more once all requested messages have arrived, and wait for one; False at the end."""
        if self._left <= 0:
            self._left = FETCH_SIZE
            following = f"$JS.API.CONSUMER.MSG.NEXT.{self._subjects.stream}.{self._name}"
            await self._client.publish(following, _pull_request(), inbox)
        try:
            async with asyncio.timeout(_SILENCE_S):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return not self._stopped

    async def _on_message(self, message: Msg) -> None:
        self._arrived.append(message)
        self._news.set()

    def _frames(self) -> list[StreamMessage]:
        """The arrived messages, without the broker's status messages."""
        found: list[StreamMessage] = []
        while self._arrived:
            message = self._arrived.popleft()
            headers = message.headers or {}
            if status := headers.get(_STATUS, "") if not message.data else "":
                self._on_reader_status(status, headers.get("Description", ""))
                continue
            place = message.metadata
            stored_ns = round(place.timestamp.timestamp() * 1e9)
            received = (place.sequence.stream, message.subject, headers, message.data, place.num_pending or 0)
            found.append(StreamMessage(*received, stored_ns))
            self._left -= 1
        return found

    def _on_reader_status(self, status: str, description: str) -> None:
        if status.startswith(_GONE) and "Deleted" in description:
            self.stop()
        elif not status.startswith(_HEARTBEAT):
            self._left = 0  # the request expired


def _pull_request() -> bytes:
    nanoseconds = {"expires": round(_EXPIRES_S * 1e9), "idle_heartbeat": round(_HEARTBEAT_S * 1e9)}
    return msgspec.json.encode({"batch": FETCH_SIZE, "max_bytes": FETCH_BYTES, **nanoseconds})


def _config(name: str, start: int | datetime, only: str) -> ConsumerConfig:
    from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

    by_time = isinstance(start, datetime)
    return ConsumerConfig(
        name=name,
        deliver_policy=DeliverPolicy.BY_START_TIME if by_time else DeliverPolicy.BY_START_SEQUENCE,
        opt_start_time=start.astimezone(UTC) if isinstance(start, datetime) else None,
        opt_start_seq=max(start, 1) if not isinstance(start, datetime) else None,
        ack_policy=AckPolicy.NONE,
        filter_subject=only or None,
        inactive_threshold=_UNUSED_S,
        max_waiting=4,
        mem_storage=True,
    )


async def sync_point_before(client: Client, subjects: Subjects, ts: datetime, earliest: datetime) -> int:
    """The sequence of the last sync point not later than a time, else of the first one after it; 0 if there is none.

    Sync points before `earliest` are ignored. Raises StreamRefused and `broker_errors()`.
    """
    stream = await found_stream(client, subjects)
    if stream is None or not stream.state.messages:
        return 0
    found, ts_ns = 0, ts.timestamp() * 1e9
    reading = StreamReader(client, subjects, earliest, subjects.sync).batches()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HEARTBEAT_S), contextlib.aclosing(reading) as batches:
            async for one in _each(batches):
                is_later = _time_of(one) > ts_ns
                if found and is_later:
                    return found
                found = one.sequence
                if is_later or not one.pending:
                    return found
    return found


async def _each(batches: AsyncGenerator[list[StreamMessage], None]) -> AsyncGenerator[StreamMessage, None]:
    async for batch in batches:
        for one in batch:
            yield one


def _time_of(sync_point: StreamMessage) -> int:
    """Its time in ns; the broker's where its own cannot be read."""
    try:
        return time_of(sync_point.headers)
    except ProtocolError:
        return sync_point.stored_ns
