"""The library pane and the timeline with its outline and bookmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from widgets.commands import DeleteRecording, OpenRecording, SetNote
from widgets.panes.library.pane import LibraryPane
from widgets.theme.theme import apply_theme, theme
from widgets.window.timeline import Timeline
from workstation.readmodels.session.library import (
    Bookmark,
    LibraryRequest,
    LibraryView,
    Notes,
    Outline,
    RecordingEntry,
    SetupMark,
)
from workstation.readmodels.session.setups import Detector, LevelKind, SetupLevel, SetupState

HOUR = 3_600_000_000_000
START = 1_760_000_000_000_000_000
OUTLINE = Outline(
    base="BTC",
    start_ns=START,
    end_ns=START + HOUR,
    price=tuple(60_000.0 + at for at in range(300)),
    volume_usd=tuple(float(at % 7) for at in range(300)),
    long_usd=(0.0,) * 299 + (5.0,),
    short_usd=(0.0,) * 300,
    gaps=((START + HOUR // 4, START + HOUR // 2),),
)


def entry(name: str, **more) -> RecordingEntry:
    made = RecordingEntry(f"/r/{name}", name, 5_000_000, 1, START, START + HOUR, ("BTC", "ETH"), outline=OUTLINE)
    return replace(made, **more)


def view(*entries: RecordingEntry, revision: int = 1) -> LibraryView:
    return LibraryView(LibraryRequest(), revision, entries, current="/r/one.mcap", free_bytes=9_000_000_000)


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture
def pane(qtbot: QtBot) -> LibraryPane:
    made = LibraryPane()
    qtbot.addWidget(made)
    made.resize(420, 400)
    made.show()
    return made


def test_an_empty_library_shows_how_to_fill_it(pane: LibraryPane) -> None:
    assert pane.note.text() == "looking for recordings"
    pane.refresh(view())
    assert "R records" in pane.note.text()
    assert pane.as_table() is None
    assert not pane.buttons["Replay"].isEnabled()


def test_enter_replays_the_selected_recording_and_the_selection_stays(pane: LibraryPane, qtbot: QtBot) -> None:
    pane.refresh(view(entry("one.mcap"), entry("two.mcap")))
    pane.list.setCurrentIndex(pane.model.index(1))
    pane.refresh(view(entry("new.mcap"), entry("one.mcap"), entry("two.mcap"), revision=2))
    assert pane.chosen().name == "two.mcap"
    with qtbot.waitSignal(pane.command) as emitted:
        qtbot.keyClick(pane.list, Qt.Key.Key_Return)
    assert emitted.args == [OpenRecording(Path("/r/two.mcap"))]


def test_several_selected_recordings_are_replayed_as_one(pane: LibraryPane, qtbot: QtBot) -> None:
    pane.refresh(view(entry("one.mcap"), entry("two.mcap"), entry("bad.mcap", start_ns=None)))
    pane.list.selectAll()
    pane.refresh(view(entry("new.mcap"), entry("one.mcap"), entry("two.mcap"), revision=2))
    with qtbot.waitSignal(pane.command) as emitted:
        pane.replay()
    assert emitted.args == [OpenRecording(Path("/r/one.mcap"), (Path("/r/two.mcap"),))]


def test_an_unreadable_recording_is_not_replayed(pane: LibraryPane) -> None:
    pane.refresh(view(entry("bad.mcap", start_ns=None, end_ns=None, trouble="no recording", outline=None)))
    pane.list.setCurrentIndex(pane.model.index(0))
    assert not pane.buttons["Replay"].isEnabled()
    pane.grab()


def test_typed_terms_filter_names_notes_and_coins(pane: LibraryPane, qtbot: QtBot) -> None:
    pane.refresh(view(entry("one.mcap", notes=Notes(note="Squeeze")), entry("two.mcap", bases=("SOL",))))
    qtbot.keyClicks(pane.filter, "squee btc")
    assert [one.name for one in pane.model.entries] == ["one.mcap"]
    pane.filter.setText("sol")
    assert [one.name for one in pane.model.entries] == ["two.mcap"]


def test_a_note_is_asked_for_and_a_deletion_confirmed(pane: LibraryPane, qtbot: QtBot) -> None:
    pane.refresh(view(entry("one.mcap")))
    pane.list.setCurrentIndex(pane.model.index(0))
    qtbot.keyClick(pane, Qt.Key.Key_F2)
    dialog = pane.findChild(QInputDialog)
    dialog.setTextValue("a squeeze")
    with qtbot.waitSignal(pane.command) as emitted:
        dialog.accept()
    assert emitted.args == [SetNote(Path("/r/one.mcap"), "a squeeze")]
    qtbot.keyClick(pane, Qt.Key.Key_Delete)
    box = pane.findChild(QMessageBox)
    with qtbot.waitSignal(pane.command) as emitted:
        box.button(QMessageBox.StandardButton.Yes).click()
    assert emitted.args == [DeleteRecording(Path("/r/one.mcap"))]


def test_the_timeline_shows_the_price_and_finds_bookmarks(qtbot: QtBot) -> None:
    line = Timeline()
    qtbot.addWidget(line)
    line.resize(612, 28)
    line.show_span(START, START + HOUR, START)
    plain = line.grab().toImage()
    line.show_outline(OUTLINE, (Bookmark(START + HOUR // 2, "turn"),))
    shown = line.grab().toImage()
    assert shown != plain
    assert line.mark_at(306).text == "turn"
    assert line.mark_at(100) is None
    colors = {shown.pixelColor(x, 20).name() for x in range(612)}
    assert theme().color("focus").name() in colors


def marked(*setups: SetupMark) -> Outline:
    return msgspec.structs.replace(OUTLINE, setups=setups)


def setup(minute: int, direction: int = 1, state: SetupState = SetupState.CONFIRMED) -> SetupMark:
    level = SetupLevel(LevelKind.NAKED_POC, 60_123.5)
    return SetupMark(START + minute * HOUR // 60, Detector.SWEEP, direction, level, state, leverage_only=True)


@pytest.mark.parametrize(
    ("direction", "state", "row"),
    [
        (1, SetupState.CONFIRMED, 21),
        (-1, SetupState.CONFIRMED, 1),
        (1, SetupState.INVALIDATED, 21),
        (-1, SetupState.EXPIRED, 3),
    ],
)
def test_setups_stand_on_the_timeline_where_price_is_to_go_from(
    qtbot: QtBot, direction: int, state: SetupState, row: int
) -> None:
    line = Timeline()
    qtbot.addWidget(line)
    line.resize(612, 28)
    line.show_span(START, START + HOUR, START)
    line.show_outline(marked(), ())
    plain = line.grab().toImage()
    line.show_outline(marked(setup(30, direction, state)), ())
    shown = line.grab().toImage()
    changed = {(x, y) for x in range(612) for y in range(28) if shown.pixel(x, y) != plain.pixel(x, y)}
    assert changed
    assert all(abs(x - line.x_of(START + HOUR // 2)) <= 4 for x, _ in changed)
    assert any(y == row for _, y in changed)


def test_a_pointer_on_the_timeline_reads_what_is_marked_there(qtbot: QtBot) -> None:
    line = Timeline()
    qtbot.addWidget(line)
    line.resize(612, 28)
    line.show_span(START, START + HOUR, START)
    many = tuple(setup(50) for _ in range(7))
    line.show_outline(marked(setup(30), setup(10, -1), *many), (Bookmark(START + HOUR // 2, "turn"),))
    mark, setups = line.text_at(306).split("\n")
    assert mark.endswith("turn")
    assert setups.endswith("setup: sweep up at naked POC 60,123.5, confirmed, leverage only")
    assert "sweep down" in line.text_at(106)
    assert line.text_at(506).endswith("and 2 more setups")
    assert line.text_at(200) == "2025-10-09 09:12:44 UTC"
