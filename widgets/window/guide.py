"""The user guide, assembled from the help of the panes, the keys and the settings; and the help of one pane."""

from collections.abc import Iterator, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

import resources
from widgets.elements.layouts import column_of
from widgets.pane import Pane
from widgets.theme.theme import CELL, theme
from widgets.window.actions import Action
from widgets.workspaces.presets import PRESETS
from workstation.settings.declaration import documentation

Keys = tuple[tuple[str, str], ...]


def guide_text(kinds: Mapping[str, type[Pane]], actions: Mapping[str, list[Action]]) -> str:
    """The whole guide in Markdown; its headings are the chapters."""
    return "\n\n".join(
        (
            resources.read_text("guide.md"),
            "# Workspaces",
            *(f"**{name}**: {preset.use}." for name, preset in PRESETS.items()),
            "# Panes",
            *_panes(kinds),
            "# Keys",
            *_keys(actions),
            "# Settings",
            documentation(),
        )
    )


def _panes(kinds: Mapping[str, type[Pane]]) -> Iterator[str]:
    for pane in kinds.values():
        yield f"## {pane.title}"
        yield pane.help
        if pane.keys:
            yield "\n".join(f"- **{key}**: {meaning}" for key, meaning in pane.keys)


def _keys(actions: Mapping[str, list[Action]]) -> Iterator[str]:
    for group, found in actions.items():
        yield f"## {group}"
        yield "\n".join(f"- **{one.keys[0]}**: {one.text}" if one.keys else f"- {one.text}" for one in found)


class Guide(QDialog):
    """Chapters on the left, text on the right, a search line above."""

    def __init__(self, parent: QWidget | None, text: str, chapter: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Guide")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text, self.chapters, self.search = QTextBrowser(), QListWidget(), QLineEdit()
        self.search.setPlaceholderText("Search the guide, Enter for the next")
        self.search.setAccessibleName("Search the guide")
        self.chapters.setAccessibleName("Chapters")
        self.chapters.setMaximumWidth(180)
        self.text.setAccessibleName("Text of the guide")
        self.text.setMarkdown(text)
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.text.document().setDefaultFont(theme().font())
        self.chapters.addItems([line.lstrip("# ") for line in text.splitlines() if line.startswith("#")])
        self.chapters.currentTextChanged.connect(self.show_chapter)
        self.search.returnPressed.connect(self.find_next)
        inside = QHBoxLayout()
        inside.addWidget(self.chapters)
        inside.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * CELL, 3 * CELL, 3 * CELL, 3 * CELL)
        column.addWidget(self.search)
        column.addLayout(inside, 1)
        self.resize(920, 640)
        if chapter:
            self.show_chapter(chapter)

    def show_chapter(self, title: str) -> None:
        block = self.text.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and block.text() == title:
                top = self.text.document().documentLayout().blockBoundingRect(block).top()
                self.text.verticalScrollBar().setValue(int(top))
                return
            block = block.next()

    def find_next(self) -> bool:
        """Select the next match of the search text, wrapping around; True if there is one."""
        wanted = self.search.text()
        if self.text.find(wanted):
            return True
        cursor = self.text.textCursor()
        cursor.movePosition(cursor.MoveOperation.Start)
        self.text.setTextCursor(cursor)
        return self.text.find(wanted, QTextDocument.FindFlag(0))


class PaneHelp(QDialog):
    """The help of one pane."""

    def __init__(self, parent: QWidget, pane: Pane) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{pane.title}: help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QLabel(pane.help or "This pane has no help text.")
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(110 * CELL)
        column = column_of(self.text, within=self, margins=(4 * CELL, 4 * CELL, 4 * CELL, 4 * CELL), spacing=3 * CELL)
        keys = QLabel("\n".join(f"{key}: {meaning}" for key, meaning in pane.keys))
        keys.setStyleSheet(f"color: {theme().color('muted').name()}")
        keys.setVisible(bool(pane.keys))
        column.addWidget(keys)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
