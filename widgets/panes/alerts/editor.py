"""The editor of an alert rule: three short lines that fit a side column."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QWidget

from widgets.elements.captions import Choice, tint
from widgets.elements.layouts import line_of
from widgets.theme import format as text_of
from widgets.theme.theme import CELL
from workstation.readmodels.session.alerts import QUANTITY_UNITS, AlertRule, Condition, Quantity

EVERY = "all coins"


class Amount(QDoubleSpinBox):
    """A number box that ignores the mouse wheel and shows no trailing zeros."""

    def __init__(self, name: str, value: float = 0.0, suffix: str = "", least: float = -1e12) -> None:
        super().__init__()
        self.setRange(least, 1e18)
        self.setDecimals(15)
        self.setSuffix(suffix)
        self.setValue(value)
        self.setMinimumWidth(48)
        self.setAccessibleName(name)
        self.setToolTip(name)

    def textFromValue(self, value: float) -> str:
        return text_of.plain(value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RuleEditor(QWidget):
    """`done` carries the rule when the user adds or changes it."""

    done = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._id = 0
        self._suggested, self._base_chosen = "", False
        self.base, self.quantity, self.condition = Choice(), Choice(), Choice()
        self.value = Amount("Value")
        self.window_label = QLabel("window")
        self.hysteresis = Amount("Hysteresis: how far back it must go to fire again", least=0.0)
        self.span = Amount("Window for changes and for CVD, seconds", 300.0, " s", 1.0)
        self.cool_down = Amount("Cool-down after firing, seconds", 60.0, " s", 0.0)
        self.once, self.add, self.change = QCheckBox("once a bar"), QPushButton("Add"), QPushButton("Change")
        self._fill()
        self._lay_out()
        self._connect()
        self._show_unit()

    def _fill(self) -> None:
        self.base.addItem(EVERY, "")
        for quantity in Quantity:
            self.quantity.addItem(quantity.value, quantity)
        for condition in Condition:
            self.condition.addItem(condition.value, condition)
        named = ((self.base, "Coin"), (self.quantity, "Number"), (self.condition, "Condition"))
        for widget, name in named:
            widget.setAccessibleName(name)
            widget.setToolTip(name)
            widget.setMinimumContentsLength(4)
            widget.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.once.setToolTip("Fire at most once per minute bar")
        self.change.setEnabled(False)
        tint(self.window_label, "muted")

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(CELL, CELL, CELL, CELL)
        grid.setSpacing(CELL)
        buttons = QWidget()
        pair = line_of(within=buttons)
        for button in (self.add, self.change):
            button.setMinimumWidth(20)
            button.setStyleSheet("padding: 2px 4px")
            pair.addWidget(button)
        hysteresis, cool = QLabel("hysteresis"), QLabel("cool-down")
        for label in (hysteresis, cool):
            tint(label, "muted")
        lines: tuple[tuple[QWidget, ...], ...] = (
            (self.base, self.quantity, self.condition, self.value),
            (hysteresis, self.hysteresis, self.window_label, self.span),
            (cool, self.cool_down, self.once, buttons),
        )
        for row, line in enumerate(lines):
            for column, widget in enumerate(line):
                grid.addWidget(widget, row, column)
        for column, part in enumerate((3, 4, 3, 4)):
            grid.setColumnStretch(column, part)

    def _connect(self) -> None:
        self.base.activated.connect(self._on_base_chosen)
        self.quantity.currentIndexChanged.connect(lambda _: self._show_unit())
        self.add.clicked.connect(lambda: self.done.emit(self.rule(0)))
        self.change.clicked.connect(lambda: self.done.emit(self.rule(self._id)))
        self.value.lineEdit().returnPressed.connect(lambda: self.done.emit(self.rule(self._id)))

    def set_bases(self, bases: list[str]) -> None:
        """Set the list of coins. The user's choice stays; until there is one, the suggested coin is selected."""
        chosen = self.base.currentData() if self._base_chosen else self._suggested
        self.base.clear()
        self.base.addItem(EVERY, "")
        for base in bases:
            self.base.addItem(base, base)
        self.base.setCurrentIndex(max(self.base.findData(chosen), 0))

    def suggest(self, base: str) -> None:
        """Select a coin, now or as soon as it is in the list, until the user chooses one."""
        self._suggested, self._base_chosen = base, False
        at = self.base.findData(base)
        if at >= 0:
            self.base.setCurrentIndex(at)

    def _on_base_chosen(self) -> None:
        self._base_chosen = True

    def show_rule(self, rule: AlertRule | None) -> None:
        """Show a rule to change; None leaves the values and disables changing."""
        self._id = rule.id if rule is not None else 0
        self.change.setEnabled(rule is not None)
        if rule is None:
            return
        self._base_chosen = True
        if self.base.findData(rule.base) < 0:
            self.base.addItem(rule.base, rule.base)
        for choice, data in ((self.base, rule.base), (self.quantity, rule.quantity), (self.condition, rule.condition)):
            choice.setCurrentIndex(choice.findData(data))
        amounts = (
            (self.value, rule.value),
            (self.hysteresis, rule.hysteresis),
            (self.span, rule.window_s),
            (self.cool_down, rule.cool_down_s),
        )
        for amount, value in amounts:
            amount.setValue(value)
        self.once.setChecked(rule.once_per_bar)

    def rule(self, number: int) -> AlertRule:
        return AlertRule(
            id=number,
            quantity=Quantity(self.quantity.currentData()),
            condition=Condition(self.condition.currentData()),
            value=self.value.value(),
            base=str(self.base.currentData()),
            hysteresis=self.hysteresis.value(),
            window_s=self.span.value(),
            cool_down_s=self.cool_down.value(),
            once_per_bar=self.once.isChecked(),
        )

    def turned(self, rule: AlertRule) -> AlertRule:
        """The rule switched between on and off."""
        return replace(rule, on=not rule.on)

    def _show_unit(self) -> None:
        unit = QUANTITY_UNITS[Quantity(self.quantity.currentData())]
        for amount in (self.value, self.hysteresis):
            amount.setSuffix(f" {unit}")
