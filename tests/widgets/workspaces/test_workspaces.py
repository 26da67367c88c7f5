"""Arrangements as trees, named workspaces, what is saved and when; commands and the palette."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow
from pytestqt.qtbot import QtBot

from tests.widgets import synthetic
from tests.widgets.window.controls_log import ControlsLog
from tests.widgets.window.window_sources import FullSource, settle
from widgets.pane import Pane
from widgets.theme.theme import apply_theme
from widgets.window.main_window import MainWindow
from widgets.window.palette import Entry, Palette, match
from widgets.workspaces.catalogue import PANES
from widgets.workspaces.layout_spec import arrange, column, names, pruned, row, tabs
from widgets.workspaces.presets import PRESETS, START
from workstation.readmodels.session.workspaces import InMemoryWorkspaces


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture
def store() -> InMemoryWorkspaces:
    return InMemoryWorkspaces()


@pytest.fixture
def window(qtbot: QtBot, store: InMemoryWorkspaces) -> MainWindow:
    return opened(qtbot, store)


def opened(qtbot: QtBot, store: InMemoryWorkspaces, width: int = 1600) -> MainWindow:
    made = MainWindow(FullSource(), ControlsLog(), store=store)
    qtbot.addWidget(made)
    made.set_bases(["BTC", "ETH"])
    made.resize(width, 900)
    made.show()
    made.frame_timer.stop()
    settle(made)
    return made


def shown(window: MainWindow) -> set[str]:
    return {name for name, dock in window.docks.items() if dock.is_open}


# --- trees


def test_a_tree_loses_panes_and_the_splits_that_are_left_with_one_part() -> None:
    tree = row((0.5, tabs("a", "b")), (0.5, column((0.5, tabs("c")), (0.5, tabs("d")))))
    assert names(tree) == ("a", "b", "c", "d")
    assert pruned(tree, lambda name: name in "ac") == row((0.5, tabs("a")), (0.5, tabs("c")))
    assert pruned(tree, lambda name: name == "d") == tabs("d")
    assert pruned(tree, lambda name: False) is None


def test_a_tree_becomes_an_arrangement(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setDockNestingEnabled(True)
    docks = {name: QDockWidget(name) for name in "abcde"}
    for name, dock in docks.items():
        dock.setObjectName(name)
    window.resize(1000, 800)
    window.show()
    arrange(window, docks, row((300, tabs("a")), (1, column((0.75, tabs("b")), (0.25, tabs("c", "d"))))))
    QApplication.processEvents()
    a, b, c = (docks[name].geometry() for name in "abc")
    assert abs(a.width() - 300) <= 4
    assert a.right() < b.left() == c.left()
    assert b.bottom() < c.top()
    assert abs(b.height() - 3 * c.height()) < 120
    assert window.tabifiedDockWidgets(docks["c"]) == [docks["d"]]
    assert docks["e"].isHidden()


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("width", [1366, 1920])
def test_every_preset_opens_at_both_widths(qtbot: QtBot, store: InMemoryWorkspaces, name: str, width: int) -> None:
    window = opened(qtbot, store, width)
    window.workspaces.open(name)
    settle(window)
    tree = PRESETS[name].narrow if width < 1500 else PRESETS[name].wide
    wanted = set(names(tree)) & set(PANES)
    assert shown(window) == wanted or not wanted
    assert window.width() == width


# --- workspaces


def test_an_untouched_workspace_follows_the_width_and_a_touched_one_stays(window: MainWindow) -> None:
    window.resize(1366, 768)
    settle(window)
    assert window.docks["tape"] in window.tabifiedDockWidgets(window.docks["ladder"])
    window.docks["cvd"].title.close_button.click()
    window.resize(1700, 900)
    settle(window)
    assert window.docks["tape"] in window.tabifiedDockWidgets(window.docks["ladder"])
    window.workspaces.reset()
    settle(window)
    assert window.docks["tape"] not in window.tabifiedDockWidgets(window.docks["ladder"])
    assert window.docks["cvd"].isVisible()


def test_a_workspace_remembers_panes_groups_bases_and_what_was_moved(qtbot: QtBot, store: InMemoryWorkspaces) -> None:
    first = opened(qtbot, store)
    first.dock_set.open("cvd")
    first.dock_set.set_group("cvd:2", 3)
    first.dock_set.links.set_base(3, "ETH")
    first.docks["tape"].title.close_button.click()
    first.workspaces.save_as("Mine")
    first.workspaces.open(START)
    assert "cvd:2" not in shown(first)
    first.workspaces.open("Mine")
    first.close()
    second = opened(qtbot, store)
    assert second.workspaces.current == "Mine"
    assert shown(second) == {*shown(first), "cvd:2"} - {"tape"}
    assert second.panes["cvd:2"].link_group == 3
    assert second.panes["cvd:2"].request().base == "ETH"
    assert second.panes["cvd"].request().base == "BTC"


def test_a_change_is_saved_while_running(window: MainWindow, store: InMemoryWorkspaces) -> None:
    window.docks["cvd"].title.close_button.click()
    for _ in range(130):
        window.frame_timer.tick()
    stored = store.load(START)
    assert stored is not None
    assert "cvd" not in stored.panes


def test_which_workspace_is_open_is_saved_while_running(window: MainWindow, store: InMemoryWorkspaces) -> None:
    window.workspaces.open("Flow")
    for _ in range(130):
        window.frame_timer.tick()
    assert store.load_desktop().workspace == "Flow"


def test_an_edge_that_was_only_clicked_is_no_arrangement(window: MainWindow) -> None:
    def touch() -> bool:
        for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
            place = QPointF(2.0, 2.0)
            held = Qt.MouseButton.LeftButton if kind is QEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
            event = QMouseEvent(kind, place, place, Qt.MouseButton.LeftButton, held, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(window, event)
            if kind is QEvent.Type.MouseButtonPress and widths:
                window.resizeDocks([window.docks["footprint"]], widths, Qt.Orientation.Horizontal)
        return window.workspaces.capture().moved

    widths: list[int] = []
    assert not touch()
    widths.append(window.docks["footprint"].width() - 150)
    assert touch()


def test_renaming_and_deleting(window: MainWindow, store: InMemoryWorkspaces) -> None:
    spaces = window.workspaces
    spaces.save_as("One")
    spaces.rename("Two")
    assert "One" not in spaces.names()
    assert spaces.current == "Two"
    spaces.delete()
    assert spaces.current == START
    assert spaces.names() == list(PRESETS)


def test_numbers_open_workspaces(window: MainWindow) -> None:
    window.action_list["workspace.2"].effect()
    assert window.workspaces.current == list(PRESETS)[1]
    window.workspaces.open_number(99)
    assert window.workspaces.current == list(PRESETS)[1]


def test_a_maximised_pane_is_not_saved_as_the_arrangement(window: MainWindow, store: InMemoryWorkspaces) -> None:
    window.dock_set.toggle_maximised("cvd")
    window.workspaces.save()
    window.dock_set.toggle_maximised("cvd")
    window.workspaces.save()
    stored = store.load(START)
    assert stored is None or "footprint" in stored.panes


# --- commands


def test_every_command_has_a_text_and_no_key_means_two_of_them(window: MainWindow) -> None:
    keys = [key for command in window.action_list for key in command.keys]
    assert len(keys) == len(set(keys))
    assert all(command.text for command in window.action_list)


def test_a_key_can_be_chosen_and_taken_away(window: MainWindow, qtbot: QtBot) -> None:
    window.action_list.choose_keys({"workspace.2": "F9", "workspace.3": ""})
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert window.workspaces.current == list(PRESETS)[1]
    assert window.action_list["workspace.3"].keys == ()


def test_digits_link_the_focused_pane(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.panes["cvd"].setFocus()
    settle(window)
    window.action_list["pane.group4"].effect()
    assert window.panes[window.dock_set.focused].link_group == 4


def test_the_palette_finds_by_letters_and_does_it(window: MainWindow, qtbot: QtBot) -> None:
    window.action_list.show_palette()
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.line, "eth")
    assert palette.list.item(0).text().startswith("ETH")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.header.request().base == "ETH"


def test_matches_rank_starts_before_spaces_before_scattered_letters() -> None:
    texts = ("Full screen", "screenshot", "go to screen", "sound recorder note")
    entries = [Entry(text, "", lambda: None) for text in texts]
    ranked = sorted((score, one.text) for one in entries if (score := match("screen", one)) is not None)
    assert [text for _, text in ranked] == ["screenshot", "Full screen", "go to screen"]
    assert match("xyz", entries[0]) is None
    assert match("", entries[0]) == 0


# --- time over workspaces


def test_a_chart_that_is_not_seen_keeps_its_time(window: MainWindow) -> None:
    footprint = window.panes["footprint"]
    before = footprint.chart.visible
    window.workspaces.open("Liquidations")
    settle(window)
    span = (synthetic.START - 20 * 3600 * 10**9, synthetic.START)
    window.panes["liquidation_heatmap"].send_range(*span)
    window.workspaces.open(START)
    settle(window)
    assert footprint.chart.visible == pytest.approx(before, abs=3)


def test_the_chart_of_the_highest_rank_leads_and_a_hand_moves_all(window: MainWindow) -> None:
    footprint, cvd = window.panes["footprint"], window.panes["cvd"]

    def times(pane: Pane) -> tuple[float, float]:
        return tuple(pane.chart.grid.ts_ns(slot) / 1e9 for slot in pane.chart.visible)

    window.workspaces.open("Flow")
    settle(window)
    assert cvd.follows_latest
    window.workspaces.open(START)
    settle(window)
    assert times(cvd) == pytest.approx(times(footprint), abs=1)
    cvd.chart.pan_slots(-40)
    assert times(cvd) == pytest.approx(times(footprint), abs=1)


@pytest.mark.parametrize("name", PRESETS)
def test_an_arranged_workspace_comes_back_in_a_window_of_the_same_size(
    qtbot: QtBot, store: InMemoryWorkspaces, name: str
) -> None:
    window = opened(qtbot, store, 1920)
    other = next(one for one in PRESETS if one != name)
    window.workspaces.open(name)
    settle(window)
    window.dock_set.moved.emit()
    size, places = window.size(), seen_places(window)
    window.workspaces.open(other)
    settle(window)
    window.workspaces.open(name)
    settle(window)
    assert window.size() == size
    assert seen_places(window) == places


def test_a_pane_that_filled_the_window_gives_it_back_as_it_was(qtbot: QtBot, store: InMemoryWorkspaces) -> None:
    window = opened(qtbot, store, 1920)
    window.workspaces.open("Screener")
    settle(window)
    before = shown(window), window.size(), seen_places(window)
    window.dock_set.toggle_maximised("pressure")
    settle(window)
    assert seen_places(window).keys() == {"pressure"}
    window.dock_set.toggle_maximised("pressure")
    settle(window)
    assert (shown(window), window.size(), seen_places(window)) == before


def seen_places(window: MainWindow) -> dict[str, QRect]:
    """Where the docks are that no tab hides."""
    return {name: dock.geometry() for name, dock in window.docks.items() if dock.on_screen}
