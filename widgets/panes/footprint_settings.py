"""The settings of a footprint in place: a popup whose every control takes effect at once."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QFrame, QGridLayout, QLabel, QSpinBox, QWidget

from widgets.captions import Choice, tint
from widgets.items.style import CellMode, ProfileSpan, Shading, Style
from widgets.theme import CELL
from workstation.readmodels import FootprintRules, MinimumMode, PocTie, ValueAreaMode, ZeroRule

# label, field, and for a number: least, most, step, decimals, factor shown, suffix
_CHOICES: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("cells", "mode", CellMode),
    ("shading", "shading", Shading),
    ("profile at the side  V", "profile", ProfileSpan),
)
_RULE_CHOICES: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("minimum volume in", "minimum_mode", MinimumMode),
    ("zero on the other side", "zero_rule", ZeroRule),
    ("value area grows", "value_area_mode", ValueAreaMode),
    ("POC of equal rows", "poc_tie", PocTie),
)
_CHECKS = (
    ("imbalances  I", "imbalances"),
    ("POC", "poc"),
    ("naked POC rays", "naked_pocs"),
    ("value area", "value_area"),
    ("stacked zones", "zones"),
)
_NUMBERS: tuple[tuple[str, str, tuple[float, float, float, int, float, str]], ...] = (
    ("imbalance ratio", "imbalance_ratio", (1.0, 20.0, 0.5, 1, 1.0, "x")),
    ("  base coin", "minimum_volume", (0.0, 1e9, 1.0, 3, 1.0, "")),
    ("  USD", "minimum_usd", (0.0, 1e9, 10_000.0, 0, 1.0, "")),
    ("  percentile", "minimum_percentile", (0.0, 100.0, 5.0, 0, 1.0, "")),
    ("stack length", "stack_length", (2, 10, 1, 0, 1.0, " rows")),
    ("value area", "value_area", (50.0, 95.0, 5.0, 0, 100.0, "%")),
    ("naked POCs looked back", "naked_pocs", (0, 1000, 10, 0, 1.0, " bars")),
)
_WORDS = {
    MinimumMode.BASE: "base coin",
    MinimumMode.USD: "USD",
    MinimumMode.PERCENTILE: "percentile of cells",
    ZeroRule.COUNT: "counts",
    ZeroRule.SKIP: "is skipped",
    ZeroRule.ONE_LOT: "is one lot",
    ValueAreaMode.GROW: "until reached",
    ValueAreaMode.TRADINGVIEW: "never beyond",
    ValueAreaMode.TWO_ROW: "two rows a step",
    PocTie.MIDDLE: "nearest the middle",
    PocTie.LOWEST: "the lowest",
}


class FootprintSettings(QFrame):
    """`style_changed` and `rules_changed` carry the whole new value."""

    style_changed = Signal(object)
    rules_changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.style_value, self.rules = Style(), FootprintRules()
        self.controls: dict[str, QWidget] = {}
        self._words: dict[str, type[StrEnum]] = {}
        self._silent = False
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(3 * CELL, 3 * CELL, 3 * CELL, 3 * CELL)
        self._rows.setHorizontalSpacing(4 * CELL)
        self._rows.setVerticalSpacing(CELL)
        self._build()

    def show_values(self, style: Style, rules: FootprintRules) -> None:
        """Bring the controls in step; nothing is emitted."""
        self.style_value, self.rules, self._silent = style, rules, True
        for name, control in self.controls.items():
            kind, field = name.split(".")
            value = getattr(style if kind == "style" else rules, field)
            if isinstance(control, Choice):
                control.setCurrentIndex(list(self._words[name]).index(value))
            elif isinstance(control, QCheckBox):
                control.setChecked(value)
            elif isinstance(control, QSpinBox | QDoubleSpinBox):
                control.setValue(value * float(control.property("factor")))
        self._silent = False
        self._enable()

    def open_under(self, button: QWidget) -> None:
        """Show below a button."""
        self.adjustSize()
        self.move(button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + 2)))
        self.show()

    def _build(self) -> None:
        for label, field, words in _CHOICES:
            self._add_choice(label, f"style.{field}", words)
            if field == "shading":
                self._add("  fixed largest", "style.fixed_largest", _number((0.001, 1e9, 10.0, 3, 1.0, "")))
        for label, field in _CHECKS:
            self._add(label, f"style.{field}", QCheckBox())
        labels = {field: (label, words) for label, field, words in _RULE_CHOICES}
        for label, field, spec in _NUMBERS:
            if field == "minimum_volume":
                self._add_rule_choice(labels, "minimum_mode")
            self._add(label, f"rules.{field}", _number(spec))
            if field == "minimum_percentile":
                self._add_rule_choice(labels, "zero_rule")
            if field == "value_area":
                self._add_rule_choice(labels, "value_area_mode")
                self._add_rule_choice(labels, "poc_tie")

    def _add_rule_choice(self, labels: dict[str, tuple[str, type[StrEnum]]], field: str) -> None:
        label, words = labels[field]
        self._add_choice(label, f"rules.{field}", words)

    def _add_choice(self, label: str, name: str, words: type[StrEnum]) -> None:
        """A choice among the members of an enumeration, in their order: Qt hands strings back, not members."""
        choice = Choice()
        self._words[name] = words
        for word in words:
            choice.addItem(_WORDS.get(word, word.value))
        self._add(label, name, choice)

    def _add(self, label: str, name: str, control: QWidget) -> None:
        row = self._rows.rowCount()
        said = QLabel(label)
        tint(said, "muted")
        self._rows.addWidget(said, row, 0)
        self._rows.addWidget(control, row, 1)
        self.controls[name] = control
        if isinstance(control, Choice):
            control.currentIndexChanged.connect(lambda index: self._take(name, list(self._words[name])[index]))
        elif isinstance(control, QCheckBox):
            control.toggled.connect(lambda on: self._take(name, on))
        elif isinstance(control, QSpinBox | QDoubleSpinBox):
            control.valueChanged.connect(lambda value: self._take(name, value / float(control.property("factor"))))

    def _take(self, name: str, value: Any) -> None:
        if self._silent:
            return
        kind, field = name.split(".")
        if kind == "style":
            self.style_value = replace(self.style_value, **{field: value})
            self.style_changed.emit(self.style_value)
        else:
            whole = isinstance(getattr(self.rules, field), int)
            changes: dict[str, Any] = {field: int(value) if whole else value}
            self.rules = replace(self.rules, **changes)
            self.rules_changed.emit(self.rules)
        self._enable()

    def _enable(self) -> None:
        """A number that the choice above does not use is grey."""
        mode = self.rules.minimum_mode
        self.controls["style.fixed_largest"].setEnabled(self.style_value.shading is Shading.FIXED)
        self.controls["rules.minimum_volume"].setEnabled(mode is MinimumMode.BASE)
        self.controls["rules.minimum_usd"].setEnabled(mode is MinimumMode.USD)
        self.controls["rules.minimum_percentile"].setEnabled(mode is MinimumMode.PERCENTILE)


def _number(spec: tuple[float, float, float, int, float, str]) -> QDoubleSpinBox:
    least, most, step, decimals, factor, suffix = spec
    box = QDoubleSpinBox()
    box.setDecimals(decimals)
    box.setRange(least, most)
    box.setSingleStep(step)
    box.setSuffix(suffix)
    box.setToolTip("Type, turn the wheel, or press up and down")
    box.setGroupSeparatorShown(True)
    box.setKeyboardTracking(False)
    box.setProperty("factor", factor)
    return box
