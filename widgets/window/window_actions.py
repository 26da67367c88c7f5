"""The actions of the main window, and the effects that open dialogs."""

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from widgets.dialogs.files import ask_picture, ask_recording, save_picture
from widgets.dialogs.questions import ask_name
from widgets.dialogs.settings import SettingsDialog
from widgets.theme import format as fmt
from widgets.window.actions import Action, ActionList
from widgets.window.cheat_sheet import CheatSheet
from widgets.window.controls import Controls
from widgets.window.guide import Guide, guide_text
from widgets.window.header import Header
from widgets.window.palette import Entry, Palette
from widgets.window.playback_bar import PlaybackBar
from widgets.workspaces.dock_set import DockSet
from widgets.workspaces.links import GROUPS
from widgets.workspaces.workspaces import Workspaces
from workstation.settings.declaration import SettingsKeeper

WORKSPACE_MENU = ("workspace.save_as", "workspace.rename", "workspace.reset", "workspace.delete")


class WindowActions(ActionList):
    """All actions of a window, in the order of the cheat sheet, and the effects that open dialogs."""

    def __init__(
        self,
        window: QMainWindow,
        header: Header,
        playback: PlaybackBar,
        docks: DockSet,
        spaces: Workspaces,
        controls: Controls,
        settings: SettingsKeeper,
    ) -> None:
        super().__init__(window)
        self._header, self._playback, self._docks, self._spaces = header, playback, docks, spaces
        self._controls, self._settings = controls, settings
        for actions in (playback.listed_actions(), self._session(), self._panes(), self._workspaces(), self._own()):
            self.add(actions)

    # --- effects

    def show_settings(self) -> None:
        SettingsDialog(self._window, self._settings).open()

    def go_to_time(self, typed: str = "") -> None:
        """Ask for a time: a replay jumps there, live charts show it."""
        if not self._playback.ask_time(typed):
            self._docks.ask_time()

    def save_workspace_as(self) -> None:
        """Ask for a name and save the arrangement under it."""
        ask_name(self._window, "Save workspace as", self._spaces.current, self._spaces.save_as)

    def rename_workspace(self) -> None:
        """Ask for another name of the open workspace."""
        ask_name(self._window, "Rename workspace", self._spaces.current, self._spaces.rename)

    def toggle_full_screen(self) -> None:
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def open_recording(self) -> None:
        ask_recording(self._window, self._controls.open_recording)

    def screenshot(self) -> None:
        """Take the picture now, then ask for a file name."""
        picture = self._window.grab()
        name = f"orderflow {fmt.date_clock(self._playback.now_ns).replace(':', '-')}.png"
        ask_picture(self._window, name, lambda path: save_picture(picture, path))

    def copy_picture(self) -> None:
        """Put a picture of the window on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self._window.grab())

    def show_keys(self) -> None:
        groups = {
            title: [(action.keys[0], action.text) for action in group if action.keys]
            for title, group in self.groups().items()
        }
        groups.update({pane.title: list(pane.keys) for pane in self._docks.panes.values() if pane.keys})
        CheatSheet(self._window, groups).open()

    def show_guide(self) -> None:
        Guide(self._window, guide_text(self._docks.kinds, self.groups())).open()

    def show_palette(self) -> None:
        """Find an action, a coin, a pane or a workspace by a few letters."""
        Palette(self._window, self.palette_entries()).open()

    def palette_entries(self) -> Iterator[Entry]:
        """Bases, workspaces, kinds of panes, actions."""
        for base in self._header.listed():
            yield Entry(base, "coin", partial(self._header.set_base, base))
        for name in self._spaces.names():
            yield Entry(name, "workspace", partial(self._spaces.open, name))
        for name, kind in self._docks.kinds.items():
            yield Entry(kind.title, "pane", partial(self._docks.open, name))
        for action in self:
            yield Entry(action.text, action.group.lower(), action.effect, action.keys[0] if action.keys else "")

    # --- lists

    def _session(self) -> tuple[Action, ...]:
        return (
            Action("session.record", "Session", "start or stop recording", self._playback.toggle_recording, ("R",)),
            Action("session.bookmark", "Session", "bookmark this moment", self._playback.mark_now, ("B",)),
            Action("session.open", "Session", "open a recording...", self.open_recording, ("Ctrl+O",)),
            Action(
                "session.library",
                "Session",
                "library of recordings",
                partial(self._docks.open, "library"),
                ("Ctrl+Shift+O",),
            ),
            Action("session.go_to", "Session", "go to a time...", self.go_to_time, ("Alt+G",)),
        )

    def _panes(self) -> tuple[Action, ...]:
        groups = (
            Action(
                f"pane.group{group}",
                "Link group of the pane",
                f"link group {group}" if group else "not linked",
                partial(self._docks.set_focused_group, group),
                (str(group), f"Alt+{group}"),
            )
            for group in (*range(1, GROUPS + 1), 0)
        )
        return (
            Action("pane.recentre", "Panes", "re-centre the ladder", self._docks.recentre, ("C",)),
            Action("pane.cancel", "Panes", "resume the tape, cancel a measurement", self._docks.cancel, ("Esc",)),
            Action("pane.next", "Panes", "next pane", partial(self._docks.focus_next, 1), ("F6",)),
            Action("pane.previous", "Panes", "previous pane", partial(self._docks.focus_next, -1), ("Shift+F6",)),
            Action("pane.maximise", "Panes", "maximise or restore pane", self._docks.maximise_focused, ("Alt+Return",)),
            Action("pane.menu", "Panes", "menu of the pane", self._docks.open_focused_menu, ("Ctrl+M",)),
            Action("pane.context", "Panes", "right-click menu", self._docks.ask_context_menu, ("Shift+F10",)),
            Action("pane.copy", "Panes", "copy the pane as data", self._docks.copy_focused, ("Ctrl+Shift+D",)),
            Action("pane.help", "Panes", "help for the pane", self._docks.help_focused, ("Shift+F1",)),
            *groups,
        )

    def _workspaces(self) -> tuple[Action, ...]:
        numbers = (
            Action(
                f"workspace.{number}",
                "Workspaces",
                f"workspace {number}",
                partial(self._spaces.open_number, number),
                (f"Ctrl+{number}",),
            )
            for number in range(1, 10)
        )
        return (
            *numbers,
            Action(
                "workspace.save_as", "Workspaces", "save workspace as...", self.save_workspace_as, ("Ctrl+Shift+S",)
            ),
            Action("workspace.rename", "Workspaces", "rename workspace...", self.rename_workspace),
            Action("workspace.reset", "Workspaces", "reset to default layout", self._spaces.reset, ("Ctrl+0",)),
            Action("workspace.delete", "Workspaces", "delete workspace, or reset a preset", self._spaces.delete),
        )

    def _own(self) -> tuple[Action, ...]:
        return (
            Action("window.find", "Window", "find anything...", self.show_palette, ("Ctrl+K",)),
            Action("window.guide", "Window", "guide", self.show_guide, ("F1",)),
            Action("window.settings", "Window", "settings...", self.show_settings, ("Ctrl+,",)),
            Action("window.screenshot", "Window", "screenshot to a file...", self.screenshot, ("Alt+S",)),
            Action("window.copy", "Window", "copy a picture", self.copy_picture, ("Ctrl+Shift+C",)),
            Action("window.full_screen", "Window", "full screen", self.toggle_full_screen, ("F11",)),
            Action("window.keys", "Window", "these keys", self.show_keys, ("?", "Shift+?")),
            Action("window.quit", "Window", "quit", self._window.close, ("Ctrl+Q",)),
        )
