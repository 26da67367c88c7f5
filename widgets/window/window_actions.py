"""What the window itself can be told, from keys, menus and the palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from widgets.window.actions import Action
from widgets.workspaces.links import GROUPS

if TYPE_CHECKING:
    from widgets.window.main_window import MainWindow

WORKSPACE_MENU = ("workspace.save_as", "workspace.rename", "workspace.reset", "workspace.delete")


def window_actions(window: MainWindow) -> tuple[Action, ...]:
    """All of them, in the order of the cheat sheet."""
    return (*_session(window), *_panes(window), *_workspaces(window), *_window(window))


def _session(window: MainWindow) -> tuple[Action, ...]:
    docks = window.dock_set
    return (
        Action("session.record", "Session", "start or stop recording", window.playback.toggle_recording, ("R",)),
        Action("session.bookmark", "Session", "bookmark this moment", window.playback.mark_now, ("B",)),
        Action("session.open", "Session", "open a recording...", window.open_recording, ("Ctrl+O",)),
        Action(
            "session.library", "Session", "library of recordings", partial(docks.open, "library"), ("Ctrl+Shift+O",)
        ),
        Action("session.go_to", "Session", "go to a time...", window.ask_time, ("Alt+G",)),
    )


def _panes(window: MainWindow) -> tuple[Action, ...]:
    docks = window.dock_set
    groups = (
        Action(
            f"pane.group{group}",
            "Link group of the pane",
            f"link group {group}" if group else "not linked",
            partial(docks.set_focused_group, group),
            (str(group),),
        )
        for group in (*range(1, GROUPS + 1), 0)
    )
    return (
        Action("pane.recentre", "Panes", "re-centre the ladder", window.recentre, ("C",)),
        Action("pane.cancel", "Panes", "resume the tape, drop a measurement", window.cancel, ("Esc",)),
        Action("pane.next", "Panes", "next pane", partial(docks.focus_next, 1), ("F6",)),
        Action("pane.previous", "Panes", "previous pane", partial(docks.focus_next, -1), ("Shift+F6",)),
        Action("pane.maximise", "Panes", "maximise the pane, and back", docks.maximise_focused, ("Alt+Return",)),
        Action("pane.menu", "Panes", "menu of the pane", docks.open_focused_menu, ("Ctrl+M",)),
        Action("pane.context", "Panes", "what a right click opens", docks.ask_context_menu, ("Shift+F10",)),
        Action("pane.copy", "Panes", "copy the pane as data", docks.copy_focused, ("Ctrl+Shift+D",)),
        Action("pane.help", "Panes", "help for the pane", docks.help_focused, ("Shift+F1",)),
        *groups,
    )


def _workspaces(window: MainWindow) -> tuple[Action, ...]:
    spaces = window.workspaces
    numbers = (
        Action(
            f"workspace.{number}",
            "Workspaces",
            f"workspace {number}",
            partial(spaces.open_number, number),
            (f"Ctrl+{number}",),
        )
        for number in range(1, 10)
    )
    return (
        *numbers,
        Action("workspace.save_as", "Workspaces", "save workspace as...", window.save_workspace_as, ("Ctrl+Shift+S",)),
        Action("workspace.rename", "Workspaces", "rename workspace...", window.rename_workspace),
        Action("workspace.reset", "Workspaces", "shipped arrangement", spaces.reset, ("Ctrl+0",)),
        Action("workspace.delete", "Workspaces", "delete workspace, or what was changed", spaces.delete),
    )


def _window(window: MainWindow) -> tuple[Action, ...]:
    return (
        Action("window.find", "Window", "find anything...", window.show_palette, ("Ctrl+K",)),
        Action("window.guide", "Window", "guide", window.show_guide, ("F1",)),
        Action("window.settings", "Window", "settings...", window.show_settings, ("Ctrl+,",)),
        Action("window.screenshot", "Window", "screenshot to a file...", window.screenshot, ("Alt+S",)),
        Action("window.copy", "Window", "copy a picture", window.copy_picture, ("Ctrl+Shift+C",)),
        Action("window.full_screen", "Window", "full screen", window.toggle_full_screen, ("F11",)),
        Action("window.keys", "Window", "these keys", window.show_keys, ("?", "Shift+?")),
        Action("window.quit", "Window", "quit", window.close, ("Ctrl+Q",)),
    )
