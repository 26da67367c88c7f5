"""What a footprint says while it does not follow, and where its crosshair stands when the range moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from tests.widgets import synthetic
from widgets.panes.footprint.pane import FootprintPane


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    """A shown pane of sixty bars."""
    return footprint


def test_it_is_quiet_while_the_chart_follows(pane: FootprintPane) -> None:
    assert pane.hint.isHidden()
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    assert pane.hint.isHidden()


def test_it_says_how_far_the_latest_bar_is_and_a_click_goes_there(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    pane.chart.pan_slots(-0.1)
    assert pane.hint.isVisible()
    assert pane.hint.text() == "not following \N{MIDDLE DOT} L"
    pane.chart.pan_slots(-5.0)
    assert pane.hint.text() == "latest 4 bars on \N{MIDDLE DOT} L"
    corner = pane.chart.box.sceneBoundingRect().toRect().bottomRight()
    assert 0 < corner.x() - pane.hint.geometry().right() < 12
    assert 0 < corner.y() - pane.hint.geometry().bottom() < 12
    qtbot.mouseClick(pane.hint, Qt.MouseButton.LeftButton)
    assert pane.chart.following
    assert pane.hint.isHidden()


def test_it_counts_the_bars_that_begin_meanwhile(pane: FootprintPane) -> None:
    bars = synthetic.walk(60)
    pane.refresh(synthetic.footprint(tuple(replace(bar, closed=True) for bar in bars[:58])))
    pane.chart.pan_slots(-1.5)
    assert pane.hint.text() == "latest 1 bar on \N{MIDDLE DOT} L"
    pane.refresh(synthetic.footprint(bars, revision=2))
    assert pane.hint.text() == "latest 3 bars on \N{MIDDLE DOT} L"


def test_the_crosshair_stays_under_the_pointer_when_the_range_moves(pane: FootprintPane) -> None:
    pane.refresh(synthetic.footprint(synthetic.walk(60)))
    place = QPointF(400.0, 200.0)
    pane.chart.hovered.emit(place)
    pane.chart.zoom_time(0.5, pane.chart.visible[1])
    pane.chart.zoom_values(0.5, sum(pane.chart.box.viewRange()[1]) / 2)
    scale, overlay = pane.chart.plot_scale, pane.layers.overlay
    assert overlay.slot == scale.slot(place.x()) // 1 + 0.5
    assert overlay.value == pytest.approx(scale.value(place.y()))
    pane.chart.hovered.emit(None)
    pane.show_crosshair(pane.chart.grid.ts_ns(50.0))  # as another pane says
    pane.chart.pan_slots(1.0)
    assert overlay.slot == 50.5
