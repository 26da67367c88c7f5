"""Volume profile of a span of time: request and view."""

from dataclasses import dataclass

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import ValueAreaMode
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.request import Request


@dataclass(frozen=True, slots=True)
class ProfileRequest(Request["ProfileView"]):
    """Volume by row of the trades with a venue time in [start_ns, end_ns).

    `smoothing_rows` is the number of rows to each side averaged before nodes are searched.
    """

    markets: MarketFilter
    row_size: float
    start_ns: int
    end_ns: int
    value_area: float = 0.70
    value_area_mode: ValueAreaMode = ValueAreaMode.GROW
    smoothing_rows: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class ProfileView:
    """Volume (base coin) by row from `first_row` on, contiguous; empty arrays and rows 0 without trades.

    A high-volume node is a local maximum of the smoothed profile above its mean, a low-volume node a local minimum,
    not at an end, below half of its mean; of a plateau the middle row, the lower of two.
    """

    request: ProfileRequest
    revision: int
    first_row: int
    buy: Floats
    sell: Floats
    poc_row: int
    value_low_row: int
    value_high_row: int
    high_nodes: Ints
    low_nodes: Ints
