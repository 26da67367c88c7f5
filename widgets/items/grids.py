"""Where bars that are not of time stand: one slot a bar, as wide as any other, however long it took."""

import numpy as np

from widgets.items.scale import SlotGrid
from widgets.items.ticks import Tick, run_ticks
from workstation.readmodels.arrays import Floats, Ints

_LEAST_NS = 1_000_000  # a bar whose trades share a millisecond


class RunGrid(SlotGrid):
    """Consecutive slots that are not equally long: each begins at its own venue time; `end_ns` is the last trade's.

    A moment inside a bar lies at its share of the bar's time. Before the first and after the last bar a slot is worth
    the mean time of all, which is `bar_ns`.
    """

    def __init__(self, first_slot: int, starts: Ints, end_ns: int) -> None:
        known = len(starts) > 0
        edges = np.append(starts, max(end_ns, int(starts[-1]) + _LEAST_NS)) if known else np.zeros(1, np.int64)
        super().__init__(max(int(edges[-1] - edges[0]) // max(len(starts), 1), _LEAST_NS), 0)
        self._first, self._edges = first_slot, edges

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def slot(self, ts_ns: int) -> float:
        edges = self._edges
        if ts_ns < edges[0]:
            return self._first - float(edges[0] - ts_ns) / self.bar_ns
        if ts_ns >= edges[-1]:
            return self._first + len(edges) - 1 + float(ts_ns - edges[-1]) / self.bar_ns
        at = int(np.searchsorted(edges, ts_ns, "right")) - 1
        return self._first + at + float(ts_ns - edges[at]) / float(edges[at + 1] - edges[at])

    def slots(self, ts_ns: Ints) -> Floats:
        edges = self._edges
        at = np.clip(np.searchsorted(edges, ts_ns, "right") - 1, 0, max(len(edges) - 2, 0))
        longs = np.append(np.diff(edges), self.bar_ns)[at].astype(np.float64)
        outside = (ts_ns < edges[0]) | (ts_ns >= edges[-1])
        at = np.where(ts_ns >= edges[-1], len(edges) - 1, at)
        return self._first + at + (ts_ns - edges[at]) / np.where(outside, float(self.bar_ns), longs)

    def ts_ns(self, slot: float) -> int:
        edges, inside = self._edges, slot - self._first
        if inside < 0:
            return int(edges[0]) + round(inside * self.bar_ns)
        at = int(inside)
        if at >= len(edges) - 1:
            return int(edges[-1]) + round((inside - (len(edges) - 1)) * self.bar_ns)
        return int(edges[at]) + round((inside - at) * float(edges[at + 1] - edges[at]))

    def ticks(self, left: float, right: float, width_px: float) -> list[Tick]:
        """Round slots with the time at which their bars begin."""
        return run_ticks(self._first, self._edges[:-1], left, right, width_px)
