"""Joining a REST snapshot with a stream of diffs, and noticing when the chain breaks.

Only the ids are judged here; what a diff contains is the caller's. Two venues' rules exist so far, both Binance's:
futures chain by `pu == previous u`, spot by `U == previous u + 1` (feeds/venues/binance/README.md: Order book).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

Content = TypeVar("Content")

BUFFER_LIMIT = 20_000


class Ids(NamedTuple):
    """A diff's place in the sequence: first and last update id, and the last id of the diff before (futures only)."""

    first: int
    last: int
    previous: int | None = None


class Place(Enum):
    """Where a diff stands against what is already applied."""

    OLD = "old"
    NEXT = "next"
    BEYOND = "beyond"


class ChainRule(NamedTuple):
    """How a venue says that diffs follow each other.

    `join` against a snapshot's id, `follow` against the last diff's.
    """

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
    """One symbol's chain. Before the join diffs are kept; after it each is applied, ignored or ends the chain."""

    def __init__(self, rule: ChainRule) -> None:
        self._rule = rule
        self._waiting: deque[tuple[Ids, Content]] = deque(maxlen=BUFFER_LIMIT)
        self._last: int | None = None
        self._chained = False

    @property
    def joined(self) -> bool:
        """Whether the book is known."""
        return self._last is not None

    def offer(self, ids: Ids, content: Content) -> Place | None:
        """Take a diff.

        None: kept until a snapshot joins. NEXT: apply it now. BEYOND: the chain broke and this diff is kept.
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
        """Join the kept diffs to a snapshot.

        Those to apply after it, or None when it is too old and must be fetched again.
        """
        kept = [item for item in self._waiting if self._rule.join(snapshot_id, item[0]) is not Place.OLD]
        last, chained = snapshot_id, False
        joined: list[tuple[Ids, Content]] = []
        for index, (ids, content) in enumerate(kept):
            place = (self._rule.follow if chained else self._rule.join)(last, ids)
            if place is Place.BEYOND:
                self._waiting = deque(kept[index:], maxlen=BUFFER_LIMIT)
                return None
            if place is Place.NEXT:
                joined.append((ids, content))
                last, chained = ids.last, True
        self._waiting.clear()
        self._last, self._chained = last, chained
        return joined

    def reset(self) -> None:
        """Forget the chain; the next diffs are kept for the next snapshot."""
        self._waiting.clear()
        self._last, self._chained = None, False
