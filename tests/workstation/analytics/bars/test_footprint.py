"""POC, value area, imbalances and stacks against their rules written out in whole numbers."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.cells import (
    coarsen,
    exhausted,
    imbalances,
    judge,
    nearest_rank,
    poc_index,
    stacks,
    unfinished,
    value_area,
)
from workstation.readmodels.flow.footprint import FootprintRules, PocTie, Stack, ValueAreaMode, ZeroRule

QUICK = settings(max_examples=150, derandomize=True, deadline=None, database=None)
TENTHS = st.lists(st.integers(0, 12), min_size=1, max_size=14)


def noisy(tenths: list[int]) -> Floats:
    """Volumes in tenths of a coin, each the sum of single tenths, which binary floats do not hold exactly."""
    return np.array([sum([0.1] * count) for count in tenths], float)


def reference_poc(total: list[int], tie: PocTie) -> int:
    ties = [row for row, volume in enumerate(total) if volume == max(total)]
    if tie is PocTie.LOWEST:
        return ties[0]
    middle = Fraction(len(total) - 1, 2)
    return min(ties, key=lambda row: (abs(row - middle), row))


def reference_value_area(total: list[int], poc: int, fraction: Fraction) -> tuple[int, int]:
    inside = [poc]
    while sum(total[row] for row in inside) < fraction * sum(total):
        around = [row for row in (min(inside) - 1, max(inside) + 1) if 0 <= row < len(total)]
        inside.append(max(around, key=lambda row: (total[row], -abs(row - poc), row)))
    return min(inside), max(inside)


def reference_imbalance(strong: int, weak: int, ratio: Fraction, minimum: int, rule: ZeroRule, lot: int) -> bool:
    if strong == 0 or strong < minimum:
        return False
    if weak == 0 and rule is ZeroRule.SKIP:
        return False
    if weak == 0 and rule is ZeroRule.ONE_LOT:
        weak = lot
    return strong >= ratio * weak


@pytest.mark.parametrize("tie", PocTie)
@given(total=TENTHS)
@QUICK
def test_poc(tie: PocTie, total: list[int]) -> None:
    assert poc_index(noisy(total), tie) == reference_poc(total, tie)


@pytest.mark.parametrize(
    ("total", "middle", "lowest"),
    [
        ([5, 1, 5], 0, 0),
        ([5, 1, 1, 5, 1], 3, 0),
        ([1, 5, 5, 1], 1, 1),
        ([5, 5, 5], 1, 0),
        ([0, 0], 0, 0),
        ([7], 0, 0),
    ],
)
def test_poc_of_equal_rows(total: list[int], middle: int, lowest: int) -> None:
    assert poc_index(noisy(total)) == middle
    assert poc_index(noisy(total), PocTie.LOWEST) == lowest


@given(total=TENTHS, percent=st.sampled_from((50, 68, 70, 95, 100)))
@QUICK
def test_value_area(total: list[int], percent: int) -> None:
    fraction = Fraction(percent, 100)
    poc = poc_index(noisy(total))
    low, high = value_area(noisy(total), poc, float(fraction))
    assert (low, high) == reference_value_area(total, poc, fraction)
    inside = sum(total[low : high + 1])
    assert 0 <= low <= poc <= high < len(total)
    assert inside >= fraction * sum(total)
    if low < high:
        smaller = [inside - total[end] for end in (low, high) if end != poc]
        assert min(smaller) < fraction * sum(total)


@given(total=TENTHS, fractions=st.tuples(st.integers(1, 100), st.integers(1, 100)))
@QUICK
def test_a_larger_share_holds_the_smaller_one(total: list[int], fractions: tuple[int, int]) -> None:
    poc = poc_index(noisy(total))
    small, large = (value_area(noisy(total), poc, percent / 100) for percent in sorted(fractions))
    assert large[0] <= small[0] <= small[1] <= large[1]


def test_equal_neighbours_of_the_value_area() -> None:
    assert value_area(noisy([4, 10, 4]), 1, 0.7) == (1, 2)
    assert value_area(noisy([3, 3, 10, 3, 3]), 2, 0.70) == (1, 3)
    assert value_area(noisy([3, 3, 10, 3, 3]), 2, 0.75) == (1, 4)


def test_the_value_area_of_no_volume_is_the_poc() -> None:
    assert value_area(np.zeros(5), 2) == (2, 2)


@given(
    cells=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=10),
    ratio=st.sampled_from((10, 15, 30, 40)),
    minimum=st.integers(0, 6),
    rule=st.sampled_from(ZeroRule),
)
@QUICK
def test_imbalances(cells: list[tuple[int, int]], ratio: int, minimum: int, rule: ZeroRule) -> None:
    sell, buy = [cell[0] for cell in cells], [cell[1] for cell in cells]
    lot = minimum or min((volume for volume in sell + buy if volume), default=0)
    rules = FootprintRules(imbalance_ratio=ratio / 10, minimum_volume=minimum / 10, zero_rule=rule)
    judge = (Fraction(ratio, 10), minimum, rule, lot)
    wanted_buy = [row > 0 and reference_imbalance(buy[row], sell[row - 1], *judge) for row in range(len(cells))]
    wanted_sell = [
        row + 1 < len(cells) and reference_imbalance(sell[row], buy[row + 1], *judge) for row in range(len(cells))
    ]
    flags = imbalances(noisy(buy), noisy(sell), rules)
    assert [flag.tolist() for flag in flags] == [wanted_buy, wanted_sell]


def test_three_times_is_enough_however_it_was_summed() -> None:
    for strong in (0.3, 0.1 + 0.2, 0.1 + 0.1 + 0.1):
        buy, sell = np.array([0.0, strong]), np.array([0.1, 0.0])
        assert imbalances(buy, sell, FootprintRules())[0].tolist() == [False, True]
        assert imbalances(buy, sell, FootprintRules(minimum_volume=0.3))[0].tolist() == [False, True]
    assert not imbalances(np.array([0.0, 0.2999]), np.array([0.1, 0.0]), FootprintRules())[0].any()


def test_an_empty_other_side() -> None:
    buy, sell = np.array([0.0, 5.0, 2.0]), np.array([0.0, 1.0, 0.0])

    def buys(rule: ZeroRule, minimum: float = 0.0) -> list[bool]:
        return imbalances(buy, sell, FootprintRules(zero_rule=rule, minimum_volume=minimum))[0].tolist()

    assert buys(ZeroRule.COUNT) == [False, True, False]
    assert buys(ZeroRule.COUNT, 6.0) == [False, False, False]
    assert buys(ZeroRule.SKIP) == [False, False, False]
    assert buys(ZeroRule.ONE_LOT) == [False, True, False]
    assert buys(ZeroRule.ONE_LOT, 2.0) == [False, False, False]


def test_one_row_has_no_diagonal() -> None:
    for flags in imbalances(np.array([9.0]), np.array([0.0]), FootprintRules()):
        assert flags.tolist() == [False]


def test_stacks_are_runs_of_one_side() -> None:
    rng = random.Random(2)
    for _ in range(200):
        buy, sell = ([rng.random() < 0.6 for _ in range(12)] for _ in range(2))
        wanted = []
        for side, flags in ((True, buy), (False, sell)):
            for low in range(12):
                for high in range(low + 2, 12):
                    whole = all(flags[low : high + 1])
                    ends = (low == 0 or not flags[low - 1]) and (high == 11 or not flags[high + 1])
                    if whole and ends:
                        wanted.append(Stack(100 + low, 100 + high, side))
        assert list(stacks(np.array(buy), np.array(sell), 100, 3)) == wanted


def test_an_empty_row_breaks_a_stack() -> None:
    rules = FootprintRules()
    buy, sell = np.array([1.0, 9, 9, 9, 9]), np.ones(5)
    assert stacks(*imbalances(buy, sell, rules), 0, 3) == (Stack(1, 4, True),)
    buy[3] = sell[3] = 0
    assert stacks(*imbalances(buy, sell, rules), 0, 3) == ()


def reference_two_row(total: list[int], poc: int, fraction: Fraction) -> tuple[int, int]:
    low = high = poc
    while sum(total[low : high + 1]) < fraction * sum(total):
        above, below = total[high + 1 : high + 3], total[max(low - 2, 0) : low]
        sides = [(sum(above), -(high - poc), 1)] * bool(above) + [(sum(below), -(poc - low), 0)] * bool(below)
        if max(sides)[2]:
            high += len(above)
        else:
            low -= len(below)
    return low, high


def reference_tradingview(tenths: list[int], poc: int, fraction: Fraction) -> tuple[int, int]:
    low = high = poc
    while sum(tenths):
        around = [row for row in (low - 1, high + 1) if 0 <= row < len(tenths)]
        if not around:
            break
        row = max(around, key=lambda row: (tenths[row], -abs(row - poc), row))
        if Fraction(sum(tenths[low : high + 1]) + tenths[row], 10) > fraction * sum(tenths) / 10 + Fraction(1, 100):
            break
        low, high = min(low, row), max(high, row)
    return low, high


@given(total=TENTHS, percent=st.sampled_from((50, 68, 70, 95, 100)))
@QUICK
def test_value_area_by_two_rows(total: list[int], percent: int) -> None:
    poc, fraction = poc_index(noisy(total)), Fraction(percent, 100)
    area = value_area(noisy(total), poc, percent / 100, ValueAreaMode.TWO_ROW)
    assert area == reference_two_row(total, poc, fraction)


@given(total=TENTHS, percent=st.sampled_from((50, 68, 70, 95, 100)))
@QUICK
def test_value_area_that_does_not_exceed(total: list[int], percent: int) -> None:
    poc, fraction = poc_index(noisy(total)), Fraction(percent, 100)
    low, high = value_area(noisy(total), poc, percent / 100, ValueAreaMode.TRADINGVIEW)
    assert (low, high) == reference_tradingview(total, poc, fraction)
    inside = Fraction(sum(total[low : high + 1]), 10)
    assert low == high == poc or inside <= fraction * sum(total) / 10 + Fraction(1, 100)


def test_the_three_value_areas_of_one_bar() -> None:
    total = noisy([10, 20, 45, 100, 35, 30, 10])  # 70 % of 25.0 are 17.5
    assert value_area(total, 3, 0.7) == (2, 4)  # 10 + 4.5 + 3.5
    assert value_area(total, 3, 0.7, ValueAreaMode.TRADINGVIEW) == (2, 3)  # with 3.5 more it would be 18
    assert value_area(total, 3, 0.7, ValueAreaMode.TWO_ROW) == (1, 5)  # 10 + 6.5 above, as much below, is 16.5; + 6.5


def test_a_hundredth_too_much_is_tolerated() -> None:
    assert value_area(np.array([0.61, 6.4, 0.6, 2.39]), 1, 0.7, ValueAreaMode.TRADINGVIEW) == (0, 1)
    assert value_area(np.array([0.63, 6.4, 0.6, 2.37]), 1, 0.7, ValueAreaMode.TRADINGVIEW) == (1, 1)


@given(cells=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8), least=st.integers(0, 6))
@QUICK
def test_unfinished_auctions(cells: list[tuple[int, int]], least: int) -> None:
    buy, sell = noisy([cell[0] for cell in cells]), noisy([cell[1] for cell in cells])
    (low_buy, low_sell), (high_buy, high_sell) = cells[0], cells[-1]
    high = high_sell > 0 and high_buy > 0 and high_buy >= least
    low = low_sell > 0 and low_buy > 0 and low_sell >= least
    assert unfinished(buy, sell, least / 10) == (high, low)


@given(cells=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6), rows=st.integers(0, 4))
@QUICK
def test_exhaustion(cells: list[tuple[int, int]], rows: int) -> None:
    buy, sell = [cell[0] for cell in cells], [cell[1] for cell in cells]
    enough = 2 <= rows <= len(cells)
    high = enough and all(buy[-at - 1] < buy[-at - 2] for at in range(rows - 1))
    low = enough and all(sell[at] < sell[at + 1] for at in range(rows - 1))
    assert exhausted(noisy(buy), noisy(sell), rows) == (high, low)


@given(values=st.lists(st.integers(1, 30), max_size=20), percent=st.integers(0, 100))
@QUICK
def test_nearest_rank(values: list[int], percent: int) -> None:
    enough = [value for value in values if sum(one <= value for one in values) * 100 >= percent * len(values)]
    assert nearest_rank(np.array(values, float), percent) == min(enough, default=0.0)


@given(
    cells=st.lists(st.integers(0, 99), min_size=1, max_size=30), first=st.integers(-40, 40), factor=st.integers(1, 9)
)
@QUICK
def test_coarse_rows(cells: list[int], first: int, factor: int) -> None:
    row, sums = coarsen(np.array(cells, float), first, factor)
    wanted: dict[int, int] = {}
    for at, volume in enumerate(cells):
        wanted[(first + at) // factor] = wanted.get((first + at) // factor, 0) + volume
    assert dict(enumerate(sums.tolist(), row)) == wanted


def test_a_bar_is_judged_as_its_parts_are() -> None:
    buy, sell = noisy([1, 5, 9]), noisy([3, 1, 0])
    seen = judge(buy, sell, FootprintRules(), 0.2)
    assert (seen.poc, (seen.low, seen.high)) == (2, value_area(buy + sell, 2))
    assert seen.buy_imbalance.tolist() == [False, False, True]
    assert judge(buy, sell, FootprintRules(), 1.0).buy_imbalance.tolist() == [False, False, False]
