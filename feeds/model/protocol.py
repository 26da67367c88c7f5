"""What a venue must implement, without IO: frames in, events out, requests left for the shell.

One protocol object serves one connection from OPEN to CLOSE and is then thrown away, so no state survives a reconnect.
It never waits, never reads a clock and never opens anything: what it wants done is a `Send`, a `Fetch` or a `Reconnect`
in `requests`, and the answer to a `Fetch` comes back as an HTTP frame with the same tag. Replay drops the requests; the
answers are in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from feeds.model.events import Event
from feeds.model.frame import Frame
from feeds.model.instrument import InstrumentId


class LastTrade(NamedTuple):
    """The newest trade of an instrument that was passed on."""

    trade_id: int | str
    ts_venue_ns: int

    @property
    def number(self) -> int:
        """The id where the venue numbers its trades, else -1."""
        return self.trade_id if isinstance(self.trade_id, int) else -1


LastTrades = Mapping[InstrumentId, LastTrade]


class Send(msgspec.Struct, frozen=True):
    """Send this text on the connection's socket."""

    text: str


class Fetch(msgspec.Struct, frozen=True):
    """Ask the venue's REST side for this path and answer with an HTTP frame carrying `tag`.

    A GET, or a POST of JSON when there is a `body`. `weight` is the venue's price of the call.
    """

    path: str
    tag: str
    weight: int = 1
    body: str = ""


class Reconnect(msgspec.Struct, frozen=True):
    """Close this connection and open it anew, for venues that send whole books at the beginning only.

    Not before `pause_s` seconds have passed.
    """

    reason: str
    pause_s: float = 0.0


class Replace(msgspec.Struct, frozen=True):
    """The venue will end this connection soon: open another like it, and close this one when that receives data."""

    reason: str


class Relist(msgspec.Struct, frozen=True):
    """The venue changed a market of this connection: list its markets again and open it anew with what they are now."""

    reason: str


Request = Send | Fetch | Reconnect | Replace | Relist


class VenueProtocol(Protocol):
    """One connection's decoder."""

    requests: list[Request]
    """What the shell should do next; the feed takes them after each call."""

    def receive(self, frame: Frame) -> Sequence[Event]:
        """Decode one frame of this connection, OPEN and CLOSE included.

        Raises:
            ProtocolError: the frame cannot be understood; the state is as before and the next frame may follow.
        """

    def resume(self, last_trades: LastTrades) -> None:
        """Hear of the newest trades of earlier connections, right after OPEN, to fetch what fell between."""

    def tick(self, now_ns: int) -> None:
        """Let time pass: pings, a snapshot that is due again. Adds to `requests`, never emits events."""

    def refresh_books(self, now_ns: int) -> None:
        """Ask for whole books although they are known, so that a recording that begins now can rebuild them."""
