"""Studies of the footprint: signs and where they stand, bubbles, price lines, figures, tooltips, earlier candles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets import synthetic
from tests.widgets.panes.footprint import studied
from widgets.chart.axes import Tag
from widgets.items.digits import decode
from widgets.items.scale import Scale, SlotGrid
from widgets.items.sprites import (
    ABSORBED_BUY,
    ABSORBED_SELL,
    BUBBLE_STEPS,
    DIVERGES_DOWN,
    EXHAUSTED_LOW,
    UNFINISHED_HIGH,
    UNFINISHED_LOW,
    bubble_radius,
    bubble_steps,
)
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.columns import MERGED_PX, columns_of, first_of_columns, largest_of_columns
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.cells.rows import nodes_of, rows_of
from widgets.panes.footprint.cells.statistics import NAMES, rows_that_fit, statistics
from widgets.panes.footprint.cells.style import CellMode, Style
from widgets.panes.footprint.cells.table import ROW_PX, TableItem
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.footprint.settings import STYLE_OPTIONS
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.declaration import ChartFacts, Signs
from widgets.panes.footprint.studies.registry import builtin_studies
from widgets.panes.footprint.studies.signs import SignColumns, pixels_across, placed_signs
from widgets.panes.footprint.text import minimum_text
from workstation.readmodels.flow.big_trades import BigTradesRequest
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.flow.footprint import (
    Absorption,
    AbsorptionRule,
    FootprintRequest,
    FootprintRules,
    FootprintView,
    MinimumMode,
)
from workstation.readmodels.positions.liquidations import LiquidationsRequest


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    """A shown pane with all studies known."""
    footprint.refresh(studied.view())
    return footprint


def small() -> tuple[FootprintView, BarsOnGrid]:
    """Three bars: an unfinished and exhausted low, a divergence at an unfinished high, and two absorptions."""
    flat = {100: (1.0, 1.0), 101: (1.0, 1.0)}
    bars = [synthetic.bar(synthetic.START + index * synthetic.MINUTE, flat, 1.0) for index in range(3)]
    bars[0] = replace(bars[0], unfinished_low=True, exhausted_low=True)
    bars[1] = replace(bars[1], unfinished_high=True)
    start = bars[2].start_ns
    half = start + synthetic.MINUTE // 2
    absorbed = tuple(Absorption(row, buy, start, half, 9.0, 1.0, 1.0, 4.0) for row, buy in ((101, True), (100, False)))
    view = replace(
        synthetic.footprint(tuple(bars), row_size=1.0), divergence=np.array([0, -1, 0]), absorptions=absorbed
    )
    return view, BarsOnGrid(view.bars, SlotGrid.at(synthetic.MINUTE, synthetic.START))


def placed_of(view: FootprintView, bars: BarsOnGrid, *names: str) -> SignColumns:
    """The signs of these studies at all bars."""
    board = StudyBoard(builtin_studies(), lambda: ChartFacts(view.request, view, bars, (0.0, 3.0)))
    for study in board.studies:
        board.settings = board.settings.show(study.name, study.name in names)
    part = slice(0, len(view.bars))
    signs = [one for study, output in board.outputs(Signs) for one in output.signs(board.inputs(study), view, part)]
    return placed_signs(signs, bars, part)


def test_signs_stand_at_their_end_of_the_bar_one_above_the_other() -> None:
    view, bars = small()
    found = placed_of(view, bars, "divergences", "unfinished", "exhaustion", "absorptions")
    standing = set(zip(found.index.tolist(), found.slot.tolist(), found.lift.tolist(), strict=True))
    assert standing == {
        (UNFINISHED_LOW, 0.5, -1.0),
        (EXHAUSTED_LOW, 0.5, -2.0),
        (DIVERGES_DOWN, 1.5, 1.0),
        (UNFINISHED_HIGH, 1.5, 2.0),
        (ABSORBED_BUY, 2.25, 0.0),
        (ABSORBED_SELL, 2.25, 0.0),
    }
    price = dict(zip(found.index.tolist(), found.price.tolist(), strict=True))
    assert price[UNFINISHED_HIGH] == view.bars[1].high
    assert price[UNFINISHED_LOW] == view.bars[0].low
    assert price[ABSORBED_BUY] == 101.5


def test_only_the_signs_that_are_wanted_are_shown() -> None:
    view, bars = small()
    assert len(placed_of(view, bars).index) == 0
    uncounted = replace(view, divergence=np.zeros(0, np.int64))
    assert DIVERGES_DOWN not in placed_of(uncounted, bars, "divergences").index


def test_the_dots_of_absorptions_stand_beside_the_numbers_of_their_side() -> None:
    view, bars = small()
    found, scale = placed_of(view, bars, "absorptions"), Scale(0, 3, 99.0, 103.0, 300, 200)
    cells = columns_of(np.array([2.0]), scale, Detail.NUMBERS, 1.0)
    assert pixels_across(found, scale, 1.0, numbers=False).tolist() == [225.0, 225.0]
    beside = [cells.cells_left[0] + 6, cells.cells_right[0] - 6]
    assert np.sort(pixels_across(found, scale, 1.0, numbers=True)).tolist() == beside


def test_the_tag_of_the_mark_makes_room_for_that_of_the_last_price(pane: FootprintPane) -> None:
    axis, last = pane.chart.value_axis, Tag(60_300.0, "60,300", "buy", "window")
    rect = QRectF(0, 0, 72, 400)
    near = axis.y_of(60_300.0, rect) - axis.y_of(60_301.0, rect)  # pixels of a price unit
    for away, moved in ((4.0 / near, -16.0), (-4.0 / near, 16.0), (20.0 / near, -20.0), (-30.0 / near, 30.0)):
        mark = Tag(60_300.0 + away, "mark", "pane", "aggregate", beside=last.value)
        assert axis.tag_y(mark, rect) - axis.tag_y(last, rect) == pytest.approx(moved)


def test_bubbles_grow_by_area() -> None:
    steps = bubble_steps(np.array([1.0, 10.5, 20.0, 500.0]), 1.0, 20.0)
    assert steps.tolist() == [0, 6, BUBBLE_STEPS - 1, BUBBLE_STEPS - 1]
    areas = np.diff([bubble_radius(step) ** 2 for step in range(BUBBLE_STEPS)])
    assert areas == pytest.approx(np.full(BUBBLE_STEPS - 1, areas[0]))


def test_big_trades_are_asked_for_by_what_is_in_sight_and_named_under_the_pointer(pane: FootprintPane) -> None:
    assert not any(isinstance(one, BigTradesRequest) for one in pane.side_requests())
    pane.show_study("big_trades")
    (request,) = [one for one in pane.side_requests() if isinstance(one, BigTradesRequest)]
    left, right = (pane.chart.grid.ts_ns(slot) for slot in pane.chart.visible)
    assert request.start_ns <= left
    assert request.end_ns >= right
    pane.chart.pan_slots(0.01)  # a small move asks for nothing new
    assert request in pane.side_requests()
    view = studied.big_trades(studied.view(), request)
    pane.refresh(view)
    assert "big trades from $100k" in pane.legend.text
    scale, grid = pane.chart.plot_scale, pane.chart.grid
    at = QPointF(scale.x(grid.slot(int(view.ts_venue_ns[-4]))), scale.y(float(view.price[-4])))
    tip = pane.reading.tip(at)
    assert ("sold", "side unknown", "bought")[int(view.side[-4]) + 1] in tip
    assert "BIN" in tip or "BYB" in tip
    pane.grab()
    assert pane.layers.failures == {}
    assert pane.layers.bubbles.hollow == (pane.layers.choice is not None and pane.layers.choice.detail >= Detail.DELTA)
    pane.show_study("big_trades", False)
    assert pane.layers.bubbles.columns == {}


def test_liquidations_are_asked_for_where_there_can_be_some(pane: FootprintPane) -> None:
    assert any(isinstance(one, LiquidationsRequest) for one in pane.side_requests())
    pane.toolbar.markets.kind["spot"].click()
    assert not any(isinstance(one, LiquidationsRequest) for one in pane.side_requests())


def test_price_lines_are_drawn_as_far_as_they_are_known(pane: FootprintPane) -> None:
    (request,) = [one for one in pane.side_requests() if isinstance(one, QuotesRequest)]
    pane.show_study("quote_lines")
    pane.show_study("mark_line")
    assert [line.value for line in pane.overlay.lines] == [studied.view().last_price]  # no quotes yet
    pane.refresh(QuotesView(request, 1, 61_000.0, 61_001.0, 60_990.0, synthetic.MARKETS))
    assert [line.value for line in pane.overlay.lines][:3] == [61_000.0, 61_001.0, 60_990.0]
    pane.refresh(QuotesView(request, 2, None, 61_001.0, None, synthetic.MARKETS))
    assert [line.value for line in pane.overlay.lines][:1] == [61_001.0]
    assert len(pane.overlay.lines) == 2
    pane.show_study("last_line", False)
    pane.show_study("quote_lines", False)
    assert pane.overlay.lines == ()
    assert len(pane.toolbar.markets.single.actions()) == len(synthetic.MARKETS)


def test_a_tooltip_gains_the_markets_of_its_cell(pane: FootprintPane) -> None:
    scale, view = pane.chart.plot_scale, studied.view()
    bar = view.bars[-3]
    slot = float(pane.layers.bars.slots[-3]) + 0.3
    pane.show_study("liquidations", False)
    short = pane.reading.tip(QPointF(scale.x(slot), scale.y((bar.poc_row + 0.5) * view.row_size)))
    (request,) = [one for one in pane.side_requests() if isinstance(one, CellRequest)]
    assert (request.start_ns, request.end_ns) == (bar.start_ns, bar.end_ns)
    factor = pane.layers.choice.factor if pane.layers.choice is not None else 0
    assert request.last_row - request.first_row + 1 == factor
    assert request.first_row <= bar.poc_row <= request.last_row
    assert pane.reading.fuller_tip() == ""
    pane.refresh(CellView(request, 1, synthetic.MARKETS[:2], *_sizes((3.0, 1.0), (0.5, 2.0)), *_counts()))
    assert pane.reading.fuller_tip() == f"{short}\nBIN  3.00 x 0.500\nBYB  1.00 x 2.00"
    assert pane.reading.tip(QPointF(5.0, -400.0)) == ""
    assert not any(isinstance(one, CellRequest) for one in pane.side_requests())


def _sizes(*columns: tuple[float, ...]) -> list[np.ndarray]:
    return [np.array(column) for column in columns]


def _counts() -> tuple[np.ndarray, np.ndarray]:
    return np.array([1, 2]), np.array([3, 4])


def test_unknown_figures_are_a_dash_and_known_zeros_a_zero() -> None:
    view, placed = small()
    known = replace(view, oi_change=np.array([np.nan, 0.0, 2.0]))
    figures = statistics(placed, known)
    assert np.isnan(figures["OI change"][0])
    assert np.isnan(figures["liq long $"]).all()
    item = TableItem(None, lambda width, height: None)  # type: ignore[arg-type]
    item.set_bars(placed, known)
    assert decode(item.codes["OI change"].part(slice(0, 3))) == ["\N{EN DASH}", "0", "+2.00"]
    item.set_bars(placed, replace(known, oi_change=np.array([np.nan, -1.0, 2.0])))
    assert decode(item.codes["OI change"].part(slice(0, 3))) == ["\N{EN DASH}", "\N{MINUS SIGN}1.00", "+2.00"]


def test_rows_of_the_table_are_chosen_and_give_way_in_a_low_chart(pane: FootprintPane) -> None:
    assert rows_that_fit(NAMES, 800.0, ROW_PX) == NAMES
    assert rows_that_fit(NAMES, 300.0, ROW_PX) == ("volume", "delta", "CVD")
    assert rows_that_fit(("trades",), 300.0, ROW_PX) == ()
    assert rows_that_fit(NAMES, 100.0, ROW_PX) == ()
    before = pane.chart.box.height()
    pane.change_style(rows=("delta",))
    QApplication.processEvents()
    assert pane.chart.box.height() > before


@given(
    values=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=60),
    pitch=st.floats(0.05, 4.0),
)
def test_bars_that_share_a_pixel_are_shown_by_the_largest(values: list[float], pitch: float) -> None:
    left = np.round(np.arange(len(values)) * pitch)
    starts = first_of_columns(left, pitch)
    found = largest_of_columns(np.array(values), starts).tolist()
    if pitch >= MERGED_PX:
        assert len(found) == len(values)
        return
    groups: dict[float, list[float]] = {}
    for pixel, value in zip(left.tolist(), values, strict=True):
        groups.setdefault(pixel, []).append(0.0 if np.isnan(value) else value)
    if len(groups) < len(values):
        assert [abs(value) for value in found] == [max(map(abs, group)) for group in groups.values()]


def test_thousands_of_bars_are_on_one_screen(pane: FootprintPane) -> None:
    view = synthetic.grid_view(bars=3000, rows=4)
    pane.refresh(view)
    pane.chart.zoom_time(1000.0, pane.chart.visible[1])
    left, right = pane.chart.visible
    assert right - left > 3000
    pane.grab()
    assert pane.layers.failures == {}


def test_candles_before_the_trades_are_shown_and_read(pane: FootprintPane) -> None:
    view = studied.view(12, history=40)
    pane.refresh(view)
    pane.chart.zoom_time(6.0, pane.chart.visible[1])
    first = int(view.candles.bar_start_ns[5])
    pane.show_crosshair(first + 5)
    assert "no footprint" in pane.readout.text
    assert f"{view.candles.high[5]:,.1f}" in pane.readout.text
    pane.chart.set_visible(-30.0, -10.0)
    low, high = pane.chart.value_extent(-30.0, -10.0) or (0.0, 0.0)
    part = pane.layers.history.history.between(-30.0, -10.0)
    assert (low, high) == (view.candles.low[part].min(), view.candles.high[part].max())
    pane.grab()
    assert pane.layers.failures == {}


def test_every_option_of_the_settings_is_a_field(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.open_settings()
    studies = pane.board.studies
    paths = {study.name for study in studies}
    paths |= {f"{study.name}.{one.name}" for study in studies for one in study.parameters}
    assert set(pane.settings.controls) == paths | {f"style.{option.field}" for option in STYLE_OPTIONS}
    with qtbot.waitSignal(pane.toolbar.changed):
        pane.settings.controls["absorptions"].click()  # type: ignore[attr-defined]
    assert pane.toolbar.rules.absorption == AbsorptionRule()
    pane.settings.controls["absorptions.window_ns"].setValue(20)  # type: ignore[attr-defined]
    assert pane.toolbar.rules.absorption == AbsorptionRule(window_ns=20_000_000_000)
    pane.settings.controls["vwap.bands"].setValue(3)  # type: ignore[attr-defined]
    assert pane.board.settings.values("vwap") == {"bands": 3}
    assert isinstance(pane.board.settings.values("vwap")["bands"], int)
    pane.show_study("absorptions", False)
    assert pane.toolbar.rules.absorption is None
    assert pane.settings.width() <= 900
    assert pane.settings.height() <= 560


def test_the_menu_switches_studies_and_anchors_vwap(pane: FootprintPane) -> None:
    request = pane.request()
    assert request is not None
    at = pane.layers.view.bars[-4].start_ns  # type: ignore[union-attr]
    pane.commands.anchor_vwap(at)
    assert pane.request() == replace(request, vwap_anchor_ns=at)
    pane.commands.anchor_vwap(None)
    assert pane.request() == request
    pane.open_menu(QPointF(300.0, 200.0), pane.mapToGlobal(pane.rect().center()))
    menu = QApplication.activePopupWidget()
    assert menu is not None
    texts = [action.text() for action in menu.actions()]
    assert any(text.startswith("Anchor VWAP at ") for text in texts)
    assert any(text.startswith("Level at ") for text in texts)
    studies = next(action.menu() for action in menu.actions() if action.text() == "Studies")
    next(action for action in studies.actions() if action.text() == "Unfinished auctions").trigger()  # type: ignore[union-attr]
    assert pane.board.settings.shown("unfinished")
    rows = next(action.menu() for action in menu.actions() if action.text() == "Statistics")
    next(action for action in rows.actions() if action.text() == "liq long $").trigger()  # type: ignore[union-attr]
    assert pane.item.style.rows[-1] == "liq long $"
    menu.close()


@pytest.mark.parametrize("mode", CellMode)
def test_all_studies_paint_in_every_mode_at_every_zoom(pane: FootprintPane, mode: CellMode) -> None:
    pane.change_style(mode=mode)
    for name in ("unfinished", "exhaustion", "quote_lines", "mark_line"):
        pane.show_study(name)
    pane.show_study("vwap", bands=3)
    for zoom in (0.5, 4.0, 8.0, 50.0):
        pane.chart.zoom_time(zoom, pane.chart.visible[1])
        pane.grab()
        assert pane.layers.failures == {}
    pane.clear()
    pane.grab()
    assert pane.overlay.lines == ()


def test_keys_of_the_cheat_sheet_are_those_that_work(pane: FootprintPane) -> None:
    known = " ".join(name for name, _ in pane.keys)
    for key, letter in ((Qt.Key.Key_D, "D"), (Qt.Key.Key_F, "F"), (Qt.Key.Key_I, "I"), (Qt.Key.Key_V, "V")):
        assert letter in known
        assert pane.commands.press(key, Qt.KeyboardModifier.NoModifier, None)
    assert not pane.commands.press(Qt.Key.Key_Q, Qt.KeyboardModifier.NoModifier, None)


@pytest.mark.parametrize(
    ("rules", "found", "text"),
    [
        (FootprintRules(), 0.0, "no minimum volume"),
        (FootprintRules(minimum_volume=2.5), 2.5, "min 2.50"),
        (FootprintRules(minimum_mode=MinimumMode.USD, minimum_usd=500_000.0), 8.1, "min $500k = 8.10"),
        (FootprintRules(minimum_mode=MinimumMode.PERCENTILE), 1.25, "min P50 of cells = 1.25"),
        (FootprintRules(minimum_mode=MinimumMode.PERCENTILE, minimum_percentile=80), 0.0, "min P80 of cells"),
    ],
)
def test_the_legend_says_where_the_minimum_comes_from(rules: FootprintRules, found: float, text: str) -> None:
    request = FootprintRequest("BTC", rules=rules)
    assert minimum_text(replace(synthetic.footprint((), request), minimum_volume=found)) == text


def test_nodes_of_a_bar_are_marked_at_their_rows(pane: FootprintPane) -> None:
    volumes = (1.0, 9.0, 30.0, 9.0, 0.5, 0.2, 0.5, 9.0, 28.0, 9.0, 1.0)
    cells = {row: (volume, 0.0) for row, volume in enumerate(volumes, 6000)}
    rows = rows_of(synthetic.bar(synthetic.START, cells, 10.0), 1, FootprintRules())
    high, low = nodes_of(rows)
    assert high.tolist() == [6002, 6008]
    assert low.tolist() == [6005]
    before = pane.chart.grab().toImage()
    pane.show_study("nodes")
    pane.chart.repaint()
    assert pane.chart.grab().toImage() != before
    assert pane.item.failure == ""


def ticked(view: FootprintView, volume: float) -> FootprintView:
    """The same view with more bought in the top row of the live bar."""
    live = view.bars[-1]
    bought = live.buy_volume.copy()
    bought[-1] += volume
    changed = replace(live, buy_volume=bought, buy=live.buy + volume, close=live.close - 3.0)
    return replace(view, revision=view.revision + 1, bars=(*view.bars[:-1], changed), last_price=changed.close)


def plot_of(qtbot: QtBot, views: tuple[FootprintView, ...], style: Style, zoom: float) -> QImage:
    """The plot after these views were shown one after the other, each painted twice."""
    pane = FootprintPane("BTC")
    qtbot.addWidget(pane)
    pane.resize(900, 560)
    pane.show()
    pane.set_style(style)
    for view in views:
        pane.refresh(view)
        if view is views[0]:
            pane.chart.zoom_time(zoom, pane.chart.visible[1])
        for _ in range(2):
            image = pane.chart.grab(pane.chart.box.sceneBoundingRect().toAlignedRect()).toImage()
    assert pane.item.failure == ""
    return image


@pytest.mark.parametrize("mode", CellMode)
@pytest.mark.parametrize("zoom", [1.0, 4.0])
def test_a_tick_is_painted_as_if_everything_were(
    qtbot: QtBot, pane: FootprintPane, mode: CellMode, zoom: float
) -> None:
    view, style = studied.view(40), Style(mode=mode)
    small = ticked(view, 0.25)
    large = ticked(small, 900.0)  # its row is now the largest in sight: all others are shaded again
    for steps in ((view, small), (view, small, large), (view, large, small)):
        assert plot_of(qtbot, steps, style, zoom) == plot_of(qtbot, steps[-1:], style, zoom)
