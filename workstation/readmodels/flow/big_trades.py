"""Largest trades of a span of time: request and view."""

from dataclasses import dataclass

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request


@dataclass(frozen=True, slots=True)
class BigTradesRequest(Request["BigTrades"]):
    """Prints of at least `minimum_usd` (None: the 99.5th percentile of the retained prints) in [start_ns, end_ns).

    Prints are merged as on the tape; the view holds at most the `count` largest.
    """

    markets: MarketFilter = MarketFilter()
    minimum_usd: float | None = None
    start_ns: int = 0
    end_ns: int = 1 << 62
    count: int = 700


@dataclass(frozen=True, slots=True, eq=False)
class BigTrades:
    """Prints at or above `threshold_usd`, oldest first; `side` is +1 buy, -1 sell, 0 unknown; `market` indexes
    `markets`.
    """

    request: BigTradesRequest
    revision: int
    threshold_usd: float
    ts_venue_ns: Ints
    price: Floats
    notional: Floats
    side: Ints
    market: Ints
    markets: tuple[MarketState, ...]
