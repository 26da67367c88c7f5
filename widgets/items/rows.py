"""A bar at the row size on screen: rows summed exactly, judged again by the chart's rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.readmodels import Bools, Floats, FootprintBar, FootprintRules, Ints, PocTie, ZeroRule


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of one bar, ascending: row i covers [row[i] * size, (row[i] + 1) * size); `poc` is an index."""

    row: Ints
    sell: Floats
    buy: Floats
    sell_imbalance: Bools
    buy_imbalance: Bools
    poc: int

    def __len__(self) -> int:
        return len(self.row)


def rows_of(bar: FootprintBar, factor: int, rules: FootprintRules) -> Rows:
    """Sum `factor` rows of the bar into one; the grid stays anchored at price 0."""
    count = len(bar.buy_volume)
    if factor == 1 or count == 0:
        row = np.arange(bar.first_row, bar.first_row + count, dtype=np.int64)
        poc = bar.poc_row - bar.first_row
        return Rows(row, bar.sell_volume, bar.buy_volume, bar.sell_imbalance, bar.buy_imbalance, poc)
    first, last = bar.first_row // factor, (bar.first_row + count - 1) // factor
    row = np.arange(first, last + 1, dtype=np.int64)
    starts = np.maximum(row * factor - bar.first_row, 0)
    sell, buy = np.add.reduceat(bar.sell_volume, starts), np.add.reduceat(bar.buy_volume, starts)
    sell_flags, buy_flags = imbalances(sell, buy, rules)
    return Rows(row, sell, buy, sell_flags, buy_flags, point_of_control(sell + buy, rules.poc_tie))


def imbalances(sell: Floats, buy: Floats, rules: FootprintRules) -> tuple[Bools, Bools]:
    """Diagonals: buys against the sells one row below, sells against the buys one row above. The edges have none."""
    sell_flags, buy_flags = np.zeros(len(sell), np.bool_), np.zeros(len(buy), np.bool_)
    buy_flags[1:] = _dominates(buy[1:], sell[:-1], rules)
    sell_flags[:-1] = _dominates(sell[:-1], buy[1:], rules)
    return sell_flags, buy_flags


def _dominates(strong: Floats, weak: Floats, rules: FootprintRules) -> Bools:
    enough = (strong > 0.0) & (strong >= rules.minimum_volume)
    if rules.zero_rule is ZeroRule.SKIP:
        enough &= weak > 0.0
    if rules.zero_rule is ZeroRule.ONE_LOT:
        traded = strong[strong > 0.0]
        lot = rules.minimum_volume or (float(traded.min()) if len(traded) else 0.0)
        weak = np.where(weak == 0.0, lot, weak)
    return enough & (strong >= rules.imbalance_ratio * weak)


def point_of_control(volume: Floats, tie: PocTie) -> int:
    """The row of the largest volume; of equal ones the nearest to the middle, then the lower, or simply the lowest."""
    candidates = np.flatnonzero(volume == volume.max())
    if tie is PocTie.LOWEST:
        return int(candidates[0])
    middle = (len(volume) - 1) / 2
    return int(candidates[np.argmin(np.abs(candidates - middle))])
