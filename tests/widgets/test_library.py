"""The library pane and the timeline with its outline and bookmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from widgets.panes.library import LibraryPane
from widgets.theme import apply_theme, theme
from widgets.timeline import Timeline
from workstation.library_models import Notes
from workstation.readmodels import Bookmark, LibraryRequest, LibraryView, Outline, RecordingEntry

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


def test_an_empty_library_says_how_to_fill_it(pane: LibraryPane) -> None:
    assert pane.note.text() == "looking for recordings"
    pane.refresh(view())
    assert "R records" in pane.note.text()
    assert pane.as_table() is None
    assert not pane.buttons["Replay"].isEnabled()


def test_enter_replays_the_marked_one_and_the_mark_stays(pane: LibraryPane, qtbot: QtBot) -> None:
    pane.refresh(view(entry("one.mcap"), entry("two.mcap")))
    pane.list.setCurrentIndex(pane.model.index(1))
    pane.refresh(view(entry("new.mcap"), entry("one.mcap"), entry("two.mcap"), revision=2))
    assert pane.chosen().name == "two.mcap"
    with qtbot.waitSignal(pane.recording_chosen) as told:
        qtbot.keyClick(pane.list, Qt.Key.Key_Return)
    assert told.args == [Path("/r/two.mcap")]


def test_what_cannot_be_read_is_not_replayed(pane: LibraryPane) -> None:
    pane.refresh(view(entry("bad.mcap", start_ns=None, end_ns=None, trouble="no recording", outline=None)))
    pane.list.setCurrentIndex(pane.model.index(0))
    assert not pane.buttons["Replay"].isEnabled()
    pane.grab()


def test_words_filter_names_notes_and_coins(pane: LibraryPane, qtbot: QtBot) -> None:
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
    with qtbot.waitSignal(pane.note_written) as told:
        dialog.accept()
    assert told.args == [Path("/r/one.mcap"), "a squeeze"]
    qtbot.keyClick(pane, Qt.Key.Key_Delete)
    box = pane.findChild(QMessageBox)
    with qtbot.waitSignal(pane.deletion_asked) as told:
        box.button(QMessageBox.StandardButton.Yes).click()
    assert told.args == [Path("/r/one.mcap")]


def test_the_timeline_shows_the_course_and_finds_marks(qtbot: QtBot) -> None:
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
