"""Levels of detail, exact coarsening, zones and statistics: the arithmetic under the footprint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from tests.widgets import synthetic
from widgets.items.digits import encode_texts
from widgets.items.scale import Scale, SlotGrid
from widgets.items.ticks import time_ticks, value_ticks
from widgets.panes.footprint.cells.bars_on_grid import FIGURES, BarsOnGrid
from widgets.panes.footprint.cells.columns import columns_of
from widgets.panes.footprint.cells.detail import FACTORS, HYSTERESIS, Choice, Detail, choose
from widgets.panes.footprint.cells.item import atlases
from widgets.panes.footprint.cells.layouts import PAD_PX
from widgets.panes.footprint.cells.rows import rows_of
from widgets.panes.footprint.cells.statistics import statistics
from widgets.panes.footprint.cells.style import CellMode
from widgets.panes.footprint.pane import PITCH_PX
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.cells import imbalances, poc_index
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRules, PocTie, ZeroRule

WORKED = {6404: (380.0, 60.0), 6406: (540.0, 95.0), 6408: (120.0, 600.0), 6410: (30.0, 410.0), 6412: (18.0, 240.0)}


@pytest.mark.parametrize(
    ("pitch", "row", "detail", "factor"),
    [
        (120.0, 16.0, Detail.NUMBERS, 1),
        (80.0, 11.0, Detail.NUMBERS, 1),
        (79.9, 11.0, Detail.DELTA, 1),
        (120.0, 10.9, Detail.NUMBERS, 2),
        (120.0, 1.2, Detail.NUMBERS, 10),
        (44.0, 16.0, Detail.DELTA, 1),
        (43.0, 16.0, Detail.BARS, 1),
        (17.0, 16.0, Detail.MARKS, 1),
        (7.9, 16.0, Detail.CANDLES, 1),
        (120.0, 0.05, Detail.BARS, 100),
        (120.0, 0.001, Detail.CANDLES, 1),
    ],
)
def test_what_fits_is_shown(pitch: float, row: float, detail: Detail, factor: int) -> None:
    assert choose(pitch, row) == Choice(detail, factor)


def test_a_finer_level_needs_room_to_spare() -> None:
    compact = choose(60.0, 16.0)
    assert choose(84.0, 16.0, compact).detail is Detail.DELTA
    assert choose(80.0 * HYSTERESIS, 16.0, compact).detail is Detail.NUMBERS
    assert choose(80.0, 16.0, Choice(Detail.NUMBERS, 1)).detail is Detail.NUMBERS


@pytest.mark.parametrize(("detail", "widest"), [(Detail.NUMBERS, "8.88m"), (Detail.DELTA, "+8.88m")])
def test_the_widest_numbers_fit_the_narrowest_cells(qapp: QApplication, detail: Detail, widest: str) -> None:
    apply_theme(qapp)
    pitch = next(float(px) for px in range(10, 200) if choose(float(px), 16.0).detail is detail)
    columns = columns_of(np.zeros(1), Scale(0, 1, 0, 1, pitch, 100), detail, 1.0)
    width = atlases(1.0)[0].layout(encode_texts([widest])).width[0]
    room = columns.cells_right[0] - columns.cells_left[0]
    assert width <= (room / 2 - PAD_PX if detail is Detail.NUMBERS else room)


def test_fewer_rows_are_summed_only_with_room_to_spare() -> None:
    summed = choose(120.0, 8.0)
    assert summed.factor == 2
    assert choose(120.0, 11.5, summed).factor == 2
    assert choose(120.0, 11.0 * HYSTERESIS, summed).factor == 1


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("first", [0, 7, -13, 6163])
def test_coarse_rows_are_exact_sums(factor: int, first: int) -> None:
    random = np.random.default_rng(factor + abs(first))
    cells = {first + i: (float(random.integers(0, 50)), float(random.integers(0, 50))) for i in range(37)}
    bar = synthetic.bar(synthetic.START, cells, 1.0)
    rows = rows_of(bar, factor, FootprintRules())
    for index, row in enumerate(rows.row.tolist()):
        inside = [cells[fine] for fine in range(row * factor, (row + 1) * factor) if fine in cells]
        assert rows.sell[index] == sum(sell for sell, _ in inside)
        assert rows.buy[index] == sum(buy for _, buy in inside)
    assert rows.sell.sum() == bar.sell
    assert rows.buy.sum() == bar.buy


def test_the_worked_example_of_the_product_page() -> None:
    cells = {row // 2: value for row, value in WORKED.items()}
    bar = synthetic.bar(synthetic.START, cells, 20.0)
    assert bar.buy_imbalance.tolist() == [False, False, False, True, True]
    assert bar.sell_imbalance.tolist() == [True, False, False, False, False]
    assert bar.poc_row == 3204
    buy, sell = imbalances(bar.buy_volume, bar.sell_volume, FootprintRules())
    assert sell.tolist() == bar.sell_imbalance.tolist()
    assert buy.tolist() == bar.buy_imbalance.tolist()


@pytest.mark.parametrize(
    ("rule", "minimum", "expected"),
    [
        (ZeroRule.COUNT, 0.0, True),
        (ZeroRule.COUNT, 9.0, False),
        (ZeroRule.SKIP, 0.0, False),
        (ZeroRule.ONE_LOT, 2.0, True),
    ],
)
def test_zero_on_the_other_side_follows_the_rule(rule: ZeroRule, minimum: float, expected: bool) -> None:
    rules = FootprintRules(zero_rule=rule, minimum_volume=minimum)
    buy, _ = imbalances(np.array([0.0, 8.0]), np.array([0.0, 0.0]), rules)
    assert bool(buy[1]) is expected


def test_equal_volumes_put_the_poc_near_the_middle() -> None:
    assert poc_index(np.array([5.0, 1.0, 5.0, 1.0]), PocTie.MIDDLE) == 2
    assert poc_index(np.array([5.0, 1.0, 1.0, 5.0]), PocTie.MIDDLE) == 0
    assert poc_index(np.array([1.0, 5.0, 5.0]), PocTie.LOWEST) == 1


def placed(bars: tuple[FootprintBar, ...], before: BarsOnGrid | None = None) -> BarsOnGrid:
    """Bars on a grid of minutes."""
    return BarsOnGrid(bars, SlotGrid(synthetic.MINUTE, 0), before)


def test_statistics_add_up() -> None:
    bars = synthetic.walk(12)
    figures = statistics(placed(bars))
    assert figures["volume"].tolist() == [bar.buy + bar.sell for bar in bars]
    assert figures["delta"].tolist() == [bar.buy - bar.sell for bar in bars]
    assert np.isnan(figures["CVD"]).all()  # the view alone knows what came before the first bar
    known = replace(synthetic.footprint(bars), cvd=np.arange(12.0), oi_change=np.full(12, 2.5))
    assert statistics(placed(bars), known)["CVD"].tolist() == list(range(12))
    assert set(statistics(placed(bars), known)["OI change"].tolist()) == {2.5}
    assert figures["delta %"][0] == pytest.approx(100 * bars[0].delta / bars[0].volume)
    assert all(len(column) == 0 for column in statistics(placed(())).values())


def test_a_tick_changes_the_figures_of_the_last_bar_only() -> None:
    bars = synthetic.walk(8)
    before = placed(bars)
    for last in (replace(bars[-1], buy=bars[-1].buy + 5.0, high=99_999.0), bars[-1]):
        ticked = (*bars[:-1], last)
        after, afresh = placed(ticked, before), placed(ticked)
        assert {name: after.figure(name).tolist() for name in FIGURES} == {
            name: afresh.figure(name).tolist() for name in FIGURES
        }
        assert after.slots.tolist() == afresh.slots.tolist()
    longer = synthetic.walk(9)
    assert placed(longer, before).figure("buy").tolist() == placed(longer).figure("buy").tolist()


def test_ticks_are_round_and_inside() -> None:
    assert value_ticks(61_600.0, 61_700.0, 400.0) == pytest.approx([61_600 + 10 * i for i in range(11)])
    assert value_ticks(1.0, 1.0, 100.0) == []
    day = 86_400_000_000_000
    ticks = time_ticks(day - 600_000_000_000, day + 600_000_000_000, 400.0)
    assert [text for _, text, _ in ticks] == ["23:50", "23:55", "2 Jan", "00:05", "00:10"]
    assert [text for _, text, is_day in ticks if is_day] == ["2 Jan"]
    assert time_ticks(0, 5_000_000_000, 500.0)[1][1] == "00:00:01"


def test_slots_and_times_are_inverse() -> None:
    grid = SlotGrid.at(1_000_000_000, synthetic.START + 7)
    assert grid.slot(synthetic.START) == 0.0
    assert grid.ts_ns(12.5) == synthetic.START + 12_500_000_000
    scale = Scale(0.0, 10.0, 100.0, 200.0, 500.0, 400.0)
    assert scale.slot(scale.x(3.25)) == pytest.approx(3.25)
    assert scale.value(scale.y(123.0)) == pytest.approx(123.0)


@pytest.mark.parametrize("mode", CellMode)
def test_a_new_view_comes_back_to_numbers_after_a_moment_too_small_for_them(mode: CellMode) -> None:
    lost = choose(PITCH_PX, 0.05, None, mode)
    assert lost.detail < Detail.NUMBERS
    assert choose(PITCH_PX, 16.0, lost, mode).detail is Detail.NUMBERS
