"""What a pane shows and by which definition, and its keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from widgets.pane import Pane
from widgets.theme.theme import CELL, theme


class PaneHelp(QDialog):
    """The help of one pane."""

    def __init__(self, parent: QWidget, pane: Pane) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{pane.title}: help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QLabel(pane.help or "This pane has no help text.")
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(110 * CELL)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * CELL, 4 * CELL, 4 * CELL, 4 * CELL)
        column.setSpacing(3 * CELL)
        column.addWidget(self.text)
        keys = QLabel("\n".join(f"{key}: {meaning}" for key, meaning in pane.keys))
        keys.setStyleSheet(f"color: {theme().color('muted').name()}")
        keys.setVisible(bool(pane.keys))
        column.addWidget(keys)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
