"""Labels, badges and choices that skip an update that would change nothing: Qt would lay them out again."""

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget

from widgets.theme.theme import theme


class Badge(QLabel):
    """A bold label on a filled background."""

    def show_badge(self, text: str, role: str) -> None:
        """Write `text` on the colour of `role`."""
        set_text(self, text)
        if self.property("role") != role:
            look = theme()
            self.setProperty("role", role)
            colors = f"background: {look.color(role).name()}; color: {look.color('window').name()};"
            self.setStyleSheet(f"QLabel {{ {colors} font-weight: bold; padding: 2px 8px; border-radius: 2px; }}")


class Choice(QComboBox):
    """A combo box that a passing wheel does not change."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def set_text(widget: QLabel | QAbstractButton, text: str) -> None:
    """Set a text only when it differs: an equal one would still cost a layout."""
    if widget.text() != text:
        widget.setText(text)


def tint(widget: QWidget, role: str) -> None:
    """Colour a label by role; setting a style sheet is slow, so only when it changes."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.setStyleSheet(f"color: {theme().color(role).name()}")


def selection_style() -> str:
    """A style sheet for lists whose rows have colours of their own: the chosen one is raised, no more."""
    look = theme()
    raised, text = look.color("hairline").name(), look.color("text").name()
    return f"QAbstractItemView {{ selection-background-color: {raised}; selection-color: {text}; }}"


def shortened(text: str, limit: int = 28) -> str:
    """A text of at most `limit` characters, its middle replaced by an ellipsis: file names differ at both ends."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[-tail:]}"
