"""Every simulated market with a full order book."""

from collections.abc import Collection, Iterator
from importlib import import_module

from feeds.model.instrument import Venue
from feeds.simulator.catalogue.calibrated import BASES
from feeds.simulator.catalogue.listing import Listing, scaled
from feeds.simulator.market.spec import MarketSpec
from feeds.venues.registry import VENUES

__all__ = ["BASES", "LISTINGS", "MARKETS", "markets_of"]

LISTINGS: dict[Venue, Listing] = {venue: import_module(f"feeds.simulator.{venue}.markets").LISTING for venue in VENUES}


def _markets() -> Iterator[MarketSpec]:
    for listing in LISTINGS.values():
        yield from listing.markets
    rows = ((listing, row) for listing in LISTINGS.values() for row in listing.scaled)
    for number, (listing, row) in enumerate(rows):
        yield scaled(number, listing, row)


MARKETS: tuple[MarketSpec, ...] = tuple(_markets())


def markets_of(
    venues: Collection[Venue | str] | None = None, bases: Collection[str] | None = None
) -> tuple[MarketSpec, ...]:
    """The markets of these venues and base coins in the catalogue's order; None means all."""
    return tuple(
        spec
        for spec in MARKETS
        if (venues is None or spec.instrument.venue in venues) and (bases is None or spec.instrument.base in bases)
    )
