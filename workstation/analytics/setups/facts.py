"""What detectors look at: one closed bar in numbers, with the levels that were known before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from workstation.readmodels.session.setups import Numbers, SetupLevel

BASELINE = 20  # bars that say what is usual


@dataclass(frozen=True, slots=True)
class BarFacts:
    """A closed bar of all perpetuals. `poc` is the middle of its POC row; `buy_stacks` and `sell_stacks` count stacked
    imbalances.

    `cvd` is at the close, from the start of the bars looked at. `spot_delta` (buy minus sell volume of spot),
    `oi_change` and the liquidated positions (quote) are NaN where they are not known. `complete` says that no trade of
    the perpetuals is missing.
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
        return self.buy - self.sell

    @property
    def volume(self) -> float:
        """Buy plus sell volume."""
        return self.buy + self.sell

    @property
    def spread(self) -> float:
        """High minus low."""
        return self.high - self.low

    def stacks(self, direction: int) -> int:
        """Stacked imbalances of buyers (+1) or sellers (-1)."""
        return self.buy_stacks if direction > 0 else self.sell_stacks

    def liquidated(self, direction: int) -> float:
        """Liquidated positions of those who had bet on `direction`: longs for +1."""
        return self.long_liquidated if direction > 0 else self.short_liquidated

    def extreme(self, direction: int) -> float:
        """The high for +1, the low for -1."""
        return self.high if direction > 0 else self.low


Past = Sequence[BarFacts]  # the bars before the one looked at, oldest first, none of them missing trades


def usual(past: Past, of: Callable[[BarFacts], float]) -> float:
    """The median of a number over the last bars; NaN while there are too few or none of it is known."""
    values = [value for bar in past[-BASELINE:] if not math.isnan(value := of(bar))]
    return median(values) if len(past) >= BASELINE and values else math.nan


def told(**values: float | None) -> Numbers:
    """Numbers for a receipt; NaN becomes None."""
    return tuple((name, None if value is None or math.isnan(value) else float(value)) for name, value in values.items())
