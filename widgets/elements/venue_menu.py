"""A button with a menu of venues, several of which are ticked in one go."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES, profile_of
from widgets.elements.staying_menu import StayingMenu


class VenueMenu(QToolButton):
    """`changed` after the user chose; `chosen` is None for all venues. None at all is never meant: it is all again."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.chosen: frozenset[Venue] | None = None
        self.actions_of: dict[Venue, QAction] = {}
        menu = StayingMenu(self)
        for venue in VENUES:
            action = self.actions_of[venue] = menu.addAction(profile_of(venue).label)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self._choose)
        menu.addSeparator()
        menu.addAction("All venues", lambda: self.choose(None))
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip("Venues that are shown")
        self._name()

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """Offer these venues only."""
        known = set(venues)
        for venue, action in self.actions_of.items():
            action.setVisible(venue in known or (self.chosen is not None and venue in self.chosen))

    def choose(self, chosen: frozenset[Venue] | None) -> None:
        """Take a choice; `changed` if it differs."""
        before, self.chosen = self.chosen, chosen if chosen and len(chosen) < len(self.actions_of) else None
        for venue, action in self.actions_of.items():
            action.blockSignals(True)
            action.setChecked(self.chosen is None or venue in self.chosen)
            action.blockSignals(False)
        self._name()
        if self.chosen != before:
            self.changed.emit()

    def _choose(self) -> None:
        self.choose(frozenset(venue for venue, action in self.actions_of.items() if action.isChecked()))

    def _name(self) -> None:
        names = [self.actions_of[venue].text() for venue in sorted(self.chosen or ())]
        self.setText("all venues" if not names else names[0] if len(names) == 1 else f"{len(names)} venues")
