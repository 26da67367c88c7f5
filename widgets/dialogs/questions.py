"""Dialogs with one input line: a name, or a time as `14:05`, `14:05:30`, optionally after a date."""

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QInputDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from widgets.elements.captions import tint
from widgets.theme import format as fmt
from widgets.theme.theme import CELL

_FORMS = ("%H:%M", "%H:%M:%S")
_SECOND = 1_000_000_000
_MOST_DAYS = 400


def ask_name(parent: QWidget, title: str, name: str, chosen: Callable[[str], object]) -> None:
    """Ask for a name without blocking; `chosen` is not called for an empty one."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText("Name")
    dialog.setTextValue(name)
    dialog.textValueSelected.connect(lambda text: chosen(text.strip()) if text.strip() else None)
    dialog.open()


def parsed(text: str, near_ns: int, bounds: tuple[int, int] | None = None) -> int | None:
    """The time in ns since the epoch, None if the text is no time or lies outside the bounds.

    Without a date the day is that of `near_ns`, or the next one on which the time lies within the bounds. Text is in
    the time zone of the settings; bounds include their whole last second.
    """
    typed, near = text.strip(), fmt.moment(near_ns)
    first, last = bounds or (near_ns, near_ns)
    days = sorted(range(-_days(first, near_ns), _days(near_ns, last) + 1), key=abs)
    for day in ("", *((near + timedelta(days=ahead)).strftime("%Y-%m-%d ") for ahead in days)):
        ts_ns = _moment(f"{day}{typed}")
        if ts_ns is not None and (bounds is None or first - first % _SECOND <= ts_ns <= last):
            return ts_ns
    return None


def _days(start_ns: int, end_ns: int) -> int:
    return min((fmt.moment(end_ns).date() - fmt.moment(start_ns).date()).days, _MOST_DAYS)


def _moment(text: str) -> int | None:
    for form in _FORMS:
        try:
            return fmt.moment_ns(datetime.strptime(text, f"%Y-%m-%d {form}"))
        except ValueError:
            continue
    return None


class GoToTime(QDialog):
    """A time to go to: Enter calls `chosen` with ns since the epoch, Esc closes. The field begins with `typed`."""

    def __init__(
        self,
        parent: QWidget,
        near_ns: int,
        chosen: Callable[[int], object],
        bounds: tuple[int, int] | None = None,
        typed: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Go to time")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._near_ns, self._chosen, self._bounds, self._typed = near_ns, chosen, bounds, typed
        self.line = QLineEdit(typed or fmt.date_clock(near_ns))
        self.line.setAccessibleName("Time to go to")
        self.line.setMinimumWidth(200)
        self.line.selectAll()
        self.line.returnPressed.connect(self._go)
        zone = fmt.zone_name(near_ns)
        within = f", {fmt.date_clock(bounds[0])} to {fmt.date_clock(bounds[1])}" if bounds else ""
        self.hint = QLabel(f"{zone}: 14:05, 14:05:30 or {fmt.moment(near_ns):%Y-%m-%d} 14:05{within}")
        tint(self.hint, "muted")
        column = QVBoxLayout(self)
        column.setSpacing(2 * CELL)
        column.addWidget(self.line)
        column.addWidget(self.hint)

    def open(self) -> None:
        """Show the field. Qt selects its text by then: what was typed already is not to be overwritten by the rest."""
        super().open()
        if self._typed:
            self.line.end(False)

    def _go(self) -> None:
        ts_ns = parsed(self.line.text(), self._near_ns, self._bounds)
        if ts_ns is None:
            tint(self.hint, "error")
            return
        self._chosen(ts_ns)
        self.close()
