"""Estimated liquidation levels: parameters, request and view.

All levels are estimates; real liquidations are separate fields.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request

Singles = npt.NDArray[np.float32]

HOUR_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class LevelRules:
    """Parameters of the estimate; `weights` are the shares of opened positions by tier of leverage.

    `maintenance` is the maintenance margin as a fraction of notional, `row_share` the height of a row as a fraction of
    the price. Raises ValueError for invalid parameters.
    """

    leverages: tuple[float, ...] = (10.0, 25.0, 50.0, 100.0)
    weights: tuple[float, ...] = (0.35, 0.30, 0.20, 0.15)
    maintenance: float = 0.005
    half_life_ns: int = 24 * HOUR_NS
    row_share: float = 0.0005

    def __post_init__(self) -> None:
        if len(self.leverages) != len(self.weights) or not self.leverages:
            raise ValueError("every leverage needs a weight")
        if any(weight < 0 for weight in self.weights) or abs(math.fsum(self.weights) - 1) > 1e-9:
            raise ValueError("weights are shares: none below 0, together 1")
        if not 0 <= self.maintenance < 0.5 or any(leverage < 2 for leverage in self.leverages):
            raise ValueError("leverage is at least 2, maintenance margin below 50 %")
        if any(1 / leverage <= self.maintenance for leverage in self.leverages):
            raise ValueError("the margin of a tier must be above the maintenance margin")
        if self.half_life_ns <= 0 or not 1e-5 <= self.row_share <= 0.05:
            raise ValueError("half-life and height of a row must be positive")


@dataclass(frozen=True, slots=True)
class LiquidationLevelsRequest(Request["LiquidationLevelsView"]):
    """Estimated levels of a base's perpetuals that a filter accepts, on minute bars of the last day and a half."""

    markets: MarketFilter = MarketFilter()
    rules: LevelRules = field(default_factory=LevelRules)


@dataclass(frozen=True, slots=True)
class LevelLedger:
    """Totals of the estimate, base coin: added = touched + closed + decayed + standing.

    `assumed` is the part of `added` without a published taker split, for which half is assumed long.
    """

    added: float = 0.0
    touched: float = 0.0
    closed: float = 0.0
    decayed: float = 0.0
    standing: float = 0.0
    assumed: float = 0.0


@dataclass(frozen=True, slots=True)
class LevelSource:
    """One perpetual in the estimate and the number of changes of its open interest."""

    market: MarketState
    changes: int


@dataclass(frozen=True, slots=True, eq=False)
class LiquidationLevelsView:
    """Row r of `levels` covers prices [(first_row + r) * row_size, ...); bar b starts at `start_ns + b * bar_ns`.

    `levels` (bars, rows) are base coin at the close of each finished bar, longs and shorts together: those below the
    price are longs. `running` continues them with the unfinished bars. `long_now` and `short_now` are present levels by
    row. `close`, `high`, `low` have one price per bar, NaN without trades. `liquidation_*` are the largest real
    liquidations, oldest first; `liquidation_position` is 1 long, -1 short.
    """

    request: LiquidationLevelsRequest
    revision: int
    bar_ns: int
    start_ns: int
    row_size: float
    first_row: int
    levels: Singles
    running: Singles
    long_now: Floats
    short_now: Floats
    close: Floats
    high: Floats
    low: Floats
    ledger: LevelLedger
    sources: tuple[LevelSource, ...]
    liquidation_ts_ns: Ints
    liquidation_price: Floats
    liquidation_usd: Floats
    liquidation_position: Ints
    gaps: Ints
    markets: tuple[MarketState, ...]
    last_price: float | None = None
    now_ns: int = 0

    @property
    def bars(self) -> int:
        """How many bars there are, running ones included."""
        return len(self.close)
