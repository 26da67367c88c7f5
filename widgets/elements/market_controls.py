"""Controls for the summed markets: perpetuals or spot, all venues or some of them, or one single market."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QButtonGroup, QMenu, QToolButton, QWidget

from feeds.model.instrument import Venue
from widgets.elements.layouts import line_of
from widgets.elements.venue_menu import VenueButton
from widgets.theme.markets import market_mark, market_name
from widgets.theme.theme import theme
from workstation.readmodels.markets import MarketFilter, MarketState

_KINDS = {"perp": True, "spot": False}


class MarketControls(QWidget):
    """`changed` after the user chose; `chosen` is the filter. The menu stays open while venues are ticked."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind: dict[str, QToolButton] = {}
        self.venues = VenueButton("Venues in the sum")
        self.single = QMenu("One market", self.venues)
        self.chosen = MarketFilter()
        self._known: tuple[MarketState, ...] = ()
        self._group, self._singles = QButtonGroup(self), QActionGroup(self)
        self._lay_out()
        self._name()

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """Offer these venues only."""
        self.venues.ticks.set_venues(venues)

    def set_markets(self, markets: Iterable[MarketState]) -> None:
        """List the known markets, one of which can be shown alone."""
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
        """Use a filter; emits `changed` if it differs."""
        before, self.chosen = self.chosen, chosen
        self.venues.ticks.show_chosen(chosen.venues)
        for name, button in self.kind.items():
            button.setChecked(_KINDS[name] is chosen.perp)
        if chosen.kinds is None and self._singles.checkedAction() is not None:
            self._singles.checkedAction().setChecked(False)
        self._name()
        if chosen != before:
            self.changed.emit()

    def _lay_out(self) -> None:
        line = line_of(within=self)
        for name, perp in _KINDS.items():
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(perp is self.chosen.perp)
            button.setToolTip("Sum perpetual or spot markets")
            button.setStyleSheet(f"QToolButton:!checked {{ color: {theme().color('faint').name()}; }}")
            button.clicked.connect(lambda _=False, perp=perp: self.choose(MarketFilter(perp, self._venues())))
            self.kind[name] = button
            self._group.addButton(button)
            line.addWidget(button)
        self.venues.ticks.addMenu(self.single)
        self.venues.ticks.changed.connect(self._choose_venues)
        self._singles.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        self.single.setEnabled(False)
        line.addWidget(self.venues)

    def _venues(self) -> frozenset[Venue] | None:
        return None if self.chosen.kinds is not None else self.chosen.venues

    def _choose_venues(self) -> None:
        self.choose(MarketFilter(self.chosen.perp, self.venues.ticks.chosen))

    def _name(self) -> None:
        if self.chosen.kinds is None:
            self.venues.name_choice()
            return
        only = [market_mark(state) for state in self._known if self.chosen == _only(state)]
        self.venues.setText(only[0] if only else "one market")


def _only(state: MarketState) -> MarketFilter:
    return MarketFilter(state.kind.is_perp, frozenset({state.venue}), frozenset({state.kind}))
