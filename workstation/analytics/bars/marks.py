"""Zones, naked POCs and delta divergences of the closed bars of a series.

A mark ends at the first later trade beyond its edge. Bars' internals hold when each extreme row was reached, so no
trade is read again. Ends within a live bar are shown but not stored before it closes.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np

from workstation.analytics.bars.bar_builder import BarInternals, without_outliers
from workstation.analytics.bars.closed_bars import ClosedBars, Numbers
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.cells import NOISE
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRules, NakedPoc, Zone
from workstation.readmodels.net import net

Mark = TypeVar("Mark", Zone, NakedPoc)


class MarkSet(Generic[Mark]):
    """Marks by number, oldest first, and the edges at which active ones end."""

    def __init__(self) -> None:
        self.marks: dict[int, Mark] = {}
        self.changes = 0
        self._made = 0
        self._floors: list[tuple[int, int]] = []  # row, number; the highest is reached first
        self._ceilings: list[tuple[int, int]] = []  # -row, number; the lowest is reached first
        self._shown: tuple[object, tuple[Mark, ...]] = (None, ())

    def add(self, mark: Mark) -> int:
        """Store a mark; returns its number."""
        self._made += 1
        self.changes += 1
        self.marks[self._made] = mark
        return self._made

    def end_below(self, number: int, row: int) -> None:
        """End the mark at the first trade in a row below this one."""
        insort(self._floors, (row, number))

    def end_above(self, number: int, row: int) -> None:
        """End the mark at the first trade in a row above this one."""
        insort(self._ceilings, (-row, number))

    def end(self, number: int, ts_ns: int) -> None:
        mark = self.marks.get(number)
        if mark is not None:
            self.marks[number] = replace(mark, until_ns=ts_ns)
            self.changes += 1

    def pass_by(self, internals: BarInternals) -> None:
        """End the marks whose edge a closed bar passed."""
        for number, ts_ns in self.passed(internals):
            self.end(number, ts_ns)
        low, high = internals.lows[-1][0], internals.highs[-1][0]
        while self._floors and self._floors[-1][0] > low:
            self._floors.pop()
        while self._ceilings and -self._ceilings[-1][0] < high:
            self._ceilings.pop()

    def passed(self, internals: BarInternals) -> list[tuple[int, int]]:
        """Numbers of the marks that a bar ends, with the venue time of the first trade beyond the edge."""
        low, high = internals.lows[-1][0], internals.highs[-1][0]
        found = []
        for edge, number in reversed(self._floors):
            if edge <= low:
                break
            found.append((number, next(ts for row, ts in internals.lows if row < edge)))
        for edge, number in reversed(self._ceilings):
            if -edge >= high:
                break
            found.append((number, next(ts for row, ts in internals.highs if row > -edge)))
        return found

    def forget(self, count: int) -> None:
        for number in list(self.marks)[: max(count, 0)]:
            del self.marks[number]
            self.changes += 1

    def shown(self, live: Sequence[BarInternals], ended: dict[int, int]) -> tuple[Mark, ...]:
        """All marks, with the ends within the live bars and those of `ended` (number: venue time)."""
        for internals in live:
            for number, ts_ns in self.passed(internals):
                ended.setdefault(number, ts_ns)
        key = (self.changes, tuple(ended.items()))
        if self._shown[0] != key:
            marks = {**self.marks}
            for number, ts_ns in ended.items():
                if number in marks:
                    marks[number] = replace(marks[number], until_ns=ts_ns)
            self._shown = (key, tuple(marks.values()))
        return self._shown[1]


class Marks:
    """Zones, POCs and divergences of a series, updated bar by bar."""

    def __init__(self, closed_bars: ClosedBars, rules: FootprintRules) -> None:
        self._closed_bars = closed_bars
        self._rules = rules
        self._begin()

    def _begin(self) -> None:
        self._generation = self._closed_bars.generation
        self._seen = self._closed_bars.appended - len(self._closed_bars)
        self._zones = MarkSet[Zone]()
        self._pocs = MarkSet[NakedPoc]()
        self._newest: tuple[int, int] | None = None  # the POC of the newest bar: its number and row
        self._divergence: list[int] = []

    def update(self) -> None:
        """Process new closed bars; restart at the oldest if an earlier bar changed."""
        closed_bars = self._closed_bars
        if self._generation != closed_bars.generation:
            self._begin()
        begin = max(len(closed_bars) - (closed_bars.appended - self._seen), 0)
        for at in range(begin, len(closed_bars)):
            bar = closed_bars.bars[at]
            self._take(bar, without_outliers(bar, closed_bars.internals[at]))
        if begin < len(closed_bars):
            self._divergence += divergences(closed_bars.numbers, begin, self._rules.divergence_bars).tolist()
            del self._divergence[: -len(closed_bars)]
        self._seen = closed_bars.appended

    def zones(self, live: Sequence[BarInternals], shown: int) -> tuple[Zone, ...]:
        """Zones of the newest `shown` closed bars, oldest first, with ends within the live bars."""
        bars = self._closed_bars.bars
        since_ns = bars[-shown].end_ns if shown else 1 << 62
        old = 0
        for zone in self._zones.marks.values():
            if zone.from_ns >= since_ns:
                break
            old += 1
        self._zones.forget(old)
        return self._zones.shown(live, {})

    def pocs(self, live: Sequence[BarInternals], shown: int) -> tuple[NakedPoc, ...]:
        """POCs of the newest `naked_pocs` closed bars among the newest `shown`, oldest first."""
        self._pocs.forget(len(self._pocs.marks) - min(self._rules.naked_pocs, shown))
        ended: dict[int, int] = {}
        if self._newest is not None and live:
            number, row = self._newest
            ts_ns = touched(row, live)
            if ts_ns is not None:
                ended[number] = ts_ns
        return self._pocs.shown(live, ended)

    def divergence(self, shown: int, live: int) -> Ints:
        """Divergence signs (shown + live,): 1 at a low, -1 at a high, 0 none; 0 for live bars."""
        signs = np.zeros(shown + live, np.int64)
        if shown:
            signs[:shown] = self._divergence[-shown:]
        return signs

    def _take(self, bar: FootprintBar, internals: BarInternals) -> None:
        self._zones.pass_by(internals)
        self._settle(internals)
        self._pocs.pass_by(internals)
        for stack in bar.stacks:
            number = self._zones.add(Zone(stack.low_row, stack.high_row, stack.buy, bar.end_ns))
            if stack.buy:
                self._zones.end_below(number, stack.low_row)
            else:
                self._zones.end_above(number, stack.high_row)
        if self._rules.naked_pocs > 0:
            self._newest = (self._pocs.add(NakedPoc(bar.poc_row, bar.start_ns)), bar.poc_row)
            self._pocs.forget(len(self._pocs.marks) - self._rules.naked_pocs)

    def _settle(self, internals: BarInternals) -> None:
        """The first trade after a bar determines from which side its POC can be reached."""
        if self._newest is None:
            return
        number, row = self._newest
        opened, ts_ns = internals.lows[0]
        if opened == row:
            self._pocs.end(number, ts_ns)
        elif opened > row:
            self._pocs.end_below(number, row + 1)
        else:
            self._pocs.end_above(number, row - 1)


def touched(row: int, later: Sequence[BarInternals]) -> int | None:
    """Venue time at which later bars first reached a row, or passed it, from the side of their first trade; or None."""
    opened, _ = later[0].lows[0]
    for internals in later:
        for reached, ts_ns in internals.lows if opened >= row else internals.highs:
            if reached <= row if opened >= row else reached >= row:
                return ts_ns
    return None


def divergences(numbers: Numbers, begin: int, count: int) -> Ints:
    """Divergence by bar from `begin` on: -1 where its high exceeds those of the previous `count` bars and CVD at its
    close exceeds none of theirs, 1 for lows, 0 otherwise and with fewer bars before.

    CVD is counted from the close of the oldest of those bars, so it contains no reset.
    """
    first = max(begin - count, 0)
    signs = np.zeros(len(numbers) - begin, np.int64)
    if count < 1 or len(numbers) - first <= count:
        return signs
    delta = net(numbers["buy"][first:], numbers["sell"][first:])
    above = _extremes(numbers["high"][first:], delta, count)
    below = _extremes(-numbers["low"][first:], -delta, count)
    signs[first + count - begin :] = below.astype(np.int64) - above
    return signs


def _extremes(price: Floats, delta: Floats, count: int) -> Ints:
    windows = np.lib.stride_tricks.sliding_window_view(price, count + 1)
    paths = np.cumsum(np.lib.stride_tricks.sliding_window_view(delta, count + 1)[:, 1:], axis=1)
    before = np.maximum(paths[:, :-1].max(axis=1, initial=0.0), 0.0)
    noise = NOISE * np.abs(paths).max(axis=1)
    new = windows[:, -1] > windows[:, :-1].max(axis=1)
    flags: Ints = (new & (paths[:, -1] <= before + noise)).astype(np.int64)
    return flags
