"""How far perpetuals stand above spot, bar by bar: what a pane asks for and what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from feeds.model.instrument import MarketKind, Venue
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.request import Request


class PremiumSource(StrEnum):
    """Which price of a bar is compared."""

    CLOSE = "close"
    OHLC4 = "ohlc4"  # mean of open, high, low and close


class PremiumWeights(StrEnum):
    """By which volume markets are weighted."""

    TOLD = "24 h volume"  # the venues' own count, as of now
    SEEN = "volume seen"  # what was received of the 24 h before the end of each bar


@dataclass(frozen=True, slots=True)
class PremiumRequest(Request["PremiumView"]):
    """Premium of the perpetuals of a base over its spot on bars of `bar_ns`.

    `smoothing` is the length in bars of an EMA, 1 for none; `clamp` (a fraction, None for none) bounds what is drawn.
    Spot is always that of all venues; `venues` chooses among perpetuals.
    """

    bar_ns: int = 60_000_000_000
    source: PremiumSource = PremiumSource.CLOSE
    smoothing: int = 1
    clamp: float | None = None
    venues: frozenset[Venue] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PremiumLine:
    """The premium of one perpetual at each bar, a fraction of spot; NaN where it or spot is not known."""

    market: MarketState
    values: Floats
    weight: Floats

    @property
    def venue(self) -> Venue:
        """Whose it is."""
        return self.market.venue

    @property
    def kind(self) -> MarketKind:
        """How it is margined."""
        return self.market.kind

    @property
    def freshness(self) -> Freshness:
        """Whether its trades can be trusted now."""
        return self.market.trades


@dataclass(frozen=True, slots=True, eq=False)
class PremiumView:
    """Fractions of the spot price, positive where perpetuals are above it, at the close of each bar.

    `linear` are the dollar-margined, `inverse` the coin-margined perpetuals, `combined` both. `spot` is the reference
    price. `zone` is the premium from which on it is large, None while too little is known to say. `gaps` is (n, 2).
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
