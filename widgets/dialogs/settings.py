"""The settings dialog, generated from the settings' declaration: a line each with range, unit and help, searchable."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QWidget,
)

from widgets.elements.captions import Choice, set_text, tint
from widgets.elements.layouts import column_of
from widgets.theme.theme import CELL, theme
from workstation.settings.declaration import Setting, Settings, SettingsKeeper, checked, declared, with_known


class SettingsDialog(QDialog):
    """Changes apply at once; a note names those that apply at the next start."""

    def __init__(self, parent: QWidget | None, keeper: SettingsKeeper) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._keeper = keeper
        self.search, self.note = QLineEdit(), QLabel()
        self.lines: dict[str, SettingLine] = {}
        self._headings: dict[str, QLabel] = {}
        self._lay_out()
        self.search.textChanged.connect(self.show_found)
        self.resize(680, 640)

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.note.setWordWrap(True)
        tint(self.note, "gap")
        page = QWidget()
        rows = column_of(within=page, margins=(0, 0, 3 * CELL, 0), spacing=2 * CELL)
        for one in declared():
            if one.group not in self._headings:
                rows.addWidget(self._heading(one.group))
            line = self.lines[one.name] = SettingLine(one, getattr(self._keeper.current, one.name))
            line.chosen.connect(self._choose)
            rows.addWidget(line)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        column_of(
            self.search,
            scroll,
            self.note,
            self._buttons(),
            within=self,
            margins=(4 * CELL, 4 * CELL, 4 * CELL, 4 * CELL),
            spacing=3 * CELL,
        )

    def _heading(self, group: str) -> QLabel:
        label = self._headings[group] = QLabel(group.upper())
        label.setFont(theme().font(small=True, bold=True))
        tint(label, "muted")
        return label

    def _buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        parts = (("Import...", self._import), ("Export...", self._export), ("All defaults", self._defaults))
        for text, effect in parts:
            line.addWidget(_button(text, effect))
        line.addStretch(1)
        line.addWidget(_button("Close", self.accept))
        return line

    def show_found(self, typed: str) -> None:
        """Show the settings that contain every typed term in name, title, help or group."""
        terms = typed.lower().split()
        seen = set()
        for one in declared():
            text = f"{one.name} {one.title} {one.help} {one.group}".lower()
            fits = all(term in text for term in terms)
            self.lines[one.name].setVisible(fits)
            if fits:
                seen.add(one.group)
        for group, heading in self._headings.items():
            heading.setVisible(group in seen)

    def _choose(self, name: str, value: object) -> None:
        self._change(msgspec.structs.replace(self._keeper.current, **{name: value}))

    def _change(self, settings: Settings, note: str = "") -> None:
        before = self._keeper.current
        notes = [note, self._keeper.change(settings)]
        if any(one.restart and getattr(before, one.name) != getattr(settings, one.name) for one in declared()):
            notes.append("applies at the next start of the program")
        set_text(self.note, "; ".join(one for one in notes if one))

    def _show(self, settings: Settings) -> None:
        for name, line in self.lines.items():
            line.show_value(getattr(settings, name))

    def _defaults(self) -> None:
        self._change(Settings())
        self._show(self._keeper.current)

    def _import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import settings", "", "Settings (*.json)")
        if path:
            self.import_file(Path(path))

    def import_file(self, path: Path) -> None:
        """Load settings from a file; invalid ones are named in the note and set to their defaults."""
        try:
            raw = msgspec.json.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            set_text(self.note, f"{path.name} is not a settings file")
            return
        settings, broken = with_known(raw if isinstance(raw, dict) else {})
        self._change(settings, f"invalid, set to default: {', '.join(broken)}" if broken else f"imported {path.name}")
        self._show(self._keeper.current)

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export settings", "settings.json", "Settings (*.json)")
        if path:
            self.export_file(Path(path))

    def export_file(self, path: Path) -> None:
        try:
            path.write_bytes(msgspec.json.format(msgspec.json.encode(self._keeper.current), indent=2))
        except OSError as error:
            set_text(self.note, f"could not write {path.name}: {error.strerror or error}")
            return
        set_text(self.note, f"exported to {path.name}")


class SettingLine(QWidget):
    """One setting: title, control and help. `chosen` carries its name and the validated value."""

    chosen = Signal(str, object)

    def __init__(self, one: Setting, value: Any) -> None:
        super().__init__()
        self._one = one
        self.control, self._show, self._value = _control(one, self._choose)
        self.control.setAccessibleName(one.title)
        self.control.setAccessibleDescription(one.help)
        self.trouble = QLabel()
        tint(self.trouble, "error")
        self.trouble.hide()
        self._lay_out()
        self.show_value(value)

    def _lay_out(self) -> None:
        about = f"{self._one.help} Default: {_value_text(self._one.default)}."
        if self._one.restart:
            about += " Applies at the next start."
        text = QLabel(about)
        text.setWordWrap(True)
        text.setFont(theme().font(small=True))
        tint(text, "muted")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(0)
        title = QLabel(self._one.title)
        title.setMinimumWidth(132)
        form.addRow(title, self.control)
        form.addRow("", text)
        form.addRow("", self.trouble)

    def show_value(self, value: Any) -> None:
        """Show a value without emitting `chosen`."""
        self.control.blockSignals(True)
        self._show(value)
        self.control.blockSignals(False)

    def _choose(self) -> None:
        try:
            value = checked(self._one.name, self._value())
        except ValueError as error:
            set_text(self.trouble, str(error))
            self.trouble.show()
            return
        self.trouble.hide()
        self.chosen.emit(self._one.name, value)


Control = tuple[QWidget, Callable[[Any], object], Callable[[], Any]]


def _control(one: Setting, chosen: Callable[[], None]) -> Control:
    """The widget for a setting's type, the function that shows a value in it, and the one that reads it."""
    if one.kind is bool:
        return _check(chosen)
    if one.kind in (int, float):
        return _number(one, chosen)
    if isinstance(one.kind, type) and issubclass(one.kind, StrEnum):
        return _choice(one, chosen)
    return _line(one, chosen)


def _check(chosen: Callable[[], None]) -> Control:
    box = QCheckBox()
    box.toggled.connect(lambda _: chosen())
    return box, box.setChecked, box.isChecked


def _number(one: Setting, chosen: Callable[[], None]) -> Control:
    whole = one.kind is int
    box: Any = QSpinBox() if whole else QDoubleSpinBox()
    box.setRange(one.low, one.high)
    box.setKeyboardTracking(False)
    box.setSuffix(f" {one.unit}" if one.unit else "")
    if not whole:
        box.setSingleStep(0.1)
    box.valueChanged.connect(lambda _: chosen())
    return box, box.setValue, box.value


def _choice(one: Setting, chosen: Callable[[], None]) -> Control:
    box = Choice()
    box.addItems([str(value) for value in one.kind])
    box.currentIndexChanged.connect(lambda _: chosen())
    return box, lambda value: box.setCurrentText(str(value)), box.currentText


def _line(one: Setting, chosen: Callable[[], None]) -> Control:
    line = QLineEdit()
    line.editingFinished.connect(chosen)
    if one.kind is str:
        return line, line.setText, lambda: line.text().strip()
    if one.default.__class__ is tuple:
        return line, lambda value: line.setText(" ".join(value)), lambda: line.text().upper().replace(",", " ").split()
    line.setPlaceholderText("pane.recentre=X workspace.2=F9")
    return (
        line,
        lambda value: line.setText(" ".join(f"{name}={key}" for name, key in value.items())),
        lambda: _pairs(line),
    )


def _pairs(line: QLineEdit) -> dict[str, str]:
    """`name=key` pairs separated by spaces; a name alone has the empty key, which removes the shortcut."""
    pairs = (pair.partition("=") for pair in line.text().split())
    return {name: key for name, _, key in pairs}


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | dict):
        return " ".join(value) or "none"
    return str(value) or "none"


def _button(text: str, effect: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: effect())
    return button
