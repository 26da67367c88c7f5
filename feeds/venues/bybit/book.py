"""What Bybit's `u` and a crossed touch can prove of a book, and no more (README: Order book).

Updates carry one growing number and absolute sizes. A repeated, late or reordered update shows as a number that does
not grow, and ends the book. A lost update shows as a jump at most, which the venue does not forbid: jumps are counted,
the update is applied, and a fresh snapshot is due, once a minute for the jump alone (observed streams have none) and
whenever the best prices of that moment then stay for five seconds. A book that stays crossed for a second is wrong,
whatever its numbers are.
"""

from collections.abc import Sequence

from feeds.model.events import Level
from feeds.venues.shared.limits import Limits
from feeds.venues.shared.numbers import SECOND

_DOUBT_NS = 60 * SECOND


class _Prices:
    """The prices of one side, times `sign`, so that the best is the largest. Sizes are the engine's."""

    __slots__ = ("_all", "_sign", "best")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._all: set[int] = set()
        self.best: int | None = None

    def apply(self, levels: Sequence[Level]) -> None:
        sign, prices, best = self._sign, self._all, self.best
        for price, size in levels:
            key = price * sign
            if not size:
                prices.discard(key)
            else:
                prices.add(key)
                if best is None or key > best:
                    best = key
        self.best = best if best in prices else max(prices, default=None)

    def replace(self, levels: Sequence[Level]) -> None:
        self._all, self.best = set(), None
        self.apply(levels)


class BookChain:
    """One symbol's book between two snapshots. `jumps` counts updates whose `u` skipped numbers."""

    def __init__(self, limits: Limits) -> None:
        self.known = False
        self.jumps = 0
        self._limits = limits
        self._last = 0
        self._bids, self._asks = _Prices(+1), _Prices(-1)
        self._crossed_ns: int | None = None
        self._suspect: tuple[int | None, int | None, int] | None = None
        self._doubted_ns: int | None = None

    def replace(self, update_id: int, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Take a whole book; any earlier one is forgotten, whatever its number."""
        self.known, self._last = True, update_id
        self._crossed_ns = self._suspect = None
        self._bids.replace(bids)
        self._asks.replace(asks)

    def follow(self, update_id: int, bids: Sequence[Level], asks: Sequence[Level], now_ns: int) -> str:
        """Take an update of a known book. Returns why the book is lost, or nothing."""
        last, self._last = self._last, update_id
        if update_id == 1 or update_id <= last:
            return self.lose(f"update {update_id} does not follow {last}")
        if update_id != last + 1:
            self.jumps += 1
            self._suspect = self._suspect or (self._bids.best, self._asks.best, now_ns)
        self._bids.apply(bids)
        self._asks.apply(asks)
        return self._watch_touch(now_ns)

    def lose(self, reason: str) -> str:
        """Know nothing until the next snapshot; returns the reason."""
        self.known = False
        return reason

    def is_doubtful(self, now_ns: int) -> bool:
        """Whether a jump calls for a fresh snapshot; asked with each update, and answered once."""
        if self._suspect is None:
            return False
        bid, ask, since_ns = self._suspect
        if self._doubted_ns is None or now_ns - self._doubted_ns >= _DOUBT_NS:
            self._doubted_ns, self._suspect = now_ns, None
            return True
        if bid != self._bids.best and ask != self._asks.best:
            self._suspect = None
        elif now_ns - since_ns > self._limits.same_best_ns:
            self._suspect = None
            return True
        return False

    def _watch_touch(self, now_ns: int) -> str:
        bid, ask = self._bids.best, self._asks.best
        if bid is None or ask is None or bid < -ask:
            self._crossed_ns = None
        elif self._crossed_ns is None:
            self._crossed_ns = now_ns
        elif now_ns - self._crossed_ns > self._limits.crossed_ns:
            return self.lose("crossed for more than a second")
        return ""
