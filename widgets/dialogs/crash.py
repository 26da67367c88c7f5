"""The dialog after an internal error: one sentence, and the report to save or copy."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from widgets.elements.captions import set_text, tint
from widgets.elements.layouts import column_of
from widgets.theme.theme import CELL


class CrashReport(QDialog):
    """`what` is a sentence for the user, `report` the full error report."""

    def __init__(self, parent: QWidget | None, what: str, report: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._report = report
        self.what, self.note = QLabel(what), QLabel()
        self.what.setWordWrap(True)
        tint(self.note, "muted")
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Report")
        self.buttons = {name: QPushButton(name) for name in ("Save report...", "Copy report", "Continue")}
        self.buttons["Save report..."].clicked.connect(self._ask)
        self.buttons["Copy report"].clicked.connect(self.copy)
        self.buttons["Continue"].clicked.connect(self.accept)
        self.buttons["Continue"].setDefault(True)
        line = QHBoxLayout()
        line.addWidget(self.note, 1)
        for button in self.buttons.values():
            line.addWidget(button)
        column = column_of(
            self.what,
            filling=self.text,
            within=self,
            margins=(4 * CELL, 4 * CELL, 4 * CELL, 4 * CELL),
            spacing=3 * CELL,
        )
        column.addLayout(line)
        self.resize(760, 420)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self._report)
        set_text(self.note, "copied")

    def save(self, path: Path) -> None:
        """Write the report to a file; the dialog shows whether that worked."""
        try:
            path.write_text(self._report)
        except OSError as error:
            set_text(self.note, f"could not write {path.name}: {error.strerror or error}")
            return
        set_text(self.note, f"saved as {path.name}")

    def _ask(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save report", "crash-report.txt", "Text (*.txt)")
        if path:
            self.save(Path(path))
