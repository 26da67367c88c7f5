"""Changes of open interest and liquidations by bar, at venue time."""

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

import numpy as np

from workstation.analytics.store.column_store import ColumnStore
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.store.events import (
    Liquidations,
    LiquidationStore,
    OpenInterestChanges,
    OpenInterestStore,
)
from workstation.readmodels.arrays import Floats, Ints, frozen

C = TypeVar("C", OpenInterestChanges, Liquidations)


class _OnBars(Generic[C]):
    """Sums (sums, bars) over the events of a store, added in store order. `start_ns` are the starts of the bars."""

    def __init__(self, markets: Collection[int], sums: int, addends: Callable[[C], Floats]) -> None:
        self._markets = list(markets)
        self._addends: Callable[[C], Floats] = addends  # (sums, events)
        self._position = self._dropped = 0
        self.start_ns: Ints = np.empty(0, np.int64)
        self.sums: Floats = np.zeros((sums, 0))

    def update(self, store: ColumnStore[C], start_ns: Ints, bar_ns: int | None) -> None:
        """Count new events; new bars and the last one before them are counted from the start."""
        position, dropped = store.total, store.dropped_count
        known = self._move_to(start_ns) if dropped == self._dropped else self._begin(start_ns)
        edge_ns = int(start_ns[known]) if known < len(start_ns) else FOREVER_NS
        for part in store.after(self._position):
            self._count(part.where(part.ts < edge_ns), bar_ns)
        for part in store.between(edge_ns, FOREVER_NS):
            self._count(part, bar_ns)
        self._position, self._dropped = position, dropped

    def _begin(self, start_ns: Ints) -> int:
        self.start_ns, self.sums = start_ns, np.zeros((len(self.sums), len(start_ns)))
        return 0

    def _move_to(self, start_ns: Ints) -> int:
        """Change to other bars; returns how many of the first ones retain their sums."""
        old = self.start_ns
        gone = int(np.searchsorted(old, start_ns[0])) if len(start_ns) else len(old)
        same = min(len(old) - gone, len(start_ns))
        if not np.array_equal(old[gone : gone + same], start_ns[:same]) or not same:
            return self._begin(start_ns)
        known = same if same == len(start_ns) == len(old) - gone else same - 1
        sums = np.zeros((len(self.sums), len(start_ns)))
        sums[:, :known] = self.sums[:, gone : gone + known]
        self.start_ns, self.sums = start_ns, sums
        return known

    def _count(self, events: C, bar_ns: int | None) -> None:
        events = events.where(np.isin(events.market, self._markets))
        at = np.searchsorted(self.start_ns, events.ts, "right") - 1
        inside = at >= 0
        if bar_ns is not None and len(self.start_ns):
            inside &= events.ts < self.start_ns[at] + bar_ns
        for total, addend in zip(self.sums, self._addends(events), strict=True):
            np.add.at(total, at[inside], addend[inside])


class Flows:
    """Flows of some markets on the bars of one chart, updated incrementally."""

    def __init__(self, markets: Collection[int]) -> None:
        self._markets = list(markets)
        self._revision = -1
        self._changes = _OnBars(self._markets, 2, _changes)
        self._liquidations = _OnBars(self._markets, 2, _by_position)
        self._columns: tuple[Floats, Floats, Floats] = (np.empty(0), np.empty(0), np.empty(0))

    def columns(
        self,
        stores: tuple[OpenInterestStore, LiquidationStore],
        revision: int,
        since_ns: int,
        start_ns: Ints,
        bar_ns: int | None,
    ) -> tuple[Floats, Floats, Floats]:
        """Change of open interest (base coin), longs and shorts liquidated (quote) by bar; NaN where unknown.

        With `bar_ns` a bar covers that time, else the time to the start of the next. Changes are unknown where none was
        published, liquidations before `since_ns` (venue time) or the oldest one stored.
        """
        if revision != self._revision or not np.array_equal(start_ns, self._changes.start_ns):
            self._revision, start_ns = revision, start_ns.copy()
            self._changes.update(stores[0], start_ns, bar_ns)
            self._liquidations.update(stores[1], start_ns, bar_ns)
            changes, reported = self._changes.sums
            oi_change = np.where(reported > 0, changes, np.nan)
            self._columns = (oi_change, *self._liquidated(stores[1], since_ns, bar_ns))
            for column in self._columns:
                frozen(column)
        return self._columns

    def _liquidated(self, store: LiquidationStore, since_ns: int, bar_ns: int | None) -> tuple[Floats, Floats]:
        starts = self._liquidations.start_ns
        longs, shorts = self._liquidations.sums.copy()
        if store.dropped_count:
            since_ns = max(since_ns, int(next(store.parts()).ts[0]))
        ends = starts + bar_ns if bar_ns is not None else np.append(starts[1:], FOREVER_NS)
        unknown = ends[: len(longs)] <= since_ns if self._markets else np.ones(len(longs), np.bool_)
        longs[unknown] = shorts[unknown] = np.nan
        return longs, shorts


def _changes(events: OpenInterestChanges) -> Floats:
    """Change and number of changes (2, n)."""
    return np.stack((events.change, np.ones(len(events.ts))))


def _by_position(events: Liquidations) -> Floats:
    """Notional (2, n) of liquidated longs (orders that sell) and shorts."""
    sells = events.sign < 0
    return np.stack((np.where(sells, events.notional, 0.0), np.where(sells, 0.0, events.notional)))
