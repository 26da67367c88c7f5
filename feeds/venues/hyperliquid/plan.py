"""Which sockets Hyperliquid needs for some bases, and where they are (README: Endpoints, Limits and heartbeats)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.driver import Endpoints, VenueDriver
from feeds.venues.hyperliquid import context as hyperliquid_context
from feeds.venues.hyperliquid.instruments import instruments_from_meta
from feeds.venues.hyperliquid.profile import PROFILE
from feeds.venues.hyperliquid.protocol import HyperliquidProtocol
from feeds.venues.hyperliquid.universe import HyperliquidUniverse
from feeds.venues.hyperliquid.universe import plan as universe

_HOST = Endpoints("wss://api.hyperliquid.xyz", "https://api.hyperliquid.xyz")
_LISTS = {MarketKind.LINEAR: '{"type":"meta"}', MarketKind.SPOT: '{"type":"spotMeta"}'}
_BOOK = ("l2Book", "l2BookFast", "bbo")
_ROUTES: dict[MarketKind, dict[str, tuple[str, ...]]] = {
    MarketKind.LINEAR: {"book": _BOOK, "flow": ("trades", "activeAssetCtx")},
    MarketKind.SPOT: {"all": (*_BOOK, "trades")},  # trades alone can be silent for longer than a dead socket
}


def listing(kind: MarketKind) -> tuple[Fetch, ...]:
    """The POST that lists a market's assets."""
    return (Fetch("/info", "instruments", 20, _LISTS[kind]),)


def instruments(kind: MarketKind, bodies: Sequence[bytes]) -> tuple[Instrument, ...]:
    """Read the answer to `listing`. Raises ProtocolError."""
    return instruments_from_meta(bodies[0], kind)


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The one perpetual or USDC pair of each base; where names repeat, the one listed first."""
    first: dict[str, Instrument] = {}
    for market in instruments:
        first.setdefault(market.base, market)
    return tuple(first[base] for base in dict.fromkeys(bases) if base in first)


def connections(kind: MarketKind, markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """Two sockets for the perpetuals, the books and all else; one for spot.

    The venue allows 10 sockets and 1000 subscriptions an address; both kinds need 3 and at most 5 a coin.
    """
    if not markets:
        return ()
    return tuple(_connection(kind, route, channels, markets, endpoints) for route, channels in _ROUTES[kind].items())


def _connection(
    kind: MarketKind, route: str, channels: tuple[str, ...], markets: tuple[Instrument, ...], endpoints: Endpoints
) -> ConnectionSpec:
    return ConnectionSpec(
        name=f"{PROFILE.name}.{kind.value}.{route}",
        venue=PROFILE.name,
        kind=kind,
        route=route,
        url=f"{endpoints.websocket}/ws",
        streams=tuple(f"{channel}:{market.symbol}" for market in markets for channel in channels),
        markets=markets,
    )


def protocol(spec: ConnectionSpec) -> VenueProtocol:
    """Build the decoder of a connection."""
    return HyperliquidUniverse(spec) if spec.route == UNIVERSE else HyperliquidProtocol(spec)


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints={MarketKind.LINEAR: _HOST, MarketKind.SPOT: _HOST},
    listing=listing,
    instruments=instruments,
    choose=choose,
    connections=connections,
    protocol=protocol,
    weights=dict.fromkeys(MarketKind, ("hyperliquid", 1_200.0)),
    universe=universe,
    context=hyperliquid_context.protocol,
    connects=(10, 1 / 3),  # 30 a minute
    shares=True,  # 10 may be open
)
