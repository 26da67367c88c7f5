"""Which sockets Binance needs for some bases, and where they are (README: Endpoints, Limits and heartbeats)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.binance import context as binance_context
from feeds.venues.binance.instruments import instruments_from_exchange_info
from feeds.venues.binance.profile import PROFILE
from feeds.venues.binance.protocol import BinanceProtocol
from feeds.venues.binance.universe import BinanceUniverse
from feeds.venues.binance.universe import plan as universe
from feeds.venues.driver import Endpoints, VenueDriver

LIVE = {
    MarketKind.LINEAR: Endpoints("wss://fstream.binance.com", "https://fapi.binance.com"),
    MarketKind.INVERSE: Endpoints("wss://dstream.binance.com", "https://dapi.binance.com"),
    MarketKind.SPOT: Endpoints("wss://stream.binance.com:9443", "https://api.binance.com"),
}
_INSTRUMENT_PATHS = {
    MarketKind.LINEAR: "/fapi/v1/exchangeInfo",
    MarketKind.INVERSE: "/dapi/v1/exchangeInfo",
    MarketKind.SPOT: "/api/v3/exchangeInfo",
}
_WEIGHTS = {  # USD-M and COIN-M share one pool since 2026-06-30
    MarketKind.LINEAR: ("binance.futures", 2400.0),
    MarketKind.INVERSE: ("binance.futures", 2400.0),
    MarketKind.SPOT: ("binance.spot", 6000.0),
}
_LIFETIME_S = 23 * 3600.0  # the venue closes at 24 h
_BOOK = ("depth@100ms", "bookTicker")
_FLOW = ("aggTrade", "markPrice@1s", "forceOrder")
_NOTICES = ("!contractInfo",)


def listing(kind: MarketKind) -> tuple[Fetch, ...]:
    """The request that lists a market's instruments."""
    return (Fetch(_INSTRUMENT_PATHS[kind], "instruments", 20),)


def instruments(kind: MarketKind, bodies: Sequence[bytes]) -> tuple[Instrument, ...]:
    """Read the answer to `listing`. Raises ProtocolError."""
    return instruments_from_exchange_info(bodies[0], kind)


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The main market of each base: the USDT perpetual, the coin-margined perpetual or the USDT pair."""
    wanted = set(bases)
    return tuple(
        market for market in instruments if market.base in wanted and market.quote == PROFILE.quotes[market.kind]
    )


def connections(kind: MarketKind, markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """The sockets for these markets: USD-M needs `/public` for the book and `/market` for the rest, the others one."""
    if not markets:
        return ()
    if kind is MarketKind.LINEAR:
        return (
            _connection(kind, "public", "/public/stream", _BOOK, markets, endpoints),
            _connection(kind, "market", "/market/stream", _FLOW, markets, endpoints, _NOTICES),
        )
    if kind is MarketKind.INVERSE:
        return (_connection(kind, "all", "/stream", (*_BOOK, *_FLOW), markets, endpoints, _NOTICES),)
    return (_connection(kind, "all", "/stream", (*_BOOK, *_FLOW[:1]), markets, endpoints),)


def _connection(
    kind: MarketKind,
    route: str,
    path: str,
    channels: tuple[str, ...],
    markets: tuple[Instrument, ...],
    endpoints: Endpoints,
    notices: tuple[str, ...] = (),
) -> ConnectionSpec:
    streams = (*(f"{market.symbol.lower()}@{channel}" for market in markets for channel in channels), *notices)
    return ConnectionSpec(
        name=f"{PROFILE.name}.{kind.value}.{route}",
        venue=PROFILE.name,
        kind=kind,
        route=route,
        url=f"{endpoints.websocket}{path}?streams={'/'.join(streams)}",
        streams=streams,
        markets=markets,
    )


def protocol(spec: ConnectionSpec) -> VenueProtocol:
    """The decoder of a connection."""
    return BinanceUniverse(spec) if spec.route == UNIVERSE else BinanceProtocol(spec)


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints=LIVE,
    listing=listing,
    instruments=instruments,
    choose=choose,
    connections=connections,
    protocol=protocol,
    weights=_WEIGHTS,
    lifetime_s=_LIFETIME_S,
    universe=universe,
    context=binance_context.protocol,
    connects=(20, 1.0),  # 300 in 5 minutes
)
