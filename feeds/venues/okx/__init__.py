"""OKX: perpetual swaps and spot, which sockets they need, and where those are (README: Endpoints)."""

from collections.abc import Iterable

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.freshness import Stream
from feeds.venues.driver import Carried, Endpoints, VenueDriver
from feeds.venues.okx.context import CONTEXT
from feeds.venues.okx.instruments import instruments_from_list
from feeds.venues.okx.profile import PROFILE
from feeds.venues.okx.protocol import OkxProtocol
from feeds.venues.okx.universe import OkxUniverse, universe_connections
from feeds.venues.shared.connections import connection, main_markets

__all__ = ["DRIVER", "PROFILE"]

_HOST = Endpoints("wss://ws.okx.com", "https://openapi.okx.com")
_TYPES = {MarketKind.LINEAR: "SWAP", MarketKind.INVERSE: "SWAP", MarketKind.SPOT: "SPOT"}
_BOOK = ("books", "bbo-tbt")
_PERPETUAL = ("mark-price", "funding-rate", "open-interest")
_DEPTH_CHANNELS = 28  # recommended: less than 30 a connection
_WINDOW_S = 2.0
_MARKETS = _DEPTH_CHANNELS // len(_BOOK)


def limit(body: bytes) -> float | None:
    """Seconds to wait after error 50011; most limits of the venue count two seconds."""
    return _WINDOW_S if body.startswith(b'{"code":"50011"') else None


def connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One socket for every 14 markets, which carries all of theirs.

    Few sockets, because only 3 a second may be opened; book and quotes on one socket, so that their ids compare.
    """
    parts = [markets[start : start + _MARKETS] for start in range(0, len(markets), _MARKETS)]
    return tuple(_connection(part, number, endpoints) for number, part in enumerate(parts, 1))


def _connection(markets: tuple[Instrument, ...], number: int, endpoints: Endpoints) -> ConnectionSpec:
    kind = markets[0].kind
    wide = [f"instruments:{_TYPES[kind]}"]
    if kind is not MarketKind.SPOT:
        wide.insert(0, "liquidation-orders:SWAP")
    streams = (*(stream for market in markets for stream in _streams(market)), *wide)
    part = str(number) if number > 1 else ""
    return connection(markets, "public", streams, f"{endpoints.websocket}/ws/v5/public", part)


def _streams(market: Instrument) -> Iterable[str]:
    channels = ("trades", *_BOOK, *(_PERPETUAL if market.kind is not MarketKind.SPOT else ()))
    yield from (f"{channel}:{market.symbol}" for channel in channels)
    if market.kind is not MarketKind.SPOT:
        yield f"index-tickers:{market.symbol.removesuffix('-SWAP')}"


_CARRIED = {
    "trades": Stream.TRADES,
    "books": Stream.BOOK,
    "bbo-tbt": Stream.QUOTES,
    "mark-price": Stream.MARKS,
    "liquidation-orders": Stream.LIQUIDATIONS,
}


def carries(stream: str) -> Carried | None:
    """For example `books:BTC-USDT-SWAP`; liquidations are those of all swaps."""
    channel, _, symbol = stream.partition(":")
    found = _CARRIED.get(channel)
    return (found, "" if found is Stream.LIQUIDATIONS else symbol) if found is not None else None


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints={MarketKind.LINEAR: _HOST, MarketKind.INVERSE: _HOST, MarketKind.SPOT: _HOST},
    listing=lambda kind: (Fetch(f"/api/v5/public/instruments?instType={_TYPES[kind]}", "instruments"),),
    instruments=lambda kind, bodies: instruments_from_list(bodies[0], kind),
    choose=main_markets(PROFILE),
    connections=connections,
    protocol=OkxProtocol,
    weights=dict.fromkeys(MarketKind, ("okx", 600.0)),
    universe=universe_connections,
    universe_protocol=OkxUniverse,
    context_protocol=CONTEXT,
    limit=limit,
    limit_pause_s=_WINDOW_S,
    connects=(3, 2.5),  # 3 a second
    carries=carries,
)
