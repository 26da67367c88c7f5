"""Rate limits of a venue's REST calls and new sockets.

Arithmetic on seconds; the caller passes the time.
"""

RESERVE = 0.8  # the share of the venue's limit to use; other programs share the same IP address
CAREFUL_S = 60.0


class WeightBudget:
    """A token bucket that refills evenly, at half the rate for a minute after the venue's block has ended.

    A call passes when the bucket holds its weight; one heavier than the bucket passes when it is full.
    """

    def __init__(self, per_minute: float) -> None:
        self._capacity = per_minute * RESERVE / 6  # ten seconds' worth at once
        self._rate_s = per_minute * RESERVE / 60
        self._left = self._capacity
        self._at_s = 0.0
        self._blocked_until_s = -CAREFUL_S

    def wait_s(self, now_s: float, weight: float) -> float:
        """Seconds until a call of this weight may be sent; 0 deducts its weight."""
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
        """Send no calls for `for_s` seconds, as the venue asked."""
        self._blocked_until_s = max(self._blocked_until_s, now_s + for_s)
        self._left = min(self._left, 0.0)
        self._at_s = max(self._at_s, self._blocked_until_s)

    def blocked_s(self, now_s: float) -> float:
        """Seconds left of the venue's block; 0 without one."""
        return max(0.0, self._blocked_until_s - now_s)


class Turnstile:
    """Limits the new sockets of one venue: `burst` at once, then `per_s` a second."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._interval_s = 1.0 / per_s
        self._slack_s = (burst - 1) * self._interval_s
        self._due_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Reserve the next socket; returns the seconds until it may be opened."""
        due_s = max(self._due_s, now_s)
        self._due_s = due_s + self._interval_s
        return max(0.0, due_s - self._slack_s - now_s)

    def block(self, now_s: float, for_s: float) -> None:
        """Open no further sockets for `for_s` seconds, as the venue asked."""
        self._due_s = max(self._due_s, now_s + for_s + self._slack_s)
