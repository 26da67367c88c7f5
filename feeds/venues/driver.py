"""What a venue offers to the rest of the program, as data and pure functions: one `VenueDriver` a venue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from feeds.frame import ConnectionSpec
from feeds.instrument import Instrument, MarketKind, Venue
from feeds.protocol import Fetch, VenueProtocol


class Endpoints(msgspec.Struct, frozen=True):
    """Base addresses of one market, without a trailing slash."""

    websocket: str
    rest: str


@dataclass(frozen=True, slots=True)
class VenueDriver:
    """How to reach, list, subscribe and decode one venue. A kind that the venue lacks is not in `endpoints`.

    `listing` are the requests whose bodies, in order, `instruments` reads. `choose` picks the markets worth showing for
    some bases. `connections` plans the sockets for chosen markets; `protocol` decodes one of them.
    """

    venue: Venue
    endpoints: dict[MarketKind, Endpoints]
    listing: Callable[[MarketKind], tuple[Fetch, ...]]
    instruments: Callable[[MarketKind, Sequence[bytes]], tuple[Instrument, ...]]
    choose: Callable[[Iterable[Instrument], Iterable[str]], tuple[Instrument, ...]]
    connections: Callable[[MarketKind, tuple[Instrument, ...], Endpoints], tuple[ConnectionSpec, ...]]
    protocol: Callable[[ConnectionSpec], VenueProtocol]


def loopback(driver: VenueDriver, port: int) -> VenueDriver:
    """The same venue as the simulator serves it on this machine."""
    at = f"127.0.0.1:{port}/{driver.venue.value}"
    endpoints = {kind: Endpoints(f"ws://{at}/{kind.value}", f"http://{at}/{kind.value}") for kind in driver.endpoints}
    return VenueDriver(
        driver.venue,
        endpoints,
        driver.listing,
        driver.instruments,
        driver.choose,
        driver.connections,
        driver.protocol,
    )
