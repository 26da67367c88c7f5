"""Over the pressure table: whose markets are summed, and which coins are listed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from feeds.venues.registry import VENUES
from widgets.elements.captions import Choice
from widgets.elements.venue_menu import VenueButton
from widgets.panes.pressure.columns import SHORT_REGIMES
from widgets.panes.pressure.rows import Filter, words
from widgets.theme.theme import CELL
from workstation.readmodels.universe.pressure import Regime

_BIASES = (("any bias", None), ("long", 1), ("short", -1), ("neutral", 0))
_VENUES = (("any live", 0), ("2+ live", 2), ("3+ live", 3), ("5+ live", 5))
_TURNOVERS = (("any vol", 0.0), ("vol > 1m", 1e6), ("vol > 10m", 1e7), ("vol > 100m", 1e8), ("vol > 1b", 1e9))
_ONE_LINE_PX = 560


class Search(QLineEdit):
    """Esc empties it, Enter and Down go on to the table."""

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
    """`changed` follows a change of the filter `value`."""

    changed = Signal()
    method_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search = Search()
        self.search.setPlaceholderText("coins  /")
        self.search.setToolTip("Names or parts of names, separated by spaces")
        self.search.setClearButtonEnabled(True)
        self.bias, self.regime = _choice(_BIASES, "Bias"), Choice()
        self.regime.addItem("any regime", None)
        for regime in Regime:
            self.regime.addItem(SHORT_REGIMES[regime], regime.name)
        self.regime.setToolTip("Regime")
        self.summed = VenueButton("Venues that are summed")
        self.summed.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.venues = _choice(_VENUES, "How many markets said something in the last 20 s")
        self.turnover = _choice(_TURNOVERS, "Turnover over 24 h, USD")
        self.method = QPushButton("method")
        self.method.setCheckable(True)
        self.method.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.method.setToolTip("Formulas, weights, and each part of the chosen coin's scores  (M)")
        self._lay_out()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # its lines fold when it is narrow
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
        """The filter as it is set."""
        regime = self.regime.currentData()
        return Filter(
            words(self.search.text()),
            self.bias.currentData(),
            Regime[regime] if regime else None,
            self.venues.currentData(),
            self.turnover.currentData(),
        )

    def state(self) -> dict[str, Any]:
        """What is remembered."""
        named = {"bias": self.bias, "regime": self.regime, "venues": self.venues, "volume": self.turnover}
        return {"text": self.search.text(), "summed": sorted(self.summed.ticks.chosen or ())} | {
            name: box.currentText() for name, box in named.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what was remembered; what is not offered any longer is left as it is."""
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
