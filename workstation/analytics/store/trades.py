"""Every trade of one base asset in receive order, in columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workstation.analytics.store.column_store import CHUNK, ColumnStore
from workstation.analytics.store.growing_columns import GrowingTrades

Row = tuple[int, int, float, float, int]  # ts_venue_ns, price ticks, size (base coin), notional (quote), lane

CAP = 8_000_000
LOADED_CAPS = 2  # multiple of the cap allowed in memory when older trades are loaded
NOTHING = 1e-9  # share of a volume below which it counts as zero
BAR_CAP = 6_000  # bars of a series
DAY_NS = 86_400_000_000_000

_SIDE, _SIGN = np.array((0, 1, 2)), np.array((0, 1, -1))


class Trades(NamedTuple):
    """Columns of consecutive trades. `lane` is 3 * market index + side, side being 0 unknown, 1 buy, 2 sell."""

    ts: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    size: npt.NDArray[np.float64]
    notional: npt.NDArray[np.float64]
    lane: npt.NDArray[np.int16]

    @property
    def market(self) -> npt.NDArray[np.int64]:
        """Market index of each trade."""
        return (self.lane // 3).astype(np.int64)

    @property
    def side(self) -> npt.NDArray[np.int64]:
        """1 for aggressive buys, 2 for sells, 0 where the venue does not publish the side."""
        return _SIDE[self.lane % 3]

    @property
    def sign(self) -> npt.NDArray[np.int64]:
        """+1 for aggressive buys, -1 for sells, 0 where the venue does not publish the side."""
        return _SIGN[self.lane % 3]

    def where(self, mask: npt.NDArray[np.bool_]) -> Trades:
        return self if mask.all() else self.at(np.flatnonzero(mask))

    def of(self, markets: Collection[int]) -> Trades:
        wanted = np.zeros(3 * max(markets, default=-1) + 4, np.bool_)
        for market in markets:
            wanted[3 * market : 3 * market + 3] = True
        return self.where(wanted.take(self.lane, mode="clip"))

    def rows(self) -> list[Row]:
        """The trades as tuples."""
        return list(zip(*(column.tolist() for column in self), strict=True))

    def at(self, index: npt.NDArray[np.generic] | slice) -> Trades:
        """The trades selected by indices or a slice."""
        return Trades(self.ts[index], self.ticks[index], self.size[index], self.notional[index], self.lane[index])


def no_trades() -> Trades:
    """Columns without rows."""
    return Trades(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0, np.int16))


class Merged(NamedTuple):
    """Trades inserted into the store.

    Rows before number `position` are unchanged; the others have a venue time of `since_ns` or later and are sorted by
    it. Trades up to `dropped_until_ns` may have been dropped.
    """

    trades: Trades
    since_ns: int
    position: int
    dropped_until_ns: int

    def bars_from(self, bar_ns: int) -> int | None:
        """Start of the first bar whose trades changed; None if some of its trades may have been dropped."""
        begin_ns = self.since_ns - self.since_ns % bar_ns
        return begin_ns if begin_ns > self.dropped_until_ns else None


@dataclass(slots=True)
class Carried:
    """Sums over trades with a known aggressor: size and notional of buys and sells, size of both, its mean price (or
    ticks), and the sum of size * (price - mean) ** 2.
    """

    buy: float = 0.0
    sell: float = 0.0
    buy_usd: float = 0.0
    sell_usd: float = 0.0
    volume: float = 0.0
    mean: float = 0.0
    square: float = 0.0

    def add(self, other: Carried) -> None:
        self._add_sides(other, 1)
        if other.volume > 0:
            away, whole = other.mean - self.mean, self.volume + other.volume
            self.square += other.square + away * away * self.volume * other.volume / whole
            self.mean += away * other.volume / whole
            self.volume = whole

    def remove(self, other: Carried) -> None:
        """Subtract the sums over some of these trades, up to rounding."""
        left = self.volume - other.volume
        self._add_sides(other, -1)
        if left <= NOTHING * self.volume:
            self.volume = self.mean = self.square = 0.0
            return
        mean = (self.mean * self.volume - other.mean * other.volume) / left
        away = other.mean - mean
        self.square = max(self.square - other.square - away * away * left * other.volume / self.volume, 0.0)
        self.mean, self.volume = mean, left

    def scaled(self, tick: float) -> Carried:
        """The sums with prices multiplied by `tick`."""
        return replace(self, mean=self.mean * tick, square=self.square * tick * tick)

    def _add_sides(self, other: Carried, sign: int) -> None:
        self.buy += sign * other.buy
        self.sell += sign * other.sell
        self.buy_usd += sign * other.buy_usd
        self.sell_usd += sign * other.sell_usd


class TradeStore(ColumnStore[Trades]):
    """The trades of a base, 34 bytes each: 272 MB for 8 million, which is 92 a second around the clock.

    A busy day of four venues has about six million. `dropped` are the sums of the dropped trades by UTC day and market,
    prices in ticks; `dropped_until_ns` is their latest venue time.
    """

    pending_type = GrowingTrades

    def __init__(self, cap: int = CAP, chunk: int = CHUNK) -> None:
        super().__init__(Trades, "qqddh", cap, chunk)
        self.dropped: dict[tuple[int, int], Carried] = {}
        self.dropped_until_ns = 0
        self._most = cap * LOADED_CAPS

    def __deepcopy__(self, memo: object) -> TradeStore:
        made = super().__deepcopy__(memo)
        made.dropped = {key: replace(sums) for key, sums in self.dropped.items()}
        return made

    def merge(self, rows: list[Row]) -> Merged | None:
        """Insert older trades: from the earliest of them on, all trades are sorted by venue time.

        Returns None without rows.
        """
        return self.merge_columns(self.columns_of(rows))

    def merge_columns(self, trades: Trades) -> Merged | None:
        """`merge` of columns."""
        if not len(trades.ts):
            return None
        since_ns, position = self.insert(trades)
        return Merged(trades, since_ns, position, self.dropped_until_ns)

    def restore(self, rows: list[Row]) -> list[Row]:
        """Insert trades that were dropped, except those still stored, as many of the newest as there is room for.

        Returns the inserted ones.
        """
        here = Counter(row for part in self.between(0, self.dropped_until_ns + 1) for row in part.rows())
        missing = []
        for row in rows:
            if here[row]:
                here[row] -= 1
            elif row[0] <= self.dropped_until_ns:
                missing.append(row)
        missing = missing[max(len(missing) - max(self._most - len(self), 0), 0) :]
        self.make_room(len(missing))
        for key, sums in sums_by_day(self.columns_of(missing)):
            if key in self.dropped:
                self.dropped[key].remove(sums)
        self.merge(missing)
        return missing

    def make_room(self, count: int) -> None:
        """Raise the cap for `count` more trades, at most to `LOADED_CAPS` times the original."""
        self._cap = min(max(self._cap, len(self) + count + self.chunk), self._most)

    def rescale(self, market: int, factor: int) -> None:
        """Convert one market's prices to ticks `factor` times finer."""
        for at, chunk in enumerate(self._chunks):
            ticks = np.where(chunk.market == market, chunk.ticks * factor, chunk.ticks)
            ticks.flags.writeable = False
            self._chunks[at] = chunk._replace(ticks=ticks)
        pending = self._pending_from(0)
        self._pending.replace(
            pending._replace(ticks=np.where(pending.market == market, pending.ticks * factor, pending.ticks))
        )
        self._read = None
        self.dropped = {key: sums.scaled(factor) if key[1] == market else sums for key, sums in self.dropped.items()}

    def _on_drop(self, columns: Trades) -> None:
        self.dropped_until_ns = max(self.dropped_until_ns, int(columns.ts.max()))
        for key, sums in sums_by_day(columns):
            self.dropped.setdefault(key, Carried()).add(sums)


def sums_by_day(trades: Trades) -> Iterator[tuple[tuple[int, int], Carried]]:
    """Sums of trades by UTC day and market, prices in ticks."""
    sided = trades.where(trades.sign != 0)
    days = sided.ts // DAY_NS
    for day in np.unique(days).tolist():
        for market in np.unique(sided.market[days == day]).tolist():
            yield (day, market), _sums(sided.where((days == day) & (sided.market == market)))


def _sums(trades: Trades) -> Carried:
    volume = float(trades.size.sum())
    mean = float(trades.size @ trades.ticks) / volume if volume > 0 else 0.0
    buys, sells = trades.sign > 0, trades.sign < 0
    return Carried(
        float(trades.size @ buys),
        float(trades.size @ sells),
        float(trades.notional @ buys),
        float(trades.notional @ sells),
        volume,
        mean,
        float(trades.size @ (trades.ticks - mean) ** 2),
    )


def distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Unique values, ascending; fast where equal values are adjacent."""
    return np.unique(values[np.flatnonzero(np.diff(values, prepend=values[:1] - 1))])
