"""The input of detectors: one closed bar in numbers, with the levels known before it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from workstation.readmodels.net import net
from workstation.readmodels.session.setups import Numbers, SetupLevel

BASELINE = 20  # bars whose median is the usual value


@dataclass(frozen=True, slots=True)
class BarFacts:
    """A closed bar of all perpetuals of a base, volumes in base coin. `poc` is the middle of its POC row; `buy_stacks`
    and `sell_stacks` count stacked imbalances (Guide: Definitions).

    `cvd` is at the close, counted from the first bar of the run. `spot_delta` (buy minus sell volume of spot, base
    coin), `oi_change` (base coin) and the liquidated positions (quote notional) are NaN where unknown. `complete`: no
    trade of the perpetuals is missing.
    """

    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    buy: float
    sell: float
    poc: float
    buy_stacks: int
    sell_stacks: int
    cvd: float
    spot_delta: float
    oi_change: float
    long_liquidated: float
    short_liquidated: float
    complete: bool
    levels: tuple[SetupLevel, ...] = ()

    @property
    def delta(self) -> float:
        """Buy minus sell volume."""
        return net(self.buy, self.sell)

    @property
    def volume(self) -> float:
        """Buy plus sell volume."""
        return self.buy + self.sell

    @property
    def bar_range(self) -> float:
        """High minus low."""
        return self.high - self.low

    def stacks(self, direction: int) -> int:
        """Count of stacked imbalances of buyers (+1) or sellers (-1)."""
        return self.buy_stacks if direction > 0 else self.sell_stacks

    def liquidated(self, direction: int) -> float:
        """Liquidated notional (quote) of longs for +1, of shorts for -1."""
        return self.long_liquidated if direction > 0 else self.short_liquidated

    def extreme(self, direction: int) -> float:
        """The high for +1, the low for -1."""
        return self.high if direction > 0 else self.low


Past = Sequence[BarFacts]  # complete bars before the current one, oldest first


def usual(past: Past, of: Callable[[BarFacts], float]) -> float:
    """Median over the last `BASELINE` bars, NaN values ignored; NaN with fewer bars or no known value."""
    values = [value for bar in past[-BASELINE:] if not math.isnan(value := of(bar))]
    return median(values) if len(past) >= BASELINE and values else math.nan


def named_numbers(**values: float | None) -> Numbers:
    """Pairs of name and value for a setup's receipt; NaN becomes None."""
    return tuple((name, None if value is None or math.isnan(value) else float(value)) for name, value in values.items())
