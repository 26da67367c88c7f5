"""The interface of a venue's decoder, without IO: frames in, events and requests out.

One protocol object serves one connection from OPEN to CLOSE, so no state survives a reconnect. It never blocks, reads a
clock or opens a socket: it appends requests such as `Send` or `Fetch` to `requests`, and the answer to a `Fetch`
arrives as an HTTP frame with the same tag. Replay drops the requests; the answers are in the recording.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import msgspec

from feeds.model.events import Event
from feeds.model.frame import Frame
from feeds.model.instrument import Instrument, InstrumentId
from feeds.model.odd_rows import OddRows


class LastTrade(NamedTuple):
    """The newest trade of an instrument that passed the deduplicator."""

    trade_id: int | str
    ts_venue_ns: int

    @property
    def number(self) -> int:
        """The id where it is a number, else -1."""
        return self.trade_id if isinstance(self.trade_id, int) else -1


LastTrades = Mapping[InstrumentId, LastTrade]


class Send(msgspec.Struct, frozen=True):
    """Send this text on the connection's socket."""

    text: str


class Fetch(msgspec.Struct, frozen=True):
    """Request a path of the venue's REST API; the answer is an HTTP frame with this `tag`.

    A GET, or a POST of JSON where `body` is not empty. `weight` is the cost of the call against the venue's limit.
    """

    path: str
    tag: str
    weight: int = 1
    body: str = ""


class Reconnect(msgspec.Struct, frozen=True):
    """Close this connection and reopen it after `pause_s` seconds, where only a new connection sends whole books."""

    reason: str
    pause_s: float = 0.0


class Replace(msgspec.Struct, frozen=True):
    """Open a successor, because the venue will end this connection soon; close this one once that receives data."""

    reason: str


class Relist(msgspec.Struct, frozen=True):
    """Fetch the list of markets again and reopen the connection, because the venue changed a market of it."""

    reason: str


Request = Send | Fetch | Reconnect | Replace | Relist


@runtime_checkable
class TradesGoOn(Protocol):
    """A decoder whose trades can go on behind a damaged part of a recording."""

    def trades_go_on(self, markets: Collection[InstrumentId], now_ns: int) -> Sequence[Event]:
        """Trades of these markets were subscribed to before the damage: they are live from here, as were they then."""


@runtime_checkable
class AwaitsSnapshots(Protocol):
    """A decoder that fetches the snapshots of its books."""

    def awaits_snapshot(self, instrument: Instrument) -> bool:
        """Whether changes of a book came, and its snapshot did not."""


class VenueProtocol(Protocol):
    """One connection's decoder."""

    requests: list[Request]
    """Requests to perform; the feed removes them after each call."""
    odd_rows: OddRows
    """Where rows left out are counted; the feed sets its own."""

    def receive(self, frame: Frame) -> Sequence[Event]:
        """Decode one frame of this connection, OPEN and CLOSE included.

        Raises:
            ProtocolError: the frame cannot be decoded; the state is unchanged and the next frame may follow.
        """

    def resume(self, last_trades: LastTrades) -> None:
        """Set the newest trades of earlier connections, right after OPEN, so that the gap since then is fetched."""

    def tick(self, now_ns: int) -> None:
        """Add requests that are due by the clock, such as pings and retried snapshots."""

    def refresh_books(self, now_ns: int) -> None:
        """Request whole books again, so that a recording that starts now can rebuild them."""
