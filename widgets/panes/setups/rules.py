"""A popup that edits the detectors' parameters; every change applies at once."""

from itertools import groupby

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from widgets.elements.captions import tint
from widgets.elements.popup import Popup
from widgets.theme.theme import CELL, theme
from workstation.readmodels.session.setup_rules import SetupParameter, SetupRules, setup_parameters

_TITLES = {"spot": "spot and perpetuals"}
_COLUMNS = (("absorption", "divergence"), ("sweep", "breakout", "spot"))
_FOOT = (
    "'usual' and 'range' are medians of 20 bars. The charts of the link group use these parameters too; "
    "alerts and stored setups use the defaults."
)


class SetupRulesEditor(Popup):
    """`changed` carries the complete new rules."""

    aligns_right = False
    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rules = SetupRules()
        self.controls: dict[tuple[str, str], QDoubleSpinBox] = {}
        self.standard = QPushButton("defaults")
        self._silent = False
        self._lay_out()
        self.show_rules(self.rules)

    def _lay_out(self) -> None:
        grids = {rule: self._grid(rule, list(listed)) for rule, listed in groupby(setup_parameters(), lambda x: x.rule)}
        line = QHBoxLayout()
        line.setSpacing(6 * CELL)
        for rules in _COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(3 * CELL)
            for rule in rules:
                column.addLayout(grids[rule])
            column.addStretch(1)
            line.addLayout(column)
        foot, whole = QHBoxLayout(), QVBoxLayout(self)
        note = QLabel(_FOOT)
        note.setWordWrap(True)
        tint(note, "muted")
        foot.addWidget(note, 1)
        foot.addWidget(self.standard)
        whole.setContentsMargins(3 * CELL, 3 * CELL, 3 * CELL, 3 * CELL)
        whole.setSpacing(3 * CELL)
        whole.addLayout(line)
        whole.addLayout(foot)
        self.standard.clicked.connect(lambda: self._take(SetupRules()))

    def _grid(self, rule: str, parameters: list[SetupParameter]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * CELL)
        grid.setVerticalSpacing(CELL)
        grid.setColumnStretch(0, 1)
        head = QLabel(_TITLES.get(rule, rule))
        head.setFont(theme().font(small=True, bold=True))
        tint(head, "faint")
        grid.addWidget(head, 0, 0, 1, 2)
        for row, one in enumerate(parameters, 1):
            label, control = QLabel(one.title), _number(one)
            tint(label, "muted")
            label.setToolTip(one.help)
            label.setBuddy(control)
            control.setAccessibleName(f"{_TITLES.get(rule, rule)}: {one.title}")
            control.valueChanged.connect(lambda value, name=one.name: self._change(rule, name, value))
            grid.addWidget(label, row, 0)
            grid.addWidget(control, row, 1)
            self.controls[rule, one.name] = control
        return grid

    def show_rules(self, rules: SetupRules) -> None:
        """Show these rules without emitting `changed`."""
        self.rules, self._silent = rules, True
        for (rule, name), control in self.controls.items():
            control.setValue(rules.value(rule, name))
        self._silent = False
        self.standard.setEnabled(rules != SetupRules())

    def _change(self, rule: str, name: str, value: float) -> None:
        if not self._silent:
            self._take(self.rules.with_value(rule, name, value))

    def _take(self, rules: SetupRules) -> None:
        self.show_rules(rules)
        self.changed.emit(rules)


def _number(one: SetupParameter) -> QDoubleSpinBox:
    control = QDoubleSpinBox()
    control.setMinimumWidth(30 * CELL)
    control.setDecimals(0 if one.step >= 1 else 2)
    control.setRange(one.low, one.high)
    control.setSingleStep(one.step)
    control.setSuffix(f" {one.unit}")
    control.setToolTip(one.help)
    control.setGroupSeparatorShown(True)
    control.setKeyboardTracking(False)
    return control
