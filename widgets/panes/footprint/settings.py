"""The settings of a footprint in place: a popup whose every control takes effect at once."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QWidget

from widgets.elements.captions import Choice, tint
from widgets.panes.footprint.cells.style import ProfileSpan, Shading, Style
from widgets.panes.footprint.options import COLUMNS, WORDS, Number, Option
from widgets.theme.theme import CELL, theme
from workstation.readmodels.flow.footprint import AbsorptionRule, FootprintRules, MinimumMode


class FootprintSettings(QFrame):
    """`style_changed` and `rules_changed` carry the whole new value."""

    style_changed = Signal(object)
    rules_changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.style_value, self.rules = Style(), FootprintRules()
        self.controls: dict[str, QWidget] = {}
        self._words: dict[str, type[StrEnum]] = {}
        self._silent = False
        line = QHBoxLayout(self)
        line.setContentsMargins(3 * CELL, 3 * CELL, 3 * CELL, 3 * CELL)
        line.setSpacing(6 * CELL)
        for title, options in COLUMNS:
            line.addLayout(self._column(title, options))

    def show_values(self, style: Style, rules: FootprintRules) -> None:
        """Bring the controls in step; nothing is emitted."""
        self.style_value, self.rules, self._silent = style, rules, True
        for path, control in self.controls.items():
            value = self._value(path)
            if isinstance(control, Choice):
                control.setCurrentIndex(list(self._words[path]).index(value))
            elif isinstance(control, QCheckBox):
                control.setChecked(value)
            elif isinstance(control, QDoubleSpinBox):
                control.setValue(value * float(control.property("factor")))
        self._silent = False
        self._enable()

    def open_under(self, button: QWidget) -> None:
        """Show below a button, or where there is room on its screen."""
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + 2))
        room = button.screen().availableGeometry()
        x = min(max(corner.x(), room.left()), room.right() - self.width())
        self.move(x, min(corner.y(), room.bottom() - self.height()))
        self.show()

    def _value(self, path: str) -> Any:
        part, field = path.split(".")
        if part == "absorption":
            rule = self.rules.absorption
            return rule is not None if field == "on" else getattr(rule or AbsorptionRule(), field)
        return getattr(self.style_value if part == "style" else self.rules, field)

    def _column(self, title: str, options: tuple[Option, ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * CELL)
        grid.setVerticalSpacing(CELL)
        head = QLabel(title)
        head.setFont(theme().font(small=True, bold=True))
        tint(head, "faint")
        grid.addWidget(head, 0, 0, 1, 2)
        for row, option in enumerate(options, 1):
            said, control = QLabel(option.label), self._control(option)
            tint(said, "muted")
            grid.addWidget(said, row, 0)
            grid.addWidget(control, row, 1)
        grid.setRowStretch(len(options) + 1, 1)
        return grid

    def _control(self, option: Option) -> QWidget:
        path, kind = option.path, option.kind
        control: QWidget
        if kind is None:
            control = check = QCheckBox()
            check.toggled.connect(lambda on: self._take(path, on))
        elif isinstance(kind, Number):
            control = box = _number(kind)
            box.valueChanged.connect(lambda value: self._take(path, value / float(box.property("factor"))))
        else:
            control = self._choice(path, kind)
        self.controls[path] = control
        return control

    def _choice(self, path: str, words: type[StrEnum]) -> Choice:
        """A choice among the members of an enumeration, in their order: Qt hands strings back, not members."""
        choice = Choice()
        self._words[path] = words
        for word in words:
            choice.addItem(WORDS.get(word, word.value))
        choice.currentIndexChanged.connect(lambda index: self._take(path, list(words)[index]))
        return choice

    def _take(self, path: str, value: Any) -> None:
        if self._silent:
            return
        part, field = path.split(".")
        if type(self._value(path)) is int:
            value = round(value)
        if part == "style":
            self.style_value = replace(self.style_value, **{field: value})
            self.style_changed.emit(self.style_value)
        elif part == "rules":
            self._take_rules(**{field: value})
        elif field == "on":
            self._take_rules(absorption=AbsorptionRule() if value else None)
        else:
            self._take_rules(absorption=replace(self.rules.absorption or AbsorptionRule(), **{field: value}))
        self._enable()

    def _take_rules(self, **changes: Any) -> None:
        self.rules = replace(self.rules, **changes)
        self.rules_changed.emit(self.rules)

    def _enable(self) -> None:
        """What the choice above it does not use is grey."""
        style, rules = self.style_value, self.rules
        used = {
            "style.fixed_largest": style.shading is Shading.FIXED,
            "rules.minimum_volume": rules.minimum_mode is MinimumMode.BASE,
            "rules.minimum_usd": rules.minimum_mode is MinimumMode.USD,
            "rules.minimum_percentile": rules.minimum_mode is MinimumMode.PERCENTILE,
            "rules.naked_pocs": style.naked_pocs,
            "rules.value_area": style.value_area or style.profile is not ProfileSpan.OFF,
            "rules.value_area_mode": style.value_area or style.profile is not ProfileSpan.OFF,
            "rules.exhaustion_rows": style.exhaustion,
            "rules.divergence_bars": style.divergences,
            "style.vwap_bands": style.vwap,
            "style.bubble_usd": style.bubbles,
        }
        for path, on in used.items():
            self.controls[path].setEnabled(on)
        for field in ("window_ns", "deviations", "baseline_ns"):
            self.controls[f"absorption.{field}"].setEnabled(rules.absorption is not None)


def _number(spec: Number) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(spec.decimals)
    box.setRange(spec.least, spec.most)
    box.setSingleStep(spec.step)
    box.setSuffix(spec.suffix)
    box.setToolTip("Type, turn the wheel, or press up and down")
    box.setGroupSeparatorShown(True)
    box.setKeyboardTracking(False)
    box.setProperty("factor", spec.factor)
    return box
