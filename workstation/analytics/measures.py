"""Running numbers at the close of every bar: CVD and VWAP, begun again at 00:00 UTC or from an anchor.

Bars that were dropped still count: their sums were carried over by day.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from workstation.analytics.bars import Trail
from workstation.analytics.shelf import COLUMNS, DAY_NS, Shelf, numbers_of
from workstation.readmodels import Floats, FootprintBar, Ints


class Table:
    """The numbers of all bars of a series, live ones included, in columns."""

    def __init__(self, shelf: Shelf, live: Sequence[FootprintBar], trails: Sequence[Trail]) -> None:
        numbers = shelf.numbers
        rows = [numbers_of(bar, trail) for bar, trail in zip(live, trails, strict=True)]
        times = [(bar.start_ns, bar.end_ns) for bar in live]
        self.shelf = shelf
        self._rows = np.concatenate((numbers.rows, np.array(rows).reshape(-1, len(COLUMNS))))
        self._times = np.concatenate((numbers.times, np.array(times, np.int64).reshape(-1, 2)))

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, name: str) -> Floats:
        return self._rows[:, COLUMNS.index(name)]

    @property
    def start_ns(self) -> Ints:
        """Starts of the bars."""
        return self._times[:, 0]

    @property
    def end_ns(self) -> Ints:
        """Ends of the bars."""
        return self._times[:, 1]

    def cvd(self, column: str = "delta", *, daily_reset: bool = True) -> Floats:
        """Buy minus sell volume at the close of every bar: since 00:00 UTC of its day, or since the first trade."""
        if not daily_reset:
            return _cumulated(getattr(self.shelf.before, column), self[column])
        carried = {day: getattr(sums, column) for day, sums in self.shelf.carried.items()}
        return by_day(self[column], self.start_ns, carried)


def by_day(values: Floats, start_ns: Ints, carried: dict[int, float]) -> Floats:
    """Partial sums that begin again every UTC day, with what is carried over of that day."""
    if not len(values):
        return np.empty(0)
    days = start_ns // DAY_NS
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(values)]
    return np.concatenate(
        [_cumulated(carried.get(int(days[begin]), 0.0), values[begin:end]) for begin, end in pairwise(edges)]
    )


def vwap(table: Table, anchor_ns: int | None) -> tuple[Floats, Floats]:
    """VWAP and the standard deviation of price around it, weighted by volume, at the close of every bar.

    From 00:00 UTC of each day, or from the bar that the anchor lies in. NaN before it, before anything traded, and
    everywhere if bars since the anchor were dropped and it is no 00:00 UTC.
    """
    if not len(table):
        return np.empty(0), np.empty(0)
    reference = float(table["open"][0])
    volume, moment, square = (
        by_day(column, table.start_ns, carried) if anchor_ns is None else _anchored(table, column, carried, anchor_ns)
        for column, carried in zip(_about(table, reference), _carried_about(table.shelf, reference), strict=True)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moment / volume
        variance = np.maximum(square / volume - mean * mean, 0.0)
    return reference + mean, np.sqrt(variance)


def _about(table: Table, reference: float) -> tuple[Floats, Floats, Floats]:
    """Sums of size, size * (price - reference) and size * (price - reference) ** 2 by bar."""
    volume, moment, away = table["volume"], table["moment"], table["open"] - reference
    return volume, moment + volume * away, table["square"] + 2 * away * moment + volume * away * away


def _carried_about(shelf: Shelf, reference: float) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    volume, moment, square = {}, {}, {}
    for day, sums in shelf.carried.items():
        away = sums.mean - reference
        volume[day], moment[day] = sums.volume, sums.volume * away
        square[day] = sums.square + sums.volume * away * away
    return volume, moment, square


def _anchored(table: Table, values: Floats, carried: dict[int, float], anchor_ns: int) -> Floats:
    first = int(np.searchsorted(table.end_ns, anchor_ns, "right"))
    begin = 0.0
    if first == 0 and carried:
        begin = sum(carried[day] for day in sorted(carried) if day * DAY_NS >= anchor_ns)
        if anchor_ns % DAY_NS and max(carried) >= anchor_ns // DAY_NS:
            begin = np.nan
    return np.concatenate((np.full(first, np.nan), _cumulated(begin, values[first:])))


def _cumulated(begin: float, values: Floats) -> Floats:
    """Left to right, so that a bar that was dropped leaves the bits of the later ones alone."""
    return np.cumsum(np.concatenate(([begin], values)))[1:]
