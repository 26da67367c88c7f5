"""Time and sales: request and view."""

from dataclasses import dataclass, field

from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request


@dataclass(frozen=True, slots=True)
class TapeRequest(Request["TapeView"]):
    """Recent prints of a base, newest first: trades of one market, side and venue millisecond in a run are one.

    `side` is +1 for buys only, -1 for sells, 0 for both. With `detail` the view also has pace, marks and the usual
    size.
    """

    markets: MarketFilter = MarketFilter(perp=None)
    minimum_usd: float = 0.0
    count: int = 200
    side: int = 0
    detail: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TapePace:
    """All prints of the markets by second of venue time.

    `second` are the seconds since the epoch with prints among the last 15, ascending. `mean_15s` is the mean number of
    prints per 15 s over the covered part of the half hour before; NaN if that is less than a minute.
    """

    second: Ints
    prints: Ints
    buy_usd: Floats
    sell_usd: Floats
    mean_15s: float


@dataclass(frozen=True, slots=True, eq=False)
class TapeView:
    """Prints, newest first.

    `side` is +1 buy, -1 sell, 0 unknown; `market` indexes `markets`; `prints` counts merged trades. With detail:
    `extreme` is +1 where a print was at or beyond its market's high of the UTC day so far, -1 at its low;
    `liquidation` is 1 where the venue published a liquidation of that market and side within 5 ms; `usual_big_usd` is
    the 99.5th percentile of the retained prints, NaN without trades.
    """

    request: TapeRequest
    revision: int
    ts_venue_ns: Ints
    price: Floats
    size: Floats
    notional: Floats
    side: Ints
    market: Ints
    prints: Ints
    markets: tuple[MarketState, ...]
    extreme: Ints = field(default_factory=no_ints)
    liquidation: Ints = field(default_factory=no_ints)
    usual_big_usd: float = float("nan")
    pace: TapePace | None = None


NO_PACE = TapePace(no_ints(), no_ints(), no_floats(), no_floats(), float("nan"))
