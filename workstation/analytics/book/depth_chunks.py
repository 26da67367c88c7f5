"""Finished chunks of a market's order book history, as runs: a size at a price from one cell to another.

A run takes 10 bytes. Older chunks are thinned: their cells last longer and hold the largest size of the cells merged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workstation.readmodels.arrays import Floats, Ints

_CELLS = 256  # a cell's number fits a byte


class Runs(NamedTuple):
    """Sizes (base coin) at `ticks` above the chunk's `low` in cells [begin, end), sorted by ticks, then begin."""

    ticks: npt.NDArray[np.int32]
    begin: npt.NDArray[np.uint8]
    end: npt.NDArray[np.uint8]
    size: npt.NDArray[np.float32]

    def at(self, index: npt.NDArray[np.generic] | slice) -> Runs:
        """The runs selected by a mask or slice."""
        return Runs(self.ticks[index], self.begin[index], self.end[index], self.size[index])

    @property
    def nbytes(self) -> int:
        """Memory of the columns in bytes."""
        return sum(column.nbytes for column in self)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Columns [start, end), one per second, of one market's book between the ticks `low` and `high`, both inclusive.

    Cell i covers the columns [origin + i * step, origin + (i + 1) * step), of them only those in [start, end). `best`
    is (2, cells): the lowest best bid and the highest best ask, in ticks.
    """

    start: int
    end: int
    origin: int
    step: int
    low: int
    high: int
    bids: Runs
    asks: Runs
    best: Ints

    def __post_init__(self) -> None:
        for column in (*self.bids, *self.asks, self.best):
            column.flags.writeable = False

    @property
    def nbytes(self) -> int:
        """Memory of the arrays in bytes."""
        return self.bids.nbytes + self.asks.nbytes + self.best.nbytes

    def span(self, runs: Runs) -> tuple[Ints, Ints]:
        """Columns [begin, end) of each run."""
        begin = np.maximum(self.origin + runs.begin.astype(np.int64) * self.step, self.start)
        end = np.minimum(self.origin + runs.end.astype(np.int64) * self.step, self.end)
        return begin, end

    def cells(self, start: int, end: int) -> Ints:
        """Cell of every column in [start, end), which must lie in this chunk."""
        cells: Ints = (np.arange(start, end) - self.origin) // self.step
        return cells


def runs_of(low: int, ticks: npt.ArrayLike, begin: npt.ArrayLike, size: npt.ArrayLike, count: int) -> Runs:
    """Runs from changes: at cell `begin` the size at `ticks` became `size` (0: removed); `count` cells in all."""
    offset = (np.asarray(ticks, np.int64) - low).astype(np.int32)
    at, value = np.asarray(begin, np.int64), np.asarray(size, np.float64).astype(np.float32)
    order = np.argsort(offset.astype(np.int64) * _CELLS + at, kind="stable")
    offset, at, value = offset[order], at[order], value[order]
    until = np.full(len(at), count, np.int64)
    same = offset[1:] == offset[:-1]
    until[:-1][same] = at[1:][same]
    held = value > 0
    return Runs(offset, at.astype(np.uint8), until.astype(np.uint8), value).at(held)


def thinned(chunk: Chunk, step: int) -> Chunk:
    """The chunk in cells of `step` columns, aligned to multiples of it, with the largest size per price and cell."""
    origin = chunk.start // step * step
    best = np.stack(
        (
            _folded(np.minimum, chunk.best[0], chunk, origin, step),
            _folded(np.maximum, chunk.best[1], chunk, origin, step),
        )
    )
    bids, asks = _thinned_runs(chunk, chunk.bids, origin, step), _thinned_runs(chunk, chunk.asks, origin, step)
    return Chunk(chunk.start, chunk.end, origin, step, chunk.low, chunk.high, bids, asks, best)


def _folded(pick: np.ufunc, values: Ints, chunk: Chunk, origin: int, step: int) -> Ints:
    columns = np.arange(chunk.start, chunk.end)
    cells = (columns - origin) // step
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    folded: Ints = pick.reduceat(values[chunk.cells(chunk.start, chunk.end)], first)
    return folded


def _thinned_runs(chunk: Chunk, runs: Runs, origin: int, step: int) -> Runs:
    """Expand the runs to the new cells, take the largest size per cell and price, merge equal neighbours."""
    if not len(runs.ticks):
        return runs
    begin, end = chunk.span(runs)
    begin, end = (begin - origin) // step, -(-(end - origin) // step)
    length = end - begin
    inside = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    key = np.repeat(runs.ticks.astype(np.int64) * _CELLS + begin, length) + inside
    order = np.argsort(key, kind="stable")
    key, size = key[order], np.repeat(runs.size, length)[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    key, size = key[first], np.maximum.reduceat(size, first)
    begins = np.flatnonzero((np.diff(key, prepend=-2) != 1) | (np.diff(size, prepend=-1.0) != 0) | (key % _CELLS == 0))
    lengths = np.diff(np.append(begins, len(key)))
    cell = key[begins] % _CELLS
    ticks = (key[begins] // _CELLS).astype(np.int32)
    return Runs(ticks, cell.astype(np.uint8), (cell + lengths).astype(np.uint8), size[begins])


def rescaled(chunk: Chunk, factor: int) -> Chunk:
    """The chunk in ticks `factor` times finer."""
    bids, asks = (runs._replace(ticks=runs.ticks * np.int32(factor)) for runs in (chunk.bids, chunk.asks))
    low, high, best = chunk.low * factor, chunk.high * factor, chunk.best * factor
    return Chunk(chunk.start, chunk.end, chunk.origin, chunk.step, low, high, bids, asks, best)


def prices_of_best(chunk: Chunk, start: int, end: int, tick: float) -> tuple[Floats, Floats]:
    """Lowest best bid and highest best ask of every column in [start, end), as prices."""
    cells = chunk.cells(start, end)
    return chunk.best[0][cells] * tick, chunk.best[1][cells] * tick
