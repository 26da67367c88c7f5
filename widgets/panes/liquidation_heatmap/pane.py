"""The liquidation heatmap pane: estimated liquidation levels, with real liquidations."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from widgets.chart.axes import Tag
from widgets.chart.chart import TimeChart
from widgets.chart.shared_crosshair import SharedCrosshair
from widgets.chart.shared_range import Notice, SharedRange
from widgets.elements.layouts import column_of, line_of
from widgets.elements.spans import Span, SpanLine
from widgets.items.scale import SlotGrid
from widgets.pane import Pane, Table
from widgets.panes.liquidation_heatmap.item import SHARE, LevelsItem
from widgets.panes.liquidation_heatmap.settings import LevelSettings
from widgets.panes.liquidation_heatmap.text import ledger_spans, model_parts, row_text, why_empty
from widgets.theme import format as text_of
from widgets.theme.theme import CELL, theme
from workstation.readmodels.markets import MarketState
from workstation.readmodels.positions.liquidation_levels import (
    LevelRules,
    LiquidationLevelsRequest,
    LiquidationLevelsView,
)
from workstation.readmodels.request import View

PITCH_PX = 2.0
_MANY, _FEWEST = 240, 20.0  # bars
NEAR = 0.042  # margin around the visible prices, a fraction, so that levels of 25x and more are visible


class LiquidationHeatmapPane(Pane):
    """Follows the latest bar until another pane sets its visible range, then that range."""

    title = "Liquidation heatmap"
    help = (
        "An estimate, not an observation. A rise of open interest counts as new positions: long and short in the "
        "proportion of taker buys and sells since its last update, opened at the VWAP of those trades, spread over "
        "tiers of leverage. Each is liquidated where its margin falls to the maintenance margin: linear longs at "
        "(1 - 1/L) / (1 - m) of the entry, shorts at (1 + 1/L) / (1 + m); inverse longs at (1 + m) / (1 + 1/L), "
        "shorts at (1 - m) / (1 - 1/L), with leverage L and maintenance margin m. A level is removed when a bar's "
        "range touches its row, shrinks when open interest falls, and decays by its half-life. Purple is little, "
        "yellow much, hatched; at the right are the present levels and their cumulative sum away from the price. "
        "Solid dots are real liquidations (purple longs, orange shorts) and are not part of the estimate. Before the "
        "first trade the venues' candles are used, split half and half if they do not publish the takers' sides. "
        "Levels show where liquidations may cluster, relative to each other; they predict nothing."
    )
    every_frames = 15
    has_settings = True
    keys = (("wheel, drag", "zoom, pan; linked panes follow"), ("A", "automatic scale"))
    range_rank = 4
    range: SharedRange
    crosshair: SharedCrosshair

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = LiquidationLevelsRequest(base)
        self._view: LiquidationLevelsView | None = None
        self.chart = TimeChart(PITCH_PX, keeps_pitch=False, pitches=(0.125, 480.0))
        self.chart.reserve = SHARE + 0.02
        self.whole, self.parameters = QToolButton(), QToolButton()
        self.legend, self.model, self.ledger = SpanLine(lines=2), SpanLine(lines=3), SpanLine(lines=2)
        self.item = LevelsItem(self.chart)
        self.share_chart(self.chart)
        self.overlay, self.notice = self.crosshair.overlay, Notice(self.chart)
        self.settings = LevelSettings(self)
        self._lay_out()
        self._connect()
        self._show_texts()

    def _lay_out(self) -> None:
        self.whole.setText("all tiers")
        self.whole.setCheckable(True)
        self.whole.setToolTip("Fit the price scale to all levels, not only to those near the price")
        self.parameters.setText("model")
        self.parameters.setToolTip("Parameters of the estimate")
        line = line_of(margins=(CELL, 2, 0, 2))
        for button in (self.whole, self.parameters):
            button.setFont(theme().font(small=True))
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.legend, 1, Qt.AlignmentFlag.AlignTop)
        column = column_of(line, filling=self.chart, within=self, margins=(0, 0, 0, 2))
        column.addWidget(self.model)
        column.addWidget(self.ledger)
        self.setFocusProxy(self.chart)
        self.chart.add(self.item)
        self.chart.add(self.overlay)
        self.chart.value_extent = self._extent

    def _connect(self) -> None:
        self.whole.toggled.connect(lambda _: self.chart.auto_scale())
        self.parameters.clicked.connect(self.open_settings)
        self.settings.changed.connect(self._set_rules)
        self.chart.range_changed.connect(self._on_range)
        self.crosshair.pointed.connect(self._read)
        self.chart.box.sigResized.connect(lambda _: self.chart.fit_values())

    def request(self) -> LiquidationLevelsRequest | None:
        return self._asked if self._asked.base else None

    def set_base(self, base: str) -> None:
        self._ask(replace(self._asked, base=base))

    def refresh(self, view: View) -> None:
        if not isinstance(view, LiquidationLevelsView) or view.request != self.request():
            return
        before, self._view = self._view, view
        fresh = view.bars > 0 and (before is None or not before.bars or before.request.base != view.request.base)
        if fresh:
            self.range.begin(SlotGrid.at(view.bar_ns, view.start_ns))
        self.chart.value_axis.set_step(view.row_size)
        self.item.set_view(view, self.chart.grid)
        if view.bars:
            latest = self.chart.grid.slot(view.start_ns) + view.bars - 1
            self.range.move_to(latest, fresh=fresh)
            if fresh and view.bars < _MANY and not self.range.is_led:
                self._fill_with(latest, view.bars)
                self.chart.auto_scale()
        self.overlay.set_level(view.last_price, "text")
        self._read()
        self._show_texts()

    def clear(self) -> None:
        self._view = None
        self.item.retry()
        self.item.set_view(None, self.chart.grid)
        self.overlay.set_level(None)
        self.crosshair.clear()
        self._show_texts()

    def open_settings(self) -> None:
        self.settings.show_rules(self._asked.rules)
        self.settings.open_under(self.parameters)

    def state(self) -> dict[str, object]:
        rules = self._asked.rules
        return {
            "whole": self.whole.isChecked(),
            "leverages": list(rules.leverages),
            "weights": list(rules.weights),
            "maintenance": rules.maintenance,
            "half_life_ns": rules.half_life_ns,
            "row_share": rules.row_share,
        }

    def restore(self, state: dict[str, object]) -> None:
        self.whole.setChecked(state.get("whole") is True)
        leverages, weights = state.get("leverages"), state.get("weights")
        if not isinstance(leverages, list) or not isinstance(weights, list):
            return
        try:
            rest = {name: state[name] for name in ("maintenance", "half_life_ns", "row_share")}
            self._set_rules(LevelRules(tuple(leverages), tuple(weights), **rest))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            return  # written by another version: the defaults stay

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self._view.markets if self._view is not None else ()

    def as_table(self) -> Table | None:
        """The present estimated levels by row, base coin; rows without any are left out."""
        view = self._view
        if view is None or not view.bars:
            return None
        low = ((view.first_row + np.arange(len(view.long_now))) * view.row_size).tolist()
        rows = zip(low, view.long_now.tolist(), view.short_now.tolist(), strict=True)
        header = ("row_price", f"estimated_long_{view.request.base}", f"estimated_short_{view.request.base}")
        return Table(header, tuple(row for row in rows if row[1] or row[2]))

    # --- range and pointer

    def _ask(self, request: LiquidationLevelsRequest) -> None:
        if request != self._asked:
            self._asked = request
            self._show_texts()

    def _set_rules(self, rules: LevelRules) -> None:
        self._ask(replace(self._asked, rules=rules))

    def _fill_with(self, latest: float, bars: int) -> None:
        """Zoom so that a short session fills the width."""
        slots = max(bars / (1 - self.chart.reserve), _FEWEST)
        right = latest + 1.5 + self.chart.reserve * slots
        self.chart.set_visible(right - slots, right)

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """The range of the visible prices and the levels near them, or of all levels; None without prices."""
        view = self._view
        if view is None or not view.bars:
            return None
        begin = self.chart.grid.slot(view.start_ns)
        bars = slice(max(int(left - begin), 0), max(int(np.ceil(right - begin)), 0))
        low, high = view.low[bars], view.high[bars]
        if not np.isfinite(low).any():
            return None
        bottom, top = float(np.nanmin(low)), float(np.nanmax(high))
        standing = np.flatnonzero(view.long_now + view.short_now > 0)
        if not len(standing):
            return bottom, top
        first, last = (view.first_row + standing[[0, -1]] + (0, 1)) * view.row_size
        if self.whole.isChecked():
            return min(bottom, float(first)), max(top, float(last))
        return max(bottom * (1 - NEAR), min(bottom, float(first))), min(top * (1 + NEAR), max(top, float(last)))

    def _on_range(self) -> None:
        self.item.update()
        self._read()

    # --- texts

    def _read(self) -> None:
        """Update legend and tags: values under the crosshair, else the present sums."""
        slot, value, view = self.overlay.slot, self.overlay.value, self._view
        if view is None or not view.bars:
            self.legend.set_spans(())
            self.chart.value_axis.set_tags(())
            return
        tags = [] if value is None else [Tag(value, text_of.price(value, view.row_size), "hairline", "text")]
        if view.last_price is not None:
            step = max(min((market.tick_size for market in view.markets), default=view.row_size), view.row_size / 500)
            tags.insert(0, Tag(view.last_price, text_of.price(view.last_price, step), "text", "window"))
        self.chart.value_axis.set_tags(tuple(tags))
        self.legend.set_spans(self._legend(view, slot, value))

    def _legend(self, view: LiquidationLevelsView, slot: float | None, value: float | None) -> tuple[Span, ...]:
        spans = [Span(f"{view.request.base} estimated liquidation levels", "text", bold=True)]
        spans.append(Span(f"row {text_of.price(view.row_size, view.row_size)}", "muted"))
        if self.item.largest:
            spans.append(Span(f"yellow {text_of.size(self.item.largest)} USD a row", "level_many"))
        if slot is not None:
            bar = int(slot // 1 - self.chart.grid.slot(view.start_ns))
            inside = 0 <= bar < view.bars
            if value is not None and (text := row_text(view, bar if inside else None, value)):
                spans.append(Span(text, "text", bold=True))
            if inside:
                spans.append(Span(f"close {text_of.price(float(view.close[bar]), view.row_size / 100)}", "muted"))
        if len(view.liquidation_usd):
            spans.append(Span(f"● {len(view.liquidation_usd)} real liquidations", "liquidated_long"))
        return tuple(spans)

    def _show_texts(self) -> None:
        text = "no coin chosen" if self.request() is None else why_empty(self._view, self._asked.base)
        self.notice.show_text(text)
        self.model.set_spans(tuple(Span(part, "muted") for part in model_parts(self._asked.rules)))
        self.ledger.set_spans(ledger_spans(self._view) if self._view is not None else ())


PANE = LiquidationHeatmapPane
