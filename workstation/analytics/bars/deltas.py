"""Bought and sold volume of every market of a base by bar and class of print size: the input of CVD lines.

Reads new trades from the store on request and adds them in order, so results do not depend on earlier requests. Dropped
bars are carried over in hourly sums.
"""

from collections.abc import Iterator

import numpy as np

from workstation.analytics.store.column_store import joined
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.store.prints import runs_of
from workstation.analytics.store.trades import BAR_CAP, Merged, Trades, TradeStore, distinct, no_trades
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.net import net

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
COIN, USD = 0, 1
ALL_SIZES = -1  # the class of all trades
_BATCH = 512  # bars dropped at a time, so that which ones depends on the trades only
_JITTER_NS = 60_000_000_000


class DeltaBars:
    """Bought and sold volume by bar of `bar_ns`, market, size class and unit; bars without any trade are absent.

    Classes are split at `edges` of the notional (quote) of prints; a print on an edge belongs to the upper class.
    `bar_ns` is a whole number of milliseconds, so that a print lies in one bar.
    """

    def __init__(self, markets: int, bar_ns: int, edges: tuple[float, ...] = (), cap: int = BAR_CAP) -> None:
        self.bar_ns = bar_ns
        self._edges = np.array(edges)
        self._cap = cap
        # market, class (without edges, class 0 is all trades), unit, side
        self._shape = (markets, len(edges) + 2 if edges else 1, 2, 2)
        self._start_ns: Ints = np.empty(0, np.int64)
        self._sums: Floats = np.empty((*self._shape, 0))  # bars last: lines are summed along them
        self._open = no_trades()  # the newest print of each market, which may grow: in no class yet
        self._open_class: Ints = np.empty(0, np.int64)  # of each of its trades, as it stands
        self._hours: dict[int, Floats] = {}  # sums of dropped bars
        self._days: dict[int, Floats] = {}  # sums of trades dropped by the store before they were read
        self._dropped = 0
        self._horizon = -1  # start of the newest dropped bar
        self._complete_from_ns = 0  # before it, trades may have been dropped by the store before they were read
        self._position = -1

    def update(self, store: TradeStore) -> None:
        if self._position < store.total - len(store):
            self._begin(store)
        for part in store.after(self._position):
            self._take(part)
            surplus = self._dropped + len(self._start_ns) - self._cap
            self._drop(max(surplus, 0) // _BATCH * _BATCH - self._dropped)
        self._position = store.total

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Recount the bars from the first that got late trades. Returns False if a rebuild is needed."""
        begin_ns = merged.bars_from(self.bar_ns)
        if begin_ns is None or begin_ns <= self._horizon or self._position < merged.position:
            return False
        first = int(np.searchsorted(self._start_ns, begin_ns))
        self._start_ns, self._sums = self._start_ns[:first].copy(), self._sums[..., :first].copy()
        self._open = self._open.where(self._open.ts < begin_ns)
        for part in store.between(begin_ns, FOREVER_NS):
            self._take(part)
        self._position = store.total
        return True

    @property
    def start_ns(self) -> Ints:
        """Starts of the bars in ns."""
        return self._start_ns

    def of(self, market: int, size_class: int, unit: int) -> Floats:
        """Volume bought and sold in one market by bar (2, n), in base coin or quote by `unit`."""
        sums: Floats = self._sums[market, size_class, unit]
        newest = self._open.where((self._open.market == market) & (self._open_class == size_class))
        if size_class != ALL_SIZES and len(newest.ts):
            sums = sums.copy()
            bar = np.searchsorted(self._start_ns, self._bar_of(newest))
            np.add.at(sums, ((newest.sign < 0).astype(np.int64), bar), np.abs(newest.sign) * _volume(newest, unit))
        return sums

    def before(self, since_ns: int, market: int, size_class: int, unit: int) -> Floats:
        """Volume bought and sold (2,) from `since_ns` on in dropped bars and trades; NaN if unknown."""
        total = np.zeros(2)
        days = self._days if since_ns < self._complete_from_ns else {}
        for known, span_ns in ((days, DAY_NS), (self._hours, HOUR_NS)):
            for at, sums in sorted(known.items()):
                if at * span_ns >= since_ns:
                    total += sums[market, size_class, unit]
                elif (at + 1) * span_ns > since_ns and sums[market].any():
                    return np.full(2, np.nan)
        return total

    def _begin(self, store: TradeStore) -> None:
        """Restart; trades dropped by the store are known as sums by day, but not by size class."""
        self._start_ns, self._sums = np.empty(0, np.int64), np.empty((*self._shape, 0))
        self._open = no_trades()
        self._hours.clear()
        self._days.clear()
        self._dropped, self._horizon, self._position = 0, -1, 0
        if store.dropped:
            self._complete_from_ns = int(next(store.parts()).ts[0]) + _JITTER_NS
        for (day, market), carried in store.dropped.items():
            sums = self._days.setdefault(day, np.zeros(self._shape))
            sums[market, :ALL_SIZES] = np.nan
            sums[market, ALL_SIZES] = (carried.buy, carried.sell), (carried.buy_usd, carried.sell_usd)

    def _take(self, part: Trades) -> None:
        self._open_bars(distinct(self._bar_of(part.where(self._bar_of(part) > self._horizon))))
        self._count(part, np.full(len(part.ts), ALL_SIZES % self._shape[1]))
        if len(self._edges):
            self._classify(joined(Trades, [self._open, part]), self._horizon)

    def _classify(self, trades: Trades, closed_ns: int) -> None:
        """Count prints in their classes. The newest of each market stays open unless its bar began by `closed_ns`."""
        if not len(trades.ts):
            return
        runs = runs_of(trades)
        notional = np.add.reduceat(trades.notional[runs.order], runs.first)
        size_class = runs.spread(np.searchsorted(self._edges, notional, "right"))
        grows = runs.spread(runs.last) & (self._bar_of(trades) > closed_ns)
        self._open, self._open_class = trades.at(np.flatnonzero(grows)), size_class[grows]  # copies
        self._count(trades.where(~grows), size_class[~grows])

    def _bar_of(self, trades: Trades) -> Ints:
        return trades.ts - trades.ts % self.bar_ns

    def _count(self, trades: Trades, size_class: Ints) -> None:
        """Add trades to their bars, those older than the oldest bar to the hourly sums."""
        starts = self._bar_of(trades)
        late = starts <= self._horizon
        if late.any():
            self._carry(trades.where(late), size_class[late])
            trades, starts, size_class = trades.where(~late), starts[~late], size_class[~late]
        self._add(self._sums, np.searchsorted(self._start_ns, starts), trades, size_class)

    def _add(self, sums: Floats, row: Ints, part: Trades, size_class: Ints) -> None:
        known = part.sign != 0
        part, row, size_class = part.where(known), row[known], size_class[known]
        _, sizes, units, sides, bars = sums.shape
        place = ((part.market * sizes + size_class) * units * sides + (part.sign < 0)) * bars + row
        flat = sums.reshape(-1)  # flat indices are ten times faster
        for unit in (COIN, USD):
            np.add.at(flat, place + unit * sides * bars, _volume(part, unit))

    def _open_bars(self, starts: Ints) -> None:
        new = starts[~np.isin(starts, self._start_ns, assume_unique=True)]
        if not len(new):
            return
        at = np.searchsorted(self._start_ns, new)
        self._start_ns = np.insert(self._start_ns, at, new)
        self._sums = np.insert(self._sums, at, 0.0, axis=-1)

    def _carry(self, part: Trades, size_class: Ints) -> None:
        """Add trades older than the oldest bar to the hourly sums."""
        for hour in np.unique(part.ts // HOUR_NS).tolist():
            inside = part.ts // HOUR_NS == hour
            sums = self._hours.setdefault(hour, np.zeros(self._shape))
            row = np.zeros(np.count_nonzero(inside), np.int64)
            self._add(sums[..., None], row, part.where(inside), size_class[inside])

    def _drop(self, count: int) -> None:
        if count <= 0:
            return
        horizon = int(self._start_ns[count - 1])
        self._classify(self._open, horizon)
        self._dropped += count
        for at, start in enumerate(self._start_ns[:count].tolist()):
            sums = self._hours.setdefault(start // HOUR_NS, np.zeros(self._shape))
            sums += self._sums[..., at]
        self._horizon = horizon
        self._start_ns, self._sums = self._start_ns[count:].copy(), self._sums[..., count:].copy()


def _volume(trades: Trades, unit: int) -> Floats:
    return trades.size if unit == COIN else trades.notional


class DeltaPath:
    """Extremes of the running delta of some markets together within each bar, starting at 0."""

    def __init__(self, markets: tuple[int, ...], bar_ns: int, unit: int) -> None:
        self._markets = list(markets)
        self._bar_ns, self._unit = bar_ns, unit
        self._paths: dict[int, tuple[float, float, float, float]] = {}  # bought, sold, highest, lowest
        self._position = -1

    def update(self, store: TradeStore, since_ns: int) -> None:
        """Count new trades and drop bars that began before `since_ns`."""
        if self._position < store.total - len(store):
            self._paths.clear()
            self._position = 0
        for part in store.after(self._position):
            for start, deltas in self._by_bar(part.where(np.isin(part.market, self._markets) & (part.sign != 0))):
                self._follow(start, deltas)
        self._position = store.total
        for start in [start for start in self._paths if start < since_ns]:
            del self._paths[start]

    def extremes(self, starts: Ints) -> tuple[Floats, Floats]:
        """Largest and smallest running delta by bar; 0 without trades."""
        found = [self._paths.get(start, (0.0, 0.0, 0.0, 0.0)) for start in starts.tolist()]
        columns = np.array(found).reshape(-1, 4)
        return columns[:, 2], columns[:, 3]

    def _by_bar(self, part: Trades) -> Iterator[tuple[int, Floats]]:
        starts = part.ts - part.ts % self._bar_ns
        order = np.argsort(starts, kind="stable")
        deltas = _volume(part, self._unit) * part.sign
        edges = np.flatnonzero(np.diff(starts[order])) + 1
        for run in np.split(order, edges):
            if len(run):
                yield int(starts[run[0]]), deltas[run]

    def _follow(self, start: int, deltas: Floats) -> None:
        bought, sold, high, low = self._paths.get(start, (0.0, 0.0, 0.0, 0.0))
        buys = np.cumsum(np.concatenate(([bought], np.maximum(deltas, 0.0))))
        sells = np.cumsum(np.concatenate(([sold], np.maximum(-deltas, 0.0))))
        path = net(buys, sells)
        self._paths[start] = (
            float(buys[-1]),
            float(sells[-1]),
            max(high, float(path.max())),
            min(low, float(path.min())),
        )
