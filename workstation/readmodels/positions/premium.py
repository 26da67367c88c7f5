"""Premium of perpetuals over spot: request and view."""

from dataclasses import dataclass
from enum import StrEnum

from feeds.model.instrument import MarketKind, Venue
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.request import Request


class PremiumSource(StrEnum):
    """Price of a bar that is compared."""

    CLOSE = "close"
    OHLC4 = "ohlc4"  # mean of open, high, low and close


class PremiumWeights(StrEnum):
    """Volume by which markets are weighted."""

    PUBLISHED = "24 h volume"  # the venues' own figure, as of now
    RECEIVED = "volume seen"  # received trades of the 24 h before the end of each bar


@dataclass(frozen=True, slots=True)
class PremiumRequest(Request["PremiumView"]):
    """Premium of the perpetuals of a base over its spot on bars of `bar_ns`.

    `smoothing` is the length in bars of an EMA, 1 for none; `clamp` (a fraction, None for none) bounds the values.
    Spot is always that of all venues; `venues` selects perpetuals.
    """

    bar_ns: int = 60_000_000_000
    source: PremiumSource = PremiumSource.CLOSE
    smoothing: int = 1
    clamp: float | None = None
    venues: frozenset[Venue] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PremiumLine:
    """Premium of one perpetual by bar, a fraction of spot, and its weight; NaN where its price or spot is unknown."""

    market: MarketState
    values: Floats
    weight: Floats

    @property
    def venue(self) -> Venue:
        return self.market.venue

    @property
    def kind(self) -> MarketKind:
        return self.market.kind

    @property
    def freshness(self) -> Freshness:
        return self.market.trades


@dataclass(frozen=True, slots=True, eq=False)
class PremiumView:
    """Premium as a fraction of spot, positive where perpetuals are above it, by bar.

    `linear` is of linear, `inverse` of inverse perpetuals, `combined` of both. `spot` is the reference price. `zone` is
    the size from which a premium is large, None while unknown. `gaps` (n, 2) are spans in ns without trades.
    """

    request: PremiumRequest
    revision: int
    bar_start_ns: Ints
    combined: Floats
    linear: Floats
    inverse: Floats
    spot: Floats
    lines: tuple[PremiumLine, ...]
    spots: tuple[MarketState, ...]
    weights: PremiumWeights
    zone: float | None
    gaps: Ints
    now_ns: int = 0
