"""The venue's one-minute candles of one market, and longer bars merged from them for the time before its trades."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from feeds.model.events import Candle, Candles
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.candles import NO_CANDLES, CandleColumns
from workstation.readmodels.net import settled

MINUTE_NS = 60_000_000_000
RETAINED_CANDLES = 3_000
_CACHED_SPANS = 8


class Columns(NamedTuple):
    """Bars in order of start: prices in quote, `volume` and `bought` base coin, `turnover` quote.

    `bought` (taker buys) and `turnover` are NaN where the venue does not publish them.
    """

    start: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    bought: Floats


class CandleStore:
    """The newest 3000 candles of one market."""

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
        """Add one-minute candles, replacing those of the same minute; other intervals are ignored."""
        if event.bar_ns != MINUTE_NS:
            return
        rows = {row.start_ns: row for row in (*self._rows, *event.rows)}
        self._rows = sorted(rows.values(), key=lambda row: row.start_ns)[-RETAINED_CANDLES:]
        self._merged.clear()

    def traded_share(self, minutes: int = 60) -> float | None:
        """The share of the last minutes, the running one excluded, in which the market traded; None if unknown."""
        if not self._rows:
            return None
        end_ns = self._rows[-1].start_ns
        since_ns = end_ns - minutes * MINUTE_NS
        if self._rows[0].start_ns > since_ns:
            return None
        return sum(row.volume > 0 for row in self._rows if since_ns <= row.start_ns < end_ns) / minutes

    def bars(self, bar_ns: int, end_ns: int) -> Columns | None:
        """Bars that end by `end_ns`; None without any, or if `bar_ns` is not a whole number of minutes."""
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
    """Bars summed over markets on one axis; open and close are of the market with the largest volume.

    `delta` is base coin, NaN where a market's taker split is unknown.
    """
    if not parts:
        return NO_CANDLES
    parts = sorted(parts, key=lambda part: float(part.volume.sum()))
    axis = np.unique(np.concatenate([part.start for part in parts]))
    opened, close = np.empty(len(axis)), np.empty(len(axis))
    high, low = np.full(len(axis), -np.inf), np.full(len(axis), np.inf)
    volume, bought = np.zeros(len(axis)), np.zeros(len(axis))
    for part in parts:  # in ascending order of volume: the largest overwrites
        at: npt.NDArray[np.intp] = np.searchsorted(axis, part.start)
        opened[at], close[at] = part.open, part.close
        high[at], low[at] = np.maximum(high[at], part.high), np.minimum(low[at], part.low)
        volume[at] += part.volume
        bought[at] += part.bought
    columns = (axis, opened, high, low, close, volume, settled(2.0 * bought - volume, volume))
    for column in columns:
        column.flags.writeable = False
    return CandleColumns(*columns)


def delta_of(part: Columns, in_usd: bool) -> Floats:
    """Taker buys minus sells of each bar, in base coin or in quote at the bar's average price; NaN where unknown."""
    delta = settled(2.0 * part.bought - part.volume, part.volume)
    if not in_usd:
        return delta
    return delta * np.divide(part.turnover, part.volume, out=np.zeros(len(delta)), where=part.volume > 0)
