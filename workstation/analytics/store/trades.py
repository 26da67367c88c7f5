"""Every trade of one base asset in receive order, in columns, within a cap: what all charts are binned from.

Trades are staged in growing columns and packed into chunks of immutable ones, so appending costs 0.5 us, a checkpoint
shares the chunks instead of copying them, and the oldest chunk is dropped when the cap is reached. 34 bytes a trade:
272 MB for 8 million, which is 92 a second around the clock. A busy day of four venues has about six million.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workstation.analytics.store.staged import Row as Row
from workstation.analytics.store.staged import Staged

CHUNK = 16_384
SLOW_CHUNK = 1_024  # of a store that fills slowly: every checkpoint copies what is staged
CAP = 8_000_000
LOADED_CAPS = 2  # times the cap may be in memory when older trades were asked for
NOTHING = 1e-9
BAR_CAP = 6_000  # bars of a series
DAY_NS = 86_400_000_000_000

_SIDE, _SIGN = np.array((0, 1, 2)), np.array((0, 1, -1))
_ROW = np.dtype([("ts", "i8"), ("ticks", "i8"), ("size", "f8"), ("notional", "f8"), ("lane", "i2")])


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
        """1 for aggressive buys, 2 for sells, 0 where the venue did not say."""
        return _SIDE[self.lane % 3]

    @property
    def sign(self) -> npt.NDArray[np.int64]:
        """+1 for aggressive buys, -1 for sells, 0 where the venue did not say."""
        return _SIGN[self.lane % 3]

    def where(self, mask: npt.NDArray[np.bool_]) -> Trades:
        """The trades under a mask."""
        return self if mask.all() else self.at(np.flatnonzero(mask))

    def of(self, markets: Collection[int]) -> Trades:
        """The trades of some markets."""
        wanted = np.zeros(3 * max(markets, default=-1) + 4, np.bool_)
        for market in markets:
            wanted[3 * market : 3 * market + 3] = True
        return self.where(wanted.take(self.lane, mode="clip"))

    def rows(self) -> list[Row]:
        """The trades one by one."""
        return list(zip(*(column.tolist() for column in self), strict=True))

    def at(self, index: npt.NDArray[np.generic] | slice) -> Trades:
        """The trades at some indices or in a slice."""
        return Trades(self.ts[index], self.ticks[index], self.size[index], self.notional[index], self.lane[index])


class Merged(NamedTuple):
    """Trades put between those that were stored.

    What came before the `position`-th ever is as it was; all others are of `since_ns` or later, and in order of venue
    time now. Trades up to `dropped_until_ns` may be stored no longer.
    """

    trades: Trades
    since_ns: int
    position: int
    dropped_until_ns: int

    def bars_from(self, bar_ns: int) -> int | None:
        """Where the first bar begins whose trades are other than before; None if some of them are stored no longer."""
        begin_ns = self.since_ns - self.since_ns % bar_ns
        return begin_ns if begin_ns > self.dropped_until_ns else None


@dataclass(slots=True)
class Carried:
    """Sums over trades with a known aggressor: buy minus sell size and notional, size, its mean price (or ticks), and
    the sum of size * (price - mean) ** 2.
    """

    delta: float = 0.0
    delta_usd: float = 0.0
    volume: float = 0.0
    mean: float = 0.0
    square: float = 0.0

    def add(self, other: Carried) -> None:
        """Take in the sums over other trades."""
        self.delta += other.delta
        self.delta_usd += other.delta_usd
        if other.volume > 0:
            away, whole = other.mean - self.mean, self.volume + other.volume
            self.square += other.square + away * away * self.volume * other.volume / whole
            self.mean += away * other.volume / whole
            self.volume = whole

    def remove(self, other: Carried) -> None:
        """Take the sums over trades that are among these out again, but for rounding."""
        left = self.volume - other.volume
        self.delta -= other.delta
        self.delta_usd -= other.delta_usd
        if left <= NOTHING * self.volume:
            self.volume = self.mean = self.square = 0.0
            return
        mean = (self.mean * self.volume - other.mean * other.volume) / left
        away = other.mean - mean
        self.square = max(self.square - other.square - away * away * left * other.volume / self.volume, 0.0)
        self.mean, self.volume = mean, left

    def scaled(self, tick: float) -> Carried:
        """The same with prices instead of ticks."""
        return Carried(self.delta, self.delta_usd, self.volume, self.mean * tick, self.square * tick * tick)


class TradeStore:
    """The trades of a base. `total` counts all ever appended, dropped ones included.

    `dropped` are the sums of the latter by UTC day and market, prices in ticks.
    """

    def __init__(self, cap: int = CAP, chunk: int | None = None) -> None:
        self.total = 0
        self._cap, self._chunk = cap, chunk or CHUNK
        self._chunks: deque[Trades] = deque()
        self._bounds: deque[tuple[int, int]] = deque()
        self._staged = Staged()
        self._read: tuple[int, Trades] | None = None  # `total` and what was staged then, as columns
        self.dropped: dict[tuple[int, int], Carried] = {}
        self.dropped_until_ns = 0  # the newest venue time among them
        self._most = cap * LOADED_CAPS

    def __deepcopy__(self, memo: object) -> TradeStore:
        copy = TradeStore(self._cap, self._chunk)
        copy.total = self.total
        copy._chunks = self._chunks.copy()
        copy._bounds = self._bounds.copy()
        copy._staged, copy._read = self._staged.copy(), self._read
        copy.dropped_until_ns, copy._most = self.dropped_until_ns, self._most
        copy.dropped = {key: replace(sums) for key, sums in self.dropped.items()}
        return copy

    def __len__(self) -> int:
        return len(self._chunks) * self._chunk + len(self._staged)

    @property
    def first_ns(self) -> int | None:
        """The oldest venue time that is kept, None while there is none."""
        return min((first for first, _ in self._bounds), default=self._staged.first_ns)

    def append(self, row: Row) -> None:
        """Add one trade."""
        self._staged.append(row)
        self.total += 1
        if len(self._staged) >= self._chunk:
            self._pack()

    def extend(self, trades: Trades) -> None:
        """Add many trades."""
        merged = joined([self._staged_from(0), trades])
        whole = len(merged.ts) - len(merged.ts) % self._chunk
        for start in range(0, whole, self._chunk):
            self._keep(merged.at(np.arange(start, start + self._chunk)))
        self._staged.hold(merged.at(slice(whole, None)))
        self.total += len(trades.ts)

    def last(self, count: int) -> Trades:
        """The newest `count` trades, oldest of them first."""
        return self._tail(max(count, 0))

    def parts(self) -> Iterator[Trades]:
        """All kept trades, oldest first, chunk by chunk."""
        yield from self._chunks
        if self._staged:
            yield self._staged_columns()

    def after(self, position: int) -> Iterator[Trades]:
        """Kept trades from the one on that was the `position`-th ever, counted from 0, oldest first."""
        skip = max(position - (self.total - len(self)), 0)
        for at in range(skip // self._chunk, len(self._chunks)):
            yield self._chunks[at].at(slice(max(skip - at * self._chunk, 0), None))
        begin = max(skip - len(self._chunks) * self._chunk, 0)
        if begin < len(self._staged):
            yield self._staged_columns(begin)

    def between(self, start_ns: int, end_ns: int) -> Iterator[Trades]:
        """Kept trades with a venue time in [start, end), in order."""
        overlap = [first < end_ns and last >= start_ns for first, last in self._bounds]
        chunks = [chunk for chunk, wanted in zip(self._chunks, overlap, strict=True) if wanted]
        for part in (*chunks, self._staged_columns()):
            inside = (part.ts >= start_ns) & (part.ts < end_ns)
            if inside.any():
                yield part.where(inside)

    def merge(self, rows: list[Row]) -> Merged | None:
        """Put older trades where they belong: from the first of them on, everything is put in order of venue time.

        Returns what is other than before; None without any.
        """
        if not rows:
            return None
        since = min(row[0] for row in rows)
        later = [self._staged_from(0)]
        while self._chunks and self._bounds[-1][1] >= since:
            later.insert(0, self._chunks.pop())
            self._bounds.pop()
        trades = _columns(rows)
        merged = joined([trades, *later])
        self.total -= len(merged.ts) - len(rows)
        position = self.total
        self._staged.clear()
        self._read = None
        self.extend(merged.at(np.argsort(merged.ts, kind="stable")))
        return Merged(trades, int(merged.ts.min()), position, self.dropped_until_ns)

    def restore(self, rows: list[Row]) -> list[Row]:
        """Put trades back that were dropped, those of them that are not here, the newest first while there is room.

        Returns those that came in.
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
        for key, sums in sums_by_day(_columns(missing)):
            if key in self.dropped:
                self.dropped[key].remove(sums)
        self.merge(missing)
        return missing

    def make_room(self, count: int) -> None:
        """Keep so many more, up to twice the cap."""
        self._cap = min(max(self._cap, len(self) + count + self._chunk), self._most)

    def rescale(self, market: int, factor: int) -> None:
        """Write one market's prices in ticks `factor` times finer."""
        for at, chunk in enumerate(self._chunks):
            ticks = np.where(chunk.market == market, chunk.ticks * factor, chunk.ticks)
            ticks.flags.writeable = False
            self._chunks[at] = chunk._replace(ticks=ticks)
        staged = self._staged_from(0)
        self._staged.hold(staged._replace(ticks=np.where(staged.market == market, staged.ticks * factor, staged.ticks)))
        self._read = None
        self.dropped = {key: sums.scaled(factor) if key[1] == market else sums for key, sums in self.dropped.items()}

    def _tail(self, count: int) -> Trades:
        parts = [self._staged_columns(max(len(self._staged) - count, 0))]
        have = len(parts[0].ts)
        for chunk in reversed(self._chunks):
            if have >= count:
                break
            parts.append(chunk.at(slice(-(count - have), None)))
            have += len(parts[-1].ts)
        return joined(parts[::-1]) if len(parts) > 1 else parts[0]

    def _staged_columns(self, begin: int = 0) -> Trades:
        """What is staged from an index on. A whole that was read at this `total` is read once; a short end is cheap."""
        if self._read is not None and self._read[0] == self.total:
            return self._read[1].at(slice(begin, None)) if begin else self._read[1]
        if begin > len(self._staged) // 2:
            return self._staged_from(begin)
        whole = self._staged_from(0)
        for column in whole:
            column.flags.writeable = False
        self._read = self.total, whole
        return whole.at(slice(begin, None)) if begin else whole

    def _staged_from(self, begin: int) -> Trades:
        return Trades(*self._staged.columns(begin))

    def _pack(self) -> None:
        self._keep(self._staged_from(0))
        self._staged.clear()

    def _keep(self, chunk: Trades) -> None:
        for column in chunk:
            column.flags.writeable = False
        self._chunks.append(chunk)
        self._bounds.append((int(chunk.ts.min()), int(chunk.ts.max())))
        while len(self._chunks) * self._chunk > self._cap:
            self._bounds.popleft()
            self._let_go(self._chunks.popleft())

    def _let_go(self, trades: Trades) -> None:
        self.dropped_until_ns = max(self.dropped_until_ns, int(trades.ts.max()))
        for key, sums in sums_by_day(trades):
            self.dropped.setdefault(key, Carried()).add(sums)


def sums_by_day(trades: Trades) -> Iterator[tuple[tuple[int, int], Carried]]:
    """The sums of some trades by UTC day and market, prices in ticks."""
    sided = trades.where(trades.sign != 0)
    days = sided.ts // DAY_NS
    for day in np.unique(days).tolist():
        for market in np.unique(sided.market[days == day]).tolist():
            yield (day, market), _sums(sided.where((days == day) & (sided.market == market)))


def _sums(trades: Trades) -> Carried:
    volume = float(trades.size.sum())
    mean = float(trades.size @ trades.ticks) / volume if volume > 0 else 0.0
    return Carried(
        float(trades.size @ trades.sign),
        float(trades.notional @ trades.sign),
        volume,
        mean,
        float(trades.size @ (trades.ticks - mean) ** 2),
    )


def distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each value once, ascending; cheap where equal ones stand together."""
    return np.unique(values[np.flatnonzero(np.diff(values, prepend=values[:1] - 1))])


def joined(parts: Sequence[Trades]) -> Trades:
    """Several runs of trades as one."""
    return Trades(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _columns(rows: Sequence[Row]) -> Trades:
    table = np.array(rows, dtype=_ROW)
    return Trades(*(np.ascontiguousarray(table[name]) for name in Trades._fields))
