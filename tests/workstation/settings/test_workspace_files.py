"""Workspaces on disk: round trip, damage, a disk that refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.readmodels.session.workspaces import Desktop, PaneMemory, Workspace
from workstation.settings.workspaces import ReadOnlyWorkspaces, WorkspaceFiles

KEPT = Workspace(preset="Flow", moved=True, docks="AA==", bases={1: "BTC"}, panes={"cvd": PaneMemory(state={"a": 1})})


@pytest.fixture
def files(tmp_path: Path) -> WorkspaceFiles:
    return WorkspaceFiles(tmp_path / "workspaces")


@pytest.mark.parametrize("name", ["Flow", "a/b", "..", "ä ö 中", "50% off", "con:1"])
def test_any_name_comes_back(files: WorkspaceFiles, name: str) -> None:
    files.save(name, KEPT)
    assert files.names() == [name]
    assert files.load(name) == KEPT
    assert not files.notices
    files.delete(name)
    assert files.load(name) is None


def test_the_window_comes_back(files: WorkspaceFiles) -> None:
    assert files.load_desktop() == Desktop()
    files.save_desktop(Desktop(geometry="AA==", workspace="Flow"))
    assert files.load_desktop().workspace == "Flow"


@given(junk=st.binary(max_size=60))
def test_a_broken_file_is_kept_aside_and_named(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    files = WorkspaceFiles(tmp_path_factory.mktemp("kept") / "workspaces")
    files.folder.mkdir()
    (files.folder / "Flow.json").write_bytes(b"[" + junk)
    assert files.load("Flow") is None
    assert (files.folder / "Flow.bad").exists()
    assert "Flow.json cannot be read" in files.notices[0]
    assert files.names() == []


def test_a_disk_that_refuses_becomes_one_notice(tmp_path: Path) -> None:
    (tmp_path / "workspaces").write_text("a file where the folder should be")
    files = WorkspaceFiles(tmp_path / "workspaces")
    files.save("Flow", KEPT)
    files.save("Flow", KEPT)
    assert len(files.notices) == 1
    assert "Flow.json was not saved" in files.notices[0]


def test_what_is_only_seen_is_not_changed(files: WorkspaceFiles) -> None:
    files.save("Flow", KEPT)
    seen = ReadOnlyWorkspaces(files)
    assert seen.load("Flow") == KEPT
    seen.save("Flow", Workspace())
    assert files.load("Flow") == KEPT
