"""Bars over many stored trades, filled in steps of so many trades, so that the caller can do something else in between.

Trades received meanwhile are counted at the end: the bars are the same, to the bit, as if filled at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from workstation.analytics.bars.series import BarSeries
from workstation.analytics.store.column_store import CHUNK
from workstation.analytics.store.trades import TradeStore

FILLED_AT_ONCE = 20 * CHUNK  # trades; counting fewer takes less than a few frames


class StepwiseFill:
    """A series that is being filled. `share` of the trades stored at the beginning are counted, 0 to 1."""

    def __init__(self, series: BarSeries, store: TradeStore) -> None:
        self.series = series
        self.share = 0.0
        self._until = store.total
        self._steps = series.fill_in_steps(deepcopy(store))  # shares what is packed

    @property
    def markets(self) -> Iterable[int]:
        """Indexes of its markets."""
        return self.series.markets

    def step(self) -> bool:
        """Count some more trades. Returns True when all are counted."""
        self.share = next(self._steps, 1.0)
        return self.share >= 1.0

    def end(self, store: TradeStore) -> BarSeries:
        """Count all remaining trades, those received since the beginning included."""
        while not self.step():
            continue
        for part in store.after(self._until):
            self.series.fill(part)
        return self.series
