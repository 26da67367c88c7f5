"""What many tests of widgets begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.window.controls_log import ControlsLog
from tests.widgets.window.window_sources import FullSource, settle
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme.theme import apply_theme
from widgets.window.main_window import MainWindow
from widgets.workspaces.catalogue import PANES


@pytest.fixture
def footprint(qtbot: QtBot, qapp: QApplication) -> FootprintPane:
    """A shown footprint of BTC, 1100 x 700, without bars."""
    apply_theme(qapp)
    made = FootprintPane("BTC")
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture(scope="module")
def full_window(qapp: QApplication) -> Iterator[MainWindow]:
    """The window with a pane of every kind, in the dark theme."""
    apply_theme(qapp)
    made = MainWindow(FullSource(), ControlsLog())
    made.set_bases(["BTC", "ETH"])
    made.show()
    made.frame_timer.stop()
    for kind in PANES:
        if not made.docks.get(kind) or not made.docks[kind].isVisible():
            made.dock_set.open(kind)
    settle(made)
    yield made
    made.close()
    made.deleteLater()
    qapp.setStyleSheet("")
