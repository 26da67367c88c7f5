"""The window: it arranges panes and passes the status on. It knows neither numbers nor the session behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from PySide6.QtCore import QByteArray, QRect, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMainWindow, QTabWidget, QToolBar, QWidget

from widgets import format as fmt
from widgets.catalogue import PANES
from widgets.controls import Controls
from widgets.dialogs.cheat_sheet import CheatSheet
from widgets.dialogs.files import ask_picture, ask_recording, save_picture
from widgets.dialogs.pane_help import PaneHelp
from widgets.dock_set import DockSet
from widgets.docks import NARROW_PX, arrange, fold
from widgets.frame_timer import FrameTimer, ViewSource
from widgets.header import Header
from widgets.linking import Cancels, GoesToTime
from widgets.menus import Key, MenuBar, bind
from widgets.paint_guard import paints
from widgets.pane import Pane
from widgets.panes.ladder import LadderPane
from widgets.panes.tape import TapePane
from widgets.playback_bar import PlaybackBar, is_replay
from widgets.status_bar import StatusBar
from widgets.theme import theme
from workstation.readmodels import StatusView

_FRAME_PX = 3


_AGE_FRAMES = 15


def default_panes() -> dict[str, Pane]:
    """The panes of a new window by the names that saved layouts use."""
    return {name: kind.factory() for name, kind in PANES.items() if kind.at_start}


class MainWindow(QMainWindow):
    """Docks and one repaint clock. `load_layout` is asked at the first show, `save_layout` is called at close."""

    def __init__(
        self,
        source: ViewSource,
        controls: Controls,
        panes: dict[str, Pane] | None = None,
        title: str = "Order flow",
        save_layout: Callable[[bytes], None] | None = None,
        load_layout: Callable[[], bytes | None] | None = None,
    ) -> None:
        super().__init__()
        self.setWindowTitle(title)
        self.dock_set = DockSet(self, panes if panes is not None else default_panes())
        self.panes, self.docks = self.dock_set.panes, self.dock_set.docks
        self.frame_timer = FrameTimer(source, self._live_panes)
        self.header, self.playback = Header(), PlaybackBar(controls)
        self.status = StatusBar(self.frame_timer.frame_ms)
        self.menus = MenuBar()
        self._controls = controls
        self._save, self._load = save_layout, load_layout
        self._narrow: bool | None = None
        self._replay = False
        self._now_ns = 0
        self._frame = 0
        self._assemble()
        self._connect()
        self.resize(1600, 900)

    def _live_panes(self) -> Iterator[Pane]:
        yield self.header
        yield from self.dock_set.on_screen()

    # --- assembly

    def _assemble(self) -> None:
        top = QWidget()
        row = QHBoxLayout(top)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.header, 1)
        self.setMenuWidget(top)
        self._bottom = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._bottom.setContentsMargins(0, 0, 0, 0)
        self._bottom.setSpacing(0)
        self._bottom.addWidget(self.playback)
        self._bottom.addWidget(self.status, 1)
        holder = QWidget()
        holder.setLayout(self._bottom)
        bar = QToolBar("Playback and status")
        bar.setObjectName("bottom")
        bar.setMovable(False)
        bar.addWidget(holder)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, bar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setStyleSheet("QTabBar { qproperty-drawBase: 0; }")
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._fill_menus()

    def _fill_menus(self) -> None:
        menus = self.menus
        menus.add(menus.file, "Open recording...", "Ctrl+O", self.open_recording)
        menus.file.addSeparator()
        menus.add(menus.file, "Screenshot to file...", "Alt+S", self.screenshot)
        menus.add(menus.file, "Copy picture", "Ctrl+Shift+C", self.copy_picture)
        menus.file.addSeparator()
        menus.add(menus.file, "Quit", "Ctrl+Q", self.close)
        menus.list_docks(self.docks.values())
        menus.list_kinds({name: kind.title for name, kind in PANES.items()}, self.dock_set.open)
        menus.add(menus.view, "Full screen", "F11", self.toggle_full_screen)
        menus.add(menus.view, "Start layout", "", self.reset_layout)
        menus.add(menus.help, "Keys", "?", self.show_keys)
        bind(self, self._window_keys())
        self._replay_keys = bind(self, self.playback.key_map())
        self._enable_replay_keys(False)

    def _enable_replay_keys(self, enabled: bool) -> None:
        for shortcut in self._replay_keys:
            shortcut.setEnabled(enabled)

    def _window_keys(self) -> tuple[Key, ...]:
        return (
            Key("R", ("R",), "start or stop recording", self.playback.toggle_recording),
            Key("C", ("C",), "re-centre the ladder", self._recentre),
            Key("Esc", ("Esc",), "resume the tape, drop a measurement", self._cancel),
            Key("Alt+G", ("Alt+G",), "go to a time", self._ask_time),
            Key("Ctrl+O", ("Ctrl+O",), "open a recording", self.open_recording),
            Key("Alt+S", ("Alt+S",), "screenshot to a file", self.screenshot),
            Key("Ctrl+Shift+C", ("Ctrl+Shift+C",), "copy a picture", self.copy_picture),
            Key("F11", ("F11",), "full screen", self.toggle_full_screen),
            Key("?", ("?", "Shift+?"), "these keys", self.show_keys),
            Key("Ctrl+Q", ("Ctrl+Q",), "quit", self.close),
        )

    def _connect(self) -> None:
        self.frame_timer.ticked.connect(self._show_status)
        links = self.dock_set.links
        self.header.base_chosen.connect(lambda base: links.set_base(self.header.link_group, base))
        links.base_changed.connect(self._show_base)
        self.dock_set.changed.connect(lambda: self.menus.list_docks(self.docks.values()))
        self.dock_set.help_asked.connect(lambda pane: PaneHelp(self, pane).open())

    # --- base

    def set_bases(self, bases: list[str]) -> None:
        """What can be chosen, in this order; the first one is shown unless another is already."""
        self.dock_set.set_bases(bases)
        self.header.set_bases(bases)

    def set_base(self, base: str) -> None:
        """Show this base in every pane that follows the header."""
        self.header.set_base(base)

    def _show_base(self, group: int, base: str) -> None:
        if group == self.header.link_group:
            self.header.set_base(base)

    # --- each frame

    def _show_status(self, status: StatusView) -> None:
        self._now_ns = status.now_ns
        self._show_mode(is_replay(status))
        self.header.show_status(status)
        self.playback.refresh(status)
        self.status.refresh(status)
        self._frame += 1
        if self._frame % _AGE_FRAMES == 1:
            self.dock_set.show_ages(status.now_ns)
        tape = self.panes.get("tape")
        if isinstance(tape, TapePane) and tape.isVisible():
            tape.set_now(status.now_ns)

    def _show_mode(self, replay: bool) -> None:
        """A replay wears a coloured frame and has its transport on a line of its own."""
        if replay == self._replay:
            return
        self._replay = replay
        self._enable_replay_keys(replay)
        width = _FRAME_PX if replay else 0
        self.setContentsMargins(width, width, width, width)
        direction = QBoxLayout.Direction.TopToBottom if replay else QBoxLayout.Direction.LeftToRight
        self._bottom.setDirection(direction)
        self.update()

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("window"))
        if self._replay:
            for edge in _edges(self.rect(), _FRAME_PX):
                painter.fillRect(edge, theme().brush("replay"))

    # --- layout

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._narrow is None:
            self._narrow = self.width() < NARROW_PX
            if not self._restore():
                self.reset_layout()
            next(iter(self.panes.values())).setFocus()
        self.frame_timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_PX
        if self._narrow is not None and narrow != self._narrow:
            self._narrow = narrow
            fold(self, self.docks, narrow=narrow)
        self._keep_side_width(event.oldSize().width())

    def _keep_side_width(self, before_px: int) -> None:
        """A wider window widens the charts, not the ladder."""
        chart = self.docks.get("footprint")
        for name in ("ladder", "tape"):
            side = self.docks.get(name)
            if chart is None or side is None or not side.on_screen or side.isFloating() or chart.isFloating():
                continue
            if before_px in side.widths:
                px = side.widths[before_px]
                self.resizeDocks([chart, side], [self.width() - px, px], Qt.Orientation.Horizontal)
                return

    def closeEvent(self, event: QCloseEvent) -> None:
        self.frame_timer.stop()
        if self._save is not None and self._narrow is not None:
            self._save(self.layout_bytes())
        super().closeEvent(event)

    def reset_layout(self) -> None:
        """The arrangement of a new window of this size."""
        for dock in self.docks.values():
            dock.setFloating(False)
        arrange(self, self.docks)
        fold(self, self.docks, narrow=self.width() < NARROW_PX)

    def layout_bytes(self) -> bytes:
        """Geometry and dock state, to be handed back through `load_layout`."""
        geometry = self.saveGeometry().data()
        state = self.saveState().data()
        panes = json.dumps({name: pane.state() for name, pane in self.panes.items()}).encode()
        return b"".join(len(part).to_bytes(4, "big") + part for part in (geometry, state, panes))

    def _restore(self) -> bool:
        saved = self._load() if self._load is not None else None
        if not saved:
            return False
        for dock in self.docks.values():
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        geometry, state, panes = _parts(saved)
        for name, pane in self.panes.items():
            pane.restore(panes.get(name, {}))
        self.restoreGeometry(QByteArray(geometry))
        self._narrow = self.width() < NARROW_PX
        return self.restoreState(QByteArray(state))

    # --- actions

    def toggle_full_screen(self) -> None:
        """Full screen and back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def open_recording(self) -> None:
        """Ask for a recording and replay it."""
        ask_recording(self, self._controls.open_recording)

    def screenshot(self) -> None:
        """Take the picture now, then ask where it goes."""
        picture = self.grab()
        name = f"orderflow {fmt.date_clock(self._now_ns).replace(':', '-')}.png"
        ask_picture(self, name, lambda path: save_picture(picture, path))

    def copy_picture(self) -> None:
        """Put a picture of the window on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self.grab())

    def show_keys(self) -> None:
        """The cheat sheet."""
        groups = {
            "Replay": [(key.name, key.meaning) for key in self.playback.key_map()],
            "Window": [(key.name, key.meaning) for key in self._window_keys()],
        }
        for pane in self.panes.values():
            if keys := getattr(pane, "keys", ()):
                groups[pane.title] = list(keys)
        CheatSheet(self, groups).open()

    def _recentre(self) -> None:
        if isinstance(ladder := self.panes.get("ladder"), LadderPane):
            ladder.recentre()

    def _ask_time(self) -> None:
        for pane in self.panes.values():
            if isinstance(pane, GoesToTime):
                pane.ask_time()
                return

    def _cancel(self) -> None:
        self._resume_tape()
        for pane in self.panes.values():
            if isinstance(pane, Cancels):
                pane.cancel()

    def _resume_tape(self) -> None:
        if isinstance(tape := self.panes.get("tape"), TapePane):
            tape.resume()


def _parts(saved: bytes) -> tuple[bytes, bytes, dict[str, dict[str, object]]]:
    """Geometry, docks and panes of a saved layout; what cannot be read is empty."""
    parts: list[bytes] = []
    rest = saved
    while rest and len(parts) < 3:
        end = 4 + int.from_bytes(rest[:4], "big")
        parts.append(rest[4:end])
        rest = rest[end:]
    if len(parts) < 3:
        return parts[0] if parts else b"", b"", {}
    try:
        panes = json.loads(parts[2])
    except ValueError:
        panes = {}
    return parts[0], parts[1], panes if isinstance(panes, dict) else {}


def _edges(area: QRect, width: int) -> tuple[QRect, QRect, QRect, QRect]:
    """The four sides of a frame just inside `area`."""
    w, h = area.width(), area.height()
    return QRect(0, 0, w, width), QRect(0, h - width, w, width), QRect(0, 0, width, h), QRect(w - width, 0, width, h)
