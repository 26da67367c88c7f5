"""Frames as messages of the broker, and back.

A frame's subject is `md.` and the name of its connection (`md.binance.linear.public`), its body is what the venue sent,
as it was sent; one over 64 KB is packed by zstd, which its header `Content-Encoding` says. The header `Frame` is the
receive time in ns, the kind and, if there is one, the tag. `Nats-Msg-Id` is the hub's run and a running number: what is
published again after a broken connection is stored once, and in order.

A roster, on `md.hub.roster`, is followed by the OPEN frames of all connections that are open then, whose `Frame` ends
with `again`, and soon by whole books: there a reader can begin.
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
_ROSTER = "hub.roster"
_ILLEGAL = re.compile(r"[\s*>]")


class Subjects(NamedTuple):
    """The names on the broker, all made from that of the stream."""

    stream: str = STREAM

    @property
    def frames(self) -> str:
        """What the stream stores begins with this."""
        return self.stream.lower()

    @property
    def roster(self) -> str:
        """Where a reader can begin."""
        return f"{self.frames}.{_ROSTER}"

    @property
    def beat(self) -> str:
        """The hub's state, each second, not stored."""
        return f"hub.{self.frames}.status"

    @property
    def join(self) -> str:
        """Ask for a roster; answered with its sequence."""
        return f"hub.{self.frames}.join"

    @property
    def show(self) -> str:
        """Bases that are on some screen, separated by spaces."""
        return f"hub.{self.frames}.show"

    def of(self, connection: str) -> str:
        """The subject of a connection's frames."""
        return f"{self.frames}.{_ILLEGAL.sub('_', connection)}"

    def connection(self, subject: str) -> str:
        """The connection of a subject."""
        return subject[len(self.frames) + 1 :]


class Message(NamedTuple):
    """One message that is to be published."""

    subject: str
    frame: str
    body: bytes
    packed: bool = False


class Roster(msgspec.Struct, frozen=True):
    """Where a reader can begin. `run` is the hub's life, `lost` how many frames it could not publish before this.

    `simulated` is whether the venues are.
    """

    run: str
    connections: int
    reason: str
    lost: int = 0
    simulated: bool = False


class ConnectionBeat(msgspec.Struct, frozen=True):
    """One connection of the hub."""

    name: str
    is_open: bool
    trouble: str = ""


class Beat(msgspec.Struct, frozen=True):
    """The hub's state. Clock offsets are ns by venue, `waiting` frames that the broker has not taken yet."""

    run: str
    now_ns: int
    bases: tuple[str, ...]
    connections: tuple[ConnectionBeat, ...]
    clock_offsets: dict[Venue, int]
    trouble: dict[str, str]
    published: int
    waiting: int
    lost: int


class Joined(msgspec.Struct, frozen=True):
    """The answer to a join: where its roster is, or why there is none."""

    sequence: int = 0
    trouble: str = ""


def message_of(frame: Frame, subjects: Subjects, *, again: bool = False) -> Message:
    """A frame as a message."""
    words = [str(frame.ts_recv_ns), frame.kind.value]
    if frame.tag:
        words.append(frame.tag)
    elif again:
        words.append(AGAIN)
    packed = len(frame.payload) >= PACKED_FROM
    body = zstandard.compress(frame.payload, 3) if packed else frame.payload
    return Message(subjects.of(frame.connection), " ".join(words), body, packed)


def frame_of(subject: str, headers: Mapping[str, str], body: bytes, subjects: Subjects) -> Frame:
    """The frame in a message; the tag of an OPEN frame that is told again is `AGAIN`.

    Raises:
        ProtocolError: it is no frame.
    """
    words = headers.get(FRAME, "").split(" ", 2)
    try:
        ts_recv_ns, kind = int(words[0]), FrameKind(words[1])
        payload = body if headers.get(ENCODING) != "zstd" else _unpacked(body)
    except (ValueError, IndexError, zstandard.ZstdError) as error:
        raise ProtocolError("the stream holds a message that is no frame", f"{subject}: {error}") from error
    return Frame(ts_recv_ns, subjects.connection(subject), kind, payload, words[2] if len(words) > 2 else "")


def _unpacked(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body, max_output_size=UNPACKED_MOST)
