"""Which sockets OKX needs for some bases, and where they are (README: Endpoints, Limits and heartbeats)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.driver import Endpoints, VenueDriver
from feeds.venues.okx import context as okx_context
from feeds.venues.okx.instruments import instruments_from_list
from feeds.venues.okx.profile import PROFILE
from feeds.venues.okx.protocol import OkxProtocol
from feeds.venues.okx.universe import OkxUniverse
from feeds.venues.okx.universe import plan as universe

_HOST = Endpoints("wss://ws.okx.com", "https://openapi.okx.com")
_TYPES = {MarketKind.LINEAR: "SWAP", MarketKind.INVERSE: "SWAP", MarketKind.SPOT: "SPOT"}
_BOOK = ("books", "bbo-tbt")
_PERPETUAL = ("mark-price", "funding-rate", "open-interest")
_DEPTH_CHANNELS = 28  # recommended: less than 30 a connection
_WINDOW_S = 2.0
_MARKETS = _DEPTH_CHANNELS // len(_BOOK)


def listing(kind: MarketKind) -> tuple[Fetch, ...]:
    """The request that lists a market's instruments."""
    return (Fetch(f"/api/v5/public/instruments?instType={_TYPES[kind]}", "instruments"),)


def instruments(kind: MarketKind, bodies: Sequence[bytes]) -> tuple[Instrument, ...]:
    """Read the answer to `listing`. Raises ProtocolError."""
    return instruments_from_list(bodies[0], kind)


def limit(body: bytes) -> float | None:
    """Seconds to wait after error 50011; most limits of the venue count two seconds."""
    return _WINDOW_S if body.startswith(b'{"code":"50011"') else None


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The main market of each base: the USDT swap, the coin-margined swap or the USDT pair."""
    wanted = set(bases)
    return tuple(
        market for market in instruments if market.base in wanted and market.quote == PROFILE.quotes[market.kind]
    )


def connections(kind: MarketKind, markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One socket for every 14 markets, which carries all of theirs.

    Few sockets, because only 3 a second may be opened; book and quotes on one socket, so that their ids compare.
    """
    parts = [markets[start : start + _MARKETS] for start in range(0, len(markets), _MARKETS)]
    return tuple(_connection(kind, part, number, endpoints) for number, part in enumerate(parts, 1))


def _connection(kind: MarketKind, markets: tuple[Instrument, ...], number: int, endpoints: Endpoints) -> ConnectionSpec:
    wide = [f"instruments:{_TYPES[kind]}"]
    if kind is not MarketKind.SPOT:
        wide.insert(0, "liquidation-orders:SWAP")
    return ConnectionSpec(
        name=f"{PROFILE.name}.{kind.value}.public" + (f"-{number}" if number > 1 else ""),
        venue=PROFILE.name,
        kind=kind,
        route="public",
        url=f"{endpoints.websocket}/ws/v5/public",
        streams=(*(stream for market in markets for stream in _streams(market)), *wide),
        markets=markets,
    )


def _streams(market: Instrument) -> Iterable[str]:
    channels = ("trades", *_BOOK, *(_PERPETUAL if market.kind is not MarketKind.SPOT else ()))
    yield from (f"{channel}:{market.symbol}" for channel in channels)
    if market.kind is not MarketKind.SPOT:
        yield f"index-tickers:{market.symbol.removesuffix('-SWAP')}"


def protocol(spec: ConnectionSpec) -> VenueProtocol:
    """Build the decoder of a connection."""
    return OkxUniverse(spec) if spec.route == UNIVERSE else OkxProtocol(spec)


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints={MarketKind.LINEAR: _HOST, MarketKind.INVERSE: _HOST, MarketKind.SPOT: _HOST},
    listing=listing,
    instruments=instruments,
    choose=choose,
    connections=connections,
    protocol=protocol,
    weights=dict.fromkeys(MarketKind, ("okx", 600.0)),
    universe=universe,
    context=okx_context.protocol,
    limit=limit,
    limit_pause_s=_WINDOW_S,
    connects=(3, 2.5),  # 3 a second
)
