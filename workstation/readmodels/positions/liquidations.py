"""What the liquidation tape draws: forced orders, their sums by side, and how far they can be trusted.

A position is what was ended: a forced sale ends a long, a forced purchase a short.
"""

from __future__ import annotations

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
    """How many times the usual rate is `elevated`, how many a `cascade`.

    The rate is what was liquidated in the last minute. The usual one is the median over the minutes of the last 24 h in
    which anything was liquidated, of which there have to be `least_minutes`.
    """

    elevated: float = 3.0
    cascade: float = 10.0
    least_minutes: int = 10


@dataclass(frozen=True, slots=True)
class LiquidationsRequest(Request["LiquidationsView"]):
    """Forced orders of a base, or of every base where `base` is empty, newest first.

    `position` None takes both sides. The sums are over the markets, whatever the side and the size that are listed.
    """

    markets: MarketFilter = MarketFilter()
    position: Position | None = None
    minimum_usd: float = 0.0
    count: int = 300
    rule: CascadeRule = field(default_factory=CascadeRule)


@dataclass(frozen=True, slots=True)
class ForcedMarket:
    """The market of a forced order; `tick_size` is quote per base coin."""

    base: str
    venue: Venue
    kind: MarketKind
    symbol: str
    tick_size: float


@dataclass(frozen=True, slots=True)
class LiquidationTotal:
    """Notional and number of forced orders with a venue time in the last `span_ns`.

    They are whole when `known_ns`, the part of the span in which every source was listened to, is all of it.
    """

    span_ns: int
    long_usd: float
    short_usd: float
    longs: int
    shorts: int
    known_ns: int


class CascadeState(StrEnum):
    """The rate of liquidations against the usual one."""

    UNKNOWN = "no baseline"
    CALM = "calm"
    ELEVATED = "elevated"
    CASCADE = "cascade"


@dataclass(frozen=True, slots=True)
class Cascade:
    """The state with the numbers behind it: USD a minute, and over how many minutes the median is."""

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
    """What one venue tells, and since when it is listened to without a break (receive time; None: not now).

    `told` says whether any order came at all: until then silence may be that of a stream that is not there.
    """

    venue: Venue
    coverage: LiquidationCoverage
    since_ns: int | None
    told: bool


@dataclass(frozen=True, slots=True, eq=False)
class LiquidationsView:
    """Forced orders as they came in, the newest first; `market` indexes `listed`, `position` is 1 long, -1 short.

    `price` is what the venue tells: a fill or a bankruptcy price. `minute_start_ns` are the last 60 minutes, the newest
    last; their sums are NaN where nobody listened. `whole_market` says that all symbols of the venues are heard, not
    only those in focus.
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
    listed: tuple[ForcedMarket, ...]
    totals: tuple[LiquidationTotal, ...]
    minute_start_ns: Ints
    minute_long_usd: Floats
    minute_short_usd: Floats
    cascade: Cascade
    sources: tuple[LiquidationSource, ...]
    markets: tuple[MarketState, ...]
    whole_market: bool
    now_ns: int = 0
