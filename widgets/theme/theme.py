"""Colours by role, two font sizes, one style sheet: the only source of colours.

Pens, brushes and fonts are created once and shared; a pane never creates one while painting.
"""

import logging
import tomllib
from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

import msgspec
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QPalette, QPen
from PySide6.QtWidgets import QApplication

import resources
from feeds.model.instrument import Venue
from feeds.venues.registry import profile_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

CELL = 4  # every distance is a multiple of this many pixels


class FontSpec(msgspec.Struct, frozen=True):
    """The one family and its two pixel sizes."""

    family: str
    files: list[str]
    size: int
    small: int


class ThemeFile(msgspec.Struct, frozen=True):
    """A theme file. Colours are `#rrggbb` by role; `venues` replaces colours of the venues' profiles."""

    colors: dict[str, str]
    font: FontSpec
    venues: dict[Venue, str] = {}


class Theme:
    """Colours by role, with shared pens, brushes and fonts."""

    def __init__(self, spec: ThemeFile) -> None:
        self.spec = spec
        self._colors = {name: QColor(value) for name, value in spec.colors.items()}
        self._is_dark = self._colors["pane"].lightnessF() < 0.5
        self._pens: dict[tuple[str, float], QPen] = {}
        self._brushes: dict[tuple[str, int], QBrush] = {}

    def color(self, role: str, alpha: int = 255) -> QColor:
        """The colour of a role, as a new object with this alpha (0-255)."""
        color = QColor(self._colors[role])
        color.setAlpha(alpha)
        return color

    def venue_color(self, venue: Venue) -> QColor:
        """A venue's one colour: the theme's, else that of its profile for a background as dark as this one."""
        own = self.spec.venues.get(venue)
        return QColor(own or profile_of(venue).colors.on(dark=self._is_dark))

    def pen(self, role: str, width: float = 1.0) -> QPen:
        """A cosmetic pen, shared: do not change it."""
        key = (role, width)
        if key not in self._pens:
            pen = QPen(self._colors[role], width)
            pen.setCosmetic(True)
            self._pens[key] = pen
        return self._pens[key]

    def brush(self, role: str, alpha: int = 255) -> QBrush:
        """A solid brush, shared: do not change it."""
        key = (role, alpha)
        if key not in self._brushes:
            self._brushes[key] = QBrush(self.color(role, alpha))
        return self._brushes[key]

    def font(self, *, small: bool = False, bold: bool = False) -> QFont:
        """The family at one of the two sizes; figures are tabular."""
        font = QFont(self.spec.font.family)
        font.setPixelSize(self.spec.font.small if small else self.spec.font.size)
        font.setBold(bold)
        font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
        return font


def per_theme(make: Callable[P, R]) -> Callable[P, R]:
    """Cache a function's results until another theme is used."""
    cached = lru_cache(maxsize=64)(make)
    _caches.append(cached.cache_clear)
    return cast("Callable[P, R]", cached)


def theme() -> Theme:
    """The theme in use; the dark one until another is chosen."""
    return _used[0] if _used else use_theme("dark")


def use_theme(name: str, scale: float = 1.0) -> Theme:
    """Read a theme from `resources/themes` and use it; fonts are `scale` times their designed size.

    Existing widgets stay in the colours in which they were created.
    """
    if _used and _names[-1:] == [(name, scale)]:
        return _used[0]
    spec = msgspec.convert(tomllib.loads(resources.read_text(f"themes/{name}.toml")), ThemeFile)
    font = msgspec.structs.replace(spec.font, size=round(spec.font.size * scale), small=round(spec.font.small * scale))
    _used[:], _names[:] = [Theme(msgspec.structs.replace(spec, font=font))], [(name, scale)]
    for clear in _caches:
        clear()
    return _used[0]


_used: list[Theme] = []
_names: list[tuple[str, float]] = []
_caches: list[Callable[[], None]] = []


def apply_theme(app: QApplication, name: str = "dark", scale: float = 1.0) -> None:
    """Load the bundled font and style the application. A font that cannot be loaded is logged and replaced."""
    look = use_theme(name, scale)
    sheet = style_sheet(look)
    if app.styleSheet() == sheet:
        return  # setting a style sheet again costs time for every widget
    for file in look.spec.font.files:
        if QFontDatabase.addApplicationFont(str(resources.path(file))) < 0:
            log.warning("the font %s cannot be loaded; the system's own is used", file)
    app.setStyle("Fusion")
    app.setFont(look.font())
    app.setPalette(_palette(look))
    app.setStyleSheet(sheet)


def _palette(look: Theme) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.Base: "pane",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "faint",
        QPalette.ColorRole.Highlight: "focus",
        QPalette.ColorRole.Link: "focus",
    }
    palette = QPalette()
    for role, name in roles.items():
        palette.setColor(role, look.color(name))
    palette.setColor(QPalette.ColorRole.HighlightedText, look.color("window"))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, look.color("faint"))
    return palette


def style_sheet(look: Theme) -> str:
    """Hairlines instead of boxes, no gradients, the focus ring in its own colour.

    Labels and tooltips are plain text: a venue's or a file's text is never parsed as HTML, which can load files.
    """
    c = look.spec.colors
    arrow, check = (resources.path(f"icons/{name}.svg").as_posix() for name in ("down", "check"))
    return f"""
    QMainWindow::separator {{ background: {c["hairline"]}; width: 1px; height: 1px; }}
    QMainWindow::separator:hover {{ background: {c["focus"]}; }}
    QDockWidget {{ color: {c["muted"]}; }}
    QLabel, QToolTip {{ qproperty-textFormat: PlainText; }}
    QToolTip {{ background: {c["raised"]}; color: {c["text"]}; border: 1px solid {c["hairline"]}; padding: 4px; }}
    QMenuBar, QMenu {{ background: {c["window"]}; color: {c["text"]}; }}
    QMenu {{ border: 1px solid {c["faint"]}; padding: 4px 0; }}
    QFrame#popup {{ border: 1px solid {c["faint"]}; }}
    QMenu::item {{ padding: 4px 24px 4px 16px; }}
    QMenu::item:selected, QMenuBar::item:selected {{ background: {c["raised"]}; }}
    QMenu::item:disabled {{ color: {c["faint"]}; }}
    QMenu::separator {{ height: 1px; background: {c["hairline"]}; margin: 4px 0; }}
    QPushButton, QToolButton, QComboBox, QLineEdit, QSpinBox, QDoubleSpinBox {{
        background: {c["raised"]}; color: {c["text"]}; border: 1px solid {c["hairline"]};
        padding: 2px 8px; border-radius: 2px; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {c["faint"]}; }}
    QPushButton:pressed, QToolButton:pressed, QToolButton:checked {{ background: {c["hairline"]}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QSpinBox:focus {{
        border-color: {c["focus"]}; }}
    QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled {{ color: {c["faint"]}; background: {c["pane"]}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {c["faint"]}; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ width: 0; }}
    QComboBox::drop-down {{ border: none; width: 14px; }}
    QComboBox::down-arrow {{ image: url({arrow}); width: 8px; height: 8px; }}
    QToolButton[popupMode="2"] {{ padding-right: 18px; }}
    QToolButton::menu-indicator {{ image: url({arrow}); width: 8px; height: 8px;
        subcontrol-origin: padding; subcontrol-position: right center; right: 5px; }}
    QComboBox QAbstractItemView {{ background: {c["raised"]}; border: 1px solid {c["faint"]}; }}
    QCheckBox::indicator {{ width: 11px; height: 11px; background: {c["pane"]}; border: 1px solid {c["muted"]};
        border-radius: 2px; }}
    QCheckBox::indicator:disabled {{ border-color: {c["hairline"]}; }}
    QCheckBox::indicator:checked {{ background: {c["focus"]}; image: url({check}); }}
    QCheckBox::indicator:focus, QCheckBox::indicator:hover {{ border-color: {c["focus"]}; }}
    QTabBar::tab {{ background: {c["window"]}; color: {c["muted"]}; padding: 4px 12px; border: none; }}
    QTabBar::tab:selected {{ color: {c["text"]}; border-bottom: 2px solid {c["focus"]}; }}
    QTextBrowser, QPlainTextEdit, QListWidget {{ background: {c["pane"]}; color: {c["text"]};
        border: 1px solid {c["hairline"]}; }}
    QTableView {{ background: {c["pane"]}; }}
    QHeaderView {{ background: {c["pane"]}; }}
    QHeaderView::section {{ background: {c["pane"]}; color: {c["muted"]}; border: none;
        border-bottom: 1px solid {c["hairline"]}; padding: 0 4px; }}
    QScrollBar:vertical {{ background: {c["pane"]}; width: 8px; }}
    QScrollBar::handle:vertical {{ background: {c["hairline"]}; min-height: 24px; }}
    QScrollBar:horizontal {{ background: {c["pane"]}; height: 8px; }}
    QScrollBar::handle:horizontal {{ background: {c["hairline"]}; min-width: 24px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    QSlider::groove:horizontal {{ background: {c["hairline"]}; height: 2px; }}
    QSlider::handle:horizontal {{ background: {c["text"]}; width: 8px; margin: -6px 0; border-radius: 2px; }}
    QStatusBar::item {{ border: none; }}
    """
