"""A second pane of a kind receives whatever the first one receives, also when it is opened later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets import synthetic
from tests.widgets.window.controls_log import ControlsLog
from tests.widgets.window.window_sources import FullSource, settle
from widgets.items.grids import RunGrid
from widgets.link_events import (
    AnchorChosen,
    BarGridChanged,
    BarLengthChosen,
    BaseChosen,
    Crosshair,
    LevelsChanged,
    LinkEvent,
    SetupRulesChosen,
    VisibleRange,
)
from widgets.pane import Pane
from widgets.theme.theme import apply_theme
from widgets.window.main_window import MainWindow
from widgets.workspaces.catalogue import PANES
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.session.setup_rules import SetupRules

LASTING = ("set_base", "set_bases", "set_bar_length", "set_grid", "set_anchor", "set_levels", "set_setup_rules")
PASSING = ("show_status", "show_crosshair", "set_visible_range", "cancel", "recentre")
Calls = dict[Pane, list[tuple[str, tuple[object, ...]]]]


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(FullSource(), ControlsLog())
    qtbot.addWidget(made)
    made.resize(1600, 900)
    made.show()
    made.frame_timer.stop()
    return made


def recorded(monkeypatch: pytest.MonkeyPatch, kind: type[Pane]) -> Calls:
    """What is sent to each pane of a kind from now on, before the pane acts on it."""
    calls: Calls = defaultdict(list)
    for name in (*LASTING, *PASSING):
        inner = getattr(kind, name)

        def outer(self: Pane, *args: object, name: str = name, inner: object = inner) -> object:
            calls[self].append((name, args))
            return inner(self, *args)  # type: ignore[operator]

        monkeypatch.setattr(kind, name, outer)
    return calls


def events(minutes: int) -> tuple[LinkEvent, ...]:
    """One of each kind; different ones for each number of minutes."""
    edges = synthetic.START + np.arange(5, dtype=np.int64) * minutes * synthetic.MINUTE
    return (
        BaseChosen("ETH" if minutes % 2 else "BTC"),
        BarLengthChosen(minutes * synthetic.MINUTE),
        BarGridChanged(RunGrid(0, edges, int(edges[-1]) + synthetic.MINUTE)),
        AnchorChosen(synthetic.START + minutes),
        LevelsChanged((Level("BTC", minutes, minutes),)),
        SetupRulesChosen(SetupRules()),
        Crosshair(synthetic.START + minutes),
        VisibleRange(synthetic.START, synthetic.START + minutes * synthetic.MINUTE),
    )


@pytest.mark.parametrize("kind", PANES)
def test_a_second_pane_receives_what_the_first_receives(
    window: MainWindow, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, sender = recorded(monkeypatch, PANES[kind]), Pane()
    window.dock_set.links.add(sender)
    shown = [dock for name, dock in window.docks.items() if name == kind and dock.isVisible()]
    first = (shown[0] if shown else window.dock_set.open(kind)).widget()
    window.set_bases(["BTC", "ETH"])
    for event in events(3):
        sender.link_event.emit(event)
    second = window.dock_set.open(kind).widget()
    assert window.panes[f"{kind}:2"] is second
    newest = dict(calls[first])
    assert {name: dict(calls[second]).get(name) for name in LASTING} == {name: newest[name] for name in LASTING}

    settle(window)
    calls.clear()
    window.set_bases(["ETH", "BTC"])
    for event in events(4):
        sender.link_event.emit(event)
    for action in ("pane.cancel", "pane.recentre"):
        window.action_list[action].effect()
    window.frame_timer.tick()
    assert dict(calls[second]) == dict(calls[first])
    assert set(dict(calls[second])) == {*LASTING, *PASSING}
