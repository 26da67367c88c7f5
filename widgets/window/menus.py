"""The window's menus. Their entries are actions, with the keys that the actions have now."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMenu, QMenuBar

from widgets.window.actions import Action


class MenuBar(QMenuBar):
    """File, Workspace, View and Help."""

    def __init__(self) -> None:
        super().__init__()
        self.file, self.workspace = self.addMenu("File"), self.addMenu("Workspace")
        self.view, self.help = self.addMenu("View"), self.addMenu("Help")
        self._docks_end = self.view.addSeparator()
        self.more = self.view.addMenu("Open pane")

    def add(self, menu: QMenu, action: Action) -> QAction:
        """An entry that shows its key as text: the action binds the key, and two shortcuts would be ambiguous."""
        return self.entry(menu, action.text, action.effect, action.keys[0] if action.keys else "")

    def entry(self, menu: QMenu, text: str, effect: Callable[[], object], key: str = "") -> QAction:
        """An entry that is not in the list of actions."""
        action = menu.addAction(f"{text}\t{key}" if key else text)
        action.triggered.connect(lambda _checked=False: effect())
        return action

    def list_docks(self, docks: Iterable[QDockWidget]) -> None:
        """Add a checkable entry per dock at the top of the View menu; docks that have one are skipped."""
        known = self.view.actions()
        for dock in docks:
            if dock.toggleViewAction() not in known:
                self.view.insertAction(self._docks_end, dock.toggleViewAction())

    def list_kinds(self, titles: Mapping[str, str], open_pane: Callable[[str], object]) -> None:
        """Fill the submenu that opens another pane of each kind."""
        for name, title in titles.items():
            self.entry(self.more, title, partial(open_pane, name))

    def list_workspaces(
        self, names: list[str], current: str, open_one: Callable[[str], object], actions: Iterable[Action]
    ) -> None:
        self.workspace.clear()
        for number, name in enumerate(names, 1):
            entry = self.entry(self.workspace, name, partial(open_one, name), f"Ctrl+{number}" if number < 10 else "")
            entry.setCheckable(True)
            entry.setChecked(name == current)
        self.workspace.addSeparator()
        for action in actions:
            self.add(self.workspace, action)
