"""The footprint's modes, settings, drawings and what is remembered of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDoubleSpinBox
from pytestqt.qtbot import QtBot

from tests.bench.gallery import shown
from tests.widgets import synthetic
from tests.widgets.messages import changes_request, wait_for
from tests.widgets.panes.footprint.studied import profile_of
from widgets.dialogs.questions import parsed
from widgets.elements.captions import Choice
from widgets.items.digits import decode, encode_counts
from widgets.link_events import LevelsChanged
from widgets.panes.footprint.cells.detail import Detail, choose
from widgets.panes.footprint.cells.layouts import Frame
from widgets.panes.footprint.cells.style import CellMode, Shading, Style
from widgets.panes.footprint.data import BAR_COLUMNS, bars_as_table
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.footprint.studies.builtin.levels.profile import ProfileSpan
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.flow.footprint import FootprintRules, MinimumMode
from workstation.readmodels.flow.profile import ProfileRequest

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    """A shown pane with an hour and a half of bars."""
    footprint.refresh(shown())
    return footprint


@pytest.mark.parametrize("shading", Shading)
@pytest.mark.parametrize("mode", CellMode)
def test_every_mode_paints_at_every_level(pane: FootprintPane, mode: CellMode, shading: Shading) -> None:
    pane.set_style(Style(mode=mode, shading=shading))
    for zoom in (1.0, 2.0, 3.0, 3.0):
        pane.chart.zoom_time(zoom, pane.chart.visible[1])
        pane.grab()
        assert pane.item.failure == ""


def test_modes_look_different(pane: FootprintPane) -> None:
    pictures = set()
    for mode in CellMode:
        pane.change_style(mode=mode)
        pictures.add(bytes(pane.chart.grab().toImage().constBits()))
    assert len(pictures) == len(CellMode)


def test_single_numbers_need_less_room_than_pairs() -> None:
    assert choose(50.0, 14.0, mode=CellMode.DELTA).detail is Detail.NUMBERS
    assert choose(50.0, 14.0, mode=CellMode.BID_ASK).detail is Detail.DELTA
    assert choose(50.0, 14.0, mode=CellMode.VOLUME_PROFILE).detail is Detail.BARS


def test_shading_is_held_against_what_was_asked() -> None:
    bars = [pane_rows([1.0, 4.0]), pane_rows([10.0])]
    values = np.array([1.0, 4.0, 10.0])

    def largest(style: Style, visible: float = 10.0) -> list[float]:
        frame = Frame(bars, None, None, 1.0, style, visible)  # type: ignore[arg-type]
        return np.broadcast_to(frame.largest(values), 3).tolist()

    assert largest(Style()) == [10.0, 10.0, 10.0]
    assert largest(Style(), 25.0) == [25.0, 25.0, 25.0]  # of a bar that is laid out elsewhere
    assert largest(Style(shading=Shading.BAR)) == [4.0, 4.0, 10.0]
    assert largest(Style(shading=Shading.HYBRID)) == pytest.approx([8.8, 8.8, 10.0])
    assert largest(Style(shading=Shading.FIXED, fixed_largest=7.0)) == [7.0, 7.0, 7.0]


def pane_rows(volumes: list[float]) -> object:
    """Rows that have nothing but a length."""
    return volumes


def test_counts_are_whole() -> None:
    assert decode(encode_counts(np.array([0.0, 7.0, 62.0, 871.0, 2670.0, np.nan]))) == [
        "0", "7", "62", "871", "2.67k", "\N{EN DASH}",
    ]  # fmt: skip


def test_settings_take_effect_at_once(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.settings.show_values(pane.item.style, pane.board.settings)
    mode, ratio = pane.settings.controls["style.mode"], pane.settings.controls["imbalances.ratio"]
    assert isinstance(mode, Choice)
    assert isinstance(ratio, QDoubleSpinBox)
    mode.setCurrentText(CellMode.LADDER.value)
    assert pane.item.style.mode is CellMode.LADDER
    with changes_request(pane):
        ratio.setValue(4.0)
    length, share = pane.settings.controls["zones.length"], pane.settings.controls["value_area.share"]
    assert isinstance(length, QDoubleSpinBox)
    assert isinstance(share, QDoubleSpinBox)
    length.setValue(4)
    share.setValue(80)
    request = pane.request()
    assert request is not None
    assert request.rules == FootprintRules(imbalance_ratio=4.0, stack_length=4, value_area=0.8)


def test_what_was_set_is_remembered(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.set_style(Style(mode=CellMode.DELTA, shading=Shading.BAR))
    pane.show_study("poc", False)
    pane.show_study("imbalances", ratio=5.0, minimum_mode=MinimumMode.PERCENTILE)
    pane.commands.add_level(61_650.0)
    other = FootprintPane("BTC")
    qtbot.addWidget(other)
    other.restore(json.loads(json.dumps(pane.state())))
    assert other.item.style == pane.item.style
    assert other.board.settings == pane.board.settings
    assert other.toolbar.rules == FootprintRules(imbalance_ratio=5.0, minimum_mode=MinimumMode.PERCENTILE)
    assert other.tools.levels.all == (Level("BTC", 61_650.0, 61_650.0),)
    other.restore({"style": 3})
    assert other.item.style == pane.item.style


def drag(pane: FootprintPane, start: QPointF, end: QPointF, keys: Qt.KeyboardModifier) -> bool:
    """A drag as the chart passes it on."""
    taken = pane.tools.begin(start, keys)
    pane.tools.move(end)
    pane.tools.end()
    return taken


def test_a_measurement_says_what_was_traded(pane: FootprintPane) -> None:
    scale = pane.chart.plot_scale
    first = int(scale.left) + 1
    start = QPointF(scale.x(first + 0.2), scale.y(61_600.0))
    end = QPointF(scale.x(first + 1.8), scale.y(61_700.0))
    assert drag(pane, start, end, SHIFT)
    text = " ".join(pane.drawings.lines)
    assert "+100" in text
    assert "+0.16%" in text
    assert "2 bars" in text
    pane.cancel()
    assert pane.drawings.region is None


def test_a_box_is_zoomed_into_and_left_again(pane: FootprintPane) -> None:
    before, scale = pane.chart.visible, pane.chart.plot_scale
    assert drag(pane, QPointF(200, 100), QPointF(600, 300), CTRL)
    assert pane.chart.visible == pytest.approx((scale.slot(200), scale.slot(600)))
    assert not pane.chart.following
    pane.commands.undo()
    assert pane.chart.visible == pytest.approx(before)
    assert pane.chart.following


def prices(pane: FootprintPane) -> list[tuple[float, float]]:
    """Lows and highs of what is drawn."""
    return [(level.low, level.high) for level in pane.drawings.levels]


def test_levels_are_added_dragged_deleted_and_undone(pane: FootprintPane, qtbot: QtBot) -> None:
    scale = pane.chart.plot_scale
    price = pane.tools.on_grid(scale.value(200.0))
    with wait_for(qtbot, pane.link_event, LevelsChanged) as drawn:
        pane.commands.add_level(price)
    assert drawn.args == [LevelsChanged((Level("BTC", price, price),))]
    with wait_for(qtbot, pane.link_event, LevelsChanged) as moved:
        assert drag(pane, QPointF(300, 201), QPointF(300, 260), NONE)
    lower = pane.tools.on_grid(scale.value(260.0))
    assert moved.args == [LevelsChanged((Level("BTC", lower, lower),))]
    pane.commands.undo()
    assert prices(pane) == [(price, price)]
    pane.commands.remove_level(pane.tools.levels.own[0])
    assert prices(pane) == []
    pane.commands.undo()
    assert prices(pane) == [(price, price)]
    assert not drag(pane, QPointF(300, 300), QPointF(300, 310), NONE)


def test_a_zone_is_drawn_named_reshaped_and_undone(pane: FootprintPane, qtbot: QtBot) -> None:
    scale = pane.chart.plot_scale
    qtbot.keyClick(pane.chart, Qt.Key.Key_D)
    assert "draw a zone" in pane.legend.text
    assert drag(pane, QPointF(200, 300), QPointF(500, 240), NONE)
    assert "draw a zone" not in pane.legend.text
    low, high = (pane.tools.on_grid(scale.value(y)) for y in (300.0, 240.0))
    assert prices(pane) == [(low, high)]
    pane.tools.levels.rename(pane.tools.levels.own[0], "supply")
    assert pane.tools.levels.all == (Level("BTC", low, high, "supply"),)
    assert drag(pane, QPointF(600, 300), QPointF(600, 200), NONE)  # its low edge, past the high one
    assert prices(pane) == [(high, pane.tools.on_grid(scale.value(200.0)))]
    pane.grab()
    assert pane.drawings.failure == ""
    for _ in range(3):
        pane.commands.undo()
    assert prices(pane) == []
    pane.commands.undo()  # nothing is left to take back


def test_levels_belong_to_their_base(pane: FootprintPane) -> None:
    pane.commands.add_level(61_600.0)
    pane.set_base("ETH")
    assert prices(pane) == []
    pane.commands.add_level(3_000.0)
    pane.commands.clear_levels()
    assert pane.tools.levels.all == (Level("BTC", 61_600.0, 61_600.0),)
    pane.set_base("BTC")
    assert prices(pane) == [(61_600.0, 61_600.0)]


def test_levels_of_an_older_state_are_taken_up(pane: FootprintPane) -> None:
    old = pane.state() | {"levels": {"BTC": [61_650.0]}}
    pane.restore(old)
    assert pane.tools.levels.all == (Level("BTC", 61_650.0, 61_650.0),)


def test_escape_leaves_the_drag_that_was_asked_for(pane: FootprintPane, qtbot: QtBot) -> None:
    qtbot.keyClick(pane.chart, Qt.Key.Key_F)
    qtbot.keyClick(pane.chart, Qt.Key.Key_Escape)
    assert not drag(pane, QPointF(200, 300), QPointF(500, 240), NONE)
    assert pane.picked_ns is None


def test_a_dragged_span_has_its_profile_there(pane: FootprintPane) -> None:
    scale, grid = pane.chart.plot_scale, pane.chart.grid
    assert drag(
        pane, QPointF(scale.x(int(scale.left) + 2.4), 100), QPointF(scale.x(int(scale.left) + 5.1), 90), CTRL | SHIFT
    )
    assert pane.board.settings.values("profile") == {"span": ProfileSpan.FIXED}
    (request,) = profiles(pane)
    first = int(scale.left) + 2
    assert (request.start_ns, request.end_ns) == (grid.ts_ns(first), grid.ts_ns(first + 4))
    pane.refresh(profile_of(shown(), request))
    pane.grab()
    assert pane.layers.failures == {}
    pane.chart.pan_slots(-2)  # a fixed span stays
    assert profiles(pane) == [request]


def profiles(pane: FootprintPane) -> list[ProfileRequest]:
    """The profile asked for, if any."""
    return [request for request in pane.side_requests() if isinstance(request, ProfileRequest)]


def test_the_side_profile_is_asked_for_and_shown(pane: FootprintPane, qtbot: QtBot) -> None:
    assert profiles(pane) == []
    qtbot.keyClick(pane.chart, Qt.Key.Key_V)
    assert pane.board.settings.values("profile") == {"span": ProfileSpan.VISIBLE}
    (request,) = profiles(pane)
    pane.refresh(profile_of(shown(), request))
    pane.grab()
    assert pane.layers.failures == {}
    assert "no data yet" not in pane.legend.text
    qtbot.keyClick(pane.chart, Qt.Key.Key_V)
    assert profiles(pane) != []
    qtbot.keyClick(pane.chart, Qt.Key.Key_V)  # a fixed span, of which none was picked
    assert profiles(pane) == []
    assert "drag over a time range" in pane.legend.text
    qtbot.keyClick(pane.chart, Qt.Key.Key_V)
    assert not pane.board.settings.shown("profile")
    assert "profile" not in pane.legend.text


def test_imbalances_go_and_come(pane: FootprintPane, qtbot: QtBot) -> None:
    qtbot.keyClick(pane.chart, Qt.Key.Key_I)
    assert not pane.board.settings.shown("imbalances")
    qtbot.keyClick(pane.chart, Qt.Key.Key_I)
    assert pane.board.settings.shown("imbalances")


def test_a_tooltip_shows_the_share_of_the_bar(pane: FootprintPane) -> None:
    scale, view = pane.chart.plot_scale, shown()
    bar = view.bars[-3]
    slot = float(pane.layers.bars.slots[-3]) + 0.5
    tip = pane.reading.tip(QPointF(scale.x(slot), scale.y((bar.poc_row + 0.5) * view.row_size)))
    assert "of the bar" in tip
    assert "POC" in tip
    assert "trades" in tip
    assert pane.reading.tip(QPointF(scale.x(slot), -500.0)) == ""


def test_bars_in_sight_are_copied_as_data(pane: FootprintPane) -> None:
    pane.commands.copy_data()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == [*BAR_COLUMNS, "vwap"]
    assert len(lines) - 1 == len(pane.layers.view.bars[pane.layers.bars.between(*pane.chart.visible)])  # type: ignore[union-attr]
    view = synthetic.footprint((synthetic.bar(synthetic.START, {10: (5.0, 100.0)}, 10.0),))
    one = dict(
        zip(BAR_COLUMNS, bars_as_table(replace(view, cvd=np.array([7.5])), slice(0, 1), {}).rows[0], strict=True)
    )
    assert one["delta"] == 95.0
    assert one["poc"] == 100.0
    assert one["cvd"] == 7.5
    assert one["oi_change"] is None


def test_moments_are_read() -> None:
    near = synthetic.START
    day = near // 86_400_000_000_000 * 86_400_000_000_000
    assert parsed("14:05", near) == day + (14 * 60 + 5) * 60_000_000_000
    assert parsed("14:05:30", near) == day + ((14 * 60 + 5) * 60 + 30) * 1_000_000_000
    assert parsed("1970-01-02 00:00", near) == 86_400_000_000_000
    assert parsed("soon", near) is None


def test_a_hidden_style_still_paints(pane: FootprintPane) -> None:
    for name in ("imbalances", "poc", "naked_pocs", "value_area", "zones"):
        pane.show_study(name, False)
    pane.grab()
    hidden = pane.board.settings
    pane.refresh(replace(shown(), revision=2))
    pane.grab()
    assert pane.layers.failures == {}
    assert pane.board.settings == hidden
