"""A venue's clock as its dated messages show it, because ours may be minutes off."""

from collections import deque
from statistics import median_low

_SAMPLES = 31


class VenueClock:
    """Our clock minus the venue's, latency included: the median of the newest dated messages of one connection.

    The median, so that one odd date counts for nothing. All times are ns since the epoch.
    """

    def __init__(self) -> None:
        self._ahead: deque[int] = deque(maxlen=_SAMPLES)

    @property
    def is_known(self) -> bool:
        """Whether a dated message was received."""
        return bool(self._ahead)

    def see(self, ts_venue_ns: int, now_ns: int) -> None:
        """Note a message that the venue dates when it sends it."""
        self._ahead.append(now_ns - ts_venue_ns)

    def at(self, now_ns: int) -> int | None:
        """The venue's time at a moment of ours; None while unknown."""
        return now_ns - median_low(self._ahead) if self._ahead else None
