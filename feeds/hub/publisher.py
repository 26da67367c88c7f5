"""The hub's side: every frame into the stream, once and in order, however often the broker goes away.

Frames wait in memory while the broker does not take them, up to a number of bytes. When there are more, all that wait
are dropped, and once the broker is back a roster says how many: readers end what was open and begin anew.
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
    Roster,
    message_of,
)
from feeds.model.clock import Clock
from feeds.model.frame import Frame, FrameKind

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

WINDOW = 4_000  # messages under way
PATIENCE_S = 5.0
PAUSE_S = 0.5
DUPLICATES_S = 120.0
_OVERHEAD = 200
_NOT_READY = {"error": {"description": "is not ready"}}
_SPARE = 4_096  # of the broker's largest message, for its headers


@dataclass(frozen=True)
class Retention:
    """How much the stream keeps, the oldest going first. 0 bytes are any number."""

    age_s: float = 7 * 86_400.0
    most_bytes: int = 0


class Publisher:
    """`run` until cancelled. `opened` gives the OPEN frames of now, for rosters.

    `published` counts what the broker has stored, `lost` what it never got; `trouble` says why it takes nothing now.
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
        self._rosters: dict[int, asyncio.Future[int]] = {}
        self._numbers = 0
        self._overflow = 0
        self._series = 0
        self._refused = ""
        self._wake, self._acknowledged = asyncio.Event(), asyncio.Event()
        self._most_body = 1 << 20

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged."""
        return len(self._queue) + len(self._sent)

    def put(self, frames: Iterable[Frame]) -> None:
        """Take frames; never waits."""
        for frame in frames:
            if frame.kind is FrameKind.TIMER:
                continue
            if self._overflow:  # nothing more before the roster that says what is missing
                self._overflow += 1
                self.lost += 1
            else:
                self._put(message_of(frame, self._broker.subjects))
        if self._queued_bytes > self._buffer_bytes:
            self._drop_all()

    def announce(self, reason: str) -> asyncio.Future[int]:
        """Publish a roster; the result is its sequence in the stream, 0 if it was dropped.

        Whole books are to be asked for after it.
        """
        frames = self._opened()
        roster = Roster(self.run_id, len(frames), reason, self._overflow, self._simulated)
        self._overflow = 0
        words = f"{self._clock.now_ns()} roster"
        number = self._put(Message(self._broker.subjects.roster, words, msgspec.json.encode(roster)))
        for frame in frames:
            self._put(message_of(frame, self._broker.subjects, again=True))
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._rosters[number] = told
        return told

    async def run(self) -> None:
        """Connect, make the stream and publish, again and again. Raises TransportError where that is in vain."""
        self.client = client = await connect(self._broker, "hub", self._tell)
        try:
            inbox = client.new_inbox()
            await client.subscribe(f"{inbox}.*.*", cb=self._on_answer)
            while True:
                try:
                    await self._until_connected(client)
                    await self._prepare(client)
                    await self._publish(client, inbox)
                except broker_errors() as error:
                    self._tell(str(error).strip() or type(error).__name__)
                    await asyncio.sleep(PAUSE_S)
                self._begin_again()
        finally:
            with contextlib.suppress(*broker_errors()):
                await client.close()

    async def drained(self, within_s: float) -> bool:
        """Wait a while until the broker has everything."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.waiting:
                    self._acknowledged.clear()
                    await self._acknowledged.wait()
        return not self.waiting

    def _tell(self, trouble: str) -> None:
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
        for told in self._rosters.values():
            told.set_result(0)
        self._rosters.clear()

    async def _until_connected(self, client: Client) -> None:
        while not client.is_connected:  # noqa: ASYNC110 - the client tells only of changes
            await asyncio.sleep(0.05)

    async def _prepare(self, client: Client) -> None:
        """Have the stream, as it is to be."""
        from nats.js.api import DiscardPolicy, StorageType, StreamConfig
        from nats.js.errors import NotFoundError

        config = StreamConfig(
            name=self._broker.subjects.stream,
            subjects=[f"{self._broker.subjects.frames}.>"],
            max_age=self._retention.age_s,
            max_bytes=self._retention.most_bytes or -1,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            duplicate_window=min(DUPLICATES_S, self._retention.age_s),
        )
        stream = client.jetstream()
        try:
            await stream.update_stream(config)
        except NotFoundError:
            await stream.add_stream(config)
        self._most_body = client.max_payload - _SPARE
        self._tell("")

    def _begin_again(self) -> None:
        """What is not acknowledged goes first, in order, in another series whose answers alone count."""
        self._series += 1
        self._refused = ""
        unsure = [(number, message) for number, message in self._sent if number not in self._stored]
        self._queue.extendleft(reversed(unsure))
        self._queued_bytes += sum(len(message.body) + _OVERHEAD for _, message in unsure)
        self._sent.clear()
        self._stored.clear()

    async def _publish(self, client: Client, inbox: str) -> None:
        """Publish what waits until something is wrong."""
        before = 0
        while not self._refused and client.is_connected:
            if self._overflow:
                self._begin_again()
                self.announce("frames were lost")
                self.after_loss()
                before = 0
            while self._queue and len(self._sent) < WINDOW and not self._refused and client.is_connected:
                before = await self._send(client, inbox, before)
            await self._progress()
        if self._refused:
            self._tell(self._refused)
            await asyncio.sleep(PAUSE_S)

    async def _progress(self) -> None:
        """Wait for more to do; what is not acknowledged for long is refused by silence."""
        self._wake.clear()
        oldest = self._sent[0][0] if self._sent else 0
        if self._queue and len(self._sent) < WINDOW:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._wake.wait()
        except TimeoutError:
            if oldest and self._sent and self._sent[0][0] == oldest:
                self._refused = "does not answer"

    async def _send(self, client: Client, inbox: str, before: int) -> int:
        """Publish one message, but only right after the one before it; returns its number."""
        number, message = entry = self._queue.popleft()
        self._queued_bytes -= len(message.body) + _OVERHEAD
        if len(message.body) > self._most_body:
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
        series, number = (int(word) for word in answer.subject.rsplit(".", 2)[1:])
        if series != self._series:
            return
        told: dict[str, Any] = msgspec.json.decode(answer.data) if answer.data else _NOT_READY
        if "error" in told:
            self._refused = str(told["error"].get("description", "refuses"))
        else:
            self._on_stored(number, int(told["seq"]))
        self._wake.set()

    def _on_stored(self, number: int, sequence: int) -> None:
        self._stored.add(number)
        while self._sent and self._sent[0][0] in self._stored:
            self._stored.discard(self._sent.popleft()[0])
            self.published += 1
        roster = self._rosters.pop(number, None)
        if roster is not None and not roster.done():
            roster.set_result(sequence)
        self._acknowledged.set()
