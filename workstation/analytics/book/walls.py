"""Pulled walls: large resting sizes that disappeared without being traded before price reached them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from workstation.analytics.book.book import OrderBook
from workstation.analytics.book.recent import Fills
from workstation.analytics.book.sampled_levels import LEVELS, SampledLevels, SideLevels
from workstation.readmodels.flow.ladder import WallRule

_RETAINED = 100
_LEAST_LEVELS = 40  # too few for a median below; Hyperliquid publishes 20


class Wall(NamedTuple):
    """A wall: its largest size (base coin) and the second in which it was first seen."""

    size: float
    since_s: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """A pulled wall: price in ticks, size (base coin), the second of its removal and its lifetime in seconds."""

    bid: bool
    ticks: int
    size: float
    at_s: int
    stood_s: int


class Walls:
    """The walls of one market, checked once a second; `pulled` are the newest pulled ones, oldest first."""

    def __init__(self, rule: WallRule = WallRule()) -> None:
        self.rule = rule
        self.pulled: deque[Pulled] = deque(maxlen=_RETAINED)
        self._standing: dict[tuple[bool, int], Wall] = {}

    def __deepcopy__(self, memo: object) -> Walls:
        copy = Walls(self.rule)
        copy.pulled, copy._standing = self.pulled.copy(), self._standing.copy()
        return copy

    def look(self, second: int, book: OrderBook, levels: SampledLevels, fills: Fills) -> None:
        """Update from the best bids and asks at the beginning of a second in which the book has changed."""
        if not book.known:
            self._standing.clear()
            return
        for (bid, ticks), wall in list(self._standing.items()):
            side = book.bids if bid else book.asks
            if side.size_at(ticks) <= self.rule.gone * wall.size:
                del self._standing[bid, ticks]
                if second - wall.since_s >= self.rule.stood_s and self._was_pulled(
                    second, book, fills, bid, ticks, wall
                ):
                    self.pulled.append(Pulled(bid, ticks, wall.size, second, second - wall.since_s))
        for bid, side_levels in zip((True, False), levels.sides, strict=True):
            self._find(second, bid, side_levels)

    def forget(self) -> None:
        """Clear everything, because ticks now mean other prices."""
        self.pulled.clear()
        self._standing.clear()

    def _was_pulled(self, second: int, book: OrderBook, fills: Fills, bid: bool, ticks: int, wall: Wall) -> bool:
        best = book.bids.best if bid else book.asks.best
        if best is None or (best - ticks if bid else ticks - best) <= self.rule.away_ticks:
            return False
        return fills.at_price(second - 2, ticks, bids=bid) <= self.rule.filled * wall.size

    def _find(self, second: int, bid: bool, levels: SideLevels) -> None:
        sizes = levels.sizes[:LEVELS]
        if len(sizes) < _LEAST_LEVELS:
            return
        largest, least = max(sizes), self.rule.share * math.fsum(sizes)
        if largest < least:
            return
        least = max(least, self.rule.multiple * sorted(sizes)[len(sizes) // 2])
        if largest < least:
            return
        for key, size in zip(levels.keys, sizes, strict=False):
            if size >= least and key - levels.keys[0] > self.rule.away_ticks:
                ticks = -key if bid else key
                before = self._standing.get((bid, ticks))
                self._standing[bid, ticks] = (
                    Wall(size, second) if before is None else Wall(max(size, before.size), before.since_s)
                )
