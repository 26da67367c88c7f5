"""Link groups: panes of one group share base, crosshair, visible time range and bar length."""

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject, Signal

from widgets.link_events import BaseChosen, LastingEvent, LinkEvent, VisibleRange
from widgets.pane import Pane

GROUPS = 9


class Links(QObject):
    """Delivers the link events of a pane to the other panes of its group. Group 0 is no group.

    A base is delivered to its sender too; `base_changed` carries the group, or 0, and the base shown there.
    """

    base_changed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.bases: dict[int, str] = {}
        self._latest: dict[int, dict[type[LinkEvent], LinkEvent]] = {}
        self._panes: list[Pane] = []
        self._spreading = False

    def add(self, pane: Pane) -> None:
        self._panes.append(pane)
        pane.link_event.connect(partial(self._deliver, pane))
        self.catch_up(pane)

    def set_group(self, pane: Pane, group: int) -> None:
        """Move a pane to another group, whose base and newest lasting events it receives."""
        pane.link_group = group
        self.catch_up(pane)

    def catch_up(self, pane: Pane) -> None:
        """Give a pane the base and the newest lasting events of its group."""
        if base := self.bases.get(pane.link_group):
            pane.receive(BaseChosen(base))
        for event in tuple(self._latest.get(pane.link_group, {}).values()):
            pane.receive(event)

    def set_base(self, group: int, base: str, source: Pane | None = None) -> None:
        """Show a base in every pane of a group; with group 0 in `source` alone."""
        if self._spreading:
            return
        if group:
            self.bases[group] = base
        self._spreading = True
        try:
            for pane in self._panes:
                if pane.link_group == group if group else pane is source:
                    pane.receive(BaseChosen(base))
        finally:
            self._spreading = False
        self.base_changed.emit(group, base)

    def share_ranges(self) -> None:
        """Send the visible range of the highest-ranked visible chart to the others of its group."""
        seen = [pane for pane in self._panes if pane.isVisible() and pane.link_group]
        leaders = {pane.link_group: pane for pane in sorted(seen, key=lambda pane: pane.range_rank)}
        for pane in sorted(seen, key=lambda pane: pane is leaders[pane.link_group]):
            pane.share_range(lead=pane is leaders[pane.link_group])

    def _deliver(self, source: Pane, event: LinkEvent) -> None:
        if isinstance(event, BaseChosen):
            self.set_base(source.link_group, event.base, source)
            return
        if isinstance(event, LastingEvent) and source.link_group:
            self._latest.setdefault(source.link_group, {})[type(event)] = event
        for pane in self._others(source):
            if not isinstance(event, VisibleRange) or _takes_range(pane, source):
                pane.receive(event)

    def _others(self, source: Pane) -> Iterator[Pane]:
        group = source.link_group
        return (pane for pane in self._panes if group and pane.link_group == group and pane is not source)


def _takes_range(pane: Pane, source: Pane) -> bool:
    """False for a hidden chart, and for a higher-ranked one while `source` moves by itself with the newest bar."""
    return pane.isVisible() and not (source.follows_latest and pane.range_rank > source.range_rank)
