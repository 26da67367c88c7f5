"""Everything that is painted on a footprint chart, shown, restyled and moved as one."""

from __future__ import annotations

from widgets.chart import TimeChart
from widgets.items.crosshair import LineOverlay
from widgets.items.detail import Choice, choose
from widgets.items.footprint import BarsOnGrid, FootprintItem
from widgets.items.profile import ProfileItem
from widgets.items.region import RegionItem
from widgets.items.scale import SlotGrid
from widgets.items.style import Style
from widgets.items.table import NAMES, SHORT, StatisticsTable
from workstation.readmodels import BarKind, FootprintView

_TALL_PX, _LOW_PX = 420, 260  # chart heights for the whole table and for any table


class FootprintLayers:
    """The items of one chart, the view they show and the level of detail at which they show it."""

    def __init__(self, chart: TimeChart) -> None:
        self.chart = chart
        self.view: FootprintView | None = None
        self.placed = BarsOnGrid((), SlotGrid(1, 0))
        self.choice: Choice | None = None
        self.item = FootprintItem(chart.box, chart.scale_of)
        self.profile = ProfileItem(chart.box, chart.scale_of)
        self.overlay = LineOverlay(chart.box, chart.scale_of)
        self.drawings = RegionItem(chart.box, chart.scale_of)
        self.table = StatisticsTable(chart.getPlotItem(), chart.scale_of)
        for item in (self.item, self.profile, self.overlay, self.drawings):
            chart.add(item)
        chart.value_extent = lambda left, right: self.placed.value_extent(left, right)

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
        self.table.item.set_bars(self.placed)
        if view.bars:
            self._show_price(view, fresh)
        self.adapt()
        return fresh

    def _show_price(self, view: FootprintView, fresh: bool) -> None:
        rising = view.bars[-1].close >= view.bars[-1].open
        self.chart.value_axis.set_step(self.step)
        self.overlay.set_level(view.last_price, "buy" if rising else "sell")
        self.chart.set_latest(self.latest_slot)
        if fresh:
            self.chart.auto_scale()

    def clear(self) -> None:
        """Forget the view; the zoom stays."""
        self.view = None
        self.placed = BarsOnGrid((), SlotGrid(1, 0))
        self.item.retry()
        self.item.set_view(None, self.placed, self.chart.grid)
        self.table.item.retry()
        self.table.item.set_bars(None)
        self.overlay.set_level(None)
        self.profile.set_view(None)

    def restyle(self, style: Style) -> None:
        """Draw another way."""
        if style.mode is not self.style.mode:
            self.choice = None
        self.item.set_style(style)
        self.adapt()

    def adapt(self) -> None:
        """Choose the level of detail for the present zoom."""
        if self.view is not None:
            scale = self.chart.plot_scale
            self.choice = choose(scale.pitch, scale.unit * self.view.row_size, self.choice, self.style.mode)
            self.item.set_choice(self.choice)

    def moved(self) -> None:
        """The visible range is another."""
        self.adapt()
        for item in (self.item, self.overlay, self.profile, self.drawings, self.table.item):
            item.update()

    def fit_table(self) -> None:
        """As many rows of statistics as the height allows."""
        height = self.chart.height()
        self.table.show_rows(NAMES if height >= _TALL_PX else SHORT if height >= _LOW_PX else ())


def same_chart(one: FootprintView, other: FootprintView) -> bool:
    """Whether two views show the same bars, so that the visible range means the same in both."""
    left, right = one.request, other.request
    return (left.base, left.bar_rule, left.markets.perp) == (right.base, right.bar_rule, right.markets.perp)
