"""Prints: trades as a taker sent them.

A print is a run of trades of one market with one side and one venue millisecond: a taker order that swept several
resting ones. Trades of other markets do not end the run; a trade of the other side does. The same millisecond, not
gaps of up to one: venues stamp the fills of an order with one time, and so a print lies in one bar and one second, and
busy markets do not chain.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from workstation.analytics.store.trades import Trades
from workstation.readmodels.arrays import Bools, Floats, Ints

_MS = 1_000_000

S = TypeVar("S", bound=np.generic)


class Prints(NamedTuple):
    """Columns of prints; `ticks` is the mean price weighted by size, `trades` the number of merged trades.

    `row` ascends with the first trade of a print in the store.
    """

    ts: Ints
    ticks: Floats
    size: Floats
    notional: Floats
    sign: Ints
    market: Ints
    trades: Ints
    row: Ints

    def at(self, index: npt.NDArray[np.generic] | slice) -> Prints:
        """The prints selected by a mask, indices or a slice."""
        return Prints._make(column[index] for column in self)


class Runs(NamedTuple):
    """The prints among some trades, by market, then as stored.

    `order` are the rows of the trades in this order, `first` the places in it at which prints begin, `length` how many
    trades a print has, `last` whether it is the last of its market and may grow.
    """

    order: Ints
    first: Ints
    length: Ints
    last: Bools

    def spread(self, values: npt.NDArray[S]) -> npt.NDArray[S]:
        """A value of each print as a column over the trades."""
        column = np.empty(len(self.order), values.dtype)
        column[self.order] = np.repeat(values, self.length)
        return column


def runs_of(trades: Trades) -> Runs:
    """The prints among some trades, at least one."""
    order = np.argsort(trades.lane // 3, kind="stable")
    ms, lane = trades.ts[order] // _MS, trades.lane[order]
    first = np.flatnonzero(np.concatenate(([True], (np.diff(ms) != 0) | (np.diff(lane) != 0))))
    last = np.diff(lane[first] // 3, append=-1) != 0
    return Runs(order, first, np.diff(first, append=len(order)), last)


def prints_of(trades: Trades) -> Prints:
    """The prints among some trades, by their first trade."""
    return merged_prints(trades, runs_of(trades)) if len(trades.ts) else NO_PRINTS


def merged_prints(trades: Trades, runs: Runs) -> Prints:
    """These prints, by their first trade; `row` is that trade's."""
    order, first, length, _ = runs
    row = order[first]
    ticks, size, begin = trades.ticks[order], trades.size[order], trades.ticks[row]
    whole = np.add.reduceat(size, first)
    away = np.add.reduceat(size * (ticks - np.repeat(begin, length)), first)
    mean = begin + away / np.where(whole > 0, whole, 1.0)
    notional = np.add.reduceat(trades.notional[order], first)
    prints = Prints(trades.ts[row], mean, whole, notional, trades.sign[row], trades.market[row], length, row)
    return prints.at(np.argsort(row))


def empty_prints(count: int) -> Prints:
    """`count` prints of zeros, to be written to."""
    whole, real = np.zeros((5, count), np.int64), np.zeros((3, count))
    return Prints(whole[0], *real, *whole[1:])


def joined_prints(parts: list[Prints]) -> Prints:
    return Prints(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


NO_PRINTS = empty_prints(0)
