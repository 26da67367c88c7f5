"""A Hyperliquid coin's book from its two streams (README: Order book).

The book that is shown has the 20 levels of the slow stream (every 5 s), with its top taken from the fast one (5 levels
every 0.5 s) while that is newer: the touch must be fresh to trade by, and 5 levels alone are no ladder. Levels behind
the fast five may thus be up to 5 s old. The two are stored apart, so neither can push the other back in time.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from feeds.model.errors import ProtocolError
from feeds.model.events import Level
from feeds.pipeline.units import Units
from feeds.venues.hyperliquid.wire import BookData, LevelData

_FAST_LEVELS = 5


class Depth(NamedTuple):
    """A whole book, best levels first. `time` is the block's, ms."""

    time: int
    bids: list[Level]
    asks: list[Level]


class TwoBooks:
    """The newest frame of each stream."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._slow: Depth | None = None
        self._fast: Depth | None = None

    @property
    def known(self) -> bool:
        return self._slow is not None or self._fast is not None

    def receive(self, data: BookData) -> Depth | None:
        """The book after a frame; None after one that is older than the last of its stream. Raises ProtocolError."""
        last = self._fast if data.fast else self._slow
        if last is not None and data.time < last.time:
            return None
        if data.fast:
            self._fast = _depth(data, self._units)
        else:
            self._slow = _depth(data, self._units)
        slow, fast = self._slow, self._fast
        if slow is None or fast is None or fast.time <= slow.time:
            return slow or fast
        return Depth(fast.time, _refreshed(slow.bids, fast.bids, 1), _refreshed(slow.asks, fast.asks, -1))


def pairs(levels: Iterable[LevelData]) -> list[tuple[str, float]]:
    """Prices and sizes as `Units.levels` reads them."""
    return [(level.px, level.sz) for level in levels]


def _refreshed(slow: list[Level], fast: list[Level], sign: int) -> list[Level]:
    """The fast levels, and behind them the slow ones; where there are fewer than five fast ones, they are the side."""
    if len(fast) < _FAST_LEVELS:
        return fast
    worst = fast[-1][0] * sign
    return [*fast, *(level for level in slow if level[0] * sign < worst)]


def _depth(data: BookData, units: Units) -> Depth:
    bids, asks = (units.levels(pairs(side)) for side in data.levels)
    if any(a[0] <= b[0] for a, b in pairwise(bids)) or any(a[0] >= b[0] for a, b in pairwise(asks)):
        raise ProtocolError("Hyperliquid sent a book out of order", data.coin)
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise ProtocolError("Hyperliquid sent a crossed book", data.coin)
    return Depth(data.time, bids, asks)
