"""Where bases stand between resting orders and aggression: what a pane asks for and what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import Freshness, MarketFilter, MarketState
from workstation.readmodels.request import Request

SAMPLE_NS = 10_000_000_000
LEAST_SAMPLES = 30  # of the rolling percentile
NEUTRAL = 0.15
CLIP = 1.5


class Quadrant(StrEnum):
    """What a corner means: which side rests, and which side crosses the spread."""

    BUYERS = "buyers in control"  # bids rest, buyers aggress
    INTO_OFFERS = "buying into offers"
    SELLERS = "sellers in control"
    INTO_BIDS = "selling into bids"
    NEUTRAL = "neutral"  # either is smaller than 0.15


@dataclass(frozen=True, slots=True)
class QuadrantRequest(Request["QuadrantView"]):
    """All bases in focus: OBI against the CVD of `window_ns`, with the samples of the last `trail_ns`.

    `markets` are all perpetuals unless told otherwise; `base` narrows nothing.
    """

    base: str = ""
    markets: MarketFilter = MarketFilter()
    window_ns: int = 300_000_000_000
    trail_ns: int = 1_800_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class QuadrantDot:
    """One base. The arrays have one entry a sample of the trail, oldest first, NaN where an input was not known.

    `x` and `y` are `obi` and `cvd` (USD) divided by `obi_scale` and `cvd_scale`, their 95th percentiles of absolute
    value in the 24 h that end with the sample, within +-1.5. `reason` says why the newest is not known. `live` of
    `known` markets count in it.
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
    """One dot a base in focus, in order of arrival."""

    request: QuadrantRequest
    revision: int
    dots: tuple[QuadrantDot, ...]
    markets: tuple[MarketState, ...]
    now_ns: int = 0
