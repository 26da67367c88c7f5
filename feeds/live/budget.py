"""How many REST calls and new sockets a venue allows, and when it told us to wait.

Arithmetic on seconds, no clock.
"""

from __future__ import annotations

RESERVE = 0.8  # of the venue's limit: others behind the same address need some too
CAREFUL_S = 60.0


class WeightBudget:
    """A bucket that refills evenly, and half as fast for a minute after the venue has said to wait.

    Calls are let through while it holds enough; a call heavier than it goes when full.
    """

    def __init__(self, per_minute: float) -> None:
        self._capacity = per_minute * RESERVE / 6  # ten seconds' worth at once
        self._rate_s = per_minute * RESERVE / 60
        self._left = self._capacity
        self._at_s = 0.0
        self._blocked_until_s = -CAREFUL_S

    def wait_s(self, now_s: float, weight: float) -> float:
        """Seconds until a call of this weight may go; 0 takes its weight."""
        if now_s < self._blocked_until_s:
            return self._blocked_until_s - now_s
        rate_s = self._rate_s / 2 if now_s < self._blocked_until_s + CAREFUL_S else self._rate_s
        self._left = min(self._capacity, self._left + (now_s - self._at_s) * rate_s)
        self._at_s = now_s
        needed = min(weight, self._capacity)
        if self._left >= needed:
            self._left -= weight
            return 0.0
        return (needed - self._left) / rate_s

    def block(self, now_s: float, for_s: float) -> None:
        """The venue said to stay away for this long."""
        self._blocked_until_s = max(self._blocked_until_s, now_s + for_s)
        self._left = min(self._left, 0.0)
        self._at_s = max(self._at_s, self._blocked_until_s)

    def blocked_s(self, now_s: float) -> float:
        """Seconds of a block that are left."""
        return max(0.0, self._blocked_until_s - now_s)


class Turnstile:
    """New sockets of one venue: `burst` of them at once, then `per_s` a second."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._interval_s = 1.0 / per_s
        self._slack_s = (burst - 1) * self._interval_s
        self._due_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next socket may be opened; its turn is taken."""
        due_s = max(self._due_s, now_s)
        self._due_s = due_s + self._interval_s
        return max(0.0, due_s - self._slack_s - now_s)
