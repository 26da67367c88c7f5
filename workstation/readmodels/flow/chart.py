"""Quotes beside a chart, and the markets behind a cell: requests and views."""

from dataclasses import dataclass

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request


@dataclass(frozen=True, slots=True)
class QuotesRequest(Request["QuotesView"]):
    """Best prices over the markets of a base that a filter accepts."""

    markets: MarketFilter = MarketFilter()


@dataclass(frozen=True, slots=True)
class QuotesView:
    """Highest bid and lowest ask among live books, which may cross between venues, and the median mark price of the
    perpetuals; None where unknown. `known` are all markets of the base, accepted or not.
    """

    request: QuotesRequest
    revision: int
    best_bid: float | None
    best_ask: float | None
    mark: float | None
    known: tuple[MarketState, ...]
    now_ns: int = 0


@dataclass(frozen=True, slots=True)
class CellRequest(Request["CellView"]):
    """Volume by market in rows `first_row`..`last_row` (inclusive) of `row_size`, venue time in [start_ns, end_ns)."""

    markets: MarketFilter
    row_size: float
    first_row: int
    last_row: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class CellView:
    """One entry per market that traded there, largest volume first: base coin and number of trades by side."""

    request: CellRequest
    revision: int
    markets: tuple[MarketState, ...]
    sell: Floats
    buy: Floats
    sells: Ints
    buys: Ints
