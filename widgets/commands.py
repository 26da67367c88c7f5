"""What can be done from the keyboard, said once: keys, menus, the cheat sheet and the palette read it here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


class Command(NamedTuple):
    """`name` is what a key map knows it by, `text` what a person reads.

    `keys` are the sequences that mean it, the first one is shown; on some keyboards one press means two of them.
    """

    name: str
    group: str
    text: str
    effect: Callable[[], object]
    keys: tuple[str, ...] = ()


class Commands:
    """The commands of a window and their shortcuts. Keys of a disabled group reach the focused widget instead."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._commands: dict[str, Command] = {}
        self._chosen: dict[str, str] = {}
        self._shortcuts: dict[str, list[QShortcut]] = {}
        self._disabled: set[str] = set()

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, name: str) -> Command:
        return self._commands[name]

    def add(self, commands: Iterable[Command]) -> None:
        """Know more commands; keys that were chosen for them replace their own."""
        for command in commands:
            self._commands[command.name] = self._with_chosen(command)
            self._bind(self._commands[command.name])

    def choose_keys(self, chosen: Mapping[str, str]) -> None:
        """Use these keys, by name of the command, instead of the shipped ones; an empty text takes a key away."""
        self._chosen = dict(chosen)
        self.add(list(self._commands.values()))

    def enable_group(self, group: str, enabled: bool) -> None:
        """Let the keys of a group work, or leave them to the focused widget."""
        (self._disabled.discard if enabled else self._disabled.add)(group)
        for name, shortcuts in self._shortcuts.items():
            if self._commands[name].group == group:
                for shortcut in shortcuts:
                    shortcut.setEnabled(enabled)

    def groups(self) -> dict[str, list[Command]]:
        """The commands by group, in order of arrival."""
        found: dict[str, list[Command]] = {}
        for command in self:
            found.setdefault(command.group, []).append(command)
        return found

    def _with_chosen(self, command: Command) -> Command:
        if command.name not in self._chosen:
            return command
        keys = self._chosen[command.name]
        return command._replace(keys=(keys,) if keys else ())

    def _bind(self, command: Command) -> None:
        for old in self._shortcuts.pop(command.name, []):
            old.setEnabled(False)
            old.deleteLater()
        made = self._shortcuts[command.name] = []
        for sequence in command.keys:
            shortcut = QShortcut(QKeySequence(sequence), self._window)
            shortcut.activated.connect(command.effect)
            shortcut.activatedAmbiguously.connect(command.effect)
            shortcut.setEnabled(command.group not in self._disabled)
            made.append(shortcut)
