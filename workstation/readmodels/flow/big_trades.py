"""The largest trades of a span of time: the request for them and their view."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request


@dataclass(frozen=True, slots=True)
class BigTradesRequest(Request["BigTrades"]):
    """Prints of at least `minimum_usd` (None: the 99.5th percentile of the prints kept) in [start_ns, end_ns).

    They are merged as on the tape; no more than the `count` largest are given.
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
