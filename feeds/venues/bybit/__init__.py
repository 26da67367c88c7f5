"""Bybit: linear and inverse perpetuals and spot, which sockets they need, and where those are (README: Endpoints)."""

import re
from urllib.parse import quote

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.freshness import Stream
from feeds.venues.bybit.context import CONTEXT
from feeds.venues.bybit.instruments import instruments_from_info
from feeds.venues.bybit.profile import PROFILE
from feeds.venues.bybit.protocol import BybitProtocol
from feeds.venues.bybit.universe import BybitUniverse, universe_connections
from feeds.venues.driver import Carried, Endpoints, VenueDriver
from feeds.venues.shared.connections import connection, main_markets

__all__ = ["DRIVER", "PROFILE"]

LIVE = {kind: Endpoints("wss://stream.bybit.com", "https://api.bybit.com") for kind in MarketKind}
_LISTING = "/v5/market/instruments-info?category={}&status=Trading&limit=1000"
_CURSOR = re.compile(rb'"nextPageCursor":"([^"]+)"')
_TOO_MANY, _WINDOW_S = b'{"retCode":10006,', 5.0
_BOOK = ("orderbook.200",)
_TRADES = ("publicTrade",)
_FLOW = (*_TRADES, "tickers", "allLiquidation")


def next_page(kind: MarketKind, body: bytes) -> Fetch | None:
    """The page after one that names a cursor, which comes ready for an address."""
    found = _CURSOR.search(body)
    if kind is MarketKind.SPOT or found is None:
        return None
    return Fetch(f"{_LISTING.format(kind.value)}&cursor={quote(found.group(1).decode(), safe='%')}", "instruments")


def limit(body: bytes) -> float | None:
    """Seconds to wait after error 10006, which is an answer with status 200; the venue counts five seconds."""
    return _WINDOW_S if body.startswith(_TOO_MANY) else None


def connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """The sockets for these markets: linear has one for the books and one for the rest, the others have one in all."""
    kind = markets[0].kind
    if kind is MarketKind.LINEAR:
        return (
            _connection("book", _BOOK, markets, endpoints),
            _connection("flow", _FLOW, markets, endpoints),
        )
    flow = _TRADES if kind is MarketKind.SPOT else _FLOW
    return (_connection("all", (*_BOOK, *flow), markets, endpoints),)


def _connection(
    route: str,
    channels: tuple[str, ...],
    markets: tuple[Instrument, ...],
    endpoints: Endpoints,
) -> ConnectionSpec:
    streams = (f"{channel}.{market.symbol}" for channel in channels for market in markets)
    return connection(markets, route, streams, f"{endpoints.websocket}/v5/public/{markets[0].kind.value}")


_CARRIED = {
    "publicTrade": Stream.TRADES,
    "orderbook.200": Stream.BOOK,
    "tickers": Stream.MARKS,
    "allLiquidation": Stream.LIQUIDATIONS,
}


def carries(stream: str) -> Carried | None:
    """For example `orderbook.200.BTCUSDT`."""
    channel, _, symbol = stream.rpartition(".")
    return (_CARRIED[channel], symbol) if channel in _CARRIED else None


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints=LIVE,
    # 800 linear instruments in 2026-08, and a page holds 1000
    listing=lambda kind: (Fetch(_LISTING.format(kind.value), "instruments"),),
    instruments=instruments_from_info,
    choose=main_markets(PROFILE),
    connections=connections,
    protocol=BybitProtocol,
    weights=dict.fromkeys(LIVE, ("bybit", 3_600.0)),
    universe=universe_connections,
    universe_protocol=BybitUniverse,
    context_protocol=CONTEXT,
    next_page=next_page,
    limit=limit,
    limit_pause_s=_WINDOW_S,
    connects=(20, 1.6),  # 500 in 5 minutes
    carries=carries,
)
