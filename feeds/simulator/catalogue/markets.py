"""Every simulated market with a full order book."""

from __future__ import annotations

from collections.abc import Collection

from feeds.model.instrument import Venue
from feeds.simulator.catalogue.calibrated import BASES, CALIBRATED
from feeds.simulator.catalogue.venues import ELSEWHERE
from feeds.simulator.market.spec import MarketSpec

__all__ = ["BASES", "MARKETS", "markets_of"]

MARKETS: tuple[MarketSpec, ...] = CALIBRATED + ELSEWHERE


def markets_of(
    venues: Collection[Venue | str] | None = None, bases: Collection[str] | None = None
) -> tuple[MarketSpec, ...]:
    """The markets of these venues and base coins in the catalogue's order; None means all."""
    return tuple(
        spec
        for spec in MARKETS
        if (venues is None or spec.instrument.venue in venues) and (bases is None or spec.instrument.base in bases)
    )
