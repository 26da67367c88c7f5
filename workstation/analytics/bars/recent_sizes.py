"""Trades in a sliding window of venue time, packed in 24 bytes each, where a tuple of Python numbers takes 200."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import numpy as np

from workstation.readmodels.arrays import Floats, Ints

_SPENT = 4_096  # entries removed before their memory is released


class RecentSizes:
    """Sizes with a key each, sorted by venue time; they may be added in any order."""

    def __init__(self) -> None:
        self._ts, self._key, self._size = array("q"), array("q"), array("d")
        self._first = 0  # earlier entries have been removed

    def __len__(self) -> int:
        return len(self._ts) - self._first

    @property
    def allocated(self) -> int:
        """How many entries occupy memory, those already taken out included."""
        return len(self._ts)

    def add(self, ts_ns: int, key: int, size: float) -> None:
        """Add one; appending the newest is cheap."""
        if not len(self._ts) or ts_ns >= self._ts[-1]:
            self._ts.append(ts_ns)
            self._key.append(key)
            self._size.append(size)
            return
        at = bisect_right(self._ts, ts_ns, self._first)
        self._ts.insert(at, ts_ns)
        self._key.insert(at, key)
        self._size.insert(at, size)

    def extend(self, ts: Ints, key: Ints, size: Floats) -> None:
        """Add many, in any order."""
        live = slice(self._first, None)
        times = np.concatenate((np.array(self._ts[live], np.int64), ts))
        order = np.argsort(times, kind="stable")
        keys = np.concatenate((np.array(self._key[live], np.int64), key))[order]
        sizes = np.concatenate((np.array(self._size[live], np.float64), size))[order]
        self._ts, self._key = array("q", times[order].tobytes()), array("q", keys.tobytes())
        self._size, self._first = array("d", sizes.tobytes()), 0

    def take_before(self, limit_ns: int) -> Iterable[tuple[int, float]]:
        """Remove entries before `limit_ns` (venue time) and return their keys and sizes."""
        first = self._first
        if first == len(self._ts) or self._ts[first] >= limit_ns:
            return ()
        end = self._first = bisect_left(self._ts, limit_ns, first)
        gone = zip(self._key[first:end], self._size[first:end], strict=True)
        if end >= _SPENT and 2 * end >= len(self._ts):
            del self._ts[:end], self._key[:end], self._size[:end]
            self._first = 0
        return gone
