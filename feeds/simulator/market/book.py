"""A simulated order book: integer lots by integer tick, never crossed, every change numbered.

It collects the prices changed since `take_changes`. Sides are those of the resting order: BUY is the bid side.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from feeds.model.events import Side
from feeds.simulator.market.facts import Lots

_WALK_TICKS = 2_000


class HalfBook:
    """One side of a book; never empty. `sign` is +1 for bids (higher is better) and -1 for asks."""

    __slots__ = ("best", "changed", "levels", "sign")

    def __init__(self, sign: int, price: int, lots: int) -> None:
        self.sign = sign
        self.levels: dict[int, int] = {price: lots}
        self.best = price
        self.changed: set[int] = {price}

    def put(self, price: int, lots: int) -> None:
        """Set a level to an absolute size; 0 removes it."""
        self.changed.add(price)
        if lots:
            self.levels[price] = lots
            if (price - self.best) * self.sign > 0:
                self.best = price
        elif self.levels.pop(price, 0) and price == self.best:
            self.best = self._next_best(price)

    def refine(self, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        self.levels = {price * factor: lots for price, lots in self.levels.items()}
        self.changed = {price * factor for price in self.changed}
        self.best *= factor

    def _next_best(self, price: int) -> int:
        step = -self.sign
        for candidate in range(price + step, price + step * _WALK_TICKS, step):
            if candidate in self.levels:
                return candidate
        return max(self.levels) if self.sign > 0 else min(self.levels)

    def top(self, count: int | None = None) -> list[Lots]:
        """The best `count` levels (all when None), best first."""
        if count is None or count * 4 > len(self.levels):
            return sorted(self.levels.items(), reverse=self.sign > 0)[:count]
        pick = heapq.nlargest if self.sign > 0 else heapq.nsmallest
        return pick(count, self.levels.items())


class Book:
    """Both sides of a book. `step` draws the increment to the next update id, at least 1."""

    def __init__(self, bid: Lots, ask: Lots, update_id: int, step: Callable[[], int]) -> None:
        self.bids = HalfBook(1, *bid)
        self.asks = HalfBook(-1, *ask)
        self.update_id = update_id
        self.first_changed_id = update_id
        self._step = step

    def copy(self) -> Book:
        book = Book((self.bids.best, 1), (self.asks.best, 1), self.update_id, self._step)
        book.bids.levels, book.asks.levels = dict(self.bids.levels), dict(self.asks.levels)
        return book

    def refine(self, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        self.bids.refine(factor)
        self.asks.refine(factor)

    def half(self, side: Side) -> HalfBook:
        return self.bids if side is Side.BUY else self.asks

    def other(self, side: Side) -> HalfBook:
        """The resting side that a taker of `side` trades against."""
        return self.asks if side is Side.BUY else self.bids

    def touch(self) -> tuple[Lots, Lots]:
        """Best bid and best ask with their sizes."""
        bid, ask = self.bids.best, self.asks.best
        return (bid, self.bids.levels[bid]), (ask, self.asks.levels[ask])

    def put(self, side: Side, price: int, lots: int) -> bool:
        """Set a level to an absolute size. Returns False and does nothing if it would cross or empty a side."""
        half, other = self.half(side), self.other(side)
        if half.levels.get(price, 0) == lots or (lots and (price - other.best) * half.sign >= 0):
            return False
        if not lots and len(half.levels) == 1:
            return False
        self._put(half, price, lots)
        return True

    def _put(self, half: HalfBook, price: int, lots: int) -> None:
        self.update_id += self._step()
        if not (self.bids.changed or self.asks.changed):
            self.first_changed_id = self.update_id
        half.put(price, lots)

    def take(self, side: Side, lots: int, limit: int) -> list[Lots]:
        """Match a taker of `side` up to `limit` ticks. Returns one fill per level; one lot always remains resting."""
        half, fills = self.other(side), []
        while lots > 0 and (half.best - limit) * half.sign >= 0:
            price, resting = half.best, half.levels[half.best]
            filled = min(lots, resting - 1 if len(half.levels) == 1 else resting)
            if not filled:
                break
            self._put(half, price, resting - filled)
            fills.append((price, filled))
            lots -= filled
        return fills

    def take_changes(self) -> tuple[set[int], set[int]]:
        """Return and clear the bid and ask prices changed since the last call."""
        changed = self.bids.changed, self.asks.changed
        self.bids.changed, self.asks.changed = set(), set()
        return changed
