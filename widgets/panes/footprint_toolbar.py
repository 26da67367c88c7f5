"""What a footprint is asked for, as one row of controls: base, bar length, row size, perp or spot, venues."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QMenu, QToolButton, QWidget

from feeds.instrument import Venue
from widgets import format as text_of
from widgets.theme import CELL, theme
from workstation.readmodels import FootprintRequest, FootprintRules, MarketFilter

_SECOND = 1_000_000_000
BAR_LENGTHS = tuple(seconds * _SECOND for seconds in (1, 5, 15, 30, 60, 300, 900, 3600))
MULTIPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_FIELDS = ("base", "markets", "bar_ns", "row_size", "rules", "rule", "vwap_anchor_ns")
_KINDS = {"perp": True, "spot": False}


class FootprintToolbar(QWidget):
    """`changed` after the user chose anything; `request` is what is chosen."""

    changed = Signal()

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = FootprintRequest(base)
        self._tick: float | None = None
        self.base, self.bar, self.row = QComboBox(), QComboBox(), QComboBox()
        self.venues, self.settings = QToolButton(), QToolButton()
        self.kind: dict[str, QToolButton] = {}
        self._venue_actions: dict[Venue, QAction] = {}
        self._fill()
        self._lay_out()
        self._connect()

    def request(self) -> FootprintRequest | None:
        """What is asked for; None without a base."""
        return self._asked if self._asked.base else None

    def set_bases(self, bases: Iterable[str]) -> None:
        """The bases to choose from; the first one if the present one is not among them."""
        names = list(bases)
        self.base.blockSignals(True)
        self.base.clear()
        self.base.addItems(names)
        self.base.setCurrentIndex(max(0, self.base.findText(self._asked.base)))
        self.base.blockSignals(False)
        self._ask(base=self.base.currentText())

    def set_base(self, base: str) -> None:
        """Ask for this base."""
        if self.base.findText(base) < 0:
            self.base.addItem(base)
        self.base.setCurrentText(base)

    def set_tick(self, tick: float | None) -> None:
        """Offer rows of multiples of this tick (the coarsest of the summed markets)."""
        if tick is None or tick == self._tick:
            return
        self._tick = tick
        self.row.blockSignals(True)
        while self.row.count() > 1:
            self.row.removeItem(1)
        for multiple in MULTIPLES:
            self._add_row(round(multiple * tick, 12))
        if self._asked.row_size is not None and self.row.findData(self._asked.row_size) < 0:
            self._add_row(self._asked.row_size)
        self.row.setCurrentIndex(max(0, self.row.findData(self._asked.row_size)))
        self.row.blockSignals(False)

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """Offer these venues only."""
        known = set(venues)
        for venue, action in self._venue_actions.items():
            action.setVisible(venue in known or (action.isChecked() and self._asked.markets.venues is not None))

    @property
    def rules(self) -> FootprintRules:
        """How cells are judged."""
        return self._asked.rules

    def set_rules(self, rules: FootprintRules) -> None:
        """Ask for cells judged by other rules."""
        self._ask(rules=rules)

    def set_bar_length(self, bar_ns: int) -> None:
        """Ask for bars of a length that is offered."""
        self.bar.setCurrentIndex(max(0, self.bar.findData(bar_ns)))

    def step_bar(self, step: int) -> None:
        """The next longer or shorter bars."""
        self.bar.setCurrentIndex(min(max(self.bar.currentIndex() + step, 0), self.bar.count() - 1))

    def _add_row(self, size: float) -> None:
        self.row.addItem(f"row {text_of.price(size, size)}", size)

    def _fill(self) -> None:
        if self._asked.base:
            self.base.addItem(self._asked.base)
        for bar_ns in BAR_LENGTHS:
            self.bar.addItem(text_of.bar_length(bar_ns), bar_ns)
        self.bar.setCurrentIndex(BAR_LENGTHS.index(self._asked.bar_ns))
        self.row.addItem("row auto", None)
        for name, perp in _KINDS.items():
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(perp is self._asked.markets.perp)
            button.setStyleSheet(f"QToolButton:!checked {{ color: {theme().color('faint').name()}; }}")
            self.kind[name] = button
        menu = QMenu(self.venues)
        self._venue_actions = {venue: self._venue_action(menu, venue) for venue in Venue}
        self.venues.setMenu(menu)
        self.venues.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._name_venues()

    def _venue_action(self, menu: QMenu, venue: Venue) -> QAction:
        action = menu.addAction(venue.value.capitalize() if venue is not Venue.OKX else "OKX")
        action.setCheckable(True)
        action.setChecked(True)
        action.toggled.connect(self._choose_venues)
        return action

    def _lay_out(self) -> None:
        tips = {
            self.base: "Base coin",
            self.bar: "Bar length",
            self.row: "Row size in price",
            self.venues: "Venues that are summed",
        }
        line = QHBoxLayout(self)
        line.setContentsMargins(CELL, CELL, CELL, 0)
        line.setSpacing(CELL)
        self._group = QButtonGroup(self)
        for widget in (self.base, self.bar, self.row, *self.kind.values(), self.venues):
            widget.setToolTip(tips.get(widget, "Perpetuals or spot markets"))
            line.addWidget(widget)
        for button in self.kind.values():
            self._group.addButton(button)
        for combo, least in ((self.base, 60), (self.bar, 48), (self.row, 84)):
            combo.setMinimumWidth(least)
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        line.addStretch(1)
        self.right = QHBoxLayout()
        self.right.setSpacing(CELL)
        line.addLayout(self.right)
        self.settings.setText("settings")
        self.settings.setToolTip("Cells, shading, imbalances, value area, marks")
        self.right.addWidget(self.settings)

    def _connect(self) -> None:
        self.base.currentTextChanged.connect(lambda text: self._ask(base=text))
        self.bar.currentIndexChanged.connect(lambda _: self._ask(bar_ns=self.bar.currentData()))
        self.row.currentIndexChanged.connect(lambda _: self._ask(row_size=self.row.currentData()))
        for name, button in self.kind.items():
            button.clicked.connect(lambda _=False, perp=_KINDS[name]: self._ask_markets(perp=perp))

    def _choose_venues(self) -> None:
        chosen = frozenset(venue for venue, action in self._venue_actions.items() if action.isChecked())
        if not chosen:  # a sum over nothing is never meant: back to all
            for action in self._venue_actions.values():
                action.blockSignals(True)
                action.setChecked(True)
                action.blockSignals(False)
        self._ask_markets(venues=chosen if 0 < len(chosen) < len(Venue) else None)
        self._name_venues()

    def _name_venues(self) -> None:
        chosen = [action.text() for action in self._venue_actions.values() if action.isChecked()]
        every = len(chosen) == len(self._venue_actions)
        self.venues.setText("all venues" if every else chosen[0] if len(chosen) == 1 else f"{len(chosen)} venues")

    def _ask_markets(self, **changes: object) -> None:
        before = self._asked.markets
        fields = {"perp": before.perp, "venues": before.venues, "kinds": before.kinds} | changes
        self._ask(markets=MarketFilter(**fields))  # type: ignore[arg-type]

    def _ask(self, **changes: object) -> None:
        before = self._asked
        fields = {name: getattr(before, name) for name in _FIELDS} | changes
        if fields["base"] != before.base:
            fields["row_size"] = None  # a row size of one coin means nothing for another
            self._forget_rows()
        self._asked = FootprintRequest(**fields)
        if self._asked != before:
            self.changed.emit()

    def _forget_rows(self) -> None:
        self._tick = None
        self.row.blockSignals(True)
        self.row.setCurrentIndex(0)
        while self.row.count() > 1:
            self.row.removeItem(1)
        self.row.blockSignals(False)
