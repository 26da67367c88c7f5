"""Cells of the depth heatmap, computed on demand in cached tiles of 64 time buckets by 256 price rows.

Sizes of all markets and levels of a row are summed by second; a bucket has the largest sum of its seconds. Sums are
exact (see `depth_history`), so a tile does not depend on when it was computed. An unfinished tile is extended by new
columns.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from workstation.analytics.book.depth_chunks import Chunk, prices_of_best
from workstation.analytics.state.market import Market
from workstation.analytics.store.row_grid import RowGrid, row_grid
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.heatmap import TILE_COLUMNS, TILE_ROWS, HeatColumns, HeatTile, Sizes

_AT_ONCE = 1_024  # columns summed in one step

T = TypeVar("T")
Column = TypeVar("Column", Floats, Ints)


class Layer(NamedTuple):
    """Markets to sum, row size (quote per base coin) and seconds per bucket."""

    markets: tuple[Market, ...]
    row_size: Fraction
    seconds: int

    @property
    def key(self) -> Hashable:
        return tuple(market.index for market in self.markets), self.row_size, self.seconds

    @property
    def until(self) -> int:
        """One past the newest column of any market."""
        return max((market.depth.sampled for market in self.markets), default=0)

    def grid(self, market: Market) -> RowGrid:
        """Mapping of a market's ticks to rows."""
        return row_grid(market.instrument, self.row_size)


class _Cache(Generic[T]):
    """Least recently used cache of values that grow with the columns."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._items: OrderedDict[Hashable, tuple[int, int, T]] = OrderedDict()

    def get(self, key: Hashable, begin: int, until: int, grown: Callable[[T | None, int, int], T]) -> T | None:
        """The value for columns [begin, until), extended by `grown` if needed; None without a column."""
        _, done, made = self._items.pop(key, (begin, begin, None))
        if done < until:
            done, made = until, grown(made, done, until)
        if made is not None:
            self._items[key] = (begin, done, made)
            if len(self._items) > self._cap:
                self._items.popitem(last=False)
        return made

    def forget(self, until: int) -> None:
        """Drop values that begin before a column."""
        for key in [key for key, (begin, _, _) in self._items.items() if begin < until]:
            del self._items[key]


class HeatCache:
    """Cached tiles and strips of all layers, up to `cap` of each."""

    def __init__(self, cap: int) -> None:
        self._tiles: _Cache[HeatTile] = _Cache(cap)
        self._strips: _Cache[HeatColumns] = _Cache(cap)
        self._edits: dict[int, int] = {}

    def tile(self, layer: Layer, at: int, block: int) -> HeatTile | None:
        """The tile with time index `at` and row index `block`; None before its first sample."""

        def grown(tile: HeatTile | None, start: int, end: int) -> HeatTile:
            return _grown_tile(layer, tile or _blank(at, block), start, end)

        return self._tiles.get((layer.key, at, block), *_columns(layer, at), grown)

    def strip(self, layer: Layer, at: int) -> HeatColumns | None:
        """Best prices, coverage and bounds of the buckets with time index `at`; None before the first sample."""

        def grown(strip: HeatColumns | None, start: int, end: int) -> HeatColumns:
            return _grown_strip(layer, strip or _no_columns(at * TILE_COLUMNS), start, end)

        return self._strips.get((layer.key, at), *_columns(layer, at), grown)

    def forget_edited(self, markets: Sequence[Market]) -> None:
        """Drop values computed from columns that have since been thinned or dropped."""
        edited = [market for market in markets if self._edits.get(market.index, 0) != market.depth.edits]
        self._edits.update((market.index, market.depth.edits) for market in edited)
        until = max((market.depth.edited_until for market in edited), default=0)
        self._tiles.forget(until)
        self._strips.forget(until)


def sizes_between(markets: Sequence[Market], layer: Layer, rows: range, start: int, end: int, *, bids: bool) -> Floats:
    """Resting size (rows, columns) in base coin, summed over the markets, for the columns [start, end)."""
    width = end - start + 1
    changes = np.zeros(len(rows) * width)
    for market in markets:
        grid = layer.grid(market)
        for chunk in market.depth.between(start, end):
            at, sizes = _changes(chunk, grid, rows, start, end, bids=bids)
            changes += np.bincount(at, sizes, len(changes))
    sums: Floats = np.cumsum(changes.reshape(len(rows), width), axis=1)[:, :-1]
    return sums


def _changes(chunk: Chunk, grid: RowGrid, rows: range, start: int, end: int, *, bids: bool) -> tuple[Ints, Floats]:
    """Indices in a flat (rows, columns + 1) array, and the size added there; a removal is negative."""
    runs = chunk.bids if bids else chunk.asks
    first, last = _tick_range(grid, rows, bids=bids) if grid.numerator else (0, 0)
    inside = slice(*np.searchsorted(runs.ticks, (first - chunk.low, last - chunk.low)).tolist())
    part = runs.at(inside)
    begin, until = chunk.span(part)
    seen = (until > start) & (begin < end)
    ticks = part.ticks[seen].astype(np.int64) + chunk.low
    row = ticks * grid.numerator
    row = row // grid.denominator if bids else -(-row // grid.denominator)
    line = (row - rows.start) * (end - start + 1)
    came = line + np.maximum(begin[seen] - start, 0)
    gone = line + np.minimum(until[seen], end) - start
    size = part.size[seen].astype(np.float64)
    return np.concatenate((came, gone)), np.concatenate((size, -size))


def _tick_range(grid: RowGrid, rows: range, *, bids: bool) -> tuple[int, int]:
    """Ticks [first, last) that fall into the rows: bids round down, asks up."""
    if bids:
        return -(-rows.start * grid.denominator // grid.numerator), -(-rows.stop * grid.denominator // grid.numerator)
    edges = ((rows.start - 1) * grid.denominator, (rows.stop - 1) * grid.denominator)
    return edges[0] // grid.numerator + 1, edges[1] // grid.numerator + 1


def _columns(layer: Layer, at: int) -> tuple[int, int]:
    begin = at * TILE_COLUMNS * layer.seconds
    return begin, min(begin + TILE_COLUMNS * layer.seconds, layer.until)


def _blank(at: int, block: int) -> HeatTile:
    blank = np.zeros((TILE_ROWS, TILE_COLUMNS), np.float32)
    return HeatTile(at * TILE_COLUMNS, block * TILE_ROWS, blank, blank)


def _no_columns(first_bucket: int) -> HeatColumns:
    counts, prices = np.zeros(TILE_COLUMNS, np.int64), np.full(TILE_COLUMNS, np.nan)
    return HeatColumns(first_bucket, counts, counts, prices, prices, prices, prices)


def _grown_tile(layer: Layer, tile: HeatTile, start: int, end: int) -> HeatTile:
    rows = range(tile.first_row, tile.first_row + TILE_ROWS)
    bid, ask = tile.bid.copy(), tile.ask.copy()
    for begin, until in _pieces(layer, start, end):
        for cells, bids in ((bid, True), (ask, False)):
            sums = sizes_between(layer.markets, layer, rows, begin, until, bids=bids)
            buckets, merged = _merged(np.maximum, sums, begin, until, layer.seconds)
            at = slice(buckets[0] - tile.first_bucket, buckets[-1] + 1 - tile.first_bucket)
            cells[:, at] = np.maximum(cells[:, at], merged)
    return HeatTile(tile.first_bucket, tile.first_row, _locked(bid), _locked(ask))


def _grown_strip(layer: Layer, strip: HeatColumns, start: int, end: int) -> HeatColumns:
    """Extend a strip by columns [start, end); only the bucket of `start` may already have columns."""

    def grown(before: Column, news: Column, pick: np.ufunc) -> Column:
        buckets, merged = _merged(pick, news, start, end, layer.seconds)
        first = int(buckets[0]) - strip.first_bucket
        if start % layer.seconds:
            merged[0] = pick(merged[0], before[first])
        after = before.copy()
        after[first : first + len(merged)] = merged
        after.flags.writeable = False
        return after

    live, known, bid, ask, floor, ceiling = _known(layer, start, end)
    return HeatColumns(
        strip.first_bucket,
        live=grown(strip.live, live, np.minimum),
        known=grown(strip.known, known, np.maximum),
        bid=grown(strip.bid, bid, np.fmin),
        ask=grown(strip.ask, ask, np.fmax),
        floor=grown(strip.floor, floor, np.fmin),
        ceiling=grown(strip.ceiling, ceiling, np.fmax),
    )


def _known(layer: Layer, start: int, end: int) -> tuple[Ints, Ints, Floats, Floats, Floats, Floats]:
    """By column: count of live and of begun markets, lowest best bid, highest best ask, price bounds of the history."""
    columns = np.arange(start, end)
    live, known = np.zeros(len(columns), np.int64), np.zeros(len(columns), np.int64)
    bid, ask, floor, ceiling = (np.full(len(columns), np.nan) for _ in range(4))
    for market in layer.markets:
        tick = float(market.instrument.tick_size)
        if market.depth.began is not None:
            known += columns >= market.depth.began
        for chunk in market.depth.between(start, end):
            begin, until = max(chunk.start, start), min(chunk.end, end)
            at = slice(begin - start, until - start)
            lowest, highest = prices_of_best(chunk, begin, until, tick)
            live[at] += 1
            bid[at], ask[at] = np.fmin(bid[at], lowest), np.fmax(ask[at], highest)
            floor[at] = np.fmin(floor[at], chunk.low * tick)
            ceiling[at] = np.fmax(ceiling[at], chunk.high * tick)
    return live, known, bid, ask, floor, ceiling


def _pieces(layer: Layer, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split [start, end) at bucket edges into steps of bounded size."""
    step = max(layer.seconds, _AT_ONCE // layer.seconds * layer.seconds)
    while start < end:
        until = min((start // step + 1) * step, end)
        yield start, until
        start = until


def _merged(pick: np.ufunc, values: Column, start: int, end: int, seconds: int) -> tuple[Ints, Column]:
    """Buckets of the columns [start, end), and `values` reduced by bucket along the last axis."""
    buckets = np.arange(start, end) // seconds
    first = np.flatnonzero(np.diff(buckets, prepend=-1))
    merged: Column = pick.reduceat(values, first, axis=-1)
    return buckets[first], merged


def _locked(sizes: Sizes) -> Sizes:
    sizes.flags.writeable = False
    return sizes
