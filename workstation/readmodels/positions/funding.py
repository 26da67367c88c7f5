"""Funding and open interest of a base's perpetuals: request and view."""

from dataclasses import dataclass
from enum import StrEnum

from feeds.model.instrument import MarketKind
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request

HOUR_NS = 3_600_000_000_000
SPANS_NS = (HOUR_NS, 4 * HOUR_NS, 24 * HOUR_NS)
LARGE_RATE = 0.005  # fraction per funding period
LARGE_RATIO = 1.5
LEAST_MOVE = 0.0005  # smallest fractional change of price and of open interest that has a reading
LEAST_DAYS = 30.0  # of history for a percentile


class Crowding(StrEnum):
    """Extremes of positioning in a market."""

    FUNDING = "funding"  # beyond 0.5 % a period
    RATIO = "long/short"  # above 1.5, or below 1 / 1.5
    LONGS = "crowded long"  # both, on the side of longs
    SHORTS = "crowded short"


class Reading(StrEnum):
    """Interpretation of a change of open interest by the direction of price."""

    NEW_LONGS = "new money long"  # price up, open interest up
    SHORTS_COVER = "shorts covering"  # price up, open interest down
    NEW_SHORTS = "new money short"
    LONGS_LEAVE = "longs leaving"


@dataclass(frozen=True, slots=True)
class FundingRequest(Request["FundingView"]):
    """Funding and open interest of a base's perpetuals that a filter accepts.

    Lines are sampled on bars of `bar_ns`, at least a minute.
    """

    bar_ns: int = 60_000_000_000
    markets: MarketFilter = MarketFilter()


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One perpetual now; None where unknown.

    `rate` is the predicted funding of a period of `period_h` hours, `last_rate` that of the last ended period, both
    fractions, positive when longs pay. `percentile` (0-100, ties count half) is the percentile of `rate` among the
    periods of `history_days`, None for fewer than 30 days. Open interest is base coin, one side counted; `changes` are
    its fractional changes over 1 h, 4 h and 24 h. `ratio` is long over short accounts. A row older than ten minutes is
    `stale` and left out of sums.
    """

    market: MarketState
    rate: float | None
    period_h: float | None
    last_rate: float | None
    percentile: float | None
    history_days: float
    next_funding_ns: int | None
    open_interest: float | None
    open_interest_usd: float | None
    changes: tuple[float | None, ...]
    ratio: float | None
    crowding: Crowding | None
    stale: bool


@dataclass(frozen=True, slots=True)
class PositionGroup:
    """Sums over the perpetuals of one kind. `rate_1h` is a fraction per hour, weighted by open interest, over `live` of
    `known` markets.
    """

    kind: MarketKind
    rate_1h: float | None
    open_interest: float | None
    open_interest_usd: float | None
    changes: tuple[float | None, ...]
    live: int
    known: int


@dataclass(frozen=True, slots=True)
class SpanReading:
    """Changes over a span as fractions, of the `counted` markets whose open interest is known at both ends."""

    span_ns: int
    price_change: float | None
    interest_change: float | None
    reading: Reading | None
    counted: int
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class PositionLine:
    """One market by bar: open interest (base coin) and funding per hour (a fraction), NaN where older than 10 min."""

    market: MarketState
    open_interest: Floats
    rate_1h: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FundingView:
    """One row and one line per perpetual, groups by kind, readings of the last hours.

    The arrays have one entry per bar. `total` is open interest (base coin) summed over `counted` markets; `linear_1h`
    and `inverse_1h` are their funding per hour, weighted by open interest, NaN where unknown.
    """

    request: FundingRequest
    revision: int
    rows: tuple[PositionRow, ...]
    groups: tuple[PositionGroup, ...]
    spans: tuple[SpanReading, ...]
    bar_start_ns: Ints
    lines: tuple[PositionLine, ...]
    total: Floats
    counted: Ints
    linear_1h: Floats
    inverse_1h: Floats
    now_ns: int = 0
