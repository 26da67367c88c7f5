"""The session's controls as the window sees them. No call waits for its effect, which shows in the next StatusView."""

from enum import StrEnum
from pathlib import Path
from typing import Protocol, assert_never

from widgets.commands import (
    Command,
    DeleteRecording,
    LoadOlder,
    OpenRecording,
    RemoveAlert,
    ResetPaper,
    SetAlert,
    SetNote,
    SetPaper,
)
from workstation.readmodels.session.alerts import AlertRule
from workstation.readmodels.universe.paper import PaperSettings


class Step(StrEnum):
    """How far one step of a paused replay goes."""

    EVENT = "event"
    MS100 = "100 ms"
    SECOND = "1 s"
    BAR = "bar"


class Controls(Protocol):
    """Playback and recording. A call that the source does not support (see `Capabilities`) changes nothing."""

    def play(self) -> None:
        """Play at the set speed; at the end of a recording this does nothing."""

    def pause(self) -> None:
        """Pause a recording; a live source ignores it."""

    def toggle(self) -> None:
        """Pause when playing, play when paused."""

    def set_speed(self, speed: float) -> None:
        """Play `speed` times as fast as recorded. The numbers shown are the same at any speed."""

    def seek(self, ts_ns: int) -> None:
        """Go to a moment of the recording, clamped to its bounds. State is rebuilt, so every pane is cleared first."""

    def approach(self, ts_ns: int) -> None:
        """Like `seek`, but stop on the way where it takes long, for a timeline that is being dragged."""

    def step(self, unit: Step) -> None:
        """Advance by one unit and pause there."""

    def focus(self, base: str) -> None:
        """Subscribe to all data of a base, if the source is live."""

    def load_older(self, base: str, until_ns: int) -> bool:
        """Load trades of a base before a time (ns) from the recordings; True if there are any."""

    def toggle_recording(self) -> None:
        """Start or stop recording. A failure shows as `StatusView.recording_failed`."""

    def open_recording(self, *paths: Path) -> None:
        """Replay this file, or several as one, paused at the start; a live source keeps running."""

    def go_live(self) -> None:
        """Leave the recording for the live source, which has been running meanwhile."""

    def bookmark(self, text: str) -> None:
        """Bookmark the moment shown, in the recording that is replayed or written."""

    def remove_bookmark(self, ts_ns: int) -> None:
        """Remove a bookmark of the replayed recording."""

    def set_note(self, path: Path, note: str) -> None:
        """Save the note of a recording."""

    def delete_recording(self, path: Path) -> None:
        """Delete a recording that is not in use. A failure becomes a notice."""

    def set_alert(self, rule: AlertRule) -> None:
        """Change an alert rule, or add one (id 0)."""

    def remove_alert(self, number: int) -> None:
        """Remove the alert rule of this id."""

    def set_paper(self, settings: PaperSettings) -> None:
        """Use these settings for the paper book of the current session from now on."""

    def reset_paper(self) -> None:
        """Start the paper book of the current session again."""


def perform(controls: Controls, command: Command) -> None:
    """Carry out what a pane asks for."""
    match command:
        case LoadOlder(base, until_ns):
            controls.load_older(base, until_ns)
        case OpenRecording(path, more):
            controls.open_recording(path, *more)
        case SetNote(path, note):
            controls.set_note(path, note)
        case DeleteRecording(path):
            controls.delete_recording(path)
        case SetAlert(rule):
            controls.set_alert(rule)
        case RemoveAlert(number):
            controls.remove_alert(number)
        case SetPaper(settings):
            controls.set_paper(settings)
        case ResetPaper():
            controls.reset_paper()
        case _:
            assert_never(command)
