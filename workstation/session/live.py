"""Live venues, real or simulated: frames into the core as they arrive, and onto disk when wished."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from feeds.live.connection_plan import is_added
from feeds.model.clock import Clock
from feeds.model.errors import RecordingError
from feeds.model.frame import CONTEXT, UNIVERSE, Frame
from feeds.model.protocol import Reconnect
from feeds.model.source import Connection, Source
from feeds.pipeline.freshness import Stream
from feeds.recording import Recorder, Recording, RecordingMetadata
from feeds.recording.layout import Continued
from feeds.recording.several.opening import open_recording
from workstation.library.rotation import ROTATE, RecordingRotation
from workstation.readmodels.session.status import BackfillStatus, Capabilities, ConnectionStatus, Presence, StatusView
from workstation.replay.core import Core, SecondObserver
from workstation.session.watchdog import Watchdog, awaited

log = logging.getLogger(__name__)

_SLOW = (UNIVERSE, CONTEXT)  # connections that are silent for long on purpose


class LiveSession:
    """Drives one live source. All methods are for the thread of the event loop."""

    def __init__(
        self,
        source: Source,
        clock: Clock,
        *,
        simulated: bool,
        name: str,
        record_to: Callable[[], Path],
        rotation: RecordingRotation | None = None,
        record_always: bool = False,
        core: Core | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.core = core or Core()
        self.name = name
        self.epoch = 0
        self.recorder: Recorder | None = None
        self._source = source
        source.last_data_ns, source.odd_rows = self.core.feed.last_data_ns, self.core.feed.odd_rows
        self._clock = clock
        self._simulated = simulated
        self._record_to = record_to
        self._rotation = rotation
        self._record_always = record_always
        self._recording_failed = ""
        self._resumes = False  # recording stopped by itself and is still wanted
        self.watchdog = watchdog or Watchdog()
        self.tap: Callable[[list[Frame]], object] = lambda batch: None  # receives everything
        self._next_watch_ns = 0
        self._lag_ns = 0

    @property
    def simulated(self) -> bool:
        """Whether the venues are."""
        return self._simulated or self._source.simulated

    def set_observer(self, observer: SecondObserver) -> None:
        """Call an observer every second."""
        self.core.set_observer(observer)

    @property
    def bases(self) -> tuple[str, ...]:
        """What is followed in full, in the order in which it was asked for."""
        return self._source.bases

    def focus(self, base: str) -> None:
        """Follow a base from now on, as if it had been there from the start."""
        self._source.focus(base)

    def keep_subscribed(self, base: str) -> None:
        """A base is in use: if it is subscribed, it stays so."""
        self._source.keep_subscribed(base)

    async def run(self) -> None:
        """Take batches until cancelled; the recording, if any, is finished then."""
        try:
            if self._record_always:
                self.toggle_recording()
            async for batch in self._source.batches():
                self.take(batch)
        finally:
            self.stop_recording()
            await self._source.close()

    def take(self, batch: list[Frame]) -> None:
        """Record and consume one batch, then do what the protocols ask for."""
        if self.recorder is not None:
            self._record(self.recorder, batch)
        self.tap(batch)
        self.core.consume(batch)
        self._lag_ns = self._clock.now_ns() - batch[0].ts_recv_ns if batch else 0
        self.core.engine.advance(self._clock.now_ns())
        for connection, request in self.core.feed.take_requests():
            self._source.perform(connection, request)
        if self.core.engine.now_ns >= self._next_watch_ns:
            self._next_watch_ns = self.core.engine.now_ns + self.watchdog.limits.every_ns
            self._watch(self.core.engine.now_ns)
            self._keep(self.core.engine.now_ns)

    def _keep(self, now_ns: int) -> None:
        """Go on in another file, stop while there is room on the disk, or begin again when there is."""
        if self._rotation is None:
            return
        if self.recorder is None:
            self._resume(self._rotation, now_ns)
            return
        if self.recorder.failed is not None:
            self._end_recording()
            self._resumes = True
            return
        before = self.recorder
        verdict = self._rotation.judge(before, now_ns, self.core.engine.venue_ns)
        if verdict:
            self._end_recording()
        if verdict == ROTATE:
            self._begin_recording(before.end_ns if before.failed is None else None)
        elif verdict:
            log.error("%s", verdict)
            self._recording_failed, self._resumes = verdict, True

    def _resume(self, rotation: RecordingRotation, now_ns: int) -> None:
        """Record again after a failure, once the disk has room."""
        try:
            if not self._resumes or not rotation.has_room(self._record_to().parent, now_ns):
                return
            self.start_recording()
        except (OSError, RecordingError) as error:
            log.warning("recording did not resume: %s", error)
        else:
            log.warning("recording resumes")

    def reconnect(self, reason: str) -> None:
        """Reopen every connection; what was missed meanwhile is marked and, where the venue allows it, fetched."""
        for name in list(self._source.connections):
            self._source.perform(name, Reconnect(reason))

    def start_recording(self, path: Path | None = None, after_ns: int | None = None) -> None:
        """Record from now on: what is open is written first and whole books are asked for again.

        `after_ns` is the latest receive time of the recording that this one goes on from without a gap.

        Raises:
            RecordingError: the file cannot be created.
        """
        opened = self._source.open_frames()
        metadata = RecordingMetadata(
            simulated=self.simulated,
            instruments=self.core.engine.instruments(),
            continues=Continued(after_ns, len(opened)) if after_ns is not None else msgspec.UNSET,
        )
        self.recorder = Recorder(path or self._record_to(), metadata)
        self._recording_failed, self._resumes = "", False
        self._record(self.recorder, opened)
        self.core.feed.refresh_books(self._clock.now_ns())

    @property
    def recordings(self) -> list[Path]:
        """The files that hold what was received, in this run or an earlier one, the newest first."""
        return recordings_like(self.recorder.path if self.recorder is not None else self._record_to())

    def recording_before(self, before_ns: int) -> Recording | None:
        """The newest recording that began before a moment."""
        return newest_before(self.recordings, before_ns)

    @property
    def recording_failed(self) -> str:
        """Why nothing is recorded although it is wanted; "" if it is recorded or not wanted."""
        failed = self.recorder.failed if self.recorder is not None else None
        reason = failed.text if failed is not None else self._recording_failed
        return f"{reason.rstrip('.')}; it goes on when there is room" if self._resumes else reason

    def stop_recording(self) -> None:
        """Finish the file, and wait for no room to go on."""
        self._resumes = False
        self._end_recording()

    def _end_recording(self) -> None:
        if self.recorder is not None:
            recorder, self.recorder = self.recorder, None
            recorder.close()
            if recorder.failed is not None:
                self._recording_failed = recorder.failed.text

    def toggle_recording(self) -> None:
        """Begin or end a recording; a failure to begin is shown in the status."""
        if self.recorder is not None:
            self.stop_recording()
        else:
            self._begin_recording()

    def _begin_recording(self, after_ns: int | None = None) -> None:
        try:
            self.start_recording(after_ns=after_ns)
        except RecordingError as error:
            log.exception("recording did not begin")
            self._recording_failed, self._resumes = error.text, self._rotation is not None

    def status(self) -> StatusView:
        """The session as of now."""
        now_ns = self._clock.now_ns()
        recorder = self.recorder
        failed = recorder.failed if recorder else None
        return StatusView(
            presence=self._presence(),
            source_name=self.name,
            simulated=self.simulated,
            now_ns=now_ns,
            lag_ns=self._lag_ns,
            epoch=self.epoch,
            capabilities=Capabilities(record=True),
            connections=tuple(self._connection(name, keeper, now_ns) for name, keeper in self._in_focus()),
            undecodable=sum(self.core.feed.undecodable.values()),
            odd_rows=self.core.feed.odd_rows.streams,
            apart=self.core.engine.apart,
            frames=self.core.frames,
            recording_to=str(recorder.path) if recorder and not failed else "",
            recording_failed=self.recording_failed,
            notices=self._notices(),
            backfill=self._backfill(),
            links=self._source.links,
        )

    def _in_focus(self) -> list[tuple[str, Connection]]:
        """The connections of the markets in focus, by name; those that only add to them are not shown."""
        connections = sorted(self._source.connections.items())
        return [(name, keeper) for name, keeper in connections if keeper.spec.route not in _SLOW]

    def _notices(self) -> tuple[str, ...]:
        """What ails a market's list, and an added connection that is not open."""
        trouble = dict(self._source.trouble)
        for name, keeper in self._source.connections.items():
            if keeper.spec.route in _SLOW and not keeper.is_open and keeper.trouble:
                trouble[name] = keeper.trouble
        return tuple(f"{name}: {reason}" for name, reason in sorted(trouble.items()))

    def _backfill(self) -> tuple[BackfillStatus, ...]:
        """How far the trades of each market in focus reach back, where that is wanted."""
        wanted_s, engine = self._source.history_s, self.core.engine
        if not wanted_s:
            return ()
        statuses = (market.backfill(wanted_s) for base in engine.bases.values() for market in base.markets)
        return tuple(status for status in statuses if status is not None)

    def _record(self, recorder: Recorder, frames: list[Frame]) -> None:
        for frame in frames:
            recorder.append(frame)

    def _watch(self, now_ns: int) -> None:
        """Ask for a new connection where an open one says nothing."""
        for name, reason in self.watchdog.silent(self._source.connections, self.core, now_ns):
            self._source.perform(name, Reconnect(reason))

    def _connection(self, name: str, keeper: Connection, now_ns: int) -> ConnectionStatus:
        last = self.core.feed.last_data_ns.get(name)
        return ConnectionStatus(
            name=name,
            venue=keeper.spec.venue,
            connected=keeper.is_open,
            data_age_ns=now_ns - last if last is not None else None,
            reason=keeper.trouble,
            clock_offset_ns=self._source.clock_offsets.get(keeper.spec.venue),
            awaited=tuple(f"{one} of {', '.join(symbols)}" for one, symbols in awaited(keeper, self.core).items()),
        )

    def _awaits(self) -> bool:
        """Whether a connection of the start has received nothing at all of a stream of all its markets."""
        return any(
            len(symbols) == len(keeper.spec.markets)
            for name, keeper in self._in_focus()
            if not is_added(name)
            for stream, symbols in awaited(keeper, self.core).items()
            if stream is not Stream.LIQUIDATIONS
        )

    def _presence(self) -> Presence:
        """Of all connections; those of a base that was just added count from when they are first open."""
        states = [keeper.is_open for name, keeper in self._in_focus() if keeper.life or not is_added(name)]
        received = bool(self.core.feed.last_data_ns)
        if not states:
            return Presence.CONNECTING
        if self._source.catching_up:
            return Presence.SYNCING
        if all(states) and not any(link.trouble for link in self._source.links):
            return Presence.LIVE if received and not self._awaits() else Presence.SYNCING
        return Presence.RECONNECTING if received else Presence.CONNECTING


def recordings_like(path: Path) -> list[Path]:
    """The recordings of sessions of the same kind in a folder, the newest first."""
    return sorted(path.parent.glob(f"{path.stem.partition('-')[0]}-*{path.suffix}"), reverse=True)


def newest_before(paths: Iterable[Path], before_ns: int) -> Recording | None:
    """The first of some files, newest first, that began before a moment; those that cannot be read are passed over."""
    for path in paths:
        try:
            reader = open_recording(path)
        except RecordingError as error:
            log.info("%s is passed over", path, exc_info=error)
            continue
        if reader.start_ns is not None and reader.start_ns < before_ns:
            return reader
    return None
