"""What the window itself can be told, from keys, menus and the palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from widgets.commands import Command
from widgets.window.linking import GROUPS

if TYPE_CHECKING:
    from widgets.window.main_window import MainWindow

WORKSPACE_MENU = ("workspace.save_as", "workspace.rename", "workspace.reset", "workspace.delete")


def window_commands(window: MainWindow) -> tuple[Command, ...]:
    """All of them, in the order of the cheat sheet."""
    return (*_session(window), *_panes(window), *_workspaces(window), *_window(window))


def _session(window: MainWindow) -> tuple[Command, ...]:
    docks = window.dock_set
    return (
        Command("session.record", "Session", "start or stop recording", window.playback.toggle_recording, ("R",)),
        Command("session.bookmark", "Session", "bookmark this moment", window.playback.mark_now, ("B",)),
        Command("session.open", "Session", "open a recording...", window.open_recording, ("Ctrl+O",)),
        Command(
            "session.library", "Session", "library of recordings", partial(docks.open, "library"), ("Ctrl+Shift+O",)
        ),
        Command("session.go_to", "Session", "go to a time...", window.ask_time, ("Alt+G",)),
    )


def _panes(window: MainWindow) -> tuple[Command, ...]:
    docks = window.dock_set
    groups = (
        Command(
            f"pane.group{group}",
            "Link group of the pane",
            f"link group {group}" if group else "not linked",
            partial(docks.set_focused_group, group),
            (str(group),),
        )
        for group in (*range(1, GROUPS + 1), 0)
    )
    return (
        Command("pane.recentre", "Panes", "re-centre the ladder", window.recentre, ("C",)),
        Command("pane.cancel", "Panes", "resume the tape, drop a measurement", window.cancel, ("Esc",)),
        Command("pane.next", "Panes", "next pane", partial(docks.focus_next, 1), ("F6",)),
        Command("pane.previous", "Panes", "previous pane", partial(docks.focus_next, -1), ("Shift+F6",)),
        Command("pane.maximise", "Panes", "maximise the pane, and back", docks.maximise_focused, ("Alt+Return",)),
        Command("pane.menu", "Panes", "menu of the pane", docks.open_focused_menu, ("Ctrl+M",)),
        Command("pane.context", "Panes", "what a right click opens", docks.ask_context_menu, ("Shift+F10",)),
        Command("pane.copy", "Panes", "copy the pane as data", docks.copy_focused, ("Ctrl+Shift+D",)),
        Command("pane.help", "Panes", "help for the pane", docks.help_focused, ("Shift+F1",)),
        *groups,
    )


def _workspaces(window: MainWindow) -> tuple[Command, ...]:
    spaces = window.workspaces
    numbers = (
        Command(
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
        Command("workspace.save_as", "Workspaces", "save workspace as...", window.save_workspace_as, ("Ctrl+Shift+S",)),
        Command("workspace.rename", "Workspaces", "rename workspace...", window.rename_workspace),
        Command("workspace.reset", "Workspaces", "shipped arrangement", spaces.reset, ("Ctrl+0",)),
        Command("workspace.delete", "Workspaces", "delete workspace, or what was changed", spaces.delete),
    )


def _window(window: MainWindow) -> tuple[Command, ...]:
    return (
        Command("window.find", "Window", "find anything...", window.show_palette, ("Ctrl+K",)),
        Command("window.guide", "Window", "guide", window.show_guide, ("F1",)),
        Command("window.settings", "Window", "settings...", window.show_settings, ("Ctrl+,",)),
        Command("window.screenshot", "Window", "screenshot to a file...", window.screenshot, ("Alt+S",)),
        Command("window.copy", "Window", "copy a picture", window.copy_picture, ("Ctrl+Shift+C",)),
        Command("window.full_screen", "Window", "full screen", window.toggle_full_screen, ("F11",)),
        Command("window.keys", "Window", "these keys", window.show_keys, ("?", "Shift+?")),
        Command("window.quit", "Window", "quit", window.close, ("Ctrl+Q",)),
    )
