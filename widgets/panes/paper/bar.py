"""The settings bar of the paper book, and the dialog for its fees."""

from contextlib import suppress
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from feeds.model.instrument import Venue
from feeds.venues.registry import profile_of
from widgets.elements.captions import Choice, set_text
from widgets.theme import format as text_of
from widgets.theme.theme import CELL, theme
from workstation.readmodels.universe.paper import PaperScore, PaperSettings, Sizing, Stance

_MINUTE = 60_000_000_000
PERIODS = tuple((f"every {text}", minutes * _MINUTE) for text, minutes in (
    ("minute", 1), ("5 min", 5), ("15 min", 15), ("hour", 60), ("4 h", 240), ("8 h", 480), ("24 h", 1440),
))  # fmt: skip
NAMES = (1, 2, 3, 5, 8, 10, 15, 20, 30)
_STANCES = tuple((stance.value, stance) for stance in Stance)
_SCORES = (("pressure score", PaperScore.PRESSURE), ("flow score", PaperScore.FLOW))


class PaperBar(QWidget):
    """`changed` carries the new settings; `reset_asked` is emitted after the user confirmed a reset."""

    changed = Signal(object)
    reset_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.settings = PaperSettings()
        self.switch, self.fees, self.reset = QPushButton("start"), QPushButton("fees..."), QPushButton("reset...")
        self.score, self.names, self.sizing, self.period, self.stance = (Choice() for _ in range(5))
        self.capital = QLineEdit()
        self._halves: list[QHBoxLayout] = []
        self._fill()
        self._lay_out()
        self._connect()
        self.show_settings(self.settings, begun=False)

    def _fill(self) -> None:
        for choice, items in (
            (self.score, _SCORES),
            (self.names, [(f"{count} a side", count) for count in NAMES]),
            (self.sizing, [(sizing.value, sizing) for sizing in Sizing]),
            (self.period, PERIODS),
            (self.stance, _STANCES),
        ):
            for text, value in items:
                choice.addItem(text, value)
            choice.setFont(theme().font(small=True))
        self.score.setToolTip("Score that ranks the coins")
        self.stance.setToolTip("follow: long the highest scores, short the lowest; fade: the reverse")
        self.names.setToolTip("Number of coins held on each side")
        self.sizing.setToolTip("equal risk: weights within a side are inverse to the last hour's volatility")
        self.period.setToolTip("Time between rebalances")
        self.capital.setToolTip("Starting capital in USD; each side gets half of the equity")
        self.capital.setAccessibleName("Capital in USD")
        self.capital.setFixedWidth(92)
        self.capital.setAlignment(Qt.AlignmentFlag.AlignRight)

    def _lay_out(self) -> None:
        self.lines = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.lines.setContentsMargins(CELL, 2, CELL, 2)
        self.lines.setSpacing(CELL)
        what: tuple[QWidget, ...] = (self.switch, self.stance, self.score, self.names, self.period)
        for widgets in (what, (self.sizing, self.capital, self.fees, self.reset)):
            line = QHBoxLayout()
            line.setSpacing(CELL)
            for widget in widgets:
                widget.setFont(theme().font(small=True))
                line.addWidget(widget)
            if widgets is not what:
                line.addStretch(1)
            self.lines.addLayout(line)
            self._halves.append(line)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use two lines if one is too narrow."""
        super().resizeEvent(event)
        narrow = self.width() < sum(line.sizeHint().width() for line in self._halves) + 3 * CELL
        wanted = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self.lines.direction() is not wanted:
            self.lines.setDirection(wanted)

    def _connect(self) -> None:
        self.switch.clicked.connect(lambda: self._want(on=not self.settings.on))
        self.score.activated.connect(lambda _: self._want(score=PaperScore(self.score.currentData())))
        self.stance.activated.connect(lambda _: self._want(stance=Stance(self.stance.currentData())))
        self.names.activated.connect(lambda _: self._want(names=int(self.names.currentData())))
        self.sizing.activated.connect(lambda _: self._want(sizing=Sizing(self.sizing.currentData())))
        self.period.activated.connect(lambda _: self._want(period_ns=int(self.period.currentData())))
        self.capital.editingFinished.connect(self._read_capital)
        self.fees.clicked.connect(self.ask_fees)
        self.reset.clicked.connect(self.ask_reset)

    def show_settings(self, settings: PaperSettings, *, begun: bool) -> None:
        """Show the settings; the capital of a book that has begun cannot be edited."""
        self.settings = settings
        set_text(self.switch, "stop" if settings.on else "start")
        for choice, value in (
            (self.score, settings.score),
            (self.names, settings.names),
            (self.sizing, settings.sizing),
            (self.period, settings.period_ns),
            (self.stance, settings.stance),
        ):
            _show(choice, value)
        self.capital.setEnabled(not begun)
        if not self.capital.hasFocus():
            self.capital.setText(f"{settings.capital:,.0f} $")
        self.reset.setEnabled(begun)

    def ask_fees(self) -> None:
        """Open the dialog for the taker fees of all venues."""
        dialog = FeesDialog(self, self.settings.fees)
        dialog.accepted.connect(lambda: self._want(fees=dialog.fees()))
        dialog.open()

    def ask_reset(self) -> None:
        """Ask for confirmation before the ledger and the curve are removed."""
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setText("Reset the paper book?")
        box.setInformativeText("Its ledger, equity curve and scores are removed. The settings stay.")
        box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.button(QMessageBox.StandardButton.Yes).clicked.connect(self.reset_asked)
        box.open()

    def _read_capital(self) -> None:
        digits = self.capital.text().replace(",", "").replace("$", "").strip()
        with suppress(ValueError):
            self._want(capital=float(digits))
        self.capital.setText(f"{self.settings.capital:,.0f} $")

    def _want(self, **changes: object) -> None:
        wanted = replace(self.settings, **changes)  # type: ignore[arg-type]
        if wanted != self.settings:
            self.settings = wanted
            self.changed.emit(wanted)


class FeesDialog(QDialog):
    """Edits taker fees; shown in basis points of notional, stored as fractions."""

    def __init__(self, parent: QWidget, fees: tuple[tuple[Venue, float], ...]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Taker fees")
        form = QFormLayout(self)
        self.boxes: dict[Venue, QDoubleSpinBox] = {}
        for venue, fee in fees:
            box = self.boxes[venue] = QDoubleSpinBox()
            box.setRange(0, 100)
            box.setDecimals(2)
            box.setSingleStep(0.5)
            box.setSuffix(" bp")
            box.setValue(fee * 1e4)
            form.addRow(profile_of(venue).label, box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def fees(self) -> tuple[tuple[Venue, float], ...]:
        """The entered fees as fractions of notional."""
        return tuple((venue, round(box.value() / 1e4, 8)) for venue, box in self.boxes.items())


def _show(choice: Choice, value: int | str) -> None:
    """Select a value; a value that is not in the list is added."""
    at = choice.findData(value)
    if at < 0:
        text = str(value)
        if isinstance(value, int):
            text = f"every {text_of.bar_length(value)}" if value >= _MINUTE else f"{value} a side"
        choice.addItem(text, value)
        at = choice.count() - 1
    if choice.currentIndex() != at:
        choice.setCurrentIndex(at)
