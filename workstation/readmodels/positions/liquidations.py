"""Liquidation tape: liquidations, sums by side, cascade state and coverage; request and view.

Sides are those of the liquidated position: a liquidation order that sells closes a long.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import MarketKind, Venue
from feeds.venues.profile import LiquidationCoverage
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request

SPANS_NS = (60_000_000_000, 300_000_000_000, 3_600_000_000_000, 86_400_000_000_000)


class Position(StrEnum):
    """The side of a liquidated position."""

    LONG = "long"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class CascadeRule:
    """Multiples of the usual rate from which the state is elevated, or a cascade (Guide: Definitions).

    The rate is the notional of the last minute. The usual rate is the median over those minutes of the last 24 h that
    had any liquidation, of which there must be `least_minutes`.
    """

    elevated: float = 3.0
    cascade: float = 10.0
    least_minutes: int = 10


@dataclass(frozen=True, slots=True)
class LiquidationsRequest(Request["LiquidationsView"]):
    """Liquidations of a base, or of every base where `base` is empty, newest first.

    `position` None lists both sides. Sums are over the markets, regardless of the listed side and size.
    """

    markets: MarketFilter = MarketFilter()
    position: Position | None = None
    minimum_usd: float = 0.0
    count: int = 300
    rule: CascadeRule = field(default_factory=CascadeRule)


@dataclass(frozen=True, slots=True)
class LiquidationMarket:
    """The market of a liquidation; `tick_size` is quote per base coin."""

    base: str
    venue: Venue
    kind: MarketKind
    symbol: str
    tick_size: float


@dataclass(frozen=True, slots=True)
class LiquidationTotal:
    """Notional and number of liquidations with a venue time in the last `span_ns`.

    Complete when `known_ns`, the part of the span covered by every source, is all of it.
    """

    span_ns: int
    long_usd: float
    short_usd: float
    longs: int
    shorts: int
    known_ns: int


class CascadeState(StrEnum):
    """Rate of liquidations relative to the usual rate."""

    UNKNOWN = "no baseline"
    CALM = "calm"
    ELEVATED = "elevated"
    CASCADE = "cascade"


@dataclass(frozen=True, slots=True)
class Cascade:
    """State and the numbers behind it: USD a minute, and the number of minutes in the median."""

    state: CascadeState
    rate_usd: float
    median_usd: float | None
    minutes: int
    long_share: float | None  # of the rate; None when nothing was liquidated

    @property
    def multiple(self) -> float | None:
        """The rate as a multiple of the median."""
        return self.rate_usd / self.median_usd if self.median_usd else None


@dataclass(frozen=True, slots=True)
class LiquidationSource:
    """Coverage of one venue, and since when it is received without a gap (receive time; None: not now).

    `received`: the venue has published at least one liquidation; before that the stream may be missing.
    """

    venue: Venue
    coverage: LiquidationCoverage
    since_ns: int | None
    received: bool


@dataclass(frozen=True, slots=True, eq=False)
class LiquidationsView:
    """Liquidations in receive order, newest first; `market` indexes `listed`, `position` is 1 long, -1 short.

    `price` is as published: a fill or a bankruptcy price. `minute_start_ns` are the last 60 minutes, newest last; their
    sums are NaN without coverage. `whole_market`: all symbols of the venues are received, not only those in focus.
    """

    request: LiquidationsRequest
    revision: int
    ts_venue_ns: Ints
    ts_recv_ns: Ints
    price: Floats
    size: Floats
    notional: Floats
    position: Ints
    market: Ints
    listed: tuple[LiquidationMarket, ...]
    totals: tuple[LiquidationTotal, ...]
    minute_start_ns: Ints
    minute_long_usd: Floats
    minute_short_usd: Floats
    cascade: Cascade
    sources: tuple[LiquidationSource, ...]
    markets: tuple[MarketState, ...]
    whole_market: bool
    now_ns: int = 0
