"""Whose trades a footprint sums: perpetuals or spot, of all venues or some of them, or one single market."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QToolButton, QWidget

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES, profile_of
from widgets.elements.staying_menu import StayingMenu
from widgets.theme.markets import market_mark, market_name
from widgets.theme.theme import CELL, theme
from workstation.readmodels.markets import MarketFilter, MarketState

_KINDS = {"perp": True, "spot": False}


class MarketControls(QWidget):
    """`changed` after the user chose; `chosen` is the filter. The menu stays open while venues are ticked."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind: dict[str, QToolButton] = {}
        self.venues = QToolButton()
        self.menu = StayingMenu(self.venues)
        self.single = QMenu("One market", self.menu)
        self.actions_of: dict[Venue, QAction] = {}
        self.chosen = MarketFilter()
        self._known: tuple[MarketState, ...] = ()
        self._group, self._singles = QButtonGroup(self), QActionGroup(self)
        self._lay_out()
        self._name()

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """Offer these venues only."""
        known = set(venues)
        for venue, action in self.actions_of.items():
            action.setVisible(venue in known or (action.isChecked() and self.chosen.venues is not None))

    def set_markets(self, markets: Iterable[MarketState]) -> None:
        """The markets there are, one of which may be looked at alone."""
        known = tuple(markets)
        if [state.id for state in known] == [state.id for state in self._known]:
            return
        self._known = known
        self.set_venues({state.venue for state in known})
        self.single.clear()
        for state in known:
            action = self.single.addAction(market_name(state))
            action.setCheckable(True)
            action.setChecked(self.chosen == _only(state))
            self._singles.addAction(action)
            action.triggered.connect(lambda _=False, state=state: self.choose(_only(state)))
        self.single.setEnabled(bool(known))

    def choose(self, chosen: MarketFilter) -> None:
        """Take a filter; `changed` if it differs."""
        before, self.chosen = self.chosen, chosen
        for venue, action in self.actions_of.items():
            action.blockSignals(True)
            action.setChecked(chosen.venues is None or venue in chosen.venues)
            action.blockSignals(False)
        for name, button in self.kind.items():
            button.setChecked(_KINDS[name] is chosen.perp)
        if chosen.kinds is None and self._singles.checkedAction() is not None:
            self._singles.checkedAction().setChecked(False)
        self._name()
        if chosen != before:
            self.changed.emit()

    def _lay_out(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(CELL)
        for name, perp in _KINDS.items():
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(perp is self.chosen.perp)
            button.setToolTip("Perpetuals or spot markets")
            button.setStyleSheet(f"QToolButton:!checked {{ color: {theme().color('faint').name()}; }}")
            button.clicked.connect(lambda _=False, perp=perp: self.choose(MarketFilter(perp, self._venues())))
            self.kind[name] = button
            self._group.addButton(button)
            line.addWidget(button)
        for venue in VENUES:
            action = self.menu.addAction(profile_of(venue).label)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(lambda _: self._choose_venues())
            self.actions_of[venue] = action
        self.menu.addSeparator()
        self.menu.addAction("All venues", lambda: self.choose(MarketFilter(self.chosen.perp)))
        self.menu.addMenu(self.single)
        self._singles.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        self.single.setEnabled(False)
        self.venues.setMenu(self.menu)
        self.venues.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.venues.setToolTip("Venues that are summed")
        line.addWidget(self.venues)

    def _venues(self) -> frozenset[Venue] | None:
        return None if self.chosen.kinds is not None else self.chosen.venues

    def _choose_venues(self) -> None:
        """A sum over nothing is never meant: then it is all venues again."""
        chosen = frozenset(venue for venue, action in self.actions_of.items() if action.isChecked())
        self.choose(MarketFilter(self.chosen.perp, chosen if 0 < len(chosen) < len(self.actions_of) else None))

    def _name(self) -> None:
        chosen = self.chosen
        if chosen.kinds is not None:
            only = [market_mark(state) for state in self._known if chosen == _only(state)]
            self.venues.setText(only[0] if only else "one market")
            return
        names = [action.text() for action in self.actions_of.values() if action.isChecked()]
        every = chosen.venues is None
        self.venues.setText("all venues" if every else names[0] if len(names) == 1 else f"{len(names)} venues")


def _only(state: MarketState) -> MarketFilter:
    """The filter that accepts this market alone."""
    return MarketFilter(state.kind.is_perp, frozenset({state.venue}), frozenset({state.kind}))
