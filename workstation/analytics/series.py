"""A series of time bars over some markets of a base: filled once from the stored trades, then trade by trade.

Closed bars are frozen once and shared by every later view; a late trade thaws its bar and freezes it anew. A bar closes
when venue time has passed its end by a second, so that trades of a slower socket still find it open.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import replace

import numpy as np

from feeds.events import Trade
from workstation.analytics.bars import BarBuilder, fill_bar
from workstation.analytics.market import Market, RowGrid
from workstation.analytics.trades import BAR_CAP, Trades
from workstation.readmodels import FootprintBar, FootprintRules

GRACE_NS = 1_000_000_000

Columns = tuple[np.ndarray, ...]


class BarSeries:
    """Bars of `bar_ns` over `markets` (by their index) with the rows of each market's grid."""

    def __init__(
        self, bar_ns: int, markets: dict[int, tuple[Market, RowGrid]], rules: FootprintRules, cap: int = BAR_CAP
    ) -> None:
        self.bar_ns = bar_ns
        self.markets = markets
        self._grids = {index: (grid.numerator, grid.denominator) for index, (_, grid) in markets.items()}
        self._rules = rules
        self._cap = cap
        self._starts: list[int] = []
        self._open: dict[int, BarBuilder] = {}
        self._frozen: dict[int, FootprintBar] = {}
        self._running: dict[int, float] = {}  # the running delta of frozen bars, to its last bit
        self._view: tuple[FootprintBar, ...] | None = None
        self._judged_at: tuple[int, int] = (0, 0)

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count one trade; `side` is 1 buy, 2 sell, 0 unknown."""
        ts_ns, price = trade.ts_venue_ns, trade.price
        start = ts_ns - ts_ns % self.bar_ns
        bar = self._open.get(start)
        if bar is None:
            bar = self._open_bar(start, price)
        numerator, denominator = self._grids[market]
        bar.add(price, trade.price_ticks * numerator // denominator, trade.size, trade.notional, side)
        self._view = None

    def fill(self, trades: Trades) -> None:
        """Count many trades, in order."""
        market = trades.market
        mask = np.isin(market, list(self.markets))
        if not mask.any():
            return
        chosen = trades.where(mask)
        columns = self._columns(chosen, market[mask])
        start = chosen.ts - chosen.ts % self.bar_ns
        order = np.argsort(start, kind="stable")
        edges = np.flatnonzero(np.diff(start[order])) + 1
        for part in np.split(order, edges):
            self._fill_bar(int(start[part[0]]), tuple(column[part] for column in columns))
        self._view = None

    def bars(self, watermark_ns: int, coverage_revision: int) -> tuple[FootprintBar, ...]:
        """All bars, oldest first; those that ended a second before `watermark_ns` (venue time) are closed."""
        judged_at = (watermark_ns // GRACE_NS, coverage_revision)
        if self._view is None or judged_at != self._judged_at:
            if coverage_revision != self._judged_at[1]:
                self._judge_completeness()
            self._judged_at = judged_at
            self._view = tuple(self._bar(start, watermark_ns) for start in self._starts)
        return self._view

    def _bar(self, start: int, watermark_ns: int) -> FootprintBar:
        builder = self._open.get(start)
        if builder is None:
            return self._frozen[start]
        closed = watermark_ns >= start + self.bar_ns + GRACE_NS
        bar = builder.finish(self.bar_ns, self._rules, closed=closed, complete=self._complete(start))
        if closed:
            self._frozen[start] = bar
            self._running[start] = self._open.pop(start).delta
        return bar

    def _complete(self, start: int) -> bool:
        end = start + self.bar_ns
        return all(market.coverage.covers(start, end) for market, _ in self.markets.values() if market.coverage.began)

    def _judge_completeness(self) -> None:
        for start, bar in self._frozen.items():
            complete = self._complete(start)
            if complete != bar.complete:
                self._frozen[start] = replace(bar, complete=complete)

    def _open_bar(self, start: int, price: float) -> BarBuilder:
        frozen = self._frozen.pop(start, None)
        if frozen is not None:
            bar = _thaw(frozen, self._running.pop(start))
        else:
            bar = BarBuilder(start, price, price, price, price)
            insort(self._starts, start)
        self._open[start] = bar
        self._drop_oldest()
        return bar

    def _drop_oldest(self) -> None:
        while len(self._starts) > self._cap:
            start = self._starts.pop(0)
            for kept in (self._frozen, self._open, self._running):
                kept.pop(start, None)

    def _fill_bar(self, start: int, columns: Columns) -> None:
        bar = self._open.get(start) or self._open_bar(start, float(columns[0][0]))
        fill_bar(bar, *columns)

    def _columns(self, trades: Trades, market: np.ndarray) -> Columns:
        price, row = np.empty(len(market)), np.empty(len(market), np.int64)
        for index, (state, grid) in self.markets.items():
            mine = market == index
            ticks = trades.ticks[mine]
            tick = state.instrument.tick
            price[mine] = ticks * tick.numerator / tick.denominator
            row[mine] = ticks * grid.numerator // grid.denominator
        return price, row, trades.size, trades.notional, trades.lane % 3


def _thaw(bar: FootprintBar, running_delta: float) -> BarBuilder:
    cells = {
        bar.first_row + at: [float(bar.sell_volume[at]), float(bar.buy_volume[at])]
        for at in range(len(bar.buy_volume))
        if bar.sell_volume[at] or bar.buy_volume[at] or at in (0, len(bar.buy_volume) - 1)
    }
    return BarBuilder(
        bar.start_ns,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.buy,
        bar.sell,
        bar.buy_usd,
        bar.sell_usd,
        running_delta,
        bar.min_delta,
        bar.max_delta,
        bar.trades,
        cells,
    )
