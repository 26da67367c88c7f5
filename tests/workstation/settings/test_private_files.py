"""The program's folders and its settings, which may contain the address of a webhook, are their owner's alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from workstation.settings import paths
from workstation.settings.files import Settings, save, settings_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_folders_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("WORKSTATION_HOME", str(home))
    folders = [paths.config_dir(), paths.data_dir(), paths.log_dir(), paths.recordings_dir(), home]
    assert [mode(folder) for folder in folders] == [0o700] * len(folders)


def test_default_folders_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKSTATION_HOME", raising=False)
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "user" / name))
    assert [mode(folder()) for folder in (paths.config_dir, paths.data_dir, paths.log_dir)] == [0o700] * 3


def test_settings_are_private_whatever_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path))
    for name in ("settings.json", "settings.new"):
        (paths.config_dir() / name).write_text("{}")
        (paths.config_dir() / name).chmod(0o644)
    save(Settings())
    assert mode(settings_file()) == 0o600
    assert [file.name for file in paths.config_dir().iterdir()] == ["settings.json"]
