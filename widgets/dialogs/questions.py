"""Dialogs with one input line: a name, or a time as `14:05`, `14:05:30`, optionally after a date."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QInputDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from widgets.elements.captions import tint
from widgets.theme import format as fmt
from widgets.theme.theme import CELL

_FORMS = ("%H:%M", "%H:%M:%S")


def ask_name(parent: QWidget, title: str, name: str, chosen: Callable[[str], object]) -> None:
    """Ask for a name without blocking; `chosen` is not called for an empty one."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText("Name")
    dialog.setTextValue(name)
    dialog.textValueSelected.connect(lambda text: chosen(text.strip()) if text.strip() else None)
    dialog.open()


def parsed(text: str, near_ns: int) -> int | None:
    """The time in ns since the epoch, None if the text is no time. Without a date the day is that of `near_ns`.

    Text is in the time zone of the settings.
    """
    typed = text.strip()
    day = fmt.moment(near_ns).strftime("%Y-%m-%d")
    for form in _FORMS:
        for whole in (typed, f"{day} {typed}"):
            try:
                return fmt.moment_ns(datetime.strptime(whole, f"%Y-%m-%d {form}"))
            except ValueError:
                continue
    return None


class GoToTime(QDialog):
    """A time to go to: Enter calls `chosen` with ns since the epoch, Esc closes."""

    def __init__(self, parent: QWidget, near_ns: int, chosen: Callable[[int], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Go to time")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._near_ns, self._chosen = near_ns, chosen
        self.line = QLineEdit(fmt.date_clock(near_ns))
        self.line.setAccessibleName("Time to go to")
        self.line.setMinimumWidth(200)
        self.line.selectAll()
        self.line.returnPressed.connect(self._go)
        self.hint = QLabel(f"{fmt.zone_name(near_ns)}: 14:05, 14:05:30 or 2026-11-22 14:05")
        tint(self.hint, "muted")
        column = QVBoxLayout(self)
        column.setSpacing(2 * CELL)
        column.addWidget(self.line)
        column.addWidget(self.hint)

    def _go(self) -> None:
        ts_ns = parsed(self.line.text(), self._near_ns)
        if ts_ns is None:
            tint(self.hint, "error")
            return
        self._chosen(ts_ns)
        self.close()
