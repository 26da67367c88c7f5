"""The bars of a view where they stand on the chart, with their figures as arrays."""

from __future__ import annotations

import numpy as np

from widgets.items.grids import RunGrid
from widgets.items.scale import SlotGrid
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import FootprintBar
from workstation.readmodels.flow.outliers import extent, outlying_bars

_WHOLE = ("start_ns", "end_ns", "slot", "complete")
_PRICES = ("open", "high", "low", "close")
FIGURES = (*_WHOLE, *_PRICES, "buy", "sell", "min_delta", "max_delta", "trades")
_Figures = np.ndarray[tuple[int], np.dtype[np.void]]
_RECORD = np.dtype([(name, np.int64 if name in _WHOLE else np.float64) for name in FIGURES])


def _figures_of(bars: tuple[FootprintBar, ...]) -> _Figures:
    found = np.array([tuple(getattr(bar, name) for name in FIGURES) for bar in bars], _RECORD)
    for at, bar in enumerate(bars):
        if bar.limits is not None:
            for name in _PRICES:
                found[name][at] = bar.plausible(getattr(bar, name))
    return found


class BarsOnGrid:
    """The bars of a view with their slots and figures as arrays, ascending; prices without outliers.

    Without a `grid` the bars are not of time: they stand side by side by their running numbers. `before` is what was
    shown until now: a tick changes only the last bar, and then only its entries are worked out.
    """

    def __init__(self, bars: tuple[FootprintBar, ...], grid: SlotGrid | None, before: BarsOnGrid | None = None) -> None:
        self.bars, self._given = bars, grid
        ticked = before is not None and before._given == grid and before.bars[:-1] == bars[:-1] and len(bars) > 0
        if ticked and before is not None and len(before.bars) == len(bars):
            self._figures: _Figures = np.concatenate((before._figures[:-1], _figures_of(bars[-1:])))
        else:
            self._figures = _figures_of(bars)
        if grid is None:
            self.slots: Ints = self._figures["slot"]
            ends = int(self._figures["end_ns"][-1]) if bars else 0
            self.grid: SlotGrid = RunGrid(int(self.slots[0]) if bars else 0, self._figures["start_ns"], ends)
        else:
            self.slots = self._figures["start_ns"] // grid.bar_ns - grid.origin
            self.grid = grid
        self.lows: Floats = self._figures["low"]
        self.highs: Floats = self._figures["high"]

    def figure(self, name: str) -> Floats:
        values: Floats = self._figures[name]
        return values

    def between(self, left: float, right: float) -> slice:
        first = int(np.searchsorted(self.slots, np.floor(left), side="left"))
        return slice(first, int(np.searchsorted(self.slots, right, side="right")))

    def at(self, slot: float) -> int | None:
        wanted = int(np.floor(slot))
        index = int(np.searchsorted(self.slots, wanted))
        return index if index < len(self.bars) and self.slots[index] == wanted else None

    def value_extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest price of the bars in sight."""
        part = self.between(left, right)
        if part.start >= part.stop:
            return None
        return extent(self.lows[part], self.highs[part], self._figures["trades"][part])

    def outliers(self, left: float, right: float) -> list[tuple[int, bool]]:
        """The slots in sight with a print that does not stretch the scale, and whether it is above the others."""
        part = self.between(left, right)
        lows, highs = self.lows[part], self.highs[part]
        alone = outlying_bars(lows, highs, self._figures["trades"][part])
        found = [
            (int(slot), bar.outliers[-1].row > bar.poc_row)
            for slot, bar in zip(self.slots[part], self.bars[part], strict=True)
            if bar.outliers
        ]
        if alone.any() and not alone.all():
            middle = float(np.median(lows[~alone]))
            found += [(int(self.slots[part][at]), bool(lows[at] > middle)) for at in np.flatnonzero(alone)]
        return found

    def moved_since(self, before: BarsOnGrid) -> int:
        """By how many slots the bars of `before` have moved: running numbers begin again when older trades arrive."""
        if self._given is not None or not before.bars or not self.bars:
            return 0
        anchor = int(before.figure("start_ns")[-1])
        at = int(np.searchsorted(self.figure("start_ns"), anchor, "right")) - 1
        return int(self.slots[at]) - int(before.slots[-1]) if at >= 0 else 0
