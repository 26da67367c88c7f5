"""The heatmap pane: colours, thresholds, cached tiles, gaps, bubbles, zoom, links, odd views."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.heat_views import BEGIN, walls
from tests.widgets.messages import sent
from tests.workstation.analytics.market_events import BINANCE, BYBIT, SECOND
from widgets.link_events import VisibleRange
from widgets.panes.heatmap.bubbles import merged_trades
from widgets.panes.heatmap.colors import Range, automatic, codes_of, ramp, sizes_of, table_of
from widgets.panes.heatmap.pane import HeatmapPane
from widgets.panes.heatmap.tiles import runs_where
from widgets.panes.heatmap.zoom import multiple_for, over, rounded_up, seconds_for
from widgets.theme.theme import apply_theme, theme
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.heatmap import HeatCellRequest, HeatmapRequest, HeatTrades
from workstation.readmodels.markets import MarketFilter


@pytest.fixture
def pane(qtbot: QtBot) -> HeatmapPane:
    """A shown pane of BTC, 900 x 500."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = HeatmapPane("BTC")
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def feed(pane: HeatmapPane, engine: Engine, rounds: int = 3) -> None:
    """As the frame timer does: ask until the request stands still."""
    for _ in range(rounds):
        request = pane.request()
        assert request is not None
        pane.refresh(engine.view(request))
        for side in pane.side_requests():
            pane.refresh(engine.view(side))


def plot(pane: HeatmapPane) -> QImage:
    return pane.chart.grab(pane.chart.box.sceneBoundingRect().toAlignedRect()).toImage()


def color_at(pane: HeatmapPane, second: float, price: float) -> QColor:
    scale, slot = pane.chart.plot_scale, pane.chart.grid.slot(BEGIN + round(second * SECOND))
    return plot(pane).pixelColor(round(scale.x(slot)), round(scale.y(price)))


def lightness(color: QColor) -> float:
    return 0.2126 * color.redF() ** 2.2 + 0.7152 * color.greenF() ** 2.2 + 0.0722 * color.blueF() ** 2.2


# --- colours


@pytest.mark.parametrize("name", ["dark", "light", "blue-orange"])
def test_both_ramps_change_their_lightness_steadily_and_alike(name: str) -> None:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app, name)
    try:
        steps = []
        for side in ("bid", "ask"):
            values = np.array([lightness(QColor(*map(round, color))) for color in ramp(side)]) ** (1 / 3)
            turn = 1 if name != "light" else -1
            assert np.all(np.diff(values[::8]) * turn > 0)
            steps.append(values)
        assert float(np.abs(steps[0] - steps[1]).max()) < 0.12
        apart = np.abs(ramp("bid")[64:192] - ramp("ask")[64:192]).sum(axis=1)
        assert apart.min() > 60, "the hue shows the side"
    finally:
        apply_theme(app)


def test_codes_keep_side_and_size() -> None:
    bid = np.array([[0.0, 2.0, 0.25, 3e-7]], np.float32)
    ask = np.array([[0.0, 1.0, 4e6, 0.0]], np.float32)
    codes = codes_of(bid, ask)
    assert (codes >= 0x8000).tolist() == [[False, False, True, False]]
    assert sizes_of(codes)[0] == pytest.approx(np.maximum(bid, ask)[0], rel=0.01)
    assert codes[0, 0] == 0


def test_sizes_below_the_lower_threshold_have_the_colour_of_the_ground() -> None:
    table = table_of(Range(1.0, 8.0))
    sizes = np.array([[0.0, 0.5, 1.0, 4.0, 8.0, 900.0]], np.float32)
    pixels = table[codes_of(sizes, np.zeros_like(sizes))][0]
    ground = theme().color("pane").rgba()
    assert [pixel == ground for pixel in pixels] == [True, True, False, False, False, False]
    assert pixels[4] == pixels[5] != pixels[3]


def test_automatic_thresholds_are_percentiles_of_what_is_not_empty() -> None:
    sizes = np.concatenate((np.zeros(500), np.geomspace(1, 1_000, 1_001))).astype(np.float32)
    counts = np.bincount(codes_of(sizes, np.zeros_like(sizes)), minlength=0x8000)
    counts[0] = 0
    found = automatic(counts, 50, 90)
    assert found is not None
    assert found.low == pytest.approx(1_000**0.5, rel=0.02)
    assert found.peak == pytest.approx(1_000**0.9, rel=0.02)
    assert automatic(np.zeros(0x8000, np.int64)) is None


# --- zoom


def test_columns_and_rows_follow_the_zoom_with_hysteresis() -> None:
    assert [seconds_for(pitch, 1) for pitch in (8.0, 2.0, 1.4, 0.5, 0.1, 0.001)] == [1, 1, 2, 4, 32, 64]
    assert seconds_for(0.9, 2) == 2
    assert seconds_for(0.7, 2) == 4
    assert [multiple_for(px, 1) for px in (9.0, 2.0, 1.0, 0.1, 0.003)] == [1, 1, 5, 50, 1_000]
    assert multiple_for(0.25, 10) == 10
    assert multiple_for(0.25, 10, fixed=5) == 5
    assert multiple_for(0.1, 1, fixed=2) == 10, "rows do not vanish"
    assert [rounded_up(value) for value in (0.3, 1.0, 2.1, 51.0)] == [1, 1, 5, 100]


def test_a_request_for_whole_tiles_covers_what_is_seen_and_stands_still() -> None:
    seen = (BEGIN + 5 * SECOND, BEGIN + 205 * SECOND, 995.0, 1_005.0)
    request = over(HeatmapRequest("BTC", seconds=2), *seen, row_size=0.5)
    moved = over(HeatmapRequest("BTC", seconds=2), seen[0] + SECOND, seen[1] + SECOND, 995.2, 1_005.2, row_size=0.5)
    assert request == moved
    assert request.start_ns <= seen[0]
    assert request.end_ns > seen[1]
    engine = walls(260)
    view = engine.view(request)
    rows = sorted({tile.first_row for tile in view.tiles})  # type: ignore[union-attr]
    assert rows[0] * 0.5 <= 995.0
    assert (rows[-1] + 256) * 0.5 > 1_005.0


# --- the pane


def test_walls_are_bright_and_sides_differ(pane: HeatmapPane) -> None:
    feed(pane, walls(200))
    assert pane.item.failure == pane.trades.failure == ""
    bid, ask, thin = (color_at(pane, 100.5, price) for price in (999.05, 1_001.05, 998.85))
    assert lightness(bid) > 0.35
    assert lightness(ask) > 0.35
    assert lightness(thin) < lightness(bid) / 2
    assert bid.blue() > bid.red()
    assert ask.red() > ask.blue()


def test_h_takes_the_layer_away_and_the_lines_stay(pane: HeatmapPane, qtbot: QtBot) -> None:
    feed(pane, walls(200))
    with_heat = plot(pane)
    qtbot.keyClick(pane.chart, Qt.Key.Key_H)
    assert not pane.item.lit
    assert color_at(pane, 100.5, 999.05) == theme().color("pane")
    assert plot(pane) != with_heat
    qtbot.keyClick(pane.chart, Qt.Key.Key_H)
    assert plot(pane) == with_heat


def test_a_gap_is_hatched_and_nothing_is_stretched_over_it(pane: HeatmapPane) -> None:
    feed(pane, walls(200, (BINANCE,), lost=range(80, 120)))
    scale = pane.chart.plot_scale
    x = round(scale.x(pane.chart.grid.slot(BEGIN + 100 * SECOND)))
    image = plot(pane)
    y = round(scale.y(999.05))
    inside = {image.pixelColor(x + step, y).name() for step in range(-8, 8)}
    outside = color_at(pane, 60.5, 999.05)
    assert outside.name() not in inside
    assert len(inside) > 1, "hatched"


def test_a_missing_venue_shows_as_a_strip(pane: HeatmapPane) -> None:
    feed(pane, walls(200, lost=range(80, 120)))
    scale, image = pane.chart.plot_scale, plot(pane)
    tops = [image.pixelColor(round(scale.x(pane.chart.grid.slot(BEGIN + at * SECOND))), 1) for at in (60, 100, 150)]
    assert tops[1].name() == theme().color("gap").name()
    assert theme().color("gap").name() not in {tops[0].name(), tops[2].name()}


def test_only_changed_tiles_are_drawn_again(pane: HeatmapPane) -> None:
    engine = walls(200)
    feed(pane, engine)
    plot(pane)
    before = dict(pane.item.pictures)
    engine.advance(engine.now_ns + SECOND)
    feed(pane, engine, rounds=1)
    plot(pane)
    cached = [tile for tile in pane.item.pictures if tile in before]
    assert cached
    assert all(pane.item.pictures[tile] is before[tile] for tile in cached)
    newest = max(tile.first_bucket for tile in pane.item.pictures)
    assert all(tile.first_bucket == newest for tile in pane.item.pictures if tile not in before)


def test_following_moves_with_the_newest_column_and_panning_stops_it(pane: HeatmapPane) -> None:
    engine = walls(200)
    feed(pane, engine)
    right = pane.chart.visible[1]
    engine.advance(engine.now_ns + 5 * SECOND)
    feed(pane, engine)
    assert pane.chart.visible[1] == pytest.approx(right + 5)
    pane.chart.pan_slots(-20)
    here = pane.chart.visible
    engine.advance(engine.now_ns + 5 * SECOND)
    feed(pane, engine)
    assert pane.chart.visible == here
    pane.chart.follow()
    assert pane.chart.visible[1] > here[1]


def test_the_handles_set_thresholds_and_a_double_click_makes_them_automatic(pane: HeatmapPane, qtbot: QtBot) -> None:
    feed(pane, walls(200))
    bar = pane.thresholds
    before = pane.item.range
    assert before is not None
    assert bar.automatic
    at = QPoint(round(bar.x_of(before.low)), 8)
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(bar, at + QPoint(40, 0))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=at + QPoint(40, 0))
    assert pane.item.range is not None
    assert pane.item.range.low > before.low
    assert pane.item.range.peak == before.peak
    assert not bar.automatic
    assert "auto" not in " ".join(bar.labels())
    feed(pane, walls(210))
    assert pane.item.range.low > before.low, "what was chosen stays"
    qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=at)
    assert bar.automatic
    assert pane.item.range.low == pytest.approx(before.low, rel=0.3)


def test_the_handles_never_cross(pane: HeatmapPane, qtbot: QtBot) -> None:
    feed(pane, walls(200))
    bar = pane.thresholds
    assert pane.item.range is not None
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(round(bar.x_of(pane.item.range.low)), 8))
    qtbot.mouseMove(bar, QPoint(bar.width() + 50, 8))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() - 1, 8))
    assert pane.item.range.low < pane.item.range.peak


def test_the_readout_shows_the_cell_and_its_venues(pane: HeatmapPane) -> None:
    engine = walls(200)
    feed(pane, engine)
    scale = pane.chart.plot_scale
    here = QPointF(scale.x(pane.chart.grid.slot(BEGIN + 100 * SECOND)) + 1, scale.y(999.05))
    pane.chart.hovered.emit(here)
    (asked,) = pane.side_requests()
    assert isinstance(asked, HeatCellRequest)
    feed(pane, engine)
    text = pane.readout.text
    assert re.search(r"bid 10\d BTC = 10\dk USD  BIN 5\d\.\d  BYB 5\d\.\d", text), text
    pane.chart.hovered.emit(QPointF(scale.x(pane.chart.grid.slot(BEGIN - 50 * SECOND)), 100.0))
    assert "not stored" in pane.readout.text or "no trusted book" in pane.readout.text
    pane.chart.hovered.emit(None)
    assert pane.side_requests() == ()


def test_bubbles_are_merged_by_column_and_side() -> None:
    trades = HeatTrades(
        1.0,
        np.array([10, 20, 25, 130]),
        np.array([100.0, 200.0, 400.0, 100.0]),
        np.array([1.0, 3.0, 5.0, 7.0]),
        np.array([1, 1, -1, 1]),
    )
    merged = merged_trades(trades, 100)
    found = sorted(zip(merged.side.tolist(), merged.notional.tolist(), merged.price.tolist(), strict=True))
    assert found == [(-1, 5.0, 400.0), (1, 4.0, 175.0), (1, 7.0, 100.0)]


def test_a_bubble_shows_its_trade_and_can_be_switched_off(pane: HeatmapPane) -> None:
    feed(pane, walls(200))
    pane.bubbles.setCurrentText("trades 10k")
    feed(pane, walls(200))
    trades, scale = pane.trades.trades, pane.chart.plot_scale
    assert len(trades.side)
    largest = int(np.argmax(trades.notional))
    x = scale.x(pane.chart.grid.slot(int(trades.ts_venue_ns[largest])))
    assert "USD" in pane.chart.tip_at(QPointF(x, scale.y(float(trades.price[largest]))))
    pane.bubbles.setCurrentText("trades off")
    assert len(pane.trades.trades.side) == 0


def test_it_follows_a_linked_range_and_sends_its_own(pane: HeatmapPane) -> None:
    events = sent(pane.link_event, VisibleRange)
    feed(pane, walls(200))
    events.clear()
    pane.set_visible_range(BEGIN + 20 * SECOND, BEGIN + 80 * SECOND)
    feed(pane, walls(203))
    assert events == []
    left, right = pane.chart.visible
    assert pane.chart.grid.ts_ns(left) == pytest.approx(BEGIN + 20 * SECOND, abs=1_000)
    assert pane.chart.grid.ts_ns(right) == pytest.approx(BEGIN + 80 * SECOND, abs=1_000)
    pane.chart.pan_slots(3)
    assert events[-1].start_ns == pytest.approx(BEGIN + 23 * SECOND, abs=1_000)


def test_another_choice_of_markets_starts_over(pane: HeatmapPane) -> None:
    engine = walls(200)
    feed(pane, engine)
    pane.markets.choose(MarketFilter(True, frozenset((BYBIT.venue,))))
    asked = pane.request()
    assert asked is not None
    assert (asked.row_size, asked.low) == (None, None)
    feed(pane, engine)
    assert [market.venue for market in pane.shown_markets()] == [BYBIT.venue]


def test_another_coin_has_thresholds_of_its_own(pane: HeatmapPane) -> None:
    feed(pane, walls(200))
    pane.thresholds.chosen.emit(Range(2.0, 9.0))
    pane.set_base("ETH")
    assert pane.item.range is None
    assert pane.request() == HeatmapRequest("ETH")


def test_cells_are_copied_as_data(pane: HeatmapPane) -> None:
    assert pane.as_table() is None
    feed(pane, walls(200))
    table = pane.as_table()
    assert table is not None
    assert table.header == ("ts_recv_ns", "price", "bid", "ask")
    assert table.rows
    assert max(float(row[2] or 0) for row in table.rows) >= 50.0


def test_state_is_remembered(pane: HeatmapPane, qtbot: QtBot) -> None:
    feed(pane, walls(200))
    pane.rows.setCurrentText("x5")
    pane.bubbles.setCurrentText("trades 100k")
    pane.heat.setChecked(False)
    pane.thresholds.chosen.emit(Range(2.0, 9.0))
    other = HeatmapPane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.state() == pane.state()
    other.restore({"bubbles": "prints 50k"})  # as earlier versions saved it
    assert other.bubbles.currentText() == "trades 50k"
    other.restore(pane.state())
    other.restore({"thresholds": [3, -1], "rows": 7, "heat": "no"})
    assert other.state() == pane.state()


@pytest.mark.parametrize("size", [(900, 500), (380, 300), (40, 30), (1, 1)])
def test_empty_tiny_and_huge_views_are_drawn(pane: HeatmapPane, size: tuple[int, int]) -> None:
    pane.resize(*size)
    for engine in (Engine(), walls(1), walls(2, (BINANCE,)), walls(1_500, (BINANCE,), lost=range(3, 900))):
        pane.clear()
        feed(pane, engine)
        pane.grab()
        assert pane.item.failure == pane.trades.failure == ""


def test_it_fits_a_narrow_dock(pane: HeatmapPane) -> None:
    assert pane.minimumSizeHint().width() <= 380


def test_it_says_why_nothing_is_shown(pane: HeatmapPane) -> None:
    assert pane.notice.text() == "waiting for BTC"
    feed(pane, Engine())
    assert pane.notice.text() == "no such market yet"
    feed(pane, walls(200))
    assert pane.notice.text() == ""
    pane.clear()
    assert pane.notice.text() == "waiting for BTC"


def test_zooming_out_merges_columns_and_keeps_the_walls(pane: HeatmapPane) -> None:
    engine = walls(1_200)
    feed(pane, engine)
    pane.chart.zoom_time(8.0, pane.chart.visible[1])
    feed(pane, engine)
    asked = pane.request()
    assert asked is not None
    assert asked.seconds >= 4
    assert lightness(color_at(pane, 600.0, 999.05)) > 0.3
    QTest.qWait(1)


def test_runs_of_a_mask() -> None:
    found: Callable[[list[int]], list[tuple[int, int]]] = lambda mask: runs_where(np.array(mask, bool))  # noqa: E731
    assert found([]) == []
    assert found([0, 1, 1, 0, 1]) == [(1, 3), (4, 5)]
