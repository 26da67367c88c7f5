"""Which of the newest ids were seen before, where a venue repeats itself without numbers."""

from __future__ import annotations

from collections.abc import Hashable


class RecentIds:
    """The last ids, between `limit` of them and twice as many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._young: dict[Hashable, None] = {}
        self._old: dict[Hashable, None] = {}

    def __deepcopy__(self, memo: object) -> RecentIds:
        copy = RecentIds(self._limit)
        copy._young, copy._old = self._young.copy(), self._old
        return copy

    def is_new(self, one: Hashable) -> bool:
        """Whether the id was not seen before; it is from now on."""
        if one in self._young or one in self._old:
            return False
        if len(self._young) >= self._limit:
            self._young, self._old = {}, self._young
        self._young[one] = None
        return True
