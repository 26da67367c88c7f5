"""Hyperliquid: perpetuals and spot, which sockets they need, and where those are (README: Endpoints)."""

from collections.abc import Iterable

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.freshness import Stream
from feeds.venues.driver import Carried, Endpoints, VenueDriver
from feeds.venues.hyperliquid.context import CONTEXT
from feeds.venues.hyperliquid.instruments import instruments_from_meta
from feeds.venues.hyperliquid.profile import PROFILE
from feeds.venues.hyperliquid.protocol import HyperliquidProtocol
from feeds.venues.hyperliquid.universe import HyperliquidUniverse, universe_connections
from feeds.venues.shared.connections import connection

__all__ = ["DRIVER", "PROFILE"]

_HOST = Endpoints("wss://api.hyperliquid.xyz", "https://api.hyperliquid.xyz")
_LISTS = {MarketKind.LINEAR: '{"type":"meta"}', MarketKind.SPOT: '{"type":"spotMeta"}'}
_BOOK = ("l2Book", "l2BookFast", "bbo")
_ROUTES: dict[MarketKind, dict[str, tuple[str, ...]]] = {
    MarketKind.LINEAR: {"book": _BOOK, "flow": ("trades", "activeAssetCtx")},
    MarketKind.SPOT: {"all": (*_BOOK, "trades")},  # trades alone can be silent for longer than a dead socket
}


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The one perpetual or USDC pair of each base; where names repeat, the one listed first."""
    first: dict[str, Instrument] = {}
    for market in instruments:
        first.setdefault(market.base, market)
    return tuple(first[base] for base in dict.fromkeys(bases) if base in first)


def connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """Two sockets for the perpetuals, the books and all else; one for spot.

    The venue allows 10 sockets and 1000 subscriptions an address; both kinds need 3 and at most 5 a coin.
    """
    return tuple(
        connection(
            markets,
            route,
            (f"{channel}:{market.symbol}" for market in markets for channel in channels),
            f"{endpoints.websocket}/ws",
        )
        for route, channels in _ROUTES[markets[0].kind].items()
    )


_CARRIED = {
    "trades": Stream.TRADES,
    "l2Book": Stream.BOOK,
    "bbo": Stream.QUOTES,
    "activeAssetCtx": Stream.MARKS,
}


def carries(stream: str) -> Carried | None:
    """For example `l2Book:BTC`. The two book streams make one book."""
    channel, _, symbol = stream.partition(":")
    return (_CARRIED[channel], symbol) if channel in _CARRIED else None


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints={MarketKind.LINEAR: _HOST, MarketKind.SPOT: _HOST},
    listing=lambda kind: (Fetch("/info", "instruments", 20, _LISTS[kind]),),
    instruments=lambda kind, bodies: instruments_from_meta(bodies[0], kind),
    choose=choose,
    connections=connections,
    protocol=HyperliquidProtocol,
    weights=dict.fromkeys(MarketKind, ("hyperliquid", 1_200.0)),
    universe=universe_connections,
    universe_protocol=HyperliquidUniverse,
    context_protocol=CONTEXT,
    connects=(10, 1 / 3),  # 30 a minute
    carries=carries,
    shares=True,  # 10 may be open
)
