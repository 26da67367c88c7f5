"""Wires sources, sessions and the window. The only module that imports both sockets and widgets."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import qasync
from PySide6.QtCore import QBuffer, QIODevice, QLockFile, QTimer
from PySide6.QtWidgets import QApplication

from feeds.hub.broker import Broker
from feeds.hub.source import HubSource
from feeds.live.reachability import check_reachability
from feeds.live.source import LiveSource
from feeds.live.transport import Http
from feeds.model.clock import Clock, SystemClock
from feeds.model.nearest import suggestion, unknown
from feeds.model.source import Source
from feeds.recording import Recording
from feeds.recording.several.opening import open_recording
from feeds.venues.driver import VenueDriver, loopback
from feeds.venues.registry import DRIVERS
from widgets.dialogs.crash import CrashReport
from widgets.dialogs.first_run import FirstRun, Start
from widgets.theme.format import use_habits
from widgets.theme.theme import apply_theme
from widgets.window.first_chart import FirstChart
from widgets.window.main_window import MainWindow
from widgets.window.notifier import Notifier
from widgets.workspaces.presets import PRESETS
from workstation.alerts.monitor import AlertMonitor
from workstation.alerts.webhook import Webhook
from workstation.library.retention import retention_policy
from workstation.library.rotation import RecordingRotation
from workstation.process import crash
from workstation.process.crash import FaultReporter
from workstation.process.heartbeat import BEAT_S, Heartbeat
from workstation.process.memory import trim_heap_periodically
from workstation.readmodels.session.alerts import Fired
from workstation.readmodels.session.setups import SessionKind
from workstation.readmodels.session.workspaces import WorkspaceStore
from workstation.replay.core import Core
from workstation.session.controls import DeskControls
from workstation.session.desk import Desk
from workstation.session.live import LiveSession, recordings_like
from workstation.session.replay import ReplaySession
from workstation.session.simulated import Simulator
from workstation.session.today import day_so_far
from workstation.settings import files as settings
from workstation.settings import paths
from workstation.settings.declaration import Numbers, Settings
from workstation.settings.files import CurrentSettings
from workstation.settings.workspaces import ReadOnlyWorkspaces, WorkspaceFiles
from workstation.setups.recorder import SetupRecorder

log = logging.getLogger(__name__)

Opening = Callable[[Desk], Awaitable[None]]


def live_window(bases: list[str]) -> int:
    """Run the window on the live venues; on the first start, ask for the coins and offer the demonstration."""
    drivers = list(DRIVERS.values())
    with ExitStack() as simulators:

        async def open_it(desk: Desk) -> None:
            if bases or settings.settings_file().exists():
                await open_live(desk, bases or list(settings.load()[0].bases), drivers, simulated=False)
                return
            start, coins = await _ask_start(drivers)
            if start is Start.DEMO:
                await _open_simulated(desk, coins, simulators.enter_context(Simulator()))
            else:
                settings.save(msgspec.structs.replace(settings.load()[0], bases=tuple(coins)))
                await open_live(desk, coins, drivers, simulated=False)

        return _run_window(open_it)


def demo_window(bases: list[str], simulator: Simulator) -> int:
    """Run the window on simulated venues, which run in another process and are reached over loopback sockets."""
    return _run_window(lambda desk: _open_simulated(desk, bases, simulator))


def hub_window(broker: Broker, since_s: float, bases: list[str]) -> int:
    """Run the window on a hub, with `since_s` seconds of its past; the hub is asked to follow `bases` too."""

    async def open_it(desk: Desk) -> None:
        source = HubSource(broker, SystemClock(), since_s=since_s)
        for base in bases:
            source.keep_subscribed(base)
        await _open_session(desk, source, source, f"hub at {broker.address}", simulated=False)

    return _run_window(open_it)


async def _ask_start(drivers: list[VenueDriver]) -> tuple[Start, list[str]]:
    """Show the first-run dialog until the user has chosen; closing it starts live."""
    dialog = FirstRun()
    answer: asyncio.Future[tuple[Start, list[str]]] = asyncio.get_running_loop().create_future()

    def take(start: Start, coins: tuple[str, ...]) -> None:
        if not answer.done():
            answer.set_result((start, list(coins)))

    dialog.chosen.connect(take)
    dialog.rejected.connect(lambda: take(Start.LIVE, dialog.wanted()))
    dialog.show()
    asking = asyncio.create_task(_show_reachability(dialog, drivers), name="reachability")
    try:
        return await answer
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _show_reachability(dialog: FirstRun, drivers: list[VenueDriver]) -> None:
    async for venue, trouble in check_reachability(drivers):
        dialog.show_reached(venue, trouble)


def replay_window(*places: Path) -> int:
    """Run the window on recordings and those of folders as one, playing.

    Raises RecordingError, before the window opens, where they are none.
    """
    reader = open_recording(*places)

    async def open_it(desk: Desk) -> None:
        session = ReplaySession(reader)
        session.play()
        await desk.open(session, session.name)

    return _run_window(open_it)


def screenshot(
    path: Path,
    at_ns: Callable[[Recording], int],
    out: Path,
    size: tuple[int, int],
    base: str = "",
    workspace: str = "",
) -> None:
    """Save a picture of a workspace at a receive time of a recording. Raises RecordingError, OSError, ValueError."""
    reader = open_recording(path)
    target_ns = at_ns(reader)
    crash.install()
    app = _application(settings.load()[0])
    store = WorkspaceFiles()
    if workspace and workspace not in (*PRESETS, *store.names()):
        raise ValueError(unknown(workspace, "workspace", (*PRESETS, *store.names())))
    desk = Desk()
    desk.hold(ReplaySession(reader), target_ns)
    window = MainWindow(desk, DeskControls(desk), store=ReadOnlyWorkspaces(store))
    window.frame_timer.stop()  # so that the picture does not depend on how long painting takes
    window.resize(*size)
    window.show()
    if workspace:
        window.workspaces.open(workspace)
    window.set_bases(desk.bases())
    if base:
        if base not in (known := (*desk.bases(), *desk.known_bases())):
            raise ValueError(f"the recording holds no {base}{suggestion(base, known)}")
        window.set_base(base)
    for _ in range(4):
        app.processEvents()
        window.frame_timer.tick()
        time.sleep(0.02)
    picture = QBuffer()  # not the file itself, whose failures Qt's codecs would print
    picture.open(QIODevice.OpenModeFlag.WriteOnly)
    if not window.grab().save(picture, out.suffix[1:] or "png"):
        raise OSError(f"{out} cannot be written as a picture")
    out.write_bytes(picture.data().data())
    window.close()


async def _open_simulated(desk: Desk, bases: list[str], simulator: Simulator) -> None:
    port = await simulator.listening()
    await open_live(desk, bases, [loopback(driver, port) for driver in DRIVERS.values()], simulated=True)


async def open_live(desk: Desk, bases: list[str], drivers: list[VenueDriver], *, simulated: bool) -> None:
    """Make a session of live or simulated venues the desk's, with the history that the settings ask for."""
    clock = SystemClock()
    known = settings.load()[0]
    source = LiveSource(
        bases,
        drivers,
        clock,
        history_s=known.history_minutes * 60,
        candle_hours=known.candle_hours,
        universe=known.universe,
    )
    core = None if simulated else await _day_so_far(bases, clock)
    name = "simulated venues" if simulated else "live venues"
    await _open_session(desk, source, clock, name, simulated=simulated, core=core)


async def _day_so_far(bases: list[str], clock: Clock) -> Core | None:
    """The day so far from its recordings; a fault costs it, not the session."""
    try:
        recordings = recordings_like(_recording_file(clock, simulated=False))
        return await day_so_far(recordings, bases, clock.now_ns())
    except OSError as error:
        log.warning("the recordings of the day were not read", exc_info=error)
        return None


async def _open_session(
    desk: Desk, source: Source, clock: Clock, name: str, *, simulated: bool, core: Core | None = None
) -> None:
    known = settings.load()[0]
    session = LiveSession(
        source,
        clock,
        simulated=simulated,
        name=name,
        record_to=lambda: _recording_file(clock, simulated),
        rotation=RecordingRotation(lambda: retention_policy(settings.load()[0]), desk.library.expire),
        record_always=known.record_always and not simulated,
        core=core,
    )
    await desk.open(session, name)


def _recording_file(clock: Clock, simulated: bool) -> Path:
    stamp = datetime.fromtimestamp(clock.now_ns() / 1e9, UTC).strftime("%Y%m%d-%H%M%S")
    return paths.recordings_dir() / f"{'simulated' if simulated else 'live'}-{stamp}.mcap"


def _application(known: Settings) -> QApplication:
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("Order-flow workstation")
    apply_theme(app, known.theme, known.scale)
    use_habits(known.time_zone, short=known.numbers is Numbers.SHORT)
    return app


def _run_window(open_source: Opening) -> int:
    known, notice = settings.load()
    app = _application(known)
    crash.install()
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        loop.run_until_complete(_window_life(app, open_source, CurrentSettings(known), notice))
    return 0


async def _window_life(app: QApplication, open_source: Opening, used: CurrentSettings, notice: str) -> None:
    alerts = AlertMonitor(paths.data_dir(), paths.config_dir() / "alerts.json")
    setups = SetupRecorder(paths.data_dir())
    desk = Desk(alerts=alerts, setups=setups)
    desk.notices = tuple(text for text in (notice, setups.trouble, alerts.trouble) if text)
    lock = QLockFile(str(paths.config_dir() / "window.lock"))
    alone = lock.tryLock(100)
    if not alone:
        desk.notices = (*desk.notices, "another window is open already; this one does not save its workspaces")
    files = WorkspaceFiles()
    shell = Shell(app, desk, files if alone else ReadOnlyWorkspaces(files), used)
    faults = FaultReporter(shell.show_fault)
    faults.install()
    desk.on_fault = lambda error: faults.report(error, "The session stopped; its recording is saved.")
    closed = asyncio.Event()
    app.setQuitOnLastWindowClosed(False)  # the sessions end first: a recording gets its end
    app.lastWindowClosed.connect(closed.set)
    shell.open()
    listing = asyncio.create_task(desk.library.run(), name="library")
    watching = asyncio.create_task(_watch_loop(desk), name="heartbeat")
    http = Http()
    webhook, notifier = Webhook(http), Notifier()
    alerts.on_fired = lambda fired: _announce_alert(fired, desk, used.current, webhook, notifier)
    checking = asyncio.create_task(_every_second(desk), name="every second")
    tidying = asyncio.create_task(trim_heap_periodically(), name="memory")
    await open_source(desk)
    await closed.wait()
    for task in (listing, watching, checking, tidying):
        task.cancel()
    await asyncio.gather(listing, watching, checking, tidying, return_exceptions=True)
    await desk.close()
    await webhook.close()
    await http.close()
    alerts.close()
    setups.close()
    lock.unlock()


async def _watch_loop(desk: Desk) -> None:
    """Report when the event loop was blocked or the computer slept."""
    heart = Heartbeat(paths.log_dir() / "stuck.txt")
    try:
        while True:
            late = heart.beat()
            if late is not None and late.slept:
                desk.slept(late.seconds)
            elif late is not None:
                desk.notices = (f"the window stood still for {late.seconds:.0f} s; the log has the details",)
            await asyncio.sleep(BEAT_S)
    finally:
        heart.stop()


def _announce_alert(fired: Fired, desk: Desk, known: Settings, webhook: Webhook, notifier: Notifier) -> None:
    """Show an alert in the status bar, play its sound, and notify desktop and webhook, according to the settings."""
    label = "" if fired.session is SessionKind.LIVE else f" ({fired.session.value})"
    desk.notices = (f"alert{label}: {fired.text}",)
    if known.sound:
        notifier.sound(known.sound_volume)
    if known.desktop_notices:
        notifier.notice(f"Alert{label}", fired.text)
    if known.webhook:
        webhook.send(known.webhook, fired)


async def _every_second(desk: Desk) -> None:
    """Store setups and check alerts once a second. A fault ends this task only."""
    try:
        while True:
            desk.every_second()
            await asyncio.sleep(1.0)
    except Exception as error:
        log.critical("setups and alerts stopped by a fault", exc_info=error)
        desk.notices = (f"setups and alerts stopped by a fault ({type(error).__name__}); the log has the details",)


class Shell:
    """The window of a desk, rebuilt when theme or scale change, because widgets read their colours on construction."""

    def __init__(self, app: QApplication, desk: Desk, store: WorkspaceStore, used: CurrentSettings) -> None:
        self.window: MainWindow | None = None
        self.desk = desk
        self._app, self._store, self._used = app, store, used
        used.add_listener(self._on_settings)

    def open(self) -> None:
        """Build and show the window, replacing the open one."""
        before = self.window
        if before is not None:
            before.workspaces.save_desktop()
        window = self.window = MainWindow(self.desk, DeskControls(self.desk), store=self._store, settings=self._used)
        window.frame_timer.ticked.connect(lambda _: _offer_bases(window, self.desk))
        if before is None:
            FirstChart(window.frame_timer, window.dock_set.on_screen)
        window.show()
        if before is not None:
            before.close()
            for dock in before.docks.values():  # a dock never added to the window has no parent that deletes it
                dock.deleteLater()
            before.deleteLater()

    def show_fault(self, what: str, report: str) -> None:
        """Show a fault report; the window stays usable."""
        CrashReport(self.window, what, report).open()

    def _on_settings(self, before: Settings, after: Settings) -> None:
        use_habits(after.time_zone, short=after.numbers is Numbers.SHORT)
        if (before.theme, before.scale) != (after.theme, after.scale):
            apply_theme(self._app, after.theme, after.scale)
            QTimer.singleShot(0, self._reopen)  # later, because the calling dialog closes with its window
        elif self.window is not None:
            self.window.use_settings(after)

    def _reopen(self) -> None:
        self.open()
        if self.window is not None:
            self.window.action_list.show_settings()


def _offer_bases(window: MainWindow, desk: Desk) -> None:
    bases = desk.bases()
    offered = (bases, len(desk.engine.universe.bases))
    if bases and offered != getattr(window, "offered_bases", None):
        window.offered_bases = offered  # type: ignore[attr-defined]
        window.set_bases(bases, desk.known_bases()[len(bases) :])
