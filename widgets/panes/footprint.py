"""The footprint pane: who traded at which price in every bar, with the statistics of the bars under them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from feeds.instrument import Venue
from widgets import format as text_of
from widgets.axes import Tag
from widgets.chart import TimeChart
from widgets.dialogs.go_to import GoToTime
from widgets.items.crosshair import LineOverlay
from widgets.items.detail import Choice, Detail, choose
from widgets.items.footprint import BarsOnGrid, FootprintItem
from widgets.items.profile import SHARE, ProfileItem
from widgets.items.region import Region, RegionItem
from widgets.items.scale import SlotGrid
from widgets.items.style import ProfileSpan, Style
from widgets.items.table import NAMES, SHORT, StatisticsTable
from widgets.pane import Pane
from widgets.panes.footprint_data import bars_as_csv
from widgets.panes.footprint_menu import footprint_menu
from widgets.panes.footprint_settings import FootprintSettings
from widgets.panes.footprint_state import profile_bounds, recalled, remembered
from widgets.panes.footprint_text import absence, cell_readout, cell_tip, legend, measured, readout
from widgets.panes.footprint_toolbar import FootprintToolbar
from widgets.panes.footprint_tools import FootprintTools
from widgets.spans import Span, SpanLine
from widgets.theme import theme
from workstation.readmodels import (
    FootprintRequest,
    FootprintView,
    MarketState,
    ProfileRequest,
    ProfileView,
    View,
    ViewRequest,
)

PITCH_PX = 88.0  # of a bar in a new view
_TALL_PX, _LOW_PX = 420, 260  # chart heights for the whole table and for any table


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

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: FootprintView | None = None
        self._placed = BarsOnGrid((), SlotGrid(1, 0))
        self._choice: Choice | None = None
        self._linking = False
        self._pointer: QPointF | None = None
        self.chart = TimeChart(PITCH_PX)  # first, so that it has the first focus
        self.toolbar = FootprintToolbar(base)
        self.legend, self.readout = SpanLine(), SpanLine()
        self.item = FootprintItem(self.chart.box, self.chart.scale_of)
        self.overlay = LineOverlay(self.chart.box, self.chart.scale_of)
        self.profile = ProfileItem(self.chart.box, self.chart.scale_of)
        self.drawings = RegionItem(self.chart.box, self.chart.scale_of)
        self.tools = FootprintTools(self.chart, self.drawings, self._measured)
        self.settings = FootprintSettings(self)
        self.table = StatisticsTable(self.chart.getPlotItem(), self.chart.scale_of)
        self.notice = QLabel(self.chart)
        self._bar_ns = self.toolbar.bar.currentData()
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
        self.toolbar.set_venues({state.venue for state in markets})

    def set_venues(self, venues: Iterable[Venue]) -> None:
        """The venues there are, for the venue menu."""
        self.toolbar.set_venues(venues)

    def refresh(self, view: View) -> None:
        """Show this view; the range moves only while following."""
        if isinstance(view, ProfileView) and view.request in self.side_requests():
            self.profile.set_view(view)
        if not isinstance(view, FootprintView) or view is self._view:
            return
        fresh = self._view is None or not self._view.bars or not _same_grid(view.request, self._view.request)
        if fresh and view.bars:
            self.chart.set_grid(SlotGrid.at(view.request.bar_ns, view.bars[0].start_ns))
        self._view = view
        self._placed = BarsOnGrid(view.bars, self.chart.grid, self._placed)
        self.toolbar.set_tick(max((state.tick_size for state in view.markets), default=None))
        self._show_bars(view, fresh)
        self._say_why_empty()

    def clear(self) -> None:
        """Forget the view; the zoom stays."""
        self._view = None
        self._placed = BarsOnGrid((), self.chart.grid)
        self.item.retry()
        self.item.set_view(None, self._placed, self.chart.grid)
        self.table.item.retry()
        self.table.item.set_bars(None)
        self.overlay.set_level(None)
        self.profile.set_view(None)
        self._point(None, None)
        self.chart.value_axis.set_tags(())
        self._say_why_empty()

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of this moment; None takes the mark away. Does not emit."""
        if self._pointer is None:
            slot = None if ts_ns is None else self.chart.grid.slot(ts_ns)
            self._point(slot, None)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        """Show this span, asked for by another pane. Does not emit."""
        if self._view is None or not self._view.bars:
            return
        self._linking = True
        grid = self.chart.grid
        right = grid.slot(end_ns)
        self.chart.following = self._latest_slot() < right <= self._latest_slot() + 8
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
        self.chart.add(self.item)
        for item in (self.profile, self.overlay, self.drawings):
            self.chart.add(item)
        self.chart.tool, self.chart.tip_at = self.tools, self._tip
        self.notice.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setStyleSheet(f"color: {theme().color('muted').name()}")
        self.chart.value_extent = lambda left, right: self._placed.value_extent(left, right)

    def _connect(self) -> None:
        self.toolbar.changed.connect(self._on_request_changed)
        self.chart.range_changed.connect(self._on_range)
        self.chart.hovered.connect(self._on_hover)
        self.chart.menu_asked.connect(self._open_menu)
        self.toolbar.settings.clicked.connect(self._open_settings)
        self.settings.style_changed.connect(self.set_style)
        self.settings.rules_changed.connect(self.toolbar.set_rules)
        self.tools.levels_changed.connect(self._tag_axes)
        self.chart.box.sigResized.connect(lambda _: self._on_resized())

    def _show_bars(self, view: FootprintView, fresh: bool) -> None:
        self.item.set_view(view, self._placed, self.chart.grid)
        self.table.item.set_bars(self._placed)
        if view.bars:
            rising = view.bars[-1].close >= view.bars[-1].open
            self.chart.value_axis.set_step(self._step())
            self.overlay.set_level(view.last_price, "buy" if rising else "sell")
            self.chart.set_latest(self._latest_slot())
            if fresh:
                self.chart.auto_scale()
        self._adapt()
        self._tag_axes()
        self._read()

    def _latest_slot(self) -> float:
        return float(self._placed.slots[-1]) if len(self._placed.slots) else 0.0

    def _step(self) -> float:
        """The finest price grid among the markets, for texts."""
        view = self._view
        ticks = [state.tick_size for state in view.markets] if view is not None else []
        return min(ticks, default=view.row_size if view is not None else 1.0)

    def _on_request_changed(self) -> None:
        self._choice = None
        self._say_why_empty()
        request = self.request()
        self.tools.set_base(request.base if request is not None else "")
        if request is not None and request.bar_ns != self._bar_ns:
            self._bar_ns = request.bar_ns
            self.bar_changed.emit(request.bar_ns)
        self.request_changed.emit()

    def _on_range(self) -> None:
        self._adapt()
        self._tag_axes()
        self.item.update()
        for item in (self.overlay, self.profile, self.drawings, self.table.item):
            item.update()
        if not self._linking:
            left, right = self.chart.visible
            self.visible_range_changed.emit(self.chart.grid.ts_ns(left), self.chart.grid.ts_ns(right))

    def _adapt(self) -> None:
        """Choose the level of detail for the present zoom and say so."""
        if self._view is None:
            return
        scale = self.chart.plot_scale
        self._choice = choose(scale.pitch, scale.unit * self._view.row_size, self._choice, self.item.style.mode)
        self.item.set_choice(self._choice)
        awaited = self.item.style.profile is not ProfileSpan.OFF and self.profile.view is None
        missing = (Span("profile: nothing yet", "gap"),) if awaited else ()
        self.legend.set_spans(legend(self._view, self._choice, self.item.style.mode) + missing)

    def _on_resized(self) -> None:
        height = self.chart.height()
        self.table.show_rows(NAMES if height >= _TALL_PX else SHORT if height >= _LOW_PX else ())
        self._place_notice()
        self._adapt()
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
            self._point(None, None)
            self.crosshair_moved.emit(None)
        else:
            scale = self.chart.plot_scale
            slot = scale.slot(position.x())
            self._point(slot, scale.value(position.y()))
            self.crosshair_moved.emit(self.chart.grid.ts_ns(slot))

    def _point(self, slot: float | None, price: float | None) -> None:
        middle = None if slot is None else slot // 1 + 0.5
        self.overlay.point_at(middle, price)
        self._tag_axes()
        self._read()

    def _tag_axes(self) -> None:
        """Last price and crosshair on the axes."""
        tags, view, step = [], self._view, self._step()
        if view is not None and view.bars and view.last_price is not None:
            role = "buy" if view.bars[-1].close >= view.bars[-1].open else "sell"
            tags.append(Tag(view.last_price, text_of.price(view.last_price, step), role, "window"))
        for level in self.drawings.levels:
            tags.append(Tag(level, text_of.price(level, step), "focus", "window"))
        if self.overlay.value is not None:
            tags.append(Tag(self.overlay.value, text_of.price(self.overlay.value, step), "hairline", "text"))
        self.chart.value_axis.set_tags(tuple(tags))
        slot = self.overlay.slot
        stamp = (
            () if slot is None else (Tag(slot, text_of.clock(self.chart.grid.ts_ns(slot // 1)), "hairline", "text"),)
        )
        self.chart.time_axis.set_tags(stamp)

    def _read(self) -> None:
        """The bar under the crosshair, else the newest, and the cell under the pointer."""
        view, slot = self._view, self.overlay.slot
        if view is None or not view.bars:
            self.readout.set_spans(())
            return
        index = self._placed.at(slot) if slot is not None else len(view.bars) - 1
        if index is None:
            self.readout.set_spans(())
            return
        spans = readout(view.bars[index], self._step())
        if self.overlay.value is not None and self._choice is not None and self._choice.detail > Detail.MARKS:
            spans += cell_readout(view.bars[index], view, self._choice.factor, self.overlay.value)
        self.readout.set_spans(spans)

    # --- drawing another way

    def set_style(self, style: Style) -> None:
        """Draw another way."""
        if style.profile is not self.item.style.profile:
            self.profile.set_view(None)
            self.chart.reserve = SHARE if style.profile is not ProfileSpan.OFF else 0.0
            if self.chart.following:
                self.chart.follow()
        if style.mode is not self.item.style.mode:
            self._choice = None
        self.item.set_style(style)
        self._adapt()

    def change_style(self, **changes: object) -> None:
        """Draw another way in some respects."""
        self.set_style(replace(self.item.style, **changes))  # type: ignore[arg-type]

    def side_requests(self) -> tuple[ViewRequest, ...]:
        """The volume profile at the side, while it is shown."""
        request, view, span = self.request(), self._view, self.item.style.profile
        if request is None or view is None or not view.bars or span is ProfileSpan.OFF:
            return ()
        bounds = profile_bounds(self.chart, span, view.bars[-1].end_ns)
        rules = request.rules
        asked = ProfileRequest(request.base, request.markets, view.row_size, *bounds, rules.value_area)
        return (replace(asked, value_area_mode=rules.value_area_mode),)

    def state(self) -> dict[str, object]:
        """Style, rules, bar length and levels."""
        return remembered(self.item.style, self.toolbar.rules, self._bar_ns, self.tools.levels)

    def restore(self, state: dict[str, object]) -> None:
        """Take them up."""
        found = recalled(state)
        if found is not None:
            self.set_style(found.style)
            self.toolbar.set_rules(found.rules)
            self.toolbar.set_bar_length(found.bar_ns)
            self.tools.restore(found.levels)

    def _open_settings(self) -> None:
        self.settings.show_values(self.item.style, self.toolbar.rules)
        self.settings.open_under(self.toolbar.settings)

    # --- menu and keys

    def _open_menu(self, position: QPointF | None, on_screen: QPoint) -> None:
        price = None if position is None else self.chart.plot_scale.value(position.y())
        level = None if position is None else self.tools.level_at(position)
        menu = footprint_menu(self, self, self.item.style, price, level, self._step())
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
        step = self._step()
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
        if self._view is not None:
            bars = self._view.bars[self._placed.between(*self.chart.visible)]
            QGuiApplication.clipboard().setText(bars_as_csv(bars, self._view.row_size))

    def _measured(self, region: Region) -> tuple[str, ...]:
        return measured(region, self._placed, self.chart.grid, self._step())

    def _tip(self, position: QPointF) -> str:
        view, scale = self._view, self.chart.plot_scale
        index = self._placed.at(scale.slot(position.x())) if view is not None else None
        if view is None or index is None or self._choice is None or self._choice.detail < Detail.BARS:
            return ""
        return cell_tip(view.bars[index], view, self._choice.factor, scale.value(position.y()))

    def _say_why_empty(self) -> None:
        text = absence(self.request(), self._view)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        if text and self._view is None:
            self.legend.set_spans(())


def _same_grid(one: FootprintRequest, other: FootprintRequest) -> bool:
    return (one.base, one.bar_ns, one.markets.perp) == (other.base, other.bar_ns, other.markets.perp)
