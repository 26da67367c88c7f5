"""What the window talks to.

The session that is open now, live or replayed, behind one face that survives a change of it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

import psutil

from feeds.model.errors import FeedError
from feeds.recording.several.opening import open_recording
from workstation.alerts.monitor import AlertMonitor
from workstation.analytics.engine import Engine
from workstation.library.library import Library
from workstation.paper.books import PaperBooks
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.request import Provider, Request, V, View
from workstation.readmodels.session.setups import SessionKind
from workstation.readmodels.session.status import Capabilities, Presence, StatusView
from workstation.session.indexing import Indexing
from workstation.session.live import LiveSession
from workstation.session.older import OlderLoader
from workstation.session.replay import ReplaySession
from workstation.settings import paths
from workstation.setups.recorder import SetupRecorder

log = logging.getLogger(__name__)

Session = LiveSession | ReplaySession
_EPOCHS_A_SOURCE = 1_000_000


class Desk:
    """Owns the sessions and their tasks, and answers requests from the session displayed and the providers beside it.

    A live session goes on, and is recorded on, while a recording is replayed; `go_live` comes back to it.
    `bar_ns` is the length of the bars of the chart that was displayed last.
    """

    def __init__(
        self,
        library: Library | None = None,
        alerts: AlertMonitor | None = None,
        setups: SetupRecorder | None = None,
    ) -> None:
        self.session: Session | None = None
        self.notices: tuple[str, ...] = ()
        self.bar_ns = 60_000_000_000
        self.library = library or Library()
        self.alerts = alerts or AlertMonitor()
        self.setups = setups or SetupRecorder()
        self.paper = PaperBooks(lambda: paths.data_dir() / "paper.sqlite", lambda: self.engine.now_ns)
        self.on_fault: Callable[[Exception], object] = lambda error: None
        beside: tuple[Provider, ...] = (self.library, self.alerts, self.setups, self.paper)
        self._beside = {request: provider for provider in beside for request in provider.requests}
        self._name = ""
        self._live: LiveSession | None = None
        self._tasks: dict[Session, asyncio.Task[None]] = {}
        self._failed: set[Session] = set()
        self._wanted: dict[str, None] = {}  # bases to subscribe once there is a session
        self._sources = 0
        self._older = OlderLoader()
        self._indexing = Indexing()
        self._empty = Engine()
        self._memory_due_s = 0.0
        self._memory_bytes = 0

    @property
    def engine(self) -> Engine:
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
            self._wanted[base] = None

    def revision(self, request: Request[View]) -> int:
        return self._provider(request).revision(request)

    def view(self, request: Request[V]) -> V:
        """The frozen answer to a request."""
        return cast("V", self._provider(request).view(request))

    def _provider(self, request: Request[View]) -> Provider:
        """The engine of the session displayed answers what no provider beside it does."""
        return self._beside.get(type(request)) or self.engine

    def mark_displayed(self, requests: Collection[Request[View]]) -> None:
        """Once a frame: bases displayed stay subscribed, and work that their views have begun goes on.

        A session that runs gets one step a frame; one that is held has nothing else to do.
        """
        bases = {request.base for request in requests}
        charts = [request.bar_ns for request in requests if isinstance(request, FootprintRequest)]
        self.bar_ns = charts[-1] if charts else self.bar_ns
        self._keep_subscribed(bases)
        while self.engine.work(bases) and self.session not in self._tasks:
            continue

    def _keep_subscribed(self, bases: Iterable[str]) -> None:
        if isinstance(self.session, LiveSession):
            for base in bases:
                self.session.keep_subscribed(base)

    @property
    def kind(self) -> SessionKind:
        if isinstance(self.session, ReplaySession):
            return SessionKind.REPLAY
        simulated = self.session is not None and self.session.status().simulated
        return SessionKind.SIMULATED if simulated else SessionKind.LIVE

    def every_second(self) -> None:
        """Store new setups and check the alert rules, of all bases; these stay subscribed."""
        if self.session is None:
            return
        bases, status = self.bases(), self.status()
        self._keep_subscribed(bases)
        self.engine.work(bases)
        self.setups.record(self, bases, self.kind)
        self._indexing.follow(self.writing)
        self.alerts.check(self, bases, self.kind, status.now_ns, status.epoch)

    def status(self) -> StatusView:
        if self.session is None:
            return StatusView(Presence.CONNECTING, "", False, 0, 0, 0, Capabilities(), notices=self.notices)
        session = self.session
        status = session.status(self._name) if isinstance(session, ReplaySession) else session.status()
        entries = [entry for path in self.replayed if (entry := self.library.entry(path)) is not None]
        return replace(
            status,
            epoch=self._sources * _EPOCHS_A_SOURCE + status.epoch,
            presence=Presence.FAILED if session in self._failed else status.presence,
            capabilities=replace(status.capabilities, go_live=self._live is not None and session is not self._live),
            notices=(*self.notices, *status.notices, *self._elsewhere()),
            index_done=self._indexing.share,
            memory_bytes=self._memory(),
            outline=entries[0].outline if len(entries) == 1 == len(self.replayed) else None,
            bookmarks=tuple(mark for entry in reversed(entries) for mark in entry.notes.bookmarks),
        )

    def _memory(self) -> int:
        """What the process takes, looked at once a second."""
        now_s = time.monotonic()
        if now_s >= self._memory_due_s:
            self._memory_due_s = now_s + 1.0
            self._memory_bytes = psutil.Process().memory_info().rss
        return self._memory_bytes

    async def open(self, session: Session, name: str = "") -> None:
        """Leave what is open and run this session."""
        await self.close()
        self._live = session if isinstance(session, LiveSession) else None
        self._show(session, name)
        for base in self._wanted:
            self.focus(base)
        self._wanted.clear()

    def hold(self, session: ReplaySession, at_ns: int) -> None:
        """Show a recording as it stands at a receive time, without an event loop and without playing on."""
        self.session, self._name = session, session.name
        self._sources += 1
        self._display_paper(session, self._name)
        self._list(session)
        session.jump(at_ns)

    async def close(self) -> None:
        """Stop all sessions; a recording in progress is finished."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._older.close()
        await self._indexing.close()
        self.paper.close()
        self._live = None

    def open_recording(self, *paths: Path) -> None:
        """Replay this file, or several and those of folders as one, paused at the start; what is none is a notice."""
        try:
            session = ReplaySession(open_recording(*paths))
        except FeedError as error:
            log.warning("%s", error)
            self.notices = (error.text,)
            return
        self.notices = ()
        session.seek(session.start_ns)
        self._show(session, session.name)

    def go_live(self) -> None:
        """Leave the recording; what is live has gone on meanwhile."""
        if self._live is not None and self.session is not self._live:
            self._show(self._live, self._live.name)

    def _show(self, session: Session, name: str) -> None:
        """Make a session the one that is seen. A replay that was seen before ends; a live session goes on."""
        before = self.session
        if isinstance(before, ReplaySession) and before is not session and before in self._tasks:
            self._tasks.pop(before).cancel()
        self.session, self._name = session, name
        self._sources += 1
        self._display_paper(session, name)
        self._list(session)
        if isinstance(session, ReplaySession):
            self._indexing.begin(session)
        if session not in self._tasks:
            self._tasks[session] = asyncio.create_task(self._run(session), name="session")

    def _list(self, session: Session) -> None:
        """The library shows the files that are replayed."""
        if isinstance(session, ReplaySession):
            self.library.add(*session.recordings)
            self.library.current = str(session.path)
        else:
            self.library.current = ""

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

    def load_older(self, base: str, until_ns: int) -> bool:
        """Load trades of a base from before `until_ns` from the recordings, while all else goes on.

        False where there is nothing to begin: no recording, a load under way, or nothing older on disk.
        """
        return self.session is not None and self._older.begin(self.session, base, until_ns)

    @property
    def replayed(self) -> list[Path]:
        """The files that are replayed, the newest first."""
        return self.session.recordings if isinstance(self.session, ReplaySession) else []

    @property
    def writing(self) -> Path | None:
        """The recording that is being written."""
        recorder = self._live.recorder if self._live is not None else None
        return recorder.path if recorder is not None else None

    def _display_paper(self, session: Session, name: str) -> None:
        """Live and simulated venues, hubs and recordings have a book each, stepped by all seconds they receive."""
        if isinstance(session, ReplaySession):
            book = f"{name} {session.start_ns}"
        else:
            own = session.name if session.status().links else "live"  # a hub says later what its venues are
            book = "simulated" if session.simulated else own
        run = self.paper.display(book)
        if run is not None:
            session.set_observer(run)
        else:
            self.notices = (*self.notices, self.paper.trouble)

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
