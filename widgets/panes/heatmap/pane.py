"""The depth heatmap: resting size by price and time, best bid and ask, and bubbles of big trades."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from widgets.chart.axes import Tag
from widgets.chart.chart import TimeChart
from widgets.chart.shared_crosshair import SharedCrosshair
from widgets.chart.shared_range import Notice, SharedRange
from widgets.elements.captions import Choice
from widgets.elements.layouts import column_of, line_of
from widgets.elements.market_controls import MarketControls
from widgets.elements.spans import SpanLine
from widgets.items.scale import SlotGrid
from widgets.pane import Pane, Table
from widgets.panes.heatmap.bubbles import TradeBubbles
from widgets.panes.heatmap.colors import Range, automatic
from widgets.panes.heatmap.legend import HeatLegend
from widgets.panes.heatmap.text import HELP, absence, bubble_text, cells_as_table, legend, readout
from widgets.panes.heatmap.tiles import HeatItem
from widgets.panes.heatmap.zoom import MULTIPLES, multiple_for, over, row_size_of, seconds_for
from widgets.theme import format as text_of
from widgets.theme.theme import CELL
from workstation.readmodels.flow.heatmap import (
    COLUMN_NS,
    HeatCellRequest,
    HeatCellView,
    HeatmapRequest,
    HeatmapView,
    HeatTrades,
)
from workstation.readmodels.flow.outliers import plausible_values
from workstation.readmodels.markets import MarketState
from workstation.readmodels.request import Request, View

PITCH_PX = 2.0  # of a second in a new view
PITCHES = (0.03, 60.0)
BUBBLES: tuple[tuple[str, float | None], ...] = (
    ("auto", None),
    ("10k", 1e4),
    ("50k", 5e4),
    ("100k", 1e5),
    ("250k", 2.5e5),
    ("1m", 1e6),
    ("off", -1.0),
)
_AIR = 0.0012  # of the price, shown above and below the best prices
_TURN = 1.3  # automatic thresholds move when they are off by this factor


class HeatmapPane(Pane):
    """Once another pane has set the visible range, it shows that instead of following the newest column."""

    title = "Heatmap"
    help = HELP
    every_frames = 6  # ten times a second for trades; columns come once a second
    keys = (
        ("wheel, Ctrl+wheel", "zoom time, price"),
        ("Shift+wheel, drag, arrows", "pan"),
        ("drag an axis, double-click it", "scale, automatic again"),
        ("L, A, Z", "follow, automatic scale, reset"),
        ("H", "show or hide resting liquidity"),
    )
    range_rank = 3
    range: SharedRange
    crosshair: SharedCrosshair

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = HeatmapRequest(base)
        self._view: HeatmapView | None = None
        self._cell: HeatCellView | None = None
        self._multiple = 1
        self._chosen: Range | None = None  # thresholds set by hand
        self.chart = TimeChart(PITCH_PX, keeps_pitch=False, pitches=PITCHES)  # first, so that it has the first focus
        self.markets = MarketControls()
        self.rows, self.bubbles, self.heat = Choice(), Choice(), QToolButton()
        self.thresholds = HeatLegend()
        self.legend, self.readout = SpanLine(), SpanLine()
        self.item = HeatItem(self.chart)
        self.trades = TradeBubbles(self.chart)
        self.share_chart(self.chart)
        self.overlay, self.notice = self.crosshair.overlay, Notice(self.chart)
        self._fill_controls()
        self._lay_out()
        self._connect()
        self._show_absence()

    # --- what is asked

    def request(self) -> HeatmapRequest | None:
        """Whole tiles over the visible range; None without a base."""
        return self._asked if self._asked.base else None

    def side_requests(self) -> tuple[Request[View], ...]:
        """The cell under the pointer, where several markets are summed."""
        view, price = self._view, self.overlay.value
        if view is None or price is None or not self.crosshair.held or len(view.markets) < 2:
            return ()
        asked, bucket = view.request, (self.crosshair.ts_ns or 0) // view.bucket_ns
        row, seconds = int(price // view.row_size), view.bucket_ns // COLUMN_NS
        return (HeatCellRequest(asked.base, None, asked.markets, view.row_size, seconds, bucket, row),)

    def set_bases(self, bases: list[str]) -> None:
        self.replace_base(self._asked.base, bases)

    def set_base(self, base: str) -> None:
        if base != self._asked.base:
            self._multiple = 1
            if self._asked.base:  # thresholds are sizes in the coin; remembered ones wait for the first
                self._chosen = None
                self.item.set_range(None)
            self._start_over(HeatmapRequest(base, None, self._asked.markets, minimum_usd=self._asked.minimum_usd))

    def _start_over(self, request: HeatmapRequest) -> None:
        """Request the range around the newest price with default rows, until a view contains that price."""
        self._asked = replace(request, row_size=None, start_ns=0, end_ns=0, low=None, high=None)
        self.clear()

    def _retarget(self) -> None:
        """Request the visible range."""
        view, scale = self._view, self.chart.plot_scale
        if view is None or view.mid is None or self.chart.latest is None:
            return
        tick = max((market.tick_size for market in view.markets), default=view.row_size)
        seconds = seconds_for(scale.pitch, self._asked.seconds)
        fixed = self.rows.currentData()
        self._multiple = multiple_for(scale.unit * tick, self._multiple, fixed)
        start_ns, end_ns = self.chart.grid.ts_ns(scale.left), self.chart.grid.ts_ns(scale.right)
        row_size = row_size_of(tick, self._multiple)
        self._asked = over(replace(self._asked, seconds=seconds), start_ns, end_ns, scale.bottom, scale.top, row_size)

    # --- what is shown

    def refresh(self, view: View) -> None:
        if isinstance(view, HeatCellView):
            self._cell = view
            self._read()
        if not isinstance(view, HeatmapView) or view is self._view:
            return
        if (view.request.base, view.request.markets) != (self._asked.base, self._asked.markets):
            return
        fresh = self._view is None or not self._view.newest_ns
        if fresh and view.newest_ns:
            self.range.begin(SlotGrid.at(COLUMN_NS, view.newest_ns))
        self._view = view
        self.markets.set_markets(view.markets)
        self._draw(view, fresh)
        self._read()
        self._show_absence()

    def clear(self) -> None:
        self._view = self._cell = None
        for item in (self.item, self.trades):
            item.retry()
        self.item.set_view(None, self.chart.grid)
        self.trades.set_prints(HeatTrades(), COLUMN_NS, self.chart.grid)
        self.overlay.set_level(None)
        self.crosshair.clear()
        self._show_absence()

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self._view.markets if self._view is not None else ()

    def as_table(self) -> Table | None:
        if self._view is None or not self._view.tiles:
            return None
        scale, grid = self.chart.plot_scale, self.chart.grid
        bounds = grid.ts_ns(scale.left), grid.ts_ns(scale.right), scale.bottom, scale.top
        return cells_as_table(self._view, bounds, self.item.range.low if self.item.range is not None else 0.0)

    def state(self) -> dict[str, object]:
        chosen = list(self._chosen) if self._chosen is not None else None
        return {
            "rows": self.rows.currentText(),
            "bubbles": self.bubbles.currentText(),
            "heat": self.item.lit,
            "thresholds": chosen,
        }

    def restore(self, state: dict[str, object]) -> None:
        """Apply a saved state; big trades were saved as "prints" by earlier versions."""
        for choice, name in ((self.rows, "rows"), (self.bubbles, "bubbles")):
            at = choice.findText(str(state.get(name, "")).replace("prints", "trades"))
            if at >= 0:
                choice.setCurrentIndex(at)
        if isinstance(state.get("heat"), bool):
            self.heat.setChecked(bool(state["heat"]))
        match state.get("thresholds"):
            case [int() | float() as low, int() | float() as peak] if 0 < low < peak < float("inf"):
                self._chosen = Range(float(low), float(peak))

    def _draw(self, view: HeatmapView, fresh: bool) -> None:
        self.item.set_view(view, self.chart.grid)
        shown = view.trades if self.bubbles.currentText() != "trades off" else HeatTrades()
        self.trades.set_prints(shown, view.bucket_ns, self.chart.grid)
        self.chart.value_axis.set_step(self._step())
        self.overlay.set_level(view.last_price)
        if view.newest_ns:
            self.range.move_to(self.chart.grid.slot(view.newest_ns), fresh=fresh)
        self._set_thresholds()
        self._retarget()
        self._tag_axes()

    def _set_thresholds(self) -> None:
        """Apply manual thresholds, or percentiles of the cells shown; these move only when they are clearly off."""
        counts = self.item.counts
        found, before = automatic(counts), self.item.range
        if self._chosen is not None:
            found = self._chosen
        elif found is not None and before is not None and _close(found, before):
            found = before
        self.item.set_range(found or before)
        span = automatic(counts, 1.0, 100.0)
        self.thresholds.show_range(self.item.range, span, self._asked.base, automatic=self._chosen is None)

    def _choose_thresholds(self, wanted: Range | None) -> None:
        self._chosen = wanted
        if wanted is None:
            self.item.set_range(self.item.automatic_range())
        self._set_thresholds()

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """The visible best prices and trades with a margin for the depth around them; None before the first mid."""
        view, grid = self._view, self.chart.grid
        if view is None or view.mid is None:
            return None
        columns = view.columns
        first = max(grid.ts_ns(left) // view.bucket_ns - columns.first_bucket, 0)
        last = max(grid.ts_ns(right) // view.bucket_ns + 1 - columns.first_bucket, 0)
        trades = self.trades.trades
        traded = (trades.ts_venue_ns >= grid.ts_ns(left)) & (trades.ts_venue_ns < grid.ts_ns(right))
        seen = np.concatenate((columns.bid[first:last], columns.ask[first:last], trades.price[traded]))
        seen = plausible_values(seen[np.isfinite(seen)])
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (view.mid, view.mid)
        air = max(_AIR * view.mid, 0.35 * (high - low))
        return low - air, high + air

    def _step(self) -> float:
        view = self._view
        ticks = [market.tick_size for market in view.markets] if view is not None else []
        return min(ticks, default=1.0)

    # --- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_H and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.heat.toggle()
        else:
            super().keyPressEvent(event)

    def _on_range(self) -> None:
        for item in (self.item, self.trades):
            item.update()
        self._retarget()
        self._tag_axes()

    def _on_pointed(self) -> None:
        self._tag_axes()
        self._read()

    def _on_markets(self) -> None:
        self._start_over(replace(self._asked, markets=self.markets.chosen))

    def _on_bubbles(self) -> None:
        minimum = self.bubbles.currentData()
        self._asked = replace(self._asked, minimum_usd=None if minimum is None or minimum < 0 else minimum)
        if self._view is not None:
            self._draw(self._view, fresh=False)

    def _on_heat(self, lit: bool) -> None:
        self.item.set_lit(lit)
        self.thresholds.setEnabled(lit)

    def _on_resized(self) -> None:
        self.chart.fit_values()
        self._retarget()

    # --- texts and marks

    def _tag_axes(self) -> None:
        view, step = self._view, self._step()
        tags = []
        if view is not None and view.last_price is not None:
            tags.append(Tag(view.last_price, text_of.price(view.last_price, step), "text", "window"))
        if self.overlay.value is not None:
            tags.append(Tag(self.overlay.value, text_of.price(self.overlay.value, step), "hairline", "text"))
        self.chart.value_axis.set_tags(tuple(tags))

    def _read(self) -> None:
        view = self._view
        self.legend.set_spans(legend(view, self._step()) if view is not None else ())
        if view is None or self.overlay.slot is None or self.overlay.value is None:
            self.readout.set_spans(())
            return
        spans = readout(view, self.item, (self.crosshair.ts_ns or 0), self.overlay.value, self._cell, self._step())
        self.readout.set_spans(spans)

    def _tip(self, position: QPointF) -> str:
        at = self.trades.at(position.x(), position.y(), self.chart.plot_scale)
        return "" if at is None else bubble_text(self.trades.trades, at, self._step())

    def _show_absence(self) -> None:
        self.notice.show_text(absence(self.request(), self._view))

    def _fill_controls(self) -> None:
        self.rows.addItem("rows auto", None)
        for multiple in MULTIPLES:
            self.rows.addItem(f"x{multiple}", multiple)
        self.rows.setToolTip(
            "Ticks per row: automatic by zoom, or fixed (coarser if rows would be thinner than a pixel)"
        )
        for label, usd in BUBBLES:
            self.bubbles.addItem(f"trades {label}", usd)
        self.bubbles.setToolTip("Smallest trade with a bubble, USD; automatic: the largest 0.5 %")
        self.heat.setText("heat")
        self.heat.setCheckable(True)
        self.heat.setChecked(True)
        self.heat.setToolTip("Show resting liquidity (H)")

    def _lay_out(self) -> None:
        top = line_of(self.markets, self.rows, self.bubbles, margins=(CELL, CELL, CELL, 2))
        top.addStretch(1)
        column = column_of(top, within=self)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.legend)
        texts.addWidget(self.readout)
        beside = line_of(self.heat, margins=(CELL, 0, 0, 0))
        beside.addWidget(self.thresholds, 1)
        beside.addLayout(texts, 2)
        column.addLayout(beside)
        column.addWidget(self.chart, 1)
        self.setFocusProxy(self.chart)
        for item in (self.item, self.trades, self.overlay):
            self.chart.add(item)
        self.chart.value_extent, self.chart.tip_at = self._extent, self._tip

    def _connect(self) -> None:
        self.markets.changed.connect(self._on_markets)
        self.rows.currentIndexChanged.connect(lambda _: self._retarget())
        self.bubbles.currentIndexChanged.connect(lambda _: self._on_bubbles())
        self.heat.toggled.connect(self._on_heat)
        self.thresholds.chosen.connect(self._choose_thresholds)
        self.chart.range_changed.connect(self._on_range)
        self.crosshair.pointed.connect(self._on_pointed)
        self.chart.box.sigResized.connect(lambda _: self._on_resized())


def _close(one: Range, other: Range) -> bool:
    return all(1 / _TURN < ours / theirs < _TURN for ours, theirs in zip(one, other, strict=True))


PANE = HeatmapPane
