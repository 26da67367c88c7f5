"""The order book of one market: sizes by integer tick.

Measured on 6,547 real depth messages of 68 levels: a SortedDict written per level costs 36 us per message, this 9 us.
Writes go to a plain dict with the best price cached; a SortedList of prices is updated only when levels are read in
order (at most 60 times a second), from the set of prices added or removed since.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from functools import cache
from itertools import islice

from sortedcontainers import SortedList

from feeds.model.events import BookDelta, BookSnapshot, Level
from workstation.analytics.book.recent import SECOND_NS, WINDOW_S, PastSizes
from workstation.readmodels.arrays import Floats, Ints

_WALK = 200  # ticks
_FAR = 8_000  # ticks; probing them all costs less than sorting 4,000 levels
_WALK_SHARE = 8  # ticks probed per level of the side
_HALF_PPB = 2_000_000_000  # band edges are integers in this fraction of a tick: a level exactly on the edge is inside


class BookSide:
    """Bids or asks: size (base coin) by price in ticks.

    `sign` is +1 for bids and -1 for asks: price times sign is largest at the best price.
    """

    __slots__ = ("_best", "_changed", "_ordered", "_past", "_sign", "_sizes")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._sizes: dict[int, float] = {}
        self._ordered: SortedList[int] = SortedList()
        self._changed: set[int] = set()
        self._best: int | None = None
        self._past = PastSizes()

    def __len__(self) -> int:
        return len(self._sizes)

    def __deepcopy__(self, memo: object) -> BookSide:
        copy = BookSide(self._sign)
        copy._sizes = self._sizes.copy()
        copy._changed = set(self._sizes)
        copy._best = self._best
        copy._past = self._past.packed(self._sizes)
        return copy

    @property
    def past(self) -> PastSizes:
        """The sizes of the last seconds, unpacked so that they can be written to."""
        self._past.unpack(self._sizes)
        return self._past

    def begin(self, second: int) -> None:
        """Start the history of past sizes at the present ones."""
        self._past.begin(second, self._sizes)

    def at(self, second: int) -> tuple[Ints, Floats] | None:
        """Prices (ticks) and sizes at the beginning of one of the last seconds; None if nothing has changed since."""
        return self._past.at(second, self._sizes)

    def replace(self, levels: Iterable[Level]) -> None:
        self._sizes = {price: size for price, size in levels if size > 0}
        self._ordered.clear()
        self._changed = set(self._sizes)
        self._best = self._find_best()

    def apply(self, levels: Iterable[Level]) -> None:
        """Set absolute sizes; 0 removes a level. Removing an unknown price is ignored."""
        sizes, changed, sign = self._sizes, self._changed, self._sign
        best = self._best
        for price, size in levels:
            if size:
                if price not in sizes:
                    changed.add(price)
                    if best is None or price * sign > best * sign:
                        best = price
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                changed.add(price)
                if price == best:
                    best = self._next_best(price)
        self._best = best

    @property
    def best(self) -> int | None:
        """Best price in ticks, None if the side is empty."""
        return self._best

    def size_at(self, price: int) -> float:
        """Resting size at a price, 0 without a level."""
        return self._sizes.get(price, 0.0)

    def levels(self) -> Iterator[Level]:
        """All levels, best first."""
        sizes = self._sizes
        ordered = self._in_order()
        for price in reversed(ordered) if self._sign > 0 else ordered:
            yield price, sizes[price]

    def top(self, count: int) -> list[Level]:
        """The best `count` levels, best first."""
        return list(islice(self.levels(), count))

    def best_levels(self, count: int) -> list[Level]:
        """`top` without updating the sorted prices: cheaper when called seldom."""
        sizes, best = self._sizes, self._best
        if best is None:
            return []
        found = list(islice(self._walk(best, best - self._sign * _FAR), count)) if len(sizes) > count else []
        if len(found) < count:
            found = [(price, sizes[price]) for price in sorted(sizes, reverse=self._sign > 0)[:count]]
        return found

    def within(self, limit: int) -> Iterator[Level]:
        """Levels from the best up to and including the price `limit`, best first."""
        best = self._best
        if best is None:
            return iter(())
        if abs(best - limit) <= _WALK_SHARE * len(self._sizes):
            return self._walk(best, limit)
        return self._ordered_within(limit)

    def _walk(self, best: int, limit: int) -> Iterator[Level]:
        """Probe every tick: cheaper than sorting while the book is dense."""
        sizes, sign = self._sizes, self._sign
        for price in range(best, limit - sign, -sign):
            if price in sizes:
                yield price, sizes[price]

    def _ordered_within(self, limit: int) -> Iterator[Level]:
        sizes, ordered = self._sizes, self._in_order()
        prices = ordered.irange(limit, None, reverse=True) if self._sign > 0 else ordered.irange(None, limit)
        for price in prices:
            yield price, sizes[price]

    def worst(self) -> int | None:
        """Price in ticks of the last visible level, None if the side is empty."""
        ordered = self._in_order()
        return (ordered[0] if self._sign > 0 else ordered[-1]) if ordered else None

    def _next_best(self, gone: int) -> int | None:
        """The best price after a removal: usually a few ticks away, while a scan of all levels costs 60 us."""
        sizes = self._sizes
        for price in range(gone - self._sign, gone - self._sign * _WALK, -self._sign):
            if price in sizes:
                return price
        return self._find_best()

    def _find_best(self) -> int | None:
        if not self._sizes:
            return None
        return max(self._sizes) if self._sign > 0 else min(self._sizes)

    def _in_order(self) -> SortedList[int]:
        if self._changed:
            self._reorder()
        return self._ordered

    def _reorder(self) -> None:
        if len(self._changed) * 4 > len(self._sizes):
            self._ordered = SortedList(self._sizes)
        else:
            for price in self._changed:
                self._move(price)
        self._changed.clear()

    def _move(self, price: int) -> None:
        known = price in self._ordered
        if price in self._sizes and not known:
            self._ordered.add(price)
        elif known and price not in self._sizes:
            self._ordered.remove(price)


class OrderBook:
    """Bids and asks of one market. `known` is False, and the book empty, before a snapshot and after a gap."""

    __slots__ = (
        *("_known_s", "_second", "_turned_s"),
        *("asks", "bids", "known", "lost_reason", "revision", "ts_venue_ns", "update_id"),
    )

    def __init__(self) -> None:
        self.bids = BookSide(+1)
        self.asks = BookSide(-1)
        self.known = False
        self.lost_reason = ""
        self.revision = 0
        self.update_id = 0
        self.ts_venue_ns = 0
        self._second = self._turned_s = self._known_s = 0

    def __deepcopy__(self, memo: dict[int, object]) -> OrderBook:
        copy = OrderBook()
        for name in ("_known_s", "_turned_s", "known", "lost_reason", "revision", "ts_venue_ns", "update_id"):
            setattr(copy, name, getattr(self, name))
        copy.bids, copy.asks = deepcopy(self.bids, memo), deepcopy(self.asks, memo)
        copy._second = -1
        return copy

    def replace(self, snapshot: BookSnapshot) -> None:
        second = snapshot.ts_recv_ns // SECOND_NS
        self._turn(second)
        fresh = not self.known
        for side, levels in ((self.bids, snapshot.bids), (self.asks, snapshot.asks)):
            if not fresh:
                side.past.note(self._second, levels, whole=True)
            side.replace(levels)
            if fresh:
                side.begin(self._second)
        self.known, self.lost_reason = True, ""
        self._moved(snapshot)

    def apply(self, delta: BookDelta) -> None:
        """Apply changes; ignored while the book is unknown."""
        if not self.known:
            return
        second = delta.ts_recv_ns // SECOND_NS
        if second > self._second:
            self._turn(second)
        for side, levels in ((self.bids, delta.bids), (self.asks, delta.asks)):
            if levels:
                side._past.note(self._second, levels)
                side.apply(levels)
        self._moved(delta)

    def lose(self, reason: str) -> None:
        """Clear the book until the next snapshot, for example after a gap."""
        for side in (self.bids, self.asks):
            side.replace(())
            side.begin(self._turned_s)
        self.known, self.lost_reason = False, reason
        self.revision += 1

    def knew(self, second: int) -> bool:
        """Whether the book has been known from the beginning of this second until now."""
        return self.known and self._known_s < second

    def _turn(self, second: int) -> None:
        """Begin a new second of receive time (in a copy, the first one). Ignores a clock that runs backwards."""
        self._second = self._turned_s = max(second, self._turned_s)
        if not self.known:
            self._known_s = self._second
            return
        for side in (self.bids, self.asks):
            side.past.advance(self._second - WINDOW_S)

    @property
    def crossed(self) -> bool:
        """Best bid at or above best ask: the book is inconsistent."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid >= ask

    def mid_ticks(self) -> float | None:
        """Mid price in ticks, None while a side is empty."""
        bid, ask = self.bids.best, self.asks.best
        return None if bid is None or ask is None else (bid + ask) / 2

    def weighted_mid_ticks(self) -> float | None:
        """(bid * ask size + ask * bid size) / (bid size + ask size), in ticks; None while a side is empty."""
        bid, ask = self.bids.best, self.asks.best
        if bid is None or ask is None:
            return None
        bid_size, ask_size = self.bids.size_at(bid), self.asks.size_at(ask)
        return (bid * ask_size + ask * bid_size) / (bid_size + ask_size)

    def depth_in_band(self, band: float, max_levels: int = 200) -> tuple[float, float, bool] | None:
        """Bid and ask size (base coin) within mid +- `band` (a fraction), at most `max_levels` a side, and whether the
        visible book reaches that far.

        None while a side is empty.
        """
        edges = self._edges(band)
        if edges is None:
            return None
        low, high = edges
        bid, ask = self._sums(low, high, max_levels)
        floor, ceiling = self.bids.worst(), self.asks.worst()
        reaches = floor is not None and ceiling is not None and floor * _HALF_PPB <= low and ceiling * _HALF_PPB >= high
        return bid, ask, reaches

    def imbalance(self, band: float, max_levels: int = 200) -> float | None:
        """OBI = (bid - ask) / (bid + ask) within the band, in [-1, 1] (Guide: Definitions); None without size there."""
        edges = self._edges(band)
        if edges is None:
            return None
        bid, ask = self._sums(*edges, max_levels)
        return (bid - ask) / (bid + ask) if bid + ask else None

    def edges(self, bands: Sequence[float]) -> list[tuple[int, int]] | None:
        """The last bid and ask price within mid +- each band, both in ticks, of bids negated; None while a side is
        empty.
        """
        if self.bids.best is None or self.asks.best is None:
            return None
        both, half = self.bids.best + self.asks.best, _HALF_PPB // 2
        widths = _widths(tuple(bands))
        return [(both * (half - width) // -_HALF_PPB, both * (half + width) // _HALF_PPB) for width in widths]

    def _edges(self, band: float) -> tuple[int, int] | None:
        bid, ask = self.bids.best, self.asks.best
        if bid is None or ask is None:
            return None
        width = round(band * _HALF_PPB / 2)
        return (bid + ask) * (_HALF_PPB // 2 - width), (bid + ask) * (_HALF_PPB // 2 + width)

    def _sums(self, low: int, high: int, max_levels: int) -> tuple[float, float]:
        bid = math.fsum(size for _, size in islice(self.bids.within(-(-low // _HALF_PPB)), max_levels))
        ask = math.fsum(size for _, size in islice(self.asks.within(high // _HALF_PPB), max_levels))
        return bid, ask

    def _moved(self, event: BookSnapshot | BookDelta) -> None:
        self.update_id = event.update_id
        self.ts_venue_ns = event.ts_venue_ns
        self.revision += 1


@cache
def _widths(bands: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(band * _HALF_PPB / 2) for band in bands)
