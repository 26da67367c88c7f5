"""The footprint pane: what is painted where, what clicks ask for, and that it stays where it was put."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.model.instrument import MarketKind, Venue
from feeds.venues.registry import VENUES
from tests.bench.footprint_paint import measure
from tests.widgets import synthetic
from tests.widgets.messages import changes_request, sent, wait_for
from widgets.commands import LoadOlder
from widgets.items.bulk import shades
from widgets.items.scale import SlotGrid
from widgets.link_events import BarLengthChosen, Crosshair, VisibleRange
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme.theme import theme
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.readmodels.markets import Freshness, MarketFilter

SMALL = {10: (5.0, 100.0), 11: (10.0, 60.0), 12: (200.0, 0.0), 13: (0.0, 8.0)}


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    """A shown pane of BTC, 1100 x 700."""
    return footprint


def small_view() -> FootprintView:
    """One closed bar of four rows and a live one after it."""
    bars = (
        synthetic.bar(synthetic.START, SMALL, 10.0),
        synthetic.bar(synthetic.START + synthetic.MINUTE, {11: (1.0, 2.0)}, 10.0, closed=False),
    )
    return synthetic.footprint(bars)


def plot_image(pane: FootprintPane) -> QImage:
    """The plot alone, as painted."""
    rect = pane.chart.box.sceneBoundingRect().toAlignedRect()
    return pane.chart.grab(rect).toImage()


def cell_colors(pane: FootprintPane, slot: float, row: int) -> set[str]:
    """Every colour inside a rectangle of half a bar and one row (`slot` is where the half begins)."""
    image, scale = plot_image(pane), pane.chart.plot_scale
    left, right = round(scale.x(slot)), round(scale.x(slot + 0.45))
    top, bottom = round(scale.y((row + 1) * 10.0)), round(scale.y(row * 10.0)) - 1
    return {image.pixelColor(x, y).name() for x in range(left, right) for y in range(top, bottom)}


def test_cells_poc_and_imbalances_are_where_they_belong(pane: FootprintPane) -> None:
    pane.refresh(small_view())
    assert pane.item.failure == ""
    look, background = theme(), theme().color("pane")
    strongest = {role: shades(background, look.color(role))[-1].color().name() for role in ("sell", "buy")}
    assert strongest["sell"] not in cell_colors(pane, 0.5, 12)  # the buy half of the row of 200 sold
    sells = cell_colors(pane, 0.1, 12)
    assert look.color("poc").name() in sells
    assert look.color("poc").name() not in cell_colors(pane, 0.1, 10)
    assert _near(sells, look.color("sell"))  # 200 against 8: an imbalance, in nearly the full colour
    assert _near(cell_colors(pane, 0.55, 11), look.color("buy"))  # 60 against 5
    assert not _near(cell_colors(pane, 0.55, 10), look.color("buy"))


def _near(names: set[str], wanted: QColor) -> bool:
    def distance(color: QColor) -> int:
        return sum(abs(one - other) for one, other in zip(color.getRgb(), wanted.getRgb(), strict=True))

    return any(distance(QColor(name)) < 70 for name in names)


def test_numbers_are_shown_only_where_they_fit(pane: FootprintPane) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    assert pane.layers.choice is not None
    assert pane.layers.choice.detail is Detail.NUMBERS
    seen = [pane.layers.choice.detail]
    for _ in range(12):
        pane.chart.zoom_time(1.5, pane.chart.visible[1])
        pane.grab()
        assert pane.item.failure == ""
        seen.append(pane.layers.choice.detail)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] is Detail.CANDLES


def test_the_legend_states_the_effective_rows_and_who_is_missing(pane: FootprintPane) -> None:
    view = synthetic.footprint(synthetic.walk(60))
    pane.refresh(view)
    low, high = 60_000.0, 64_000.0
    pane.chart.auto_values = False
    pane.chart.set_values(low, high)
    assert isinstance(pane.layers.choice, Choice)
    factor = pane.layers.choice.factor
    assert factor > 1
    assert f"row 10 (x{factor} = {10 * factor})" in pane.legend.text
    assert "BTC perp" in pane.legend.text
    assert "2 of 3 venues" in pane.legend.text
    assert "OKX stale" in pane.legend.text
    assert "imbalance 3x" in pane.legend.text


def test_a_base_of_which_nothing_is_connected_is_waited_for(pane: FootprintPane) -> None:
    pane.refresh(replace(synthetic.footprint(()), revision=-1))
    assert pane.notice.text() == "waiting for a market of BTC"


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ((), "no perpetual market of BTC on these venues"),
        ((Freshness.WAITING,), "waiting for the first trade"),
        ((Freshness.SYNCING, Freshness.WAITING), "syncing"),
        ((Freshness.LOST,), "connection lost"),
        ((Freshness.LIVE,), "waiting for the first trade"),
    ],
)
def test_an_empty_view_says_why(pane: FootprintPane, states: tuple[Freshness, ...], text: str) -> None:
    assert pane.notice.text() == "waiting for BTC"
    markets = tuple(synthetic.market(Venue("binance"), MarketKind.LINEAR, state) for state in states)
    pane.refresh(synthetic.footprint((), markets=markets))
    assert pane.notice.text() == text
    assert pane.notice.isVisible()
    pane.grab()
    pane.refresh(small_view())
    assert not pane.notice.isVisible()


def test_no_base_no_request(qtbot: QtBot) -> None:
    pane = FootprintPane()
    qtbot.addWidget(pane)
    assert pane.request() is None
    assert pane.notice.text() == "no coin chosen"
    pane.set_bases(["BTC", "ETH"])
    assert pane.request() == FootprintRequest("BTC")
    pane.set_base("ETH")
    assert pane.request() == FootprintRequest("ETH")


def test_clicks_change_the_request(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.refresh(small_view())
    with changes_request(pane):
        qtbot.mouseClick(pane.toolbar.markets.kind["spot"], Qt.MouseButton.LeftButton)
    assert pane.request() == FootprintRequest("BTC", MarketFilter(perp=False))
    with changes_request(pane):
        qtbot.mouseClick(pane.toolbar.markets.kind["perp"], Qt.MouseButton.LeftButton)
    with wait_for(qtbot, pane.link_event, BarLengthChosen):
        QTest.keyClick(pane.toolbar.bar, Qt.Key.Key_Down)
    assert pane.request() == FootprintRequest("BTC", bar_ns=5 * synthetic.MINUTE)
    with changes_request(pane):
        QTest.keyClick(pane.toolbar.row, Qt.Key.Key_Down)
    assert pane.request() == FootprintRequest("BTC", bar_ns=5 * synthetic.MINUTE, row_size=0.1)


def test_the_venue_menu_filters_and_never_asks_for_nothing(pane: FootprintPane) -> None:
    actions = pane.toolbar.markets.venues.ticks.actions_of
    for venue in VENUES[1:]:
        actions[venue].trigger()
    request = pane.request()
    assert request is not None
    assert request.markets.venues == frozenset({Venue("binance")})
    assert pane.toolbar.markets.venues.text() == "Binance"
    actions[Venue("binance")].trigger()
    assert pane.request() == FootprintRequest("BTC")
    assert pane.toolbar.markets.venues.text() == "all venues"


def test_another_base_forgets_the_row_size(pane: FootprintPane) -> None:
    pane.set_bases(["BTC", "ETH"])
    pane.refresh(small_view())
    pane.toolbar.row.setCurrentIndex(3)
    assert pane.request() is not None
    pane.set_base("ETH")
    assert pane.request() == FootprintRequest("ETH")


def grown(view: FootprintView, more: int) -> FootprintView:
    """The same view with later bars."""
    last = view.bars[-1]
    later = tuple(replace(last, start_ns=last.start_ns + i * synthetic.MINUTE) for i in range(1, more + 1))
    return replace(view, revision=view.revision + 1, bars=(*view.bars, *later))


def test_following_moves_with_new_bars_and_panning_keeps_the_place(pane: FootprintPane, qtbot: QtBot) -> None:
    view = synthetic.footprint(synthetic.walk(40))
    pane.refresh(view)
    before = pane.chart.visible
    with wait_for(qtbot, pane.link_event, VisibleRange):  # linked panes come along
        pane.refresh(grown(view, 1))
    assert pane.chart.visible == pytest.approx((before[0] + 1, before[1] + 1))
    QTest.keyClick(pane.chart, Qt.Key.Key_Left)
    assert not pane.chart.following
    placed = pane.chart.visible
    pane.refresh(grown(view, 3))
    assert pane.chart.visible == pytest.approx(placed)
    QTest.keyClick(pane.chart, Qt.Key.Key_L)
    assert pane.chart.following
    assert pane.chart.visible[1] == pytest.approx(42 + 1.5)


NO_KEYS = Qt.KeyboardModifier.NoModifier


def wheel(pane: FootprintPane, at: QPointF, steps: int, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Turn the wheel over a point of the plot."""
    where = at + pane.chart.box.sceneBoundingRect().topLeft()
    turned, button, phase = QPoint(0, 120 * steps), Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(where, where, QPoint(), turned, button, keys, phase, False)
    QApplication.sendEvent(pane.chart.viewport(), event)


def test_the_wheel_zooms_at_the_pointer(pane: FootprintPane) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    at = QPointF(300.0, 200.0)
    slot = pane.chart.plot_scale.slot(300.0)
    span = pane.chart.visible[1] - pane.chart.visible[0]
    wheel(pane, at, 2)
    assert pane.chart.plot_scale.slot(300.0) == pytest.approx(slot)
    assert pane.chart.visible[1] - pane.chart.visible[0] < span
    value = pane.chart.plot_scale.value(200.0)
    wheel(pane, at, 1, Qt.KeyboardModifier.ControlModifier)
    assert pane.chart.plot_scale.value(200.0) == pytest.approx(value)
    assert pane.chart.plot_scale.slot(300.0) == pytest.approx(slot)
    assert not pane.chart.auto_values
    left = pane.chart.visible[0]
    wheel(pane, at, 1, Qt.KeyboardModifier.ShiftModifier)
    assert pane.chart.visible[0] < left
    assert not pane.chart.following


def drag(pane: FootprintPane, start: QPointF, end: QPointF) -> None:
    """Press, move in two steps, release; points in pixels of the plot."""
    corner = pane.chart.box.sceneBoundingRect().topLeft()
    target = pane.chart.viewport()
    QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=(start + corner).toPoint())
    for share in (0.5, 1.0):
        point = start + (end - start) * share + corner
        QTest.mouseMove(target, point.toPoint())
        QTest.qWait(1)
    QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=(end + corner).toPoint())


def test_dragging_pans_and_axes_scale(pane: FootprintPane) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    scale = pane.chart.plot_scale
    drag(pane, QPointF(400, 200), QPointF(400 + 2 * scale.pitch, 200))
    assert pane.chart.visible[0] == pytest.approx(scale.left - 2, abs=0.05)
    assert pane.chart.auto_values
    plot = pane.chart.box.rect()
    bottom, top = pane.chart.box.viewRange()[1]
    drag(pane, QPointF(plot.width() + 20, 100), QPointF(plot.width() + 20, 160))
    assert np.diff(pane.chart.box.viewRange()[1])[0] > top - bottom
    corner = pane.chart.box.sceneBoundingRect().topLeft()
    QTest.mouseDClick(
        pane.chart.viewport(), Qt.MouseButton.LeftButton, pos=(QPointF(plot.width() + 20, 100) + corner).toPoint()
    )
    assert pane.chart.auto_values


def test_keys_scale_and_reset(pane: FootprintPane) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    begin, values = pane.chart.visible, pane.chart.box.viewRange()[1]
    pane.chart.zoom_time(0.5, 50.0)
    pane.chart.zoom_values(3.0, 61_000.0)
    QTest.keyClick(pane.chart, Qt.Key.Key_A)
    assert pane.chart.auto_values
    QTest.keyClick(pane.chart, Qt.Key.Key_Z)
    assert pane.chart.visible == pytest.approx(begin)
    assert pane.chart.box.viewRange()[1] == pytest.approx(values)


def test_the_crosshair_reads_bar_and_cell(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.refresh(small_view())
    scale = pane.chart.plot_scale
    corner = pane.chart.box.sceneBoundingRect().topLeft()
    where = (QPointF(scale.x(0.5), scale.y(115.0)) + corner).toPoint()
    with wait_for(qtbot, pane.link_event, Crosshair) as moved:
        QTest.mouseMove(pane.chart.viewport(), where)
    assert synthetic.START <= moved.args[0].ts_ns < synthetic.START + synthetic.MINUTE
    text = pane.readout.text
    assert "vol 383" in text
    assert "delta −47.0" in text
    assert "10.0  x  60.0  imbalance" in text
    pane.chart.hovered.emit(None)
    assert pane.overlay.slot is None
    assert "vol 3.00" in pane.readout.text


def test_linked_panes_move_the_crosshair_and_the_range_without_an_echo(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    with qtbot.assertNotEmitted(pane.link_event):
        pane.show_crosshair(synthetic.START + 30 * synthetic.MINUTE + 5)
        pane.set_visible_range(synthetic.START + 20 * synthetic.MINUTE, synthetic.START + 32 * synthetic.MINUTE)
    assert pane.overlay.slot == 30.5
    assert pane.chart.visible == pytest.approx((20.0, 32.0))
    assert not pane.chart.following
    with wait_for(qtbot, pane.link_event, VisibleRange) as changed:
        pane.chart.pan_slots(1)
    assert changed.args == [
        VisibleRange(synthetic.START + 21 * synthetic.MINUTE, synthetic.START + 33 * synthetic.MINUTE)
    ]


def test_a_finer_pane_never_cuts_the_live_bar(pane: FootprintPane) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    seconds = 1_000_000_000
    end = synthetic.START + 59 * synthetic.MINUTE + 20 * seconds
    pane.set_visible_range(end - 9 * synthetic.MINUTE, end)
    assert pane.chart.visible == pytest.approx((51.5, 60.5))
    assert pane.chart.following
    pane.chart.pan_slots(-3)
    pane.set_visible_range(end - 9 * synthetic.MINUTE, end)  # looked at on purpose
    assert pane.chart.visible[1] == pytest.approx(59 + 1 / 3)


def test_sizes_from_nothing_to_huge_and_back(pane: FootprintPane) -> None:
    huge = synthetic.grid_view(bars=1500, rows=30)
    for view in (synthetic.footprint(()), small_view(), huge, huge, synthetic.footprint(())):
        pane.refresh(view)
        for size in ((1100, 700), (0, 0), (1, 1), (300, 120), (1100, 700)):
            pane.resize(*size)
            pane.grab()
            assert pane.item.failure == ""
            assert pane.table.item.failure == ""
    pane.clear()
    pane.grab()


def test_a_minute_without_trades_leaves_its_place_empty(pane: FootprintPane) -> None:
    bars = synthetic.walk(10, missing=(4, 5))
    placed = BarsOnGrid(bars, SlotGrid.at(synthetic.MINUTE, bars[0].start_ns))
    assert placed.slots.tolist() == [0, 1, 2, 3, 6, 7, 8, 9]
    assert placed.at(4.5) is None
    assert placed.at(6.2) == 4
    assert placed.between(3.5, 6.5) == slice(3, 5)


def test_closed_bars_are_laid_out_once(pane: FootprintPane) -> None:
    view = synthetic.footprint(synthetic.walk(30))
    pane.refresh(view)
    pane.grab()
    cache = pane.item.cache
    closed = dict(cache.closed)
    live = replace(view.bars[-1], close=view.bars[-1].close + 1)
    pane.refresh(replace(view, revision=2, bars=(*view.bars[:-1], live)))
    pane.grab()
    assert {bar: id(cells) for bar, cells in cache.closed.items()} == {bar: id(cells) for bar, cells in closed.items()}
    assert list(cache.live) == [live]


def test_gaps_and_partial_bars_are_marked(pane: FootprintPane) -> None:
    bars = synthetic.walk(12, missing=(6,), incomplete=(5,))
    gap = (synthetic.START + 6 * synthetic.MINUTE, synthetic.START + 7 * synthetic.MINUTE)
    pane.refresh(synthetic.footprint(bars, gaps=(gap,)))
    image, scale = plot_image(pane), pane.chart.plot_scale
    plain = theme().color("pane")
    for slot, marked in ((6.5, True), (5.0, True), (9.0, False)):
        column = round(scale.x(slot)) + 1
        colors = {image.pixelColor(column, y).name() for y in range(20, 60)}
        warm = any(QColor(name).red() > plain.red() + 8 and QColor(name).red() > QColor(name).blue() for name in colors)
        assert warm is marked


def test_painting_in_bulk_beats_painting_one_by_one(qtbot: QtBot) -> None:
    numbers = measure(rounds=3)
    assert numbers["ratio"] > 2.0  # about 5; loose, because other work may run beside the tests


def test_looking_before_the_first_bar_asks_for_older_trades(pane: FootprintPane) -> None:
    asked = sent(pane.command, LoadOlder)
    view = synthetic.grid_view(60, 5)
    pane.refresh(view)
    pane.chart.set_visible(30, 50)
    assert asked == []
    pane.chart.following = False
    pane.chart.set_visible(-5, 15)
    assert asked
    assert set(asked) == {LoadOlder("BTC", view.bars[0].start_ns)}


def test_no_combo_box_takes_the_keys_of_a_new_pane(pane: FootprintPane) -> None:
    assert not any(combo.hasFocus() for combo in (pane.toolbar.base, pane.toolbar.bars.kind, pane.toolbar.row))
