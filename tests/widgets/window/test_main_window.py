"""The window: docks, keys, bases, replay's face and the saved layout."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPainter
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.widgets.market_views import NOW, live_status, replay_status
from tests.widgets.window.controls_log import ControlsLog
from tests.widgets.window.window_sources import FullSource, Source, settle
from widgets.dialogs.questions import GoToTime
from widgets.items.paint_guard import PaintGuard, paints
from widgets.pane import Pane
from widgets.panes.ladder.pane import LadderPane
from widgets.panes.tape.pane import TapePane
from widgets.theme.theme import apply_theme, theme
from widgets.window.cheat_sheet import CheatSheet
from widgets.window.controls import Step
from widgets.window.main_window import MainWindow
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.request import View
from workstation.readmodels.session.status import StatusView
from workstation.readmodels.session.workspaces import InMemoryWorkspaces, PaneMemory, Workspace
from workstation.readmodels.universe.universe import UniverseView


class Chart(Pane):
    """Stands in for a chart."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.base = ""
        self.seen: list[object] = []

    def request(self) -> FootprintRequest | None:
        return FootprintRequest(self.base) if self.base and not self.isVisible() else None

    def refresh(self, view: View) -> None:
        raise NotImplementedError

    def clear(self) -> None:
        self.seen.clear()

    def set_base(self, base: str) -> None:
        self.base = base

    def show_crosshair(self, ts_ns: int) -> None:
        self.seen.append(ts_ns)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.seen.append(event.key())


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def controls() -> ControlsLog:
    return ControlsLog()


@pytest.fixture
def window(qtbot: QtBot, source: Source, controls: ControlsLog) -> MainWindow:
    return opened(qtbot, source, controls, 1600)


def panes() -> dict[str, Pane]:
    return {"footprint": Chart("Footprint"), "cvd": Chart("CVD"), "ladder": LadderPane(), "tape": TapePane()}


def opened(qtbot: QtBot, source: Source, controls: ControlsLog, width: int, height: int = 900, **layout) -> MainWindow:
    window = MainWindow(source, controls, panes(), "test", **layout)
    qtbot.addWidget(window)
    window.set_bases(["BTC", "ETH"])
    window.resize(width, height)
    window.show()
    window.frame_timer.stop()
    settle(window)
    return window


def tabbed(window: MainWindow) -> bool:
    return window.docks["tape"] in window.tabifiedDockWidgets(window.docks["ladder"])


def behind_a_tab(window: MainWindow, child: QWidget) -> bool:
    hidden = [dock for dock in window.docks.values() if not dock.on_screen]
    return any(child is dock or dock.isAncestorOf(child) for dock in hidden)


# --- layout


def test_the_start_layout_is_footprint_over_cvd_and_ladder_over_tape(window: MainWindow) -> None:
    footprint, cvd, ladder, tape = (window.docks[name].geometry() for name in ("footprint", "cvd", "ladder", "tape"))
    assert footprint.bottom() < cvd.top()
    assert footprint.right() < ladder.left()
    assert ladder.bottom() < tape.top()
    assert footprint.width() > 2 * ladder.width()
    assert footprint.height() > 2 * cvd.height()


def test_a_narrow_window_folds_ladder_and_tape_into_tabs_and_unfolds_again(window: MainWindow) -> None:
    assert not tabbed(window)
    window.resize(1366, 768)
    settle(window)
    assert tabbed(window)
    assert window.panes["ladder"] in window.panes_on_screen()
    assert window.panes["tape"] not in window.panes_on_screen(), "what is behind a tab is not refreshed"
    window.resize(1700, 900)
    settle(window)
    assert not tabbed(window)
    assert window.docks["tape"].isVisible()


@pytest.mark.parametrize(
    "status", [live_status(simulated=True, recording_to="/x/a-long-name-20251009.mcap"), replay_status()]
)
def test_nothing_is_clipped_at_1366x768(
    qtbot: QtBot, source: Source, controls: ControlsLog, status: StatusView
) -> None:
    source.current = status
    window = opened(qtbot, source, controls, 1366, 768)
    assert (window.width(), window.height()) == (1366, 768)
    inside = window.rect()
    for child in window.findChildren(QWidget):
        if child.objectName() == "qt_qmainwindow_extended_splitter":
            continue  # Qt's own, at the edge of the docks where a central widget would be
        if child.isVisible() and child.window() is window and not behind_a_tab(window, child):
            corner = child.mapTo(window, child.rect().bottomRight())
            assert inside.contains(corner), child
        if isinstance(child, QLabel) and child.isVisible():
            assert child.width() >= child.minimumSizeHint().width(), child.text()


def test_the_view_menu_hides_and_shows_docks(window: MainWindow) -> None:
    action = next(action for action in window.menus.view.actions() if action.text() == "CVD")
    action.trigger()
    assert not window.docks["cvd"].isVisible()
    action.trigger()
    assert window.docks["cvd"].isVisible()


def test_a_dock_floats_and_closes_by_its_title(window: MainWindow, qtbot: QtBot) -> None:
    dock = window.docks["tape"]
    title = dock.titleBarWidget()
    qtbot.mouseClick(title.float, Qt.MouseButton.LeftButton)
    assert dock.isFloating()
    assert title.float.text() == "dock"
    qtbot.mouseClick(title.float, Qt.MouseButton.LeftButton)
    assert not dock.isFloating()
    qtbot.mouseClick(title.close_button, Qt.MouseButton.LeftButton)
    assert not dock.isVisible()


def test_the_layout_comes_back(qtbot: QtBot, source: Source, controls: ControlsLog) -> None:
    store = InMemoryWorkspaces()
    first = opened(qtbot, source, controls, 1600, store=store)
    first.docks["cvd"].title.close_button.click()
    first.close()
    second = opened(qtbot, source, controls, 1600, store=store)
    assert not second.docks["cvd"].isVisible()
    assert second.docks["ladder"].isVisible()


@pytest.mark.parametrize("docks", ["", "AAA", "no base64", "anVuaw=="])
def test_an_unusable_layout_falls_back_to_the_start_layout(
    qtbot: QtBot, source: Source, controls: ControlsLog, docks: str
) -> None:
    store = InMemoryWorkspaces()
    memories = {name: PaneMemory() for name in ("footprint", "cvd", "ladder", "tape")}
    store.save("Footprint", Workspace(moved=True, docks=docks, panes=memories))
    window = opened(qtbot, source, controls, 1600, store=store)
    assert all(dock.isVisible() for dock in window.docks.values())
    assert window.docks["footprint"].geometry().right() < window.docks["ladder"].geometry().left()


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768)])
def test_the_window_of_all_panes_starts_and_plays(
    qtbot: QtBot, controls: ControlsLog, size: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    source = FullSource()
    window = MainWindow(source, controls)
    qtbot.addWidget(window)
    window.set_bases(["BTC", "ETH"])
    window.resize(*size)
    window.show()
    window.frame_timer.stop()
    settle(window)
    source.current = replay_status(epoch=2)
    window.set_base("ETH")
    settle(window)
    window.grab()
    assert (window.width(), window.height()) == size
    assert {pane.request().base for name, pane in window.panes.items() if name != "pressure"} == {"ETH"}
    assert not caplog.records


# --- base


def test_a_base_reaches_every_pane(window: MainWindow, qtbot: QtBot) -> None:
    window.set_base("ETH")
    ladder, tape, chart = window.panes["ladder"], window.panes["tape"], window.panes["footprint"]
    assert isinstance(chart, Chart)
    assert {ladder.request().base, tape.request().base, chart.base, window.header.request().base} == {"ETH"}
    qtbot.keyClick(window.header.bases, Qt.Key.Key_Up)
    assert chart.base == "BTC"


def test_a_base_chosen_in_one_pane_is_the_base_of_all(window: MainWindow) -> None:
    ladder = window.panes["ladder"]
    assert isinstance(ladder, LadderPane)
    ladder.choose_base("ETH")
    assert window.panes["tape"].request().base == "ETH"
    assert window.header.bases.currentText() == "ETH"


def test_the_list_of_bases_keeps_the_choice(window: MainWindow) -> None:
    window.set_base("ETH")
    window.set_bases(["SOL", "ETH", "BTC"])
    assert window.header.bases.currentText() == "ETH"
    window.set_bases(["SOL"])
    assert window.panes["tape"].request().base == "SOL"


def test_crosshairs_are_linked(window: MainWindow) -> None:
    footprint, cvd = window.panes["footprint"], window.panes["cvd"]
    assert isinstance(footprint, Chart)
    assert isinstance(cvd, Chart)
    footprint.send_crosshair(NOW)
    assert (cvd.seen, footprint.seen) == ([NOW], [])


def test_the_header_shows_the_figures_of_the_base(window: MainWindow, source: Source) -> None:
    assert {label.text() for label in window.header.facts.values()} == {""}
    field = source.field
    assert isinstance(field, UniverseView)
    values = {"change_24h": -0.0042, "open_interest_usd": 9.1e9, "funding_8h": 0.000081, "premium": np.nan}
    columns = replace(field.columns, **{name: np.array([value]) for name, value in values.items()})
    window.header.refresh(replace(field, symbols=("BTC",), columns=columns))
    texts = [label.text() for label in window.header.facts.values()]
    assert texts == ["−0.42%", "OI 9.100b", "fund +0.0081%", ""]
    window.header.set_base("ETH")
    assert {label.text() for label in window.header.facts.values()} == {""}


# --- modes


def test_a_replay_wears_its_frame_and_badges(window: MainWindow, source: Source) -> None:
    live = window.grab().toImage().pixelColor(1, 450)
    source.current = replay_status()
    settle(window)
    assert window.header.badge.text() == window.playback.badge.text() == "REPLAY"
    replay = theme().color("replay")
    image = window.grab().toImage()
    assert image.pixelColor(1, 450) == replay != live
    assert image.pixelColor(image.width() - 2, 450) == replay
    source.current = live_status()
    settle(window)
    assert window.header.badge.text() == "LIVE"
    assert window.grab().toImage().pixelColor(1, 450) != replay


def test_the_header_shows_the_last_price_and_the_live_markets(window: MainWindow) -> None:
    assert window.header.price.text() == "61,659.40"
    assert window.header.markets.text() == "8 of 8 perp markets live"
    window.header.clear()
    assert window.header.price.text() == "–"


# --- keys


@pytest.mark.parametrize(
    ("key", "modifiers", "call"),
    [
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, ("toggle", None)),
        (Qt.Key.Key_Period, Qt.KeyboardModifier.NoModifier, ("step", Step.EVENT)),
        (Qt.Key.Key_BracketLeft, Qt.KeyboardModifier.NoModifier, ("set_speed", 5.0)),
        (Qt.Key.Key_BracketRight, Qt.KeyboardModifier.NoModifier, ("set_speed", 25.0)),
        (Qt.Key.Key_BracketLeft, Qt.KeyboardModifier.ShiftModifier, ("seek", NOW - 60_000_000_000)),
        (Qt.Key.Key_BracketRight, Qt.KeyboardModifier.ShiftModifier, ("seek", NOW + 60_000_000_000)),
        (Qt.Key.Key_BraceLeft, Qt.KeyboardModifier.ShiftModifier, ("seek", NOW - 60_000_000_000)),
        (Qt.Key.Key_BraceRight, Qt.KeyboardModifier.NoModifier, ("seek", NOW + 60_000_000_000)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, ("seek", replay_status().start_ns)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, ("seek", replay_status().end_ns)),
    ],
)
def test_playback_keys(
    window: MainWindow,
    source: Source,
    controls: ControlsLog,
    qtbot: QtBot,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier,
    call: tuple[str, object],
) -> None:
    source.current = replay_status()
    settle(window)
    qtbot.keyClick(window, key, modifiers)
    assert controls.calls == [call]


def test_a_digit_begins_a_time_in_a_replay_and_is_a_link_group_when_live(
    window: MainWindow, source: Source, controls: ControlsLog, qtbot: QtBot
) -> None:
    window.panes["tape"].setFocus()
    qtbot.keyClick(window.panes["tape"], Qt.Key.Key_2)
    assert window.docks["tape"].title.group.text() == "2"
    source.current = replay_status()
    settle(window)
    qtbot.keyClick(window.panes["tape"], Qt.Key.Key_9)
    (dialog,) = window.findChildren(GoToTime)
    qtbot.keyClicks(dialog.line, ":03:20")
    qtbot.keyClick(dialog.line, Qt.Key.Key_Return)
    assert controls.calls == [("seek", 1_760_000_600_000_000_000)]
    assert window.docks["tape"].title.group.text() == "2"
    qtbot.keyClick(window.panes["tape"], Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert window.docks["tape"].title.group.text() == "3"


def test_keys_work_while_a_button_has_the_focus(window: MainWindow, controls: ControlsLog, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_R)
    window.playback.record.setFocus()
    qtbot.keyClick(window.playback.record, Qt.Key.Key_R)
    assert controls.calls == [("toggle_recording", None)] * 2


def test_on_a_live_source_replay_keys_reach_the_focused_pane(window: MainWindow, qtbot: QtBot) -> None:
    chart = window.panes["footprint"]
    assert isinstance(chart, Chart)
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert chart.seen == [Qt.Key.Key_End]


def test_a_base_that_is_chosen_is_followed_wherever_it_was_chosen(window: MainWindow, controls: ControlsLog) -> None:
    window.set_bases(["BTC", "ETH"], ["SOL", "XRP"])
    assert window.header.listed() == ["BTC", "ETH", "SOL", "XRP"]
    coins = {entry.text: entry.effect for entry in window.action_list.palette_entries() if entry.kind == "coin"}
    assert list(coins) == ["BTC", "ETH", "SOL", "XRP"]
    coins["XRP"]()
    assert controls.focused[-1] == "XRP"
    window.dock_set.links.set_base(1, "SOL")
    assert controls.focused[-1] == "SOL"
    assert window.header.request().base == "SOL"
    window.set_bases(["BTC", "ETH", "SOL"], ["XRP"])
    assert window.header.request().base == "SOL", "it stays when the lists change"


def test_live_cannot_be_paused(window: MainWindow, controls: ControlsLog, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert controls.calls == []


def test_c_centres_the_ladder_and_escape_resumes_the_tape(window: MainWindow, qtbot: QtBot) -> None:
    ladder, tape = window.panes["ladder"], window.panes["tape"]
    assert isinstance(ladder, LadderPane)
    assert isinstance(tape, TapePane)
    ladder.canvas.centre = 5
    tape.canvas.scroll_rows(5)
    qtbot.keyClick(window, Qt.Key.Key_C)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert ladder.canvas.centre == 61_659
    assert tape.canvas.held is None


def test_full_screen_and_back(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert not window.isFullScreen()


@pytest.mark.parametrize("modifiers", [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier])
def test_the_cheat_sheet_lists_keys_of_window_and_panes(
    window: MainWindow, qtbot: QtBot, modifiers: Qt.KeyboardModifier
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Question, modifiers)
    [sheet] = window.findChildren(CheatSheet)
    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert {"Replay", "Window", "Ladder", "Tape", "Space", "coarser or finer rows"} <= texts
    sheet.close()


# --- files


def test_chosen_recordings_are_opened_together(window: MainWindow, controls: ControlsLog, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.filesSelected.emit(["/data/a.mcap", "/data/b.mcap"])
    dialog.close()
    assert controls.calls == [("open_recording", Path("/data/a.mcap"), Path("/data/b.mcap"))]


def test_a_screenshot_is_written(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "shot.png"))
    dialog.close()
    assert (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_is_copied(window: MainWindow) -> None:
    window.action_list.copy_picture()
    assert QGuiApplication.clipboard().pixmap().width() == window.width()


# --- painting never ends the process


class Broken(QWidget):
    @paints
    def paintEvent(self, painter: QPainter) -> None:
        raise ValueError("no such row")


def test_a_failing_paint_is_logged_once_and_shown(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken()
    qtbot.addWidget(broken)
    with caplog.at_level(logging.ERROR):
        image = broken.grab().toImage()
        broken.grab()
    assert len(caplog.records) == 1
    assert any(
        image.pixelColor(x, y) == theme().color("error") for x in range(image.width()) for y in range(image.height())
    )


def test_a_failing_paint_leaves_the_painter_as_it_was(qtbot: QtBot) -> None:
    def fail(painter: QPainter) -> None:
        painter.translate(50, 50)
        raise KeyError("x")

    class Host(QWidget):
        left_at = -1.0

        @paints
        def paintEvent(self, painter: QPainter) -> None:
            PaintGuard("it").run(painter, QRectF(self.rect()), lambda: fail(painter))
            Host.left_at = painter.transform().dx()

    host = Host()
    qtbot.addWidget(host)
    host.grab()
    assert Host.left_at == 0
