"""The broker's stream: its identity, its state and its refusals, on the broker's JSON API."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from feeds.hub.wire import MESSAGE_ID, MessageId, Subjects, message_id
from feeds.model.errors import TransportError

if TYPE_CHECKING:
    from nats.aio.client import Client

STREAM_NOT_FOUND, MESSAGE_NOT_FOUND = 10059, 10037
NO_ROOM, NO_RESOURCES, NOT_STORED = 10047, 10023, 10077
WRONG_LAST_ID, WRONG_LAST_SEQUENCE = 10070, 10071
_FULL = frozenset({NO_ROOM, NO_RESOURCES, NOT_STORED})
OFF = "JetStream is not ready: it is off, or starting, or a full disk turned it off; the broker's log says which"
_REQUEST_S = 3.0
_FRACTION = re.compile(r"(\.\d{1,6})\d*")


class StreamRefused(TransportError):
    """The broker refused a request; `code` is its number for the reason, 0 if it gave none."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(refusal(code, text), f"{code} {text}")
        self.code = code


def refusal(code: int, text: str) -> str:
    """What to show for a refusal of the broker."""
    if code in _FULL:
        return f"the broker's storage is full ({text}): give it more room, or keep less with --keep-gb"
    return text or "the broker refuses"


class StreamState(msgspec.Struct, frozen=True):
    """What a stream holds. Times are RFC 3339 texts."""

    messages: int
    bytes: int
    first_seq: int
    last_seq: int
    first_ts: str = ""
    last_ts: str = ""

    @property
    def span_s(self) -> float:
        """Seconds between the first and the last message; 0 for fewer than two."""
        if self.messages < 2:
            return 0.0
        return (_time(self.last_ts) - _time(self.first_ts)).total_seconds()


class StreamInfo(msgspec.Struct, frozen=True):
    """A stream and its settings."""

    config: dict[str, Any]
    state: StreamState

    @property
    def max_bytes(self) -> int:
        """The limit of its size, 0 if it has none."""
        return max(int(self.config.get("max_bytes", 0)), 0)


class StoredMessage(NamedTuple):
    """A message of the stream; `stored` is the broker's time."""

    id: MessageId
    stored: datetime


async def request(client: Client, what: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request of the broker's API. Raises StreamRefused and `broker_errors()`."""
    from nats.errors import NoRespondersError

    try:
        reply = await client.request(f"$JS.API.{what}", msgspec.json.encode(body), timeout=_REQUEST_S)
    except NoRespondersError as error:
        raise StreamRefused(0, OFF) from error
    answer: dict[str, Any] = msgspec.json.decode(reply.data)
    if refused := answer.get("error"):
        raise StreamRefused(int(refused.get("err_code", 0)), str(refused.get("description", "")))
    return answer


async def info_of(client: Client, subjects: Subjects) -> StreamInfo:
    """The stream. Raises StreamRefused where there is none, and `broker_errors()`."""
    return msgspec.convert(await request(client, f"STREAM.INFO.{subjects.stream}", {}), StreamInfo)


async def found_stream(client: Client, subjects: Subjects) -> StreamInfo | None:
    """The stream, None where there is none. Raises StreamRefused and `broker_errors()`."""
    try:
        return await info_of(client, subjects)
    except StreamRefused as refused:
        if refused.code == STREAM_NOT_FOUND:
            return None
        raise


async def last_message(client: Client, subjects: Subjects, sequence: int) -> StoredMessage | None:
    """The message at a sequence, None if it is not stored any more. Raises StreamRefused and `broker_errors()`."""
    try:
        answer = await request(client, f"STREAM.MSG.GET.{subjects.stream}", {"seq": sequence})
    except StreamRefused as refused:
        if refused.code == MESSAGE_NOT_FOUND:
            return None
        raise
    except TimeoutError as error:
        subject = f"$JS.API.STREAM.MSG.GET.{subjects.stream}"
        raise TransportError(f"no answer to {subject}: the broker may deny it to the hub", str(error)) from error
    message = answer["message"]
    lines = base64.b64decode(message.get("hdrs", "")).decode(errors="replace").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line.startswith(f"{MESSAGE_ID}: "))
    return StoredMessage(message_id(headers), _time(message["time"]))


def _time(text: str) -> datetime:
    """A time of the broker, which has nanoseconds. Raises ValueError."""
    return datetime.fromisoformat(_FRACTION.sub(r"\1", text.replace("Z", "+00:00"), count=1)).astimezone(UTC)
