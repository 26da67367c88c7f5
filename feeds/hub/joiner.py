"""Turns the stream's messages into frames for a `Feed`, without IO.

Decoding starts at a sync point. At a gap in the stream's sequence all open connections are closed with a CLOSE frame
that states how many messages are missing, and decoding resumes at the next sync point: losses are marked, and nothing
counts twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from feeds.hub.wire import AGAIN, FRAME, Subjects, SyncPoint, frame_of
from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, spec_from_frame

log = logging.getLogger(__name__)

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
    `waiting` is true until a sync point; `simulated` is whether the venues are, as stated by the last one.
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
        """Decode one message; a repeated one yields nothing."""
        if sequence <= self.sequence:
            return []
        before, self.sequence = self.sequence, sequence
        frames = self.mark_missing(sequence - before - 1) if before and sequence > before + 1 else []
        try:
            if subject == self._subjects.sync:
                return [*frames, *self._begin(_sync_point.decode(body), int(headers[FRAME].split(" ")[0]))]
            frame = frame_of(subject, headers, body, self._subjects)
        except (ProtocolError, ValueError, KeyError) as error:
            self._count(subject, error)
            return frames
        self.ts_ns = max(self.ts_ns, frame.ts_recv_ns)
        return [*frames, *self._frame(frame)]

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
        return frames

    def update(self, names: Mapping[str, str]) -> None:
        """Apply the hub's connections and their trouble by name; removes closed ones it no longer has."""
        for name in [name for name, one in self.connections.items() if not one.is_open and name not in names]:
            del self.connections[name]
        for name, one in self.connections.items():
            if not one.is_open and names.get(name):
                one.trouble = names[name]

    def _begin(self, sync_point: SyncPoint, ts_ns: int) -> list[Frame]:
        is_new = sync_point.run != self.run
        self.run, self.simulated = sync_point.run, sync_point.simulated
        if self.waiting or not (is_new or sync_point.lost):
            self.waiting = False
            return []
        self.lost += sync_point.lost
        reason = "the hub restarted" if is_new else f"the hub could not publish {sync_point.lost} frames"
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
