"""The encoding of frames as broker messages.

A frame's subject is `md.` and the name of its connection (`md.binance.linear.public`), its body the venue's message
unchanged; from 64 KB on it is compressed by zstd, with the header `Content-Encoding`. The header `Frame` is the receive
time in ns, the kind and the tag, if any. `Nats-Msg-Id` is the hub's run and a running number, so that a message sent
again after a broken connection is stored once and in order.

A sync point, on `md.hub.roster`, is followed by the OPEN frames of all open connections, whose `Frame` ends with
`again`, and soon by whole books: a reader can start there.

Whatever a peer declares is bounded before memory is allocated for it: sizes of compressed bodies, times, numbers and
lengths of names and lists.
"""

import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple, TypeVar

import msgspec
import zstandard
from msgspec import Meta

from feeds.model.errors import ProtocolError
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import Venue

STREAM = "MD"
PACKED_FROM = 65_536
UNPACKED_MOST = 1 << 26
_WINDOW_MOST = 1 << 23  # bytes of zstd history; level 3 uses 2 MB
CONTROL_MOST = 1 << 20  # bytes of a status, a sync point or an answer
NAME_MOST, TEXT_MOST = 200, 2_000
TAG_MOST = 500
LATEST_NS = 7_258_118_400_000_000_000  # 2200
FRAME, MESSAGE_ID, ENCODING = "Frame", "Nats-Msg-Id", "Content-Encoding"
EXPECTED_BEFORE, EXPECTED_LAST = "Nats-Expected-Last-Msg-Id", "Nats-Expected-Last-Sequence"
AGAIN = "again"
_SYNC = "hub.roster"
_ILLEGAL = re.compile(r"[\s*>]")
_DIGITS_MOST = 19
_KINDS = frozenset(FrameKind) - {FrameKind.TIMER}

T = TypeVar("T")
Name = Annotated[str, Meta(max_length=NAME_MOST)]
Text = Annotated[str, Meta(max_length=TEXT_MOST)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Nanoseconds = Annotated[int, Meta(ge=-LATEST_NS, le=LATEST_NS)]


class Subjects(NamedTuple):
    """The broker's subjects, all derived from the name of the stream."""

    stream: str = STREAM

    @property
    def frames(self) -> str:
        """The prefix of all stored subjects."""
        return self.stream.lower()

    @property
    def sync(self) -> str:
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
        return f"{self.frames}.{_ILLEGAL.sub('_', connection)}"

    def connection(self, subject: str) -> str:
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

    run: Name
    connections: Count
    reason: Text
    lost: Count = 0
    simulated: bool = False


class ConnectionStatus(msgspec.Struct, frozen=True):
    """The state of one of the hub's connections."""

    name: Name
    is_open: bool
    trouble: Text = ""


class HubStatus(msgspec.Struct, frozen=True):
    """The hub's status. Clock offsets are ns by venue; `waiting` counts frames the broker has not acknowledged.

    `stalled` is why nothing is being published, "" while frames are.
    """

    run: Name
    now_ns: Nanoseconds
    bases: Annotated[tuple[Name, ...], Meta(max_length=1_000)]
    connections: Annotated[tuple[ConnectionStatus, ...], Meta(max_length=10_000)]
    clock_offsets: Annotated[dict[Venue, Nanoseconds], Meta(max_length=100)]
    trouble: Annotated[dict[Name, Text], Meta(max_length=1_000)]
    published: Count
    waiting: Count
    lost: Count
    stalled: Text = ""


class JoinReply(msgspec.Struct, frozen=True):
    """The answer to a join: the sequence of its sync point, or 0 and the trouble."""

    sequence: Count = 0
    trouble: Text = ""


class ShowReply(msgspec.Struct, frozen=True):
    """The answer to a request for bases: for each one that is not followed, why."""

    refused: Annotated[dict[Name, Text], Meta(max_length=100)] = {}


class MessageId(NamedTuple):
    """The identity of a message: the run of its hub, and its number in that run, from 1; ("", 0) if it has none."""

    run: str = ""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.run}-{self.number}"


def message_id(headers: Mapping[str, str]) -> MessageId:
    """The identity in a message's headers."""
    run, _, number = headers.get(MESSAGE_ID, "").rpartition("-")
    if not run or len(run) > NAME_MOST or not _is_number(number):
        return MessageId()
    return MessageId(run, int(number))


def time_of(headers: Mapping[str, str]) -> int:
    """The time in a message's headers, ns since the epoch, UTC, up to 2200. Raises ProtocolError."""
    text = headers.get(FRAME, "").partition(" ")[0]
    if not _is_number(text) or not 0 < int(text) <= LATEST_NS:
        raise ProtocolError("the stream holds a message without a time", text[:NAME_MOST])
    return int(text)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a control message. Raises ProtocolError where it is too long or invalid."""
    if len(body) > CONTROL_MOST:
        raise ProtocolError("a message is too long", f"{len(body)} bytes")
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a message cannot be read", str(error)) from error


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
    ts_recv_ns, name = time_of(headers), subjects.connection(subject)
    kind, _, tag = headers[FRAME].partition(" ")[2].partition(" ")
    if kind not in _KINDS or len(name) > NAME_MOST or len(tag) > TAG_MOST:
        raise ProtocolError("the stream holds a message that is no frame", f"{subject[:NAME_MOST]}: {kind[:20]}")
    payload = body if headers.get(ENCODING) != "zstd" else _unpacked(body)
    return Frame(ts_recv_ns, name, FrameKind(kind), payload, tag)


def _is_number(text: str) -> bool:
    return 0 < len(text) <= _DIGITS_MOST and text.isascii() and text.isdigit()


def _unpacked(body: bytes) -> bytes:
    """Decompress a body, which must declare its size. Raises ProtocolError."""
    try:
        declared = zstandard.get_frame_parameters(body)
        size, window = declared.content_size, declared.window_size
        if not 0 < size <= UNPACKED_MOST or window > max(_WINDOW_MOST, size):
            raise ProtocolError("the stream holds a message of absurd size", f"{size} bytes, window {window}")
        return zstandard.ZstdDecompressor().decompress(body)
    except zstandard.ZstdError as error:
        raise ProtocolError("the stream holds a damaged message", str(error)) from error
