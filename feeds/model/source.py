"""The source of a live session's frames: direct connections to venues, or a hub."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple, Protocol

from feeds.model.frame import ConnectionSpec, Frame
from feeds.model.instrument import Venue
from feeds.model.odd_rows import OddRows
from feeds.model.protocol import Request


class Link(NamedTuple):
    """A hop between venues and session that can fail on its own. `trouble` is "" while it works."""

    name: str
    trouble: str = ""


class Connection(Protocol):
    """One connection to a venue. `life` counts how often it was opened; `trouble` is why it is closed, else ""."""

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
    """Frames in receive order, and the state of the connections they come from.

    `trouble` holds problems with markets' lists, by market. `clock_offsets` is each venue's clock minus the local one
    in ns. The decoding session sets `last_data_ns`, the receive time of each connection's last data, and `odd_rows`,
    the count of rows left out, lists included. `catching_up` is true while frames come from the past, `simulated` where
    the venues are known to be simulated.
    """

    trouble: dict[str, str]
    clock_offsets: dict[Venue, int]
    last_data_ns: Mapping[str, int] | None
    history_s: int
    odd_rows: OddRows

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
        """Follow a base."""

    def keep_subscribed(self, base: str) -> None:
        """Record that a base is in use, so that it stays subscribed."""

    def batches(self) -> AsyncIterator[list[Frame]]:
        """Yield the frames received since the last batch, in receive order; ends with `close`."""

    def perform(self, name: str, request: Request) -> None:
        """Perform a request of a connection's protocol, without blocking."""

    def open_frames(self) -> list[Frame]:
        """OPEN frames of the open connections."""

    async def close(self) -> None:
        """Stop; frames that have arrived are still yielded."""
