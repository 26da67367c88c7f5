"""A popup that edits the parameters of the estimate; every valid change applies at once."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QWidget

from widgets.elements.captions import set_text, tint
from widgets.elements.popup import Popup
from widgets.theme.theme import CELL
from workstation.readmodels.positions.liquidation_levels import LevelRules

HOUR_NS = 3_600_000_000_000
TIERS = 4


class LevelSettings(Popup):
    """`changed` carries the complete new rules. Shares of tiers are normalised to a sum of 1."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._silent = False
        self.leverages = [_number(2, 190, 5, 0, "x") for _ in range(TIERS)]
        self.weights = [_number(0, 100, 5, 0, " %") for _ in range(TIERS)]
        self.maintenance = _number(0, 40, 0.1, 2, " %")
        self.half_life = _number(0.25, 240, 1, 2, " h")
        self.row = _number(0.1, 500, 1, 1, " bp")
        self.problem, self.standard = QLabel(), QPushButton("defaults")
        self._lay_out()
        self.show_rules(LevelRules())

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(3 * CELL, 3 * CELL, 3 * CELL, 3 * CELL)
        grid.setHorizontalSpacing(3 * CELL)
        grid.setVerticalSpacing(CELL)
        for at, title in enumerate(("tier", "leverage", "share of new positions")):
            grid.addWidget(QLabel(title), 0, at)
        for tier, (leverage, weight) in enumerate(zip(self.leverages, self.weights, strict=True)):
            grid.addWidget(QLabel(str(tier + 1)), tier + 1, 0)
            grid.addWidget(leverage, tier + 1, 1)
            grid.addWidget(weight, tier + 1, 2)
        rest = (
            ("maintenance margin, of notional", self.maintenance),
            ("half-life of a level", self.half_life),
            ("row height, of price", self.row),
        )
        for at, (title, control) in enumerate(rest, start=TIERS + 1):
            grid.addWidget(QLabel(title), at, 0, 1, 2)
            grid.addWidget(control, at, 2)
        grid.addWidget(self.problem, TIERS + 4, 0, 1, 2)
        grid.addWidget(self.standard, TIERS + 4, 2)
        tint(self.problem, "error")
        self.standard.clicked.connect(self._reset)
        for control in (*self.leverages, *self.weights, self.maintenance, self.half_life, self.row):
            control.valueChanged.connect(self._take)

    def show_rules(self, rules: LevelRules) -> None:
        """Show these rules without emitting `changed`. Missing tiers get a share of 0."""
        self._silent = True
        for at in range(TIERS):
            self.leverages[at].setValue(rules.leverages[at] if at < len(rules.leverages) else 10.0)
            self.weights[at].setValue(100 * rules.weights[at] if at < len(rules.weights) else 0.0)
        self.maintenance.setValue(100 * rules.maintenance)
        self.half_life.setValue(rules.half_life_ns / HOUR_NS)
        self.row.setValue(1e4 * rules.row_share)
        self._silent = False

    def _reset(self) -> None:
        self.show_rules(LevelRules())
        self._take()

    def _take(self) -> None:
        if self._silent:
            return
        whole = sum(weight.value() for weight in self.weights)
        try:
            if not whole:
                raise ValueError("at least one tier needs a share")
            rules = LevelRules(
                tuple(leverage.value() for leverage in self.leverages),
                tuple(weight.value() / whole for weight in self.weights),
                self.maintenance.value() / 100,
                round(self.half_life.value() * HOUR_NS),
                self.row.value() / 1e4,
            )
        except ValueError as error:
            set_text(self.problem, str(error))
            return
        set_text(self.problem, "")
        self.changed.emit(rules)


def _number(least: float, most: float, step: float, decimals: int, suffix: str) -> QDoubleSpinBox:
    control = QDoubleSpinBox()
    control.setRange(least, most)
    control.setSingleStep(step)
    control.setDecimals(decimals)
    control.setSuffix(suffix)
    control.setKeyboardTracking(False)
    return control
