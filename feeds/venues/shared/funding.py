"""How long a funding period is."""

from math import gcd

from feeds.venues.shared.numbers import HOUR

_LONGEST_NS = 24 * HOUR
_EARLY_NS = HOUR // 60  # this near before its end a period counts as ended: venues move the due time by their own clock


class FundingPeriod:
    """The funding interval of one market: as the venue last published it, or by its due times where they moved since.

    A venue's table of intervals is polled, up to a day late; the due time comes with every mark.
    """

    def __init__(self) -> None:
        self._due_ns: int | None = None
        self._published_ns: int | None = None
        self._interval_ns: int | None = None

    def interval_ns(self, due_ns: int | None, ts_ns: int, published_ns: int | None = None) -> int | None:
        """The interval of the period that ends at `due_ns`, as known at venue time `ts_ns`; None where it is not."""
        if due_ns and self._due_ns and due_ns != self._due_ns:
            self._interval_ns = self._measured_ns(self._due_ns, due_ns, ts_ns) or self._interval_ns
        if published_ns != self._published_ns:
            self._published_ns, self._interval_ns = published_ns, published_ns or self._interval_ns
        self._due_ns = due_ns or self._due_ns
        return self._interval_ns

    def _measured_ns(self, before_ns: int, due_ns: int, ts_ns: int) -> int | None:
        """None where periods may have been missed in between, or where the length is none of a funding period."""
        usual_ns = self._interval_ns
        if before_ns - _EARLY_NS <= ts_ns < before_ns + HOUR:
            length_ns = due_ns - before_ns
        elif ts_ns < before_ns and usual_ns:
            length_ns = due_ns - (before_ns - usual_ns)
            length_ns = gcd(length_ns, usual_ns) if due_ns < before_ns else length_ns
        else:
            return None
        return length_ns if 0 < length_ns <= _LONGEST_NS else None
