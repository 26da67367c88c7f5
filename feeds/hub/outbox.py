"""The messages that a hub has not stored yet, in order, without IO.

Frames are buffered during an outage of the broker, up to a number of bytes. Beyond it all are dropped, and the sync
point after the outage states how many frames were lost.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from itertools import takewhile

import msgspec

from feeds.hub.wire import Message, Subjects, SyncPoint, message_of
from feeds.model.clock import Clock
from feeds.model.frame import Frame, FrameKind

log = logging.getLogger(__name__)

_OVERHEAD = 200


class Outbox:
    """Numbers messages from 1 on and holds them until they are stored; `opened` returns the OPEN frames of sync points.

    `stored` counts messages stored by the broker, `lost` frames dropped or lost by it; `unreported` are those of them
    that no sync point has stated yet. `last_stored` is the number and `last_sequence` the place of the last stored one.
    """

    def __init__(
        self,
        run_id: str,
        subjects: Subjects,
        clock: Clock,
        opened: Callable[[], list[Frame]],
        *,
        simulated: bool,
        most_bytes: int,
    ) -> None:
        self.stored = 0
        self.lost = 0
        self.unreported = 0
        self.last_stored = 0
        self.last_sequence = 0
        self.changed = asyncio.Event()
        self._run_id, self._subjects, self._clock, self._opened = run_id, subjects, clock, opened
        self._simulated, self._most_bytes = simulated, most_bytes
        self._numbers = 0
        self._queue: deque[tuple[int, Message]] = deque()
        self._queued_bytes = 0
        self._sent: deque[tuple[int, Message]] = deque()  # not yet acknowledged, in order
        self._out_of_turn: dict[int, int] = {}  # the sequences of acknowledged ones behind others
        self._sync_points: dict[int, asyncio.Future[int]] = {}

    @property
    def waiting(self) -> int:
        """Number of messages that are not stored."""
        return len(self._queue) + len(self._sent)

    @property
    def unsent(self) -> int:
        """Number of messages to send."""
        return len(self._queue)

    @property
    def unanswered(self) -> int:
        """Number of messages sent and not yet acknowledged."""
        return len(self._sent)

    @property
    def oldest_sent(self) -> int:
        """The number of the first message that is not acknowledged, 0 if there is none."""
        return self._sent[0][0] if self._sent else 0

    def put(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            if frame.kind is FrameKind.TIMER:
                continue
            if self.unreported:  # everything is lost until the sync point that reports the loss
                self.unreported += 1
                self.lost += 1
            else:
                self._put(message_of(frame, self._subjects))
        if self._queued_bytes > self._most_bytes:
            self.drop_all()

    def announce(self, reason: str) -> asyncio.Future[int]:
        """Queue a sync point; the result is its sequence in the stream, 0 if it was dropped."""
        frames = self._opened()
        sync_point = SyncPoint(self._run_id, len(frames), reason, self.unreported, self._simulated)
        self.unreported = 0
        header = f"{self._clock.now_ns()} roster"  # part of the wire format
        number = self._put(Message(self._subjects.sync, header, msgspec.json.encode(sync_point)))
        for frame in frames:
            self._put(message_of(frame, self._subjects, again=True))
        reply: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._sync_points[number] = reply
        return reply

    def send_next(self) -> tuple[int, Message]:
        """The next message to send, now unanswered. Raises IndexError without one."""
        number, message = self._queue.popleft()
        self._queued_bytes -= _cost(message)
        self._sent.append((number, message))
        return number, message

    def on_stored(self, number: int, sequence: int) -> None:
        """The broker acknowledged a message."""
        self._out_of_turn[number] = sequence
        while self._sent and self._sent[0][0] in self._out_of_turn:
            number, _ = self._sent.popleft()
            self._on_stored_in_turn(number, self._out_of_turn.pop(number))
        self.changed.set()

    def settle(self, number: int, sequence: int) -> None:
        """Everything up to a number is stored, the last at `sequence`, and nothing after it.

        What the broker had acknowledged beyond it counts as lost: after a power cut a broker may lack its last seconds.
        """
        if number < self.last_stored:
            gone = self.last_stored - number
            log.error("the broker lost %d messages that it had acknowledged", gone)
            self.lost, self.unreported = self.lost + gone, self.unreported + gone
        count = sum(1 for _ in takewhile(lambda entry: entry[0] <= number, self._queue))
        for behind in reversed(range(count)):
            stored, message = self._queue.popleft()
            self._queued_bytes -= _cost(message)
            self._on_stored_in_turn(stored, sequence - behind)
        self.last_stored, self.last_sequence = number, sequence

    def requeue(self) -> None:
        """Queue unacknowledged messages again, in order."""
        self._queue.extendleft(reversed(self._sent))
        self._queued_bytes += sum(_cost(message) for _, message in self._sent)
        self._sent.clear()
        self._out_of_turn.clear()

    def drop_all(self) -> None:
        """Drop everything; the next sync point states the loss."""
        dropped = self.waiting
        log.error("the broker has taken nothing for too long: %d frames are dropped", dropped)
        self._queue.clear()
        self._sent.clear()
        self._out_of_turn.clear()
        self._queued_bytes = 0
        self.unreported += dropped
        self.lost += dropped
        for reply in self._sync_points.values():
            if not reply.done():
                reply.set_result(0)
        self._sync_points.clear()

    def _put(self, message: Message) -> int:
        self._numbers += 1
        self._queue.append((self._numbers, message))
        self._queued_bytes += _cost(message)
        return self._numbers

    def _on_stored_in_turn(self, number: int, sequence: int) -> None:
        self.stored += 1
        self.last_stored, self.last_sequence = number, sequence
        sync_point = self._sync_points.pop(number, None)
        if sync_point is not None and not sync_point.done():
            sync_point.set_result(sequence)


def _cost(message: Message) -> int:
    return len(message.body) + _OVERHEAD
