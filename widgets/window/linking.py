"""How panes of one link group follow each other: one base, one crosshair, one visible time range, one bar length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject, Signal

from widgets.pane import Pane

GROUPS = 9
_RANGE_SLOT = "set_visible_range"
# what one pane emits, and what the others of its group do with it
_LINKS = (
    ("crosshair_moved", "show_crosshair"),
    ("visible_range_changed", _RANGE_SLOT),
    ("bar_changed", "set_bar_length"),
    ("anchor_chosen", "set_anchor"),
    ("grid_changed", "follow_grid"),
    ("levels_changed", "set_levels"),
    ("setup_rules_changed", "set_setup_rules"),
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


class Links(QObject):
    """Passes on what the panes of a group tell each other. Slots must not emit in turn.

    A pane tells another base by `base_chosen`, or by a request with that base. Group 0 is no group. `base_changed`
    carries the group, or 0, and the base shown there.
    """

    base_changed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.bases: dict[int, str] = {}
        self._panes: list[Pane] = []
        self._spreading = False

    def add(self, pane: Pane) -> None:
        """Link a pane from now on."""
        self._panes.append(pane)
        for signal, slot in _LINKS:
            if (emitted := getattr(pane, signal, None)) is not None:
                emitted.connect(partial(self._pass_on, pane, slot))
        if (chosen := getattr(pane, "base_chosen", None)) is not None:
            chosen.connect(lambda base: self.set_base(pane.link_group, base, source=pane))
        pane.request_changed.connect(lambda: self._follow_request(pane))
        self._take_up(pane)

    def remove(self, pane: Pane) -> None:
        """Forget a pane that goes away."""
        if pane in self._panes:
            self._panes.remove(pane)

    def set_group(self, pane: Pane, group: int) -> None:
        """Move a pane to another group; it takes up that group's base."""
        pane.link_group = group
        self._take_up(pane)

    def set_base(self, group: int, base: str, source: Pane | None = None) -> None:
        """Show a base in every pane of a group; in a pane of no group, there alone."""
        if self._spreading:
            return
        if group == 0:
            self._tell(source, base)
            self.base_changed.emit(0, base)
            return
        self.bases[group] = base
        self._spreading = True
        try:
            for pane in self._panes:
                if pane.link_group == group:
                    self._tell(pane, base)
        finally:
            self._spreading = False
        self.base_changed.emit(group, base)

    def share_ranges(self) -> None:
        """Other panes are seen now: in each group the chart of the highest rank leads from where it is."""
        seen = [pane for pane in self._panes if pane.isVisible() and pane.link_group]
        leaders = {pane.link_group: pane for pane in sorted(seen, key=lambda pane: pane.range_rank)}
        for pane in sorted(seen, key=lambda pane: pane is leaders[pane.link_group]):
            pane.share_range(lead=pane is leaders[pane.link_group])

    def _take_up(self, pane: Pane) -> None:
        base = self.bases.get(pane.link_group)
        if base:
            self._tell(pane, base)

    def _tell(self, pane: object, base: str) -> None:
        if isinstance(pane, HasBase):
            pane.set_base(base)

    def _follow_request(self, pane: Pane) -> None:
        """A base chosen inside a pane becomes the base of its group."""
        base = getattr(pane.request(), "base", "")
        group = pane.link_group
        if base and group and base != self.bases.get(group, base):
            self.set_base(group, base, source=pane)
        elif base and not group:
            self.base_changed.emit(0, base)

    def _pass_on(self, source: Pane, slot: str, *told: object) -> None:
        for receive in self._receivers(source, slot):
            receive(*told)

    def _receivers(self, source: Pane, slot: str) -> Iterator[Callable[..., None]]:
        if source.link_group == 0:
            return
        for pane in self._panes:
            receive = getattr(pane, slot, None)
            if receive is None or pane is source or pane.link_group != source.link_group:
                continue
            if slot != _RANGE_SLOT or _takes_range(pane, source):
                yield receive


def _takes_range(pane: Pane, source: Pane) -> bool:
    """A hidden chart keeps its time, and one of a higher rank does not follow what moved by itself."""
    return pane.isVisible() and not (source.follows_latest and pane.range_rank > source.range_rank)
