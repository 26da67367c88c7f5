"""The largest prints of some markets."""

from collections.abc import Collection

import numpy as np

from workstation.analytics.store.column_store import joined
from workstation.analytics.store.prints import NO_PRINTS, Prints, empty_prints, joined_prints, merged_prints, runs_of
from workstation.analytics.store.trades import Trades, TradeStore, no_trades
from workstation.readmodels.arrays import Floats, Ints

BIG_PERCENT = 99.5
_STEP = 0.01  # bin width of the histogram in natural logarithm: thresholds are exact to 1 %
_BINS = 4_096
_LOWEST = -8.0  # logarithm of the first bin


class PrintLog:
    """Prints in growing columns. `version` counts appends."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.version = 0
        self._columns = NO_PRINTS
        self._end = 0

    @property
    def prints(self) -> Prints:
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
        retained = retained.at(np.flatnonzero(retained.notional >= floor))
        retained = retained.at(np.argsort(retained.row, kind="stable")[-self._cap :])
        self._end = len(retained.ts)
        room = empty_prints(2 * (self._end + count))
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
        self._open = no_trades()  # trades of the newest print of each market, which may grow
        self._open_row: Ints = np.empty(0, np.int64)
        self._newest = NO_PRINTS  # these prints
        self._bins = np.zeros(_BINS, np.int64)
        self._log = PrintLog(self._cap)
        self._threshold = self._minimum or 0.0
        self._found: tuple[object, Prints] = (None, NO_PRINTS)

    def update(self, store: TradeStore) -> None:
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
            prints = joined_prints([retained.at(np.flatnonzero(retained.notional >= self._threshold)), newest])
            prints = prints.at(np.argsort(prints.row, kind="stable")[-self._cap :])
            prints = prints.at((prints.ts >= start_ns) & (prints.ts < end_ns))
            if len(prints.ts) > count:
                prints = prints.at(np.sort(np.argsort(-prints.notional, kind="stable")[:count]))
            self._found = key, prints
        return self._found[1]

    def _read(self, store: TradeStore, most: float | None = None) -> None:
        position = max(self._position, store.dropped_count)
        for part in store.after(position):
            self._count(part.of(self._markets), position)
            position += len(part.ts)
            if self._minimum is None:
                self._threshold = self._percentile()
                half = self._threshold / 2
                self._floor = max(self._floor, half if most is None else min(half, most))
        self._position = store.total

    def _percentile(self) -> float:
        bins = self._bins
        if len(self._newest.ts):
            bins = bins.copy()
            np.add.at(bins, _bins_of(self._newest.notional), 1)
        below = np.cumsum(bins)
        rank = int(np.ceil(int(below[-1]) * BIG_PERCENT / 100))
        return _edge(int(np.searchsorted(below, rank))) if below[-1] else 0.0

    def _count(self, trades: Trades, position: int) -> None:
        if not len(trades.ts):
            return
        row = np.concatenate((self._open_row, np.arange(position, position + len(trades.ts))))
        trades = joined(Trades, [self._open, trades])
        runs = runs_of(trades)
        prints, grows = merged_prints(trades, runs), runs.spread(runs.last)
        newest = grows[prints.row]
        prints = prints._replace(row=row[prints.row])
        self._open, self._open_row = (
            trades.at(np.flatnonzero(grows)),
            row[grows],
        )  # a copy: the store reuses its columns
        self._newest = prints.at(newest)
        whole = prints.at(~newest)
        np.add.at(self._bins, _bins_of(whole.notional), 1)
        self._log.append(whole.at(whole.notional >= self._floor), self._floor)


def _bins_of(notional: Floats) -> Ints:
    with np.errstate(divide="ignore"):
        at = np.floor((np.log(notional) - _LOWEST) / _STEP)
    return np.clip(at, 0, _BINS - 1).astype(np.int64)


def _edge(at: int) -> float:
    return float(np.exp(_LOWEST + at * _STEP)) if at else 0.0
