"""The CVD pane: lines and their breaks, legend, unit switch, and the time axis it shares with the footprint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.model.instrument import MarketKind, Venue
from feeds.venues.registry import VENUES
from tests.widgets import synthetic
from tests.widgets.messages import changes_request, wait_for
from widgets.elements.captions import Choice
from widgets.items.grids import RunGrid
from widgets.link_events import AnchorChosen, Crosshair
from widgets.panes.cvd.controls import Show, edges_text, parsed_edges, size_labels
from widgets.panes.cvd.item import Stroke, market_stroke, sum_stroke
from widgets.panes.cvd.pane import CvdPane, fine_bar, strokes_of
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme.theme import apply_theme, theme
from widgets.workspaces.links import Links
from workstation.readmodels.flow.cvd import HOUR_NS, CvdCandles, CvdLine, CvdRequest, CvdUnit
from workstation.readmodels.markets import Freshness, MarketFilter

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


def test_a_sum_without_a_market_is_thin_or_broken_and_the_legend_names_the_market(pane: CvdPane) -> None:
    view, lost = synthetic.cvd(60), np.zeros(60, np.bool_)
    lost[40:] = True
    whole = np.zeros(60, np.bool_)
    lines = tuple(replace(line, missing=lost if line.venue == "bybit" else whole) for line in view.lines)
    assert view.perp is not None
    perp = replace(view.perp, missing=lost, summed=tuple(line.label for line in lines if line.perp))
    view = replace(view, spot=None, lines=lines, perp=perp)
    pane.refresh(view)
    assert "without BYB" in pane.legend.text
    image, scale = plot_image(pane), pane.chart.plot_scale
    right, left = ((round(scale.x(at)), round(scale.x(at + 15.0))) for at in (42.0, 20.0))
    thick = cyan_in(image, *left)
    assert cyan_in(image, *right) < thick / 2
    assert colours(image, *right) != colours(broken(pane), *right), "thin, not broken"
    assert cyan_in(broken(pane), *right) == 0
    assert cyan_in(broken(pane), *left) == thick
    table = pane.as_table()
    assert table is not None
    assert [row[1] is None for row in table.rows] == lost.tolist()
    other = CvdPane("BTC")
    other.restore(pane.state())
    assert other.controls.choices.breaks


def broken(pane: CvdPane) -> QImage:
    """The plot with sums broken where a market is missing."""
    pane.controls.choose(breaks=True)
    return plot_image(pane)


def colours(image: QImage, left: int, right: int) -> list[str]:
    return [image.pixelColor(x, y).name() for x in range(left, right) for y in range(image.height())]


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
    def stroke(venue: Venue | None, kind: MarketKind | None, perp: bool) -> Stroke:
        line = CvdLine("x", venue, kind, perp, np.zeros(1), Freshness.LIVE)
        return sum_stroke(line) if venue is None else market_stroke(line)

    perp, spot = stroke(None, None, True).pen(), stroke(None, None, False).pen()
    assert perp.color() == spot.color() == theme().color("aggregate")
    assert perp.widthF() > stroke(Venue("okx"), MarketKind.LINEAR, True).pen().widthF()
    styles = {kind: stroke(Venue("okx"), kind, kind.is_perp).pen().style() for kind in MarketKind}
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


FINE = synthetic.MINUTE // 12


def plain(**changes: Any) -> CvdRequest:
    return CvdRequest("BTC", **{"bar_ns": FINE, "mark_ns": synthetic.MINUTE, **changes})


def pick(choice: Choice, label: str) -> None:
    """As a hand does it."""
    choice.setCurrentIndex(choice.findText(label))
    choice.activated.emit(choice.currentIndex())


def test_every_choice_changes_the_request(pane: CvdPane, qtbot: QtBot) -> None:
    assert pane.request() == plain()
    for choice, label, expected in (
        (pane.controls.unit, "coin", plain(unit=CvdUnit.COIN)),
        (pane.controls.unit, "% of OI", plain(unit=CvdUnit.OI)),
        (pane.controls.unit, "USD", plain()),
        (pane.controls.reset, "no reset", plain(reset_ns=None)),
        (pane.controls.reset, "4 h", plain(reset_ns=4 * HOUR_NS)),
        (pane.controls.reset, "daily", plain()),
        (pane.controls.show_, "sizes", plain(by_size=True)),
        (pane.controls.show_, "spot | perp", plain()),
    ):
        with changes_request(pane):
            pick(choice, label)
        assert pane.request() == expected
    with changes_request(pane):
        qtbot.mouseClick(pane.controls.candles, Qt.MouseButton.LeftButton)
    assert pane.request() == plain(bar_ns=synthetic.MINUTE, candles=True), "a candle is a whole bar"


def test_bars_never_span_a_reset(pane: CvdPane) -> None:
    pane.set_bar_length(24 * HOUR_NS)
    pick(pane.controls.reset, "1 h")
    request = pane.request()
    assert request is not None
    assert HOUR_NS % request.bar_ns == 0


def test_an_anchor_is_set_by_a_click_and_sent_to_the_others(pane: CvdPane, qtbot: QtBot) -> None:
    pane.refresh(synthetic.cvd(60))
    pick(pane.controls.reset, "anchor")
    assert "click" in pane.notice.text()
    assert pane.controls.reset.currentText() == "daily", "nothing is chosen before the click"
    scale, corner = pane.chart.plot_scale, pane.chart.box.sceneBoundingRect().topLeft()
    where = (QPointF(scale.x(30.0), 40.0) + corner).toPoint()
    with wait_for(qtbot, pane.link_event, AnchorChosen) as sent_event:
        qtbot.mouseClick(pane.chart.viewport(), Qt.MouseButton.LeftButton, pos=where)
    anchor_ns = sent_event.args[0].ts_ns
    assert abs(anchor_ns - synthetic.START - 30 * synthetic.MINUTE) < synthetic.MINUTE
    assert pane.request() == plain(anchor_ns=anchor_ns)
    assert pane.controls.reset.currentText() == "anchor"
    with qtbot.assertNotEmitted(pane.link_event):
        pane.set_anchor(synthetic.START)
    assert pane.request() == plain(anchor_ns=synthetic.START)
    pick(pane.controls.reset, "8 h")
    assert pane.request() == plain(reset_ns=8 * HOUR_NS)
    pick(pane.controls.reset, "anchor")
    pane.cancel()
    assert "click" not in pane.notice.text()


def test_the_menu_filters_venues_and_has_the_anchor(pane: CvdPane) -> None:
    pane.refresh(synthetic.cvd(60))
    pane.controls.know([Venue("binance"), Venue("okx")])
    menu = pane.controls.menu(pane, synthetic.START, pane.choose_anchor)
    menu.actions()[0].trigger()
    assert pane.request() == plain(anchor_ns=synthetic.START)
    menu = pane.controls.menu(pane, None, pane.choose_anchor)
    next(action for action in menu.actions() if action.text() == "Remove the anchor").trigger()
    venues = next(action.menu() for action in menu.actions() if action.text() == "Venues")
    next(action for action in venues.actions() if action.text() == "Binance").trigger()
    assert pane.request() == plain(markets=MarketFilter(None, frozenset(VENUES) - {Venue("binance")}))


def test_trade_sizes_are_read_as_a_person_writes_them() -> None:
    assert parsed_edges("10k, 100k 1m") == (10_000.0, 100_000.0, 1_000_000.0)
    assert edges_text((10_000.0, 2_500_000.0)) == "10k 2.5m"
    assert size_labels((10_000.0, 100_000.0)) == ["<10k", "10k-100k", "≥100k"]
    for wrong in ("", "k", "100k 10k", "-5", "0", "x", "1 2 3 4 5 6 7", "nan", "inf"):
        assert parsed_edges(wrong) is None, wrong


def test_what_is_shown_can_be_chosen(pane: CvdPane) -> None:
    view = synthetic.cvd(60)
    assert view.perp is not None
    assert view.spot is not None
    difference = replace(view.perp, label="perp - spot", values=view.perp.values - view.spot.values)
    sizes = tuple(
        replace(view.perp, label=str(at), values=view.perp.values * part) for at, part in enumerate((0.7, 0.3))
    )
    full = replace(view, difference=difference, sizes=sizes, request=replace(view.request, edges_usd=(1e5,)))
    drawn = {show: [stroke.line.label for stroke in strokes_of(full, show)] for show in Show}
    assert drawn[Show.VENUES] == [*(line.label for line in view.lines), "spot", "perp"]
    assert drawn[Show.SPOT_PERP] == ["perp - spot", "spot", "perp"]
    assert drawn[Show.SIZES] == ["0", "1", "perp"]
    pane.controls.choose(show=Show.SIZES)
    pane.refresh(full)
    assert "<100k" in pane.legend.text
    table = pane.as_table()
    assert table is not None
    assert table.header == ("bar (USD)", "perp", "≥100k", "<100k")
    assert len(table.rows) == 60
    assert table.rows[-1][1] == view.perp.values[-1]


def test_candles_and_marks_are_drawn(pane: CvdPane) -> None:
    view = synthetic.cvd(60)
    assert view.perp is not None
    close = view.perp.values
    opens = np.concatenate(([0.0], close[:-1]))
    reach = np.maximum(opens, close) + 4e5, np.minimum(opens, close) - 4e5
    asked = replace(view.request, candles=True, mark_ns=synthetic.MINUTE)
    full = replace(view, request=asked, candles=CvdCandles(opens, *reach), lines=(), spot=None)
    pane.refresh(full)
    assert cyan_in(plot_image(pane), 0, round(pane.chart.box.width())) > 100
    bottom, top = pane.chart.box.viewRange()[1]
    assert bottom < float(reach[1].min())
    assert top > float(reach[0].max())
    before = plot_image(pane)
    marked = np.array([synthetic.START + 50 * synthetic.MINUTE]), np.array([-1])
    pane.refresh(replace(full, diverged_ns=marked[0], diverged=marked[1]))
    after, sell = plot_image(pane), theme().color("sell").name()
    assert before != after
    assert any(after.pixelColor(x, y).name() == sell for x in range(after.width()) for y in range(after.height()))


def test_a_venue_that_opposes_the_sum_is_marked(pane: CvdPane) -> None:
    view = synthetic.cvd(60)
    rising, falling = np.linspace(0, 9e6, 60), np.linspace(0, -2e6, 60)
    lines = tuple(replace(line, values=falling if line.venue == Venue("okx") else rising) for line in view.lines)
    pane.refresh(replace(view, lines=lines, perp=CvdLine("perp", None, None, True, rising, Freshness.LIVE)))
    assert pane.item.opposing == {"okx linear", "okx inverse"}
    assert pane.legend.text.count("opposes the sum") == 2


def test_showing_other_lines_of_the_same_view_needs_no_new_one(pane: CvdPane) -> None:
    pane.refresh(synthetic.cvd(60))
    assert "OKX" in pane.legend.text
    pick(pane.controls.show_, "spot | perp")
    assert "OKX" not in pane.legend.text
    assert pane.request() == plain()


def test_choices_are_remembered_but_for_the_anchor(pane: CvdPane, qtbot: QtBot) -> None:
    pane.controls.choose(show=Show.SIZES, unit=CvdUnit.COIN, reset_ns=None, candles=True, edges_usd=(5.0, 7.0))
    pane.set_anchor(synthetic.START)
    other = CvdPane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.controls.choices == pane.controls.choices._replace(anchor_ns=None)
    foreign = {**pane.state(), "venues": ["kraken"]}
    for wrong in ({"show": "nothing"}, {**pane.state(), "reset_ns": 5}, {**pane.state(), "edges_usd": [3, 2]}, foreign):
        other.restore(wrong)
        assert other.controls.choices == pane.controls.choices._replace(anchor_ns=None)


def test_base_and_bar_length_can_be_set(pane: CvdPane, qtbot: QtBot) -> None:
    pane.set_bases(["BTC", "ETH"])
    assert pane.request() == plain()
    with changes_request(pane):
        pane.set_base("ETH")
    with changes_request(pane):
        pane.set_bar_length(5 * synthetic.MINUTE)
    assert pane.request() == CvdRequest("ETH", bar_ns=5 * FINE, mark_ns=5 * synthetic.MINUTE)


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
    footprint.link_event.connect(pane.receive)
    pane.link_event.connect(footprint.receive)
    footprint.refresh(synthetic.footprint(synthetic.walk(60)))
    pane.refresh(synthetic.cvd(60))
    assert pane.chart.visible == pytest.approx(footprint.chart.visible)
    footprint.chart.pan_slots(-3)
    assert pane.chart.visible == pytest.approx(footprint.chart.visible)
    pane.chart.pan_slots(-2)
    assert footprint.chart.visible == pytest.approx(pane.chart.visible)
    assert not footprint.chart.following
    footprint.send_crosshair(synthetic.START + 7 * synthetic.MINUTE)
    assert pane.overlay.slot == 7.5


def test_without_a_footprint_it_follows_by_itself(pane: CvdPane) -> None:
    pane.refresh(synthetic.cvd(60))
    before = pane.chart.visible
    pane.refresh(synthetic.cvd(61, revision=2))
    assert pane.chart.visible == pytest.approx((before[0] + 1, before[1] + 1))


def test_hovering_reads_the_past_and_moves_linked_crosshairs(pane: CvdPane, qtbot: QtBot) -> None:
    view = synthetic.cvd(60)
    pane.refresh(view)
    scale, corner = pane.chart.plot_scale, pane.chart.box.sceneBoundingRect().topLeft()
    where = (QPointF(scale.x(30.5), 40.0) + corner).toPoint()
    ground, none = pane.chart.viewport(), Qt.MouseButton.NoButton
    at, everywhere = QPointF(where), QPointF(ground.mapToGlobal(where))
    moved = QMouseEvent(QEvent.Type.MouseMove, at, everywhere, none, none, Qt.KeyboardModifier.NoModifier)
    with wait_for(qtbot, pane.link_event, Crosshair):
        QApplication.sendEvent(ground, moved)
    assert pane.bar_at(pane.overlay.slot) == 30
    with qtbot.assertNotEmitted(pane.link_event):
        pane.show_crosshair(synthetic.START)
    assert pane.bar_at(pane.overlay.slot) == 30


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


def test_under_bars_that_are_not_of_time_the_lines_stand_at_their_moments(pane: CvdPane) -> None:
    """The footprint's slots are the pane's: a value stands where its bar ends, at its share of the footprint's bar."""
    edges = synthetic.START + np.array([0, 7, 9, 30, 31, 55], np.int64) * synthetic.MINUTE
    grid = RunGrid(4, edges, int(edges[-1]) + 5 * synthetic.MINUTE)
    pane.refresh(synthetic.cvd(60))
    pane.set_grid(grid)
    request = pane.request()
    assert request is not None
    assert request.bar_ns == SECOND
    pane.refresh(synthetic.cvd(60))
    pane.set_visible_range(int(edges[0]), int(edges[-1]))
    assert pane.chart.visible == pytest.approx((4.0, 9.0))
    assert pane.chart.grid is grid
    ends = synthetic.START + (np.arange(60) + 1) * synthetic.MINUTE
    np.testing.assert_allclose(pane.slots + 0.5, [grid.slot(int(end)) for end in ends])
    pane.grab()
    assert pane.item.failure == ""
    longer = RunGrid(4, edges, int(edges[-1]) + 9 * synthetic.MINUTE)
    pane.set_grid(longer)
    assert pane.chart.grid is longer
    assert pane.chart.visible == pytest.approx((4.0, 9.0))
    pane.show_crosshair(int(edges[2]) + synthetic.MINUTE)
    assert pane.bar_at(pane.overlay.slot) is not None
    pane.set_grid(None)
    assert pane.request() == plain()
    assert not isinstance(pane.chart.grid, RunGrid)


def test_an_anchor_and_the_grid_come_from_the_footprint(pane: CvdPane, qtbot: QtBot) -> None:
    footprint, links = FootprintPane("BTC"), Links()
    qtbot.addWidget(footprint)
    for one in (footprint, pane):
        links.add(one)
    footprint.commands.anchor_cvd(synthetic.START)
    assert pane.request() == plain(anchor_ns=synthetic.START)
