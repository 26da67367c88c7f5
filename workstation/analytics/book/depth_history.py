"""History of one market's order book: one column per second, exact near the price, bounded in memory.

A column is the book at the beginning of a second of receive time, with the levels within 2 % of the mid at the start of
its chunk; a chunk ends early when the mid has moved by 1 %, so a column always covers 1 % to each side. There are no
columns while the book is not live: after a gap, a disconnect or ten seconds without events.

Bounds per market: 24 MB and eight hours. Cells last 1 s up to an age of half an hour, 4 s up to two hours, then 16 s;
the oldest chunk is dropped first. Measured on Binance USD-M BTC: 580 changes, 5.8 kB a second before thinning.

Sizes are rounded to 24 bits and to a power of two worth less than 0.00001 USD, so that sums over levels and markets are
exact in any order.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from feeds.model.events import BookDelta
from workstation.analytics.book.book import BookSide, OrderBook
from workstation.analytics.book.depth_chunks import Chunk, Runs, rescaled, runs_of, thinned
from workstation.analytics.book.sampled_levels import Changes
from workstation.readmodels.arrays import Floats

BAND = 0.02
CHUNK = 64  # columns
_DUST = 1e-5  # quote notional: sums are exact below 90 billion


@dataclass(frozen=True, slots=True)
class DepthLimits:
    """Bounds of one market's history: columns, and bytes of finished chunks, of which the oldest is dropped first.

    `thinning` are pairs of an age in columns and of how many columns a cell lasts from that age on, ascending.
    """

    columns: int = 28_800
    nbytes: int = 24_000_000
    thinning: tuple[tuple[int, int], ...] = ((1_800, 4), (7_200, 16))


DEPTH_LIMITS = DepthLimits()


class _Side:
    """One side of the chunk being written: present sizes, and the changes since its first column."""

    __slots__ = ("alive", "begin", "size", "ticks")

    def __init__(self) -> None:
        self.alive: dict[int, float] = {}
        self.ticks, self.begin, self.size = array("q"), array("B"), array("d")

    def copy(self) -> _Side:
        copy = _Side()
        copy.alive = self.alive.copy()
        copy.ticks, copy.begin, copy.size = self.ticks[:], self.begin[:], self.size[:]
        return copy

    def take(self, changes: Mapping[int, float], low: int, high: int, at: int) -> None:
        """Append sizes at prices as of cell `at`; unchanged and out of bounds ones are left out."""
        alive = self.alive
        size_of, note, when, put = alive.get, self.ticks.append, self.begin.append, self.size.append
        for ticks, size in changes.items():
            if low <= ticks <= high and size_of(ticks, 0.0) != size:
                if size:
                    alive[ticks] = size
                else:
                    del alive[ticks]
                note(ticks)
                when(at)
                put(size)

    def runs(self, low: int, unit: float, count: int) -> Runs:
        """All runs so far, sizes in multiples of `unit`."""
        return runs_of(low, self.ticks, self.begin, _rounded(np.asarray(self.size), unit), count)

    def now(self, low: int, unit: float) -> Runs:
        """The present sizes as runs of one cell."""
        ticks = np.fromiter(self.alive, np.int64, len(self.alive))
        size = np.fromiter(self.alive.values(), np.float64, len(self.alive))
        return runs_of(low, ticks, np.zeros(len(ticks), np.int64), _rounded(size, unit), 1)


class _Open:
    """The chunk being written."""

    def __init__(self, start: int, mid: float, unit: float) -> None:
        self.start = start
        self.mid = mid
        self.low, self.high = math.ceil(mid * (1 - BAND)), math.floor(mid * (1 + BAND))
        self.unit = unit
        self.bids, self.asks = _Side(), _Side()
        self.best: tuple[array[int], array[int]] = (array("q"), array("q"))
        self._whole: Chunk | None = None
        self._last: Chunk | None = None

    def __deepcopy__(self, memo: object) -> _Open:
        copy = _Open(self.start, self.mid, self.unit)
        copy.low, copy.high = self.low, self.high
        copy.bids, copy.asks = self.bids.copy(), self.asks.copy()
        copy.best = (self.best[0][:], self.best[1][:])
        return copy

    @property
    def end(self) -> int:
        """One past the newest column."""
        return self.start + len(self.best[0])

    def fits(self, mid: float) -> bool:
        return self.end // CHUNK == self.start // CHUNK and abs(mid - self.mid) <= self.mid * BAND / 2

    def take(self, bids: Mapping[int, float], asks: Mapping[int, float], book: OrderBook, columns: int) -> None:
        """Append `columns` columns with these changes in the first."""
        at = len(self.best[0])
        self.bids.take(bids, self.low, self.high, at)
        self.asks.take(asks, self.low, self.high, at)
        for best, price in zip(self.best, (book.bids.best, book.asks.best), strict=True):
            assert price is not None
            best.extend([price] * columns)

    def chunk(self) -> Chunk:
        """All columns so far; cached until one is added."""
        if self._whole is None or self._whole.end != self.end:
            grid, count = (self.low, self.unit), self.end - self.start
            self._whole = self._chunk(self.start, self.bids.runs(*grid, count), self.asks.runs(*grid, count))
        return self._whole

    def newest(self) -> Chunk:
        """The newest column only, without sorting all changes."""
        if self._last is None or self._last.end != self.end:
            grid = self.low, self.unit
            self._last = self._chunk(self.end - 1, self.bids.now(*grid), self.asks.now(*grid))
        return self._last

    def _chunk(self, start: int, bids: Runs, asks: Runs) -> Chunk:
        best = np.array(self.best, np.int64)[:, start - self.start :]
        return Chunk(start, self.end, start, 1, self.low, self.high, bids, asks, best)


class DepthHistory:
    """The columns of one market, numbered by second of receive time.

    `edits` counts how often columns before `edited_until` were thinned or dropped.
    """

    def __init__(self, limits: DepthLimits = DEPTH_LIMITS) -> None:
        self._limits = limits
        self.began: int | None = None  # the first column ever
        self.sampled = 0  # one past the newest second, whether the book was live or not
        self.mid_ticks: float | None = None  # of the newest column
        self.edits = 0
        self.edited_until = 0
        self._chunks: list[Chunk] = []
        self._open: _Open | None = None
        self._nbytes = 0
        self._pending: list[BookDelta] = []  # not yet in `_changed`
        self._changed: tuple[dict[int, float], dict[int, float]] = {}, {}
        self._replaced = False
        self._unit = 0.0
        self._next_look = 0

    def __deepcopy__(self, memo: dict[int, object]) -> DepthHistory:
        copy = DepthHistory()
        vars(copy).update(vars(self))
        copy._chunks, copy._pending = self._chunks.copy(), self._pending.copy()
        copy._changed = self._changed[0].copy(), self._changed[1].copy()
        copy._open = self._open.__deepcopy__(memo) if self._open is not None else None
        return copy

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The finished chunks, oldest first."""
        return tuple(self._chunks)

    @property
    def nbytes(self) -> int:
        """Memory of the finished chunks in bytes."""
        return self._nbytes

    @property
    def start(self) -> int | None:
        """The oldest column retained, None without any."""
        first = self._chunks[0] if self._chunks else self._open
        return first.start if first is not None else None

    def touch(self, delta: BookDelta) -> None:
        """Record changes applied to the book."""
        self._pending.append(delta)

    def replace(self) -> None:
        """Record that the whole book was replaced or lost."""
        self._replaced = True
        self._clear_changes()

    def changes(self) -> Changes | None:
        """What changed since the last sample; None where the whole book did."""
        bids, asks = self._changed
        for delta in self._pending:
            bids.update(delta.bids)
            asks.update(delta.asks)
        self._pending.clear()
        return None if self._replaced else self._changed

    def sample(self, book: OrderBook, columns: range, live: int, tick: float) -> None:
        """Append the book at the first of `columns`; it is live in the first `live` of them."""
        mid = book.mid_ticks() if live and book.known else None
        if mid is None or mid <= 0:
            self._close()
        else:
            self._note(book, mid, columns.start, live, tick)
        self._clear_changes()
        self._replaced = False
        self.sampled = columns.stop
        self.mid_ticks = self.mid_ticks if mid is None else mid
        if columns.start >= self._next_look:
            self._next_look = columns.start + CHUNK
            self._age(columns.start)

    def between(self, start: int, end: int) -> Iterator[Chunk]:
        """Chunks that overlap [start, end), in order."""
        at = max(bisect_right(self._chunks, start, key=lambda chunk: chunk.start) - 1, 0)
        for chunk in self._chunks[at:]:
            if chunk.start >= end:
                return
            if chunk.end > start:
                yield chunk
        if self._open is not None and self._open.start < end and self._open.end > start:
            yield self._open.newest() if start >= self._open.end - 1 else self._open.chunk()

    def rescale(self, factor: int) -> None:
        """Convert to ticks `factor` times finer."""
        self._close()
        self.replace()
        self.mid_ticks = None if self.mid_ticks is None else self.mid_ticks * factor
        self._chunks = [rescaled(chunk, factor) for chunk in self._chunks]
        self._nbytes = sum(chunk.nbytes for chunk in self._chunks)

    def _note(self, book: OrderBook, mid: float, column: int, columns: int, tick: float) -> None:
        open_ = self._open
        if open_ is not None and (open_.end != column or not open_.fits(mid)):
            self._close()
        if self._open is None:
            self._unit = self._unit or 2.0 ** math.floor(math.log2(_DUST / (mid * tick)))
            open_ = self._open = _Open(column, mid, self._unit)
            open_.take(_within(book.bids, open_.low), _within(book.asks, open_.high), book, columns)
            self.began = column if self.began is None else self.began
            return
        self.changes()
        bids, asks = self._changed
        if self._replaced:
            bids = dict.fromkeys(self._open.bids.alive, 0.0) | _within(book.bids, self._open.low) | bids
            asks = dict.fromkeys(self._open.asks.alive, 0.0) | _within(book.asks, self._open.high) | asks
        self._open.take(bids, asks, book, columns)

    def _clear_changes(self) -> None:
        self._pending.clear()
        for changed in self._changed:
            changed.clear()

    def _close(self) -> None:
        if self._open is not None:
            self._chunks.append(self._open.chunk())
            self._nbytes += self._chunks[-1].nbytes
            self._open = None

    def _age(self, column: int) -> None:
        """Thin the chunks that have reached an age since the last time, and drop those beyond the bounds."""
        chunks, limits = self._chunks, self._limits
        for age, step in reversed(limits.thinning):  # the older a chunk, the longer its cells
            at = bisect_right(chunks, -step, key=lambda chunk: -chunk.step)
            while at < len(chunks) and chunks[at].end <= column - age:
                whole = chunks[at]
                chunks[at] = thinned(whole, step)
                self._nbytes += chunks[at].nbytes - whole.nbytes
                self._edited(whole.end)
                at += 1
        while chunks and (self._nbytes > limits.nbytes or chunks[0].end <= column - limits.columns):
            gone = chunks.pop(0)
            self._nbytes -= gone.nbytes
            self._edited(gone.end)

    def _edited(self, until: int) -> None:
        self.edits += 1
        self.edited_until = max(self.edited_until, until)


def _within(side: BookSide, limit: int) -> dict[int, float]:
    return dict(side.within(limit))


def _rounded(size: Floats, unit: float) -> Floats:
    """Sizes rounded to multiples of `unit`."""
    return np.rint(size / unit) * unit
