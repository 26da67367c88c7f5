"""The footprint pane: who traded at which price in every bar, with the statistics of the bars under them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from feeds.instrument import Venue
from widgets import format as text_of
from widgets.chart import TimeChart
from widgets.dialogs.go_to import GoToTime
from widgets.items.profile import SHARE
from widgets.items.style import ProfileSpan, Style
from widgets.pane import Pane
from widgets.panes.footprint_data import bars_as_csv
from widgets.panes.footprint_layers import FootprintLayers
from widgets.panes.footprint_menu import footprint_menu
from widgets.panes.footprint_reading import FootprintReading
from widgets.panes.footprint_settings import FootprintSettings
from widgets.panes.footprint_state import profile_bounds, recalled, remembered
from widgets.panes.footprint_text import absence
from widgets.panes.footprint_toolbar import FootprintToolbar
from widgets.panes.footprint_tools import FootprintTools
from widgets.spans import Span
from widgets.theme import theme
from workstation.readmodels import (
    BarKind,
    FootprintRequest,
    FootprintView,
    MarketState,
    ProfileRequest,
    ProfileView,
    View,
    ViewRequest,
)

PITCH_PX = 88.0  # of a bar in a new view


class FootprintPane(Pane):
    """`crosshair_moved` carries ns or None; `visible_range_changed` two ns, after changes made here only."""

    title = "Footprint"
    keys = (
        ("wheel", "zoom time at the pointer"),
        ("Ctrl+wheel", "zoom price"),
        ("Shift+wheel, drag, arrows", "pan"),
        ("drag an axis, double-click it", "scale, automatic again"),
        ("L", "follow the latest bar"),
        ("A", "automatic price scale"),
        ("Z", "reset the view"),
        ("Ctrl+drag, Ctrl+Z", "zoom into a box, back"),
        ("Shift+drag", "measure"),
        ("Alt+H, Del", "level at the pointer, delete it"),
        ("I, V", "imbalances, volume profile"),
        ("Alt+G", "go to a time"),
    )
    bar_changed = Signal(object)  # the new bar length in ns
    crosshair_moved = Signal(object)
    visible_range_changed = Signal(object, object)
    older_wanted = Signal(str, object)  # a base and the ns before which its trades are missing

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._linking = False
        self._pointer: QPointF | None = None
        self.chart = TimeChart(PITCH_PX)  # first, so that it has the first focus
        self.toolbar = FootprintToolbar(base)
        self.layers = FootprintLayers(self.chart)
        self.item, self.table, self.overlay = self.layers.item, self.layers.table, self.layers.overlay
        self.profile, self.drawings = self.layers.profile, self.layers.drawings
        self.reading = FootprintReading(self.layers)
        self.legend, self.readout = self.reading.legend, self.reading.readout
        self.tools = FootprintTools(self.chart, self.drawings, self.reading.measure)
        self.settings = FootprintSettings(self)
        self.notice = QLabel(self.chart)
        self._bar_ns = self.toolbar.bars.bar_ns
        self.tools.set_base(base)
        self._lay_out()
        self._connect()
        self._say_why_empty()

    def request(self) -> FootprintRequest | None:
        """What the toolbar asks for."""
        return self.toolbar.request()

    def set_bases(self, bases: list[str]) -> None:
        """The bases to choose from."""
        self.toolbar.set_bases(bases)

    def set_base(self, base: str) -> None:
        """Show this base."""
        self.toolbar.set_base(base)

    def set_markets(self, markets: Iterable[MarketState]) -> None:
        """The markets there are, for the venue menu."""
        self.toolbar.set_markets(markets)

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """The venues there are, for the venue menu."""
        self.toolbar.set_venues(venues)

    def refresh(self, view: View) -> None:
        """Show this view; the range moves only while following."""
        if isinstance(view, ProfileView) and view.request in self.side_requests():
            self.profile.set_view(view)
        if not isinstance(view, FootprintView) or view is self.layers.view:
            return
        self._linking = True  # a renewed grid moves nothing for others
        self.layers.show(view)
        self._linking = False
        self._say_legend()
        self.reading.tag_axes()
        self.reading.read()
        self._say_why_empty()
        self.toolbar.learn(view)

    def clear(self) -> None:
        """Forget the view; the zoom stays."""
        self.layers.clear()
        self.reading.point(None, None)
        self.chart.value_axis.set_tags(())
        self._say_why_empty()

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of this moment; None takes the mark away. Does not emit."""
        if self._pointer is None:
            self.reading.point(None if ts_ns is None else self.chart.grid.slot(ts_ns), None)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        """Show this span, asked for by another pane. Does not emit."""
        if self.layers.view is None or not self.layers.view.bars:
            return
        self._linking = True
        grid, latest = self.chart.grid, self.layers.latest_slot
        right = grid.slot(end_ns)
        self.chart.following = latest < right <= latest + 8
        self.chart.set_visible(grid.slot(start_ns), right)
        self._linking = False

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.toolbar, self.legend, self.readout):
            column.addWidget(widget)
        column.addWidget(self.chart, 1)
        self.setFocusProxy(self.chart)
        self.chart.tool, self.chart.tip_at = self.tools, self.reading.tip
        self.notice.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setStyleSheet(f"color: {theme().color('muted').name()}")

    def _connect(self) -> None:
        self.toolbar.changed.connect(self._on_request_changed)
        self.chart.range_changed.connect(self._on_range)
        self.chart.hovered.connect(self._on_hover)
        self.chart.menu_asked.connect(self._open_menu)
        self.toolbar.settings.clicked.connect(self.open_settings)
        self.settings.style_changed.connect(self.set_style)
        self.settings.rules_changed.connect(self.toolbar.set_rules)
        self.tools.levels_changed.connect(self.reading.tag_axes)
        self.chart.box.sigResized.connect(lambda _: self._on_resized())

    def _on_request_changed(self) -> None:
        self.layers.choice = None
        self._say_why_empty()
        request = self.request()
        self.tools.set_base(request.base if request is not None else "")
        if request is not None and request.bar_rule.kind is BarKind.TIME and request.bar_ns != self._bar_ns:
            self._bar_ns = request.bar_ns
            self.bar_changed.emit(request.bar_ns)
        self.request_changed.emit()

    def _on_range(self) -> None:
        self.layers.moved()
        self._say_legend()
        self.reading.tag_axes()
        if not self._linking:
            left, right = self.chart.visible
            self.visible_range_changed.emit(self.chart.grid.ts_ns(left), self.chart.grid.ts_ns(right))
            self._want_older(left)

    def _want_older(self, left: float) -> None:
        """Ask for what lies before the first bar when somebody looks there."""
        view = self.layers.view
        if view is not None and view.bars and not self.chart.following and left < float(self.layers.placed.slots[0]):
            self.older_wanted.emit(view.request.base, view.bars[0].start_ns)

    def _say_legend(self) -> None:
        awaited = self.item.style.profile is not ProfileSpan.OFF and self.profile.view is None
        self.reading.say_legend(*((Span("profile: nothing yet", "gap"),) if awaited else ()))

    def _on_resized(self) -> None:
        self.layers.fit_table()
        self._place_notice()
        self.layers.adapt()
        self._say_legend()
        self.chart.fit_values()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The notice stays in the middle."""
        super().resizeEvent(event)
        self._place_notice()

    def _place_notice(self) -> None:
        self.notice.setGeometry(self.chart.box.sceneBoundingRect().toRect())

    def _on_hover(self, position: QPointF | None) -> None:
        self._pointer = position
        self.tools.light(position)
        if position is None:
            self.reading.point(None, None)
            self.crosshair_moved.emit(None)
        else:
            scale = self.chart.plot_scale
            slot = scale.slot(position.x())
            self.reading.point(slot, scale.value(position.y()))
            self.crosshair_moved.emit(self.chart.grid.ts_ns(slot))

    # --- drawing another way

    def set_style(self, style: Style) -> None:
        """Draw another way."""
        if style.profile is not self.item.style.profile:
            self.profile.set_view(None)
            self.chart.reserve = SHARE if style.profile is not ProfileSpan.OFF else 0.0
            if self.chart.following:
                self.chart.follow()
        self.layers.restyle(style)
        self._say_legend()

    def change_style(self, **changes: object) -> None:
        """Draw another way in some respects."""
        self.set_style(replace(self.item.style, **changes))  # type: ignore[arg-type]

    def side_requests(self) -> tuple[ViewRequest, ...]:
        """The volume profile at the side, while it is shown."""
        request, view, span = self.request(), self.layers.view, self.item.style.profile
        if request is None or view is None or not view.bars or span is ProfileSpan.OFF:
            return ()
        bounds = profile_bounds(self.chart, span, view.bars[-1].end_ns)
        rules = request.rules
        asked = ProfileRequest(request.base, request.markets, view.row_size, *bounds, rules.value_area)
        return (replace(asked, value_area_mode=rules.value_area_mode),)

    def state(self) -> dict[str, object]:
        """Style, rules, bars and levels."""
        bars = self.toolbar.bars
        return remembered(self.item.style, self.toolbar.rules, bars.bar_ns, self.tools.levels, bars.chosen, bars.wanted)

    def restore(self, state: dict[str, object]) -> None:
        """Take them up."""
        found = recalled(state)
        if found is not None:
            self.set_style(found.style)
            self.toolbar.set_rules(found.rules)
            self.toolbar.bars.choose(BarKind.TIME, found.bar_ns)
            if found.bar_kind is not BarKind.TIME:
                self.toolbar.bars.choose(found.bar_kind, found.bar_size)
            self.tools.restore(found.levels)

    def open_settings(self) -> None:
        """The settings in place."""
        self.settings.show_values(self.item.style, self.toolbar.rules)
        self.settings.open_under(self.toolbar.settings)

    # --- menu and keys

    def _open_menu(self, position: QPointF | None, on_screen: QPoint) -> None:
        price = None if position is None else self.chart.plot_scale.value(position.y())
        level = None if position is None else self.tools.level_at(position)
        menu = footprint_menu(self, self, self.item.style, price, level, self.layers.step)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(on_screen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the cheat sheet that the chart does not know."""
        alt, ctrl = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
        none, pressed = Qt.KeyboardModifier.NoModifier, (event.key(), event.modifiers())
        style = self.item.style
        actions: dict[tuple[int, Qt.KeyboardModifier], Callable[[], object]] = {
            (Qt.Key.Key_I, none): lambda: self.change_style(imbalances=not style.imbalances),
            (Qt.Key.Key_V, none): lambda: self.change_style(profile=style.profile.next),
            (Qt.Key.Key_G, alt): self.ask_time,
            (Qt.Key.Key_H, alt): self._level_at_pointer,
            (Qt.Key.Key_Delete, none): self._delete_at_pointer,
            (Qt.Key.Key_Z, ctrl): self.undo,
            (Qt.Key.Key_Escape, none): self.tools.cancel,
        }
        action = actions.get(pressed)
        if action is None:
            event.ignore()
            return
        action()
        event.accept()

    def cancel(self) -> None:
        """Take a measurement away."""
        self.tools.cancel()

    def undo(self) -> None:
        """Take back a zoom into a box or a change of a level."""
        self.tools.undo()

    def add_level(self, price: float) -> None:
        """Draw a level, on the price grid."""
        step = self.layers.step
        self.tools.add_level(round(round(price / step) * step, text_of.decimals_of(step)))

    def remove_level(self, price: float) -> None:
        """Delete a level."""
        self.tools.remove_level(price)

    def _level_at_pointer(self) -> None:
        if self._pointer is not None:
            self.add_level(self.chart.plot_scale.value(self._pointer.y()))

    def _delete_at_pointer(self) -> None:
        level = None if self._pointer is None else self.tools.level_at(self._pointer)
        if level is not None:
            self.remove_level(level)

    def reset_view(self) -> None:
        """Zoom, scale and following as in a new pane."""
        self.chart.reset()

    def ask_time(self) -> None:
        """Ask for a moment and show it in the middle."""
        left, right = self.chart.visible
        near_ns = self.chart.grid.ts_ns((left + right) // 2)
        GoToTime(self, near_ns, lambda ts_ns: self.chart.centre_on(self.chart.grid.slot(ts_ns))).open()

    def copy_picture(self) -> None:
        """The pane on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self.grab())

    def copy_data(self) -> None:
        """The bars in sight on the clipboard, as CSV."""
        view = self.layers.view
        if view is not None:
            bars = view.bars[self.layers.placed.between(*self.chart.visible)]
            QGuiApplication.clipboard().setText(bars_as_csv(bars, view.row_size))

    def _say_why_empty(self) -> None:
        view = self.layers.view
        text = absence(self.request(), view)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        if text and view is None:
            self.legend.set_spans(())
