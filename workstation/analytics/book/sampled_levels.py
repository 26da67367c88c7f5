"""The best levels of a book as of its last sample, brought up to date from what changed since.

A quiet book changes in a few levels between samples; sorting or probing all of them each time took most of a replay.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate

from workstation.analytics.book.book import BookSide, OrderBook
from workstation.readmodels.flow.ladder import BANDS

LEVELS = 200  # per side, for OBI and walls
NO_OBI = (math.nan,) * len(BANDS)
_SPARE = 100  # levels beyond, so that removals do not empty the list
_MANY = 48  # changes from which on probing the book is cheaper

Changes = tuple[Mapping[int, float], Mapping[int, float]]
"""New sizes of bids and asks (base coin) by price in ticks, 0 for a removed level."""


class SideLevels:
    """The best levels of one side, best first: `keys` are prices in ticks, of bids negated, `sizes` in base coin.

    There are at least `LEVELS` of them where the book has so many.
    """

    __slots__ = ("_sign", "_whole", "keys", "sizes")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._whole = False  # whether these are all levels of the side
        self.keys: list[int] = []
        self.sizes: list[float] = []

    def rebuild(self, side: BookSide, spare: int = 0) -> None:
        """Read the levels from the book, and some beyond."""
        levels = side.best_levels(LEVELS + spare)
        self._whole = len(levels) == len(side)
        self.keys = [self._sign * price for price, _ in levels]
        self.sizes = [size for _, size in levels]

    def update(self, side: BookSide, changes: Mapping[int, float]) -> None:
        """Apply what changed in the book since."""
        if len(changes) >= _MANY:
            self.rebuild(side)
            return
        keys, sizes, sign = self.keys, self.sizes, self._sign
        for price, size in changes.items():
            key = sign * price
            at = bisect_left(keys, key)
            if at < len(keys) and keys[at] == key:
                if size:
                    sizes[at] = size
                else:
                    del keys[at], sizes[at]
            elif size and (self._whole or at < len(keys)):
                keys.insert(at, key)
                sizes.insert(at, size)
        if len(keys) < LEVELS and not self._whole:
            self.rebuild(side, _SPARE)

    def within(self, limit: int) -> list[float]:
        """Sizes up to the key `limit`, of `LEVELS` levels at most."""
        return self.sizes[: bisect_right(self.keys, limit, 0, min(len(self.keys), LEVELS))]


class SampledLevels:
    """Both sides of one market's book as of its last sample."""

    __slots__ = ("_asks", "_bids", "_revision", "imbalances")

    def __init__(self) -> None:
        self._bids, self._asks = SideLevels(-1), SideLevels(+1)
        self._revision: int | None = None
        self.imbalances = NO_OBI
        """OBI by band, NaN for a band without size."""

    def __deepcopy__(self, memo: object) -> SampledLevels:
        return SampledLevels()  # read from the book again

    def __reduce__(self) -> tuple[type[SampledLevels], tuple[()]]:
        return SampledLevels, ()

    @property
    def sides(self) -> tuple[SideLevels, SideLevels]:
        """Bids and asks."""
        return self._bids, self._asks

    def update(self, book: OrderBook, changes: Changes | None) -> bool:
        """Bring up to date with a book and what changed since the last call, None for all. False if nothing did."""
        if book.revision == self._revision:
            return False
        if changes is None or self._revision is None:
            self._bids.rebuild(book.bids)
            self._asks.rebuild(book.asks)
        else:
            self._bids.update(book.bids, changes[0])
            self._asks.update(book.asks, changes[1])
        self._revision = book.revision
        self.imbalances = self._imbalances(book)
        return True

    def imbalance(self, book: OrderBook, band: float) -> float:
        """OBI of the book as of the last update within a band, by exact sums; NaN without size there."""
        edges = book.edges((band,))
        if edges is None:
            return math.nan
        bid, ask = (math.fsum(side.within(limit)) for side, limit in zip(self.sides, edges[0], strict=True))
        return (bid - ask) / (bid + ask) if bid + ask else math.nan

    def _imbalances(self, book: OrderBook) -> tuple[float, ...]:
        edges = book.edges(BANDS)
        if edges is None:
            return NO_OBI
        bids, asks = (_sums(side, limits) for side, limits in zip(self.sides, zip(*edges, strict=True), strict=True))
        return tuple((bid - ask) / (bid + ask) if bid + ask else math.nan for bid, ask in zip(bids, asks, strict=True))


def _sums(side: SideLevels, limits: tuple[int, ...]) -> list[float]:
    """Sum of the sizes, best first, up to each limit, of `LEVELS` levels at most."""
    most = min(len(side.keys), LEVELS)
    counts = [bisect_right(side.keys, limit, 0, most) for limit in limits]
    sums = list(accumulate(side.sizes[: max(counts)], initial=0.0))
    return [sums[count] for count in counts]
