"""The interface of a venue's wire format, without IO: messages for facts, a socket's conversation, HTTP answers."""

from collections.abc import Container, Iterable, Mapping
from typing import Protocol

import msgspec

from feeds.simulator.market.facts import Fact


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message to publish. `topic` is unique over all dialects, `payload` is JSON without an envelope.

    `trades` is set where the payload carries fills: (market index, first trade id, last trade id). The server's journal
    records these ids as delivered to a connection, or as lost by a fault.
    """

    topic: str
    payload: str
    trades: tuple[int, int, int] | None = None


class Answer(msgspec.Struct, frozen=True):
    """The answer to a GET: HTTP status, JSON body, extra headers."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


class SocketClosed(Exception):
    """Raised to close a socket. `code` is the websocket close code; 1006 drops the connection without a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Conversation(Protocol):
    """The protocol state of one websocket."""

    ping_s: float
    """Seconds between the server's ping frames; 0 where the venue sends none."""

    @property
    def topics(self) -> frozenset[str]:
        """The topics this socket is subscribed to."""

    def receive(self, text: str, now_ns: int) -> list[str]:
        """Handle one text message and return the replies. Raises `SocketClosed` where the venue would close."""

    def frame(self, message: Message) -> str:
        """The text frame for a message of one of `topics`, with the venue's envelope."""

    def tick(self, now_ns: int) -> list[str]:
        """Frames due now, such as heartbeats; called every 100 ms. Raises `SocketClosed` after a missed heartbeat."""

    def announce_maintenance(self, now_ns: int) -> tuple[list[str], SocketClosed]:
        """The venue's maintenance notices for this socket, and the close that follows them."""


class Dialect(Protocol):
    """One venue. `prefix` begins all its paths, for example `/binance`."""

    prefix: str

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterable[Message]:
        """Encode facts as messages, only for topics in `wanted`."""

    def open(self, path: str, query: Mapping[str, str]) -> Conversation | None:
        """Open a websocket at `path` (below the prefix); None where the venue has no socket there."""

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET of `path` (below the prefix)."""

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """Answer a POST of `path` (below the prefix)."""

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """The answer while a fault limits (429) or bans (418) the client for `wait_s` more seconds."""
