"""The funding pane: units, columns by room, stale rows, readings, and its two linked charts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.venues.registry import VENUES
from tests.widgets.market_views import NOW
from tests.widgets.messages import changes_request, sent
from tests.widgets.position_views import MINUTE, funding_view
from widgets.items.paint_guard import paint_failure
from widgets.link_events import VisibleRange
from widgets.panes.funding.pane import UNITS, FundingPane, since
from widgets.panes.funding.table import COLUMNS, countdown, percentile_text, rate_text
from widgets.theme.theme import apply_theme
from workstation.readmodels.positions.funding import FundingRequest


@pytest.fixture
def pane(qtbot: QtBot) -> FundingPane:
    """A shown pane of BTC, 900 x 560."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = FundingPane("BTC")
    qtbot.addWidget(made)
    made.resize(900, 560)
    made.show()
    qtbot.waitExposed(made)
    return made


def cells(pane: FundingPane, name: str) -> list[str]:
    column = next(one for one in COLUMNS if one.name == name)
    assert pane.table.view is not None
    return [column.of_row(row, pane.unit_h, NOW).text for row in pane.table.view.rows]


def test_rates_follow_the_unit(pane: FundingPane) -> None:
    pane.refresh(funding_view())
    assert cells(pane, "predicted")[0] == "+0.0100%"
    pane.unit.setCurrentIndex(3)
    pane.unit.activated.emit(3)
    assert cells(pane, "predicted")[0] == "+10.95%"
    assert cells(pane, "next")[0] == "46m20s"
    assert "USD-margined" in pane.legend.text


def test_unknown_numbers_are_dashes() -> None:
    row = funding_view().rows[0]
    assert rate_text(None) == "\N{EN DASH}"
    assert percentile_text(replace(row, percentile=None, history_days=3.0)) == "\N{EN DASH} 3d known"
    assert percentile_text(replace(row, percentile=91.4, history_days=120.0)) == "P91 120d"
    assert countdown(None, NOW) == countdown(NOW - 1, NOW) == "\N{EN DASH}"


@pytest.mark.parametrize("width", [260, 420, 700, 900, 1900])
def test_columns_that_do_not_fit_are_hidden(pane: FundingPane, width: int) -> None:
    pane.resize(width, 560)
    pane.refresh(funding_view())
    pane.grab()
    names = [column.name for column in pane.table.columns()]
    assert names[0] == "predicted"
    assert 92 + sum(column.width for column in pane.table.columns()) <= max(pane.table.width(), 170)
    assert (len(names) == len(COLUMNS)) == (width >= 900)
    assert paint_failure(pane.table) == ""
    assert all(item.failure == "" for item in pane.items.values())


@pytest.mark.parametrize("bars", [0, 1, 3000])
def test_any_view_is_drawn(pane: FundingPane, bars: int) -> None:
    pane.refresh(funding_view(bars))
    pane.grab()
    assert all(item.failure == "" for item in pane.items.values())
    assert bool(pane.charts["OI"].notice.text()) == (bars == 0)


def test_readings_and_flags_are_texts(pane: FundingPane) -> None:
    pane.refresh(funding_view())
    assert "1 h: new money long, price +1.00% OI +2.00% (7 of 8)" in pane.readings.text
    assert "BYB: crowded long" in pane.readings.text
    table = pane.as_table()
    assert table is not None
    assert [row[-1] for row in table.rows[:3]] == [None, None, "crowded long"]
    assert table.rows[-1][-1] == "stale"


def test_both_charts_share_one_range_and_emit_it_once(pane: FundingPane) -> None:
    pane.refresh(funding_view())
    ranges = sent(pane.link_event, VisibleRange)
    start = int(funding_view().bar_start_ns[0])
    pane.set_visible_range(start, start + 30 * MINUTE)
    assert ranges == []
    QTest.keyClick(pane.charts["OI"].chart, Qt.Key.Key_Right)
    assert len(set(ranges)) == 1
    assert pane.charts["funding"].chart.visible == pytest.approx(pane.charts["OI"].chart.visible)


def test_charts_can_be_hidden_and_settings_are_saved(pane: FundingPane) -> None:
    pane.shown["funding"].click()
    assert not pane.charts["funding"].isVisible()
    pane.unit.setCurrentIndex(2)
    other = FundingPane("BTC")
    other.restore(pane.state())
    assert other.unit_h == UNITS[2][1]
    assert not other.shown["funding"].isChecked()
    other.restore({"unit_h": "x", "hidden": 7})
    assert other.unit_h == UNITS[2][1]
    other.deleteLater()


def test_cleared(pane: FundingPane) -> None:
    pane.refresh(funding_view())
    pane.clear()
    assert pane.as_table() is None
    assert pane.charts["OI"].notice.text() == "waiting for BTC"


def test_change_since_the_first_known_value() -> None:
    moved = since(np.array([1.0, np.nan, 200.0, 210.0]), 1)
    assert moved[2:].tolist() == pytest.approx([0.0, 5.0])
    assert np.isnan(since(np.full(3, np.nan), 0)).all()


def test_flat_lines_are_scaled_once(pane: FundingPane) -> None:
    view = funding_view()
    flat = tuple(replace(line, open_interest=np.full(120, 5.0)) for line in view.lines)
    pane.refresh(replace(view, lines=flat, total=np.full(120, 40.0)))
    start = int(view.bar_start_ns[0])
    pane.set_visible_range(start, start + 30 * MINUTE)
    pane.set_visible_range(start + 5 * MINUTE, start + 30 * MINUTE)
    assert pane.items["OI"].failure == ""


@pytest.mark.parametrize(("height", "charts"), [(560, 2), (330, 1), (240, 1)])
def test_a_low_pane_has_one_chart(pane: FundingPane, height: int, charts: int) -> None:
    pane.refresh(funding_view())
    pane.resize(900, height)
    assert [chart.isVisible() for chart in pane.charts.values()].count(True) == charts
    pane.shown["OI"].click()
    assert [name for name, chart in pane.charts.items() if chart.isVisible()] == ["funding"]


def test_chosen_venues_are_requested_and_saved(pane: FundingPane, qtbot: QtBot) -> None:
    pane.refresh(funding_view())
    listed = {row.market.venue for row in funding_view().rows}
    shown = [venue for venue in VENUES if venue in listed]
    assert [venue for venue, action in pane.venues.ticks.actions_of.items() if action.isVisible()] == shown
    with changes_request(pane):
        pane.venues.ticks.actions_of[shown[0]].setChecked(False)
    request = pane.request()
    assert request is not None
    assert request.markets.venues == frozenset(VENUES) - {shown[0]}
    pane.refresh(replace(funding_view(), request=request))
    assert pane.venues.ticks.actions_of[shown[0]].isVisible(), "it can be chosen again"
    other = FundingPane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.request() == request
    other.restore({"venues": ["nowhere", 3], "unit_h": 1.0})
    assert other.request() == FundingRequest("BTC")
