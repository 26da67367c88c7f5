"""The window's menus and keys. What a key does is said once, here, and read by the cheat sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QDockWidget, QMenu, QMenuBar, QWidget


class Key(NamedTuple):
    """A key of the window: how it is written, the sequences that mean it on some keyboard, and its effect."""

    name: str
    sequences: tuple[str, ...]
    meaning: str
    effect: Callable[[], object]


def bind(window: QWidget, keys: Iterable[Key]) -> list[QShortcut]:
    """Make the keys work anywhere in the window; disabled ones reach the focused widget instead.

    On some keyboards one press means two sequences of one key; Qt calls that ambiguous and it is not.
    """
    shortcuts = []
    for key in keys:
        for sequence in key.sequences:
            shortcut = QShortcut(QKeySequence(sequence), window)
            shortcut.activated.connect(key.effect)
            shortcut.activatedAmbiguously.connect(key.effect)
            shortcuts.append(shortcut)
    return shortcuts


class MenuBar(QMenuBar):
    """File, View and Help."""

    def __init__(self) -> None:
        super().__init__()
        self.file, self.view, self.help = self.addMenu("File"), self.addMenu("View"), self.addMenu("Help")
        self._docks_end = self.view.addSeparator()
        self.more = self.view.addMenu("Open pane")

    def add(self, menu: QMenu, text: str, key: str, effect: Callable[[], object]) -> QAction:
        """An entry that shows its key; the key itself is bound by `bind`, so that both never compete."""
        action = menu.addAction(f"{text}\t{key}" if key else text)
        action.triggered.connect(lambda _checked=False: effect())
        return action

    def list_docks(self, docks: Iterable[QDockWidget]) -> None:
        """One checkable entry a dock, at the top of the View menu; entries of earlier calls stay where they are."""
        known = self.view.actions()
        for dock in docks:
            if dock.toggleViewAction() not in known:
                self.view.insertAction(self._docks_end, dock.toggleViewAction())

    def list_kinds(self, titles: Mapping[str, str], open_pane: Callable[[str], object]) -> None:
        """What can be opened besides."""
        for name, title in titles.items():
            self.add(self.more, title, "", partial(open_pane, name))
