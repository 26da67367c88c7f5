"""Which protocol speaks for which venue; nothing else."""

from __future__ import annotations

from feeds.errors import ProtocolError
from feeds.frame import ConnectionSpec
from feeds.instrument import Venue
from feeds.protocol import VenueProtocol
from feeds.venues.binance import BinanceProtocol

PROTOCOLS = {Venue.BINANCE: BinanceProtocol}


def protocol_for(spec: ConnectionSpec) -> VenueProtocol:
    """Build the protocol of a connection. Raises ProtocolError for a venue that has no decoder."""
    try:
        return PROTOCOLS[spec.venue](spec)
    except KeyError:
        raise ProtocolError(f"{spec.venue.value} cannot be decoded by this version") from None
