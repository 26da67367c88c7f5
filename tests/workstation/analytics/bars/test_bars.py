"""One bar: the worked example of the definitions, then random bars against sums over their trades."""

from __future__ import annotations

import random
from collections import defaultdict
from copy import deepcopy

import numpy as np
import pytest

from tests.views import assert_same_view
from tests.workstation.analytics.market_events import BINANCE, MINUTE, START, at_price, engine_of, mark
from workstation.analytics.bars.bar_builder import BarBuilder
from workstation.analytics.bars.fill import Columns, fill_bars
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRequest, FootprintRules, FootprintView, Stack

# price: (buy, sell)
FIVE_ROWS = {64_120: (240, 18), 64_100: (410, 30), 64_080: (600, 120), 64_060: (95, 540), 64_040: (60, 380)}
Line = tuple[float, int, float, float, int]  # price, row, size, notional, side


def five_rows(rules: FootprintRules, closed: bool = True) -> FootprintBar:
    """The bar of the worked example, through the engine."""
    trades = [
        at_price(BINANCE, START, price, cells[side - 1], side) for price, cells in FIVE_ROWS.items() for side in (1, 2)
    ]
    later = [mark(BINANCE, START + 2 * MINUTE)] if closed else []
    view = engine_of([*trades, *later]).view(FootprintRequest("BTC", row_size=20.0, rules=rules))
    assert isinstance(view, FootprintView)
    assert view.row_size == 20.0
    return view.bars[0]


def prices(bar: FootprintBar, flags: np.ndarray) -> list[int]:
    return [(bar.first_row + at) * 20 for at in np.flatnonzero(flags).tolist()]


def test_the_worked_example() -> None:
    bar = five_rows(FootprintRules())
    assert bar.first_row * 20 == 64_040
    assert bar.sell_volume.tolist() == [380, 540, 120, 30, 18]
    assert bar.buy_volume.tolist() == [60, 95, 600, 410, 240]
    assert bar.poc_row * 20 == 64_080
    assert bar.buy_volume[2] + bar.sell_volume[2] == 720
    assert (bar.delta, bar.volume) == (317, 2_493)
    assert prices(bar, bar.buy_imbalance) == [64_100, 64_120]
    assert prices(bar, bar.sell_imbalance) == [64_040]
    assert (bar.value_low_row * 20, bar.value_high_row * 20) == (64_060, 64_100)
    assert bar.stacks == ()


@pytest.mark.parametrize(
    ("ratio", "buys", "sells"),
    [
        (410 / 120, [64_100, 64_120], [64_040]),
        (3.42, [64_120], [64_040]),
        (4.0, [64_120], [64_040]),
        (4.01, [64_120], []),
        (8.0, [64_120], []),
        (8.01, [], []),
        (600 / 540, [64_080, 64_100, 64_120], [64_040]),
        (1.0, [64_080, 64_100, 64_120], [64_040]),
        (0.9, [64_080, 64_100, 64_120], [64_040, 64_060]),
    ],
)
def test_the_ratios_of_the_worked_example(ratio: float, buys: list[int], sells: list[int]) -> None:
    bar = five_rows(FootprintRules(imbalance_ratio=ratio))
    assert prices(bar, bar.buy_imbalance) == buys
    assert prices(bar, bar.sell_imbalance) == sells


def test_two_rows_are_a_stack_only_where_two_are_asked_for() -> None:
    assert five_rows(FootprintRules(stack_length=2)).stacks == (Stack(3_205, 3_206, True),)
    assert five_rows(FootprintRules(stack_length=3)).stacks == ()


def test_a_live_bar_has_no_stacks() -> None:
    live = five_rows(FootprintRules(stack_length=2), closed=False)
    assert not live.closed
    assert live.stacks == ()
    assert live.buy_imbalance.sum() == 2


def random_lines(rng: random.Random, count: int, exact: bool = True) -> list[Line]:
    lines = []
    for _ in range(count):
        row = rng.randint(-3, 9) + 100
        size = rng.randint(1, 999) / 256 if exact else rng.random()
        price = row + rng.randint(0, 3) / 4
        lines.append((price, row, size, size * price, rng.choice((0, 1, 2))))
    return lines


def built(lines: list[Line]) -> BarBuilder:
    price = lines[0][0]
    bar = BarBuilder(START, price, price, price, price)
    for line in lines:
        bar.add(*line)
    return bar


def columns_of(lines: list[Line]) -> Columns:
    columns = [np.array(column) for column in zip(*lines, strict=True)]
    return Columns(*columns, ts=np.full(len(lines), START))


def frozen_bar(bar: BarBuilder) -> FootprintBar:
    return bar.finish(START + MINUTE, FootprintRules(), closed=True, complete=True)


@pytest.mark.parametrize("seed", range(30))
def test_a_bar_is_the_sum_of_its_trades(seed: int) -> None:
    rng = random.Random(seed)
    lines = random_lines(rng, rng.choice((1, 2, 10, 60)))
    bar = frozen_bar(built(lines))
    path = [0.0]
    cells: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for _, row, size, _, side in lines:
        path.append(path[-1] + (0.0, size, -size)[side])
        cells[row][side] += size
    assert (bar.open, bar.close) == (lines[0][0], lines[-1][0])
    assert (bar.low, bar.high) == (min(lines)[0], max(lines)[0])
    assert bar.trades == len(lines)
    assert bar.buy == sum(size for _, _, size, _, side in lines if side == 1)
    assert bar.sell == sum(size for _, _, size, _, side in lines if side == 2)
    assert bar.buy_usd == sum(notional for *_, notional, side in lines if side == 1)
    assert bar.sell_usd == sum(notional for *_, notional, side in lines if side == 2)
    assert bar.delta == path[-1]
    assert (bar.min_delta, bar.max_delta) == (min(path), max(path))
    assert bar.min_delta <= 0 <= bar.max_delta
    assert bar.min_delta <= bar.delta <= bar.max_delta
    assert bar.first_row == min(cells)
    assert len(bar.buy_volume) == max(cells) - min(cells) + 1
    assert bar.buy_volume.tolist() == [cells[bar.first_row + at][1] for at in range(len(bar.buy_volume))]
    assert bar.sell_volume.tolist() == [cells[bar.first_row + at][2] for at in range(len(bar.buy_volume))]
    assert bar.buy_volume.sum() + bar.sell_volume.sum() == bar.volume == bar.buy + bar.sell
    assert bar.value_low_row <= bar.poc_row <= bar.value_high_row


def test_a_trade_without_an_aggressor_has_a_price_but_no_side() -> None:
    bar = frozen_bar(built([(105.0, 105, 7.0, 735.0, 0), (101.0, 101, 2.0, 202.0, 1), (99.0, 99, 5.0, 495.0, 0)]))
    assert (bar.open, bar.high, bar.low, bar.close, bar.trades) == (105.0, 105.0, 99.0, 99.0, 3)
    assert (bar.volume, bar.delta, bar.buy_usd, bar.sell_usd) == (2.0, 2.0, 202.0, 0.0)
    assert (bar.first_row, len(bar.buy_volume), bar.poc_row) == (99, 7, 101)


def test_only_unknown_aggressors() -> None:
    bar = frozen_bar(built([(105.0, 105, 7.0, 735.0, 0)]))
    assert (bar.volume, bar.delta, bar.min_delta, bar.max_delta, bar.trades) == (0.0, 0.0, 0.0, 0.0, 1)
    assert (bar.poc_row, bar.value_low_row, bar.value_high_row) == (105, 105, 105)
    assert not bar.buy_imbalance.any()
    assert not bar.sell_imbalance.any()


@pytest.mark.parametrize("seed", range(20))
def test_columns_give_the_same_bits_as_trades(seed: int) -> None:
    rng = random.Random(seed)
    lines = random_lines(rng, 80, exact=False)
    price = lines[0][0]
    filled = BarBuilder(START, price, price, price, price)
    cuts = sorted(rng.sample(range(1, 80), rng.randint(0, 6)))
    for begin, end in zip([0, *cuts], [*cuts, 80], strict=True):
        if rng.random() < 0.4:
            for line in lines[begin:end]:
                filled.add(*line)
        else:
            fill_bars([filled], columns_of(lines[begin:end]), np.array([0, end - begin]))
    assert_same_view(frozen_bar(filled), frozen_bar(built(lines)))


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_several_bars_give_the_same_bits_as_trades(seed: int) -> None:
    rng = random.Random(seed)
    parts = [random_lines(rng, rng.choice((1, 2, 30)), exact=False) for _ in range(rng.randint(2, 6))]
    begun = [built(part[: rng.randint(1, len(part))]) for part in parts]
    rest = [part[bar.trades :] or [part[-1]] for part, bar in zip(parts, begun, strict=True)]
    one_by_one = deepcopy(begun)
    for bar, lines in zip(one_by_one, rest, strict=True):
        for line in lines:
            bar.add(*line, START)
    edges = np.cumsum([0, *(len(lines) for lines in rest)])
    fill_bars(begun, columns_of([line for lines in rest for line in lines]), edges)
    assert begun == one_by_one


def test_the_arrays_of_a_bar_are_read_only() -> None:
    bar = frozen_bar(built([(100.0, 100, 1.0, 100.0, 1)]))
    for array in (bar.buy_volume, bar.sell_volume, bar.buy_imbalance, bar.sell_imbalance):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
