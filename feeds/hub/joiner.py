"""Turns the stream's messages into frames for a `Feed`, without IO.

Decoding starts at a sync point. At a gap in the stream's sequence all open connections are closed with a CLOSE frame
that states how many messages are missing, and decoding resumes at the next sync point: losses are marked, and nothing
counts twice.

Each message bears its hub's run and its number in that run. The frames of one run are decoded, those of the newest
hub; numbers show a gap that the stream's sequence does not, as after the broker lost its last messages in a power cut,
and a message of another identity at the place of the last one shows that the stream was replaced.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from feeds.hub.wire import AGAIN, MessageId, Subjects, SyncPoint, decoded, frame_of, message_id, time_of
from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, spec_from_frame

log = logging.getLogger(__name__)

AHEAD_NS = 86_400_000_000_000
CONNECTIONS_MOST = 4_096
_EARLIER_RUNS_MOST = 1_000

_sync_point = msgspec.json.Decoder(SyncPoint)


@dataclass(slots=True)
class HubConnection:
    """The state of one of the hub's connections, from its frames."""

    spec: ConnectionSpec
    opened_ns: int
    is_open: bool = True
    trouble: str = ""
    life: int = 1


class Joiner:
    """Decodes messages to frames and tracks the hub's connections.

    `sequence` is that of the last message, `lost` the number of missing ones, `ts_ns` the time of the last frame.
    `waiting` is true until a sync point; `run` and `simulated` are the hub's run and whether its venues are simulated,
    as stated by the last one. Frames dated over a day after the broker stored them cannot be read.

    What cannot be read ends its connection until the next sync point; `unreadable` counts it.
    """

    def __init__(self, subjects: Subjects) -> None:
        self.connections: dict[str, HubConnection] = {}
        self.sequence = 0
        self.lost = 0
        self.ts_ns = 0
        self.run = ""
        self.waiting = True
        self.simulated = False
        self.unreadable = 0
        self._subjects = subjects
        self._last = MessageId()  # of the message at `sequence`
        self._number = 0  # of the last message of this run
        self._torn = False
        self._earlier_runs: dict[str, None] = {}

    def take(
        self, sequence: int, subject: str, headers: Mapping[str, str], body: bytes, stored_ns: int = 0
    ) -> list[Frame]:
        """Decode one message; a repeated one yields nothing.

        Reading on begins with the last message: where its place holds another one, the stream was replaced.
        """
        own, frames = message_id(headers), list[Frame]()
        if sequence == self.sequence and own != self._last:
            frames = self.restart("the broker began another stream")
        elif sequence <= self.sequence:
            return []
        before, self.sequence, self._last = self.sequence, sequence, own
        if before and sequence > before + 1:
            frames = self.mark_missing(sequence - before - 1)
        if own.run in self._earlier_runs:
            return frames
        if subject == self._subjects.sync:
            return [*frames, *self._sync(own, headers, body, stored_ns)]
        followed = self._follow(own)
        if followed is None:
            return frames
        try:
            frame = frame_of(subject, headers, body, self._subjects)
            _check_time(frame.ts_recv_ns, stored_ns)
        except ProtocolError as error:
            return [*frames, *followed, *self._tear(self._subjects.connection(subject), error)]
        self.ts_ns = max(self.ts_ns, frame.ts_recv_ns)
        return [*frames, *followed, *self._frame(frame)]

    @property
    def wants_sync_point(self) -> bool:
        """Whether something is not decoded before the next sync point, after decoding had begun."""
        return self._torn or (self.waiting and bool(self.run))

    def _sync(self, own: MessageId, headers: Mapping[str, str], body: bytes, stored_ns: int) -> list[Frame]:
        """Begin at a sync point, unless what follows it was decoded already or is of an earlier run."""
        try:
            sync_point, ts_ns = decoded(_sync_point, body), time_of(headers)
            _check_time(ts_ns, stored_ns)
        except ProtocolError as error:
            self._count(self._subjects.sync, error)
            return []
        missing = self._missing(own)
        if missing < 0 or sync_point.run in self._earlier_runs:
            return []
        self._number, self._torn = own.number, False
        return self._begin(sync_point, missing, ts_ns)

    def _missing(self, own: MessageId) -> int:
        """How many messages of the run are missing before this one; negative for a repeated one."""
        return own.number - self._number - 1 if own.run == self.run and self._number else 0

    def _follow(self, own: MessageId) -> list[Frame] | None:
        """The CLOSE frames due before a message; None for a repeated one."""
        if not own.run or not self.run:
            return []
        if own.run != self.run:
            return [] if self.waiting else self.mark_missing(1)
        missing = self._missing(own)
        if missing < 0:
            return None
        self._number = own.number
        return self.mark_missing(missing) if missing and not self.waiting else []

    def _tear(self, name: str, error: Exception) -> list[Frame]:
        """Close the connection of a message that cannot be read."""
        self._count(name, error)
        known = self.connections.get(name)
        if known is None or not known.is_open:
            return []
        self._torn, known.is_open, known.trouble = True, False, "a message of the hub cannot be read"
        return [Frame(self.ts_ns, name, FrameKind.CLOSE, known.trouble.encode())]

    def mark_missing(self, missing: int) -> list[Frame]:
        """Close all connections after `missing` lost messages, and wait for a sync point."""
        self.lost += missing
        if self.waiting:
            return []
        self.waiting = True
        return self._end(f"{missing} messages of the hub are missing", self.ts_ns)

    def restart(self, reason: str) -> list[Frame]:
        """Close all connections, because the stream was replaced and its sequence restarts."""
        frames = [] if self.waiting else self._end(reason, self.ts_ns)
        self.sequence, self.waiting = 0, True
        self._earlier_runs.clear()
        return frames

    def is_earlier(self, run: str) -> bool:
        """Whether a run ended before the one that is decoded."""
        return run in self._earlier_runs

    def update(self, names: Mapping[str, str]) -> None:
        """Apply the hub's connections and their trouble by name; removes closed ones it no longer has."""
        for name in [name for name, one in self.connections.items() if not one.is_open and name not in names]:
            del self.connections[name]
        for name, one in self.connections.items():
            if not one.is_open and names.get(name):
                one.trouble = names[name]

    def _begin(self, sync_point: SyncPoint, missing: int, ts_ns: int) -> list[Frame]:
        is_new, lost = sync_point.run != self.run, max(sync_point.lost, missing)
        if is_new and self.run:
            self._earlier_runs[self.run] = None
            if len(self._earlier_runs) > _EARLIER_RUNS_MOST:
                del self._earlier_runs[next(iter(self._earlier_runs))]
        self.run, self.simulated = sync_point.run, sync_point.simulated
        if self.waiting or not (is_new or lost):
            self.waiting = False
            return []
        self.lost += lost
        reason = "the hub restarted" if is_new else f"the hub could not publish {lost} frames"
        return self._end(reason, max(ts_ns, self.ts_ns))

    def _end(self, reason: str, ts_ns: int) -> list[Frame]:
        ended = [name for name, one in self.connections.items() if one.is_open]
        for name in ended:
            self.connections[name].is_open, self.connections[name].trouble = False, reason
        return [Frame(ts_ns, name, FrameKind.CLOSE, reason.encode()) for name in ended]

    def _frame(self, frame: Frame) -> list[Frame]:
        if self.waiting:
            return []
        known = self.connections.get(frame.connection)
        is_open = known is not None and known.is_open
        if frame.kind is FrameKind.OPEN:
            if frame.tag == AGAIN and is_open:
                return []
            return self._open(msgspec.structs.replace(frame, tag=""), known)
        if not is_open:
            return []
        if frame.kind is FrameKind.CLOSE and known is not None:
            known.is_open, known.trouble = False, frame.payload.decode(errors="replace")
        return [frame]

    def _open(self, frame: Frame, known: HubConnection | None) -> list[Frame]:
        try:
            if known is None and len(self.connections) >= CONNECTIONS_MOST:
                raise ProtocolError("the hub opens too many connections", frame.connection)
            spec = spec_from_frame(frame)
        except (ProtocolError, ValueError, RecursionError) as error:
            return self._tear(frame.connection, error)
        life = known.life + 1 if known is not None else 1
        self.connections[frame.connection] = HubConnection(spec, frame.ts_recv_ns, life=life)
        return [frame]

    def _count(self, subject: str, error: Exception) -> None:
        self.unreadable += 1
        if self.unreadable == 1:
            log.error("%s cannot be read: %s", subject, error)


def _check_time(ts_ns: int, stored_ns: int) -> None:
    if stored_ns and ts_ns > stored_ns + AHEAD_NS:
        raise ProtocolError("a message is from the future", f"{ts_ns} ns, stored at {stored_ns} ns")
