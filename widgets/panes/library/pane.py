"""The library pane: every recording with its price strip, note and bookmarks; opens, annotates and deletes them."""

from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListView, QMessageBox, QPushButton

from widgets.commands import DeleteRecording, OpenRecording, SetNote
from widgets.dialogs.questions import ask_name
from widgets.elements.captions import set_text, tint
from widgets.elements.layouts import column_of, line_of
from widgets.pane import Pane, Table
from widgets.panes.library.list import RecordingList, RecordingPainter, duration
from widgets.theme.theme import CELL
from workstation.readmodels.request import View
from workstation.readmodels.session.library import LibraryRequest, LibraryView, RecordingEntry


class LibraryPane(Pane):
    """A list of recordings with a filter, and buttons for the selected one."""

    title = "Library"
    every_frames = 15
    help = (
        "All recordings in the recordings folder, and others you opened. The strip shows the coin with the largest "
        "volume: price as a line, traded volume as bars, liquidated longs and shorts in their colours, spans with "
        "missing trades shaded, bookmarks as flags. Double click or Enter replays a recording, or all that are "
        "selected (Shift or Ctrl and click) as one session in which what lies between them is a gap; a live session "
        "continues meanwhile, and Go live returns to it. Recordings with a note are never deleted by the limits in the "
        "settings."
    )
    keys = (("Enter", "replay the selected recordings as one"), ("F2", "write a note"), ("Del", "delete the recording"))

    def __init__(self) -> None:
        super().__init__()
        self._view: LibraryView | None = None
        self.list, self.model, self.painter = QListView(), RecordingList(), RecordingPainter()
        self.filter, self.note = QLineEdit(), QLabel()
        self.buttons = {
            "Replay": QPushButton("Replay"),
            "Note": QPushButton("Note..."),
            "Delete": QPushButton("Delete..."),
        }
        self._lay_out()
        self._connect()
        self._show_texts()

    def _lay_out(self) -> None:
        self.filter.setPlaceholderText("Filter recordings")
        self.filter.setAccessibleName("Filter recordings")
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.painter)
        self.list.setAccessibleName("Recordings")
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tint(self.note, "muted")
        self.note.setWordWrap(True)
        line = line_of(margins=(CELL, CELL, CELL, CELL))
        line.addWidget(self.filter, 1)
        for button in self.buttons.values():
            button.setEnabled(False)
            line.addWidget(button)
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * CELL, 2, 2 * CELL, 2)
        foot.addWidget(self.note)
        column = column_of(line, filling=self.list, within=self)
        column.addLayout(foot)
        self.setFocusProxy(self.list)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self.model.show_filter)
        self.list.activated.connect(lambda _: self.replay())
        self.list.doubleClicked.connect(lambda _: self.replay())
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.model.modelReset.connect(self._enable)
        self.buttons["Replay"].clicked.connect(self.replay)
        self.buttons["Note"].clicked.connect(self.ask_note)
        self.buttons["Delete"].clicked.connect(self.ask_deletion)

    def request(self) -> LibraryRequest:
        return LibraryRequest()

    def refresh(self, view: View) -> None:
        if not isinstance(view, LibraryView) or view is self._view:
            return
        self._view = view
        chosen, selected = self.chosen(), {entry.path for entry in self.selected()}
        self.model.show_entries(view.entries, view.current)
        if selected and not self.selected():
            self._choose(chosen.path if chosen is not None else "", selected)
        self._enable()
        self._show_texts()

    def clear(self) -> None:
        """Do nothing: the list does not depend on the displayed session."""

    def as_table(self) -> Table | None:
        rows = tuple(
            (one.name, one.start_ns, one.end_ns, duration(one), one.size_bytes, " ".join(one.bases), one.notes.note)
            for one in self.model.entries
        )
        header = ("file", "start_ns", "end_ns", "duration", "size_bytes", "bases", "note")
        return Table(header, rows) if rows else None

    def chosen(self) -> RecordingEntry | None:
        """The selected recording, None for none."""
        return self.model.entry(self.list.currentIndex())

    def selected(self) -> list[RecordingEntry]:
        """All selected recordings, in order of the list."""
        rows = sorted(index.row() for index in self.list.selectedIndexes())
        return [self.model.entries[row] for row in rows if row < len(self.model.entries)]

    def replay(self) -> None:
        """Replay the selected recording, or several as one; those without data are left out."""
        paths = [Path(entry.path) for entry in self.selected() if entry.start_ns is not None]
        if paths:
            self.command.emit(OpenRecording(paths[0], tuple(paths[1:])))

    def ask_note(self) -> None:
        entry = self.chosen()
        if entry is not None:
            ask_name(self, "Note", entry.notes.note, lambda text: self.command.emit(SetNote(Path(entry.path), text)))

    def ask_deletion(self) -> None:
        """Ask for confirmation, then delete the selected recording."""
        entry = self.chosen()
        if entry is None:
            return
        deletion = DeleteRecording(Path(entry.path))
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setText(f"Delete {entry.name}?")
        box.setInformativeText("The recording and its note are deleted from the disk.")
        box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.button(QMessageBox.StandardButton.Yes).clicked.connect(lambda: self.command.emit(deletion))
        box.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        effect = {Qt.Key.Key_F2: self.ask_note, Qt.Key.Key_Delete: self.ask_deletion}.get(Qt.Key(event.key()))
        if effect is None:
            super().keyPressEvent(event)
        else:
            effect()

    def _choose(self, path: str, selected: Collection[str]) -> None:
        selection = self.list.selectionModel()
        for row, entry in enumerate(self.model.entries):
            index = self.model.index(row)
            if entry.path == path:
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            if entry.path in selected:
                selection.select(index, QItemSelectionModel.SelectionFlag.Select)

    def _enable(self) -> None:
        entry = self.chosen()
        self.buttons["Replay"].setEnabled(any(one.start_ns is not None for one in self.selected()))
        self.buttons["Note"].setEnabled(entry is not None)
        self.buttons["Delete"].setEnabled(entry is not None)

    def _show_texts(self) -> None:
        view = self._view
        if view is None:
            set_text(self.note, "looking for recordings")
        elif not view.entries:
            set_text(self.note, "No recordings yet: R records the live session, Ctrl+O opens a file.")
        else:
            whole = sum(entry.size_bytes for entry in view.entries)
            text = f"{len(view.entries)} recordings, {whole / 1e9:.2f} GB; {view.free_bytes / 1e9:,.0f} GB free"
            reading = f"; reading {view.reading} {view.done * 100:.0f} %" if view.reading else ""
            set_text(self.note, text + reading)


PANE = LibraryPane
