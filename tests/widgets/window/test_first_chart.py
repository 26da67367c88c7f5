"""The line in the log by which a start is timed: after the first painted chart of live venues, and once."""

from __future__ import annotations

import logging
from collections.abc import Collection

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets import synthetic
from tests.widgets.market_views import live_status, replay_status
from widgets.frame_timer import FrameTimer
from widgets.panes.footprint.pane import FootprintPane
from widgets.window.first_chart import FIRST_CHART, FirstChart
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.status import Presence, StatusView


class Source:
    def __init__(self) -> None:
        self.has_bars = False
        self.current = live_status(presence=Presence.LIVE)

    def mark_displayed(self, requests: Collection[Request[View]]) -> None:
        """Nothing is subscribed."""

    def revision(self, request: Request[View]) -> int:
        return int(self.has_bars)

    def view(self, request: Request[View]) -> View:
        if self.has_bars and isinstance(request, FootprintRequest):
            return synthetic.grid_view(bars=7, rows=5)
        return Engine().view(request)

    def status(self) -> StatusView:
        return self.current


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    footprint.resize(600, 400)
    return footprint


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if message.startswith(FIRST_CHART)]


def test_it_is_logged_once_after_bars_of_live_venues_are_painted(
    qtbot: QtBot, pane: FootprintPane, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = Source()
    timer = FrameTimer(source, lambda: [pane])
    FirstChart(timer, lambda: [pane])
    timer.tick()
    QApplication.processEvents()
    assert not lines(caplog), "no bars yet"
    source.has_bars = True
    timer.tick()
    assert not lines(caplog), "not painted yet"
    qtbot.waitUntil(lambda: bool(lines(caplog)))
    timer.tick()
    pane.chart.viewport().repaint()
    QApplication.processEvents()
    assert lines(caplog) == [f"{FIRST_CHART}: 7 bars"]


@pytest.mark.parametrize("status", [replay_status(), live_status(presence=Presence.SYNCING)], ids=["replay", "syncing"])
def test_it_waits_for_live_venues(pane: FootprintPane, caplog: pytest.LogCaptureFixture, status: StatusView) -> None:
    caplog.set_level(logging.INFO)
    source = Source()
    source.has_bars, source.current = True, status
    timer = FrameTimer(source, lambda: [pane])
    FirstChart(timer, lambda: [pane])
    for _ in range(3):
        timer.tick()
        pane.chart.viewport().repaint()
        QApplication.processEvents()
    assert not lines(caplog)
