"""Closed bars of a series, their numbers in columns, and the sums of dropped bars and trades."""

from bisect import bisect_left
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from workstation.analytics.bars.bar_builder import BarBuilder, BarInternals
from workstation.analytics.store.trades import DAY_NS as DAY_NS
from workstation.analytics.store.trades import Carried
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import FootprintBar

T = TypeVar("T")

COLUMNS = ("buy", "sell", "buy_usd", "sell_usd", "volume", "moment", "square", "open", "high", "low")


class Numbers:
    """Columns of numbers of the bars that grow at the end and shrink at the front without copying."""

    def __init__(self) -> None:
        self._numbers = np.empty((256, len(COLUMNS)))
        self._times = np.empty((256, 2), np.int64)
        self._begin = self._end = 0

    def append(self, bar: FootprintBar, internals: BarInternals) -> None:
        if self._end == len(self._times):
            self._make_room()
        self._times[self._end] = bar.start_ns, bar.end_ns
        self._numbers[self._end] = numbers_of(bar, internals)
        self._end += 1

    def drop(self, count: int) -> None:
        self._begin += count

    def clear(self) -> None:
        self._begin = self._end = 0

    def __getitem__(self, name: str) -> Floats:
        return self._numbers[self._begin : self._end, COLUMNS.index(name)]

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def rows(self) -> Floats:
        """(bars, columns), float64, in the order of COLUMNS."""
        return self._numbers[self._begin : self._end]

    @property
    def times(self) -> Ints:
        """Start and end of each bar (n, 2) in ns."""
        return self._times[self._begin : self._end]

    def _make_room(self) -> None:
        rows = slice(self._begin, self._end)
        numbers, times = self._numbers[rows], self._times[rows]
        size = max(2 * len(times), 256)
        self._numbers, self._times = np.empty((size, len(COLUMNS))), np.empty((size, 2), np.int64)
        self._numbers[: len(numbers)], self._times[: len(times)] = numbers, times
        self._begin, self._end = 0, len(times)


def numbers_of(bar: FootprintBar | BarBuilder, internals: BarInternals) -> tuple[float, ...]:
    """Numbers of one bar in the order of COLUMNS; `high` and `low` without outliers."""
    return (
        bar.buy,
        bar.sell,
        bar.buy_usd,
        bar.sell_usd,
        bar.buy + bar.sell,
        internals.moment,
        internals.square,
        bar.open,
        bar.plausible(bar.high),
        bar.plausible(bar.low),
    )


class ClosedBars:
    """Closed bars in ascending order of key.

    `appended` counts all bars ever appended; `generation` changes with every other change, after which incremental
    results must restart; `version` changes with both. `carried` are the sums of dropped bars and trades by UTC day
    (days since the epoch), `before` those of all days.
    """

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.bars: list[FootprintBar] = []
        self.internals: list[BarInternals] = []
        self.appended = 0
        self.generation = 0
        self.version = 0
        self.carried: dict[int, Carried] = {}
        self.before = Carried()
        self._known: dict[Hashable, Any] = {}
        self._numbers = Numbers()
        self._stale = False

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def numbers(self) -> Numbers:
        if self._stale:
            self._numbers.clear()
            for bar, internals in zip(self.bars, self.internals, strict=True):
                self._numbers.append(bar, internals)
            self._stale = False
        return self._numbers

    def cached(self, key: Hashable, work: Callable[[], T]) -> T:
        """The result of `work`, cached until the closed bars change."""
        if key not in self._known:
            self._known[key] = work()
        found: T = self._known[key]
        return found

    def put(self, key: int, bar: FootprintBar, internals: BarInternals) -> int:
        """Insert a closed bar. Returns its index."""
        self._moved()
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
            self.bars.append(bar)
            self.internals.append(internals)
            self.appended += 1
            if not self._stale:
                self._numbers.append(bar, internals)
            return len(self.keys) - 1
        at = bisect_left(self.keys, key)
        self.keys.insert(at, key)
        self.bars.insert(at, bar)
        self.internals.insert(at, internals)
        self._disturbed()
        return at

    def take(self, key: int) -> tuple[FootprintBar, BarInternals] | None:
        """Remove and return the bar of a key, to reopen it; None if there is none."""
        at = bisect_left(self.keys, key)
        if at == len(self.keys) or self.keys[at] != key:
            return None
        del self.keys[at]
        self._disturbed()
        return self.bars.pop(at), self.internals.pop(at)

    def swap(self, at: int, bar: FootprintBar) -> None:
        """Replace a bar by one with the same trades and other flags."""
        self.bars[at] = bar
        self._moved()
        self.generation += 1

    def judge_completeness(self, completes: list[bool]) -> None:
        """Replace the `complete` flag of every bar, oldest first."""
        for at, complete in enumerate(completes):
            if self.bars[at].complete != complete:
                self.bars[at] = replace(self.bars[at], complete=complete)
                self._moved()

    def drop(self, key: int) -> None:
        """Remove the oldest bar, which has this key, and carry its sums over."""
        self.keys.pop(0)
        bar, internals = self.bars.pop(0), self.internals.pop(0)
        self._moved()
        if not self._stale:
            self._numbers.drop(1)
        self.carry(bar.start_ns, numbers_of(bar, internals))

    def carry(self, start_ns: int, numbers: tuple[float, ...]) -> None:
        """Add the numbers of a dropped bar or late trade to the sums of its day."""
        buy, sell, buy_usd, sell_usd, volume, moment, square, opening = numbers[:8]
        mean = moment / volume if volume > 0 else 0.0
        spread = square - moment * mean
        self.carry_day(start_ns // DAY_NS, Carried(buy, sell, buy_usd, sell_usd, volume, opening + mean, spread))

    def carry_day(self, day: int, sums: Carried) -> None:
        """Add to the sums of a UTC day (days since the epoch)."""
        self._known.clear()
        self._day(day).add(sums)
        self.before.add(sums)

    def _day(self, day: int) -> Carried:
        found = self.carried.get(day)
        if found is None:
            found = self.carried[day] = Carried()
        return found

    def _moved(self) -> None:
        self.version += 1
        self._known.clear()

    def _disturbed(self) -> None:
        self._stale = True
        self._moved()
        self.generation += 1
