"""The title bar of a pane: link group, title, age of the data, a menu, float and close. The same for every pane."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QDockWidget, QLabel, QMenu, QPushButton, QWidget

from widgets.elements.captions import set_text, tint
from widgets.elements.layouts import line_of
from widgets.pane import Pane
from widgets.theme import format as text_of
from widgets.theme.theme import CELL, theme
from widgets.workspaces.links import GROUPS

STALE_NS = 3_000_000_000


class DockTitle(QWidget):
    """Dragging it moves the dock; a double click maximises or restores the pane."""

    maximise_asked = Signal()
    duplicate_asked = Signal()
    help_asked = Signal()
    group_chosen = Signal(int)

    def __init__(self, dock: QDockWidget, pane: Pane) -> None:
        super().__init__()
        self._dock, self._pane = dock, pane
        self.title, self.age = QLabel(), QLabel()
        self.group = _flat("", "Link group: panes of one group share base, crosshair and time range")
        self.menu_button = _flat("menu", "Copy, settings, help")
        self.float = _flat("float", "Float this pane in its own window, or dock it again")
        self.close_button = _flat("×", "Close this pane; the View menu opens it again")
        self._lay_out()
        self._connect()
        self.show_group(pane.link_group)

    def _lay_out(self) -> None:
        set_text(self.title, self._dock.windowTitle().upper())
        self.title.setFont(theme().font(small=True, bold=True))
        self.age.setFont(theme().font(small=True))
        self.age.setToolTip("Time since the newest data of this pane's markets")
        tint(self.title, "muted")
        row = line_of(self.group, self.title, within=self, margins=(CELL, 0, CELL, 0))
        row.addStretch(1)
        for widget in (self.age, self.menu_button, self.float, self.close_button):
            row.addWidget(widget)
        self.setFixedHeight(5 * CELL)

    def _connect(self) -> None:
        dock = self._dock
        self.float.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        self.close_button.clicked.connect(dock.close)
        dock.topLevelChanged.connect(lambda floating: set_text(self.float, "dock" if floating else "float"))
        self.group.clicked.connect(lambda: self._pop(self.group_menu(), self.group))
        self.menu_button.clicked.connect(self.open_menu)

    def show_group(self, group: int) -> None:
        """Show the group's number in its colour; a dash for a pane that is not linked."""
        set_text(self.group, str(group) if group else "–")
        self.group.setStyleSheet(_flat_style(f"link{group}" if group else "faint", bold=True))

    def show_age(self, now_ns: int) -> None:
        """Show the age of the pane's newest data, in the colour of a gap once it is stale; nothing without data."""
        newest_ns = max((market.last_event_ns for market in self._pane.shown_markets()), default=0)
        age_ns = max(0, now_ns - newest_ns)
        set_text(self.age, text_of.age(age_ns) if newest_ns else "")
        tint(self.age, "gap" if age_ns > STALE_NS else "faint")

    def group_menu(self) -> QMenu:
        menu = QMenu(self)
        for group in range(1, GROUPS + 1):
            self._entry(menu, f"Group {group}", partial(self.group_chosen.emit, group))
        self._entry(menu, "Not linked", lambda: self.group_chosen.emit(0))
        for group, action in enumerate(menu.actions(), 1):
            action.setCheckable(True)
            action.setChecked(group % (GROUPS + 1) == self._pane.link_group)
        return menu

    def pane_menu(self) -> QMenu:
        menu = QMenu(self)
        if self._pane.has_settings:
            self._entry(menu, "Settings", self._pane.open_settings)
            menu.addSeparator()
        self._entry(menu, "Copy as picture", self.copy_picture)
        self._entry(menu, "Copy as data", self.copy_data).setEnabled(self._pane.as_table() is not None)
        menu.addSeparator()
        self._entry(menu, "Maximise", self.maximise_asked.emit)
        self._entry(menu, "Duplicate", self.duplicate_asked.emit)
        self._entry(menu, "Help", self.help_asked.emit)
        return menu

    def open_menu(self) -> None:
        """Show the menu under its button."""
        self._pop(self.pane_menu(), self.menu_button)

    def open_menu_at(self, on_screen: QPoint) -> None:
        """Show the menu at a place."""
        menu = self.pane_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(on_screen)

    def copy_picture(self) -> None:
        """Put a picture of the pane on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self._pane.grab())

    def copy_data(self) -> None:
        """Put the pane's data on the clipboard, tab-separated."""
        table = self._pane.as_table()
        if table is not None:
            QGuiApplication.clipboard().setText(table.text())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.maximise_asked.emit()
        event.accept()

    def _entry(self, menu: QMenu, text: str, effect: Callable[[], object]) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(lambda _checked=False: effect())
        return action

    def _pop(self, menu: QMenu, under: QWidget) -> None:
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(under.mapToGlobal(QPoint(0, under.height())))


def _flat(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setFont(theme().font(small=True))
    button.setStyleSheet(_flat_style("muted"))
    return button


def _flat_style(role: str, *, bold: bool = False) -> str:
    look = theme()
    weight = "font-weight: bold;" if bold else ""
    return (
        f"QPushButton {{ border: none; background: transparent; color: {look.color(role).name()};"
        f" padding: 0 4px; {weight} }} QPushButton:hover {{ color: {look.color('text').name()}; }}"
    )
