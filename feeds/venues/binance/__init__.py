"""Binance: USD-M and COIN-M perpetuals and spot, which sockets they need, and where those are (README: Endpoints)."""

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.freshness import Stream
from feeds.venues.binance.context import CONTEXT
from feeds.venues.binance.instruments import instruments_from_exchange_info
from feeds.venues.binance.profile import PROFILE
from feeds.venues.binance.protocol import BinanceProtocol
from feeds.venues.binance.universe import BinanceUniverse, universe_connections
from feeds.venues.binance.wire import API
from feeds.venues.driver import Carried, Endpoints, VenueDriver
from feeds.venues.shared.connections import connection, main_markets

__all__ = ["DRIVER", "PROFILE"]

LIVE = {
    MarketKind.LINEAR: Endpoints("wss://fstream.binance.com", "https://fapi.binance.com"),
    MarketKind.INVERSE: Endpoints("wss://dstream.binance.com", "https://dapi.binance.com"),
    MarketKind.SPOT: Endpoints("wss://stream.binance.com:9443", "https://api.binance.com"),
}
_WEIGHTS = {  # USD-M and COIN-M share one pool since 2026-06-30
    MarketKind.LINEAR: ("binance.futures", 2400.0),
    MarketKind.INVERSE: ("binance.futures", 2400.0),
    MarketKind.SPOT: ("binance.spot", 6000.0),
}
_BOOK = ("depth@100ms", "bookTicker")
_FLOW = ("aggTrade", "markPrice@1s", "forceOrder")
_NOTICES = ("!contractInfo",)


def connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """The sockets for these markets: USD-M needs `/public` for the book and `/market` for the rest, the others one."""
    kind = markets[0].kind
    if kind is MarketKind.LINEAR:
        return (
            _connection("public", "/public/stream", _BOOK, markets, endpoints),
            _connection("market", "/market/stream", _FLOW, markets, endpoints, _NOTICES),
        )
    if kind is MarketKind.INVERSE:
        return (_connection("all", "/stream", (*_BOOK, *_FLOW), markets, endpoints, _NOTICES),)
    return (_connection("all", "/stream", (*_BOOK, *_FLOW[:1]), markets, endpoints),)


def _connection(
    route: str,
    path: str,
    channels: tuple[str, ...],
    markets: tuple[Instrument, ...],
    endpoints: Endpoints,
    notices: tuple[str, ...] = (),
) -> ConnectionSpec:
    streams = (*(f"{market.symbol.lower()}@{channel}" for market in markets for channel in channels), *notices)
    return connection(markets, route, streams, f"{endpoints.websocket}{path}?streams={'/'.join(streams)}")


_CARRIED = {
    "aggTrade": Stream.TRADES,
    "depth": Stream.BOOK,
    "bookTicker": Stream.QUOTES,
    "markPrice": Stream.MARKS,
    "forceOrder": Stream.LIQUIDATIONS,
}


def carries(stream: str) -> Carried | None:
    """For example `btcusdt@depth@100ms`."""
    symbol, _, rest = stream.partition("@")
    channel = rest.partition("@")[0]
    return (_CARRIED[channel], symbol.upper()) if channel in _CARRIED else None


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints=LIVE,
    listing=lambda kind: (Fetch(f"{API[kind]}/exchangeInfo", "instruments", 20),),
    instruments=lambda kind, bodies: instruments_from_exchange_info(bodies[0], kind),
    choose=main_markets(PROFILE),
    connections=connections,
    protocol=BinanceProtocol,
    weights=_WEIGHTS,
    lifetime_s=23 * 3600.0,  # the venue closes at 24 h
    universe=universe_connections,
    universe_protocol=BinanceUniverse,
    context_protocol=CONTEXT,
    connects=(20, 1.0),  # 300 in 5 minutes
    carries=carries,
)
