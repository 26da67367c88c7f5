"""Evaluation of the cells of one bar: POC, value area, diagonal and stacked imbalance (Guide: Definitions).

The rules are those of TradingView's volume footprint, checked on its published bars; the default value area grows until
its share is reached.

Pure functions of arrays of contiguous rows (rows,), lowest price first, empty rows included; volumes are base coin.
Volumes that differ by less than 1e-9 of their size are equal: sums of decimal sizes carry binary noise, and 0.3 is
three times 0.1.
"""

import math
from typing import NamedTuple, TypeVar

import numpy as np

from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.footprint import FootprintRules, PocTie, Stack, ValueAreaMode, ZeroRule

NOISE = 1e-9
NEARLY = 1 - NOISE
_TRADINGVIEW_TOLERANCE = 0.01

Cells = TypeVar("Cells", Floats, Ints)


class Judged(NamedTuple):
    """Indices of POC and value area (`low` to `high`, inclusive), and imbalance flags by row."""

    poc: int
    low: int
    high: int
    buy_imbalance: Bools
    sell_imbalance: Bools


def judge(buy: Floats, sell: Floats, rules: FootprintRules, minimum: float | None = None) -> Judged:
    """POC, value area and imbalances; `minimum` is the least imbalanced volume, None that of the rules."""
    total = buy + sell
    poc = poc_index(total, rules.poc_tie)
    low, high = value_area(total, poc, rules.value_area, rules.value_area_mode)
    return Judged(poc, low, high, *imbalances(buy, sell, rules, minimum))


def coarsen(cells: Cells, first_row: int, factor: int) -> tuple[int, Cells]:
    """Sum `factor` rows into one on the grid anchored at price 0. Returns the first coarse row and the sums."""
    first, last = first_row // factor, (first_row + len(cells) - 1) // factor
    starts = np.maximum(np.arange(first, last + 1, dtype=np.int64) * factor - first_row, 0)
    return first, np.add.reduceat(cells, starts)


def poc_index(total: Floats, tie: PocTie = PocTie.MIDDLE) -> int:
    """Index of the largest volume.

    Of equal rows the one nearest the middle of the bar, then the lower; or the lowest, by `tie`.
    """
    ties = np.flatnonzero(total >= total.max() * NEARLY)
    if tie is PocTie.LOWEST or len(ties) == 1:
        return int(ties[0])
    return int(ties[np.argmin(np.abs(ties - (len(total) - 1) / 2))])


def value_area(
    total: Floats, poc: int, fraction: float = 0.70, mode: ValueAreaMode = ValueAreaMode.GROW
) -> tuple[int, int]:
    """Value area by `mode`: grown from the POC by the larger neighbour (of equal ones the nearer to the POC, then the
    upper) until >= `fraction` is inside; by pairs of neighbours; or as long as it does not exceed the fraction.

    Returns the lowest and highest index, inclusive.
    """
    volumes, whole = total.tolist(), float(total.sum())
    if mode is ValueAreaMode.TWO_ROW:
        return _grown_by_pairs(volumes, poc, fraction * whole * NEARLY)
    if mode is ValueAreaMode.GROW:
        return _grown_by_rows(volumes, poc, fraction * whole * NEARLY, math.inf)
    most = fraction * whole + _TRADINGVIEW_TOLERANCE
    return _grown_by_rows(volumes, poc, math.inf if whole else 0.0, most)


def _grown_by_rows(volumes: list[float], poc: int, goal: float, most: float) -> tuple[int, int]:
    """Grow until `goal` is inside, without exceeding `most`. One loop without calls: bars have many rows."""
    low = high = poc
    inside, last = volumes[poc], len(volumes) - 1
    while inside < goal and (low > 0 or high < last):
        if low == 0 or high == last:
            up = low == 0
        else:
            above, below = volumes[high + 1], volumes[low - 1]
            if above - below > NOISE * above or below - above > NOISE * below:
                up = above > below
            else:
                up = high - poc <= poc - low
        inside += volumes[high + 1] if up else volumes[low - 1]
        if inside * NEARLY > most:
            break
        low, high = (low, high + 1) if up else (low - 1, high)
    return low, high


def _grown_by_pairs(volumes: list[float], poc: int, goal: float) -> tuple[int, int]:
    low = high = poc
    inside = volumes[poc]
    while inside < goal and (low > 0 or high < len(volumes) - 1):
        above, below = volumes[high + 1 : high + 3], volumes[max(low - 2, 0) : low]
        up = _grows_up(above, below, high - poc, poc - low)
        inside += math.fsum(above if up else below)
        low, high = (low, high + len(above)) if up else (low - len(below), high)
    return low, high


def _grows_up(above: list[float], below: list[float], up_by: int, down_by: int) -> bool:
    if not above or not below:
        return bool(above)
    one, other = math.fsum(above), math.fsum(below)
    if abs(one - other) > NOISE * max(one, other):
        return one > other
    return up_by <= down_by


def imbalances(buy: Floats, sell: Floats, rules: FootprintRules, minimum: float | None = None) -> tuple[Bools, Bools]:
    """Flags of diagonal imbalance: buy[i] against sell[i - 1], sell[i] against buy[i + 1], dominant >= ratio * other.

    The lowest row has no buy flag and the highest no sell flag, as they have no row to compare with.
    """
    least = rules.minimum_volume if minimum is None else minimum
    buy_flags, sell_flags = np.zeros(len(buy), np.bool_), np.zeros(len(sell), np.bool_)
    floor = (least or _smallest(buy, sell)) if rules.zero_rule is ZeroRule.ONE_LOT else 0.0
    buy_flags[1:] = _dominates(buy[1:], sell[:-1], rules, least, floor)
    sell_flags[:-1] = _dominates(sell[:-1], buy[1:], rules, least, floor)
    return buy_flags, sell_flags


def _dominates(strong: Floats, weak: Floats, rules: FootprintRules, least: float, floor: float) -> Bools:
    against = np.where(weak > 0, weak, floor) if floor else weak
    flags: Bools = (strong > 0) & (strong >= least * NEARLY) & (strong >= rules.imbalance_ratio * NEARLY * against)
    return flags & (weak > 0) if rules.zero_rule is ZeroRule.SKIP else flags


def _smallest(buy: Floats, sell: Floats) -> float:
    traded = np.concatenate((buy, sell))
    traded = traded[traded > 0]
    return float(traded.min()) if len(traded) else 0.0


def stacks(buy_flags: Bools, sell_flags: Bools, first_row: int, length: int) -> tuple[Stack, ...]:
    """Runs of at least `length` consecutive imbalanced rows of one side, in absolute rows, buys first, lowest first."""
    return (*_runs(buy_flags, first_row, length, True), *_runs(sell_flags, first_row, length, False))


def _runs(flags: Bools, first_row: int, length: int, buy: bool) -> list[Stack]:
    if np.count_nonzero(flags) < length:
        return []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [Stack(first_row + start, first_row + end - 1, buy) for start, end in pairs if end - start >= length]


def unfinished(buy: Floats, sell: Floats, minimum: float) -> tuple[bool, bool]:
    """Whether the auction is unfinished at the high and at the low: both sides traded in the outermost row, and the
    aggressors there (buyers at the high, sellers at the low) at least `minimum`.
    """
    least = minimum * NEARLY
    return (
        bool(sell[-1] > 0 and buy[-1] > 0 and buy[-1] >= least),
        bool(buy[0] > 0 and sell[0] > 0 and sell[0] >= least),
    )


def exhausted(buy: Floats, sell: Floats, rows: int) -> tuple[bool, bool]:
    """Whether aggressors are exhausted at the high and at the low: their volume rises strictly over the `rows` rows
    from the extreme inwards.
    """
    if rows < 2 or len(buy) < rows:
        return False, False
    return _rises(buy[: -rows - 1 : -1]), _rises(sell[:rows])


def _rises(volumes: Floats) -> bool:
    return bool((volumes[1:] * NEARLY > volumes[:-1]).all())


def nearest_rank(values: Floats, percent: float) -> float:
    """Percentile by nearest rank: the smallest value that at least `percent` % do not exceed; 0 without values."""
    if not len(values):
        return 0.0
    at = min(max(math.ceil(percent / 100 * len(values)) - 1, 0), len(values) - 1)
    return float(np.partition(values, at)[at])


def smoothed(total: Floats, reach: int) -> Floats:
    """Mean of each row and `reach` rows to each side, zeros beyond the ends."""
    width = 2 * reach + 1
    if reach <= 0:
        return total
    return np.convolve(np.pad(total, reach), np.ones(width), "valid") / width


def nodes(total: Floats, reach: int) -> tuple[Ints, Ints]:
    """Indices of high- and low-volume nodes of the smoothed profile.

    High: a local maximum above the mean. Low: a local minimum, not at an end, below half of the mean. A plateau counts
    once, as its middle row, the lower of two.
    """
    values = smoothed(total, reach)
    if not len(values):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    tolerance = NOISE * float(values.max())
    starts = np.concatenate(([0], np.flatnonzero(np.abs(np.diff(values)) > tolerance) + 1))
    ends = np.concatenate((starts[1:], [len(values)])) - 1
    level = values[starts]
    before, after = np.concatenate(([-np.inf], level[:-1])), np.concatenate((level[1:], [-np.inf]))
    middle, mean = (starts + ends) // 2, values.mean()
    inner = np.isfinite(before) & np.isfinite(after)
    high = (level > before) & (level > after) & (level > mean)
    low = inner & (level < before) & (level < after) & (level < mean / 2)
    return middle[high], middle[low]
