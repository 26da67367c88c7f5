"""State of one market, and the filter of markets that a view sums."""

from dataclasses import dataclass
from enum import StrEnum

from feeds.model.instrument import InstrumentId, MarketKind, Venue
from feeds.venues.profile import LiquidationCoverage
from feeds.venues.registry import liquidation_coverage


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """Which markets of a base are summed.

    None means all of them. `perp=None` takes both, True perpetuals, False spot.
    """

    perp: bool | None = True
    venues: frozenset[Venue] | None = None
    kinds: frozenset[MarketKind] | None = None

    def accepts(self, venue: Venue, kind: MarketKind) -> bool:
        if self.perp is not None and kind.is_perp != self.perp:
            return False
        return (self.venues is None or venue in self.venues) and (self.kinds is None or kind in self.kinds)


class Freshness(StrEnum):
    """Freshness of a market's data."""

    WAITING = "waiting"  # nothing received yet
    SYNCING = "syncing"  # connected, book or first trade not there yet
    LIVE = "live"
    STALE = "stale"  # silent for longer than its stream should be
    LOST = "lost"  # a gap or a disconnect; left out of sums until it is back


@dataclass(frozen=True, slots=True)
class MarketState:
    """State of one market; `reason` is why its trades or its book are not live."""

    id: InstrumentId
    venue: Venue
    kind: MarketKind
    symbol: str
    tick_size: float
    trades: Freshness
    book: Freshness
    reason: str = ""
    last_event_ns: int = 0

    @property
    def liquidations(self) -> LiquidationCoverage:
        """Liquidations that its venue publishes; without a feed their sum is unknown, not zero."""
        return liquidation_coverage(self.venue, self.kind)
