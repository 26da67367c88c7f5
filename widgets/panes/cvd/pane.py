"""The CVD pane: cumulative volume delta of every market and of their sums, on the time axis of the footprint."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from widgets.chart.axes import Tag
from widgets.chart.chart import TimeChart
from widgets.chart.shared_crosshair import SharedCrosshair
from widgets.chart.shared_range import Notice, SharedRange
from widgets.elements.layouts import column_of
from widgets.elements.spans import SpanLine
from widgets.items.grids import RunGrid
from widgets.items.lines import in_sight
from widgets.items.scale import SlotGrid
from widgets.link_events import AnchorChosen
from widgets.pane import Pane, Table
from widgets.panes.cvd.controls import CvdControls, Show
from widgets.panes.cvd.item import CvdItem, Stroke, difference_stroke, market_stroke, size_strokes, sum_stroke
from widgets.panes.cvd.state import recalled, remembered
from widgets.panes.cvd.text import HELP, absence, amount, class_names, legend, opposed, table
from widgets.theme.theme import CELL
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.cvd import CvdRequest, CvdView
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import View

PITCH_PX = 8.0
FINENESS = (12, 4, 1)  # CVD bars in one bar of the footprint; the next one when there are more bars than `_MANY`
_MANY = 1500
_SECOND = 1_000_000_000
RUN_NS = (_SECOND, 5 * _SECOND, 15 * _SECOND)  # under bars that are not of time
_NARROW_PX = 720


class AnchorTool:
    """While `picking`, the next click on the plot sets the anchor; otherwise drags pan the chart."""

    def __init__(self, chosen: Callable[[QPointF], None]) -> None:
        self.picking = False
        self._chosen = chosen

    def begin(self, position: QPointF, keys: Qt.KeyboardModifier) -> bool:
        """Use the click while `picking`. Returns False to leave it to the chart."""
        if not self.picking:
            return False
        self.picking = False
        self._chosen(position)
        return True

    def move(self, position: QPointF) -> None:
        """A drag after the click changes nothing."""

    def end(self) -> None:
        """The button is released."""


class CvdPane(Pane):
    """Once another pane has set the visible range, it shows that instead of following the latest bar."""

    title = "CVD"
    help = HELP
    every_frames = 2
    has_settings = True
    keys = (
        ("wheel, drag", "zoom, pan; the footprint follows"),
        ("A", "automatic scale"),
        ("right click, Shift+F10", "set an anchor, venues, trade sizes"),
    )
    range_rank = 2
    range: SharedRange
    crosshair: SharedCrosshair

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._base, self._whole_ns, self._fineness = base, CvdRequest(base).bar_ns, 0
        self._view: CvdView | None = None
        self._strokes: tuple[Stroke, ...] = ()
        self.slots: Floats | Ints = np.zeros(0, np.int64)
        self._run: RunGrid | None = None
        self.chart = TimeChart(
            PITCH_PX, keeps_pitch=False, pitches=(0.125, 480.0)
        )  # first, so that it has the first focus
        self.controls = CvdControls()
        self.anchor = AnchorTool(self._place_anchor)
        self.legend = SpanLine(lines=2)
        self.item = CvdItem(self.chart)
        self.share_chart(self.chart)
        self.overlay, self.notice = self.crosshair.overlay, Notice(self.chart)
        self._lay_out()
        self._connect()
        self._show_absence()

    # --- what is asked

    def request(self) -> CvdRequest | None:
        if not self._base:
            return None
        chosen = self.controls.choices
        shortest = self._whole_ns if chosen.reset_ns is None else min(self._whole_ns, chosen.reset_ns)
        candles = chosen.candles and self._run is None  # they are bars of time
        bar_ns = fine_bar(shortest, 1 if candles else FINENESS[self._fineness])
        if self._run is not None:
            bar_ns = RUN_NS[self._fineness]
        return CvdRequest(
            self._base,
            bar_ns,
            chosen.unit,
            chosen.reset_ns,
            chosen.anchor_ns,
            MarketFilter(None, chosen.venues),
            by_size=chosen.show is Show.SIZES,
            edges_usd=chosen.edges_usd,
            candles=candles,
            mark_ns=self._whole_ns,
        )

    def set_bases(self, bases: list[str]) -> None:
        self.replace_base(self._base, bases)

    def set_base(self, base: str) -> None:
        if base != self._base:
            self._base, self._fineness = base, 0
            self._show_absence()

    def set_bar_length(self, bar_ns: int) -> None:
        """Use bars that divide this length, the footprint's: a line needs more points than the footprint has bars."""
        if bar_ns != self._whole_ns:
            self._whole_ns, self._fineness = bar_ns, 0
            self._show_absence()

    def set_anchor(self, ts_ns: int | None) -> None:
        """Start the sums at a time that another pane chose; None returns to resets. Emits nothing."""
        self.anchor.picking = False
        self.controls.set(self.controls.choices._replace(anchor_ns=ts_ns))
        self._show_absence()

    def choose_anchor(self, ts_ns: int | None) -> None:
        """Start the sums at a time, here and in the panes of the group."""
        self.set_anchor(ts_ns)
        self.link_event.emit(AnchorChosen(ts_ns))

    def _choose(self) -> None:
        self.anchor.picking, self._fineness = False, 0
        if self._view is not None:
            self._show(self._view)
            self.chart.fit_values()
            self._read()
        self._show_absence()

    def _coarsen(self, bars: int) -> None:
        """Use longer bars for a long history."""
        if bars > _MANY and self._fineness + 1 < len(FINENESS):
            self._fineness += 1
            self._show_absence()

    # --- what is shown

    def refresh(self, view: View) -> None:
        if not isinstance(view, CvdView) or view is self._view:
            return
        before, self._view = self._view, view
        self._place(view, before is None or not len(before.bar_start_ns) or before.request != view.request)
        self.controls.know(state.venue for state in view.markets)
        self._show_absence()
        self._coarsen(len(view.bar_start_ns))

    def set_grid(self, grid: RunGrid | None) -> None:
        before, self._run = self._run, grid
        if grid is before:
            return
        fresh = (before is None) != (grid is None)
        if fresh:
            self._fineness = 0
            self._show_absence()
        if self._view is not None:
            self._place(self._view, fresh)

    def _place(self, view: CvdView, fresh: bool) -> None:
        """Compute the slots of the values and follow the newest."""
        starts, bar_ns, run = view.bar_start_ns, view.request.bar_ns, self._run
        if fresh and len(starts):
            self.range.begin(SlotGrid.at(bar_ns, int(starts[0])) if run is None else run)
        elif run is not None and self.chart.grid is not run:
            self.chart.renew_grid(run)
        if run is None:
            self.slots = starts // bar_ns - self.chart.grid.origin
        else:
            self.slots = run.slots(starts + bar_ns) - 0.5
        self._show(view)
        if len(starts):
            self.range.move_to(float(self.slots[-1]), fresh=fresh)
            if run is not None:
                self.range.show_again()
        self._read()

    def _show(self, view: CvdView) -> None:
        self._strokes = strokes_of(view, self.controls.choices.show)
        self.item.breaks = self.controls.choices.breaks
        self.item.set_view(view, self.slots, self.chart.grid, self._strokes)

    def clear(self) -> None:
        self._view, self.slots, self._strokes = None, np.zeros(0, np.int64), ()
        self.item.retry()
        self.item.set_view(None, self.slots, self.chart.grid)
        self.crosshair.clear()
        self._read()
        self._show_absence()

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self._view.markets if self._view is not None else ()

    def as_table(self) -> Table | None:
        return table(self._view, self._strokes) if self._view is not None and self._strokes else None

    def state(self) -> dict[str, object]:
        """The choices without the anchor, which is a time of one session."""
        return remembered(self.controls.choices)

    def restore(self, state: dict[str, object]) -> None:
        found = recalled(state)
        if found is not None:
            self.controls.set(found)
            self._show_absence()

    def open_settings(self) -> None:
        self._open_menu(None, self.controls.mapToGlobal(QPoint(0, self.controls.height())))

    def cancel(self) -> None:
        self._pick(False)

    def _lay_out(self) -> None:
        self._top = line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        line.setContentsMargins(CELL, 2, 0, 2)
        line.setSpacing(CELL)
        line.addWidget(self.controls, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        line.addWidget(self.legend, 1)
        column_of(line, filling=self.chart, within=self)
        self.setFocusProxy(self.chart)
        self.chart.add(self.item)
        self.chart.add(self.overlay)
        self.chart.value_extent = self._extent
        self.chart.tool = self.anchor

    def _connect(self) -> None:
        self.controls.changed.connect(self._choose)
        self.controls.anchor_wanted.connect(lambda: self._pick(True))
        self.chart.range_changed.connect(self._on_range)
        self.crosshair.pointed.connect(self._read)
        self.chart.menu_at = self._open_menu
        self.chart.box.sigResized.connect(lambda _: self.chart.fit_values())

    def _open_menu(self, position: QPointF | None, on_screen: QPoint) -> None:
        at_ns = None if position is None else self.chart.grid.ts_ns(self.chart.plot_scale.slot(position.x()))
        menu = self.controls.menu(self, at_ns, self.choose_anchor)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(on_screen)

    def _pick(self, picking: bool) -> None:
        """Choose whether the next click on the chart sets the anchor."""
        self.anchor.picking = picking
        self.controls.set(self.controls.choices)
        self._show_absence()

    def _place_anchor(self, position: QPointF) -> None:
        self.choose_anchor(self.chart.grid.ts_ns(self.chart.plot_scale.slot(position.x())))

    # --- range and reading

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest visible value over all lines and candles; None without one."""
        if self._view is None:
            return None
        part = in_sight(self.slots, left, right)
        seen = [stroke.line.values[part] for stroke in self._strokes]
        seen += [column[part] for column in (self._view.candles.high, self._view.candles.low) if len(column)]
        values = np.concatenate(seen) if seen else np.zeros(0)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else None

    def _on_range(self) -> None:
        self.item.update()
        self._read()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the legend below the controls in a narrow pane."""
        super().resizeEvent(event)
        below, beside = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._top.setDirection(below if self.width() < _NARROW_PX else beside)

    def _read(self) -> None:
        """Update legend and tags with the values under the crosshair, else the newest."""
        slot, value = self.overlay.slot, self.overlay.value
        view = self._view
        if view is None or not len(self.slots):
            self.legend.set_spans(())
            self.chart.value_axis.set_tags(())
            return
        tags, unit = [], view.request.unit
        if view.perp is not None and np.isfinite(view.perp.values[-1]):
            last = float(view.perp.values[-1])
            tags.append(Tag(last, amount(last, unit), "aggregate", "window"))
        if value is not None:
            tags.append(Tag(value, amount(value, unit), "hairline", "text"))
        self.chart.value_axis.set_tags(tuple(tags))
        opposing = opposed(view, self.slots, self.chart.visible)
        if opposing != self.item.opposing:
            self.item.opposing = opposing
            self.item.update()
        self.legend.set_spans(legend(view, self._strokes, self.bar_at(slot), opposing))

    def bar_at(self, slot: float | None) -> int | None:
        """The index of the bar under the crosshair, or of the newest; None where the crosshair is on no bar."""
        if self._view is None or slot is None:
            return len(self.slots) - 1
        ts_ns, starts = self.chart.grid.ts_ns(slot), self._view.bar_start_ns
        index = int(np.searchsorted(starts, ts_ns, "right")) - 1
        return index if index >= 0 and ts_ns < starts[index] + self._view.request.bar_ns else None

    def _show_absence(self) -> None:
        text = (
            "click where the sums should start, Esc cancels" if self.anchor.picking else absence(self._base, self._view)
        )
        self.notice.show_text(text)


def strokes_of(view: CvdView, show: Show) -> tuple[Stroke, ...]:
    """The lines to draw, back to front."""
    sums = [sum_stroke(line) for line in (view.spot, view.perp) if line is not None]
    if show is Show.VENUES:
        return (*(market_stroke(line) for line in view.lines), *sums)
    if show is Show.SPOT_PERP:
        return (*([difference_stroke(view.difference)] if view.difference is not None else []), *sums)
    return (*size_strokes(view.sizes, class_names(view)), *sums[-1:]) if view.sizes else tuple(sums[-1:])


def fine_bar(bar_ns: int, parts: int) -> int:
    """A length in ns of about a `parts`-th of a bar: whole seconds that divide the bar, at least one."""
    seconds = bar_ns // _SECOND
    wanted = max(1, seconds // parts)
    return next(step for step in range(wanted, 0, -1) if seconds % step == 0) * _SECOND


PANE = CvdPane
