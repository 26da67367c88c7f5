"""Where positions would be liquidated, by an estimate with published rules: parameters, levels, and what became of all.

Everything here is estimated. What was really liquidated is kept apart.
"""

from __future__ import annotations

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
    """The parameters of the estimate; the weights of the tiers of leverage are shares of what is opened.

    `maintenance` is the maintenance margin as a fraction of the notional, `row_share` the height of a row as a fraction
    of the price. Raises ValueError for rules by which no position could stand.
    """

    leverages: tuple[float, ...] = (10.0, 25.0, 50.0, 100.0)
    weights: tuple[float, ...] = (0.35, 0.30, 0.20, 0.15)
    maintenance: float = 0.005
    half_life_ns: int = 24 * HOUR_NS
    row_share: float = 0.0005

    def __post_init__(self) -> None:
        if len(self.leverages) != len(self.weights) or not self.leverages:
            raise ValueError("every leverage needs a weight")
        if any(weight < 0 for weight in self.weights) or abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError("weights are shares: none below 0, together 1")
        if not 0 <= self.maintenance < 0.5 or any(leverage < 2 for leverage in self.leverages):
            raise ValueError("leverage is at least 2, maintenance margin below 50 %")
        if any(1 / leverage <= self.maintenance for leverage in self.leverages):
            raise ValueError("the margin of a tier must be above the maintenance margin")
        if self.half_life_ns <= 0 or not 1e-5 <= self.row_share <= 0.05:
            raise ValueError("half-life and height of a row must be positive")


@dataclass(frozen=True, slots=True)
class LiquidationLevelsRequest(Request["LiquidationLevelsView"]):
    """Estimated levels of a base on bars of a minute over the last day and a half, over the perpetuals of a filter."""

    markets: MarketFilter = MarketFilter()
    rules: LevelRules = field(default_factory=LevelRules)


@dataclass(frozen=True, slots=True)
class LevelLedger:
    """What became of everything that was added, base coin: added = touched + closed + decayed + standing.

    `assumed` is the part of `added` whose takers were not told: half and half is assumed for it.
    """

    added: float = 0.0
    touched: float = 0.0
    closed: float = 0.0
    decayed: float = 0.0
    standing: float = 0.0
    assumed: float = 0.0


@dataclass(frozen=True, slots=True)
class LevelSource:
    """One perpetual in the estimate: how many changes of its open interest went in. None: none is known."""

    market: MarketState
    changes: int


@dataclass(frozen=True, slots=True, eq=False)
class LiquidationLevelsView:
    """Row r of `levels` covers prices [(first_row + r) * row_size, ...); bar b starts at `start_ns + b * bar_ns`.

    `levels` are base coin standing at the close of each finished bar, longs and shorts together: those below the price
    are longs. `running` are those of the bars that are not finished, after them. `long_now` and `short_now` are as of
    now. `close`, `high`, `low` have one price a bar, NaN where nothing traded. `forced_*` are real liquidations, the
    largest ones, oldest first; `forced_position` is 1 long, -1 short.
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
    forced_ts_ns: Ints
    forced_price: Floats
    forced_usd: Floats
    forced_position: Ints
    gaps: Ints
    markets: tuple[MarketState, ...]
    last_price: float | None = None
    now_ns: int = 0

    @property
    def bars(self) -> int:
        """How many bars there are, running ones included."""
        return len(self.close)
