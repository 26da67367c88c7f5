"""The venues of this version: import a new one's package and append it to `_PACKAGES`; nothing else lists venues."""

from functools import lru_cache
from typing import Protocol

from feeds.model.errors import ProtocolError
from feeds.model.frame import CONTEXT, UNIVERSE, ConnectionSpec
from feeds.model.instrument import MarketKind, Venue
from feeds.model.nearest import unknown
from feeds.model.protocol import VenueProtocol
from feeds.venues import binance, bybit, deribit, hyperliquid, okx
from feeds.venues.driver import Carried, VenueDriver
from feeds.venues.profile import Coverage, LiquidationCoverage, VenueColors, VenueProfile
from feeds.venues.shared.limits import LIMITS, Limits


class _VenuePackage(Protocol):
    PROFILE: VenueProfile
    DRIVER: VenueDriver


# The order of menus, legends and columns.
_PACKAGES: tuple[_VenuePackage, ...] = (binance, bybit, okx, hyperliquid, deribit)

PROFILES: dict[Venue, VenueProfile] = {package.PROFILE.name: package.PROFILE for package in _PACKAGES}
DRIVERS: dict[Venue, VenueDriver] = {package.PROFILE.name: package.DRIVER for package in _PACKAGES}
VENUES: tuple[Venue, ...] = tuple(PROFILES)

_GREY = VenueColors(on_dark="#9aa4b2", on_light="#5b6470")
_UNKNOWN = LiquidationCoverage(Coverage.NONE, "this version does not know the venue")


def profile_of(venue: Venue) -> VenueProfile:
    """The facts of a venue. One that this version does not know, from a foreign recording, has a grey profile."""
    return PROFILES.get(venue) or _foreign(venue)


def venue_named(text: str) -> Venue:
    """The venue that a person or a file names. Raises ValueError for one that this version does not know."""
    if text not in PROFILES:
        raise ValueError(unknown(text, "venue", VENUES))
    return Venue(text)


def liquidation_coverage(venue: Venue, kind: MarketKind) -> LiquidationCoverage:
    return profile_of(venue).liquidations_of(kind)


def protocol_for(spec: ConnectionSpec, limits: Limits = LIMITS) -> VenueProtocol:
    """Build the protocol of a connection. Raises ProtocolError for a venue that has no decoder."""
    driver = DRIVERS.get(spec.venue)
    if driver is None:
        raise ProtocolError(f"{spec.venue} cannot be decoded by this version")
    if spec.route == CONTEXT and driver.context_protocol is not None:
        return driver.context_protocol(spec)
    if spec.route == UNIVERSE and driver.universe_protocol is not None:
        return driver.universe_protocol(spec)
    return driver.protocol(spec, limits)


def streams_of(spec: ConnectionSpec) -> tuple[Carried, ...]:
    """What the streams of a connection publish; none for a venue that this version does not know."""
    driver = DRIVERS.get(spec.venue)
    found = map(driver.carries, spec.streams) if driver is not None else ()
    return tuple(one for one in found if one is not None)


@lru_cache(maxsize=64)
def _foreign(venue: Venue) -> VenueProfile:
    return VenueProfile(
        name=venue,
        label=venue.capitalize(),
        mark=venue[:3].upper(),
        colors=_GREY,
        taker_fee=0.0,
        liquidations=_UNKNOWN,
        quotes={},
    )
