"""Prints, consecutive trades of one market and side in one venue millisecond, and the largest of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workstation.analytics.store.column_store import joined
from workstation.analytics.store.trades import Trades, TradeStore
from workstation.readmodels.arrays import Floats, Ints

BIG_PERCENT = 99.5
_MS = 1_000_000
_STEP = 0.01  # bin width of the histogram in natural logarithm: thresholds are exact to 1 %
_BINS = 4_096
_LOWEST = -8.0  # logarithm of the first bin


class Prints(NamedTuple):
    """Columns of prints; `ticks` is the mean price weighted by size, `trades` the number of merged trades."""

    ts: Ints
    ticks: Floats
    size: Floats
    notional: Floats
    sign: Ints
    market: Ints
    trades: Ints

    def at(self, index: npt.NDArray[np.generic] | slice) -> Prints:
        """The prints selected by a mask, indices or a slice."""
        return Prints(
            self.ts[index],
            self.ticks[index],
            self.size[index],
            self.notional[index],
            self.sign[index],
            self.market[index],
            self.trades[index],
        )


def merge_sweeps(trades: Trades) -> Prints:
    """Merge consecutive trades of one market and side in one venue millisecond into prints, in store order."""
    if not len(trades.ts):
        return _empty_prints(0)
    ms = trades.ts // _MS
    first = np.flatnonzero(np.concatenate(([True], (np.diff(ms) != 0) | (np.diff(trades.lane) != 0))))
    count = np.diff(np.concatenate((first, [len(ms)])))
    size = np.add.reduceat(trades.size, first)
    begin = trades.ticks[first]
    away = np.add.reduceat(trades.size * (trades.ticks - np.repeat(begin, count)), first)
    ticks = begin + away / np.where(size > 0, size, 1.0)
    notional = np.add.reduceat(trades.notional, first)
    return Prints(trades.ts[first].copy(), ticks, size, notional, trades.sign[first], trades.market[first], count)


class PrintLog:
    """Prints in growing columns. `version` counts appends."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.version = 0
        self._columns = _NO_PRINTS
        self._end = 0

    @property
    def prints(self) -> Prints:
        """All prints."""
        return self._columns.at(slice(self._end))

    def append(self, prints: Prints, floor: float) -> None:
        """Add prints; when full, prints below `floor` (quote) and the oldest beyond the cap are dropped first."""
        if not len(prints.ts):
            return
        if self._end + len(prints.ts) > len(self._columns.ts):
            self._make_room(len(prints.ts), floor)
        end = self._end + len(prints.ts)
        for column, new in zip(self._columns, prints, strict=True):
            column[self._end : end] = new
        self._end = end
        self.version += 1

    def _make_room(self, count: int, floor: float) -> None:
        retained = self.prints
        retained = retained.at(np.flatnonzero(retained.notional >= floor)[-self._cap :])
        self._end = len(retained.ts)
        room = _empty_prints(2 * (self._end + count))
        self._columns = joined_prints([retained, room])


class BigPrints:
    """Prints of some markets at or above a threshold (quote): `minimum`, or the 99.5th percentile of all prints.

    The percentile is the lower edge of its bin in a histogram with steps of 1 %. Prints of at least half of it are
    retained, so that it may fall; below that the store is read again.
    """

    def __init__(self, markets: Collection[int], minimum: float | None, cap: int) -> None:
        self._cap = cap
        self._markets = list(markets)
        self._minimum = minimum
        self._begin(minimum or 0.0)

    def _begin(self, floor: float) -> None:
        self._floor = floor
        self._position = 0
        self._open: Trades | None = None  # trades of the newest print, which may grow
        self._newest = _NO_PRINTS  # the newest print
        self._bins = np.zeros(_BINS, np.int64)
        self._log = PrintLog(self._cap)
        self._threshold = self._minimum or 0.0
        self._found: tuple[object, Prints] = (None, _NO_PRINTS)

    def update(self, store: TradeStore) -> None:
        """Count new trades."""
        self._read(store)
        while self._minimum is None and self._threshold < self._floor:
            lower = self._threshold / 2
            self._begin(0.0)
            self._read(store, lower)

    def threshold(self) -> float:
        """Least notional of a big print (quote)."""
        return self._threshold

    def largest(self, start_ns: int, end_ns: int, count: int) -> Prints:
        """The `count` largest of the big prints of [start, end), of equal ones the earlier, in store order.

        Cached until another print is big.
        """
        newest = self._newest.at(self._newest.notional >= self._threshold)
        key = (start_ns, end_ns, count, self._log, self._log.version, self._threshold, newest.notional.tolist())
        if key != self._found[0]:
            retained = self._log.prints
            prints = joined_prints(
                [retained.at(np.flatnonzero(retained.notional >= self._threshold)[-self._cap :]), newest]
            )
            prints = prints.at((prints.ts >= start_ns) & (prints.ts < end_ns))
            if len(prints.ts) > count:
                prints = prints.at(np.sort(np.argsort(-prints.notional, kind="stable")[:count]))
            self._found = key, prints
        return self._found[1]

    def _read(self, store: TradeStore, most: float | None = None) -> None:
        for part in store.after(self._position):
            self._count(part.of(self._markets))
            if self._minimum is None:
                self._threshold = self._percentile()
                half = self._threshold / 2
                self._floor = max(self._floor, half if most is None else min(half, most))
        self._position = store.total

    def _percentile(self) -> float:
        bins = self._bins
        if len(self._newest.ts):
            bins = bins.copy()
            bins[_bins_of(self._newest.notional)] += 1
        below = np.cumsum(bins)
        rank = int(np.ceil(int(below[-1]) * BIG_PERCENT / 100))
        return _edge(int(np.searchsorted(below, rank))) if below[-1] else 0.0

    def _count(self, trades: Trades) -> None:
        if not len(trades.ts):
            return
        if self._open is not None:
            trades = joined(Trades, [self._open, trades])
        prints = merge_sweeps(trades)
        self._open = trades.at(np.arange(len(trades.ts) - int(prints.trades[-1]), len(trades.ts)))
        self._newest = prints.at(slice(-1, None))
        whole = prints.at(slice(None, -1))
        np.add.at(self._bins, _bins_of(whole.notional), 1)
        self._log.append(whole.at(whole.notional >= self._floor), self._floor)


def _bins_of(notional: Floats) -> Ints:
    with np.errstate(divide="ignore"):
        at = np.floor((np.log(notional) - _LOWEST) / _STEP)
    return np.clip(at, 0, _BINS - 1).astype(np.int64)


def _edge(at: int) -> float:
    return float(np.exp(_LOWEST + at * _STEP)) if at else 0.0


def _empty_prints(count: int) -> Prints:
    whole, real = np.zeros((4, count), np.int64), np.zeros((3, count))
    return Prints(whole[0], *real, *whole[1:])


def joined_prints(parts: list[Prints]) -> Prints:
    """Concatenate prints."""
    return Prints(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


_NO_PRINTS = _empty_prints(0)
