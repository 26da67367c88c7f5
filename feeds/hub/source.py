"""A hub as the source of a session: past frames from a time on, then live ones, without a gap.

Requests of the decoders are dropped, as in a replay, because the hub performs those of its own decoders and publishes
the answers as frames. While frames come from the past, the clock returns their time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from feeds.hub.broker import Broker, broker_errors, connect
from feeds.hub.joiner import HubConnection, Joiner
from feeds.hub.reading import StreamReader, sync_point_before
from feeds.hub.requests import ask_for_bases, ask_to_join
from feeds.hub.stream import info_of
from feeds.hub.wire import HubStatus, decoded
from feeds.model.clock import Clock, SystemClock
from feeds.model.errors import ProtocolError, TransportError
from feeds.model.frame import Frame, open_frame
from feeds.model.instrument import Venue
from feeds.model.odd_rows import OddRows
from feeds.model.protocol import Request
from feeds.model.source import Link

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

SYNC_EVERY_S = 600.0
TIMER_S = 0.25
HUB_SILENT_NS = 3_500_000_000
"""The hub publishes its status each second, so that its end is on screen within 5 s."""
SHOW_S = 10.0
BATCH = 1_000
BEHIND_FRAMES = 10_000
CAUGHT_UP_MESSAGES = 50  # messages before the present
BUFFER_BYTES = 64 << 20
_ASK_S, _PAUSE_S = 5.0, 1.0

_status = msgspec.json.Decoder(HubStatus)


class HubSource:
    """Implements `feeds.model.source.Source`, and is also the clock of its session.

    At most `buffer_frames`, and about 64 MB of them, are buffered for the engine; more stay at the broker.
    """

    def __init__(self, broker: Broker, clock: Clock, *, since_s: float = 0.0, buffer_frames: int = 20_000) -> None:
        self._buffer_frames = buffer_frames
        self.trouble: dict[str, str] = {}
        self.clock_offsets: dict[Venue, int] = {}
        self.last_data_ns: Mapping[str, int] | None = None
        self.odd_rows = OddRows()
        self.history_s = 0
        self.catching_up = True
        self.status: HubStatus | None = None
        self._broker, self._clock, self._since_s = broker, clock, since_s
        self._joiner = Joiner(broker.subjects)
        self._client: Client | None = None
        self._broker_trouble, self._join_trouble = "not reached", ""
        self._status_ns = 0
        self._at_ns = 0
        self._arrived: deque[Frame] = deque()
        self._arrived_bytes = 0
        self._refused: dict[str, str] = {}
        self._wake, self._taken = asyncio.Event(), asyncio.Event()
        self._reading: StreamReader | None = None
        self._wanted_s = float("-inf")
        self._next = 0  # where to read on, if not after the last message
        self._shown: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def now_ns(self) -> int:
        """The time of the last frame while catching up, else the current time."""
        if self.catching_up and self._at_ns:
            return self._at_ns
        return max(self._clock.now_ns(), self._at_ns)

    @property
    def bases(self) -> tuple[str, ...]:
        return self.status.bases if self.status is not None else ()

    @property
    def connections(self) -> Mapping[str, HubConnection]:
        return self._joiner.connections

    @property
    def simulated(self) -> bool:
        """Whether the hub's venues are simulated."""
        return self._joiner.simulated

    @property
    def sequence(self) -> int:
        """The place of the last message in the stream."""
        return self._joiner.sequence

    @property
    def lost(self) -> int:
        """The number of missing messages."""
        return self._joiner.lost

    @property
    def links(self) -> tuple[Link, ...]:
        """The states of the broker and of the hub, which is silent while the broker is unreachable."""
        return Link("broker", self._broker_trouble), Link("hub", self._hub_trouble())

    def _hub_trouble(self) -> str:
        silent_ns = self._clock.now_ns() - self._status_ns
        if self._status_ns and silent_ns > HUB_SILENT_NS:
            return f"silent for {silent_ns / 1e9:.0f} s"
        if self.status is not None and self.status.stalled:
            return f"publishes nothing: {self.status.stalled}"
        if self.status is not None and self.status.waiting > BEHIND_FRAMES:
            return f"{self.status.waiting:,} frames behind"
        if self._joiner.unreadable and self._joiner.waiting:
            return f"{self._joiner.unreadable:,} messages cannot be read"
        return self._join_trouble

    def focus(self, base: str) -> None:
        if base not in self.bases:
            self._shown.add(base)
            self._spawn(self._show(), f"show {base}")

    def keep_subscribed(self, base: str) -> None:
        """A base is in use: the hub is asked for it, every `SHOW_S`."""
        if base:
            self._shown.add(base)

    def perform(self, name: str, request: Request) -> None:
        """Do nothing: the hub performs the requests of its own decoders."""

    def open_frames(self) -> list[Frame]:
        """OPEN frames of the hub's connections that are open now."""
        return [open_frame(one.spec, self.now_ns()) for one in self.connections.values() if one.is_open]

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Frames in the hub's order, in batches small enough to keep the window responsive; empty on timer ticks.

        There are no TIMER frames: decoders would time out requests that were never sent.
        """
        for work in (self._keep(), self._timer(), self._publish_shown()):
            self._spawn(work, "hub source")
        while not self._closed or self._arrived:
            await self._wake.wait()
            batch = [self._arrived.popleft() for _ in range(min(len(self._arrived), BATCH))]
            self._arrived_bytes -= sum(len(frame.payload) for frame in batch)
            if not self._arrived and not self._closed:
                self._wake.clear()
            self._taken.set()
            if batch:
                self._at_ns = max(self._at_ns, batch[-1].ts_recv_ns)
            yield batch
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Disconnect; frames that have arrived are still yielded."""
        self._closed = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            with contextlib.suppress(*broker_errors()):
                await self._client.close()

    # --- reading

    async def _keep(self) -> None:
        """Connect and read until cancelled."""
        try:
            self._client = client = await connect(self._broker, "desktop", self._on_broker)
            self._status_ns = self._clock.now_ns()
            await client.subscribe(self._broker.subjects.status, cb=self._on_status)
            self._spawn(self._show(), "show")
        except TransportError as error:
            log.error("%s", error)
            self._broker_trouble = error.text
            return
        while True:
            try:
                await self._read(client)
            except broker_errors() as error:
                log.info("the stream cannot be read: %s", error)
                self._broker_trouble = self._broker_trouble or _reason(error)
                await asyncio.sleep(_PAUSE_S)
            except TransportError as error:
                self._join_trouble = error.text
                await asyncio.sleep(_PAUSE_S)

    async def _read(self, client: Client) -> None:
        """Read on until the broker has removed the reader or was unreachable."""
        start = await self._start(client)
        self._broker_trouble = self._join_trouble = ""
        self._reading = StreamReader(client, self._broker.subjects, start)
        async with contextlib.aclosing(self._reading.batches()) as batches:
            async for batch in batches:
                for one in batch:
                    self._arrive(self._joiner.take(one.sequence, one.subject, one.headers, one.body, one.stored_ns))
                    if self._arrived_bytes > BUFFER_BYTES:
                        self._wake.set()
                        await self._wait_for_room()
                if self.catching_up and batch[-1].pending < CAUGHT_UP_MESSAGES:
                    self._spawn(self._until_taken(), "catching up")
                self._wake.set()
                self._request_sync_point(client)
                await self._wait_for_room()

    def _arrive(self, frames: list[Frame]) -> None:
        self._arrived.extend(frames)
        self._arrived_bytes += sum(len(frame.payload) for frame in frames)

    def _request_sync_point(self, client: Client) -> None:
        """Request a sync point after a loss, because nothing can be decoded before one."""
        now_s = time.monotonic()
        if self._joiner.wants_sync_point and now_s - self._wanted_s > _ASK_S:
            self._wanted_s = now_s
            self._spawn(self._skip_to_sync_point(client), "request a sync point")

    async def _skip_to_sync_point(self, client: Client) -> None:
        sequence = await ask_to_join(client, self._broker.subjects, _ASK_S)
        if self._joiner.waiting and self._reading is not None:
            self._next = sequence
            self._reading.stop()

    async def _start(self, client: Client) -> int:
        """The sequence to read from: after the last message, or at a sync point."""
        wanted, self._next = self._next, 0
        if self._joiner.waiting and wanted > self._joiner.sequence:
            return wanted
        if self._joiner.sequence:
            last = (await info_of(client, self._broker.subjects)).state.last_seq
            if last >= self._joiner.sequence:
                return self._joiner.sequence  # again, to see that it is the same stream
            self._arrive(self._joiner.restart("the broker began another stream"))
            self._wake.set()
        elif self._since_s:
            since = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC) - timedelta(seconds=self._since_s)
            earliest = since - timedelta(seconds=2 * SYNC_EVERY_S)
            if found := await sync_point_before(client, self._broker.subjects, since, earliest):
                return found
        return await ask_to_join(client, self._broker.subjects, _ASK_S)

    async def _until_taken(self) -> None:
        """Wait until the engine has taken all past frames, then end catching up."""
        while self._arrived and not self._closed:
            self._taken.clear()
            await self._taken.wait()
        self.catching_up = False

    async def _wait_for_room(self) -> None:
        while len(self._arrived) > self._buffer_frames or self._arrived_bytes > BUFFER_BYTES:
            self._taken.clear()
            await self._taken.wait()

    # --- the hub and the broker

    def _on_broker(self, trouble: str) -> None:
        self._broker_trouble = trouble
        if not trouble and self._reading is not None:
            self._reading.stop()  # the broker may have forgotten it

    async def _on_status(self, message: Msg) -> None:
        try:
            status = decoded(_status, message.data)
        except ProtocolError as error:
            log.warning("the hub's state cannot be read: %s", error)
            return
        if self._joiner.is_earlier(status.run):
            return
        if isinstance(self._clock, SystemClock):  # what the hub stamps is compared with our time
            self._clock.follow_venues(status.now_ns - self._clock.now_ns(), back=self.status is None)
        self.status, self._status_ns = status, self._clock.now_ns()
        self.clock_offsets, self.trouble = dict(status.clock_offsets), {**status.trouble, **self._refused}
        if not self.catching_up:
            self._joiner.update({one.name: one.trouble for one in status.connections})

    async def _timer(self) -> None:
        while True:
            await asyncio.sleep(TIMER_S)
            self._wake.set()

    async def _publish_shown(self) -> None:
        while True:
            await asyncio.sleep(SHOW_S)
            await self._show()

    async def _show(self) -> None:
        if self._shown and self._client is not None and self._client.is_connected:
            shown, self._shown = self._shown, set()
            self._refused = await ask_for_bases(self._client, self._broker.subjects, sorted(shown), _ASK_S)

    def _spawn(self, work: Coroutine[Any, Any, object], name: str) -> None:
        task = asyncio.create_task(self._guarded(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._join_trouble = f"reading stopped by a fault ({type(error).__name__}); the log has the details"
            log.critical("the hub is read no more", exc_info=error)

    async def _guarded(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except TransportError as error:
            self._join_trouble = error.text
        except broker_errors() as error:
            log.info("broker: %s", error)


def _reason(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
