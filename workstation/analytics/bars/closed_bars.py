"""The closed bars of a series, with their numbers in columns and what was carried over from bars that were dropped.

`appended` counts bars put at the end, ever; `generation` changes with everything else that happens, so whoever goes
along bar by bar knows when to begin again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from workstation.analytics.bars.bars import BarBuilder, Trail
from workstation.analytics.store.trades import DAY_NS as DAY_NS
from workstation.analytics.store.trades import Carried
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import FootprintBar

T = TypeVar("T")

COLUMNS = ("delta", "delta_usd", "volume", "moment", "square", "open", "high", "low")


class Numbers:
    """Columns of the bars, growing at the end and shrinking at the front without moving what is between."""

    def __init__(self) -> None:
        self._numbers = np.empty((256, len(COLUMNS)))
        self._times = np.empty((256, 2), np.int64)
        self._begin = self._end = 0

    def append(self, bar: FootprintBar, trail: Trail) -> None:
        """Add the newest bar."""
        if self._end == len(self._times):
            self._make_room()
        self._times[self._end] = bar.start_ns, bar.end_ns
        self._numbers[self._end] = numbers_of(bar, trail)
        self._end += 1

    def drop(self, count: int) -> None:
        """Forget the oldest."""
        self._begin += count

    def clear(self) -> None:
        """Forget all."""
        self._begin = self._end = 0

    def __getitem__(self, name: str) -> Floats:
        return self._numbers[self._begin : self._end, COLUMNS.index(name)]

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def rows(self) -> Floats:
        """One row a bar."""
        return self._numbers[self._begin : self._end]

    @property
    def times(self) -> Ints:
        """Start and end of each bar."""
        return self._times[self._begin : self._end]

    def _make_room(self) -> None:
        kept = slice(self._begin, self._end)
        numbers, times = self._numbers[kept], self._times[kept]
        size = max(2 * len(times), 256)
        self._numbers, self._times = np.empty((size, len(COLUMNS))), np.empty((size, 2), np.int64)
        self._numbers[: len(numbers)], self._times[: len(times)] = numbers, times
        self._begin, self._end = 0, len(times)


def numbers_of(bar: FootprintBar | BarBuilder, trail: Trail) -> tuple[float, ...]:
    """The numbers of one bar, in the order of the columns."""
    return (
        bar.buy - bar.sell,
        bar.buy_usd - bar.sell_usd,
        bar.buy + bar.sell,
        trail.moment,
        trail.square,
        bar.open,
        bar.high,
        bar.low,
    )


class Shelf:
    """Closed bars by their key, ascending."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.bars: list[FootprintBar] = []
        self.trails: list[Trail] = []
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
        """The columns."""
        if self._stale:
            self._numbers.clear()
            for bar, trail in zip(self.bars, self.trails, strict=True):
                self._numbers.append(bar, trail)
            self._stale = False
        return self._numbers

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """What some work on the closed bars comes to, done again only after a change of them."""
        if key not in self._known:
            self._known[key] = work()
        found: T = self._known[key]
        return found

    def put(self, key: int, bar: FootprintBar, trail: Trail) -> int:
        """Keep a closed bar; returns its index."""
        self._moved()
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
            self.bars.append(bar)
            self.trails.append(trail)
            self.appended += 1
            if not self._stale:
                self._numbers.append(bar, trail)
            return len(self.keys) - 1
        at = bisect_left(self.keys, key)
        self.keys.insert(at, key)
        self.bars.insert(at, bar)
        self.trails.insert(at, trail)
        self._disturbed()
        return at

    def take(self, key: int) -> tuple[FootprintBar, Trail] | None:
        """Give a bar back that is not closed after all."""
        at = bisect_left(self.keys, key)
        if at == len(self.keys) or self.keys[at] != key:
            return None
        del self.keys[at]
        self._disturbed()
        return self.bars.pop(at), self.trails.pop(at)

    def swap(self, at: int, bar: FootprintBar) -> None:
        """Put another judgement of the same trades in place of a bar."""
        self.bars[at] = bar
        self._moved()
        self.generation += 1

    def judge_completeness(self, completes: list[bool]) -> None:
        """Tell every bar whether it is complete; nothing else changes."""
        for at, complete in enumerate(completes):
            if self.bars[at].complete != complete:
                self.bars[at] = replace(self.bars[at], complete=complete)
                self._moved()

    def drop(self, key: int) -> None:
        """Forget the oldest bar, which has this key, but not its sums."""
        self.keys.pop(0)
        bar, trail = self.bars.pop(0), self.trails.pop(0)
        self._moved()
        if not self._stale:
            self._numbers.drop(1)
        self.carry(bar.start_ns, numbers_of(bar, trail))

    def carry(self, start_ns: int, numbers: tuple[float, ...]) -> None:
        """Add the numbers of a bar or trade that is shown no longer to those of its day."""
        delta, delta_usd, volume, moment, square, opening = numbers[:6]
        mean = moment / volume if volume > 0 else 0.0
        self.carry_day(start_ns // DAY_NS, Carried(delta, delta_usd, volume, opening + mean, square - moment * mean))

    def carry_day(self, day: int, sums: Carried) -> None:
        """Add to what is known of a UTC day besides its bars."""
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
