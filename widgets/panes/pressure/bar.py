"""Controls above the pressure table: which venues are summed and which coins are listed."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from feeds.venues.registry import VENUES
from widgets.elements.captions import Choice
from widgets.elements.venue_menu import VenueButton
from widgets.panes.pressure.columns import SHORT_REGIMES
from widgets.panes.pressure.rows import Filter, search_terms
from widgets.theme.theme import CELL
from workstation.readmodels.universe.pressure import Regime

_BIASES = (("any bias", None), ("long", 1), ("short", -1), ("neutral", 0))
_VENUES = (("any live", 0), ("2+ live", 2), ("3+ live", 3), ("5+ live", 5))
_TURNOVERS = (("any vol", 0.0), ("vol > 1m", 1e6), ("vol > 10m", 1e7), ("vol > 100m", 1e8), ("vol > 1b", 1e9))
_ONE_LINE_PX = 560


class Search(QLineEdit):
    """A search line. Esc clears it; Enter, Down and Esc emit `left`, which moves the focus to the table."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class PressureBar(QWidget):
    """`changed` is emitted when the filter `value` changes, `method_asked` when the method button is clicked."""

    changed = Signal()
    method_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search = Search()
        self.search.setPlaceholderText("coins  /")
        self.search.setToolTip("Coin names or parts of them, separated by spaces")
        self.search.setClearButtonEnabled(True)
        self.bias, self.regime = _choice(_BIASES, "Bias"), Choice()
        self.regime.addItem("any regime", None)
        for regime in Regime:
            self.regime.addItem(SHORT_REGIMES[regime], regime.name)
        self.regime.setToolTip("Regime")
        self.summed = VenueButton("Venues included in the sums")
        self.summed.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.venues = _choice(_VENUES, "Minimum number of markets with data in the last 20 s")
        self.turnover = _choice(_TURNOVERS, "Minimum volume over 24 h, USD")
        self.method = QPushButton("method")
        self.method.setCheckable(True)
        self.method.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.method.setToolTip("Formulas, weights, and the terms of the selected coin's scores  (M)")
        self._lay_out()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # two lines when narrow
        self.search.textChanged.connect(lambda _: self.changed.emit())
        for box in self._boxes():
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.method.clicked.connect(lambda _: self.method_asked.emit())

    def _lay_out(self) -> None:
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._lines.setContentsMargins(CELL, CELL, CELL, CELL)
        self._lines.setSpacing(CELL)
        first, second = QHBoxLayout(), QHBoxLayout()
        for line, parts in (
            (first, (self.search, self.bias, self.regime)),
            (second, (self.summed, self.venues, self.turnover, self.method)),
        ):
            line.setSpacing(CELL)
            for part in parts:
                line.addWidget(part, 1)
            self._lines.addLayout(line, 1)
        self.search.setMinimumWidth(72)
        self.search.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        for box in self._boxes():
            box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)

    def _boxes(self) -> tuple[Choice, ...]:
        return self.bias, self.regime, self.venues, self.turnover

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() >= _ONE_LINE_PX
        self._lines.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    @property
    def value(self) -> Filter:
        regime = self.regime.currentData()
        return Filter(
            search_terms(self.search.text()),
            self.bias.currentData(),
            Regime[regime] if regime else None,
            self.venues.currentData(),
            self.turnover.currentData(),
        )

    def state(self) -> dict[str, Any]:
        """The saved state: search text, summed venues and filter choices."""
        named = {"bias": self.bias, "regime": self.regime, "venues": self.venues, "volume": self.turnover}
        return {"text": self.search.text(), "summed": sorted(self.summed.ticks.chosen or ())} | {
            name: box.currentText() for name, box in named.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Apply a saved state; choices that no longer exist are ignored."""
        named = {"bias": self.bias, "regime": self.regime, "venues": self.venues, "volume": self.turnover}
        for name, box in named.items():
            at = box.findText(str(state.get(name, "")))
            box.setCurrentIndex(at if at >= 0 else box.currentIndex())
        self.search.setText(str(state.get("text", "")))
        summed = state.get("summed")
        wanted = summed if isinstance(summed, list) else []
        self.summed.ticks.choose(frozenset(venue for venue in VENUES if venue in wanted))


def _choice(entries: tuple[tuple[str, object], ...], tip: str) -> Choice:
    box = Choice()
    for text, value in entries:
        box.addItem(text, value)
    box.setToolTip(tip)
    return box
