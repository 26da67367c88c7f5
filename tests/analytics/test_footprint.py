"""POC, value area, imbalances and stacks against their rules written out in whole numbers."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.cells import imbalances, poc_index, stacks, value_area
from workstation.readmodels import Floats, FootprintRules, PocTie, Stack, ZeroRule

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
