"""How panes follow each other: one base for all, one crosshair, one visible time range, one bar length."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from typing import Protocol, runtime_checkable

from widgets.pane import Pane

# what one pane emits, and what another does with it
_LINKS = (
    ("crosshair_moved", "show_crosshair"),
    ("visible_range_changed", "set_visible_range"),
    ("bar_changed", "set_bar_length"),
)


@runtime_checkable
class HasBase(Protocol):
    """A pane that can show another base."""

    def set_base(self, base: str) -> None:
        """Show this base."""


@runtime_checkable
class HasBases(Protocol):
    """A pane with a list of bases of its own."""

    def set_bases(self, bases: list[str]) -> None:
        """List these bases."""


@runtime_checkable
class GoesToTime(Protocol):
    """A pane that can be sent to a moment."""

    def ask_time(self) -> None:
        """Ask for the moment."""


@runtime_checkable
class Cancels(Protocol):
    """A pane with something that Esc takes away."""

    def cancel(self) -> None:
        """Take it away."""


def link(panes: Iterable[Pane]) -> None:
    """Connect every signal of a pane to the slot of every other pane that has it. Slots must not emit in turn."""
    for one, other in permutations(panes, 2):
        for signal, slot in _LINKS:
            emitted, received = getattr(one, signal, None), getattr(other, slot, None)
            if emitted is not None and received is not None:
                emitted.connect(received)
