"""The CVD pane: lines and their breaks, legend, unit switch, and the time axis it shares with the footprint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.instrument import MarketKind, Venue
from tests.widgets import synthetic
from widgets.items.cvd import pen_of
from widgets.panes.cvd import CvdPane, fine_bar
from widgets.panes.footprint import FootprintPane
from widgets.theme import apply_theme, theme
from workstation.readmodels import CvdLine, CvdRequest, CvdUnit, Freshness

SECOND = 1_000_000_000


@pytest.fixture
def pane(qtbot: QtBot) -> CvdPane:
    """A shown pane of BTC, 900 x 260."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = CvdPane("BTC")
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show()
    qtbot.waitExposed(made)
    return made


def plot_image(pane: CvdPane) -> QImage:
    """The plot alone, as painted."""
    return pane.chart.grab(pane.chart.box.sceneBoundingRect().toAlignedRect()).toImage()


def cyan_in(image: QImage, left: int, right: int) -> int:
    """How many pixels of these columns have the colour of the aggregate."""
    wanted = theme().color("aggregate").name()
    return sum(image.pixelColor(x, y).name() == wanted for x in range(left, right) for y in range(image.height()))


def test_the_aggregate_is_drawn_and_breaks_in_a_gap(pane: CvdPane) -> None:
    gap = (synthetic.START + 40 * synthetic.MINUTE, synthetic.START + 44 * synthetic.MINUTE)
    view = synthetic.cvd(60, gaps=(gap,))
    quiet = replace(view, spot=None)
    pane.refresh(quiet)
    assert pane.item.failure == ""
    image, scale = plot_image(pane), pane.chart.plot_scale
    assert cyan_in(image, round(scale.x(30.0)), round(scale.x(38.0))) > 20
    assert cyan_in(image, round(scale.x(40.6)), round(scale.x(43.4))) == 0


def test_no_line_leads_over_the_daily_reset(pane: CvdPane) -> None:
    midnight = synthetic.START // 86_400_000_000_000 * 86_400_000_000_000
    view = replace(synthetic.cvd(20, start_ns=midnight - 10 * synthetic.MINUTE), spot=None, lines=())
    pane.refresh(view)
    image, scale = plot_image(pane), pane.chart.plot_scale
    assert cyan_in(image, round(scale.x(9.7)), round(scale.x(10.3))) == 0
    assert cyan_in(image, round(scale.x(10.7)), round(scale.x(11.3))) > 0


def test_a_value_alone_between_breaks_is_a_dot(pane: CvdPane) -> None:
    values = np.full(9, np.nan)
    values[4] = 1000.0
    line = CvdLine("perp", None, None, True, values, Freshness.LIVE)
    view = replace(synthetic.cvd(9), lines=(), spot=None, perp=line)
    pane.refresh(view)
    scale = pane.chart.plot_scale
    assert cyan_in(plot_image(pane), round(scale.x(4.2)), round(scale.x(4.8))) > 2


def test_every_kind_of_line_has_its_pen() -> None:
    def line(venue: Venue | None, kind: MarketKind | None, perp: bool) -> CvdLine:
        return CvdLine("x", venue, kind, perp, np.zeros(1), Freshness.LIVE)

    perp, spot = pen_of(line(None, None, True)), pen_of(line(None, None, False))
    assert perp.color() == spot.color() == theme().color("aggregate")
    assert perp.widthF() > pen_of(line(Venue.OKX, MarketKind.LINEAR, True)).widthF()
    styles = {kind: pen_of(line(Venue.OKX, kind, kind.is_perp)).style() for kind in MarketKind}
    assert styles[MarketKind.LINEAR] is Qt.PenStyle.SolidLine
    assert styles[MarketKind.INVERSE] is Qt.PenStyle.DotLine
    assert styles[MarketKind.SPOT] is spot.style() is Qt.PenStyle.DashLine


def test_the_legend_has_values_and_freshness(pane: CvdPane) -> None:
    pane.refresh(synthetic.cvd(60))
    text = pane.legend.text
    assert "3 of 4 venues" in text
    assert "HYP" in text
    assert "stale" in text
    assert "OKX-inv" in text
    assert "BTC CVD USD" in text


def test_the_unit_switch_changes_the_request(pane: CvdPane, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.request_changed):
        qtbot.mouseClick(pane.units["coin"], Qt.MouseButton.LeftButton)
    assert pane.request() == CvdRequest("BTC", bar_ns=synthetic.MINUTE // 12, unit=CvdUnit.COIN)
    with qtbot.waitSignal(pane.request_changed):
        qtbot.mouseClick(pane.units["USD"], Qt.MouseButton.LeftButton)
    assert pane.request() == CvdRequest("BTC", bar_ns=synthetic.MINUTE // 12)


def test_base_and_bar_length_can_be_set(pane: CvdPane, qtbot: QtBot) -> None:
    pane.set_bases(["BTC", "ETH"])
    assert pane.request() == CvdRequest("BTC", bar_ns=synthetic.MINUTE // 12)
    with qtbot.waitSignal(pane.request_changed):
        pane.set_base("ETH")
    with qtbot.waitSignal(pane.request_changed):
        pane.set_bar_length(5 * synthetic.MINUTE)
    assert pane.request() == CvdRequest("ETH", bar_ns=5 * synthetic.MINUTE // 12)


def test_values_fit_the_part_in_sight(pane: CvdPane) -> None:
    values = np.concatenate((np.linspace(-1e9, -9e8, 30), np.linspace(100.0, 200.0, 60)))
    line = CvdLine("perp", None, None, True, values, Freshness.LIVE)
    pane.refresh(replace(synthetic.cvd(90), lines=(), spot=None, perp=line))
    pane.set_visible_range(synthetic.START + 40 * synthetic.MINUTE, synthetic.START + 80 * synthetic.MINUTE)
    bottom, top = pane.chart.box.viewRange()[1]
    assert 0.0 < bottom < top < 300.0


def test_the_range_follows_the_footprint_both_ways(pane: CvdPane, qtbot: QtBot) -> None:
    footprint = FootprintPane("BTC")
    qtbot.addWidget(footprint)
    footprint.resize(1100, 700)
    footprint.show()
    footprint.visible_range_changed.connect(pane.set_visible_range)
    pane.visible_range_changed.connect(footprint.set_visible_range)
    footprint.crosshair_moved.connect(pane.show_crosshair)
    footprint.refresh(synthetic.footprint(synthetic.walk(60)))
    pane.refresh(synthetic.cvd(60))
    assert pane.chart.visible == pytest.approx(footprint.chart.visible)
    footprint.chart.pan_slots(-3)
    assert pane.chart.visible == pytest.approx(footprint.chart.visible)
    pane.chart.pan_slots(-2)
    assert footprint.chart.visible == pytest.approx(pane.chart.visible)
    assert not footprint.chart.following
    footprint.crosshair_moved.emit(synthetic.START + 7 * synthetic.MINUTE)
    assert pane.overlay.slot == 7.5


def test_without_a_footprint_it_follows_by_itself(pane: CvdPane) -> None:
    pane.refresh(synthetic.cvd(60))
    before = pane.chart.visible
    pane.refresh(synthetic.cvd(61, revision=2))
    assert pane.chart.visible == pytest.approx((before[0] + 1, before[1] + 1))


def test_hovering_reads_the_past_and_tells_others(pane: CvdPane, qtbot: QtBot) -> None:
    view = synthetic.cvd(60)
    pane.refresh(view)
    scale, corner = pane.chart.plot_scale, pane.chart.box.sceneBoundingRect().topLeft()
    where = (QPointF(scale.x(30.5), 40.0) + corner).toPoint()
    with qtbot.waitSignal(pane.crosshair_moved):
        QTest.mouseMove(pane.chart.viewport(), where)
    assert pane._index(pane.overlay.slot) == 30
    with qtbot.assertNotEmitted(pane.crosshair_moved):
        pane.show_crosshair(synthetic.START)
    assert pane._index(pane.overlay.slot) == 30


def test_sizes_from_nothing_to_huge_and_back(pane: CvdPane) -> None:
    for count in (0, 1, 5000, 0):
        pane.refresh(synthetic.cvd(count))
        for size in ((900, 260), (0, 0), (1, 1), (200, 60), (900, 260)):
            pane.resize(*size)
            pane.grab()
            assert pane.item.failure == ""
    assert pane.notice.text() == "waiting for the first trade"
    pane.clear()
    pane.grab()
    assert pane.notice.text() == "waiting for BTC"


def test_fine_bars_divide_those_of_the_footprint() -> None:
    lengths = [1, 5, 15, 30, 60, 300, 900, 3600]
    assert [fine_bar(seconds * SECOND, 12) // SECOND for seconds in lengths] == [1, 1, 1, 2, 5, 25, 75, 300]
    assert all(seconds * SECOND % fine_bar(seconds * SECOND, 12) == 0 for seconds in lengths)


def test_a_long_history_is_drawn_from_longer_bars(pane: CvdPane) -> None:
    pane.set_base("BTC")
    asked = pane.request()
    assert asked is not None
    pane.refresh(synthetic.cvd(1600, request=asked))
    longer = pane.request()
    assert longer is not None
    assert longer.bar_ns == 3 * asked.bar_ns
