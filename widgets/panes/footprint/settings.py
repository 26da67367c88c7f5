"""The settings of a footprint in place: a popup whose every control takes effect at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QLabel, QWidget

from widgets.elements.captions import Choice, tint
from widgets.elements.layouts import line_of
from widgets.elements.popup import Popup
from widgets.panes.footprint.cells.style import CellMode, Shading, Style
from widgets.panes.footprint.studies.declaration import ChartStudy, Group, Number, Parameter
from widgets.panes.footprint.studies.setting import StudySettings, parsed
from widgets.theme.theme import CELL, theme


class StyleOption(NamedTuple):
    """A field of the style as it is set."""

    label: str
    field: str
    kind: Number | type[StrEnum]


STYLE_OPTIONS = (
    StyleOption("cells", "mode", CellMode),
    StyleOption("shading", "shading", Shading),
    StyleOption("  fixed largest", "fixed_largest", Number(0.001, 1e9, 10.0, 3)),
)


class FootprintSettings(Popup):
    """`style_changed` and `studies_changed` carry the whole new value.

    `controls` are by path: `style.FIELD`, the name of a study, or `STUDY.PARAMETER`.
    """

    style_changed = Signal(object)
    studies_changed = Signal(object)

    def __init__(self, parent: QWidget, studies: Sequence[ChartStudy]) -> None:
        super().__init__(parent)
        self.style_value, self.settings = Style(), StudySettings(studies)
        self.controls: dict[str, QWidget] = {}
        self._choices: dict[str, list[StrEnum]] = {}
        self._silent = False
        line = line_of(within=self, margins=(3 * CELL, 3 * CELL, 3 * CELL, 3 * CELL), spacing=6 * CELL)
        for group in Group:
            line.addLayout(self._column(group, studies))

    def show_values(self, style: Style, settings: StudySettings) -> None:
        """Bring the controls in step; nothing is emitted."""
        self.style_value, self.settings, self._silent = style, settings, True
        for option in STYLE_OPTIONS:
            self._show(f"style.{option.field}", getattr(style, option.field))
        for study in settings.studies:
            self._show(study.name, settings.shown(study.name))
            for one in study.parameters:
                self._show(f"{study.name}.{one.name}", settings.values(study.name)[one.name])
        self._silent = False
        self._enable()

    def _show(self, path: str, value: Any) -> None:
        control = self.controls[path]
        if isinstance(control, Choice):
            control.setCurrentIndex(self._choices[path].index(value))
        elif isinstance(control, QCheckBox):
            control.setChecked(value)
        elif isinstance(control, QDoubleSpinBox):
            control.setValue(value * float(control.property("factor")))

    def _column(self, group: Group, studies: Sequence[ChartStudy]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * CELL)
        grid.setVerticalSpacing(CELL)
        head = QLabel(group.value)
        head.setFont(theme().font(small=True, bold=True))
        tint(head, "faint")
        grid.addWidget(head, 0, 0, 1, 2)
        for text, control in self._lines(group, studies):
            label, row = QLabel(text), grid.rowCount()
            tint(label, "muted")
            grid.addWidget(label, row, 0)
            grid.addWidget(control, row, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        return grid

    def _lines(self, group: Group, studies: Sequence[ChartStudy]) -> Iterator[tuple[str, QWidget]]:
        """Labels and controls of a column, from top to bottom."""
        for option in STYLE_OPTIONS if group is Group.CELLS else ():
            change = partial(self._change_style, option.field)
            yield option.label, self._control(f"style.{option.field}", option.kind, {}, change)
        for study in studies:
            if study.group is group:
                yield f"{study.label}  {study.key}".rstrip(), self._check(study)
                for one in study.parameters:
                    change = partial(self._change_value, study, one)
                    yield (
                        f"  {one.label}",
                        self._control(f"{study.name}.{one.name}", one.kind, one.texts or {}, change),
                    )

    def _check(self, study: ChartStudy) -> QCheckBox:
        control = self.controls[study.name] = QCheckBox()
        control.setToolTip(study.help)
        control.toggled.connect(lambda on: self._take(self.settings.show(study.name, on)))
        return control

    def _control(
        self, path: str, kind: Number | type[StrEnum], texts: Mapping[Any, str], change: Callable[[Any], None]
    ) -> QWidget:
        control: QWidget
        if isinstance(kind, Number):
            control = box = _number(kind)
            box.valueChanged.connect(lambda value: change(value / kind.factor))
        else:
            control = choice = Choice()
            members = self._choices[path] = list(kind)  # Qt gives strings back, not members
            for member in members:
                choice.addItem(texts.get(member, member.value))
            choice.currentIndexChanged.connect(lambda index: change(members[index]))
        self.controls[path] = control
        return control

    def _change_style(self, field: str, value: Any) -> None:
        if not self._silent:
            self.style_value = replace(self.style_value, **{field: value})
            self.style_changed.emit(self.style_value)
            self._enable()

    def _change_value(self, study: ChartStudy, one: Parameter, value: Any) -> None:
        self._take(self.settings.put(study.name, **{one.name: parsed(one, value)}))

    def _take(self, settings: StudySettings) -> None:
        if not self._silent:
            self.settings = settings
            self.studies_changed.emit(settings)
            self._enable()

    def _enable(self) -> None:
        """What has no effect now is grey."""
        self.controls["style.fixed_largest"].setEnabled(self.style_value.shading is Shading.FIXED)
        for study in self.settings.studies:
            for one in study.parameters:
                self.controls[f"{study.name}.{one.name}"].setEnabled(self.settings.used(study, one))


def _number(spec: Number) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(spec.decimals)
    box.setRange(spec.low, spec.high)
    box.setSingleStep(spec.step)
    box.setSuffix(spec.suffix)
    box.setToolTip("Type, turn the wheel, or press up and down")
    box.setGroupSeparatorShown(True)
    box.setKeyboardTracking(False)
    box.setProperty("factor", spec.factor)
    return box
