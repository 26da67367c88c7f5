"""Judging the cells of one bar: POC, value area, diagonal and stacked imbalance (CONVENTIONS 1.3, 1.4, 4).

All functions take contiguous rows, lowest price first, empty rows included. Volumes that differ by less than a part in
a billion are equal: sums of decimal sizes carry binary noise, and 0.3 against 0.1 is three times.
"""

from __future__ import annotations

import numpy as np

from workstation.readmodels import Bools, Floats, FootprintRules, PocTie, Stack, ZeroRule

_NOISE = 1e-9
_NEARLY = 1 - _NOISE


def poc_index(total: Floats, tie: PocTie = PocTie.MIDDLE) -> int:
    """Row of the largest volume.

    A tie goes to the row nearest the middle of the bar and then to the lower, or to the lowest.
    """
    ties = np.flatnonzero(total >= total.max() * _NEARLY)
    if tie is PocTie.LOWEST or len(ties) == 1:
        return int(ties[0])
    return int(ties[np.argmin(np.abs(ties - (len(total) - 1) / 2))])


def value_area(total: Floats, poc: int, fraction: float = 0.70) -> tuple[int, int]:
    """Grow from the POC by the larger neighbour (a tie: the nearer to the POC, then the upper) until >= `fraction` is
    inside.

    Returns the lowest and highest row, inclusive.
    """
    low = high = poc
    inside, goal = float(total[poc]), fraction * float(total.sum()) * _NEARLY
    while inside < goal and (low > 0 or high < len(total) - 1):
        if _grows_up(total, low, high, poc):
            high += 1
            inside += float(total[high])
        else:
            low -= 1
            inside += float(total[low])
    return low, high


def _grows_up(total: Floats, low: int, high: int, poc: int) -> bool:
    above = total[high + 1] if high + 1 < len(total) else -1.0
    below = total[low - 1] if low > 0 else -1.0
    if abs(above - below) > _NOISE * max(above, below):
        return bool(above > below)
    return high - poc <= poc - low


def imbalances(buy: Floats, sell: Floats, rules: FootprintRules) -> tuple[Bools, Bools]:
    """Flags of diagonal imbalance: buy[i] against sell[i - 1], sell[i] against buy[i + 1], dominant >= ratio * other.

    The lowest row has no buy flag and the highest no sell flag: there is nothing to compare with.
    """
    buy_flags, sell_flags = np.zeros(len(buy), np.bool_), np.zeros(len(sell), np.bool_)
    floor = _one_lot(buy, sell, rules) if rules.zero_rule is ZeroRule.ONE_LOT else 0.0
    buy_flags[1:] = _dominates(buy[1:], sell[:-1], rules, floor)
    sell_flags[:-1] = _dominates(sell[:-1], buy[1:], rules, floor)
    return buy_flags, sell_flags


def _dominates(strong: Floats, weak: Floats, rules: FootprintRules, floor: float) -> Bools:
    against = np.where(weak > 0, weak, floor) if floor else weak
    enough = strong >= rules.minimum_volume * _NEARLY
    flags: Bools = (strong > 0) & enough & (strong >= rules.imbalance_ratio * _NEARLY * against)
    return flags & (weak > 0) if rules.zero_rule is ZeroRule.SKIP else flags


def _one_lot(buy: Floats, sell: Floats, rules: FootprintRules) -> float:
    traded = np.concatenate((buy, sell))
    traded = traded[traded > 0]
    smallest = float(traded.min()) if len(traded) else 0.0
    return rules.minimum_volume or smallest


def stacks(buy_flags: Bools, sell_flags: Bools, first_row: int, length: int) -> tuple[Stack, ...]:
    """Runs of at least `length` consecutive imbalanced rows of one side, in absolute rows, buys first, lowest first."""
    return (*_runs(buy_flags, first_row, length, True), *_runs(sell_flags, first_row, length, False))


def _runs(flags: Bools, first_row: int, length: int, buy: bool) -> list[Stack]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [Stack(first_row + start, first_row + end - 1, buy) for start, end in pairs if end - start >= length]
