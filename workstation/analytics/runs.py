"""Bars that are not of time: so many trades, so much volume or delta, or so wide a range (`BarRule`).

They take the trades in the order of the store, so no trade is ever late, and a bar is closed as soon as it is full.
Where the store has dropped the beginning of a day, they begin with the first trade it kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from workstation.analytics.bars import BUY, SELL, BarBuilder, fill_bar
from workstation.analytics.fill import Columns
from workstation.analytics.series import BarSeries, Markets
from workstation.analytics.shelf import DAY_NS
from workstation.analytics.trades import BAR_CAP, TradeStore
from workstation.cells import NEARLY, NOISE
from workstation.readmodels import BarKind, BarRule, FootprintRules

_FEW = 48  # trades of a bar that are quicker added one by one


class RunSeries(BarSeries):
    """Bars by a rule that is not of time; the key of a bar is its running number."""

    def __init__(self, rule: BarRule, markets: Markets, rules: FootprintRules, cap: int = BAR_CAP) -> None:
        super().__init__(1, markets, rules, cap)
        self.rule = rule
        self._number = -1
        self._bar: BarBuilder | None = None
        self._day = 0
        self._latest: BarBuilder | None = None

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
        """Where a bar begins is known only after all before it."""
        return None

    def _fill(self, columns: Columns) -> None:
        ts, begin = columns[5], 0
        for end in (*self._cuts(columns), len(ts)):
            if end > begin:
                self._fill_run(columns.at(slice(begin, end)))
                begin = end

    def _fill_run(self, columns: Columns) -> None:
        """Add trades that all belong to one bar, the present one or the next."""
        price, _, _, _, _, ts = columns
        if len(ts) < _FEW:
            for trade in zip(ts.tolist(), *(column.tolist() for column in columns[:5]), strict=True):
                self._count(*trade)
            return
        bar = self._bar
        if bar is None or int(ts[0]) // DAY_NS > self._day or self._overflows(bar, float(price[0])):
            bar = self._begin(int(ts[0]), float(price[0]))
        fill_bar(bar, *columns)
        bar.last_ns = max(bar.last_ns, int(ts.max()))
        if self._is_full(bar):
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

    def _cuts(self, columns: Columns) -> Iterator[int]:
        """Indices before which a bar ends, by the very sums that the bars will hold."""
        price, _, size, _, side, ts = columns
        day = (ts // DAY_NS).tolist()
        prices, sizes, sides = price.tolist(), size.tolist(), side.tolist()
        bar, latest = self._bar, self._day
        probe = _Probe(self.rule, bar)
        for at in range(len(day)):
            if day[at] > latest or not probe.takes(prices[at]):
                latest = max(latest, day[at])
                yield at
                probe.begin(prices[at])
            probe.add(sizes[at], sides[at])

    def _slot(self, key: int) -> int:
        return key

    def _end_ns(self, key: int, builder: BarBuilder) -> int:
        return builder.last_ns

    def _is_over(self, key: int, watermark_ns: int) -> bool:
        return key < self._number or self._bar is None


class _Probe:
    """The fill level of a bar without its cells."""

    def __init__(self, rule: BarRule, bar: BarBuilder | None) -> None:
        self._kind = rule.kind
        self._limit = rule.size * (1 + NOISE if rule.kind is BarKind.RANGE else NEARLY)
        self._full = bar is None
        self._trades, self._buy, self._sell, self._delta = 0, 0.0, 0.0, 0.0
        self._high = self._low = 0.0
        if bar is not None:
            self._trades, self._buy, self._sell, self._delta = bar.trades, bar.buy, bar.sell, bar.delta
            self._high, self._low = bar.high, bar.low

    def takes(self, price: float) -> bool:
        """Whether a trade at this price still belongs to the bar."""
        if self._full or self._kind is not BarKind.RANGE:
            return not self._full
        high, low = max(self._high, price), min(self._low, price)
        if high - low > self._limit:
            return False
        self._high, self._low = high, low
        return True

    def begin(self, price: float) -> None:
        """A new bar, of which this is the first price."""
        self._full, self._trades = False, 0
        self._buy = self._sell = self._delta = 0.0
        self._high = self._low = price

    def add(self, size: float, side: int) -> None:
        """Count a trade."""
        self._trades += 1
        if side == BUY:
            self._buy += size
            self._delta += size
        elif side == SELL:
            self._sell += size
            self._delta -= size
        if self._kind is BarKind.TICK:
            self._full = self._trades >= self._limit
        elif self._kind is BarKind.VOLUME:
            self._full = self._buy + self._sell >= self._limit
        elif self._kind is BarKind.DELTA:
            self._full = abs(self._delta) >= self._limit
