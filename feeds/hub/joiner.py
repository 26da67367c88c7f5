"""Messages of the stream, in its order, into frames that a `Feed` can take; without IO.

It begins at a roster. Where the stream's sequence has a hole, what was open ends with a frame that says how many
messages are missing, and it begins again at the next roster: what was lost is marked, and nothing counts twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from feeds.hub.wire import AGAIN, FRAME, Roster, Subjects, frame_of
from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, spec_from_frame

log = logging.getLogger(__name__)

_roster = msgspec.json.Decoder(Roster)


@dataclass(slots=True)
class HubConnection:
    """A connection of the hub, as far as its frames tell."""

    spec: ConnectionSpec
    opened_ns: int
    is_open: bool = True
    trouble: str = ""
    life: int = 1


class Joiner:
    """`sequence` is that of the last message, `lost` how many are missing, `ts_ns` the time of the last frame.

    `waiting` is true until a roster tells what is open, and whether it is `simulated`.
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

    def take(self, sequence: int, subject: str, headers: Mapping[str, str], body: bytes) -> list[Frame]:
        """One message; one that was there before gives nothing."""
        if sequence <= self.sequence:
            return []
        before, self.sequence = self.sequence, sequence
        frames = self.miss(sequence - before - 1) if before and sequence > before + 1 else []
        try:
            if subject == self._subjects.roster:
                return [*frames, *self._begin(_roster.decode(body), int(headers[FRAME].split(" ")[0]))]
            frame = frame_of(subject, headers, body, self._subjects)
        except (ProtocolError, ValueError, KeyError) as error:
            self._count(subject, error)
            return frames
        self.ts_ns = max(self.ts_ns, frame.ts_recv_ns)
        return [*frames, *self._frame(frame)]

    def miss(self, missing: int) -> list[Frame]:
        """Messages are missing: end what was open, and wait for a roster."""
        self.lost += missing
        if self.waiting:
            return []
        self.waiting = True
        return self._end(f"{missing} messages of the hub are missing", self.ts_ns)

    def start_over(self, reason: str) -> list[Frame]:
        """The stream is another one: its sequence begins anew."""
        frames = [] if self.waiting else self._end(reason, self.ts_ns)
        self.sequence, self.waiting = 0, True
        return frames

    def know(self, names: Mapping[str, str]) -> None:
        """The hub says which connections it has, and why one is not open; others are gone."""
        for name in [name for name, one in self.connections.items() if not one.is_open and name not in names]:
            del self.connections[name]
        for name, one in self.connections.items():
            if not one.is_open and names.get(name):
                one.trouble = names[name]

    def _begin(self, roster: Roster, ts_ns: int) -> list[Frame]:
        is_new = roster.run != self.run
        self.run, self.simulated = roster.run, roster.simulated
        if self.waiting or not (is_new or roster.lost):
            self.waiting = False
            return []
        self.lost += roster.lost
        reason = "the hub began anew" if is_new else f"the hub could not publish {roster.lost} frames"
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
            spec = spec_from_frame(frame)
        except (ValueError, RecursionError) as error:
            self._count(frame.connection, error)
            return []
        life = known.life + 1 if known is not None else 1
        self.connections[frame.connection] = HubConnection(spec, frame.ts_recv_ns, life=life)
        return [frame]

    def _count(self, subject: str, error: Exception) -> None:
        self.unreadable += 1
        if self.unreadable == 1:
            log.error("%s cannot be read: %s", subject, error)
