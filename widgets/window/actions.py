"""The actions of a window: keys, menus, the cheat sheet and the palette are built from this one list."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


class Action(NamedTuple):
    """`name` identifies it in the settings' key map, `text` is shown.

    `keys` are its shortcuts, of which the first is shown; the others are what other keyboards send for it.
    """

    name: str
    group: str
    text: str
    effect: Callable[[], object]
    keys: tuple[str, ...] = ()


class ActionList:
    """The actions of a window and their shortcuts. Keys of a disabled group reach the focused widget instead."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._actions: dict[str, Action] = {}
        self._chosen: dict[str, str] = {}
        self._shortcuts: dict[str, list[QShortcut]] = {}
        self._disabled: set[str] = set()

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def __getitem__(self, name: str) -> Action:
        return self._actions[name]

    def add(self, actions: Iterable[Action]) -> None:
        """Add actions; keys chosen in the settings replace their defaults."""
        for action in actions:
            self._actions[action.name] = self._with_chosen(action)
            self._bind(self._actions[action.name])

    def choose_keys(self, chosen: Mapping[str, str]) -> None:
        """Use these keys, by name of the action, instead of the defaults; an empty text removes a key."""
        self._chosen = dict(chosen)
        self.add(list(self._actions.values()))

    def enable_group(self, group: str, enabled: bool) -> None:
        """Enable the keys of a group, or leave them to the focused widget."""
        (self._disabled.discard if enabled else self._disabled.add)(group)
        for name, shortcuts in self._shortcuts.items():
            if self._actions[name].group == group:
                for shortcut in shortcuts:
                    shortcut.setEnabled(enabled)

    def groups(self) -> dict[str, list[Action]]:
        """The actions by group, in the order in which they were added."""
        found: dict[str, list[Action]] = {}
        for action in self:
            found.setdefault(action.group, []).append(action)
        return found

    def _with_chosen(self, action: Action) -> Action:
        if action.name not in self._chosen:
            return action
        keys = self._chosen[action.name]
        return action._replace(keys=(keys,) if keys else ())

    def _bind(self, action: Action) -> None:
        for old in self._shortcuts.pop(action.name, []):
            old.setEnabled(False)
            old.deleteLater()
        made = self._shortcuts[action.name] = []
        for sequence in action.keys:
            shortcut = QShortcut(QKeySequence(sequence), self._window)
            shortcut.activated.connect(action.effect)
            shortcut.activatedAmbiguously.connect(action.effect)
            shortcut.setEnabled(action.group not in self._disabled)
            made.append(shortcut)
