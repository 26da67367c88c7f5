"""What a footprint is asked for, as one row of controls: base, bars, row size, markets."""

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from feeds.model.instrument import Venue
from widgets.elements.layouts import line_of
from widgets.elements.market_controls import MarketControls
from widgets.panes.footprint.controls.bars import BarControls
from widgets.theme import format as text_of
from widgets.theme.theme import CELL
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintRules, FootprintView
from workstation.readmodels.markets import MarketFilter, MarketState

MULTIPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class FootprintToolbar(QWidget):
    """`changed` after the user chose anything; `request` is what is chosen."""

    changed = Signal()

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = FootprintRequest(base, in_steps=True)
        self._tick: float | None = None
        self.base, self.row = QComboBox(), QComboBox()
        self.bars, self.markets = BarControls(), MarketControls()
        self.bar = self.bars.bar
        self.settings = QToolButton()
        self.row.addItem("row auto", None)
        if base:
            self.base.addItem(base)
            self.bars.set_base(base)
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
        if self.base.findText(base) < 0:
            self.base.addItem(base)
        self.base.setCurrentText(base)

    def learn(self, view: FootprintView) -> None:
        """Offer rows of the coarsest tick of the summed markets, and automatic bars that fit what is traded."""
        tick = max((state.tick_size for state in view.markets), default=None)
        if tick is not None:
            self.set_tick(tick)
        if view.request == self._asked:
            self.bars.learn(view.bars, tick or view.row_size)

    def set_tick(self, tick: float) -> None:
        """Offer rows of multiples of this tick."""
        if tick == self._tick:
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
        self.markets.set_venues(venues)

    def set_markets(self, markets: Iterable[MarketState]) -> None:
        self.markets.set_markets(markets)

    @property
    def rules(self) -> FootprintRules:
        return self._asked.rules

    def set_rules(self, rules: FootprintRules) -> None:
        """Ask for cells judged by other rules."""
        self._ask(rules=rules)

    def anchor_vwap(self, ts_ns: int | None) -> None:
        """Let VWAP begin there; None: every day."""
        self._ask(vwap_anchor_ns=ts_ns)

    def set_bar_length(self, bar_ns: int) -> None:
        self.bar.setCurrentIndex(max(0, self.bar.findData(bar_ns)))

    def step_bar(self, step: int) -> None:
        """The next longer or shorter bars."""
        self.bar.setCurrentIndex(min(max(self.bar.currentIndex() + step, 0), self.bar.count() - 1))

    def _add_row(self, size: float) -> None:
        self.row.addItem(f"row {text_of.price(size, size)}", size)

    def _lay_out(self) -> None:
        tips: dict[QWidget, str] = {self.base: "Base coin", self.row: "Row size in price"}
        line = line_of(within=self, margins=(CELL, CELL, CELL, 0))
        for widget in (self.base, self.bars, self.row, self.markets):
            widget.setToolTip(tips.get(widget, ""))
            line.addWidget(widget)
        for combo, least in ((self.base, 60), (self.row, 84)):
            combo.setMinimumWidth(least)
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        line.addStretch(1)
        self.right = QHBoxLayout()
        self.right.setSpacing(CELL)
        line.addLayout(self.right)
        self.settings.setText("settings")
        self.settings.setToolTip("Cells, shading, imbalances, value area, studies")
        self.right.addWidget(self.settings)

    def _connect(self) -> None:
        self.base.currentTextChanged.connect(lambda text: self._ask(base=text))
        self.bars.changed.connect(self._ask_bars)
        self.row.currentIndexChanged.connect(lambda _: self._ask(row_size=self.row.currentData()))
        self.markets.changed.connect(self._ask_markets)

    def _ask_bars(self) -> None:
        self._ask(bar_ns=self.bars.bar_ns, rule=self.bars.rule())

    def _ask_markets(self) -> None:
        chosen: MarketFilter = self.markets.chosen
        if chosen.perp is not self._asked.markets.perp:
            self.bars.forget()
        self._ask(markets=chosen, rule=self.bars.rule())

    def _ask(self, **changes: object) -> None:
        before = self._asked
        after = replace(before, **changes)  # type: ignore[arg-type]
        if after.base != before.base:  # a size in one coin means nothing for another
            self.bars.set_base(after.base)
            after = replace(after, row_size=None, rule=self.bars.rule(), vwap_anchor_ns=None)
            self._forget_rows()
        self._asked = after
        if after != before:
            self.changed.emit()

    def _forget_rows(self) -> None:
        self._tick = None
        self.row.blockSignals(True)
        self.row.setCurrentIndex(0)
        while self.row.count() > 1:
            self.row.removeItem(1)
        self.row.blockSignals(False)
