"""What the window talks to.

The session that is open now, live or replayed, behind one face that survives a change of it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from feeds.errors import FeedError
from feeds.recording import RecordingReader
from workstation.analytics.engine import Engine
from workstation.live_session import LiveSession
from workstation.readmodels import Capabilities, FootprintRequest, Presence, StatusView, View, ViewRequest
from workstation.replay_session import ReplaySession

log = logging.getLogger(__name__)

Session = LiveSession | ReplaySession
_EPOCHS_A_SOURCE = 1_000_000
_STEPS_NS = {"event": None, "100 ms": 100_000_000, "1 s": 1_000_000_000}


class Desk:
    """Owns the session and its task. Views and status come from here, playback commands go through here."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.notices: tuple[str, ...] = ()
        self._name = ""
        self._task: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._failed = False
        self._sources = 0
        self._bar_ns = 60_000_000_000
        self._empty = Engine()

    @property
    def engine(self) -> Engine:
        """The engine of the open session."""
        return self.session.core.engine if self.session is not None else self._empty

    def bases(self) -> list[str]:
        """Bases that were asked for, then others in order of arrival."""
        wanted = self.session.bases if isinstance(self.session, LiveSession) else ()
        return list(dict.fromkeys((*wanted, *self.engine.bases)))

    def revision(self, request: ViewRequest) -> int:
        """Changes whenever `view(request)` would."""
        return self.engine.revision(request)

    def view(self, request: ViewRequest) -> View:
        """The frozen answer to a request."""
        if isinstance(request, FootprintRequest):
            self._bar_ns = request.bar_ns
        return self.engine.view(request)

    def status(self) -> StatusView:
        """The session as of now."""
        if self.session is None:
            return StatusView(Presence.CONNECTING, "", False, 0, 0, 0, Capabilities(), notices=self.notices)
        session = self.session
        status = session.status(self._name) if isinstance(session, ReplaySession) else session.status()
        return replace(
            status,
            epoch=self._sources * _EPOCHS_A_SOURCE + status.epoch,
            presence=Presence.FAILED if self._failed else status.presence,
            notices=(*self.notices, *status.notices),
        )

    async def open(self, session: Session, name: str = "") -> None:
        """Leave what is open and run this session."""
        await self.close()
        self.session, self._name, self._failed = session, name, False
        self._sources += 1
        self._task = asyncio.create_task(self._run(session), name="session")

    def hold(self, session: ReplaySession, at_ns: int, name: str = "") -> None:
        """Show a recording as it stands at a receive time, without an event loop and without playing on."""
        self.session, self._name = session, name
        self._sources += 1
        while not session.tape.play(at_ns):
            continue

    async def close(self) -> None:
        """Stop the open session; a recording in progress is finished."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def open_recording(self, path: Path) -> None:
        """Leave the current source and replay this file, paused at its start; a file that is none becomes a notice."""
        try:
            session = ReplaySession(RecordingReader(path))
        except FeedError as error:
            log.warning("%s", error)
            self.notices = (error.text,)
            return
        self.notices = ()
        session.seek(session.start_ns)
        self._opening = asyncio.create_task(self.open(session, path.name), name="open recording")

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
            self._failed = True
            self.notices = (f"stopped by a fault ({type(error).__name__}); the log has the details",)
