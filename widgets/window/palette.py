"""The command palette: type a few letters of a command, coin, pane or workspace, Enter runs or opens it."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from widgets.elements.layouts import column_of
from widgets.theme.theme import CELL, theme

SHOWN = 200


class Entry(NamedTuple):
    """One entry; `kind` and `key` are shown beside its text."""

    text: str
    kind: str
    effect: Callable[[], object]
    key: str = ""


def match(typed: str, entry: Entry) -> float | None:
    """The rank of an entry, lower is better; None if the letters do not appear in this order.

    A match at the start ranks first, then one after a space, then adjacent letters, then scattered ones.
    """
    text, wanted = f"{entry.text} {entry.kind}".lower(), typed.lower().strip()
    if not wanted:
        return 0.0
    if text.startswith(wanted):
        return len(entry.text) / 1000
    if f" {wanted}" in text:
        return 1 + len(entry.text) / 1000
    if wanted in text:
        return 2 + len(entry.text) / 1000
    at, gaps = -1, 0
    for letter in wanted.replace(" ", ""):
        found = text.find(letter, at + 1)
        if found < 0:
            return None
        gaps += found - at - 1
        at = found
    return 3 + gaps / 100


class Palette(QDialog):
    """Up and Down select while typing, Enter or a click runs, Esc closes."""

    def __init__(self, parent: QWidget | None, entries: Iterable[Entry]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find anything")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entries = tuple(entries)
        self._found: list[Entry] = []
        self.line, self.list = QLineEdit(), QListWidget()
        self.line.setPlaceholderText("Command, coin, pane or workspace")
        self.line.setAccessibleName("What to find")
        self.list.setAccessibleName("What was found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFont(theme().font())
        column_of(self.line, self.list, within=self, margins=(2 * CELL, 2 * CELL, 2 * CELL, 2 * CELL), spacing=2 * CELL)
        self.resize(520, 420)
        self.line.textChanged.connect(self.show_matches)
        self.line.returnPressed.connect(self.choose)
        self.list.itemClicked.connect(lambda _: self.choose())
        self.show_matches("")

    def show_matches(self, typed: str) -> None:
        """List the matches, best first."""
        ranked = [(score, index) for index, one in enumerate(self._entries) if (score := match(typed, one)) is not None]
        self._found = [self._entries[index] for _, index in sorted(ranked)[:SHOWN]]
        self.list.clear()
        for entry in self._found:
            item = QListWidgetItem(f"{entry.text}    {entry.kind}" + (f"    {entry.key}" if entry.key else ""))
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def choose(self) -> None:
        """Run the selected entry and close."""
        row = self.list.currentRow()
        self.accept()
        if 0 <= row < len(self._found):
            self._found[row].effect()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
        if event.key() in step and self._found:
            row = self.list.currentRow() + step[Qt.Key(event.key())]
            self.list.setCurrentRow(min(max(row, 0), len(self._found) - 1))
            event.accept()
        else:
            super().keyPressEvent(event)
