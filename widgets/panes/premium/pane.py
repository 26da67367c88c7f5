"""The premium pane: perpetual prices over spot, for USD-margined, coin-margined and all perpetuals."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from feeds.model.instrument import MarketKind
from widgets.chart.axes import Tag
from widgets.chart.linked_chart import LinkedChart
from widgets.elements.captions import Choice
from widgets.elements.layouts import column_of, line_of
from widgets.elements.spans import Span, SpanLine
from widgets.items.lines import in_sight
from widgets.pane import Pane, Table
from widgets.panes.premium.item import BP, PremiumItem, group_pen, line_pen
from widgets.theme import format as text_of
from widgets.theme.markets import market_mark
from widgets.theme.theme import CELL, theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.positions.premium import PremiumRequest, PremiumSource, PremiumView
from workstation.readmodels.request import View

SMOOTHINGS = (1, 3, 5, 10, 20)
CLAMPS = (None, 0.0010, 0.0025, 0.0050, 0.0100)
_GROUPS = (("combined", "all"), ("linear", "USD-margined"), ("inverse", "coin-margined"))


class PremiumPane(Pane):
    """A chart of premiums with a legend and a bar of settings."""

    title = "Premium"
    help = (
        "How far perpetuals trade above (grey) or below (green) spot, in basis points of the spot price. Spot is the "
        "volume-weighted price of the coin's connected spot markets; each perpetual is compared with it and weighted "
        "by its venue's 24 h volume, or by the volume received if a venue does not publish it. Solid white: "
        "USD-margined; dashed white: coin-margined, quoted in USD where spot is quoted in USDT; cyan: all. The price "
        "of a bar is its close or the mean of open, high, low and close; the last one is used for 60 s at most. "
        "EMA n is an exponential mean over n bars. Dashed ochre lines mark a large premium: 40 bp for BTC, for other "
        "coins the 95th percentile of the loaded bars. Lines break where trades are missing."
    )
    keys = (("wheel, drag", "zoom, pan; the other charts follow"), ("A", "automatic scale"))
    every_frames = 6
    range_rank = 1

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = PremiumRequest(base)
        self._view: PremiumView | None = None
        self.linked = LinkedChart()
        self.range = self.linked.range
        self.item = PremiumItem(self.linked.chart)
        self.source, self.smoothing, self.clamping, self.markets = Choice(), Choice(), Choice(), QToolButton()
        self.source.setToolTip("Prices that are compared")
        self.smoothing.setToolTip("Smoothing by an exponential mean")
        self.clamping.setToolTip("Limit beyond which values are clipped")
        self.legend = SpanLine(lines=3)
        self._lay_out()
        self._connect()
        self._show_notice()

    def request(self) -> PremiumRequest | None:
        return self._asked if self._asked.base else None

    def set_bases(self, bases: list[str]) -> None:
        self.replace_base(self._asked.base, bases)

    def set_base(self, base: str) -> None:
        self._ask(replace(self._asked, base=base))

    def set_bar_length(self, bar_ns: int) -> None:
        self._ask(replace(self._asked, bar_ns=bar_ns))

    def show_crosshair(self, ts_ns: int | None) -> None:
        self.linked.show_crosshair(ts_ns)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        self.linked.range.show(start_ns, end_ns)

    def state(self) -> dict[str, object]:
        asked = self._asked
        return {
            "source": asked.source.value,
            "smoothing": asked.smoothing,
            "clamp": asked.clamp,
            "by_market": self.markets.isChecked(),
        }

    def restore(self, state: dict[str, object]) -> None:
        smoothing, clamp, source = state.get("smoothing"), state.get("clamp"), state.get("source")
        if smoothing in SMOOTHINGS:
            self.smoothing.setCurrentIndex(SMOOTHINGS.index(smoothing))
        if clamp in CLAMPS:
            self.clamping.setCurrentIndex(CLAMPS.index(clamp))
        if isinstance(source, str) and source in list(PremiumSource):
            self.source.setCurrentIndex(list(PremiumSource).index(PremiumSource(source)))
        self.markets.setChecked(state.get("by_market") is True)
        self._settings_changed()

    def refresh(self, view: View) -> None:
        if not isinstance(view, PremiumView) or view is self._view:
            return
        fresh = self.linked.show_bars(view.bar_start_ns, view.request.bar_ns)
        fresh |= self._view is None or self._view.request.base != view.request.base
        self._view = view
        self.item.set_view(view, self.linked.slots, self.linked.chart.grid)
        self.linked.move_to_latest(fresh)
        self._read()
        self._show_notice()

    def clear(self) -> None:
        self._view = None
        self.item.retry()
        self.linked.forget()
        self.item.set_view(None, self.linked.slots, self.linked.chart.grid)
        self._read()
        self._show_notice()

    def shown_markets(self) -> tuple[MarketState, ...]:
        view = self._view
        return () if view is None else (*(line.market for line in view.lines), *view.spots)

    def as_table(self) -> Table | None:
        """A row per bar: spot price, and premiums in basis points; None where unknown."""
        view = self._view
        if view is None:
            return None
        names = tuple(f"{market_mark(line.market)} bp" for line in view.lines)
        columns = [view.combined * BP, view.linear * BP, view.inverse * BP, *(line.values * BP for line in view.lines)]
        lists = [[None if np.isnan(value) else value for value in column.tolist()] for column in (view.spot, *columns)]
        header = ("bar_start_ns", "spot", "all bp", "USD-margined bp", "coin-margined bp", *names)
        return Table(header, tuple(zip(view.bar_start_ns.tolist(), *lists, strict=True)))

    def _lay_out(self) -> None:
        for source in PremiumSource:
            self.source.addItem(source.value)
        for length in SMOOTHINGS:
            self.smoothing.addItem("raw" if length == 1 else f"EMA {length}")
        for clamp in CLAMPS:
            self.clamping.addItem("no clamp" if clamp is None else f"±{clamp * BP:g} bp")
        self.markets.setText("markets")
        self.markets.setCheckable(True)
        self.markets.setToolTip("A line for every perpetual")
        line = line_of(margins=(CELL, 2, 0, 2))
        for widget in (self.source, self.smoothing, self.clamping, self.markets):
            widget.setFont(theme().font(small=True))
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.legend, 1, Qt.AlignmentFlag.AlignTop)
        column_of(line, filling=self.linked, within=self)
        self.setFocusProxy(self.linked)
        self.linked.chart.add(self.item)
        self.linked.chart.value_extent = self._extent

    def _connect(self) -> None:
        for choice in (self.source, self.smoothing, self.clamping):
            choice.activated.connect(lambda _: self._settings_changed())
        self.markets.toggled.connect(lambda _: self._settings_changed())
        self.linked.crosshair_moved.connect(self.send_crosshair)
        self.linked.range_moved.connect(self.send_range)
        self.linked.pointed.connect(self._read)
        self.linked.chart.range_changed.connect(self.item.update)

    def _settings_changed(self) -> None:
        self.item.by_market = self.markets.isChecked()
        self.item.update()
        self.linked.chart.auto_scale()
        self._read()
        self._ask(
            replace(
                self._asked,
                source=list(PremiumSource)[self.source.currentIndex()],
                smoothing=SMOOTHINGS[self.smoothing.currentIndex()],
                clamp=CLAMPS[self.clamping.currentIndex()],
            )
        )

    def _ask(self, request: PremiumRequest) -> None:
        if request != self._asked:
            self._asked = request
            self._show_notice()

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """The range of the visible values in basis points, including zero; None without values."""
        view = self._view
        if view is None:
            return None
        part = in_sight(self.linked.slots, left, right)
        seen: list[Floats] = [view.combined[part], view.linear[part], view.inverse[part]]
        seen += [line.values[part] for line in view.lines] if self.item.by_market else []
        values = np.concatenate(seen) * BP
        values = values[np.isfinite(values)]
        return (min(float(values.min()), 0.0), max(float(values.max()), 0.0)) if len(values) else None

    def _read(self) -> None:
        """Update legend and tags: values under the crosshair, else the newest."""
        view, value = self._view, self.linked.overlay.value
        tags = []
        if view is not None and len(view.combined) and np.isfinite(view.combined[-1]):
            last = float(view.combined[-1]) * BP
            tags.append(Tag(last, bp(last), "aggregate", "window"))
        if value is not None:
            tags.append(Tag(value, bp(value), "hairline", "text"))
        self.linked.chart.value_axis.set_tags(tuple(tags))
        self.legend.set_spans(() if view is None else self._legend(view, self.linked.index()))

    def _legend(self, view: PremiumView, at: int | None) -> tuple[Span, ...]:
        spans = [Span(f"{view.request.base} premium, bp of spot", "text", bold=True)]
        for name, label in _GROUPS:
            value = bp(_at(getattr(view, name), at, BP))
            role = "aggregate" if name == "combined" else "text"
            spans.append(Span(f"{label} {value}{_live(view, name)}", role, name == "combined", group_pen(name)))
        live = sum(market.trades is Freshness.LIVE for market in view.spots)
        spot = text_of.price(_at(view.spot, at, 1.0), min((market.tick_size for market in view.spots), default=1.0))
        role = "text" if live == len(view.spots) and live else "gap"
        spans.append(Span(f"spot {spot} ({live} of {len(view.spots)})", role))
        spans.append(Span(f"weights: {view.weights}", "muted"))
        if view.zone is not None:
            spans.append(Span(f"large from {view.zone * BP:.1f}", "gap"))
        for line in view.lines if self.item.by_market else ():
            state = "" if line.freshness is Freshness.LIVE else f" {line.freshness}"
            value = bp(_at(line.values, at, BP))
            spans.append(
                Span(f"{market_mark(line.market)} {value}{state}", "stale" if state else "text", False, line_pen(line))
            )
        return tuple(spans)

    def _show_notice(self) -> None:
        self.linked.notice.show_text(_why_empty(self.request(), self._view))


def bp(value: float) -> str:
    """A number of basis points with its sign and one decimal; an en dash for NaN."""
    return text_of.fixed(value, 1)


def _at(values: Floats, at: int | None, factor: float) -> float:
    return float("nan") if at is None or at >= len(values) else float(values[at]) * factor


def _live(view: PremiumView, name: str) -> str:
    """How many of a group's markets are live; empty if all are."""
    kinds = {"linear": (MarketKind.LINEAR,), "inverse": (MarketKind.INVERSE,)}.get(name, tuple(MarketKind))
    lines = [line for line in view.lines if line.kind in kinds]
    live = sum(line.freshness is Freshness.LIVE for line in lines)
    return "" if live == len(lines) else f" ({live} of {len(lines)})"


def _why_empty(request: PremiumRequest | None, view: PremiumView | None) -> str:
    if request is None:
        return "no coin chosen"
    if view is None:
        return f"waiting for {request.base}"
    if np.isfinite(view.combined).any():
        return ""
    if not view.spots:
        return f"no spot market of {request.base} is connected: nothing to compare perpetuals with"
    if not view.lines:
        return f"no perpetual of {request.base} is connected"
    return "waiting for the first trades of a perpetual and of spot"


PANE = PremiumPane
