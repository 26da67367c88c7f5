"""What a venue's dialect offers the server, without IO: messages for facts, a socket's dialogue, answers to a GET."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Protocol

import msgspec

from feeds.simulator.facts import Fact


class Message(msgspec.Struct, frozen=True, gc=False):
    """Something to publish. `topic` is unique over all dialects, `payload` is JSON without any envelope."""

    topic: str
    payload: str


class Answer(msgspec.Struct, frozen=True):
    """The answer to a GET: HTTP status, JSON body, extra headers."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


class Expelled(Exception):
    """The venue closes the socket. `code` is the websocket close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Conversation(Protocol):
    """One websocket's dialogue."""

    ping_s: float
    """Seconds between the server's ping frames."""

    @property
    def topics(self) -> frozenset[str]:
        """What this socket receives now."""

    def receive(self, text: str, now_ns: int) -> list[str]:
        """Take one text message and return the replies. Raises `Expelled` when the venue would hang up."""

    def frame(self, message: Message) -> str:
        """The text to send for a message of one of `topics`."""


class Dialect(Protocol):
    """One venue. `prefix` is the first part of all its paths, for example `/binance`."""

    prefix: str

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterable[Message]:
        """Put facts into words, for topics that somebody wants."""

    def open(self, path: str, query: Mapping[str, str]) -> Conversation | None:
        """Begin the dialogue of a websocket at `path` (below the prefix); None where the venue has nothing."""

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET of `path` (below the prefix)."""
