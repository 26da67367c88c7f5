"""Joins a REST snapshot with a stream of diffs, and detects breaks of their id chain.

Only ids are checked here; the content of a diff is opaque. There are two rules, both Binance's:
futures chain by `pu == previous u`, spot by `U == previous u + 1` (feeds/venues/binance/README.md: Order book).
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

Content = TypeVar("Content")

BUFFER_LIMIT = 20_000


class Ids(NamedTuple):
    """A diff's first and last update id, and the last id of the previous diff (futures only)."""

    first: int
    last: int
    previous: int | None = None


class Place(Enum):
    """A diff's position after the applied ones: already applied, next, or after a gap."""

    OLD = "old"
    NEXT = "next"
    BEYOND = "beyond"


class ChainRule(NamedTuple):
    """A venue's sequence rule: `join` compares a diff with a snapshot's id, `follow` with the last diff's."""

    join: Callable[[int, Ids], Place]
    follow: Callable[[int, Ids], Place]


def _futures_join(snapshot: int, ids: Ids) -> Place:
    if ids.last < snapshot:
        return Place.OLD
    return Place.NEXT if ids.first <= snapshot or ids.previous == snapshot else Place.BEYOND


def _futures_follow(last: int, ids: Ids) -> Place:
    if ids.previous == last:
        return Place.NEXT
    return Place.OLD if ids.last <= last else Place.BEYOND


def _spot_place(last: int, ids: Ids) -> Place:
    if ids.last <= last:
        return Place.OLD
    return Place.NEXT if ids.first <= last + 1 else Place.BEYOND


FUTURES = ChainRule(join=_futures_join, follow=_futures_follow)
SPOT = ChainRule(join=_spot_place, follow=_spot_place)


class DepthJoiner(Generic[Content]):
    """One symbol's chain. Diffs are buffered until a snapshot joins; after it each is applied, ignored, or a gap."""

    def __init__(self, rule: ChainRule) -> None:
        self._rule = rule
        self._waiting: deque[tuple[Ids, Content]] = deque(maxlen=BUFFER_LIMIT)
        self._last: int | None = None
        self._chained = False

    @property
    def joined(self) -> bool:
        return self._last is not None

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def offer(self, ids: Ids, content: Content) -> Place | None:
        """Process a diff.

        Returns None if it is buffered until a snapshot joins, NEXT to apply it, OLD to ignore it, BEYOND if the chain
        broke; then this diff is buffered for the next snapshot.
        """
        if self._last is None:
            self._waiting.append((ids, content))
            return None
        judge = self._rule.follow if self._chained else self._rule.join
        place = judge(self._last, ids)
        if place is Place.NEXT:
            self._last, self._chained = ids.last, True
        elif place is Place.BEYOND:
            self.reset()
            self._waiting.append((ids, content))
        return place

    def join(self, snapshot_id: int) -> list[tuple[Ids, Content]] | None:
        """Join the buffered diffs to a snapshot.

        Returns the diffs to apply after it, or None when it is too old and must be fetched again.
        """
        newer = [item for item in self._waiting if self._rule.join(snapshot_id, item[0]) is not Place.OLD]
        last, chained = snapshot_id, False
        joined: list[tuple[Ids, Content]] = []
        for index, (ids, content) in enumerate(newer):
            place = (self._rule.follow if chained else self._rule.join)(last, ids)
            if place is Place.BEYOND:
                self._waiting = deque(newer[index:], maxlen=BUFFER_LIMIT)
                return None
            if place is Place.NEXT:
                joined.append((ids, content))
                last, chained = ids.last, True
        self._waiting.clear()
        self._last, self._chained = last, chained
        return joined

    def reset(self) -> None:
        """Drop the chain; diffs are buffered until the next snapshot."""
        self._waiting.clear()
        self._last, self._chained = None, False
