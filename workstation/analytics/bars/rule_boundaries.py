"""Boundaries of rule bars in columns of trades, found with numpy by the same sums as trade by trade.

`cumsum` and `maximum.accumulate` proceed from left to right, as adding trade by trade does, so both end at one trade.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from workstation.analytics.bars.bar_builder import BUY, SELL, BarBuilder
from workstation.analytics.bars.closed_bars import DAY_NS
from workstation.analytics.bars.fill import Columns
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.cells import NEARLY, NOISE
from workstation.readmodels.flow.footprint import BarKind, BarRule

_LEAST = 64  # trades examined together


def bar_boundaries(rule: BarRule, columns: Columns, bar: BarBuilder | None, latest_day: int) -> list[int]:
    """Indices before which a bar ends, ascending. The first trades belong to `bar` unless it is None.

    A bar ends when it is full, before it would become too wide, and at the first trade of a UTC day after `latest_day`
    or any day so far. Index 0 is never returned.
    """
    fits = _FITS[rule.kind](rule.size, columns)
    found: list[int] = []
    for begin, end in pairwise((0, *_midnights(columns.ts, latest_day), len(columns.ts))):
        if begin and begin < end:
            found.append(begin)
        found += _within(fits, begin, end, bar if begin == 0 else None)
        bar = None
    return found


def _midnights(ts: Ints, latest_day: int) -> list[int]:
    """Indices at which a new latest UTC day begins; late trades of an earlier day begin none."""
    newest = np.maximum.accumulate(np.concatenate(([latest_day], ts // DAY_NS)))
    return np.flatnonzero(np.diff(newest)).tolist()


def _within(fits: Fits, begin: int, end: int, bar: BarBuilder | None) -> Iterator[int]:
    """Boundaries between two midnights."""
    state = _BEGUN if bar is None else _State(bar.trades, bar.buy, bar.sell, bar.delta, bar.high, bar.low)
    window = _LEAST
    while begin < end:
        stop = min(begin + window, end)
        taken, state = fits(begin, stop, state)
        begin += taken
        if begin < stop or state is _BEGUN:
            window = max(_LEAST, 2 * taken)
            state = _BEGUN
            if 0 < begin < end:
                yield begin
        else:
            window *= 2


class _State(NamedTuple):
    """Sums of a bar so far."""

    trades: int = 0
    buy: float = 0.0
    sell: float = 0.0
    delta: float = 0.0
    high: float = -math.inf
    low: float = math.inf


_BEGUN = _State()  # of an empty bar
Fits = Callable[[int, int, _State], tuple[int, _State]]
"""Number of the trades [begin, end) that fit into a bar, and its state then: `_BEGUN` if it is full."""


def _by_count(size: float, columns: Columns) -> Fits:
    most = math.ceil(size * NEARLY)

    def fits(begin: int, end: int, state: _State) -> tuple[int, _State]:
        room = max(most - state.trades, 1)
        if room <= end - begin:
            return room, _BEGUN
        return end - begin, _State(trades=state.trades + end - begin)

    return fits


def _by_volume(size: float, columns: Columns) -> Fits:
    bought, sold = (np.where(columns.side == side, columns.size, 0.0) for side in (BUY, SELL))

    def fits(begin: int, end: int, state: _State) -> tuple[int, _State]:
        buys, sells = _path(state.buy, bought[begin:end]), _path(state.sell, sold[begin:end])
        full = _first(buys + sells >= size * NEARLY)
        if full is not None:
            return full + 1, _BEGUN
        return end - begin, _State(1, float(buys[-1]), float(sells[-1]))

    return fits


def _by_delta(size: float, columns: Columns) -> Fits:
    signed = np.where(columns.side == BUY, columns.size, np.where(columns.side == SELL, -columns.size, 0.0))

    def fits(begin: int, end: int, state: _State) -> tuple[int, _State]:
        path = _path(state.delta, signed[begin:end])
        full = _first(np.abs(path) >= size * NEARLY)
        if full is not None:
            return full + 1, _BEGUN
        return end - begin, _State(1, delta=float(path[-1]))

    return fits


def _by_range(size: float, columns: Columns) -> Fits:
    def fits(begin: int, end: int, state: _State) -> tuple[int, _State]:
        price = columns.price[begin:end]
        high = np.maximum(np.maximum.accumulate(price), state.high)
        low = np.minimum(np.minimum.accumulate(price), state.low)
        beyond = _first(high - low > size * (1 + NOISE))
        if beyond is not None:
            return beyond, _BEGUN
        return end - begin, _State(1, high=float(high[-1]), low=float(low[-1]))

    return fits


def _path(start: float, steps: Floats) -> Floats:
    return np.cumsum(np.concatenate(([start], steps)))[1:]


def _first(true: np.ndarray) -> int | None:
    at = int(true.argmax())
    return at if true[at] else None


_FITS: dict[BarKind, Callable[[float, Columns], Fits]] = {
    BarKind.TICK: _by_count,
    BarKind.VOLUME: _by_volume,
    BarKind.DELTA: _by_delta,
    BarKind.RANGE: _by_range,
}
