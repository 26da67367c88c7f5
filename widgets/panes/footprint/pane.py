"""The footprint pane: volume by price and side in every bar, with statistics below the bars."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QKeyEvent
from PySide6.QtWidgets import QToolTip, QWidget

from feeds.model.instrument import Venue
from widgets.chart.chart import MARGIN_SLOTS, TimeChart
from widgets.chart.latest_hint import LatestHint
from widgets.chart.shared_range import Notice
from widgets.commands import LoadOlder
from widgets.elements.layouts import column_of
from widgets.elements.spans import Span
from widgets.items.grids import RunGrid
from widgets.link_events import BarGridChanged, BarLengthChosen, BaseChosen, LevelsChanged
from widgets.pane import Pane, Table
from widgets.panes.footprint.cells.style import Style
from widgets.panes.footprint.commands import FootprintCommands
from widgets.panes.footprint.controls.toolbar import FootprintToolbar
from widgets.panes.footprint.data import bars_as_table
from widgets.panes.footprint.drawings.tools import FootprintTools, Task
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.menu import footprint_menu
from widgets.panes.footprint.reading import FootprintReading
from widgets.panes.footprint.settings import FootprintSettings
from widgets.panes.footprint.sides import FootprintSides
from widgets.panes.footprint.state import FootprintState, read_state
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.builtin.levels.profile import ProfileSpan
from widgets.panes.footprint.studies.declaration import ChartFacts, ChartStudy
from widgets.panes.footprint.studies.registry import builtin_studies
from widgets.panes.footprint.studies.setting import StudySettings, from_state
from widgets.panes.footprint.text import absence, counting, pane_help, pane_keys
from workstation.readmodels.flow.chart import CellView, QuotesView
from workstation.readmodels.flow.footprint import BarKind, FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketState
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setup_rules import SetupRules

PITCH_PX = 94.0  # width of a bar in a new view: enough to return to numbers from a coarser level of detail


class FootprintPane(Pane):
    """A toolbar, legend and readout over the chart. Without `studies` it has those of the program."""

    title = "Footprint"
    has_settings = True
    help = pane_help(builtin_studies())
    keys = pane_keys(builtin_studies())
    range_rank = 5
    fills_width = True

    def __init__(
        self, base: str = "", parent: QWidget | None = None, studies: Sequence[ChartStudy] | None = None
    ) -> None:
        super().__init__(parent)
        self._linking = False
        self._pointer: QPointF | None = None
        self._armed: Task | None = None
        self._tip_at = QPoint()
        self.chart = TimeChart(PITCH_PX)  # first, so that it has the first focus
        self.toolbar = FootprintToolbar(base)
        self.picked_ns: tuple[int, int] | None = None  # the span dragged last
        self.setup_rules = SetupRules()
        self.board = StudyBoard(builtin_studies() if studies is None else studies, self._facts)
        self.layers = FootprintLayers(self.chart, self.board)
        self.item, self.table, self.overlay = self.layers.item, self.layers.table, self.layers.overlay
        self.drawings = self.layers.drawings
        self.sides = FootprintSides(self.layers, self.board)
        self.reading = FootprintReading(self.layers, self.sides)
        self.legend, self.readout = self.reading.legend, self.reading.readout
        self.tools = FootprintTools(self.chart, self.drawings, self.reading.measure, lambda: self.layers.step)
        self.settings = self._settings_for(self.board.studies)  # before the toolbar: it takes the first focus from it
        self.commands = FootprintCommands(
            self, self.layers, self.tools, self.toolbar, self.change_style, self.set_studies
        )
        self.notice, self.hint = Notice(self.chart), LatestHint(self.chart)
        self._bar_ns = self.toolbar.bars.bar_ns
        self.tools.set_base(base)
        self._lay_out()
        self._connect()
        self._offer(self.board.studies)
        self._show_why_empty()

    def request(self) -> FootprintRequest | None:
        return self.toolbar.request()

    def set_bases(self, bases: list[str]) -> None:
        self.toolbar.set_bases(bases)

    def set_base(self, base: str) -> None:
        self.toolbar.set_base(base)

    def set_markets(self, markets: Iterable[MarketState]) -> None:
        self.toolbar.set_markets(markets)

    def set_venues(self, venues: Iterable[Venue]) -> None:
        self.toolbar.set_venues(venues)

    def refresh(self, view: View) -> None:
        if self.sides.take(view, self.request()):
            self._show_side(view)
        if not isinstance(view, FootprintView) or view is self.layers.view:
            return
        if view.progress < 1.0:
            self._show_progress(view)
            return
        self.layers.show(view)
        grid = self.chart.grid
        self.link_event.emit(BarGridChanged(grid if view.bars and isinstance(grid, RunGrid) else None))
        self._show_legend()
        self.reading.draw_lines()
        self.reading.tag_axes()
        self.reading.read()
        self._show_why_empty()
        self.toolbar.learn(view)

    def _show_progress(self, view: FootprintView) -> None:
        """Show the progress of the bars requested; until they arrive, the old ones of the same base stay."""
        before = self.layers.view
        if before is not None and before.request.base != view.request.base:
            self.clear()
        text = counting(view.progress)
        self.legend.set_spans((Span(text, "gap", bold=True),))
        self.notice.show_text("" if self.layers.view is not None and self.layers.view.bars else text)

    def _show_side(self, view: View) -> None:
        if isinstance(view, QuotesView):
            self.toolbar.set_markets(view.known)
            self.reading.draw_lines()
            self.reading.tag_axes()
        elif isinstance(view, CellView) and QToolTip.isVisible():
            text = self.reading.fuller_tip()
            if text and text != QToolTip.text():
                QToolTip.showText(self._tip_at, text, self.chart)
        self._show_legend()

    def clear(self) -> None:
        self.sides.clear()
        self.layers.clear()
        self.reading.point(None, None)
        self.chart.value_axis.set_tags(())
        self._show_why_empty()

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of a time (ns) unless the pointer is in the chart; None removes the mark. Emits nothing."""
        if self._pointer is None:
            self.reading.point(None if ts_ns is None else self.chart.grid.slot(ts_ns), None)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        if self.layers.view is None or not self.layers.view.bars:
            return
        self._linking = True
        grid, latest = self.chart.grid, self.layers.latest_slot
        left, right = grid.slot(start_ns), grid.slot(end_ns)
        whole = latest + 1 + MARGIN_SLOTS
        if self.chart.following and latest < right < whole:  # finer bars end inside ours: never cut the live one
            left, right = left + whole - right, whole
        self.chart.following = latest < right <= latest + 8
        self.chart.set_visible(left, right)
        self._linking = False

    def _lay_out(self) -> None:
        column_of(self.toolbar, self.legend, self.readout, filling=self.chart, within=self)
        self.setFocusProxy(self.chart)
        self.chart.tool, self.chart.tip_at = self.tools, self._tip

    def _connect(self) -> None:
        self.toolbar.changed.connect(self._on_request_changed)
        self.chart.range_changed.connect(self._on_range)
        self.chart.hovered.connect(self._on_hover)
        self.chart.menu_at = self.open_menu
        self.toolbar.settings.clicked.connect(self.open_settings)
        self.tools.levels.setParent(self)  # so that its connections end with the pane
        self.tools.levels.moved.connect(self.reading.tag_axes)
        self.tools.levels.changed.connect(self._send_levels)
        self.tools.span_picked.connect(self._take_span)
        self.tools.armed.connect(self._show_armed)
        self.chart.box.sigResized.connect(lambda _: self._on_resized())

    def _on_request_changed(self) -> None:
        self.layers.choice = None
        self._show_why_empty()
        request, before = self.request(), self.tools.levels.base
        base = request.base if request is not None else ""
        self.tools.set_base(base)
        if request is not None and request.bar_rule.kind is BarKind.TIME and request.bar_ns != self._bar_ns:
            self._bar_ns = request.bar_ns
            self.link_event.emit(BarLengthChosen(request.bar_ns))
        if base and before and base != before:  # the first of a list is nobody's choice
            self.link_event.emit(BaseChosen(base))

    def _on_range(self) -> None:
        self.layers.moved()
        self._show_legend()
        if self._pointer is not None:
            self._on_hover(self._pointer)  # another bar and another price may be under it now
        else:
            self.reading.tag_axes()
        if not self._linking:
            self._send_visible()
            self._want_older(self.chart.visible[0])

    def _send_levels(self) -> None:
        self.link_event.emit(LevelsChanged(self.tools.levels.all))

    def _send_visible(self) -> None:
        left, right = self.chart.visible
        self.send_range(self.chart.grid.ts_ns(left), self.chart.grid.ts_ns(right))

    def _want_older(self, left: float) -> None:
        """Ask for older trades when the range in sight begins before the first bar."""
        view = self.layers.view
        if view is not None and view.bars and not self.chart.following and left < float(self.layers.bars.slots[0]):
            self.command.emit(LoadOlder(view.request.base, view.bars[0].start_ns))

    def _show_legend(self) -> None:
        spans = []
        if self._armed is not None:
            spans.append(Span(f"drag: {self._armed.value}, Esc cancels", "focus", bold=True))
        self.reading.show_legend(*spans)

    def _show_armed(self, task: Task | None) -> None:
        self._armed = task
        self._show_legend()

    def _take_span(self, start_ns: int, end_ns: int) -> None:
        self.picked_ns = start_ns, end_ns
        self.show_study("profile", span=ProfileSpan.FIXED)

    def _tip(self, position: QPointF) -> str:
        self._tip_at = QCursor.pos()
        return self.reading.tip(position)

    def _on_resized(self) -> None:
        self.layers.fit_table()
        self.layers.adapt()
        self._show_legend()
        self.chart.fit_values()

    def _on_hover(self, position: QPointF | None) -> None:
        self._pointer = position
        self.tools.light(position)
        if position is None:
            self.reading.point(None, None)
            self.send_crosshair(None)
        else:
            scale = self.chart.plot_scale
            slot = scale.slot(position.x())
            self.reading.point(slot, scale.value(position.y()))
            self.send_crosshair(self.chart.grid.ts_ns(slot))

    # --- drawing another way

    def set_style(self, style: Style) -> None:
        """Draw cells and statistics another way."""
        self.layers.restyle(style)
        self._show_legend()

    def change_style(self, **changes: object) -> None:
        """Draw cells and statistics another way in some respects."""
        self.set_style(replace(self.item.style, **changes))  # type: ignore[arg-type]

    def set_studies(self, settings: StudySettings) -> None:
        """Show other studies, or the same with other parameters."""
        self.board.settings = settings
        self.toolbar.set_rules(settings.rules())
        self.board.drop_stale_answers()
        self.layers.show_studies()
        if self.chart.reserve != self.board.reserve:
            self.chart.reserve = self.board.reserve
            if self.chart.following:
                self.chart.follow()
        self.reading.draw_lines()
        self.reading.tag_axes()
        self.reading.read()
        self._show_legend()

    def show_study(self, name: str, shown: bool = True, **values: object) -> None:
        """Show or hide a study, with other parameters. Raises KeyError."""
        self.set_studies(self.board.settings.show(name, shown, **values))

    def set_study_list(self, studies: Sequence[ChartStudy]) -> None:
        """Offer these studies instead; those that were there keep their settings."""
        self.board.settings = self.board.settings.for_studies(studies)
        self.settings.deleteLater()
        self.settings = self._settings_for(studies)
        self._offer(studies)

    def _offer(self, studies: Sequence[ChartStudy]) -> None:
        self.help, self.keys = pane_help(studies), pane_keys(studies)
        self.layers.make_study_items()
        self.set_studies(self.board.settings)

    def _settings_for(self, studies: Sequence[ChartStudy]) -> FootprintSettings:
        settings = FootprintSettings(self, studies)
        settings.style_changed.connect(self.set_style)
        settings.studies_changed.connect(self.set_studies)
        return settings

    def _facts(self) -> ChartFacts:
        layers = self.layers
        return ChartFacts(
            self.request(), layers.view, layers.bars, self.chart.visible, layers.step,
            self.sides.quotes, self.picked_ns, self.setup_rules,
        )  # fmt: skip

    def side_requests(self) -> tuple[Request[View], ...]:
        return self.sides.requests(self.request())

    @property
    def bar_count(self) -> int:
        return len(self.layers.view.bars) if self.layers.view is not None else 0

    @property
    def follows_latest(self) -> bool:
        return self.chart.following

    def share_range(self, *, lead: bool) -> None:
        """A footprint stays at its time and zoom; the leader sends them to its group."""
        if lead and self.layers.view is not None and self.layers.view.bars:
            self._send_visible()

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self.layers.view.markets if self.layers.view is not None else ()

    def as_table(self) -> Table | None:
        view = self.layers.view
        if view is None:
            return None
        return bars_as_table(view, self.layers.bars.between(*self.chart.visible), self.board.columns(view))

    def state(self) -> dict[str, object]:
        bars, studies, levels = self.toolbar.bars, self.board.settings.to_state(), self.tools.levels.all
        saved = FootprintState(self.item.style, bars.bar_ns, studies, levels, bars.chosen, bars.wanted)
        return saved.as_json()

    def restore(self, state: dict[str, object]) -> None:
        """Apply them; a state that cannot be read changes nothing."""
        found = read_state(state)
        if found is not None:
            self.set_style(found.style)
            self.set_studies(from_state(self.board.studies, found.studies))
            self.toolbar.bars.choose(BarKind.TIME, found.bar_ns)
            if found.bar_kind is not BarKind.TIME:
                self.toolbar.bars.choose(found.bar_kind, found.bar_size)
            self.tools.levels.take(found.levels)
            self._send_levels()

    def set_setup_rules(self, rules: SetupRules) -> None:
        self.setup_rules = rules
        self.board.drop_stale_answers()
        self.layers.show_answers()

    def open_settings(self) -> None:
        self.settings.show_values(self.item.style, self.board.settings)
        self.settings.open_under(self.toolbar.settings)

    # --- what the window and the keyboard ask for

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.commands.press(event.key(), event.modifiers(), self._pointer):
            event.accept()
        else:
            event.ignore()

    def open_menu(self, position: QPointF | None, on_screen: QPoint) -> None:
        """Show the menu of a position in the plot, or of the chart for None."""
        menu = footprint_menu(self, self.commands, self.layers, self.commands.place_at(position), self.tools.levels.own)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(on_screen)

    def cancel(self) -> None:
        self.tools.cancel()

    def ask_time(self) -> bool:
        self.commands.ask_time()
        return True

    def _show_why_empty(self) -> None:
        view = self.layers.view
        text = absence(self.request(), view)
        self.notice.show_text(text)
        if text and view is None:
            self.legend.set_spans(())


PANE = FootprintPane
