"""The encoding of frames as broker messages.

A frame's subject is `md.` and the name of its connection (`md.binance.linear.public`), its body the venue's message
unchanged; from 64 KB on it is compressed by zstd, with the header `Content-Encoding`. The header `Frame` is the receive
time in ns, the kind and the tag, if any. `Nats-Msg-Id` is the hub's run and a running number, so that a message sent
again after a broken connection is stored once and in order.

A sync point, on `md.hub.roster`, is followed by the OPEN frames of all open connections, whose `Frame` ends with
`again`, and soon by whole books: a reader can start there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import zstandard

from feeds.model.errors import ProtocolError
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import Venue

STREAM = "MD"
PACKED_FROM = 65_536
UNPACKED_MOST = 1 << 28
FRAME, MESSAGE_ID, ENCODING, EXPECTED_BEFORE = "Frame", "Nats-Msg-Id", "Content-Encoding", "Nats-Expected-Last-Msg-Id"
AGAIN = "again"
_SYNC = "hub.roster"
_ILLEGAL = re.compile(r"[\s*>]")


class Subjects(NamedTuple):
    """The broker's subjects, all derived from the name of the stream."""

    stream: str = STREAM

    @property
    def frames(self) -> str:
        """The prefix of all stored subjects."""
        return self.stream.lower()

    @property
    def sync(self) -> str:
        """The subject of sync points."""
        return f"{self.frames}.{_SYNC}"

    @property
    def status(self) -> str:
        """The subject of the hub's status, published each second and not stored."""
        return f"hub.{self.frames}.status"

    @property
    def join(self) -> str:
        """The subject of requests for a sync point, answered with its sequence."""
        return f"hub.{self.frames}.join"

    @property
    def show(self) -> str:
        """The subject of bases displayed on a desktop, separated by spaces."""
        return f"hub.{self.frames}.show"

    def of(self, connection: str) -> str:
        """The subject of a connection's frames."""
        return f"{self.frames}.{_ILLEGAL.sub('_', connection)}"

    def connection(self, subject: str) -> str:
        """The connection of a subject."""
        return subject[len(self.frames) + 1 :]


class Message(NamedTuple):
    """One message to publish; `frame` is the header of that name."""

    subject: str
    frame: str
    body: bytes
    packed: bool = False


class SyncPoint(msgspec.Struct, frozen=True):
    """A point where a reader can start. `run` identifies the hub process, `lost` counts frames lost before this point.

    `simulated` is whether the venues are simulated.
    """

    run: str
    connections: int
    reason: str
    lost: int = 0
    simulated: bool = False


class ConnectionStatus(msgspec.Struct, frozen=True):
    """The state of one of the hub's connections."""

    name: str
    is_open: bool
    trouble: str = ""


class HubStatus(msgspec.Struct, frozen=True):
    """The hub's status. Clock offsets are ns by venue; `waiting` counts frames the broker has not acknowledged."""

    run: str
    now_ns: int
    bases: tuple[str, ...]
    connections: tuple[ConnectionStatus, ...]
    clock_offsets: dict[Venue, int]
    trouble: dict[str, str]
    published: int
    waiting: int
    lost: int


class JoinReply(msgspec.Struct, frozen=True):
    """The answer to a join: the sequence of its sync point, or 0 and the trouble."""

    sequence: int = 0
    trouble: str = ""


def message_of(frame: Frame, subjects: Subjects, *, again: bool = False) -> Message:
    """Encode a frame; `again` marks an OPEN frame that follows a sync point."""
    parts = [str(frame.ts_recv_ns), frame.kind.value]
    if frame.tag:
        parts.append(frame.tag)
    elif again:
        parts.append(AGAIN)
    packed = len(frame.payload) >= PACKED_FROM
    body = zstandard.compress(frame.payload, 3) if packed else frame.payload
    return Message(subjects.of(frame.connection), " ".join(parts), body, packed)


def frame_of(subject: str, headers: Mapping[str, str], body: bytes, subjects: Subjects) -> Frame:
    """Decode a message; the tag of an OPEN frame that follows a sync point is `AGAIN`.

    Raises:
        ProtocolError: the message is not a frame.
    """
    parts = headers.get(FRAME, "").split(" ", 2)
    try:
        ts_recv_ns, kind = int(parts[0]), FrameKind(parts[1])
        payload = body if headers.get(ENCODING) != "zstd" else _unpacked(body)
    except (ValueError, IndexError, zstandard.ZstdError) as error:
        raise ProtocolError("the stream holds a message that is no frame", f"{subject}: {error}") from error
    return Frame(ts_recv_ns, subjects.connection(subject), kind, payload, parts[2] if len(parts) > 2 else "")


def _unpacked(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body, max_output_size=UNPACKED_MOST)
