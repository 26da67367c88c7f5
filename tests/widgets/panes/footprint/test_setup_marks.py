"""Setups on the footprint: asked for when wanted, drawn at their bar, named in the tooltip."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF

from tests.widgets import synthetic
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.footprint.studies.builtin.signs.setups import place_of
from widgets.theme.setups import SETUP_ROLES
from widgets.theme.theme import theme
from workstation.readmodels.flow.footprint import BarKind, BarRule
from workstation.readmodels.session.setups import (
    Detector,
    LevelKind,
    SetupEvent,
    SetupLevel,
    SetupsRequest,
    SetupState,
    SetupsView,
)


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    footprint.resize(1000, 600)
    footprint.refresh(synthetic.footprint(synthetic.walk(count=12)))
    return footprint


def event(pane: FootprintPane, state: SetupState = SetupState.ARMED) -> SetupEvent:
    bar = pane.layers.view.bars[-3]
    level = SetupLevel(LevelKind.SESSION_LOW, bar.close)
    return SetupEvent("BTC", 60_000_000_000, Detector.SWEEP, 1, (), 1, level, state, bar.end_ns, bar.close, ())


def view(request: SetupsRequest, *events: SetupEvent) -> SetupsView:
    empty = SetupsView.__dataclass_fields__
    known = {"request": request, "revision": 1, "events": events, "statistics": ()}
    rest = {name: 0 for name in empty if name not in known}
    return SetupsView(**known, **rest)


def test_setups_are_asked_for_only_when_wanted_and_for_bars_that_detectors_know(pane: FootprintPane) -> None:
    def asked() -> bool:
        return any(isinstance(one, SetupsRequest) for one in pane.side_requests())

    assert not asked()
    pane.show_study("setups")
    assert asked()
    pane.show_study("setups", False)
    assert not asked()
    assert BarRule(BarKind.TICK, 100).kind is not BarKind.TIME


def test_a_setup_stands_at_its_bar_in_the_colour_of_its_state_and_says_what_it_is(pane: FootprintPane) -> None:
    pane.show_study("setups")
    one = event(pane)
    pane.refresh(view(SetupsRequest("BTC"), one))
    place = place_of(one, pane.chart.plot_scale, pane.chart.grid, 1.0)
    assert "setup" not in pane.reading.tip(QPointF(place.x() + 60, place.y()))
    text = pane.reading.tip(QPointF(place))
    assert "sweep up at session low" in text
    assert "armed" in text
    box = pane.chart.box.sceneBoundingRect().toAlignedRect()
    image = pane.chart.grab(box).toImage()
    colors = {
        image.pixelColor(round(place.x()) + dx, round(place.y()) + dy).name()
        for dx in range(-6, 7)
        for dy in range(-6, 7)
    }
    assert theme().color(SETUP_ROLES[SetupState.ARMED]).name() in colors
    pane.show_study("setups", False)
    assert "setup" not in pane.reading.tip(QPointF(place))
