"""The unit that is received, recorded and replayed: exactly what arrived on one connection, and when.

Frames of all connections form one sequence in receive order. `ts_recv_ns` is stamped once, by the transport; replay
keeps the recorded value. The payload of an OPEN frame is the JSON of the connection's `ConnectionSpec`, so a recording
decodes itself.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from feeds.model.instrument import Instrument, MarketKind, Venue

UNIVERSE = "universe"
"""The route of connections that tell of all perpetuals of a market in few words instead of some in full."""
CONTEXT = "context"
"""The route of connections that ask what else a venue knows of the markets in focus: candles, ratios."""


class FrameKind(StrEnum):
    """What happened on the connection."""

    OPEN = "open"  # connected; payload is a ConnectionSpec
    TEXT = "text"  # one websocket message
    HTTP = "http"  # the body that answers the Fetch named by `tag`
    HTTP_FAILED = "http-failed"  # the Fetch named by `tag` was given up; payload is the reason
    CLOSE = "close"  # disconnected; payload is the reason
    TIMER = "timer"  # the live source's clock; never recorded


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One thing that arrived. `ts_recv_ns` is our receive time in ns since the epoch, UTC."""

    ts_recv_ns: int
    connection: str
    kind: FrameKind
    payload: bytes
    tag: str = ""


class ConnectionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a protocol needs to be built again from a recording.

    `name` is unique among the connections open at one time and is the `connection` of its frames. `route` is the
    venue's own name for what the socket carries (Binance: `public`, `market`, or `all` where one socket serves both).
    `streams` are the venue's stream names, `rest:...` for what is polled. `markets` are the instruments whose messages
    may arrive. An empty `url` is a connection without a socket, which only polls. `history_s` is how far back trades
    are asked for, `candles_s` candles.
    """

    name: str
    venue: Venue
    kind: MarketKind
    route: str
    url: str = ""
    streams: tuple[str, ...] = ()
    markets: tuple[Instrument, ...] = ()
    history_s: int = 0
    candles_s: int = 0


_spec_decoder = msgspec.json.Decoder(ConnectionSpec)


def open_frame(spec: ConnectionSpec, ts_recv_ns: int) -> Frame:
    """The frame that begins a connection's life."""
    return Frame(ts_recv_ns, spec.name, FrameKind.OPEN, msgspec.json.encode(spec))


def spec_from_frame(frame: Frame) -> ConnectionSpec:
    """Read the spec out of an OPEN frame. Raises `msgspec.DecodeError` (a ValueError) when the payload is not one."""
    return _spec_decoder.decode(frame.payload)
