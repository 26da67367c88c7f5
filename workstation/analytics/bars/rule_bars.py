"""Bars other than time bars: by number of trades, volume, delta or range (`BarRule`).

They count trades in store order, so no trade is late, and a bar closes as soon as it is full. Where the store has
dropped the beginning of a day, they begin with its first stored trade.
"""

import numpy as np

from workstation.analytics.bars.bar_builder import BarBuilder
from workstation.analytics.bars.closed_bars import DAY_NS
from workstation.analytics.bars.fill import Columns, fill_bars
from workstation.analytics.bars.rule_boundaries import bar_boundaries
from workstation.analytics.bars.series import BARS_BEFORE, FILL_STEPS, BarMarkets, BarSeries, FillSteps
from workstation.analytics.store.trades import BAR_CAP, Merged, TradeStore
from workstation.readmodels.arrays import Ints
from workstation.readmodels.flow.cells import NEARLY, NOISE
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintRules

_FEW = 16  # trades per bar, below which adding them one by one is faster


class RuleBarSeries(BarSeries):
    """Bars by a rule other than time; a bar's key is its running number."""

    def __init__(
        self,
        rule: BarRule,
        markets: BarMarkets,
        rules: FootprintRules,
        cap: int = BAR_CAP,
        before: int = BARS_BEFORE,
        steps: FillSteps = FILL_STEPS,
    ) -> None:
        super().__init__(1, markets, rules, cap, before, steps)
        self.step_chunks = steps.rule_chunks
        self.rule = rule
        self._number = -1
        self._bar: BarBuilder | None = None
        self._day = 0
        self._latest: BarBuilder | None = None

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Always False: where bars begin depends on all earlier trades, so they have to be rebuilt."""
        return False

    def _count(self, ts_ns: int, price: float, row: int, size: float, notional: float, side: int) -> None:
        bar = self._bar
        if bar is None or ts_ns // DAY_NS > self._day or self._overflows(bar, price):
            bar = self._begin(ts_ns, price)
        bar.add(price, row, size, notional, side, ts_ns)
        if ts_ns > bar.last_ns:
            bar.last_ns = ts_ns
        if self._is_full(bar):
            self._bar = None

    def _horizon_of(self, store: TradeStore) -> int | None:
        """Always None: where a bar begins is known only after all earlier trades."""
        return None

    def _fill(self, columns: Columns) -> None:
        edges = np.array([0, *bar_boundaries(self.rule, columns, self._bar, self._day), len(columns.ts)])
        if len(columns.ts) < _FEW * (len(edges) - 1):
            for trade in zip(columns.ts.tolist(), *(column.tolist() for column in columns[:5]), strict=True):
                self._count(*trade)
            return
        room = self.cap + self.before  # more would drop bars before they are filled
        for first in range(0, len(edges) - 1, room):
            part = edges[first : first + room + 1]
            self._fill_runs(columns.at(slice(int(part[0]), int(part[-1]))), part - part[0])

    def _fill_runs(self, columns: Columns, edges: Ints) -> None:
        """Add trades bar by bar: the first part continues the present bar if it can, each other part begins one."""
        first, newest = edges[:-1], np.maximum.reduceat(columns.ts, edges[:-1]).tolist()
        bars: list[BarBuilder] = []
        for ts_ns, price, last_ns in zip(
            columns.ts[first].tolist(), columns.price[first].tolist(), newest, strict=True
        ):
            bar = self._bar if not bars else None
            if bar is None or ts_ns // DAY_NS > self._day or self._overflows(bar, price):
                bar = self._begin(ts_ns, price)
            bar.last_ns = max(bar.last_ns, last_ns)
            bars.append(bar)
        fill_bars(bars, columns, edges)
        if self._is_full(bars[-1]):
            self._bar = None

    def _begin(self, ts_ns: int, price: float) -> BarBuilder:
        self._number += 1
        self._day = max(self._day, ts_ns // DAY_NS)
        start_ns = ts_ns if self._latest is None else max(ts_ns, self._latest.last_ns)
        bar = self._open_bar(self._number, start_ns, price)
        assert bar is not None, "a bar at the end is never the oldest"
        bar.last_ns = start_ns
        self._bar = self._latest = bar
        return bar

    def _overflows(self, bar: BarBuilder, price: float) -> bool:
        if self.rule.kind is not BarKind.RANGE:
            return False
        return max(bar.high, price) - min(bar.low, price) > self.rule.size * (1 + NOISE)

    def _is_full(self, bar: BarBuilder) -> bool:
        size = self.rule.size * NEARLY
        match self.rule.kind:
            case BarKind.TICK:
                return bar.trades >= size
            case BarKind.VOLUME:
                return bar.buy + bar.sell >= size
            case BarKind.DELTA:
                return abs(bar.delta) >= size
            case _:
                return False

    def _slot(self, key: int) -> int:
        return key

    def _end_ns(self, key: int, builder: BarBuilder) -> int:
        return builder.last_ns

    def _is_over(self, key: int, watermark_ns: int) -> bool:
        return key < self._number or self._bar is None
