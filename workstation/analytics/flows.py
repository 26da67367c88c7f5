"""Open interest and liquidations by bar, from what the venues told and when they say it was."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from workstation.analytics.bars import SELL, frozen
from workstation.analytics.trades import Trades, TradeStore
from workstation.readmodels import Floats, Ints

INTEREST_KEPT = 131_072
FORCED_KEPT = 32_768


class Flows:
    """The flows of some markets on the bars of one chart, counted anew only when there are new ones or other bars."""

    def __init__(self, markets: Collection[int]) -> None:
        self._markets = list(markets)
        self._revision = -1
        self._start_ns: Ints = np.empty(0, np.int64)
        self._columns: tuple[Floats, Floats, Floats] = (np.empty(0), np.empty(0), np.empty(0))

    def columns(
        self, stores: tuple[TradeStore, TradeStore], revision: int, since_ns: int, start_ns: Ints, bar_ns: int | None
    ) -> tuple[Floats, Floats, Floats]:
        """Change of open interest (base coin), longs and shorts liquidated (quote) in each bar; NaN where unknown.

        A bar of time takes what lies in it, any other what lies between its start and that of the next. Changes are
        unknown where none was reported, liquidations before `since_ns` (venue time) or the oldest one kept.
        """
        if revision != self._revision or not np.array_equal(start_ns, self._start_ns):
            self._revision, self._start_ns = revision, start_ns
            interest, forced = (self._on_bars(store, bar_ns) for store in stores)
            self._columns = (self._changes(interest), *self._liquidated(forced, stores[1], since_ns, bar_ns))
            for column in self._columns:
                frozen(column)
        return self._columns

    def _on_bars(self, store: TradeStore, bar_ns: int | None) -> list[tuple[Ints, Trades]]:
        found = []
        for part in store.parts():
            chosen = part.of(self._markets)
            at = np.searchsorted(self._start_ns, chosen.ts, "right") - 1
            inside = at >= 0
            if bar_ns is not None and len(self._start_ns):
                inside &= chosen.ts < self._start_ns[at] + bar_ns
            found.append((at[inside], chosen.where(inside)))
        return found

    def _changes(self, parts: list[tuple[Ints, Trades]]) -> Floats:
        count = len(self._start_ns)
        total, reported = np.zeros(count), np.zeros(count, np.int64)
        for at, part in parts:
            np.add.at(total, at, part.size)
            np.add.at(reported, at, 1)
        return np.where(reported > 0, total, np.nan)

    def _liquidated(
        self, parts: list[tuple[Ints, Trades]], store: TradeStore, since_ns: int, bar_ns: int | None
    ) -> tuple[Floats, Floats]:
        longs, shorts = np.zeros(len(self._start_ns)), np.zeros(len(self._start_ns))
        for at, part in parts:
            sells = part.lane % 3 == SELL
            np.add.at(longs, at[sells], part.notional[sells])
            np.add.at(shorts, at[~sells], part.notional[~sells])
        if store.total > len(store):
            since_ns = max(since_ns, int(next(store.parts()).ts[0]))
        ends = self._start_ns + bar_ns if bar_ns is not None else np.append(self._start_ns[1:], 1 << 62)
        unknown = ends[: len(longs)] <= since_ns if self._markets else np.ones(len(longs), np.bool_)
        longs[unknown] = shorts[unknown] = np.nan
        return longs, shorts
