"""Bars over many stored trades, filled in steps between which the caller can do other work.

Trades received meanwhile are counted at the end; the bars are bit-identical to those filled at once.
"""

from collections.abc import Iterable
from copy import deepcopy

from workstation.analytics.bars.series import BarSeries
from workstation.analytics.store.column_store import CHUNK
from workstation.analytics.store.trades import TradeStore

FILLED_AT_ONCE = 20 * CHUNK  # trades; counting fewer takes at most a few frames


class StepwiseFill:
    """A series being filled; `share` (0 to 1) of the trades stored at the beginning are counted."""

    def __init__(self, series: BarSeries, store: TradeStore) -> None:
        self.series = series
        self.share = 0.0
        self._until = store.total
        self._steps = series.fill_in_steps(deepcopy(store))  # shares the packed chunks

    @property
    def markets(self) -> Iterable[int]:
        return self.series.markets

    def step(self) -> bool:
        """Count some more trades. Returns True when all are counted."""
        self.share = next(self._steps, 1.0)
        return self.share >= 1.0

    def end(self, store: TradeStore) -> BarSeries:
        """Count all remaining trades, including those received since the beginning."""
        while not self.step():
            continue
        for part in store.after(self._until):
            self.series.fill(part)
        return self.series
