"""The premium pane: colours by sign, breaks, legend, settings, and the axis it shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.messages import sent, wait_for
from tests.widgets.position_views import MINUTE, premium_view
from widgets.items.bulk import mix
from widgets.link_events import Crosshair, VisibleRange
from widgets.panes.premium.pane import SMOOTHINGS, PremiumPane
from widgets.theme.theme import apply_theme, theme
from workstation.readmodels.positions.premium import PremiumSource, PremiumView


@pytest.fixture
def pane(qtbot: QtBot) -> PremiumPane:
    """A shown pane of BTC, 900 x 260."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = PremiumPane("BTC")
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show()
    qtbot.waitExposed(made)
    return made


def plot(pane: PremiumPane) -> QImage:
    chart = pane.linked.chart
    return chart.grab(chart.box.sceneBoundingRect().toAlignedRect()).toImage()


def close_to(image: QImage, role: str, slots: tuple[float, float], pane: PremiumPane) -> int:
    """The number of pixels between two slots in a role's colour blended over the pane."""
    wanted = mix(theme().color("pane"), theme().color(role), 90 / 255).getRgb()
    scale = pane.linked.chart.plot_scale
    return sum(
        max(abs(a - b) for a, b in zip(image.pixelColor(x, y).getRgb(), wanted, strict=True)) < 6
        for x in range(max(round(scale.x(slots[0])), 0), min(round(scale.x(slots[1])), image.width()))
        for y in range(image.height())
    )


def flat(values: np.ndarray) -> PremiumView:
    view = premium_view(len(values))
    return replace(view, combined=values, linear=values, inverse=values, lines=())


def test_grey_above_spot_green_below_and_nothing_in_a_break(pane: PremiumPane) -> None:
    values = np.repeat([3e-4, np.nan, -3e-4], 20)
    pane.refresh(flat(values))
    assert pane.item.failure == ""
    image = plot(pane)
    assert close_to(image, "muted", (2, 18), pane) > 500
    assert close_to(image, "buy", (2, 18), pane) == 0
    assert close_to(image, "buy", (42, 58), pane) > 500
    for role in ("muted", "buy"):
        assert close_to(image, role, (22, 38), pane) == 0


def test_the_legend_reads_the_bar_under_the_crosshair(pane: PremiumPane) -> None:
    values = np.linspace(1e-4, 6e-4, 60)
    pane.refresh(flat(values))
    assert "all +6.0" in pane.legend.text
    assert "weights: 24 h volume" in pane.legend.text
    start = int(premium_view().bar_start_ns[0])
    pane.show_crosshair(start + 10 * MINUTE)
    assert f"all {values[10] * 1e4:+.1f}" in pane.legend.text
    pane.show_crosshair(start - MINUTE)
    assert "all \N{EN DASH}" in pane.legend.text


@pytest.mark.parametrize("bars", [0, 1, 6000])
@pytest.mark.parametrize("scale", [1e-9, 3e-4, 5.0])
def test_any_view_is_drawn(pane: PremiumPane, bars: int, scale: float) -> None:
    pane.markets.setChecked(True)
    pane.refresh(premium_view(bars, scale))
    pane.grab()
    assert pane.item.failure == ""
    table = pane.as_table()
    assert table is not None
    assert len(table.rows) == bars


def test_settings_are_requested_and_saved(pane: PremiumPane) -> None:
    pane.source.setCurrentIndex(1)
    pane.smoothing.setCurrentIndex(2)
    pane.clamping.setCurrentIndex(1)
    pane.source.activated.emit(1)
    request = pane.request()
    assert request is not None
    assert (request.source, request.smoothing, request.clamp) == (PremiumSource.OHLC4, SMOOTHINGS[2], 0.001)
    other = PremiumPane("BTC")
    other.restore(pane.state())
    assert other.request() == request
    other.restore({"smoothing": "x", "clamp": [], "source": 3, "by_market": None})
    assert other.request() == request
    other.deleteLater()


def test_an_empty_pane_shows_the_reason(pane: PremiumPane) -> None:
    assert pane.linked.notice.text() == "waiting for BTC"
    pane.refresh(replace(premium_view(0), spots=()))
    assert "no spot market" in pane.linked.notice.text()
    pane.refresh(premium_view())
    assert pane.linked.notice.text() == ""
    pane.clear()
    assert pane.linked.notice.text() == "waiting for BTC"
    assert pane.as_table() is None


def test_range_and_crosshair_are_shared(pane: PremiumPane, qtbot: QtBot) -> None:
    pane.refresh(premium_view())
    start = int(premium_view().bar_start_ns[0])
    ranges = sent(pane.link_event, VisibleRange)
    pane.set_visible_range(start, start + 30 * MINUTE)
    assert ranges == []
    assert pane.linked.chart.visible == pytest.approx((0, 30))
    pane.refresh(premium_view(61))
    assert ranges == []
    QTest.keyClick(pane.linked.chart, Qt.Key.Key_Left)
    assert len(ranges) == 1
    with wait_for(qtbot, pane.link_event, Crosshair):
        pane.linked.chart.hovered.emit(QPointF(100, 50))
