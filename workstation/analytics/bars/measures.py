"""Running sums at the close of every bar: CVD and VWAP, reset at 00:00 UTC or from an anchor.

Dropped bars count through their sums by day. Sums of closed bars are cached until one of them changes, so a view only
computes live bars.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from workstation.analytics.bars.bar_builder import BarInternals
from workstation.analytics.bars.closed_bars import COLUMNS, DAY_NS, ClosedBars, numbers_of
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import FootprintBar
from workstation.readmodels.net import net

Values = Callable[[slice], Floats]  # one number per bar of a slice of the table


class BarTable:
    """Columns of numbers of all bars of a series, live ones included."""

    def __init__(
        self, closed_bars: ClosedBars, live: Sequence[FootprintBar], live_internals: Sequence[BarInternals]
    ) -> None:
        numbers = closed_bars.numbers
        rows = [numbers_of(bar, internals) for bar, internals in zip(live, live_internals, strict=True)]
        times = [(bar.start_ns, bar.end_ns) for bar in live]
        self.closed_bars = closed_bars
        self.closed = len(closed_bars)
        self._rows = np.concatenate((numbers.rows, np.array(rows).reshape(-1, len(COLUMNS))))
        self._times = np.concatenate((numbers.times, np.array(times, np.int64).reshape(-1, 2)))

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, name: str) -> Floats:
        return self._rows[:, COLUMNS.index(name)]

    @property
    def start_ns(self) -> Ints:
        """Starts of the bars in ns."""
        return self._times[:, 0]

    @property
    def end_ns(self) -> Ints:
        """Ends of the bars in ns."""
        return self._times[:, 1]

    def cvd(self, *, usd: bool = False, daily_reset: bool = True) -> Floats:
        """Buy minus sell volume at the close of every bar: since 00:00 UTC of its day, or since the first trade.

        Buys and sells are summed apart, so that the difference has no noise of many small ones.
        """
        sides = ("buy_usd", "sell_usd") if usd else ("buy", "sell")
        buy, sell = (self._summed(side, daily_reset) for side in sides)
        return net(buy, sell)

    def _summed(self, column: str, daily_reset: bool) -> Floats:
        numbers, before = self[column], getattr(self.closed_bars.before, column)
        if not daily_reset:
            return self._running(
                (column, "all"),
                lambda part: _cumulated(before, numbers[part]),
                lambda last, part: _cumulated(last, numbers[part]),
            )
        carried = {day: getattr(sums, column) for day, sums in self.closed_bars.carried.items()}
        return self.daily((column, "day"), lambda part: numbers[part], carried)

    def daily(self, key: Hashable, values: Values, carried: dict[int, float]) -> Floats:
        """Running sums reset every UTC day, cached under `key`; `carried` are sums of dropped bars by day."""
        starts = self.start_ns

        def go_on(last: float, part: slice) -> Floats:
            day = int(starts[self.closed - 1]) // DAY_NS
            return by_day(values(part), starts[part], {**carried, day: last})

        return self._running(key, lambda part: by_day(values(part), starts[part], carried), go_on)

    def anchored(self, key: Hashable, values: Values, carried: dict[int, float], anchor_ns: int) -> Floats:
        """Running sums from the bar that contains the anchor; NaN before it."""
        first = int(np.searchsorted(self.end_ns, anchor_ns, "right"))

        def begin(part: slice) -> Floats:
            return _anchored(values(part), self.end_ns[part], carried, anchor_ns)

        def go_on(last: float, part: slice) -> Floats:
            if first < self.closed:
                return _cumulated(last, values(part))
            return _anchored(values(part), self.end_ns[part], {}, anchor_ns)

        return self._running(key, begin, go_on)

    def _running(self, key: Hashable, begin: Values, go_on: Callable[[float, slice], Floats]) -> Floats:
        """Running sums over the closed bars, cached, continued over the live ones."""
        closed = self.closed_bars.cached(key, lambda: begin(slice(self.closed)))
        live = slice(self.closed, None)
        return np.concatenate((closed, go_on(float(closed[-1]), live) if len(closed) else begin(live)))


def by_day(values: Floats, start_ns: Ints, carried: dict[int, float]) -> Floats:
    """Running sums reset every UTC day, starting from the carried sum of that day."""
    if not len(values):
        return np.empty(0)
    days = start_ns // DAY_NS
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(values)]
    return np.concatenate(
        [_cumulated(carried.get(int(days[begin]), 0.0), values[begin:end]) for begin, end in pairwise(edges)]
    )


def vwap(table: BarTable, anchor_ns: int | None) -> tuple[Floats, Floats]:
    """VWAP and the volume-weighted standard deviation of price (quote per base coin) at the close of every bar.

    From 00:00 UTC of each day, or from the bar that contains the anchor. NaN before it, before any trade, and
    everywhere if bars since the anchor were dropped and the anchor is not 00:00 UTC.
    """
    if not len(table):
        return np.empty(0), np.empty(0)
    reference = float(table["open"][0])
    volume, moment, square = (
        table.daily((at, "vwap"), partial(_about, table, reference, at), carried)
        if anchor_ns is None
        else table.anchored((at, anchor_ns), partial(_about, table, reference, at), carried, anchor_ns)
        for at, carried in enumerate(_carried_about(table.closed_bars, reference))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moment / volume
        variance = np.maximum(square / volume - mean * mean, 0.0)
    return reference + mean, np.sqrt(variance)


def _about(table: BarTable, reference: float, power: int, part: slice) -> Floats:
    """Sums of size * (price - reference) ** power by bar, for power 0, 1 or 2."""
    volume, moment, away = table["volume"][part], table["moment"][part], table["open"][part] - reference
    if power == 0:
        return volume
    if power == 1:
        return moment + volume * away
    return table["square"][part] + 2 * away * moment + volume * away * away


def _carried_about(
    closed_bars: ClosedBars, reference: float
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    volume, moment, square = {}, {}, {}
    for day, sums in closed_bars.carried.items():
        away = sums.mean - reference
        volume[day], moment[day] = sums.volume, sums.volume * away
        square[day] = sums.square + sums.volume * away * away
    return volume, moment, square


def _anchored(values: Floats, end_ns: Ints, carried: dict[int, float], anchor_ns: int) -> Floats:
    first = int(np.searchsorted(end_ns, anchor_ns, "right"))
    begin = 0.0
    if first == 0 and carried:
        begin = math.fsum(carried[day] for day in sorted(carried) if day * DAY_NS >= anchor_ns)
        if anchor_ns % DAY_NS and max(carried) >= anchor_ns // DAY_NS:
            begin = np.nan
    return np.concatenate((np.full(first, np.nan), _cumulated(begin, values[first:])))


def _cumulated(begin: float, values: Floats) -> Floats:
    """Running sum from `begin`, added left to right, so that dropping a bar leaves later sums bit-identical."""
    return np.cumsum(np.concatenate(([begin], values)))[1:]
