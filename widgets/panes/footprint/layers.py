"""Everything that is painted on a footprint chart, shown, restyled and moved as one."""

from widgets.chart.chart import TimeChart
from widgets.items.crosshair import LineOverlay
from widgets.items.pixel_item import PixelItem
from widgets.items.scale import SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail, choose
from widgets.panes.footprint.cells.history import HistoryItem
from widgets.panes.footprint.cells.item import FootprintItem
from widgets.panes.footprint.cells.statistics import rows_that_fit
from widgets.panes.footprint.cells.style import Style
from widgets.panes.footprint.cells.table import ROW_PX, StatisticsTable
from widgets.panes.footprint.drawings.region import RegionItem
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.bubbles import BubbleItem
from widgets.panes.footprint.studies.declaration import Bubbles, Drawing, Layer
from widgets.panes.footprint.studies.drawing_item import DrawingItem
from widgets.panes.footprint.studies.signs import SignItem
from workstation.readmodels.flow.candles import NO_CANDLES
from workstation.readmodels.flow.footprint import BarKind, FootprintView


class FootprintLayers:
    """The items of one chart, the view they show and the level of detail at which they show it."""

    def __init__(self, chart: TimeChart, board: StudyBoard) -> None:
        self.chart, self.board = chart, board
        self.view: FootprintView | None = None
        self.bars = BarsOnGrid((), SlotGrid(1, 0))
        self.choice: Choice | None = None
        self.item = FootprintItem(chart)
        self.history = HistoryItem(chart)
        self.signs = SignItem(chart, board)
        self.bubbles = BubbleItem(chart)
        self.overlay = LineOverlay(chart)
        self.drawings = RegionItem(chart)
        self.table = StatisticsTable(chart.getPlotItem(), chart.scale_of)
        self.study_items: tuple[DrawingItem, ...] = ()
        self._own = (self.item, self.history, self.signs, self.bubbles, self.overlay, self.drawings)
        for item in self._own:
            chart.add(item)
        chart.value_extent = self._extent

    @property
    def _all(self) -> tuple[PixelItem, ...]:
        return (*self._own, *self.study_items, self.table.item)

    @property
    def failures(self) -> dict[str, str]:
        """Why items are not painted any more, by their name."""
        return {item.name: item.failure for item in self._all if item.failure}

    @property
    def style(self) -> Style:
        """How cells and statistics are drawn."""
        return self.item.style

    @property
    def latest_slot(self) -> float:
        """Where the newest bar stands; 0 without bars."""
        return float(self.bars.slots[-1]) if len(self.bars.slots) else 0.0

    @property
    def step(self) -> float:
        """The finest price grid among the markets, for texts."""
        ticks = [state.tick_size for state in self.view.markets] if self.view is not None else []
        return min(ticks, default=self.view.row_size if self.view is not None else 1.0)

    def show(self, view: FootprintView) -> bool:
        """Take a view; True where it begins another chart, so that the range has to start over."""
        fresh = self.view is None or not self.view.bars or not same_chart(self.view, view)
        before, grid = self.bars, self.chart.grid
        time = view.request.bar_rule.kind is BarKind.TIME
        if fresh and view.bars and time:
            grid = SlotGrid.at(view.request.bar_ns, view.bars[0].start_ns)
        given = grid if time and isinstance(grid, SlotGrid) else None
        self.view = view
        self.bars = BarsOnGrid(view.bars, SlotGrid(1, 0) if time and given is None else given, before)
        if fresh and view.bars:
            self.chart.set_grid(self.bars.grid)
        elif not time and view.bars:
            self.chart.renew_grid(self.bars.grid, self.bars.moved_since(before))
        self._pass_on()
        if view.bars:
            self.chart.value_axis.set_step(self.step)
            self.chart.set_latest(self.latest_slot)
            if fresh:
                self.chart.auto_scale()
        self.adapt()
        return fresh

    def _pass_on(self) -> None:
        self.item.set_view(self.view, self.bars, self.chart.grid)
        self.history.set_candles(NO_CANDLES if self.view is None else self.view.candles, self.bars.grid)
        self.signs.set_view(self.view, self.bars)
        self.bubbles.set_grid(self.bars.grid)
        self.table.item.set_bars(None if self.view is None else self.bars, self.view)
        for item in self.study_items:
            item.update()

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest price in sight, of bars and of the candles before them."""
        found = [self.bars.value_extent(left, right), self.history.history.value_extent(left, right)]
        known = [extent for extent in found if extent is not None]
        return (min(low for low, _ in known), max(high for _, high in known)) if known else None

    def clear(self) -> None:
        """Forget the view; the zoom stays."""
        self.view = None
        self.bars = BarsOnGrid((), SlotGrid(1, 0))
        for item in self._all:
            item.retry()
        self._pass_on()
        self.overlay.set_lines(())
        self.show_answers()

    # --- how it is drawn

    def restyle(self, style: Style) -> None:
        """Draw cells and statistics another way."""
        if style.mode is not self.style.mode:
            self.choice = None
        self.item.set_style(style)
        self.fit_table()
        self.adapt()

    def make_study_items(self) -> None:
        """One item for every drawing of the studies there are, in place of those before."""
        for item in self.study_items:
            self.chart.remove(item)
        self.study_items = tuple(
            DrawingItem(self.chart, self.board, study, output)
            for study in self.board.studies
            for output in study.outputs
            if isinstance(output, Drawing) and output.layer is not Layer.UNDER
        )
        for item in self.study_items:
            self.chart.add(item)

    def show_studies(self) -> None:
        self.item.set_parts(self.board.cell_parts())
        self.show_answers()
        self.adapt()

    def show_answers(self) -> None:
        made = {study.name: output.bubbles(self.board.inputs(study)) for study, output in self.board.outputs(Bubbles)}
        self.bubbles.set_columns({name: columns for name, columns in made.items() if columns is not None})
        self.signs.rebuild()
        for item in self.study_items:
            item.update()

    def adapt(self) -> None:
        """Choose the level of detail for the present zoom."""
        if self.view is not None:
            scale = self.chart.plot_scale
            self.choice = choose(scale.pitch, scale.unit * self.view.row_size, self.choice, self.style.mode)
            self.item.set_choice(self.choice)
            self.bubbles.set_hollow(self.choice.detail >= Detail.DELTA)
            self.signs.set_numbers(self.choice.detail is Detail.NUMBERS and self.style.mode.pairs)
            for item in self.study_items:
                item.detail = self.choice.detail

    def moved(self) -> None:
        """The visible range is another."""
        self.adapt()
        for item in self._all:
            item.update()

    def fit_table(self) -> None:
        """As many rows of statistics as the height allows."""
        self.table.show_rows(rows_that_fit(self.style.rows, self.chart.height(), ROW_PX))


def same_chart(one: FootprintView, other: FootprintView) -> bool:
    """Whether two views show the same bars, so that the visible range means the same in both."""
    left, right = one.request, other.request
    return (left.base, left.bar_rule, left.markets.perp) == (right.base, right.bar_rule, right.markets.perp)
