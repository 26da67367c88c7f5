"""Which sockets Deribit needs for some bases, and where they are (README: Endpoints, Limits and heartbeats)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.deribit import context as deribit_context
from feeds.venues.deribit.instruments import instruments_from_listing
from feeds.venues.deribit.profile import PROFILE
from feeds.venues.deribit.protocol import PLATFORM, DeribitProtocol
from feeds.venues.deribit.universe import DeribitUniverse
from feeds.venues.deribit.universe import plan as universe
from feeds.venues.driver import Endpoints, VenueDriver

_HOST = Endpoints("wss://www.deribit.com", "https://www.deribit.com")
_CHANNELS = ("trades.{}.100ms", "book.{}.100ms", "ticker.{}.100ms")


def listing(kind: MarketKind) -> tuple[Fetch, ...]:
    """The request that lists the futures of all currencies; the venue allows one such call a second."""
    return (Fetch("/api/v2/public/get_instruments?currency=any&kind=future", "instruments"),)


def instruments(kind: MarketKind, bodies: Sequence[bytes]) -> tuple[Instrument, ...]:
    """Read the answer to `listing`. Raises ProtocolError."""
    return instruments_from_listing(bodies[0], kind)


def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
    """The USD perpetual (inverse) or the USDC perpetual (linear) of each base."""
    wanted = set(bases)
    return tuple(
        market for market in instruments if market.base in wanted and market.quote == PROFILE.quotes[market.kind]
    )


def connections(kind: MarketKind, markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One socket for a kind; the venue allows 32 an address."""
    if not markets:
        return ()
    spec = ConnectionSpec(
        name=f"{PROFILE.name}.{kind.value}.all",
        venue=PROFILE.name,
        kind=kind,
        route="all",
        url=f"{endpoints.websocket}/ws/api/v2",
        streams=(*(channel.format(market.symbol) for market in markets for channel in _CHANNELS), PLATFORM),
        markets=markets,
    )
    return (spec,)


def protocol(spec: ConnectionSpec) -> VenueProtocol:
    """Build the decoder of a connection."""
    return DeribitUniverse(spec) if spec.route == UNIVERSE else DeribitProtocol(spec)


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints={MarketKind.INVERSE: _HOST, MarketKind.LINEAR: _HOST},
    listing=listing,
    instruments=instruments,
    choose=choose,
    connections=connections,
    protocol=protocol,
    weights=dict.fromkeys(MarketKind, ("deribit", 600.0)),
    universe=universe,
    context=deribit_context.protocol,
    limit_pause_s=5.0,
    connects=(8, 1.0),  # 32 may be open
)
