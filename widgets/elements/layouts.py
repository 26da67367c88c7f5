"""Lines and columns of widgets, with their margins."""

from typing import TypeVar

from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from widgets.theme.theme import CELL

Box = TypeVar("Box", bound=QBoxLayout)
Margins = tuple[int, int, int, int]  # left, top, right, bottom, px
NONE: Margins = (0, 0, 0, 0)


def line_of(
    *parts: QWidget | QLayout, within: QWidget | None = None, margins: Margins = NONE, spacing: int = CELL
) -> QHBoxLayout:
    """Parts side by side; the layout of `within` where that is given. Lengths in px."""
    return _filled(QHBoxLayout() if within is None else QHBoxLayout(within), parts, margins, spacing)


def column_of(
    *parts: QWidget | QLayout,
    filling: QWidget | None = None,
    within: QWidget | None = None,
    margins: Margins = NONE,
    spacing: int = 0,
) -> QVBoxLayout:
    """Parts one below the other, then `filling` in the remaining height; otherwise as `line_of`."""
    box = _filled(QVBoxLayout() if within is None else QVBoxLayout(within), parts, margins, spacing)
    if filling is not None:
        box.addWidget(filling, 1)
    return box


def _filled(box: Box, parts: tuple[QWidget | QLayout, ...], margins: Margins, spacing: int) -> Box:
    box.setContentsMargins(*margins)
    box.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QLayout):
            box.addLayout(part)
        else:
            box.addWidget(part)
    return box
