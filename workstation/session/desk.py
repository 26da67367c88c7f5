"""What the window talks to.

The session that is open now, live or replayed, behind one face that survives a change of it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from feeds.model.errors import FeedError
from feeds.recording import RecordingReader
from workstation.alerts.monitor import AlertMonitor
from workstation.analytics.engine import Engine
from workstation.library.library import Library
from workstation.paper.run import PaperRun, PaperRuns
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.requests import View, ViewRequest
from workstation.readmodels.session.alerts import AlertRule, AlertsRequest
from workstation.readmodels.session.library import Bookmark, LibraryRequest
from workstation.readmodels.session.setups import SessionKind, SetupHistoryRequest
from workstation.readmodels.session.status import Capabilities, Presence, StatusView
from workstation.readmodels.universe.paper import PaperRequest, PaperSettings
from workstation.session.live import LiveSession
from workstation.session.older import OlderLoader
from workstation.session.replay import ReplaySession
from workstation.settings import paths

log = logging.getLogger(__name__)

Session = LiveSession | ReplaySession
_EPOCHS_A_SOURCE = 1_000_000
_STEPS_NS = {"event": None, "100 ms": 100_000_000, "1 s": 1_000_000_000}


class Desk:
    """Owns the sessions and their tasks. Views and status come from here, playback commands go through here.

    A live session goes on, and is recorded on, while a recording is replayed; `go_live` comes back to it.
    """

    def __init__(self, library: Library | None = None, alert_monitor: AlertMonitor | None = None) -> None:
        self.session: Session | None = None
        self.notices: tuple[str, ...] = ()
        self.library = library or Library()
        self.alert_monitor = alert_monitor
        self.on_fault: Callable[[Exception], object] = lambda error: None
        self._name = ""
        self._live: LiveSession | None = None
        self._tasks: dict[Session, asyncio.Task[None]] = {}
        self._failed: set[Session] = set()
        self._path: Path | None = None
        self._asked: dict[str, None] = {}  # by a window that was there before the session
        self._sources = 0
        self._bar_ns = 60_000_000_000
        self._older = OlderLoader()
        self._empty = Engine()
        self._memory_due_s = 0.0
        self._memory_bytes = 0
        self._papers = PaperRuns(lambda: paths.data_dir() / "paper.sqlite")
        self._paper: PaperRun | None = None

    @property
    def engine(self) -> Engine:
        """The engine of the open session."""
        return self.session.core.engine if self.session is not None else self._empty

    def bases(self) -> list[str]:
        """Bases that were asked for, then others in order of arrival."""
        wanted = self.session.bases if isinstance(self.session, LiveSession) else ()
        return list(dict.fromkeys((*wanted, *self.engine.bases)))

    def known_bases(self) -> list[str]:
        """`bases`, then all others that some venue has a perpetual of, by name."""
        wanted = self.bases()
        return [*wanted, *sorted(self.engine.universe.bases.difference(wanted))]

    def focus(self, base: str) -> None:
        """Follow a base from now on; in a replay nothing is followed. What is asked for too early is not lost."""
        if isinstance(self.session, LiveSession):
            self.session.focus(base)
        elif self.session is None:
            self._asked[base] = None

    def revision(self, request: ViewRequest) -> int:
        """Changes whenever `view(request)` would. What asks is on the screen."""
        if isinstance(self.session, LiveSession):
            self.session.shown(getattr(request, "base", ""))
        if isinstance(request, LibraryRequest):
            return self.library.revision
        if isinstance(request, PaperRequest):
            return self._paper.revision if self._paper is not None else 0
        if isinstance(request, SetupHistoryRequest) and self.alert_monitor is not None:
            return self.alert_monitor.revision(request)
        if isinstance(request, AlertsRequest) and self.alert_monitor is not None:
            return self.alert_monitor.alerts.revision
        return self.engine.revision(request)

    def view(self, request: ViewRequest) -> View:
        """The frozen answer to a request."""
        if isinstance(request, LibraryRequest):
            return self.library.view(request)
        if isinstance(request, PaperRequest) and self._paper is not None:
            return self._paper.view(request, self.engine.now_ns)
        if isinstance(request, SetupHistoryRequest) and self.alert_monitor is not None:
            return self.alert_monitor.view(request)
        if isinstance(request, AlertsRequest) and self.alert_monitor is not None:
            return self.alert_monitor.alerts_view(request)
        if isinstance(request, FootprintRequest):
            self._bar_ns = request.bar_ns
            request = replace(request, in_steps=self.session in self._tasks)  # a picture is asked for once
        return self.engine.view(request)

    @property
    def kind(self) -> SessionKind:
        """What kind of session is open."""
        if isinstance(self.session, ReplaySession):
            return SessionKind.REPLAY
        simulated = self.session is not None and self.session.status().simulated
        return SessionKind.SIMULATED if simulated else SessionKind.LIVE

    def look_out(self) -> None:
        """Once a second: keep what was seen, tell what is to be told."""
        if self.alert_monitor is not None and self.session is not None:
            status = self.status()
            self.alert_monitor.look(self, self.bases(), self.kind)
            self.alert_monitor.alert(self, self.bases(), self.kind, status.now_ns, status.epoch)

    def status(self) -> StatusView:
        """The session as of now."""
        if self.session is None:
            return StatusView(Presence.CONNECTING, "", False, 0, 0, 0, Capabilities(), notices=self.notices)
        session = self.session
        status = session.status(self._name) if isinstance(session, ReplaySession) else session.status()
        entry = self.library.entry(self._path) if self._path is not None else None
        return replace(
            status,
            epoch=self._sources * _EPOCHS_A_SOURCE + status.epoch,
            presence=Presence.FAILED if session in self._failed else status.presence,
            capabilities=replace(status.capabilities, go_live=self._live is not None and session is not self._live),
            notices=(*self.notices, *status.notices, *self._elsewhere()),
            memory_bytes=self._memory(),
            outline=entry.outline if entry is not None else None,
            bookmarks=entry.notes.bookmarks if entry is not None else (),
        )

    def _memory(self) -> int:
        """What the process takes, looked at once a second."""
        now_s = time.monotonic()
        if now_s >= self._memory_due_s:
            self._memory_due_s = now_s + 1.0
            self._memory_bytes = psutil.Process().memory_info().rss
        return self._memory_bytes

    async def open(self, session: Session, name: str = "", path: Path | None = None) -> None:
        """Leave what is open and run this session."""
        await self.close()
        self._live = session if isinstance(session, LiveSession) else None
        self._show(session, name, path)
        for base in self._asked:
            self.focus(base)
        self._asked.clear()

    def hold(self, session: ReplaySession, at_ns: int, path: Path | None = None) -> None:
        """Show a recording as it stands at a receive time, without an event loop and without playing on."""
        self.session, self._name, self._path = session, path.name if path is not None else "", path
        self._sources += 1
        self._open_paper(session, self._name)
        if path is not None:
            self.library.add(path)
        while not session.tape.play(at_ns):
            continue

    async def close(self) -> None:
        """Stop all sessions; a recording in progress is finished."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._older.close()
        self._papers.close()
        self._paper = self._live = None

    def open_recording(self, path: Path) -> None:
        """Replay this file, paused at its start; a file that is none becomes a notice."""
        try:
            session = ReplaySession(RecordingReader(path))
        except FeedError as error:
            log.warning("%s", error)
            self.notices = (error.text,)
            return
        self.notices = ()
        session.seek(session.start_ns)
        self._show(session, path.name, path)

    def go_live(self) -> None:
        """Leave the recording; what is live has gone on meanwhile."""
        if self._live is not None and self.session is not self._live:
            self._show(self._live, self._live.name)

    def _show(self, session: Session, name: str, path: Path | None = None) -> None:
        """Make a session the one that is seen. A replay that was seen before ends; a live session goes on."""
        before = self.session
        if isinstance(before, ReplaySession) and before is not session and before in self._tasks:
            self._tasks.pop(before).cancel()
        self.session, self._name, self._path = session, name, path
        self._sources += 1
        self.library.current = str(path or "")
        self._open_paper(session, name)
        if path is not None:
            self.library.add(path)
        if session not in self._tasks:
            self._tasks[session] = asyncio.create_task(self._run(session), name="session")

    def _elsewhere(self) -> tuple[str, ...]:
        """What to know of a live session that goes on out of sight."""
        live = self._live
        if live is None or live is self.session:
            return ()
        state = live.status()
        if state.recording_failed:
            return (f"live: {state.recording_failed}",)
        return ("live goes on, being recorded",) if state.recording_to else ("live goes on",)

    def slept(self, seconds: float) -> None:
        """The computer slept: connections that were open are dead without knowing it."""
        if self._live is not None:
            self._live.reconnect(f"the computer slept for {seconds:.0f} s")

    # --- library

    def set_note(self, path: Path, note: str) -> None:
        """Write what a person says of a recording."""
        self.library.set_note(path, note)

    def bookmark(self, text: str) -> None:
        """Mark this moment of the recording that is replayed, or of the one that is being written."""
        path, now_ns = self._path, self.status().now_ns
        if path is None and isinstance(self.session, LiveSession) and self.session.recorder is not None:
            path = self.session.recorder.path
        if path is not None:
            self.library.add_bookmark(path, Bookmark(now_ns, text))

    def remove_bookmark(self, ts_ns: int) -> None:
        """Forget a mark of the recording that is replayed."""
        if self._path is not None:
            self.library.remove_bookmark(self._path, ts_ns)

    def delete_recording(self, path: Path) -> None:
        """Delete a file that is not in use; a failure becomes a notice."""
        writing = self._live.recorder.path if self._live is not None and self._live.recorder is not None else None
        if path in (self._path, writing):
            self.notices = (f"{path.name} is in use and was not deleted",)
            return
        try:
            self.library.delete(path)
        except OSError as error:
            log.warning("%s was not deleted", path, exc_info=error)
            self.notices = (f"{path.name} was not deleted: {error.strerror or error}",)

    # --- paper book

    def set_paper(self, settings: PaperSettings) -> None:
        """Use other settings for the paper book of what is shown; its line in the ledger has the time reached."""
        if self._paper is not None:
            self._paper.change(settings, self.engine.now_ns)

    def reset_paper(self) -> None:
        """Forget the paper book of what is shown and switch it off."""
        if self._paper is not None:
            self._paper.reset()

    def _open_paper(self, session: Session, name: str) -> None:
        """Live and simulated venues, hubs and recordings have a book each, which sees all that they receive."""
        if isinstance(session, ReplaySession):
            book = f"{name} {session.start_ns}"
        else:
            own = session.name if session.status().links else "live"  # a hub says later what its venues are
            book = "simulated" if session.simulated else own
        try:
            self._paper = self._papers.of(book)
        except sqlite3.Error as error:
            log.warning("the paper books cannot be opened", exc_info=error)
            self._paper, self.notices = None, (*self.notices, f"the paper books cannot be opened: {error}")
            return
        session.watch(self._paper)

    # --- alerts

    def set_alert(self, rule: AlertRule) -> None:
        """Change an alert rule, or add one (id 0)."""
        if self.alert_monitor is not None:
            self.alert_monitor.set_alert(rule)

    def remove_alert(self, number: int) -> None:
        """Take an alert rule away."""
        if self.alert_monitor is not None:
            self.alert_monitor.remove_alert(number)

    # --- playback

    def load_older(self, base: str, until_ns: int) -> bool:
        """Bring trades of a base from before `until_ns` back from the recordings, while all else goes on.

        False where there is nothing to begin: no recording, a load under way, or nothing older on disk.
        """
        return self.session is not None and self._older.begin(self.session, base, until_ns)

    def play(self) -> None:
        """Let recorded time run."""
        if self._replay is not None:
            self._replay.play()

    def pause(self) -> None:
        """Hold recorded time."""
        if self._replay is not None:
            self._replay.pause()

    def toggle(self) -> None:
        """Play or pause."""
        if self._replay is not None:
            self._replay.toggle()

    def set_speed(self, speed: float) -> None:
        """Play `speed` times as fast as recorded."""
        if self._replay is not None:
            self._replay.set_speed(speed)

    def seek(self, ts_ns: int) -> None:
        """Go to a moment of the recording."""
        if self._replay is not None:
            self._replay.seek(ts_ns)

    def step(self, unit: str) -> None:
        """Advance by one unit ("event", "100 ms", "1 s", "bar") and pause there."""
        replay = self._replay
        if replay is None:
            return
        if unit == "bar":
            position_ns = replay.tape.position_ns
            replay.step(self._bar_ns - position_ns % self._bar_ns)
        else:
            replay.step(_STEPS_NS[unit])

    def toggle_recording(self) -> None:
        """Begin or end writing what is received."""
        if isinstance(self.session, LiveSession):
            self.session.toggle_recording()

    @property
    def _replay(self) -> ReplaySession | None:
        return self.session if isinstance(self.session, ReplaySession) else None

    async def _run(self, session: Session) -> None:
        try:
            await session.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.critical("the session stopped by a fault", exc_info=error)
            self._failed.add(session)
            self.notices = (f"stopped by a fault ({type(error).__name__}); the log has the details",)
            self.on_fault(error)
