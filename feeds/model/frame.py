"""Frames: the raw messages of a connection with their receive time; the unit of recording and replay.

Frames of all connections form one sequence in receive order. The transport stamps `ts_recv_ns`; replay uses the
recorded value. The payload of an OPEN frame is the JSON of the connection's `ConnectionSpec`, so a recording contains
everything needed to decode it.
"""

from enum import StrEnum

import msgspec

from feeds.model.instrument import Instrument, MarketKind, Venue

UNIVERSE = "universe"
"""The route of connections with all-market streams: tickers and prices of every perpetual."""
CONTEXT = "context"
"""The route of connections that poll further data of the followed markets: candles, account ratios."""

CAPTURE = "capture"
"""The route of imported connections, which hold what another program received."""
DAMAGED = "damaged"
"""The tag of OPEN and CLOSE frames that were never received, but stand for the damaged part of a recording."""


class FrameKind(StrEnum):
    """The kind of a frame."""

    OPEN = "open"  # connected; payload is a ConnectionSpec
    TEXT = "text"  # one websocket message
    HTTP = "http"  # the response body of the Fetch named by `tag`
    HTTP_FAILED = "http-failed"  # the Fetch named by `tag` failed; payload is the reason
    CLOSE = "close"  # disconnected; payload is the reason
    TIMER = "timer"  # the live source's clock; never recorded


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message or change of a connection. `ts_recv_ns` is the local receive time, ns since the epoch, UTC."""

    ts_recv_ns: int
    connection: str
    kind: FrameKind
    payload: bytes
    tag: str = ""


class ConnectionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Describes a connection; sufficient to construct its protocol, live or from a recording.

    `name` is unique among open connections and is the `connection` of its frames. `route` is the venue's name for the
    group of streams (Binance: `public`, `market`, or `all` where one socket serves both). `streams` are the venue's
    stream names, `rest:...` where polled. `markets` are the instruments whose messages may arrive. An empty `url` is a
    connection without a socket, which only polls. `history_s` and `candles_s` are how many seconds of trades and of
    candles to fetch from before the start.
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
    return Frame(ts_recv_ns, spec.name, FrameKind.OPEN, msgspec.json.encode(spec))


def spec_from_frame(frame: Frame) -> ConnectionSpec:
    """Decode the spec in an OPEN frame. Raises `msgspec.DecodeError` (a ValueError) if it is invalid."""
    return _spec_decoder.decode(frame.payload)
