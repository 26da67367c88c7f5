"""Positioning quadrant, order-book imbalance against CVD of the bases in focus: request and view."""

from dataclasses import dataclass
from enum import StrEnum

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import Freshness, MarketFilter, MarketState
from workstation.readmodels.request import Request

SAMPLE_NS = 10_000_000_000
LEAST_SAMPLES = 30  # for the rolling percentile
NEUTRAL = 0.15
CLIP = 1.5


class Quadrant(StrEnum):
    """Meaning of a corner: which side rests in the book, which side crosses the spread."""

    BUYERS = "buyers in control"  # bids rest, buyers aggress
    INTO_OFFERS = "buying into offers"
    SELLERS = "sellers in control"
    INTO_BIDS = "selling into bids"
    NEUTRAL = "neutral"  # either coordinate is smaller than 0.15


@dataclass(frozen=True, slots=True)
class QuadrantRequest(Request["QuadrantView"]):
    """All bases in focus: OBI against the CVD of `window_ns`, with the samples of the last `trail_ns`.

    `markets` are all perpetuals by default; `base` is not used.
    """

    base: str = ""
    markets: MarketFilter = MarketFilter()
    window_ns: int = 300_000_000_000
    trail_ns: int = 1_800_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class QuadrantDot:
    """One base. The arrays have one entry per sample of the trail, oldest first, NaN where an input is unknown.

    `x` and `y` are `obi` and `cvd` (USD) over `obi_scale` and `cvd_scale`, the 95th percentiles of their absolute
    values in the 24 h up to the sample, clipped to +-1.5. `reason` is why the newest sample is unknown. It covers
    `live` of `known` markets.
    """

    base: str
    ts_ns: Ints
    x: Floats
    y: Floats
    obi: Floats
    cvd: Floats
    obi_scale: Floats
    cvd_scale: Floats
    quadrant: Quadrant | None
    freshness: Freshness
    reason: str
    live: int
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class QuadrantView:
    """One dot per base in focus, in order of arrival."""

    request: QuadrantRequest
    revision: int
    dots: tuple[QuadrantDot, ...]
    markets: tuple[MarketState, ...]
    now_ns: int = 0
