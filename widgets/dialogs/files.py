"""File dialogs that do not block: the chosen path is passed to a callback."""

import csv
import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from widgets.pane import Table

log = logging.getLogger(__name__)


def ask_recording(parent: QWidget, chosen: Callable[..., None]) -> QFileDialog:
    """Ask for recordings; several are passed on together."""
    dialog = QFileDialog(parent, "Open recordings", "", "Recordings (*.mcap);;All files (*)")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda paths: chosen(*map(Path, paths)))
    return _opened(dialog)


def ask_picture(parent: QWidget, name: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask where to save a picture; `name` is the suggested file name."""
    dialog = QFileDialog(parent, "Save screenshot", "", "Pictures (*.png)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("png")
    dialog.selectFile(name)
    return _open(dialog, chosen)


def ask_table(parent: QWidget, name: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask where to write a table; `name` is the suggested file name."""
    dialog = QFileDialog(parent, "Export table", "", "Tables (*.csv)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.selectFile(name)
    return _open(dialog, chosen)


def save_table(parent: QWidget, table: Table, path: Path) -> None:
    """Write a table as csv; a failure is logged and shown in a box that does not block."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows((table.header, *table.rows))
    except OSError:
        log.exception("could not write the table to %s", path)
        text = f"Could not write {path.name}: choose another folder."
        box = QMessageBox(QMessageBox.Icon.Warning, "Export", text, parent=parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()


def save_picture(picture: QPixmap, path: Path) -> None:
    """Write a picture; a failure is logged and shown in a box that does not block."""
    if picture.save(str(path)):
        return
    log.error("could not write the screenshot to %s", path)
    box = QMessageBox(QMessageBox.Icon.Warning, "Screenshot", f"Could not write {path.name}: choose another folder.")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()


def _open(dialog: QFileDialog, chosen: Callable[[Path], None]) -> QFileDialog:
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    return _opened(dialog)


def _opened(dialog: QFileDialog) -> QFileDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
