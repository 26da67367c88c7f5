"""A pane in a dock."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QContextMenuEvent, QResizeEvent
from PySide6.QtWidgets import QDockWidget

from widgets.pane import Pane
from widgets.workspaces.dock_title import DockTitle


class PaneDock(QDockWidget):
    """`name` identifies the pane in a saved layout. `moved` follows a change of its place by the user.

    `on_screen` is False behind another tab, where Qt keeps a widget "visible" outside the window.
    """

    moved = Signal()

    def __init__(self, name: str, pane: Pane) -> None:
        number = name.partition(":")[2]
        super().__init__(f"{pane.title} {number}" if number else pane.title)
        self.setObjectName(name)
        self.pane = pane
        self.setWidget(pane)
        self.title = DockTitle(self, pane)
        self.setTitleBarWidget(self.title)
        self.on_screen = False
        self.widths: dict[int, int] = {}  # own width by width of the window, as last laid out
        self.visibilityChanged.connect(self._on_visibility)
        self.topLevelChanged.connect(lambda _: self.moved.emit())
        self.dockLocationChanged.connect(lambda _: self.moved.emit())
        self.toggleViewAction().triggered.connect(lambda _: self.moved.emit())

    @property
    def is_open(self) -> bool:
        """Whether it is in the window, possibly behind a tab, or floats."""
        return not self.isHidden()

    def _on_visibility(self, shown: bool) -> None:
        self.on_screen = shown

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the title bar's menu; reached only if the widget under the pointer has no menu."""
        self.title.open_menu_at(event.globalPos())
        event.accept()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is a change of the layout."""
        super().closeEvent(event)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Remember the width by that of the window, which restores it when it becomes wider."""
        super().resizeEvent(event)
        if not self.isFloating():
            self.widths[self.window().width()] = self.width()
