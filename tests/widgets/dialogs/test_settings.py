"""Settings: validation, a file that may be damaged, and the dialog generated from their declaration."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QLineEdit, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from widgets.dialogs.questions import parsed
from widgets.dialogs.settings import SettingsDialog
from widgets.elements.captions import Choice
from widgets.items.ticks import time_ticks
from widgets.theme import format as fmt
from workstation.settings import files
from workstation.settings.declaration import (
    Numbers,
    Settings,
    SettingsInMemory,
    ThemeName,
    checked,
    declared,
    documentation,
    with_known,
)
from workstation.settings.files import CurrentSettings

NOON = 1_782_302_400_000_000_000  # 2026-06-24 12:00:00 UTC


@pytest.fixture
def keeper() -> SettingsInMemory:
    return SettingsInMemory()


@pytest.fixture
def dialog(qtbot: QtBot, keeper: SettingsInMemory) -> SettingsDialog:
    made = SettingsDialog(None, keeper)
    qtbot.addWidget(made)
    made.show()
    return made


def button(dialog: SettingsDialog, text: str) -> QPushButton:
    return next(one for one in dialog.findChildren(QPushButton) if one.text() == text)


def test_every_setting_is_described_and_has_a_default_within_its_bounds() -> None:
    for one in declared():
        assert one.title
        assert one.help
        assert one.group
        assert checked(one.name, one.default) == one.default
        assert f"`{one.name}`" in documentation()


def test_an_invalid_value_resets_only_its_own_setting() -> None:
    known, broken = with_known({"scale": 9, "history_minutes": 30, "theme": "pink", "time_zone": "Mars/X", "y": 1})
    assert broken == ["theme", "scale", "time_zone"]
    assert known == Settings(history_minutes=30)


def test_settings_are_saved_and_loaded(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    wanted = Settings(bases=("SOL",), theme=ThemeName.LIGHT, keys={"pane.next": "F8"})
    files.save(wanted, file)
    assert files.load(file) == (wanted, "")


@given(junk=st.binary(max_size=80))
def test_any_bytes_load_as_settings(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    file.write_bytes(junk)
    known, notice = files.load(file)
    assert isinstance(known, Settings)
    assert notice or isinstance(msgspec.json.decode(junk), dict)


def test_listeners_receive_a_change_even_if_it_cannot_be_written(tmp_path: Path) -> None:
    changes = []
    used = CurrentSettings(Settings(), tmp_path / "no folder" / "settings.json")
    used.add_listener(lambda before, after: changes.append((before.scale, after.scale)))
    assert "not saved" in used.change(Settings(scale=1.5))
    assert changes == [(1.0, 1.5)]
    assert used.current.scale == 1.5


def test_the_dialog_has_a_control_of_the_right_kind_for_every_setting(dialog: SettingsDialog) -> None:
    kinds = {bool: QCheckBox, int: QSpinBox, float: QDoubleSpinBox, ThemeName: Choice, Numbers: Choice}
    for one in declared():
        assert isinstance(dialog.lines[one.name].control, kinds.get(one.kind, QLineEdit)), one.name


def test_a_change_in_the_dialog_applies_at_once(dialog: SettingsDialog, keeper: SettingsInMemory) -> None:
    dialog.lines["theme"].control.setCurrentText("light")
    dialog.lines["sound"].control.setChecked(False)
    dialog.lines["scale"].control.setValue(1.3)
    bases = dialog.lines["bases"].control
    bases.setText("sol, eth")
    bases.editingFinished.emit()
    keys = dialog.lines["keys"].control
    keys.setText("pane.next=F8")
    keys.editingFinished.emit()
    assert keeper.current == Settings(
        theme=ThemeName.LIGHT, sound=False, scale=1.3, bases=("SOL", "ETH"), keys={"pane.next": "F8"}
    )
    assert (
        "next start" in dialog.lines["bases"].findChild(QLineEdit).accessibleDescription() or dialog.note.text() == ""
    )


def test_an_invalid_value_is_named_and_changes_nothing(dialog: SettingsDialog, keeper: SettingsInMemory) -> None:
    zone = dialog.lines["time_zone"]
    zone.control.setText("Mars/Olympus")
    zone.control.editingFinished.emit()
    assert "no time zone" in zone.trouble.text()
    assert keeper.current == Settings()


def test_search_shows_settings_with_every_typed_term(dialog: SettingsDialog) -> None:
    dialog.search.setText("disk less")
    assert not any(line.isVisible() for line in dialog.lines.values())
    dialog.search.setText("recording left")
    assert [name for name, line in dialog.lines.items() if line.isVisible()] == ["free_gigabytes"]


def test_export_and_import(dialog: SettingsDialog, keeper: SettingsInMemory, tmp_path: Path) -> None:
    dialog.lines["scale"].control.setValue(1.5)
    dialog.export_file(tmp_path / "mine.json")
    button(dialog, "All defaults").click()
    assert keeper.current.scale == 1.0
    dialog.import_file(tmp_path / "mine.json")
    assert keeper.current.scale == 1.5
    assert dialog.lines["scale"].control.value() == 1.5
    (tmp_path / "junk.json").write_bytes(b"\xff\x00")
    dialog.import_file(tmp_path / "junk.json")
    assert "not a settings file" in dialog.note.text()


@pytest.fixture
def habits():
    yield fmt.use_habits
    fmt.use_habits()


@pytest.mark.parametrize(
    ("zone", "text", "name"),
    [("UTC", "12:00:00", "UTC"), ("Asia/Kathmandu", "17:45:00", "+0545"), ("America/St_Johns", "09:30:00", "NDT")],
)
def test_times_are_formatted_and_parsed_in_the_chosen_zone(habits, zone: str, text: str, name: str) -> None:
    habits(zone)
    assert fmt.clock(NOON) == text
    assert fmt.zone_name(NOON) == name
    assert parsed(fmt.date_clock(NOON), 0) == NOON


def test_axis_ticks_are_round_in_the_chosen_zone(habits) -> None:
    habits("Asia/Kathmandu")
    texts = [text for _, text, _ in time_ticks(NOON, NOON + 6 * 3_600_000_000_000, 600)]
    assert texts == ["18:00", "19:00", "20:00", "21:00", "22:00", "23:00"]


def test_full_numbers(habits) -> None:
    habits(short=False)
    assert (fmt.size(1_240_000), fmt.size(12.5), fmt.signed(-1_240_000)) == ("1,240,000", "12.5", "−1,240,000")
