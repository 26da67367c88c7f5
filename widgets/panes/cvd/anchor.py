"""Choosing an anchor with one click on the chart."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt


class AnchorTool:
    """While `picking`, the next click on the plot tells where it was; otherwise drags are the chart's."""

    def __init__(self, chosen: Callable[[QPointF], None]) -> None:
        self.picking = False
        self._chosen = chosen

    def begin(self, position: QPointF, keys: Qt.KeyboardModifier) -> bool:
        """Whether the click was taken."""
        if not self.picking:
            return False
        self.picking = False
        self._chosen(position)
        return True

    def move(self, position: QPointF) -> None:
        """A click that moves on changes nothing more."""

    def end(self) -> None:
        """The button was let go."""
