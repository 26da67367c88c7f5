"""The venue's own one-minute candles of one market, and what they say of longer bars before the trades begin."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from feeds.model.events import Candle, Candles
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.candles import NO_CANDLES, CandleColumns

MINUTE_NS = 60_000_000_000
RETAINED_CANDLES = 3_000
_CACHED_SPANS = 8


class Columns(NamedTuple):
    """Consecutive bars as arrays. `bought` is NaN where the venue does not tell, `turnover` as well."""

    start: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    bought: Floats


class CandleStore:
    """The candles of one market by their beginning, the newest 3000 of them."""

    def __init__(self) -> None:
        self._rows: list[Candle] = []
        self._merged: dict[tuple[int, int], Columns] = {}

    def __deepcopy__(self, memo: object) -> CandleStore:
        copy = CandleStore()
        copy._rows = self._rows  # never changed in place
        return copy

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, event: Candles) -> None:
        """Add candles of a minute; one that is told again replaces what it was."""
        if event.bar_ns != MINUTE_NS:
            return
        rows = {row.start_ns: row for row in (*self._rows, *event.rows)}
        self._rows = sorted(rows.values(), key=lambda row: row.start_ns)[-RETAINED_CANDLES:]
        self._merged.clear()

    def bars(self, bar_ns: int, end_ns: int) -> Columns | None:
        """Bars of whole minutes that end by `end_ns`; None without any."""
        if bar_ns % MINUTE_NS:
            return None
        found = self._merged.get((bar_ns, end_ns))
        if found is not None:
            return found
        rows = self._rows[: bisect_left(self._rows, end_ns - end_ns % bar_ns, key=lambda row: row.start_ns)]
        if not rows:
            return None
        if len(self._merged) >= _CACHED_SPANS:
            self._merged.clear()
        merged = self._merged[bar_ns, end_ns] = _merged(rows, bar_ns)
        return merged


def _merged(rows: Sequence[Candle], bar_ns: int) -> Columns:
    start = np.array([row.start_ns for row in rows], np.int64)
    start -= start % bar_ns
    first = np.flatnonzero(np.diff(start, prepend=start[0] - 1))
    last = np.append(first[1:], len(rows)) - 1
    opened, high, low, close, volume, turnover, bought = np.array([row[1:] for row in rows], np.float64).T
    return Columns(
        start[first],
        opened[first],
        np.maximum.reduceat(high, first),
        np.minimum.reduceat(low, first),
        close[last],
        np.add.reduceat(volume, first),
        np.add.reduceat(turnover, first),
        np.add.reduceat(bought, first),
    )


def summed(parts: Sequence[Columns]) -> CandleColumns:
    """Bars of several markets on one axis."""
    if not parts:
        return NO_CANDLES
    parts = sorted(parts, key=lambda part: float(part.volume.sum()))
    axis = np.unique(np.concatenate([part.start for part in parts]))
    opened, close = np.empty(len(axis)), np.empty(len(axis))
    high, low = np.full(len(axis), -np.inf), np.full(len(axis), np.inf)
    volume, delta = np.zeros(len(axis)), np.zeros(len(axis))
    for part in parts:  # the one that traded most comes last and has the last word
        at: npt.NDArray[np.intp] = np.searchsorted(axis, part.start)
        opened[at], close[at] = part.open, part.close
        high[at], low[at] = np.maximum(high[at], part.high), np.minimum(low[at], part.low)
        volume[at] += part.volume
        delta[at] += 2.0 * part.bought - part.volume
    columns = (axis, opened, high, low, close, volume, delta)
    for column in columns:
        column.flags.writeable = False
    return CandleColumns(*columns)


def delta_of(part: Columns, in_usd: bool) -> Floats:
    """What takers bought more than they sold in each bar; in quote at the bar's average price."""
    delta = 2.0 * part.bought - part.volume
    if not in_usd:
        return delta
    return delta * np.divide(part.turnover, part.volume, out=np.zeros(len(delta)), where=part.volume > 0)
