"""A workspace as it is remembered: which panes are open, where, linked how and set up how."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec


class PaneMemory(msgspec.Struct, frozen=True, kw_only=True):
    """One pane: its link group and its own settings as JSON values."""

    group: int = 1
    state: dict[str, Any] = msgspec.field(default_factory=dict)


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """`preset` names the shipped layout that it still is, or began as; `moved` that a person has arranged it since.

    `docks` is Qt's state of the docks, base64; `bases` the base of each link group. `panes` are by their dock's name,
    in the order of their making.
    """

    preset: str = ""
    moved: bool = False
    docks: str = ""
    bases: dict[int, str] = msgspec.field(default_factory=dict)
    panes: dict[str, PaneMemory] = msgspec.field(default_factory=dict)


class Desktop(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of the window besides: its geometry, base64, and the workspace that was open."""

    geometry: str = ""
    workspace: str = ""


class WorkspaceStore(Protocol):
    """Where workspaces are kept. Nothing raises: a failure becomes a notice for the person."""

    notices: list[str]

    def names(self) -> list[str]:
        """All that are kept, in order of name."""

    def load(self, name: str) -> Workspace | None:
        """One of them; None where there is none or it cannot be read."""

    def save(self, name: str, workspace: Workspace) -> None:
        """Keep one, whole or not at all."""

    def delete(self, name: str) -> None:
        """Forget one."""

    def load_desktop(self) -> Desktop:
        """The window of the last run."""

    def save_desktop(self, desktop: Desktop) -> None:
        """Keep the window of this run."""


class InMemoryWorkspaces:
    """Workspaces of a window that leaves nothing behind."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self._kept: dict[str, Workspace] = {}
        self._desktop = Desktop()

    def names(self) -> list[str]:
        """All that are kept, in order of name."""
        return sorted(self._kept)

    def load(self, name: str) -> Workspace | None:
        """One of them; None where there is none."""
        return self._kept.get(name)

    def save(self, name: str, workspace: Workspace) -> None:
        """Keep one."""
        self._kept[name] = workspace

    def delete(self, name: str) -> None:
        """Forget one."""
        self._kept.pop(name, None)

    def load_desktop(self) -> Desktop:
        """The window as it was last."""
        return self._desktop

    def save_desktop(self, desktop: Desktop) -> None:
        """Keep the window."""
        self._desktop = desktop
