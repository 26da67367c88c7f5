"""Sweeps: neighbouring trades of one market and side in one venue millisecond are one print. The big ones are kept."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workstation.analytics.trades import Trades, TradeStore
from workstation.readmodels import Floats, Ints

BIG_PERCENT = 99.5
PRINTS_KEPT = 200_000
_MS = 1_000_000
_STEP = 0.01  # of the histogram, as a natural logarithm: thresholds are exact to a hundredth
_BINS = 4_096
_LOWEST = -8.0  # logarithm of the first bin


class Prints(NamedTuple):
    """Columns of merged prints; `ticks` is the mean weighted by size, `trades` how many they were."""

    ts: Ints
    ticks: Floats
    size: Floats
    notional: Floats
    sign: Ints
    market: Ints
    trades: Ints

    def at(self, index: npt.NDArray[np.generic] | slice) -> Prints:
        """The prints under a mask, at some indices or in a slice."""
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
    """Neighbouring trades of one market and side in one venue millisecond as one print, in the order of the store."""
    if not len(trades.ts):
        empty = np.empty(0, np.int64)
        return Prints(empty, np.empty(0), np.empty(0), np.empty(0), empty, empty, empty)
    ms = trades.ts // _MS
    first = np.flatnonzero(np.concatenate(([True], (np.diff(ms) != 0) | (np.diff(trades.lane) != 0))))
    count = np.diff(np.concatenate((first, [len(ms)])))
    size = np.add.reduceat(trades.size, first)
    begin = trades.ticks[first]
    away = np.add.reduceat(trades.size * (trades.ticks - np.repeat(begin, count)), first)
    ticks = begin + away / np.where(size > 0, size, 1.0)
    notional = np.add.reduceat(trades.notional, first)
    return Prints(trades.ts[first].copy(), ticks, size, notional, trades.sign[first], trades.market[first], count)


class BigPrints:
    """The prints of some markets at or above a threshold (quote), given or the 99.5th percentile of all of them.

    The percentile is the lower edge of its bin in a histogram with steps of a hundredth. Prints from half of it on are
    kept, so it may fall; below that the store is read again.
    """

    def __init__(self, markets: Collection[int], minimum: float | None) -> None:
        self._markets = list(markets)
        self._minimum = minimum
        self._begin(minimum or 0.0)

    def _begin(self, floor: float) -> None:
        self._floor = floor
        self._position = 0
        self._open: Trades | None = None  # the newest sweep, which may grow
        self._bins = np.zeros(_BINS, np.int64)
        self._kept: list[Prints] = []

    def update(self, store: TradeStore) -> None:
        """Count what came in since the last call."""
        self._read(store)
        while self._minimum is None and self.threshold() < self._floor:
            lower = self.threshold() / 2
            self._begin(0.0)
            self._read(store, lower)

    def threshold(self) -> float:
        """What a big print has at least."""
        if self._minimum is not None:
            return self._minimum
        bins = self._bins + np.bincount(_bins_of(self._newest().notional), minlength=_BINS)
        total = int(bins.sum())
        if not total:
            return 0.0
        rank = int(np.ceil(total * BIG_PERCENT / 100))
        return _edge(int(np.searchsorted(np.cumsum(bins), rank)))

    def big(self) -> Prints:
        """All big prints, in the order of the store."""
        prints = _joined([*self._kept, self._newest()])
        return prints.at(prints.notional >= self.threshold())

    def _newest(self) -> Prints:
        return merge_sweeps(self._open if self._open is not None else _NONE)

    def _read(self, store: TradeStore, most: float | None = None) -> None:
        for part in store.after(self._position):
            self._count(part.where(np.isin(part.market, self._markets)))
            if self._minimum is None:
                half = self.threshold() / 2
                self._floor = max(self._floor, half if most is None else min(half, most))
        self._position = store.total
        if self._kept:
            prints = _joined(self._kept)
            self._kept = [prints.at(prints.notional >= self._floor).at(slice(-PRINTS_KEPT, None))]

    def _count(self, trades: Trades) -> None:
        if not len(trades.ts):
            return
        if self._open is not None:
            trades = Trades(*(np.concatenate(pair) for pair in zip(self._open, trades, strict=True)))  # type: ignore[arg-type]
        prints = merge_sweeps(trades)
        self._open = trades.at(np.arange(len(trades.ts) - int(prints.trades[-1]), len(trades.ts)))
        whole = prints.at(slice(None, -1))
        self._bins += np.bincount(_bins_of(whole.notional), minlength=_BINS)
        self._kept.append(whole.at(whole.notional >= self._floor))


def _bins_of(notional: Floats) -> Ints:
    with np.errstate(divide="ignore"):
        at = np.floor((np.log(notional) - _LOWEST) / _STEP)
    return np.clip(at, 0, _BINS - 1).astype(np.int64)


def _edge(at: int) -> float:
    return float(np.exp(_LOWEST + at * _STEP)) if at else 0.0


def _joined(parts: list[Prints]) -> Prints:
    return Prints(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


_NONE = Trades(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0, np.int16))
