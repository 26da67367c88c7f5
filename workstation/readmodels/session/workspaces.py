"""A saved workspace: open panes, their layout, link groups and settings."""

from typing import Any, Protocol

import msgspec


class PaneMemory(msgspec.Struct, frozen=True, kw_only=True):
    """One pane: its link group and its own settings as JSON values."""

    group: int = 1
    state: dict[str, Any] = msgspec.field(default_factory=dict)


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """`preset` is the name of the shipped layout it started from; `moved`: the user has rearranged it since.

    `docks` is Qt's state of the docks, base64; `bases` the base of each link group. `panes` are by dock name, in order
    of creation.
    """

    preset: str = ""
    moved: bool = False
    docks: str = ""
    bases: dict[int, str] = msgspec.field(default_factory=dict)
    panes: dict[str, PaneMemory] = msgspec.field(default_factory=dict)


class Desktop(msgspec.Struct, frozen=True, kw_only=True):
    """Saved window geometry, base64, and the name of the open workspace."""

    geometry: str = ""
    workspace: str = ""


class WorkspaceStore(Protocol):
    """Storage of workspaces. Nothing raises: a failure becomes a notice for the user."""

    notices: list[str]

    def names(self) -> list[str]:
        """Names of the stored workspaces, sorted."""

    def load(self, name: str) -> Workspace | None:
        """A stored workspace; None if there is none or it cannot be read."""

    def save(self, name: str, workspace: Workspace) -> None:
        """Store a workspace atomically."""

    def delete(self, name: str) -> None:
        """Forget one."""

    def load_desktop(self) -> Desktop:
        """Window state of the last run."""

    def save_desktop(self, desktop: Desktop) -> None:
        """Store the window state."""


class InMemoryWorkspaces:
    """Workspaces in memory, lost when the program ends."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self._workspaces: dict[str, Workspace] = {}
        self._desktop = Desktop()

    def names(self) -> list[str]:
        return sorted(self._workspaces)

    def load(self, name: str) -> Workspace | None:
        return self._workspaces.get(name)

    def save(self, name: str, workspace: Workspace) -> None:
        self._workspaces[name] = workspace

    def delete(self, name: str) -> None:
        self._workspaces.pop(name, None)

    def load_desktop(self) -> Desktop:
        return self._desktop

    def save_desktop(self, desktop: Desktop) -> None:
        self._desktop = desktop
