"""The main window: arranges panes and passes them the status. It computes nothing and does not know the session."""

from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QRect, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QMainWindow, QTabWidget, QToolBar, QWidget

from widgets.elements.layouts import line_of
from widgets.frame_timer import FrameTimer, ViewSource
from widgets.items.paint_guard import paints
from widgets.pane import Pane
from widgets.theme.theme import theme
from widgets.window.controls import Controls, perform
from widgets.window.guide import PaneHelp
from widgets.window.header import Header
from widgets.window.menus import MenuBar
from widgets.window.playback_bar import REPLAY, PlaybackBar, is_replay
from widgets.window.status_bar import StatusBar
from widgets.window.window_actions import WORKSPACE_MENU, WindowActions
from widgets.workspaces.catalogue import PANES
from widgets.workspaces.dock_set import DockSet
from widgets.workspaces.workspaces import Workspaces
from workstation.readmodels.session.status import StatusView
from workstation.readmodels.session.workspaces import InMemoryWorkspaces, WorkspaceStore
from workstation.settings.declaration import Settings, SettingsInMemory, SettingsKeeper

_FRAME_PX = 3
_USUAL_SIZE = QSize(1600, 900)
_LEAST_SCREEN_PX = 1_024  # a smaller screen is none that somebody looks at
_TITLE_BAR_PX = 40
_AGE_FRAMES = 15
_DIGITS = frozenset("0123456789")
_SAVE_FRAMES = 120


class MainWindow(QMainWindow):
    """Docks and one repaint clock. Workspaces come from `store` at the first show and go there when they change."""

    def __init__(
        self,
        source: ViewSource,
        controls: Controls,
        panes: dict[str, Pane] | None = None,
        title: str = "Order flow",
        store: WorkspaceStore | None = None,
        settings: SettingsKeeper | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self.setWindowTitle(title)
        self.dock_set = DockSet(self, panes or {}, PANES if panes is None else {})
        self.panes, self.docks = self.dock_set.panes, self.dock_set.docks
        self.frame_timer = FrameTimer(source, self.panes_on_screen)
        self.frame_timer.setParent(self)  # deleted with the window, like the receivers of its signal
        self.header, self.playback = Header(), PlaybackBar(controls)
        self.status = StatusBar(self.frame_timer.frame_ms)
        self.menus = MenuBar()
        self.workspaces = Workspaces(self, self.dock_set, store or InMemoryWorkspaces())
        self.settings = settings or SettingsInMemory()
        self.action_list = WindowActions(
            self, self.header, self.playback, self.dock_set, self.workspaces, controls, self.settings
        )
        self._controls = controls
        self._started = False
        self._edges = QByteArray()  # the arrangement when the pointer last went down between docks
        self._replay = False
        self._frame = 0
        self._assemble()
        self._connect()
        self.use_settings(self.settings.current)
        self.resize(_first_size(self.screen().availableSize()))

    def panes_on_screen(self) -> Iterator[Pane]:
        """The header and the panes that are not behind a tab or closed: those that are refreshed."""
        yield self.header
        yield from self.dock_set.on_screen()

    # --- assembly

    def _assemble(self) -> None:
        top = QWidget()
        row = line_of(within=top, spacing=0)
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
        self.action_list.enable_group(REPLAY, False)
        menus, actions = self.menus, self.action_list
        for name in ("session.open", "session.go_to", "window.screenshot", "window.copy", "window.settings"):
            menus.add(menus.file, actions[name])
        menus.file.addSeparator()
        menus.add(menus.file, actions["window.quit"])
        menus.list_docks(self.docks.values())
        menus.list_kinds({name: kind.title for name, kind in self.dock_set.kinds.items()}, self.dock_set.open)
        menus.add(menus.view, actions["window.full_screen"])
        for name in ("window.guide", "pane.help", "window.keys", "window.find"):
            menus.add(menus.help, actions[name])

    def _connect(self) -> None:
        self.frame_timer.ticked.connect(self._show_status)
        links = self.dock_set.links
        links.add(self.header)
        links.base_changed.connect(lambda _, base: self._controls.focus(base))
        self.dock_set.changed.connect(lambda: self.menus.list_docks(self.docks.values()))
        self.dock_set.help_asked.connect(lambda pane: PaneHelp(self, pane).open())
        self.dock_set.command.connect(partial(perform, self._controls))
        self.workspaces.changed.connect(self._list_workspaces)

    def use_settings(self, settings: Settings) -> None:
        """Apply the settings that can change while the window is open."""
        self.action_list.choose_keys(settings.keys)
        self.frame_timer.set_rate(settings.frame_rate)

    # --- base

    def set_bases(self, bases: list[str], others: Sequence[str] = ()) -> None:
        """List the bases in this order; the first one is shown unless another is already.

        `others` are subscribed once they are chosen.
        """
        self.dock_set.set_bases(bases)
        self.header.set_bases(bases, others)

    def set_base(self, base: str) -> None:
        """Show this base in every pane that follows the header."""
        self.header.set_base(base)

    # --- each frame

    def _show_status(self, status: StatusView) -> None:
        self._show_mode(is_replay(status))
        self.header.show_status(status)
        self.playback.refresh(status)
        self.status.refresh(status)
        self.dock_set.show_status(status)
        self._frame += 1
        if self._frame % _AGE_FRAMES == 1:
            self.dock_set.show_ages(status.now_ns)
        if self._frame % _SAVE_FRAMES == 0:
            self.workspaces.save_desktop()

    def _show_mode(self, replay: bool) -> None:
        """A replay has a coloured frame around the window and its transport on a separate line."""
        if replay == self._replay:
            return
        self._replay = replay
        self.action_list.enable_group(REPLAY, replay)
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
        if not self._started:
            self._started = True
            self.workspaces.start()
            self.dock_set.focus_next(1)
        self.frame_timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.workspaces.resized()
        self._keep_side_width(event.oldSize().width())

    def _keep_side_width(self, before_px: int) -> None:
        """A wider window widens the charts, not the ladder."""
        fixed = [dock for dock in self.docks.values() if dock.on_screen and not dock.isFloating()]
        chart = next((dock for dock in fixed if dock.pane.fills_width), None)
        for side in fixed:
            if chart is not None and side.pane.keeps_width and before_px in side.widths:
                px = side.widths[before_px]
                self.resizeDocks([chart, side], [self.width() - px, px], Qt.Orientation.Horizontal)
                return

    def event(self, event: QEvent) -> bool:
        """Detect that docks were resized: only the edges between them get mouse events here, the rest is covered."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._types_time(event):
            event.accept()  # in a replay a digit begins a time, and is not the link group that it is when live
            return True
        if event.type() == QEvent.Type.MouseButtonPress:
            self._edges = self.saveState()
        handled = super().event(event)
        if event.type() == QEvent.Type.MouseButtonRelease and self.saveState() != self._edges:
            self.dock_set.moved.emit()
        return handled

    def _types_time(self, event: QKeyEvent) -> bool:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        return self._replay and plain and event.text() in _DIGITS

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """In a replay a digit opens the field for a time to go to."""
        if self._types_time(event):
            self.action_list.go_to_time(event.text())
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.frame_timer.stop()
        if self._started:
            self.workspaces.save_desktop()
        super().closeEvent(event)

    def _list_workspaces(self) -> None:
        actions = [self.action_list[name] for name in WORKSPACE_MENU]
        spaces = self.workspaces
        self.menus.list_workspaces(spaces.names(), spaces.current, spaces.open, actions)
        self.setWindowTitle(f"{self._title}: {spaces.current}")


def _edges(area: QRect, width: int) -> tuple[QRect, QRect, QRect, QRect]:
    """The four sides of a frame just inside `area`."""
    w, h = area.width(), area.height()
    return QRect(0, 0, w, width), QRect(0, h - width, w, width), QRect(0, 0, width, h), QRect(w - width, 0, width, h)


def _first_size(available: QSize) -> QSize:
    """The size of a window that was never arranged: no larger than the screen, less the title bar."""
    if available.width() < _LEAST_SCREEN_PX:
        return _USUAL_SIZE
    return _USUAL_SIZE.boundedTo(available - QSize(0, _TITLE_BAR_PX))
