"""Everything that is painted on a footprint chart, shown, restyled and moved as one."""

from __future__ import annotations

from widgets.chart.chart import TimeChart
from widgets.items.crosshair import LineOverlay
from widgets.items.scale import SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail, choose
from widgets.panes.footprint.cells.item import FootprintItem
from widgets.panes.footprint.cells.style import Style
from widgets.panes.footprint.cells.table import StatisticsTable, rows_that_fit
from widgets.panes.footprint.drawings.region import RegionItem
from widgets.panes.footprint.studies.prints import BubbleItem
from widgets.panes.footprint.studies.profile import ProfileItem
from widgets.panes.footprint.studies.setup_marks import SetupMarks
from widgets.panes.footprint.studies.studies import StudyItem
from workstation.readmodels.flow.footprint import BarKind, FootprintView


class FootprintLayers:
    """The items of one chart, the view they show and the level of detail at which they show it."""

    def __init__(self, chart: TimeChart) -> None:
        self.chart = chart
        self.view: FootprintView | None = None
        self.placed = BarsOnGrid((), SlotGrid(1, 0))
        self.choice: Choice | None = None
        self.item = FootprintItem(chart.box, chart.scale_of)
        self.studies = StudyItem(chart.box, chart.scale_of)
        self.bubbles = BubbleItem(chart.box, chart.scale_of)
        self.setups = SetupMarks(chart.box, chart.scale_of)
        self.profile = ProfileItem(chart.box, chart.scale_of)
        self.overlay = LineOverlay(chart.box, chart.scale_of)
        self.drawings = RegionItem(chart.box, chart.scale_of)
        self.table = StatisticsTable(chart.getPlotItem(), chart.scale_of)
        self._all = (self.item, self.studies, self.bubbles, self.setups, self.profile, self.overlay, self.drawings)
        for item in self._all:
            chart.add(item)
        chart.value_extent = self._extent

    @property
    def style(self) -> Style:
        """How it is drawn."""
        return self.item.style

    @property
    def latest_slot(self) -> float:
        """Where the newest bar stands; 0 without bars."""
        return float(self.placed.slots[-1]) if len(self.placed.slots) else 0.0

    @property
    def step(self) -> float:
        """The finest price grid among the markets, for texts."""
        ticks = [state.tick_size for state in self.view.markets] if self.view is not None else []
        return min(ticks, default=self.view.row_size if self.view is not None else 1.0)

    def show(self, view: FootprintView) -> bool:
        """Take a view; True where it begins another chart, so that the range has to start over."""
        fresh = self.view is None or not self.view.bars or not same_chart(self.view, view)
        before, grid = self.placed, self.chart.grid
        time = view.request.bar_rule.kind is BarKind.TIME
        if fresh and view.bars and time:
            grid = SlotGrid.at(view.request.bar_ns, view.bars[0].start_ns)
        given = grid if time and isinstance(grid, SlotGrid) else None
        self.view = view
        self.placed = BarsOnGrid(view.bars, SlotGrid(1, 0) if time and given is None else given, before)
        if fresh and view.bars:
            self.chart.set_grid(self.placed.grid)
        elif not time and view.bars:
            self.chart.renew_grid(self.placed.grid, self.placed.moved_since(before))
        self.item.set_view(view, self.placed, self.chart.grid)
        self.studies.set_view(view, self.placed)
        self.bubbles.set_grid(self.placed.grid)
        self.setups.set_grid(self.placed.grid)
        self.table.item.set_bars(self.placed, view)
        if view.bars:
            self.chart.value_axis.set_step(self.step)
            self.chart.set_latest(self.latest_slot)
            if fresh:
                self.chart.auto_scale()
        self.adapt()
        return fresh

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest price in sight, of bars and of the candles before them."""
        found = [self.placed.value_extent(left, right), self.studies.history.value_extent(left, right)]
        known = [extent for extent in found if extent is not None]
        return (min(low for low, _ in known), max(high for _, high in known)) if known else None

    def clear(self) -> None:
        """Forget the view; the zoom stays."""
        self.view = None
        self.placed = BarsOnGrid((), SlotGrid(1, 0))
        for item in (*self._all, self.table.item):
            item.retry()
        self.item.set_view(None, self.placed, self.chart.grid)
        self.studies.set_view(None, self.placed)
        self.table.item.set_bars(None)
        self.overlay.set_lines(())
        self.profile.set_view(None)
        self.setups.set_events(())
        for name in tuple(self.bubbles.prints):
            self.bubbles.set_prints(name, None)

    def restyle(self, style: Style) -> None:
        """Draw another way."""
        if style.mode is not self.style.mode:
            self.choice = None
        self.item.set_style(style)
        self.studies.set_style(style)
        self.fit_table()
        self.adapt()

    def adapt(self) -> None:
        """Choose the level of detail for the present zoom."""
        if self.view is not None:
            scale = self.chart.plot_scale
            self.choice = choose(scale.pitch, scale.unit * self.view.row_size, self.choice, self.style.mode)
            self.item.set_choice(self.choice)
            self.bubbles.set_hollow(self.choice.detail >= Detail.DELTA)
            self.studies.set_numbers(self.choice.detail is Detail.NUMBERS and self.style.mode.pairs)

    def moved(self) -> None:
        """The visible range is another."""
        self.adapt()
        for item in (*self._all, self.table.item):
            item.update()

    def fit_table(self) -> None:
        """As many rows of statistics as the height allows."""
        self.table.show_rows(rows_that_fit(self.style.rows, self.chart.height()))


def same_chart(one: FootprintView, other: FootprintView) -> bool:
    """Whether two views show the same bars, so that the visible range means the same in both."""
    left, right = one.request, other.request
    return (left.base, left.bar_rule, left.markets.perp) == (right.base, right.bar_rule, right.markets.perp)
