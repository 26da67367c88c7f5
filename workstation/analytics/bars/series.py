"""A series of time bars over some markets: filled from columns of stored trades, then trade by trade.

Closed bars are frozen once and shared by all later views; a late trade reopens its bar. A bar closes a second of venue
time after its end, so that trades of slower connections still find it open.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from feeds.model.events import Trade
from workstation.analytics.bars.bar_builder import (
    BUY,
    SELL,
    BarBuilder,
    BarInternals,
    thaw,
    without_outliers,
)
from workstation.analytics.bars.closed_bars import ClosedBars, numbers_of
from workstation.analytics.bars.fill import Columns, fill_bars
from workstation.analytics.bars.marks import Marks
from workstation.analytics.bars.measures import BarTable
from workstation.analytics.store.coverage import FOREVER_NS, Coverage
from workstation.analytics.store.row_grid import RowGrid, TradeRows
from workstation.analytics.store.trades import BAR_CAP, Carried, Merged, Trades, TradeStore, sums_by_day
from workstation.readmodels.flow.cells import imbalances, nearest_rank, stacks, unfinished
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRules, MinimumMode

GRACE_NS = 1_000_000_000
BARS_BEFORE = 200  # bars retained before the first one shown, for look-back

_FILLED = 0.8  # share of the work of filling a series that is counting


@dataclass(frozen=True, slots=True)
class FillSteps:
    """The work of one step of filling a series: chunks of trades counted (`rule_chunks` where bars are not of time), or
    bars closed.
    """

    chunks: int = 10
    rule_chunks: int = 5
    closed_bars: int = 500


FILL_STEPS = FillSteps()


@dataclass(frozen=True, slots=True)
class BarMarket:
    """Input of bars from a market: price step (quote per tick), row grid, coverage of its trades."""

    tick: Fraction
    grid: RowGrid
    coverage: Coverage

    @property
    def row_size(self) -> float:
        """Quote per base coin, the same in all markets of a series; 0 where all prices are one row."""
        return float(self.tick * self.grid.denominator / self.grid.numerator) if self.grid.numerator else 0.0


BarMarkets = Mapping[int, BarMarket]  # by market index


class BarSeries:
    """The newest `cap` bars of `bar_ns` over some markets with the rows of each market's grid.

    `before` more are retained but not shown.
    """

    def __init__(
        self,
        bar_ns: int,
        markets: BarMarkets,
        rules: FootprintRules,
        cap: int = BAR_CAP,
        before: int = BARS_BEFORE,
        steps: FillSteps = FILL_STEPS,
    ) -> None:
        self.bar_ns = bar_ns
        self.markets = markets
        self.rules = rules
        self.closed_bars = ClosedBars()
        self.cap, self.before = cap, before
        self.step_chunks, self._closed_a_step = steps.chunks, steps.closed_bars
        self._places = TradeRows(
            {index: market.grid for index, market in markets.items()},
            {index: market.tick for index, market in markets.items()},
        )
        self._grids = {index: (market.grid.numerator, market.grid.denominator) for index, market in markets.items()}
        self._row_size = max((market.row_size for market in markets.values()), default=0.0)
        self._keys: list[int] = []
        self._horizon: int | None = None  # newest dropped key
        self._open: dict[int, BarBuilder] = {}
        self._view: tuple[FootprintBar, ...] | None = None
        self._closed: tuple[FootprintBar, ...] = ()
        self._closed_version = -1
        self._judged_at: tuple[int, int] = (0, 0)
        self._marks: Marks | None = None

    @property
    def open_count(self) -> int:
        return len(self._open)

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count one trade; `side` is 1 buy, 2 sell, 0 unknown."""
        ts_ns = trade.ts_venue_ns
        numerator, denominator = self._grids[market]
        self._count(ts_ns, trade.price, trade.price_ticks * numerator // denominator, trade.size, trade.notional, side)
        self._view = None

    def fill_from(self, store: TradeStore) -> None:
        """Count all stored trades and carry over the sums of those that the store has dropped."""
        for _ in self.fill_in_steps(store):
            continue

    def fill_in_steps(self, store: TradeStore) -> Iterator[float]:
        """`fill_from` in steps; yields the share done after each. The store must not change in between."""
        self._carry_sums(sorted(store.dropped.items()))
        self._horizon = self._horizon_of(store)
        newest_ns = store.first_ns or 0
        for at, part in enumerate(store.parts(), 1):
            self.fill(part if self._horizon is None else self._carry_old(part, self._horizon))
            newest_ns = max(newest_ns, int(part.ts.max()))
            if at % self.step_chunks == 0:
                yield _FILLED * at * store.chunk / len(store)
        yield from self._close_in_steps(newest_ns)

    def _close_in_steps(self, watermark_ns: int) -> Iterator[float]:
        """Freeze the bars that are over, some at a time."""
        while over := self._over(watermark_ns)[: self._closed_a_step]:
            self._put(over)
            yield _FILLED + (1 - _FILLED) * len(self.closed_bars) / (len(self.closed_bars) + len(self._open))

    def _carry_sums(self, sums_by_day: Iterable[tuple[tuple[int, int], Carried]]) -> None:
        for (day, market), sums in sums_by_day:
            if market in self.markets:
                self.closed_bars.carry_day(day, sums.scaled(float(self.markets[market].tick)))

    def _horizon_of(self, store: TradeStore) -> int | None:
        """Key of the newest bar beyond the cap, which need not be built, nor earlier ones; None if all fit."""
        room, keys, parts = self.cap + self.before, np.empty(0, np.int64), list(store.parts())
        newest_ns = max((int(part.ts.max()) for part in parts), default=0)
        if (newest_ns - (store.first_ns or 0)) // self.bar_ns + 2 <= room:
            return None  # even one bar per `bar_ns` fits
        for part in reversed(parts):
            ts = part.of(self.markets).ts
            keys = np.union1d(keys, ts - ts % self.bar_ns)
            if len(keys) > room:
                return int(keys[-room - 1])
        return None

    def _carry_old(self, trades: Trades, horizon: int) -> Trades:
        """Carry over trades of bars up to the horizon; returns the others."""
        old = trades.ts < horizon + self.bar_ns
        if old.any():
            self._carry_sums(sums_by_day(trades.where(old).of(self.markets)))
        return trades.where(~old)

    def fill(self, trades: Trades) -> None:
        """Count many trades, in order."""
        trades = trades.of(self.markets)
        if len(trades.ts):
            self._fill(self._columns(trades))
            self._view = None

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Rebuild the bars from the first inserted trade on. False if the whole series has to be rebuilt."""
        begin_ns = merged.bars_from(self.bar_ns)
        if begin_ns is None or (self._horizon is not None and begin_ns <= self._horizon):
            return False
        at = bisect_left(self._keys, begin_ns)
        for key in reversed(self._keys[at:]):
            if self._open.pop(key, None) is None:
                self.closed_bars.take(key)
        del self._keys[at:]
        for part in store.between(begin_ns, FOREVER_NS):
            self.fill(part)
        self._view = None
        return True

    def bars(self, watermark_ns: int, coverage_revision: int) -> tuple[FootprintBar, ...]:
        """All shown bars, oldest first; those that ended a second before `watermark_ns` (venue time) are closed.

        Only live bars are rebuilt between closes.
        """
        judged_at = (watermark_ns // GRACE_NS, coverage_revision)
        if self._view is None or judged_at != self._judged_at:
            if coverage_revision != self._judged_at[1]:
                self.closed_bars.judge_completeness(
                    [self._complete(bar.start_ns, bar.end_ns) for bar in self.closed_bars.bars]
                )
            self._judged_at = judged_at
            self._close(watermark_ns)
            live = tuple(self._finish(key, closed=False) for key in sorted(self._open))
            self._view = (*self._shown(len(live)), *live) if live else self._shown(0)
        return self._view

    def live(self) -> list[BarInternals]:
        """Internals of the live bars as of the last call of `bars`, oldest first, without extremes of outliers."""
        bars = (self._view or ())[len(self._view or ()) - len(self._open) :]
        builders = [self._open[key] for key in sorted(self._open)]
        return [without_outliers(bar, builder.internals) for bar, builder in zip(bars, builders, strict=True)]

    def table(self) -> BarTable:
        """Numbers of all bars as of the last call of `bars`, including those retained before the first one shown."""
        bars = self._view or ()
        return BarTable(self.closed_bars, bars[len(bars) - len(self._open) :], self.live())

    def marks(self) -> Marks:
        """Zones, POCs and divergences of the closed bars."""
        if self._marks is None:
            self._marks = Marks(self.closed_bars, self.rules)
        self._marks.update()
        return self._marks

    def _count(self, ts_ns: int, price: float, row: int, size: float, notional: float, side: int) -> None:
        start = ts_ns - ts_ns % self.bar_ns
        bar = self._open.get(start) or self._open_bar(start, start, price)
        if bar is None:
            self._carry(ts_ns, price, size, notional, side)
        else:
            bar.add(price, row, size, notional, side, ts_ns)

    def _fill(self, columns: Columns) -> None:
        start = columns.ts - columns.ts % self.bar_ns
        if (np.diff(start) < 0).any():
            order = np.argsort(start, kind="stable")
            start, columns = start[order], columns.at(order)
        edges = np.concatenate(([0], np.flatnonzero(np.diff(start)) + 1, [len(start)]))
        keys, bounds = start[edges[:-1]].tolist(), edges.tolist()
        if len(self._keys) + len(keys) <= self.cap + self.before and (self._horizon is None or keys[0] > self._horizon):
            opening = columns.price[edges[:-1]].tolist()
            pairs = zip(keys, opening, strict=True)
            bars = [self._open.get(key) or self._open_bar(key, key, price) for key, price in pairs]
            fill_bars([bar for bar in bars if bar is not None], columns, edges)
            return
        for key, begin, end in zip(keys, bounds, bounds[1:], strict=False):
            self._fill_bar(key, columns.at(slice(begin, end)))

    def _fill_bar(self, start: int, columns: Columns) -> None:
        bar = self._open.get(start) or self._open_bar(start, start, float(columns[0][0]))
        if bar is not None:
            fill_bars([bar], columns, np.array([0, len(columns.ts)]))
            return
        price, _, size, notional, side, ts = columns
        for trade in zip(ts.tolist(), price.tolist(), size.tolist(), notional.tolist(), side.tolist(), strict=True):
            self._carry(*trade)

    def _close(self, watermark_ns: int) -> None:
        self._put(self._over(watermark_ns))

    def _over(self, watermark_ns: int) -> list[int]:
        return [key for key in sorted(self._open) if self._is_over(key, watermark_ns)]

    def _put(self, over: list[int]) -> None:
        late = bool(over and self.closed_bars.keys and over[0] < self.closed_bars.keys[-1])
        for key in over:
            self.closed_bars.put(key, self._finish(key, closed=True), self._open.pop(key).internals)
        if late and self.rules.minimum_mode is MinimumMode.PERCENTILE:
            self._judge_again(bisect_right(self.closed_bars.keys, over[0]))

    def _judge_again(self, begin: int) -> None:
        """Evaluate bars after a late one again, whose percentile minimum includes it."""
        closed_bars = self.closed_bars
        for at in range(begin, len(closed_bars)):
            bar, minimum = closed_bars.bars[at], self._percentile(at)
            if bar.minimum_volume != minimum:
                closed_bars.swap(at, judged_again(bar, self.rules, minimum))

    def _finish(self, key: int, *, closed: bool) -> FootprintBar:
        builder = self._open[key]
        end_ns = self._end_ns(key, builder)
        return builder.finish(
            end_ns,
            self.rules,
            closed=closed,
            complete=self._complete(builder.start_ns, end_ns),
            slot=self._slot(key),
            minimum=self._minimum(key, builder),
            row_size=self._row_size,
        )

    def _minimum(self, key: int, builder: BarBuilder) -> float:
        match self.rules.minimum_mode:
            case MinimumMode.BASE:
                return self.rules.minimum_volume
            case MinimumMode.USD:
                return self.rules.minimum_usd / builder.open if builder.open > 0 else 0.0
            case MinimumMode.PERCENTILE:
                return self._percentile(bisect_left(self.closed_bars.keys, key))

    def _percentile(self, end: int) -> float:
        bars = self.closed_bars.bars[max(end - self.before, 0) : end]
        if not bars:
            return 0.0
        cells = np.concatenate([column for bar in bars for column in (bar.buy_volume, bar.sell_volume)])
        return nearest_rank(cells[cells > 0], self.rules.minimum_percentile)

    def _shown(self, live: int) -> tuple[FootprintBar, ...]:
        room = max(self.cap - live, 0)
        if self._closed_version != self.closed_bars.version or len(self._closed) > room:
            self._closed = tuple(self.closed_bars.bars[-room:] if room else ())
            self._closed_version = self.closed_bars.version
        return self._closed

    def _slot(self, key: int) -> int:
        return key // self.bar_ns

    def _end_ns(self, key: int, builder: BarBuilder) -> int:
        return key + self.bar_ns

    def _is_over(self, key: int, watermark_ns: int) -> bool:
        return watermark_ns >= key + self.bar_ns + GRACE_NS

    def _complete(self, start: int, end: int) -> bool:
        return all(market.coverage.covers(start, end) for market in self.markets.values() if market.coverage.began)

    def _open_bar(self, key: int, start_ns: int, price: float) -> BarBuilder | None:
        """The bar of this key, reopened or new; None if it was dropped or would be dropped at once."""
        if self._horizon is not None and key <= self._horizon:
            return None
        taken = self.closed_bars.take(key)
        if taken is not None:
            bar = thaw(*taken)
        else:
            bar = BarBuilder(start_ns, price, price, price, price)
            insort(self._keys, key)
        self._open[key] = bar
        self._drop_oldest()
        return self._open.get(key)

    def _drop_oldest(self) -> None:
        while len(self._keys) > self.cap + self.before:
            key = self._horizon = self._keys.pop(0)
            bar = self._open.pop(key, None)
            if bar is None:
                self.closed_bars.drop(key)
            elif bar.trades:
                self.closed_bars.carry(bar.start_ns, numbers_of(bar, bar.internals))

    def _carry(self, ts_ns: int, price: float, size: float, notional: float, side: int) -> None:
        """Add a trade older than the oldest bar to the carried sums."""
        if side in (BUY, SELL):
            coin, usd = ((size, 0.0), (notional, 0.0)) if side == BUY else ((0.0, size), (0.0, notional))
            self.closed_bars.carry(ts_ns, (*coin, *usd, size, 0.0, 0.0, price))

    def _columns(self, trades: Trades) -> Columns:
        price = self._places.prices(trades)
        return Columns(price, self._places.rows(trades), trades.size, trades.notional, trades.side, trades.ts)


def judged_again(bar: FootprintBar, rules: FootprintRules, minimum: float) -> FootprintBar:
    """A closed bar evaluated with another minimum volume (base coin)."""
    flags = imbalances(bar.buy_volume, bar.sell_volume, rules, minimum)
    for array in flags:
        array.flags.writeable = False
    least = minimum if rules.unfinished_minimum is None else rules.unfinished_minimum
    high, low = unfinished(bar.buy_volume, bar.sell_volume, least)
    return replace(
        bar,
        buy_imbalance=flags[0],
        sell_imbalance=flags[1],
        stacks=stacks(*flags, bar.first_row, rules.stack_length),
        minimum_volume=minimum,
        unfinished_high=high,
        unfinished_low=low,
    )
