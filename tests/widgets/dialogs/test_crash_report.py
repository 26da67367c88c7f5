"""The dialog after an internal error."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from widgets.dialogs.crash import CrashReport


def test_a_report_is_copied_and_saved(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = CrashReport(None, "The session stopped.", "traceback\nof it")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.copy()
    assert QGuiApplication.clipboard().text() == "traceback\nof it"
    dialog.save(tmp_path / "report.txt")
    assert (tmp_path / "report.txt").read_text() == "traceback\nof it"
    dialog.save(tmp_path / "nowhere" / "report.txt")
    assert "could not write" in dialog.note.text()
    assert dialog.what.text() == "The session stopped."
