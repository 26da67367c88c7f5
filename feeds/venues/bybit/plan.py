"""Which sockets Bybit needs for some markets, and where they are (README: Endpoints, Limits and heartbeats)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.bybit import context as bybit_context
from feeds.venues.bybit.instruments import instruments_from_info
from feeds.venues.bybit.profile import PROFILE
from feeds.venues.bybit.protocol import BybitProtocol
from feeds.venues.bybit.universe import BybitUniverse
from feeds.venues.bybit.universe import plan as universe
from feeds.venues.driver import Endpoints, VenueDriver

LIVE = {kind: Endpoints("wss://stream.bybit.com", "https://api.bybit.com") for kind in MarketKind}
_LISTING = "/v5/market/instruments-info?category={}&status=Trading&limit=1000"
_CURSOR = re.compile(rb'"nextPageCursor":"([^"]+)"')
_TOO_MANY, _WINDOW_S = b'{"retCode":10006,', 5.0
_BOOK = ("orderbook.200",)
_TRADES = ("publicTrade",)
_FLOW = (*_TRADES, "tickers", "allLiquidation")


def listing(kind: MarketKind) -> tuple[Fetch, ...]:
    """The first page of a category's instruments: 800 linear ones in 2026-08, and a page holds 1000."""
    return (Fetch(_LISTING.format(kind.value), "instruments"),)


def next_page(kind: MarketKind, body: bytes) -> Fetch | None:
    """The page after one that names a cursor, which comes ready for an address."""
    found = _CURSOR.search(body)
    if kind is MarketKind.SPOT or found is None:
        return None
    return Fetch(f"{_LISTING.format(kind.value)}&cursor={quote(found.group(1).decode(), safe='%')}", "instruments")


def limit(body: bytes) -> float | None:
    """Seconds to wait after error 10006, which is an answer with status 200; the venue counts five seconds."""
    return _WINDOW_S if body.startswith(_TOO_MANY) else None


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The main market of each base: the USDT perpetual, the coin-margined perpetual or the USDT pair."""
    wanted = set(bases)
    return tuple(
        market for market in instruments if market.base in wanted and market.quote == PROFILE.quotes[market.kind]
    )


def connections(kind: MarketKind, markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """The sockets for these markets: linear has one for the books and one for the rest, the others have one in all."""
    if not markets:
        return ()
    if kind is MarketKind.LINEAR:
        return (
            _connection(kind, "book", _BOOK, markets, endpoints),
            _connection(kind, "flow", _FLOW, markets, endpoints),
        )
    flow = _TRADES if kind is MarketKind.SPOT else _FLOW
    return (_connection(kind, "all", (*_BOOK, *flow), markets, endpoints),)


def _connection(
    kind: MarketKind,
    route: str,
    channels: tuple[str, ...],
    markets: tuple[Instrument, ...],
    endpoints: Endpoints,
) -> ConnectionSpec:
    return ConnectionSpec(
        name=f"{PROFILE.name}.{kind.value}.{route}",
        venue=PROFILE.name,
        kind=kind,
        route=route,
        url=f"{endpoints.websocket}/v5/public/{kind.value}",
        streams=tuple(f"{channel}.{market.symbol}" for channel in channels for market in markets),
        markets=markets,
    )


def protocol(spec: ConnectionSpec) -> VenueProtocol:
    """Build the decoder of a connection."""
    return BybitUniverse(spec) if spec.route == UNIVERSE else BybitProtocol(spec)


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints=LIVE,
    listing=listing,
    instruments=instruments_from_info,
    choose=choose,
    connections=connections,
    protocol=protocol,
    weights=dict.fromkeys(LIVE, ("bybit", 3_600.0)),
    universe=universe,
    context=bybit_context.protocol,
    next_page=next_page,
    limit=limit,
    limit_pause_s=_WINDOW_S,
    connects=(20, 1.6),  # 500 in 5 minutes
)
