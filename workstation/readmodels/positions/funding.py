"""Who pays to stay positioned, and how much is positioned: what a pane asks for and what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from feeds.model.instrument import MarketKind
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request

HOUR_NS = 3_600_000_000_000
SPANS_NS = (HOUR_NS, 4 * HOUR_NS, 24 * HOUR_NS)
LARGE_RATE = 0.005  # a period
LARGE_RATIO = 1.5
LEAST_MOVE = 0.0005  # of price and of open interest, for a reading
LEAST_DAYS = 30.0  # of history for a percentile


class Crowding(StrEnum):
    """What is out of the ordinary with a market."""

    FUNDING = "funding"  # beyond 0.5 % a period
    RATIO = "long/short"  # above 1.5, or below 1 / 1.5
    LONGS = "crowded long"  # both, on the side of longs
    SHORTS = "crowded short"


class Reading(StrEnum):
    """What moved open interest, by the direction of price."""

    NEW_LONGS = "new money long"  # price up, open interest up
    SHORTS_COVER = "shorts covering"  # price up, open interest down
    NEW_SHORTS = "new money short"
    LONGS_LEAVE = "longs leaving"


@dataclass(frozen=True, slots=True)
class FundingRequest(Request["FundingView"]):
    """Funding and open interest of a base's perpetuals that a filter accepts.

    Lines stand on bars of `bar_ns`, a minute at least.
    """

    bar_ns: int = 60_000_000_000
    markets: MarketFilter = MarketFilter()


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One perpetual now. None is what is not known.

    `rate` is the predicted funding of a period of `period_h` hours, `last_rate` that of the last one that is known to
    have ended, both fractions, positive when longs pay. `percentile` (0-100, ties count half) is where `rate` stands in
    the `history_days` of periods that are known, None for fewer than 30 days. Open interest is base coin, one side
    counted; `changes` are its fractions over 1 h, 4 h and 24 h. `ratio` is long accounts per short one. What is older
    than ten minutes is `stale` and counts in no sum.
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
    """The perpetuals of one kind. `rate_1h` is per hour, weighted by open interest, over `live` of `known` markets."""

    kind: MarketKind
    rate_1h: float | None
    open_interest: float | None
    open_interest_usd: float | None
    changes: tuple[float | None, ...]
    live: int
    known: int


@dataclass(frozen=True, slots=True)
class SpanReading:
    """What happened over a span, from the markets whose open interest is known at both ends."""

    span_ns: int
    price_change: float | None
    interest_change: float | None
    reading: Reading | None
    counted: int
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class PositionLine:
    """One market at each bar: open interest (base coin) and funding per hour, NaN where neither was told lately."""

    market: MarketState
    open_interest: Floats
    rate_1h: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FundingView:
    """One row and one line a perpetual, the groups by kind, and what the last hours say.

    The arrays have one entry a bar. `total` is summed over `counted` markets, and so is funding weighted by open
    interest, `linear_1h` dollar-margined and `inverse_1h` coin-margined, per hour.
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
