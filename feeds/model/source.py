"""What a live session takes frames from: venues over sockets of our own, or a hub that has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple, Protocol

from feeds.model.frame import ConnectionSpec, Frame
from feeds.model.instrument import Venue
from feeds.model.protocol import Request


class Link(NamedTuple):
    """A part of the way between the venues and us that may fail by itself. `trouble` is empty while it does not."""

    name: str
    trouble: str = ""


class Connection(Protocol):
    """One connection to a venue. `life` counts how often it was opened, `trouble` says why it is not open."""

    @property
    def spec(self) -> ConnectionSpec: ...
    @property
    def life(self) -> int: ...
    @property
    def opened_ns(self) -> int: ...
    @property
    def trouble(self) -> str: ...
    @property
    def is_open(self) -> bool: ...


class Source(Protocol):
    """Frames in receive order, and what became of the connections that bring them.

    `trouble` is what ails a market's list, by its name. `clock_offsets` is each venue's clock minus ours in ns. `heard`
    is when each connection last said something that was data, told by whoever decodes. `catching_up` is true while
    frames come from the past, `simulated` where it is known that the venues are.
    """

    trouble: dict[str, str]
    clock_offsets: dict[Venue, int]
    last_data_ns: Mapping[str, int] | None
    history_s: int

    @property
    def bases(self) -> tuple[str, ...]: ...
    @property
    def connections(self) -> Mapping[str, Connection]: ...
    @property
    def simulated(self) -> bool: ...
    @property
    def links(self) -> tuple[Link, ...]: ...
    @property
    def catching_up(self) -> bool: ...
    def focus(self, base: str) -> None:
        """Follow a base from now on."""

    def keep_subscribed(self, base: str) -> None:
        """A base is in use: if it is subscribed, it stays so."""

    def batches(self) -> AsyncIterator[list[Frame]]:
        """Everything that arrived since the last batch, in receive order; ends with `close`."""

    def perform(self, connection: str, request: Request) -> None:
        """Do what a protocol wants, without waiting for it."""

    def open_frames(self) -> list[Frame]:
        """OPEN frames of the connections that are open now."""

    async def close(self) -> None:
        """Stop; what arrived is still handed out."""
