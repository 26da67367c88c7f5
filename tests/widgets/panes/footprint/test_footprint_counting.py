"""A footprint whose bars are made in steps: what it says meanwhile, and what stays to be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feeds.model.instrument import Venue
from tests.widgets import synthetic
from widgets.panes.footprint.pane import FootprintPane
from workstation.readmodels.flow.footprint import FootprintView
from workstation.readmodels.markets import MarketFilter


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    footprint.resize(900, 600)
    return footprint


def said(pane: FootprintPane) -> str:
    return pane.legend.text


def counting(view: FootprintView, share: float, **changes: object) -> FootprintView:
    request = replace(view.request, **changes)  # type: ignore[arg-type]
    return replace(view, request=request, bars=(), progress=share)


def test_the_bars_before_stay_until_the_others_are_made(pane: FootprintPane) -> None:
    view = synthetic.grid_view(bars=9, rows=8)
    pane.refresh(view)
    seen = pane.chart.visible
    markets = MarketFilter(venues=frozenset((Venue("bybit"),)))
    pane.refresh(counting(view, 0.404, markets=markets))
    assert "counting trades: 40%" in said(pane)
    assert pane.layers.view is view
    assert not pane.notice.isVisible()
    pane.refresh(counting(view, 0.81, markets=markets))
    assert "81%" in said(pane)
    other = replace(view, request=replace(view.request, markets=markets))
    pane.refresh(other)
    assert pane.layers.view is other
    assert "counting" not in said(pane)
    assert pane.chart.visible == seen


def test_an_empty_chart_says_it_in_its_middle(pane: FootprintPane) -> None:
    view = synthetic.grid_view(bars=9, rows=8)
    pane.refresh(counting(view, 0.25))
    assert pane.notice.isVisible()
    assert pane.notice.text() == "counting trades: 25%"
    pane.refresh(view)
    assert not pane.notice.isVisible()


def test_bars_of_another_base_do_not_stay(pane: FootprintPane) -> None:
    view = synthetic.grid_view(bars=9, rows=8)
    pane.refresh(view)
    pane.refresh(counting(view, 0.5, base="ETH"))
    assert pane.layers.view is None
    assert pane.notice.text() == "counting trades: 50%"
