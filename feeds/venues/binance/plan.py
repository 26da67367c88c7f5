"""Which sockets Binance needs for some bases, and where they are (VENUES 1.1.1, 1.2, 1.3, 8.2)."""

from __future__ import annotations

from collections.abc import Iterable

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.venues.driver import Endpoints

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
WEIGHTS = {  # USD-M and COIN-M share one pool since 2026-06-30
    MarketKind.LINEAR: ("binance.futures", 2400.0),
    MarketKind.INVERSE: ("binance.futures", 2400.0),
    MarketKind.SPOT: ("binance.spot", 6000.0),
}
LIFETIME_S = 23 * 3600.0  # the venue closes at 24 h
_QUOTES = {MarketKind.LINEAR: "USDT", MarketKind.INVERSE: "USD", MarketKind.SPOT: "USDT"}
_BOOK = ("depth@100ms", "bookTicker")
_FLOW = ("aggTrade", "markPrice@1s", "forceOrder")
_NOTICES = ("!contractInfo",)


def listing(kind: MarketKind) -> tuple[Fetch, ...]:
    """The request that lists a market's instruments."""
    return (Fetch(_INSTRUMENT_PATHS[kind], "instruments", 20),)


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The main market of each base: the USDT perpetual, the coin-margined perpetual or the USDT pair."""
    wanted = set(bases)
    return tuple(market for market in instruments if market.base in wanted and market.quote == _QUOTES[market.kind])


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
        name=f"{Venue.BINANCE.value}.{kind.value}.{route}",
        venue=Venue.BINANCE,
        kind=kind,
        route=route,
        url=f"{endpoints.websocket}{path}?streams={'/'.join(streams)}",
        streams=streams,
        markets=markets,
    )
