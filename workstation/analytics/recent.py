"""What a book was in the last seconds and what was traded there: the memory behind pulled and stacked size.

It costs a message one comparison: at the first event of a second of receive time the sizes are copied as they stood
before it. Everything else is done when somebody looks.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from workstation.readmodels import Floats, Ints

SECOND_NS = 1_000_000_000
WINDOW_S = 5
_NO_LEVELS: tuple[Ints, Floats] = (np.empty(0, np.int64), np.empty(0))


class PastSizes:
    """One side of a book at the beginning of each of the last seconds in which it may have changed.

    In a checkpoint the copies shrink to what differs from the present sizes, and grow again when the copy is used.
    """

    __slots__ = ("_packed", "_seconds", "_sizes", "_told")

    def __init__(self) -> None:
        self._seconds: deque[int] = deque()
        self._sizes: deque[dict[int, float]] = deque()
        self._packed: tuple[dict[int, float], ...] = ()
        self._told: dict[int, tuple[Ints, Floats]] = {}  # by second, for whoever looks again

    def packed(self, present: dict[int, float]) -> PastSizes:
        """An independent memory in the same state, beside an equal `present`."""
        copy = PastSizes()
        copy._seconds = self._seconds.copy()
        copy._packed = self._packed or tuple(_difference(past, present) for past in self._sizes)
        return copy

    def unpack(self, present: dict[int, float]) -> None:
        """Call this before `present` changes for the first time after `packed`."""
        for difference in self._packed:
            past = present | difference
            for price in [price for price, size in difference.items() if not size]:
                del past[price]
            self._sizes.append(past)
        self._packed = ()

    def remember(self, second: int, present: dict[int, float]) -> None:
        """`present` is how this second begins; it is kept, so nobody may change it from now on."""
        self._seconds.append(second)
        self._sizes.append(present)
        while self._seconds[0] < second - WINDOW_S:
            self._told.pop(self._seconds.popleft(), None)
            self._sizes.popleft()

    def forget(self) -> None:
        """The book was lost."""
        self._seconds.clear()
        self._sizes.clear()
        self._told.clear()
        self._packed = ()

    def at(self, second: int, present: dict[int, float]) -> tuple[Ints, Floats] | None:
        """Prices in ticks and sizes at the beginning of a second; None if nothing can have changed since then."""
        found = next((at for at, kept in enumerate(self._seconds) if kept >= second), None)
        if found is None:
            return None
        self.unpack(present)
        kept = self._seconds[found]
        if kept not in self._told:
            sizes = self._sizes[found]
            self._told[kept] = _columns(sizes) if sizes else _NO_LEVELS
        return self._told[kept]


class Fills:
    """What takers traded in the last seconds of receive time: price in ticks, size, and whether bids were hit."""

    def __init__(self) -> None:
        self._rows: deque[tuple[int, int, float, bool]] = deque()

    def __deepcopy__(self, memo: object) -> Fills:
        copy = Fills()
        copy._rows = self._rows.copy()
        return copy

    def add(self, ts_recv_ns: int, ticks: int, size: float, hit_bid: bool) -> None:
        """Count a trade; those too old to be asked for are dropped."""
        rows, second = self._rows, ts_recv_ns // SECOND_NS
        rows.append((second, ticks, size, hit_bid))
        while rows[0][0] < second - WINDOW_S:
            rows.popleft()

    def since(self, second: int, *, bids: bool) -> tuple[Ints, Floats]:
        """Prices and sizes of what was filled on one side since the beginning of a second."""
        chosen = [(ticks, size) for at, ticks, size, hit_bid in self._rows if at >= second and hit_bid == bids]
        return _columns(chosen) if chosen else _NO_LEVELS

    def at_price(self, second: int, ticks: int, *, bids: bool) -> float:
        """What was filled at one price since the beginning of a second."""
        prices, sizes = self.since(second, bids=bids)
        return float(sizes[prices == ticks].sum())


def _columns(levels: dict[int, float] | list[tuple[int, float]]) -> tuple[Ints, Floats]:
    if isinstance(levels, dict):
        return np.fromiter(levels.keys(), np.int64, len(levels)), np.fromiter(levels.values(), np.float64, len(levels))
    prices, sizes = zip(*levels, strict=True)
    return np.array(prices, np.int64), np.array(sizes)


def _difference(past: dict[int, float], present: dict[int, float]) -> dict[int, float]:
    """What has to be written over `present` to have `past`; 0 takes a level away."""
    changed = {price: size for price, size in past.items() if present.get(price) != size}
    changed.update(dict.fromkeys(present.keys() - past.keys(), 0.0))
    return changed
