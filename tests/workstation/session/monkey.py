"""Somebody who clicks, types, drags, turns and rearranges without a thought, on the window of a desk.

Seeded: the same seed does the same things to the same program. Files are never asked for, and what is quit opens again.
"""

from __future__ import annotations

import logging
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QLineEdit, QWidget
from shiboken6 import isValid

from widgets.window.main_window import MainWindow
from widgets.workspaces.presets import START
from workstation.app import Shell
from workstation.session.controls import DeskControls
from workstation.settings.declaration import ThemeName
from workstation.settings.files import CurrentSettings

NO_KEYS = frozenset({"window.quit"})
PATIENCE_MS = 60
SCALES = (1.0, 1.0, 1.25, 0.9)
SIZES = ((1920, 1080), (1366, 768), (1000, 700), (640, 480), (1600, 900))
LOOSE_KEYS = (
    Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Delete, Qt.Key.Key_Menu,
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Space, Qt.Key.Key_F10,
    *(Qt.Key(ord(letter)) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
)  # fmt: skip
BUTTONS = (Qt.MouseButton.LeftButton,) * 5 + (Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
MODIFIERS = (Qt.KeyboardModifier.NoModifier,) * 4 + (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


class Ears(logging.Handler):
    """Everything that was logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.name}: {self.format(record)}")


@dataclass
class Monkey:
    """`act` does one thing and lets the window live for a frame; `done` remembers the last ones, to tell of a fault."""

    app: QApplication
    shell: Shell
    used: CurrentSettings
    rng: random.Random
    done: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    counted: Counter[str] = field(default_factory=Counter)
    recording: Path | None = None
    coins: tuple[str, ...] = ("BTC", "ETH", "NOSUCH")
    _held: QWidget | None = None

    @property
    def window(self) -> MainWindow:
        assert self.shell.window is not None
        return self.shell.window

    def act(self) -> None:
        """One deed, by weight."""
        deeds: tuple[tuple[int, Callable[[], str]], ...] = (
            (30, self.click), (18, self.press), (8, self.double_click), (12, self.wheel), (14, self.drag),
            (16, self.command_key), (14, self.loose_key), (10, self.command), (3, self.workspace), (4, self.open_pane),
            (6, self.dock), (3, self.resize), (3, self.coin), (1, self.look), (3, self.type_text), (8, self.leave),
            (1, self.session),
        )  # fmt: skip
        deed = self.rng.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])[0]
        self.done.append(deed.__name__)
        self.counted[deed.__name__] += 1
        impatience = QTimer()
        impatience.setSingleShot(True)
        impatience.timeout.connect(self._choose_and_leave)
        impatience.start(PATIENCE_MS)
        self.done[-1] = f"{deed.__name__} {deed()}"
        impatience.stop()
        self.live()

    def live(self) -> None:
        """A frame; a window that was closed opens again."""
        live(self.app)
        if not self.window.isVisible():
            self.shell.open()
        self.window.frame_timer.tick()
        live(self.app)

    # --- by the mouse

    def click(self) -> str:
        widget, at = self._somewhere()
        QTest.mouseClick(widget, self.rng.choice(BUTTONS), self.rng.choice(MODIFIERS), at)
        return _told(widget)

    def press(self) -> str:
        """A button or a list of choices, rather than any place."""
        top = self._top()
        controls = [
            one for one in top.findChildren(QWidget) if isinstance(one, QAbstractButton | QComboBox) and isValid(one)
        ]
        controls = [one for one in controls if one.isVisible() and one.isEnabled() and one.window() is top]
        if not controls:
            return "nothing"
        control = self.rng.choice(controls)
        words = _told(control)
        if isinstance(control, QComboBox) and control.count():
            control.setCurrentIndex(self.rng.randrange(control.count()))
            control.activated.emit(control.currentIndex())
        else:
            QTest.mouseClick(control, Qt.MouseButton.LeftButton)
        return words

    def double_click(self) -> str:
        widget, at = self._somewhere()
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, self.rng.choice(MODIFIERS), at)
        return _told(widget)

    def wheel(self) -> str:
        widget, at = self._somewhere()
        turn = QPoint(0, self.rng.choice((-960, -120, 120, 960)))
        event = QWheelEvent(
            QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), turn, Qt.MouseButton.NoButton,
            self.rng.choice(MODIFIERS), Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)
        return _told(widget)

    def drag(self) -> str:
        widget, at = self._somewhere()
        words = _told(widget)
        button, modifiers = self.rng.choice(BUTTONS[:6]), self.rng.choice(MODIFIERS)
        reach = QPoint(self.rng.randint(-400, 400), self.rng.randint(-300, 300))
        QTest.mousePress(widget, button, modifiers, at)
        for step in range(1, 5):
            if not isValid(widget):  # what it belonged to was left meanwhile
                return words
            QTest.mouseMove(widget, at + reach * step / 4)
        if isValid(widget):
            QTest.mouseRelease(widget, button, modifiers, at + reach)
        return words

    # --- by the keyboard

    def command_key(self) -> str:
        commands = [one for one in self.window.action_list if one.keys and one.name not in NO_KEYS]
        command = self.rng.choice(commands)
        QTest.keySequence(self._holder(), QKeySequence(self.rng.choice(command.keys)))
        return command.name

    def loose_key(self) -> str:
        key = self.rng.choice(LOOSE_KEYS)
        QTest.keyClick(self._holder(), key, self.rng.choice(MODIFIERS))
        return key.name

    def type_text(self) -> str:
        lines = [
            one for one in self._top().findChildren(QLineEdit) if isValid(one) and one.isVisible() and one.isEnabled()
        ]
        if not lines:
            return "nowhere"
        QTest.keyClicks(self.rng.choice(lines), self.rng.choice(("btc", "-1", "99999999", "12:00", "x?", "1e9", "0")))
        return "text"

    def leave(self) -> str:
        """Esc, from whatever is open."""
        QTest.keyClick(self._holder(), Qt.Key.Key_Escape)
        return ""

    # --- what a person reaches through menus

    def command(self) -> str:
        command = self.rng.choice([one for one in self.window.action_list if one.name not in NO_KEYS])
        command.effect()
        return command.name

    def workspace(self) -> str:
        spaces = self.window.workspaces
        name = self.rng.choice(spaces.names())
        if self.rng.random() < 0.2:
            spaces.save_as(f"Mine {self.rng.randrange(3)}")
        spaces.open(name)
        return name

    def open_pane(self) -> str:
        docks = self.window.dock_set
        kind = self.rng.choice(list(docks.kinds))
        if self._room_for(kind):
            docks.open(kind)
        return kind

    def dock(self) -> str:
        """Float, close, duplicate, maximise or link a pane."""
        docks = self.window.dock_set
        name = self.rng.choice([name for name, dock in docks.docks.items() if dock.isVisible()] or [""])
        if not name:
            return "none"
        title = docks.docks[name].title
        what = self.rng.choice(("float", "close", "duplicate", "maximise", "group", "help"))
        if what == "float":
            title.float.click()
        elif what == "close":
            title.close_button.click()
        elif what == "group":
            title.group_chosen.emit(self.rng.randrange(10))
        elif what != "duplicate" or self._room_for(name.partition(":")[0]):
            asked = {"duplicate": title.duplicate_asked, "maximise": title.maximise_asked, "help": title.help_asked}
            asked[what].emit()
        return f"{what} {name}"

    def resize(self) -> str:
        size = self.rng.choice(SIZES)
        self.window.resize(*size)
        return str(size)

    def coin(self) -> str:
        base = self.rng.choice(self.coins)
        self.window.set_base(base)
        return base

    def session(self) -> str:
        """Replay the recording, or go back to what is live."""
        desk = self.shell.desk
        if self.recording is None or self.rng.random() < 0.5:
            desk.go_live()
            return "live"
        desk.open_recording(self.recording)
        DeskControls(desk).play()
        return self.recording.name

    def look(self) -> str:
        theme, scale = self.rng.choice(list(ThemeName)), self.rng.choice(SCALES)
        self.used.change(msgspec.structs.replace(self.used.current, theme=theme, scale=scale))
        return f"{theme} {scale}"

    def _room_for(self, kind: str) -> bool:
        docks = self.window.docks
        return not all(name in docks and docks[name].isVisible() for name in (kind, f"{kind}:2"))

    # --- afterwards

    def calm(self) -> None:
        """Leave every menu and dialog, and put the first workspace back; two panes of each kind are made."""
        for _ in range(40):
            for widget in QApplication.topLevelWidgets():
                if not isValid(widget):
                    continue
                if isinstance(widget, QDialog) or widget.windowType() is Qt.WindowType.Popup:
                    widget.close()
            live(self.app)
        docks, spaces = self.window.dock_set, self.window.workspaces
        if docks.maximised:
            docks.toggle_maximised(docks.focused)
        if self.window.isFullScreen():
            self.window.action_list.toggle_full_screen()
        self.window.resize(1600, 900)
        spaces.open(START)
        spaces.delete()
        for kind in docks.kinds:
            for name in (kind, f"{kind}:2"):
                if name not in docks.docks:
                    docks.make(name)
        self.live()

    def _choose_and_leave(self) -> None:
        """Something waits for an answer in a loop of its own, as the menu of a button does."""
        popup = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if popup is not None:
            QTest.mouseClick(popup, Qt.MouseButton.LeftButton, pos=self._within(popup))
        for _ in range(8):
            waiting = QApplication.activePopupWidget() or QApplication.activeModalWidget()
            if waiting is not None:
                waiting.close()

    def _within(self, widget: QWidget) -> QPoint:
        return QPoint(self.rng.randrange(max(widget.width(), 1)), self.rng.randrange(max(widget.height(), 1)))

    def _top(self) -> QWidget:
        """What would get a click: the open menu, else the dialog, else any window."""
        holding = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if holding is not None:
            return holding
        tops = [one for one in QApplication.topLevelWidgets() if isValid(one) and one.isVisible() and one.width() > 8]
        return self.rng.choice([self.window, self.window, *tops])

    def _somewhere(self) -> tuple[QWidget, QPoint]:
        top = self._top()
        point = self._within(top)
        child = top.childAt(point)
        child = child if child is not None and isValid(child) else top  # not what lay at this address before
        self._held = top  # whose wrapper would take those of its children along
        return child, child.mapFrom(top, point) if child is not top else point

    def _holder(self) -> QWidget:
        return QApplication.activePopupWidget() or QApplication.focusWidget() or self._top()


def live(app: QApplication) -> None:
    """Handle what waits, deletions too."""
    app.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _told(widget: QWidget) -> str:
    words = widget.text() if isinstance(widget, QAbstractButton) else widget.objectName()
    return f"{type(widget).__name__} {words!r}"
