"""Fills many bars from columns of trades, bit-identical to adding trade by trade.

`bincount` adds its weights sequentially, so with the previous sums in front it equals a loop; numpy's pairwise `sum`
does not. The running delta, of which the path matters, is summed bar by bar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workstation.analytics.bars.bar_builder import BUY, SELL, BarBuilder
from workstation.analytics.store.row_grid import compacted
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.outliers import has_jump

_SIGN = np.array((0.0, 1.0, -1.0))
_APART = 1 << 40  # row offset between bars when extremes of all bars are found together


class Columns(NamedTuple):
    """Columns of trades of some markets.

    Price (quote per base coin), row, size (base coin), notional (quote), side (0 unknown, 1 buy, 2 sell), venue time
    (ns).
    """

    price: Floats
    row: Ints
    size: Floats
    notional: Floats
    side: Ints
    ts: Ints

    def at(self, index: npt.NDArray[np.generic] | slice) -> Columns:
        """The trades selected by indices, a mask or a slice."""
        return Columns(
            self.price[index], self.row[index], self.size[index], self.notional[index], self.side[index], self.ts[index]
        )


def fill_bars(bars: list[BarBuilder], columns: Columns, edges: Ints) -> None:
    """Add trades to bars; those of bar i are `[edges[i], edges[i + 1])`, at least one."""
    price, _, size, notional, side, _ = columns
    first, count = edges[:-1], np.diff(edges)
    bar = np.repeat(np.arange(len(bars)), count)
    lane = bar * 3 + side
    volume, value = (_ends(lane, numbers, bars, names) for numbers, names in ((size, _SIZES), (notional, _VALUES)))
    away = price - np.repeat([one.open for one in bars], count)
    weighted = np.where(side > 0, size, 0.0) * away
    moment = _on(bar, weighted, [one.moment for one in bars])
    square = _on(bar, weighted * away, [one.square for one in bars])
    high, low = np.maximum.reduceat(price, first).tolist(), np.minimum.reduceat(price, first).tolist()
    close = price[edges[1:] - 1].tolist()
    for at, one in enumerate(bars):
        one.trades += int(count[at])
        one.high, one.low, one.close = max(one.high, high[at]), min(one.low, low[at]), close[at]
        _, one.buy, one.sell = volume[at]
        _, one.buy_usd, one.sell_usd = value[at]
        one.moment, one.square = moment[at], square[at]
    _run_deltas(bars, size * _SIGN[side], edges)
    _record_extremes(bars, bar, columns, edges)
    _fill_cells(bars, bar, columns, first)


_SIZES, _VALUES = ("buy", "sell"), ("buy_usd", "sell_usd")


def _ends(lane: Ints, numbers: Floats, bars: list[BarBuilder], names: tuple[str, str]) -> list[list[float]]:
    start = [value for one in bars for value in (0.0, getattr(one, names[0]), getattr(one, names[1]))]
    return [list(three) for three in np.reshape(_on(lane, numbers, start), (-1, 3)).tolist()]


def _on(index: Ints, numbers: Floats, start: list[float]) -> list[float]:
    """Sums of `numbers` by index, added sequentially to the values of `start`."""
    index = np.concatenate((np.arange(len(start)), index))
    sums: list[float] = np.bincount(index, np.concatenate((start, numbers)), len(start)).tolist()
    return sums


def _run_deltas(bars: list[BarBuilder], steps: Floats, edges: Ints) -> None:
    bounds = edges.tolist()
    for one, begin, end in zip(bars, bounds, bounds[1:], strict=False):
        path = steps[begin:end]
        path[0] += one.delta
        np.cumsum(path, out=path)
        one.delta = float(path[-1])
        one.max_delta, one.min_delta = max(one.max_delta, float(path.max())), min(one.min_delta, float(path.min()))


def _record_extremes(bars: list[BarBuilder], bar: Ints, columns: Columns, edges: Ints) -> None:
    """Record when each bar first reached each new extreme row."""
    row, ts = columns.row, columns.ts
    low, high = (extreme.reduceat(row, edges[:-1]).tolist() for extreme in (np.minimum, np.maximum))
    jumping = [at for at in range(len(bars)) if has_jump(low[at], high[at])]
    for at in jumping:
        part = slice(int(edges[at]), int(edges[at + 1]))
        _record_singly(bars[at], row[part].tolist(), ts[part].tolist())
    lowest = np.minimum.accumulate(row - bar * _APART)
    highest = np.maximum.accumulate(row + bar * _APART)
    news = np.concatenate(([0], np.flatnonzero((np.diff(lowest) < 0) | (np.diff(highest) > 0)) + 1))
    for at, reached, ts_ns in zip(bar[news].tolist(), row[news].tolist(), ts[news].tolist(), strict=True):
        if at not in jumping:
            bars[at].record_extremes(reached, ts_ns)


def _record_singly(bar: BarBuilder, rows: list[int], times: list[int]) -> None:
    """Record extremes of a bar with a jump, trade by trade: rows after an outlier are none of the whole bar."""
    known = set(bar.cells)
    for row, ts_ns in zip(rows, times, strict=True):
        if row not in known:
            known.add(row)
            bar.record_extremes(row, ts_ns)


def _fill_cells(bars: list[BarBuilder], bar: Ints, columns: Columns, first: Ints) -> None:
    row, size, side = columns.row, columns.size, columns.side
    low, high = np.minimum.reduceat(row, first), np.maximum.reduceat(row, first)
    begin = np.concatenate(([0], np.cumsum(high - low + 1)))
    shift = begin[:-1] - low  # from a bar's rows to indices of the cells of all bars
    cell = row + shift[bar]
    known = [
        (int(shift[at]) + number, sums)
        for at, one in enumerate(bars)
        for number, sums in one.cells.items()
        if low[at] <= number <= high[at]
    ]
    joined, stands_for = compacted(np.concatenate((np.array([place for place, _ in known], np.int64), cell)))
    standing, cell = joined[: len(known)], joined[len(known) :]
    places = (3 * standing[:, None] + (SELL, BUY)).ravel()
    start = np.array([sums[at] for _, sums in known for at in (0, 1)], np.float64)
    lane, total = 3 * cell + side, 3 * len(stands_for)
    volumes = np.bincount(np.concatenate((places, lane)), np.concatenate((start, size)), total).reshape(-1, 3)
    counts = np.bincount(lane, minlength=total).reshape(-1, 3)
    touched = np.flatnonzero(counts.any(axis=1))
    owner = np.searchsorted(begin, stands_for[touched], "right") - 1
    numbers = (stands_for[touched] - shift[owner]).tolist()
    cells = zip(owner.tolist(), numbers, volumes[touched].tolist(), counts[touched].tolist(), strict=True)
    for at, number, (_, buy, sell), (_, bought, sold) in cells:
        before = bars[at].cells.get(number)
        if before is None:
            bars[at].cells[number] = [sell, buy, sold, bought]
        else:
            before[:] = sell, buy, before[2] + sold, before[3] + bought
