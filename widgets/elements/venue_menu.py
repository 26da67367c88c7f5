"""A menu of venues, several of which are ticked in one go, and a button that opens it and names the choice."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton, QWidget

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES, profile_of
from widgets.elements.staying_menu import StayingMenu


class VenueMenu(StayingMenu):
    """`changed` follows a change of `chosen`, which is None for all venues. Clearing the last tick chooses all."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle("Venues")
        self.chosen: frozenset[Venue] | None = None
        self.actions_of: dict[Venue, QAction] = {}
        for venue in VENUES:
            action = self.actions_of[venue] = self.addAction(profile_of(venue).label)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self._choose_ticked)
        self.addSeparator()
        self.addAction("All venues", lambda: self.choose(None))

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """Offer these venues and those that are chosen."""
        offered = {*venues, *(self.chosen or ())}
        for venue, action in self.actions_of.items():
            action.setVisible(venue in offered)

    def show_chosen(self, chosen: frozenset[Venue] | None) -> None:
        """Tick these without `changed`."""
        self.chosen = chosen if chosen and len(chosen) < len(self.actions_of) else None
        for venue, action in self.actions_of.items():
            action.blockSignals(True)
            action.setChecked(self.chosen is None or venue in self.chosen)
            action.blockSignals(False)

    def choose(self, chosen: frozenset[Venue] | None) -> None:
        """Choose these; `changed` if they differ."""
        before = self.chosen
        self.show_chosen(chosen)
        if self.chosen != before:
            self.changed.emit()

    @property
    def choice_text(self) -> str:
        """The choice in short: one venue by its name, several by their number."""
        names = [self.actions_of[venue].text() for venue in self.chosen or ()]
        return "all venues" if not names else names[0] if len(names) == 1 else f"{len(names)} venues"

    def _choose_ticked(self) -> None:
        ticked = frozenset(venue for venue, action in self.actions_of.items() if action.isChecked())
        self.choose(ticked if any(self.actions_of[venue].isVisible() for venue in ticked) else None)


class VenueButton(QToolButton):
    """Opens its `ticks` and shows what is chosen there; other entries may follow below."""

    def __init__(self, tip: str = "Venues that are shown") -> None:
        super().__init__()
        self.ticks = VenueMenu(self)
        self.ticks.changed.connect(self.name_choice)
        self.setMenu(self.ticks)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(tip)
        self.name_choice()

    def name_choice(self) -> None:
        self.setText(self.ticks.choice_text)
