"""The levels and zones that a trader drew, by base, with every change undone by the list of what was before."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal

from workstation.readmodels.flow.drawings import Level

_STEPS = 100  # that can be undone


class DrawnLevels(QObject):
    """`changed` after any change that lasts; `moved` also while one is dragged."""

    changed = Signal()
    moved = Signal()

    def __init__(self, remember: Callable[[Callable[[], None]], None]) -> None:
        super().__init__()
        self._remember = remember
        self._levels: tuple[Level, ...] = ()
        self._held: tuple[Level, ...] | None = None  # what was before the drag that goes on
        self.base = ""

    @property
    def all(self) -> tuple[Level, ...]:
        """Those of every base."""
        return self._levels

    @property
    def own(self) -> tuple[Level, ...]:
        """Those of the base that is shown, in the order they were drawn."""
        return tuple(level for level in self._levels if level.base == self.base)

    def take(self, levels: Iterable[Level]) -> None:
        self._levels = tuple(levels)
        self.moved.emit()

    def add(self, low: float, high: float, name: str = "") -> Level:
        level = Level(self.base, min(low, high), max(low, high), name)
        self._put((*self._levels, level))
        return level

    def remove(self, level: Level) -> None:
        at = self._levels.index(level)
        self._put((*self._levels[:at], *self._levels[at + 1 :]))

    def clear(self) -> None:
        """Delete those of the base that is shown."""
        self._put(tuple(level for level in self._levels if level.base != self.base))

    def rename(self, level: Level, name: str) -> None:
        self._put(self._with(level, Level(level.base, level.low, level.high, name)))

    def drag(self, level: Level, low: float, high: float) -> Level:
        """Move one while the button is down; returns what it is now."""
        if self._held is None:
            self._held = self._levels
        moved = Level(level.base, min(low, high), max(low, high), level.name)
        self._levels = self._with(level, moved)
        self.moved.emit()
        return moved

    def drop(self) -> None:
        """The button was released: one step to be undone."""
        before, self._held = self._held, None
        if before is not None and before != self._levels:
            self._remember(lambda: self._back_to(before))
            self.changed.emit()

    def _with(self, level: Level, other: Level) -> tuple[Level, ...]:
        at = self._levels.index(level)
        return (*self._levels[:at], other, *self._levels[at + 1 :])

    def _put(self, levels: tuple[Level, ...]) -> None:
        before, self._levels = self._levels, levels
        if before != levels:
            self._remember(lambda: self._back_to(before))
            self.moved.emit()
            self.changed.emit()

    def _back_to(self, levels: tuple[Level, ...]) -> None:
        self._levels = levels
        self.moved.emit()
        self.changed.emit()


class UndoList:
    """The last changes, newest first to be taken back."""

    def __init__(self) -> None:
        self._done: list[Callable[[], None]] = []

    def remember(self, undo: Callable[[], None]) -> None:
        """Keep how to take a change back."""
        self._done.append(undo)
        del self._done[:-_STEPS]

    def undo(self) -> None:
        """Take the newest change back."""
        if self._done:
            self._done.pop()()
