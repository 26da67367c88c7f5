"""The dialog of the first start: coins to watch, which venues are reachable, and the demo if none is."""

from collections.abc import Iterable
from enum import Enum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES, profile_of
from widgets.elements.captions import set_text, tint
from widgets.elements.layouts import column_of
from widgets.theme.theme import CELL, theme

COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "HYPE", "SUI")


class Start(Enum):
    """How the user starts the program."""

    LIVE = "live"
    DEMO = "demo"


class FirstRun(QDialog):
    """`chosen` carries a `Start` and the coins; it is not emitted if the dialog is closed without a choice."""

    chosen = Signal(object, object)

    def __init__(self, watched: Iterable[str] = ("BTC", "ETH")) -> None:
        super().__init__()
        self.setWindowTitle("Order-flow workstation")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        watched = tuple(watched)
        self.coins = {coin: QCheckBox(coin) for coin in COINS}
        for coin, box in self.coins.items():
            box.setChecked(coin in watched)
        self.others, self.advice = QLineEdit(), QLabel("Checking whether the venues are reachable ...")
        self.venues = {venue: QLabel("checking ...") for venue in VENUES}
        self.buttons = {Start.LIVE: QPushButton("Start live"), Start.DEMO: QPushButton("Open the demo")}
        self._reached: dict[Venue, str] = {}
        self._lay_out()

    def _lay_out(self) -> None:
        column = column_of(
            _heading("Coins to watch, with every trade and full order books"),
            within=self,
            margins=(6 * CELL, 5 * CELL, 6 * CELL, 5 * CELL),
            spacing=3 * CELL,
        )
        grid = QGridLayout()
        for index, box in enumerate(self.coins.values()):
            grid.addWidget(box, index // 4, index % 4)
        column.addLayout(grid)
        self.others.setPlaceholderText("Others, for example AVAX LINK")
        self.others.setAccessibleName("Other coins")
        column.addWidget(self.others)
        column.addWidget(_heading("Venues"))
        lines = QGridLayout()
        lines.setColumnStretch(1, 1)
        for row, (venue, label) in enumerate(self.venues.items()):
            tint(label, "muted")
            lines.addWidget(QLabel(profile_of(venue).label), row, 0)
            lines.addWidget(label, row, 1)
        column.addLayout(lines)
        self.advice.setWordWrap(True)
        column.addWidget(self.advice)
        column.addLayout(self._choices())
        self.setMinimumWidth(110 * CELL)

    def _choices(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addStretch(1)
        for start, button in self.buttons.items():
            button.clicked.connect(lambda _=False, start=start: self._choose(start))
            line.addWidget(button)
        self.buttons[Start.LIVE].setDefault(True)
        return line

    def show_reached(self, venue: Venue, trouble: str) -> None:
        """Show whether a venue answered; `trouble` is why it did not, empty if it did."""
        self._reached[venue] = trouble
        set_text(self.venues[venue], trouble or "reachable")
        tint(self.venues[venue], "error" if trouble else "buy")
        if len(self._reached) == len(self.venues):
            self._advise()

    def wanted(self) -> tuple[str, ...]:
        """The chosen coins in order; BTC if there are none."""
        marked = [coin for coin, box in self.coins.items() if box.isChecked()]
        typed = self.others.text().upper().replace(",", " ").split()
        return tuple(dict.fromkeys((*marked, *typed))) or ("BTC",)

    def _advise(self) -> None:
        lost = sum(bool(trouble) for trouble in self._reached.values())
        advice = {
            0: "All venues are reachable.",
            len(self.venues): "No venue is reachable; is there no network? The demo needs none.",
        }
        set_text(self.advice, advice.get(lost, "Some venues are not reachable; their data will be shown as missing."))
        if lost == len(self.venues):
            self.buttons[Start.DEMO].setDefault(True)
            self.buttons[Start.DEMO].setFocus()

    def _choose(self, start: Start) -> None:
        self.chosen.emit(start, self.wanted())
        self.accept()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme().font(bold=True))
    return label
