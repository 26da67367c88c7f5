"""Named layouts of panes: presets and the user's own, switching and saving.

A workspace is saved soon after every change. Until the user moves a pane it follows its preset, which has another
layout for narrow windows.
"""

import base64
import binascii
import logging
from collections.abc import Callable

from PySide6.QtCore import QByteArray, QObject, Qt, Signal
from PySide6.QtWidgets import QMainWindow

from widgets.workspaces.dock_set import DockSet
from widgets.workspaces.layout_spec import Node, arrange, names, pruned, restore_state
from widgets.workspaces.presets import NARROW_PX, PRESETS, START
from workstation.readmodels.session.workspaces import Desktop, PaneMemory, Workspace, WorkspaceStore

log = logging.getLogger(__name__)


class Workspaces(QObject):
    """Owns which workspace is open. `changed` follows a switch and any change of the list."""

    changed = Signal()

    def __init__(self, window: QMainWindow, docks: DockSet, store: WorkspaceStore) -> None:
        super().__init__(window)
        self.current = ""
        self.store = store
        self._window, self._docks = window, docks
        self._narrow: bool | None = None
        self._moved = False
        self._arranging = False
        self._saved: Workspace | None = None
        self._saved_desktop: Desktop | None = None
        self._preset = START
        docks.moved.connect(self._on_moved)

    def names(self) -> list[str]:
        """The presets, then the workspaces saved under other names."""
        return [*PRESETS, *(name for name in self.store.names() if name not in PRESETS)]

    def start(self) -> None:
        """Open the workspace of the last run, or the start preset."""
        desktop = self.store.load_desktop()
        if desktop.geometry:
            self._window.restoreGeometry(_bytes(desktop.geometry))
        self.open(desktop.workspace if desktop.workspace in self.names() else START)

    def open(self, name: str) -> None:
        """Save the open workspace and switch to another."""
        self.save()
        stored = self.store.load(name)
        self.current = name
        self._narrow = self._window.width() < NARROW_PX
        preset = name if name in PRESETS else START
        self._apply(stored or Workspace(preset=preset))
        self._docks.links.share_ranges()
        self._saved = self.capture()
        self.changed.emit()

    def open_number(self, number: int) -> None:
        """Open the n-th of the list, from 1; beyond its end nothing happens."""
        if 1 <= number <= len(self.names()):
            self.open(self.names()[number - 1])

    def save_as(self, name: str) -> None:
        """Save the layout under another name and switch to it."""
        self.current = name
        self._moved = True
        self.save()
        self.changed.emit()

    def rename(self, name: str) -> None:
        """Rename the open workspace. A preset is copied instead."""
        old = self.current
        self.save_as(name)
        if old not in PRESETS and old != name:
            self.store.delete(old)
            self.changed.emit()

    def delete(self) -> None:
        """Delete the open workspace; a preset returns to its default."""
        self.store.delete(self.current)
        name = self.current if self.current in PRESETS else START
        self.current = ""
        self.open(name)

    def reset(self) -> None:
        """Restore the preset's layout; the settings of the panes stay."""
        self._moved = False
        self._arrange_preset()

    def resized(self) -> None:
        """After a change of the window's width, use the preset's layout for it unless the user moved a pane."""
        narrow = self._window.width() < NARROW_PX
        if self._narrow is not None and narrow != self._narrow:
            self._narrow = narrow
            if not self._moved:
                self._arrange_preset()

    def save(self) -> None:
        if not self.current or self._docks.maximised:
            return
        workspace = self.capture()
        if workspace != self._saved:
            self._saved = workspace
            self.store.save(self.current, workspace)

    def save_desktop(self) -> None:
        """Save the window's geometry and the name of the open workspace."""
        self.save()
        geometry = base64.b64encode(self._window.saveGeometry().data()).decode()
        desktop = Desktop(geometry=geometry, workspace=self.current)
        if desktop != self._saved_desktop:
            self._saved_desktop = desktop
            self.store.save_desktop(desktop)

    def capture(self) -> Workspace:
        """The current layout and settings of the panes."""
        docks, panes = self._docks.docks, self._docks.panes
        return Workspace(
            preset=self._preset,
            moved=self._moved,
            docks=base64.b64encode(self._window.saveState().data()).decode() if self._moved else "",
            bases=dict(self._docks.links.bases),
            panes={
                name: PaneMemory(group=pane.link_group, state=pane.state())
                for name, pane in panes.items()
                if docks[name].is_open
            },
        )

    def _apply(self, workspace: Workspace) -> None:
        self._preset, self._moved = workspace.preset, workspace.moved
        self._restore_panes(workspace)
        for group, base in workspace.bases.items():
            self._docks.links.set_base(group, base)
        if not (workspace.moved and self._restore_docks(workspace)):
            self._moved = False
            self._arrange_preset()

    def _restore_panes(self, workspace: Workspace) -> None:
        for name, memory in workspace.panes.items():
            if name.partition(":")[0] not in self._docks.kinds and name not in self._docks.panes:
                log.warning("the workspace has a pane %s that this version does not know", name)
                continue
            if name not in self._docks.panes:
                self._docks.make(name)
            self._docks.set_group(name, memory.group)
            self._docks.panes[name].restore(memory.state)

    def _restore_docks(self, workspace: Workspace) -> bool:
        """Restore the places of the docks; False if the saved state is unusable."""
        docks = self._docks.docks
        wanted = [name for name in workspace.panes if name in docks]

        def restore() -> bool:
            for dock in docks.values():
                self._window.removeDockWidget(dock)
            for name in wanted:
                self._window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks[name])
            restored = bool(wanted) and restore_state(self._window, docks.values(), _bytes(workspace.docks))
            self._docks.bring_back_lost()
            return restored

        return self._quietly(restore)

    def _arrange_preset(self) -> None:
        preset = PRESETS.get(self._preset) or PRESETS[START]
        known = {*self._docks.kinds, *self._docks.panes}
        tree = pruned(preset.narrow if self._narrow else preset.wide, known.__contains__)
        if tree is not None:
            self._quietly(lambda: self._arrange(tree))

    def _arrange(self, tree: Node) -> bool:
        for name in names(tree):
            if name not in self._docks.docks:
                self._docks.make(name)
        arrange(self._window, self._docks.docks, tree)
        return True

    def _quietly(self, work: Callable[[], bool]) -> bool:
        """Arrange docks without counting it as a change by the user."""
        before, self._arranging = self._arranging, True
        try:
            return work()
        finally:
            self._arranging = before

    def _on_moved(self) -> None:
        if not self._arranging and self._window.isVisible():
            self._moved = True


def _bytes(text: str) -> QByteArray:
    """Decode base64; empty for an invalid text."""
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()
