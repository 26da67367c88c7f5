"""Workspaces on disk, one JSON file each. An unreadable file is renamed to `.bad`, with a notice."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote

import msgspec

from workstation.readmodels.session.workspaces import Desktop, InMemoryWorkspaces, Workspace
from workstation.settings import paths

log = logging.getLogger(__name__)

Stored = TypeVar("Stored", Workspace, Desktop)


class WorkspaceFiles:
    """The workspaces of one folder. `notices` collects messages for the user; the caller that shows them clears it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.config_dir() / "workspaces"
        self.notices: list[str] = []
        self._desktop = self.folder.parent / "window.json"

    def names(self) -> list[str]:
        """All saved workspaces, sorted by name."""
        return sorted((unquote(file.stem) for file in self.folder.glob("*.json")), key=str.casefold)

    def load(self, name: str) -> Workspace | None:
        """Load a workspace; None where there is none or it is unreadable."""
        return self._read(self._file(name), Workspace)

    def save(self, name: str, workspace: Workspace) -> None:
        """Save a workspace atomically; a failure becomes a notice."""
        self._write(self._file(name), workspace)

    def delete(self, name: str) -> None:
        """Delete a workspace; a failure becomes a notice."""
        self._attempt(f"the workspace {name} was not deleted", lambda: self._file(name).unlink(missing_ok=True))

    def load_desktop(self) -> Desktop:
        return self._read(self._desktop, Desktop) or Desktop()

    def save_desktop(self, desktop: Desktop) -> None:
        """Save the window state; a failure becomes a notice."""
        self._write(self._desktop, desktop)

    def _file(self, name: str) -> Path:
        return self.folder / f"{quote(name, safe=' ')}.json"

    def _read(self, file: Path, kind: type[Stored]) -> Stored | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("%s cannot be read (%s)", file, error)
            bad = file.with_suffix(".bad")
            self._attempt(f"{file.name} could not be set aside", lambda: file.replace(bad))
            self.notices.append(f"{file.name} cannot be read; it was renamed to {bad.name}")
            return None

    def _write(self, file: Path, value: Workspace | Desktop) -> None:
        def write() -> None:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".new")
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2))
            draft.replace(file)

        self._attempt(f"{file.name} was not saved", write)

    def _attempt(self, failure: str, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:
            log.warning("%s", failure, exc_info=error)
            notice = f"{failure}: {error.strerror or error}"
            if notice not in self.notices:
                self.notices.append(notice)


class ReadOnlyWorkspaces(InMemoryWorkspaces):
    """Saved workspaces without writing changes, and with a default window state."""

    def __init__(self, saved: WorkspaceFiles) -> None:
        super().__init__()
        self._saved = saved

    def names(self) -> list[str]:
        return self._saved.names()

    def load(self, name: str) -> Workspace | None:
        """Load a saved workspace; None where there is none or it is unreadable."""
        return self._saved.load(name)
