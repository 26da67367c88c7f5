"""The key list."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

from widgets.theme.theme import CELL, theme

Keys = Iterable[tuple[str, str]]


class CheatSheet(QDialog):
    """Groups of key and meaning in two columns of groups; Esc closes it."""

    def __init__(self, parent: QWidget | None, groups: Mapping[str, Keys]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout(self)
        grid.setContentsMargins(4 * CELL, 4 * CELL, 4 * CELL, 4 * CELL)
        grid.setHorizontalSpacing(6 * CELL)
        grid.setVerticalSpacing(3 * CELL)
        for index, (title, keys) in enumerate(groups.items()):
            grid.addWidget(_group(title, keys), index // 2, index % 2, Qt.AlignmentFlag.AlignTop)


def _group(title: str, keys: Keys) -> QWidget:
    group = QWidget()
    rows = QGridLayout(group)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setHorizontalSpacing(3 * CELL)
    rows.setVerticalSpacing(2)
    rows.setColumnMinimumWidth(0, 112)
    rows.addWidget(_label(title, "muted"), 0, 0, 1, 2)
    for line, (key, meaning) in enumerate(keys, 1):
        rows.addWidget(_label(key, "focus", bold=True), line, 0)
        rows.addWidget(_label(meaning, "text"), line, 1)
    rows.setColumnStretch(1, 1)
    return group


def _label(text: str, role: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setFont(theme().font(bold=bold))
    label.setStyleSheet(f"color: {theme().color(role).name()}")
    return label
