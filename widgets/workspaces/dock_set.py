"""The panes of a window, each in its dock: created on demand, duplicated, maximised."""

from collections.abc import Iterator, Mapping

from PySide6.QtCore import QByteArray, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow

from widgets.pane import Pane
from widgets.workspaces.catalogue import PANES
from widgets.workspaces.docks import PaneDock
from widgets.workspaces.layout_spec import restore_state
from widgets.workspaces.links import Links
from workstation.readmodels.session.status import StatusView


class DockSet(QObject):
    """Owns panes and docks by name: `cvd` is the first of its kind, `cvd:2` the second. `changed` follows a new one.

    `command` carries a `Command` of any pane.
    """

    changed = Signal()
    command = Signal(object)
    moved = Signal()
    help_asked = Signal(object)

    def __init__(self, window: QMainWindow, panes: Mapping[str, Pane], kinds: Mapping[str, type[Pane]] = PANES) -> None:
        super().__init__(window)
        self.kinds = kinds
        self.links = Links()
        self.links.setParent(self)
        self.panes: dict[str, Pane] = {}
        self.docks: dict[str, PaneDock] = {}
        self._window = window
        self._bases: list[str] = []
        self._before_maximised: QByteArray | None = None
        for name, pane in panes.items():
            self.add(name, pane)

    def on_screen(self) -> Iterator[Pane]:
        return (self.panes[name] for name, dock in self.docks.items() if dock.on_screen)

    def add(self, name: str, pane: Pane) -> PaneDock:
        """Put a pane into a new dock, which is not in the window yet."""
        dock = PaneDock(name, pane)
        self.panes[name], self.docks[name] = pane, dock
        self.links.add(pane)
        if self._bases:
            pane.set_bases(self._bases)
        pane.command.connect(self.command)
        dock.moved.connect(self.moved)
        dock.title.group_chosen.connect(lambda group: self.set_group(name, group))
        dock.title.maximise_asked.connect(lambda: self.toggle_maximised(name))
        dock.title.duplicate_asked.connect(lambda: self._duplicate(name))
        dock.title.help_asked.connect(lambda: self.help_asked.emit(pane))
        self.changed.emit()
        return dock

    def open(self, kind: str) -> PaneDock:
        """Open another pane of a kind at the right of the window, or show a hidden one of that kind."""
        name = kind
        count = 1
        while name in self.docks and self.docks[name].isVisible():
            count += 1
            name = f"{kind}:{count}"
        dock = self.docks.get(name) or self.make(name)
        if self._window.dockWidgetArea(dock) is Qt.DockWidgetArea.NoDockWidgetArea:
            self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        dock.show()
        dock.raise_()
        return dock

    def make(self, name: str) -> PaneDock:
        """Create the pane of this name, `cvd` or `cvd:2`. Raises KeyError for an unknown kind."""
        return self.add(name, self.kinds[name.partition(":")[0]]())

    def set_bases(self, bases: list[str]) -> None:
        self._bases = bases
        for pane in self.panes.values():
            pane.set_bases(bases)

    def show_status(self, status: StatusView) -> None:
        """Send the state of the session to the visible panes."""
        for pane in self.on_screen():
            pane.show_status(status)

    def recentre(self) -> None:
        """Centre every ladder."""
        for pane in self.panes.values():
            pane.recentre()

    def cancel(self) -> None:
        """Resume what is paused, drop what is being drawn."""
        for pane in self.panes.values():
            pane.cancel()

    def ask_time(self) -> None:
        """Ask for a time and show it, in the focused pane if it has a time axis."""
        focused = self.focused
        any(self.panes[name].ask_time() for name in sorted(self.panes, key=lambda name: name != focused))

    @property
    def focused(self) -> str:
        """The name of the pane with the keyboard focus, or of the first visible one."""
        holder = QApplication.focusWidget()
        names = [name for name, dock in self.docks.items() if dock.on_screen]
        held = [name for name in names if holder is not None and self.docks[name].isAncestorOf(holder)]
        return next(iter((*held, *names)), "")

    def focus_next(self, step: int) -> None:
        """Focus the next visible pane, from left to right and top to bottom."""
        seen = [name for name, dock in self.docks.items() if dock.on_screen]
        places = {name: self.docks[name].mapTo(self._window, QPoint(0, 0)) for name in seen}
        seen.sort(key=lambda name: (places[name].x(), places[name].y()))
        if seen:
            at = seen.index(self.focused) if self.focused in seen else -step
            self.panes[seen[(at + step) % len(seen)]].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_focused_group(self, group: int) -> None:
        """Move the focused pane to another link group."""
        if self.focused:
            self.set_group(self.focused, group)

    def maximise_focused(self) -> None:
        if self.focused:
            self.toggle_maximised(self.focused)

    def open_focused_menu(self) -> None:
        """Open the title bar's menu of the focused pane."""
        if self.focused:
            self.docks[self.focused].title.open_menu()

    def ask_context_menu(self) -> None:
        """Open the right-click menu of the focused widget."""
        if self.focused:
            pane, holder = self.panes[self.focused], QApplication.focusWidget()
            asked = holder if holder is not None and pane.isAncestorOf(holder) else pane.focusProxy() or pane
            middle = asked.rect().center()
            key = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, middle, asked.mapToGlobal(middle))
            QApplication.sendEvent(asked, key)

    def copy_focused(self) -> None:
        if self.focused:
            self.docks[self.focused].title.copy_data()

    def help_focused(self) -> None:
        if self.focused:
            self.help_asked.emit(self.panes[self.focused])

    def set_group(self, name: str, group: int) -> None:
        """Move a pane to another link group, or to none (0)."""
        self.links.set_group(self.panes[name], group)
        self.docks[name].title.show_group(group)

    def show_ages(self, now_ns: int) -> None:
        """Show the age of the data in every visible title."""
        for dock in self.docks.values():
            if dock.on_screen:
                dock.title.show_age(now_ns)

    def bring_back_lost(self) -> None:
        """Move floating docks from a screen that is gone to the window."""
        areas = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        for dock in self.docks.values():
            if dock.isFloating() and not any(area.intersects(dock.frameGeometry()) for area in areas):
                dock.move(self._window.pos())

    @property
    def maximised(self) -> bool:
        """Whether one pane fills the window."""
        return self._before_maximised is not None

    def toggle_maximised(self, name: str) -> None:
        """Maximise a pane, or restore the layout."""
        if self._before_maximised is not None:
            state, self._before_maximised = self._before_maximised, None
            restore_state(self._window, self.docks.values(), state)
            return
        self._before_maximised = self._window.saveState()
        self._window.setUpdatesEnabled(False)
        for other, dock in self.docks.items():
            if other != name and not dock.isFloating():
                dock.hide()
        self._window.setUpdatesEnabled(True)

    def _duplicate(self, name: str) -> None:
        kind = name.partition(":")[0]
        if kind in self.kinds:
            original = self.panes[name]
            copy = self.open(kind)
            self.set_group(copy.objectName(), original.link_group)
            self.panes[copy.objectName()].restore(original.state())
            self.links.catch_up(self.panes[copy.objectName()])
