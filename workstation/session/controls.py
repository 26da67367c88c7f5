"""What the window can ask of the session that is displayed: the other half of the desk, which only answers.

See `widgets.window.controls.Controls`. A call that the session cannot honour changes nothing.
"""

import logging
from pathlib import Path

from workstation.readmodels.session.alerts import AlertRule
from workstation.readmodels.session.library import Bookmark
from workstation.session.desk import Desk
from workstation.session.live import LiveSession
from workstation.session.replay import ReplaySession

log = logging.getLogger(__name__)

_STEPS_NS = {"event": None, "100 ms": 100_000_000, "1 s": 1_000_000_000}


class DeskControls:
    """Commands to the session, the library, the alert rules and the paper book of a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.focus, self.load_older = desk.focus, desk.load_older
        self.open_recording, self.go_live = desk.open_recording, desk.go_live
        self.set_paper, self.reset_paper = desk.paper.change, desk.paper.reset

    # --- playback

    def play(self) -> None:
        """Let recorded time run."""
        if (replay := self._replay) is not None:
            replay.play()

    def pause(self) -> None:
        """Stop recorded time."""
        if (replay := self._replay) is not None:
            replay.pause()

    def toggle(self) -> None:
        if (replay := self._replay) is not None:
            replay.toggle()

    def set_speed(self, speed: float) -> None:
        """Play `speed` times as fast as recorded."""
        if (replay := self._replay) is not None:
            replay.set_speed(speed)

    def seek(self, ts_ns: int) -> None:
        """Go to a moment of the recording."""
        if (replay := self._replay) is not None:
            replay.seek(ts_ns)

    def approach(self, ts_ns: int) -> None:
        """Go towards a moment of the recording, as far as a picture leaves time for."""
        if (replay := self._replay) is not None:
            replay.approach(ts_ns)

    def step(self, unit: str) -> None:
        """Advance by one unit ("event", "100 ms", "1 s", "bar") and pause there."""
        replay, bar_ns = self._replay, self._desk.bar_ns
        if replay is not None:
            replay.step(bar_ns - replay.tape.position_ns % bar_ns if unit == "bar" else _STEPS_NS[unit])

    @property
    def _replay(self) -> ReplaySession | None:
        session = self._desk.session
        return session if isinstance(session, ReplaySession) else None

    # --- recordings

    def toggle_recording(self) -> None:
        """Begin or end writing what is received."""
        if isinstance(self._desk.session, LiveSession):
            self._desk.session.toggle_recording()

    def set_note(self, path: Path, note: str) -> None:
        """Store a person's note on a recording."""
        self._desk.library.set_note(path, note)

    def bookmark(self, text: str) -> None:
        """Mark this moment of the recording that is replayed, or of the one that is being written."""
        desk, now_ns = self._desk, self._desk.status().now_ns
        began = [
            path for path in desk.replayed if (entry := desk.library.entry(path)) and (entry.start_ns or 0) <= now_ns
        ]
        path = next(iter(began or desk.replayed), desk.writing)
        if path is not None:
            desk.library.add_bookmark(path, Bookmark(now_ns, text))

    def remove_bookmark(self, ts_ns: int) -> None:
        """Remove a mark of the recording that is replayed."""
        for path in self._desk.replayed:
            self._desk.library.remove_bookmark(path, ts_ns)

    def delete_recording(self, path: Path) -> None:
        """Delete a file that is not in use; a failure becomes a notice."""
        if path in (*self._desk.replayed, self._desk.writing):
            self._desk.notices = (f"{path.name} is in use and was not deleted",)
            return
        try:
            self._desk.library.delete(path)
        except OSError as error:
            log.warning("%s was not deleted", path, exc_info=error)
            self._desk.notices = (f"{path.name} was not deleted: {error.strerror or error}",)

    # --- alerts

    def set_alert(self, rule: AlertRule) -> None:
        """Change an alert rule, or add one (id 0)."""
        self._desk.alerts.set_rule(rule)

    def remove_alert(self, number: int) -> None:
        self._desk.alerts.remove_rule(number)
