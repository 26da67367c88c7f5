"""Book sizes and fills of the last seconds: the input of pulled and stacked size.

A message costs one comparison and two references; once a second the sizes of five seconds ago are updated in bulk.
Everything else is computed on request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

import numpy as np

from feeds.model.events import Level
from workstation.readmodels.arrays import Floats, Ints

SECOND_NS = 1_000_000_000
WINDOW_S = 5
_MANY = 6_000  # levels, removed ones included, above which removed ones are dropped


class PastSizes:
    """One side of a book at the beginning of the second five seconds ago, and the changes since then.

    A packed copy stores only past sizes that differ from the present ones; it is unpacked on first use.
    """

    __slots__ = ("_columns_cache", "_log", "_packed", "_past", "_second", "_sweep_above")

    def __init__(self) -> None:
        self._second = 0  # `_past` is as of its beginning
        self._past: dict[int, float] = {}
        self._log: deque[tuple[int, Sequence[Level], bool]] = deque()  # second, levels, whether they replace all
        self._packed: dict[int, float] | None = None
        self._columns_cache: tuple[Ints, Floats] | None = None
        self._sweep_above = _MANY

    def packed(self, present: dict[int, float]) -> PastSizes:
        """An independent copy for a side with the sizes `present`."""
        copy = PastSizes()
        copy._second, copy._log, copy._packed = self._second, self._log.copy(), self._packed
        if self._packed is None and any(whole for _, _, whole in self._log):
            copy._past = self._past.copy()
        elif self._packed is None:
            touched = {price for _, levels, _ in self._log for price, _ in levels}
            copy._packed = {price: self._past.get(price, 0.0) for price in touched}
        return copy

    def unpack(self, present: dict[int, float]) -> None:
        """Rebuild past sizes; must be called before `present` first changes after `packed`."""
        if self._packed is not None:
            self._past = present | self._packed
            self._packed = None

    def begin(self, second: int, present: dict[int, float]) -> None:
        self._log.clear()
        self._second, self._past, self._packed, self._columns_cache = second, present.copy(), None, None

    def note(self, second: int, levels: Sequence[Level], *, whole: bool = False) -> None:
        """Record levels before they are applied in this second; `whole` ones replace all."""
        self._log.append((second, levels, whole))

    def advance(self, second: int) -> None:
        """Drop the state before the beginning of this second."""
        log, past = self._log, self._past
        if second <= self._second:
            return
        self._second, self._columns_cache = second, None
        while log and log[0][0] < second:
            _, levels, whole = log.popleft()
            if whole:
                past = self._past = {}
            past.update(levels)
        if len(past) > self._sweep_above:
            self._past = {price: size for price, size in past.items() if size}
            self._sweep_above = max(_MANY, 2 * len(self._past))

    def at(self, second: int, present: dict[int, float]) -> tuple[Ints, Floats] | None:
        """Prices in ticks (sorted) and sizes at the beginning of a second; None if nothing has changed since then."""
        self.unpack(present)
        self.advance(second)
        if not self._log:
            return None
        if self._columns_cache is None:
            self._columns_cache = _columns(self._past.keys(), self._past.values())
        return self._columns_cache


class Fills:
    """Taker trades of the last seconds of receive time: price in ticks, size (base coin), whether bids were hit."""

    def __init__(self) -> None:
        self._rows: deque[tuple[int, int, float, bool]] = deque()

    def __deepcopy__(self, memo: object) -> Fills:
        copy = Fills()
        copy._rows = self._rows.copy()
        return copy

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, ts_recv_ns: int, ticks: int, size: float, hit_bid: bool) -> None:
        """Append a trade and drop those older than the window."""
        rows, second = self._rows, ts_recv_ns // SECOND_NS
        rows.append((second, ticks, size, hit_bid))
        while rows[0][0] < second - WINDOW_S:
            rows.popleft()

    def since(self, second: int, *, bids: bool) -> tuple[Ints, Floats]:
        """Prices (ticks) and sizes filled on one side since the beginning of a second."""
        chosen = [(ticks, size) for at, ticks, size, hit_bid in self._rows if at >= second and hit_bid == bids]
        return _columns([ticks for ticks, _ in chosen], [size for _, size in chosen])

    def at_price(self, second: int, ticks: int, *, bids: bool) -> float:
        """Size filled at one price since the beginning of a second."""
        prices, sizes = self.since(second, bids=bids)
        return float(sizes[prices == ticks].sum())


def _columns(prices: Collection[int], sizes: Collection[float]) -> tuple[Ints, Floats]:
    """Prices and sizes sorted by price: sums do not depend on the order of arrival."""
    ticks, size = np.fromiter(prices, np.int64, len(prices)), np.fromiter(sizes, np.float64, len(sizes))
    order = np.lexsort((size, ticks))
    return ticks[order], size[order]
