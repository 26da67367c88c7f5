"""Which prints are outliers, by one rule for every pane (Guide: Definitions).

Between two traded prices that follow one another the price jumps where the higher is more than `JUMP` times the lower.
Jumps split the traded prices into groups; the group with the most trades, of equal ones the lowest, is plausible, and
prints of the others are outliers. They count in volume, delta and CVD, but have no row and do not stretch a scale.
"""

from typing import NamedTuple

import numpy as np

from workstation.readmodels.arrays import Bools, Floats, Ints

JUMP = 1.5
FEW_TRADES = 3  # at most in a bar that is an outlier as a whole


class Outlier(NamedTuple):
    """Prints of one row outside of the plausible ones: volume (base coin) and number of trades by side."""

    row: int
    sell: float
    buy: float
    sells: int
    buys: int


def has_jump(low_row: int, high_row: int) -> bool:
    """Whether there may be a jump between two rows: False is certain."""
    return high_row > JUMP * (low_row + 1)


def plausible_rows(row: Ints, trades: Ints) -> slice:
    """Which of the traded rows, ascending, are plausible; `trades` are their numbers of trades."""
    if not len(row) or not has_jump(int(row[0]), int(row[-1])):
        return slice(0, len(row))
    edges = [0, *(np.flatnonzero(row[1:] > JUMP * (row[:-1] + 1)) + 1).tolist(), len(row)]
    counts = np.add.reduceat(trades, edges[:-1])
    most = int(np.argmax(counts))
    return slice(edges[most], edges[most + 1])


def outlying_bars(low: Floats, high: Floats, trades: Floats) -> Bools:
    """Bars of at most `FEW_TRADES` trades whose prices are a jump away from those of both neighbours.

    The newest bar has one neighbour, and the oldest the two after it, which have to agree.
    """
    found = np.zeros(len(low), np.bool_)
    if len(low) < 2:
        return found
    apart = (low[1:] > JUMP * high[:-1]) | (low[:-1] > JUMP * high[1:])
    found[1:] = apart
    found[1:-1] &= apart[1:]
    found[0] = len(low) > 2 and bool(apart[0]) and not apart[1]
    return found & (trades <= FEW_TRADES)


def extent(low: Floats, high: Floats, trades: Floats) -> tuple[float, float] | None:
    """Lowest and highest price of bars for a scale, without bars that are outliers; None without bars."""
    if not len(low):
        return None
    shown = ~outlying_bars(low, high, trades)
    if not shown.any():
        shown[:] = True
    return float(low[shown].min()), float(high[shown].max())


def plausible_values(values: Floats) -> Floats:
    """The values (unordered, finite, above 0) without those beyond a jump from the group with the most values."""
    if not len(values) or values.max() <= JUMP * values.min():
        return values
    ordered = np.sort(values)
    edges = np.concatenate(([0], np.flatnonzero(ordered[1:] > JUMP * ordered[:-1]) + 1, [len(ordered)]))
    most = int(np.argmax(np.diff(edges)))
    return ordered[edges[most] : edges[most + 1]]
