"""How many REST calls a venue allows, as weight a minute, and when it told us to wait.

Arithmetic on seconds, no clock.
"""

from __future__ import annotations

RESERVE = 0.8  # of the venue's limit: others behind the same address need some too


class WeightBudget:
    """A bucket that refills evenly.

    Calls are let through while it holds enough; a call heavier than it goes when full.
    """

    def __init__(self, per_minute: float) -> None:
        self._capacity = per_minute * RESERVE / 6  # ten seconds' worth at once
        self._rate_s = per_minute * RESERVE / 60
        self._left = self._capacity
        self._at_s = 0.0
        self._blocked_until_s = 0.0

    def wait_s(self, now_s: float, weight: float) -> float:
        """Seconds until a call of this weight may go; 0 takes its weight."""
        if now_s < self._blocked_until_s:
            return self._blocked_until_s - now_s
        self._left = min(self._capacity, self._left + (now_s - self._at_s) * self._rate_s)
        self._at_s = now_s
        needed = min(weight, self._capacity)
        if self._left >= needed:
            self._left -= weight
            return 0.0
        return (needed - self._left) / self._rate_s

    def block(self, now_s: float, for_s: float) -> None:
        """The venue said to stay away for this long."""
        self._blocked_until_s = max(self._blocked_until_s, now_s + for_s)

    def blocked_s(self, now_s: float) -> float:
        """Seconds of a block that are left."""
        return max(0.0, self._blocked_until_s - now_s)
