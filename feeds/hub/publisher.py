"""Publishes every frame to the stream, exactly once and in order, across broker outages, as its only writer.

The newest hub fences an older one. A message is stored only right after the previous one of its hub, so the first
message of a new hub makes the broker refuse every further one of the older, which then sees whose message is the last,
and stops. The number of that last message also shows what is stored after an outage, however long it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from feeds.hub.broker import Broker, broker_errors, connect
from feeds.hub.outbox import Outbox
from feeds.hub.retention import Retained, Retention, keep_stream
from feeds.hub.stream import (
    OFF,
    WRONG_LAST_ID,
    WRONG_LAST_SEQUENCE,
    StoredMessage,
    StreamInfo,
    last_message,
    refusal,
)
from feeds.hub.wire import ENCODING, EXPECTED_BEFORE, EXPECTED_LAST, FRAME, MESSAGE_ID, MessageId
from feeds.model.clock import Clock
from feeds.model.errors import TransportError
from feeds.model.frame import Frame

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

WINDOW = 4_000  # messages sent and not yet acknowledged
ACK_TIMEOUT_S = 5.0
PAUSE_S = 0.5
SIZE_EVERY_S = 600.0
SIZE_FIRST_S = 90.0  # soon after the rate can be measured
_SPARE = 4_096  # bytes of the largest message reserved for headers
_AGAIN = "the order is checked"


class Fenced(TransportError):
    """Another hub has taken over the stream."""

    def __init__(self, last: StoredMessage) -> None:
        since = f"{last.stored:%Y-%m-%d %H:%M:%S} UTC"
        text = f"Another hub (run {last.id.run}) publishes to this stream, at {since}; this one, the older, stopped."
        super().__init__(text, retryable=False)


class Publisher:
    """Publishes frames; `run` until cancelled. `opened` returns the OPEN frames of open connections, for sync points.

    `published` counts messages stored by the broker, `lost` dropped frames; `trouble` is why publishing is stalled, ""
    while it works. `after_loss` is called after a sync point that reports a loss or begins another stream.
    `retained` is the accepted limit of the stream, None before the first.
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
        self.trouble = "not reached"
        self.client: Client | None = None
        self.after_loss: Callable[[], object] = lambda: None
        self.retained: Retained | None = None
        self._broker, self._retention = broker, retention
        self._outbox = Outbox(self.run_id, broker.subjects, clock, opened, simulated=simulated, most_bytes=buffer_bytes)
        self._predecessors: set[str] = set()  # runs that had published before this one did
        self._series = 0
        self._refused = ""
        self._wake = asyncio.Event()
        self._max_body = 1 << 20
        self._size_s = 0.0

    @property
    def published(self) -> int:
        """Number of messages stored by the broker."""
        return self._outbox.stored

    @property
    def lost(self) -> int:
        """Number of frames dropped, or lost by the broker."""
        return self._outbox.lost

    @property
    def waiting(self) -> int:
        """Number of messages the broker has not acknowledged."""
        return self._outbox.waiting

    def put(self, frames: Iterable[Frame]) -> None:
        """Queue frames; never blocks."""
        self._outbox.put(frames)
        self._wake.set()

    def announce(self, reason: str) -> asyncio.Future[int]:
        """Publish a sync point; the result is its sequence in the stream, 0 if it was dropped.

        The caller must then refresh all books.
        """
        self._wake.set()
        return self._outbox.announce(reason)

    async def run(self) -> None:
        """Connect, create the stream and publish, with retries. Raises TransportError where a retry cannot help."""
        self.client = client = await connect(self._broker, "hub", self._on_state)
        try:
            inbox = client.new_inbox()
            await client.subscribe(f"{inbox}.*.*", cb=self._on_answer)
            while True:
                try:
                    await self._until_connected(client)
                    await self._prepare(client)
                    await self._publish(client, inbox)
                except TransportError as error:
                    if not error.retryable:
                        raise
                    await self._stall(error.text)
                except broker_errors() as error:
                    await self._stall(str(error).strip() or type(error).__name__)
                self._requeue()
        finally:
            with contextlib.suppress(*broker_errors()):
                await client.close()

    async def drained(self, within_s: float) -> bool:
        """Wait at most `within_s` until everything is acknowledged; returns whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.waiting:
                    self._outbox.changed.clear()
                    await self._outbox.changed.wait()
        return not self.waiting

    def _on_state(self, trouble: str) -> None:
        """The broker was lost or reached; the latter is no news before the stream is prepared."""
        if trouble or self.retained is not None:
            self._set_trouble(trouble)

    def _set_trouble(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "broker: %s", trouble or "connected")
        self.trouble = trouble
        self._wake.set()

    async def _stall(self, trouble: str) -> None:
        self._set_trouble(trouble)
        await asyncio.sleep(PAUSE_S)

    async def _until_connected(self, client: Client) -> None:
        while not client.is_connected:  # noqa: ASYNC110 - the client reports changes only
            await asyncio.sleep(0.05)

    # --- the stream

    async def _prepare(self, client: Client) -> None:
        """Create or size the stream, and learn what it holds. Raises Fenced."""
        info = await self._size(client)
        last = await last_message(client, self._broker.subjects, info.state.last_seq) if info.state.messages else None
        self._settle(info, last)
        self._max_body = client.max_payload - _SPARE
        self._set_trouble("")

    async def _size(self, client: Client) -> StreamInfo:
        info, self.retained = await keep_stream(client, self._broker.subjects, self._retention)
        self._size_s = time.monotonic() + (SIZE_FIRST_S if self.retained.bytes_per_s is None else SIZE_EVERY_S)
        if shortfall := self.retained.shortfall:
            log.warning("%s", shortfall)
        return info

    def _settle(self, info: StreamInfo, last: StoredMessage | None) -> None:
        """Compare the stream's end with what was published: whose is it, and what of it is stored?"""
        sequence, outbox = info.state.last_seq, self._outbox
        run = last.id.run if last is not None else ""
        if last is not None and run not in ("", self.run_id):
            if not outbox.last_stored:
                self._predecessors.add(run)
            elif run not in self._predecessors:
                raise Fenced(last)
        if last is not None and run == self.run_id:
            outbox.settle(last.id.number, sequence)
        elif last is not None and sequence < outbox.last_sequence:
            outbox.settle(0, sequence)
        if outbox.unreported or sequence < outbox.last_sequence:
            outbox.announce("frames were lost" if outbox.unreported else "the stream was replaced")
            self.after_loss()
        outbox.last_sequence = sequence

    def _requeue(self) -> None:
        """Queue unacknowledged messages again; replies to earlier sends are ignored by their series."""
        self._series += 1
        self._refused = ""
        self._outbox.requeue()

    # --- messages

    async def _publish(self, client: Client, inbox: str) -> None:
        """Publish the queue until an error or a loss occurs."""
        before, outbox = 0, self._outbox
        while not self._refused and client.is_connected and not outbox.unreported:
            while self._may_send() and client.is_connected:
                before = await self._send(client, inbox, before)
            await self._progress()
            if time.monotonic() > self._size_s:
                await self._size(client)
        if self._refused and self._refused != _AGAIN:
            await self._stall(self._refused)

    def _may_send(self) -> bool:
        outbox = self._outbox
        return outbox.unsent > 0 and outbox.unanswered < WINDOW and not self._refused and not outbox.unreported

    async def _progress(self) -> None:
        """Wait for frames or acknowledgements; sets `_refused` after `ACK_TIMEOUT_S` without an acknowledgement."""
        self._wake.clear()
        oldest = self._outbox.oldest_sent
        if self._may_send():
            return
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                await self._wake.wait()
        except TimeoutError:
            if oldest and self._outbox.oldest_sent == oldest:
                self._refused = "does not answer"

    async def _send(self, client: Client, inbox: str, before: int) -> int:
        """Publish one message, stored only right after the previous one; returns its number."""
        number, message = self._outbox.send_next()
        if len(message.body) > self._max_body:
            log.error("%s: a frame of %d bytes is more than the broker takes", message.subject, len(message.body))
            self._outbox.drop_all()
            return before
        headers: dict[str, Any] = {MESSAGE_ID: str(MessageId(self.run_id, number)), FRAME: message.frame}
        if message.packed:
            headers[ENCODING] = "zstd"
        if before:
            headers[EXPECTED_BEFORE] = str(MessageId(self.run_id, before))
        elif self._outbox.last_stored:  # otherwise this claims the stream from any other hub
            headers[EXPECTED_LAST] = str(self._outbox.last_sequence)
        await client.publish(message.subject, message.body, f"{inbox}.{self._series}.{number}", headers)
        return number

    async def _on_answer(self, answer: Msg) -> None:
        series, number = (int(part) for part in answer.subject.rsplit(".", 2)[1:])
        if series != self._series:
            return
        reply: dict[str, Any] = msgspec.json.decode(answer.data) if answer.data else {"error": {"description": OFF}}
        if error := reply.get("error"):
            code, text = int(error.get("err_code", 0)), str(error.get("description", ""))
            self._refused = _AGAIN if code in (WRONG_LAST_ID, WRONG_LAST_SEQUENCE) else refusal(code, text)
        else:
            self._outbox.on_stored(number, int(reply["seq"]))
        self._wake.set()
