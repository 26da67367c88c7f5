"""Docks, and the arrangement a new window starts with."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow

from widgets.dock_title import DockTitle
from widgets.pane import Pane

NARROW_PX = 1500


class PaneDock(QDockWidget):
    """A pane in a dock; `name` is what a saved layout knows it by.

    `on_screen` is False behind another tab, where Qt keeps a widget "visible" outside the window.
    """

    def __init__(self, name: str, pane: Pane) -> None:
        super().__init__(pane.title)
        self.setObjectName(name)
        self.setWidget(pane)
        self.title = DockTitle(self, pane)
        self.setTitleBarWidget(self.title)
        self.on_screen = False
        self.widths: dict[int, int] = {}  # own width by width of the window, as last laid out
        self.visibilityChanged.connect(self._on_visibility)

    def _on_visibility(self, shown: bool) -> None:
        self.on_screen = shown

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Note the width, so that a window that grows can give it back."""
        super().resizeEvent(event)
        if not self.isFloating():
            self.widths[self.window().width()] = self.width()


def arrange(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Footprint over CVD, at their right ladder over tape; other panes join the left column."""
    columns: tuple[list[str], list[str]] = ([], ["ladder", "tape"])
    columns[0].extend(name for name in docks if name not in columns[1])
    left, right = ([docks[name] for name in names if name in docks] for names in columns)
    for area, column in ((Qt.DockWidgetArea.LeftDockWidgetArea, left), (Qt.DockWidgetArea.RightDockWidgetArea, right)):
        for above, dock in zip([None, *column], column, strict=False):
            window.addDockWidget(area, dock)
            if above is not None:
                window.splitDockWidget(above, dock, Qt.Orientation.Vertical)
            dock.show()
    _share(window, left, right)


def _share(window: QMainWindow, left: list[QDockWidget], right: list[QDockWidget]) -> None:
    width, height = window.width(), window.height()
    if left and right:
        side = 424 if width >= NARROW_PX else 380
        window.resizeDocks([left[0], right[0]], [width - side, side], Qt.Orientation.Horizontal)
    for column, part in ((left, 0.74), (right, 0.64)):
        if len(column) == 2:
            window.resizeDocks(column, [int(height * part), int(height * (1 - part))], Qt.Orientation.Vertical)


def fold(window: QMainWindow, docks: Mapping[str, QDockWidget], *, narrow: bool) -> None:
    """Ladder and tape: tabs of one place in a narrow window, one over the other in a wide one. Floating docks stay."""
    ladder, tape = docks.get("ladder"), docks.get("tape")
    if ladder is None or tape is None or ladder.isFloating() or tape.isFloating():
        return
    tabbed = tape in window.tabifiedDockWidgets(ladder)
    if narrow and not tabbed:
        window.tabifyDockWidget(ladder, tape)
        ladder.raise_()
    elif not narrow and tabbed:
        window.addDockWidget(window.dockWidgetArea(ladder), tape, Qt.Orientation.Vertical)
        tape.show()
        height = window.height()
        window.resizeDocks([ladder, tape], [int(height * 0.64), int(height * 0.36)], Qt.Orientation.Vertical)
