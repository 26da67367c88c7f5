"""The funding pane: a table of perpetuals, a reading of price against open interest, and charts of both."""

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen, QResizeEvent
from PySide6.QtWidgets import QToolButton, QWidget

from feeds.model.instrument import MarketKind
from feeds.venues.registry import VENUES
from widgets.chart.linked_chart import LinkedChart
from widgets.elements.captions import Choice
from widgets.elements.layouts import column_of, line_of
from widgets.elements.spans import Span, SpanLine
from widgets.elements.venue_menu import VenueButton
from widgets.items.lines import Line, LinesItem, aggregate_pen, in_sight
from widgets.pane import Pane, Table
from widgets.panes.funding.table import FundingTable, rate_text
from widgets.theme import format as text_of
from widgets.theme.markets import market_mark
from widgets.theme.theme import CELL, theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.positions.funding import FundingRequest, FundingView, Reading, SpanReading
from workstation.readmodels.request import View

UNITS = (("per 1 h", 1.0), ("per 8 h", 8.0), ("per 24 h", 24.0), ("per year", 8760.0))
_RISING = (Reading.NEW_LONGS, Reading.SHORTS_COVER)
LEAST_CHART_PX = 90
_HOUR_NS = 3_600_000_000_000


class FundingPane(Pane):
    """A table of markets above two charts that share one time range."""

    title = "Funding and OI"
    help = (
        "Funding and open interest of every perpetual. Predicted is the rate of the current funding period, last that "
        "of the period before, both in the chosen unit (simple, not compounded; positive: longs pay). History is the "
        "percentile of the predicted rate among the venue's own past rates (ties count half), shown once 30 days are "
        "known. Open interest counts one side. The weighted rows are means by open interest, USD-margined and "
        "coin-margined apart; stale markets (older than ten minutes) and venues not chosen are left out. Readings: "
        "price up and open interest up are new longs, price up and open interest down shorts covering, and the "
        "reverse; moves under 0.05 % have no reading; (n of m) counts markets known at both ends. Flags: funding "
        "beyond 0.5 % a period; long/short accounts above 1.5 or below 0.67; both on one side is crowded. Charts: "
        "open interest in % since the left edge, funding in the unit; bold cyan lines are totals (solid: all or "
        "USD-margined, dashed: coin-margined) and break where the number of markets changed."
    )
    keys = (("wheel, drag", "zoom, pan; the other charts follow"), ("A", "automatic scale"))
    every_frames = 30
    range_rank = 1

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = FundingRequest(base)
        self._view: FundingView | None = None
        self._left = -1  # the first bar in sight
        self.table, self.unit, self.venues = FundingTable(), Choice(), VenueButton()
        self.readings, self.legend = SpanLine(lines=3), SpanLine(lines=2)
        self.charts = {"OI": LinkedChart(), "funding": LinkedChart()}
        self.range = self.charts["OI"].range
        self.items = {name: LinesItem(chart.chart) for name, chart in self.charts.items()}
        self.unit.setToolTip("Period that funding rates are shown for")
        self.shown = {name: QToolButton() for name in self.charts}
        self._lay_out()
        self._connect()
        self._show_notice()

    def request(self) -> FundingRequest | None:
        return self._asked if self._asked.base else None

    def set_bases(self, bases: list[str]) -> None:
        self.replace_base(self._asked.base, bases)

    def set_base(self, base: str) -> None:
        if base != self._asked.base:
            self._asked = replace(self._asked, base=base)
            self._show_notice()

    def show_crosshair(self, ts_ns: int | None) -> None:
        for chart in self.charts.values():
            chart.show_crosshair(ts_ns)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        for chart in self.charts.values():
            chart.range.show(start_ns, end_ns)

    def state(self) -> dict[str, object]:
        hidden = [name for name, one in self.shown.items() if not one.isChecked()]
        return {"unit_h": self.unit_h, "hidden": hidden, "venues": sorted(self.venues.ticks.chosen or ())}

    def restore(self, state: dict[str, object]) -> None:
        hours = [unit for _, unit in UNITS]
        if (wanted := state.get("unit_h")) in hours:
            self.unit.setCurrentIndex(hours.index(wanted))
        venues = state.get("venues")
        chosen = venues if isinstance(venues, list) else []
        self.venues.ticks.choose(frozenset(venue for venue in VENUES if venue in chosen) or None)
        hidden = state.get("hidden")
        for name, button in self.shown.items():
            button.setChecked(not (isinstance(hidden, list) and name in hidden))
        self._show()

    @property
    def unit_h(self) -> float:
        """The period in hours that rates are shown for."""
        return UNITS[self.unit.currentIndex()][1]

    def refresh(self, view: View) -> None:
        if not isinstance(view, FundingView):
            return
        other = self._view is None or self._view.request != view.request
        self._view = view
        if view.request.markets.venues is None:
            self.venues.ticks.set_venues({row.market.venue for row in view.rows})
        bar_ns = int(view.bar_start_ns[1] - view.bar_start_ns[0]) if len(view.bar_start_ns) > 1 else view.request.bar_ns
        fresh = [chart.show_bars(view.bar_start_ns, bar_ns) or other for chart in self.charts.values()]
        self._show()
        for chart, new in zip(self.charts.values(), fresh, strict=True):
            chart.move_to_latest(new)

    def clear(self) -> None:
        self._view = None
        for name, chart in self.charts.items():
            self.items[name].retry()
            chart.forget()
        self._show()

    def share_range(self, *, lead: bool) -> None:
        self.charts["funding"].range.release()
        super().share_range(lead=lead)

    def shown_markets(self) -> tuple[MarketState, ...]:
        return tuple(row.market for row in self._view.rows) if self._view is not None else ()

    def as_table(self) -> Table | None:
        if self._view is None:
            return None
        header = (
            *("market", "rate", "period_h", "last_rate", "percentile", "history_days", "next_funding_ns"),
            *("open_interest", "open_interest_usd", "change_1h", "change_4h", "change_24h", "long_short", "flag"),
        )
        rows = (
            (
                *(market_mark(row.market), row.rate, row.period_h, row.last_rate, row.percentile, row.history_days),
                *(row.next_funding_ns, row.open_interest, row.open_interest_usd, *row.changes, row.ratio),
                row.crowding.value if row.crowding is not None else "stale" if row.stale else None,
            )
            for row in self._view.rows
        )
        return Table(header, tuple(rows))

    def _lay_out(self) -> None:
        for label, _ in UNITS:
            self.unit.addItem(label)
        self.unit.setCurrentIndex(1)
        line = line_of(margins=(CELL, 2, 0, 2))
        for name, button in self.shown.items():
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(True)
            button.setToolTip(f"The chart of {name}")
        for widget in (self.unit, self.venues, *self.shown.values()):
            widget.setFont(theme().font(small=True))
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.readings, 1, Qt.AlignmentFlag.AlignTop)
        column = column_of(line, self.table, self.legend, within=self)
        for name, chart in self.charts.items():
            chart.chart.add(self.items[name])
            chart.chart.value_extent = self.items[name].extent
            column.addWidget(chart, 1)
        self.setFocusProxy(self.charts["OI"])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_charts()

    def _fit_charts(self) -> None:
        """Show the chosen charts, as many as have room, at least one."""
        room = self.height() - self.table.height() - self.legend.height() - self.readings.height()
        wanted = [name for name, button in self.shown.items() if button.isChecked()]
        shown = wanted[: max(1, room // LEAST_CHART_PX)]
        for name, chart in self.charts.items():
            chart.setVisible(name in shown)

    def _connect(self) -> None:
        self.unit.activated.connect(lambda _: self._rescale())
        self.venues.ticks.changed.connect(self._ask_venues)
        one, other = self.charts.values()
        for chart, twin in ((one, other), (other, one)):
            chart.crosshair_moved.connect(self.send_crosshair)
            chart.crosshair_moved.connect(twin.show_crosshair)
            chart.range_moved.connect(self.send_range)
            chart.range_moved.connect(twin.range.show)
            chart.chart.range_changed.connect(self._on_range)
            chart.pointed.connect(self._read)
        for button in self.shown.values():
            button.toggled.connect(lambda _: self._fit_charts())

    def _ask_venues(self) -> None:
        self._asked = replace(self._asked, markets=MarketFilter(venues=self.venues.ticks.chosen))

    def _rescale(self) -> None:
        self._show()
        self.charts["funding"].chart.auto_scale()

    def _show(self) -> None:
        self.table.show_view(self._view, self.unit_h)
        self._fit_charts()
        self.readings.set_spans(() if self._view is None else _readings(self._view))
        self._draw_lines()
        self._read()
        self._show_notice()

    def _on_range(self) -> None:
        """Recompute the percentages when the left edge moves, then fit their scale."""
        chart = self.charts["OI"]
        left = in_sight(chart.slots, *chart.chart.visible).start
        if left != self._left:
            self._left = left
            self._draw_lines()
            chart.chart.fit_values()
        for item in self.items.values():
            item.update()

    def _draw_lines(self) -> None:
        """Draw open interest in % since the left edge, and funding in % per unit."""
        view = self._view
        lines: dict[str, list[Line]] = {"OI": [], "funding": []}
        if view is not None and len(view.bar_start_ns):
            chart = self.charts["OI"]
            first = in_sight(chart.slots, *chart.chart.visible).start
            for line in view.lines:
                pen = partial(_market_pen, line.market)
                lines["OI"].append(Line(since(line.open_interest, first), pen))
                lines["funding"].append(Line(line.rate_1h * self.unit_h * 100, pen))
            same = np.where(view.counted == view.counted[-1], view.total, np.nan)
            lines["OI"].append(Line(since(same, first), aggregate_pen))
            lines["funding"].append(Line(view.inverse_1h * self.unit_h * 100, partial(aggregate_pen, dashed=True)))
            lines["funding"].append(Line(view.linear_1h * self.unit_h * 100, aggregate_pen))
        for name, chart in self.charts.items():
            self.items[name].set_lines(lines[name], chart.slots, chart.chart.grid)

    def _read(self) -> None:
        """Update the legend: values under the crosshair, else the newest."""
        view = self._view
        at = next((index for chart in self.charts.values() if (index := chart.index()) is not None), None)
        if view is None or at is None or at >= len(view.bar_start_ns):
            self.legend.set_spans(())
            return
        counted = int(view.counted[at])
        spans = [
            Span("open interest, % since left edge; funding, %", "muted"),
            Span(
                f"all {text_of.size(float(view.total[at]))} {view.request.base}", "aggregate", True, aggregate_pen(1.0)
            ),
            Span(f"{counted} of {len(view.lines)} markets", "muted" if counted == len(view.lines) else "gap"),
        ]
        for name, values, dashed in (
            ("USD-margined", view.linear_1h, False),
            ("coin-margined", view.inverse_1h, True),
        ):
            rate = float(values[at]) * self.unit_h
            text = rate_text(None if np.isnan(rate) else rate)
            spans.append(Span(f"{name} {text}", "aggregate", False, aggregate_pen(1.0, dashed=dashed)))
        for line in view.lines:
            text = f"{market_mark(line.market)} {text_of.size(float(line.open_interest[at]))}"
            spans.append(Span(text, "text", False, _market_pen(line.market, 1.0)))
        self.legend.set_spans(tuple(spans))

    def _show_notice(self) -> None:
        view, base = self._view, self._asked.base
        text = "no coin chosen" if not base else f"waiting for {base}"
        if view is not None:
            text = "" if len(view.bar_start_ns) else f"no funding or open interest of {base} received yet"
        for chart in self.charts.values():
            chart.notice.show_text(text)


def since(values: Floats, first: int) -> Floats:
    """The change in % (n,) since the first known, positive value at or after index `first`; all NaN without one."""
    known = np.flatnonzero(np.isfinite(values[first:]) & (values[first:] > 0))
    if not len(known):
        return np.full(len(values), np.nan)
    moved: Floats = (values / values[first + known[0]] - 1) * 100
    return moved


def _market_pen(market: MarketState, ratio: float) -> QPen:
    style = Qt.PenStyle.SolidLine if market.kind is MarketKind.LINEAR else Qt.PenStyle.DotLine
    return QPen(theme().venue_color(market.venue), ratio, style, Qt.PenCapStyle.FlatCap)


def _readings(view: FundingView) -> tuple[Span, ...]:
    spans = [Span(view.request.base, "text", bold=True)]
    for one in view.spans:
        role = "muted" if one.reading is None else "buy" if one.reading in _RISING else "sell"
        spans.append(Span(_reading(one), role))
    crowded = [row for row in view.rows if row.crowding is not None and not row.stale]
    spans += [Span(f"{market_mark(row.market)}: {row.crowding}", "gap") for row in crowded]
    return tuple(spans)


def _reading(one: SpanReading) -> str:
    moved = f"price {text_of.percent(one.price_change)} OI {text_of.percent(one.interest_change)}"
    name = one.reading.value if one.reading is not None else "no reading"
    counted = "" if one.counted == one.known else f" ({one.counted} of {one.known})"
    return f"{one.span_ns // _HOUR_NS} h: {name}, {moved}{counted}"


PANE = FundingPane
