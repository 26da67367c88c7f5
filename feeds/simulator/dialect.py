"""What a venue's dialect offers the server, without IO: messages for facts, a socket's dialogue, answers to a GET."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Protocol

import msgspec

from feeds.simulator.market.facts import Fact


class Message(msgspec.Struct, frozen=True, gc=False):
    """Something to publish. `topic` is unique over all dialects, `payload` is JSON without any envelope.

    `trades` is set where the payload carries fills: market index, first and last trade id. From it the server knows
    which trades each connection was told and which a fault kept from it.
    """

    topic: str
    payload: str
    trades: tuple[int, int, int] | None = None


class Answer(msgspec.Struct, frozen=True):
    """The answer to a GET: HTTP status, JSON body, extra headers."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


class Expelled(Exception):
    """The venue closes the socket. `code` is the websocket close code; 1006 cuts the line without a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Conversation(Protocol):
    """One websocket's dialogue."""

    ping_s: float
    """Seconds between the server's ping frames; 0 where the venue sends none."""

    @property
    def topics(self) -> frozenset[str]:
        """What this socket receives now."""

    def receive(self, text: str, now_ns: int) -> list[str]:
        """Take one text message and return the replies. Raises `Expelled` when the venue would hang up."""

    def frame(self, message: Message) -> str:
        """The text to send for a message of one of `topics`."""

    def tick(self, now_ns: int) -> list[str]:
        """Called every 100 ms: frames that are due by the clock, such as heartbeats. Raises `Expelled` when overdue."""

    def farewell(self, now_ns: int) -> tuple[list[str], Expelled]:
        """How the venue announces maintenance on this socket, and how it closes it afterwards."""


class Dialect(Protocol):
    """One venue. `prefix` is the first part of all its paths, for example `/binance`."""

    prefix: str

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterable[Message]:
        """Put facts into words, for topics that somebody wants."""

    def open(self, path: str, query: Mapping[str, str]) -> Conversation | None:
        """Begin the dialogue of a websocket at `path` (below the prefix); None where the venue has nothing."""

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET of `path` (below the prefix)."""

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """Answer a POST of `path` (below the prefix)."""

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """What any request gets while the venue refuses with 429 (too many) or 418 (banned) for `wait_s` seconds."""
