"""Workspaces on disk, a JSON file each. A file that cannot be read is kept beside as `.bad` and named in a notice."""

from __future__ import annotations

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
    """The workspaces of one folder. `notices` gathers what a person should know; whoever shows them empties it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.config_dir() / "workspaces"
        self.notices: list[str] = []
        self._desktop = self.folder.parent / "window.json"

    def names(self) -> list[str]:
        """All that are kept, in order of name."""
        return sorted((unquote(file.stem) for file in self.folder.glob("*.json")), key=str.casefold)

    def load(self, name: str) -> Workspace | None:
        """One of them; None where there is none or it cannot be read."""
        return self._read(self._file(name), Workspace)

    def save(self, name: str, workspace: Workspace) -> None:
        """Keep one, whole or not at all."""
        self._write(self._file(name), workspace)

    def delete(self, name: str) -> None:
        """Forget one."""
        self._attempt(f"the workspace {name} was not deleted", lambda: self._file(name).unlink(missing_ok=True))

    def load_desktop(self) -> Desktop:
        """The window of the last run."""
        return self._read(self._desktop, Desktop) or Desktop()

    def save_desktop(self, desktop: Desktop) -> None:
        """Keep the window of this run."""
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
            self.notices.append(f"{file.name} cannot be read; it was kept as {bad.name}")
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


class Seen(InMemoryWorkspaces):
    """Kept workspaces to look at: changes are not written, and the window is a new one."""

    def __init__(self, kept: WorkspaceFiles) -> None:
        super().__init__()
        self._below = kept

    def names(self) -> list[str]:
        """Those that are kept."""
        return self._below.names()

    def load(self, name: str) -> Workspace | None:
        """One of those that are kept."""
        return self._below.load(name)
