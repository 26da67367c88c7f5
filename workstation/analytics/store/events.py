"""Stores of events rarer than trades: liquidations and changes of open interest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workstation.analytics.store.column_store import SLOW_CHUNK, ColumnStore, Index
from workstation.readmodels.arrays import Bools, Floats, Ints

RETAINED_CHANGES = 131_072
RETAINED_LIQUIDATIONS = 32_768


class OpenInterestChanges(NamedTuple):
    """Changes of open interest: venue time (ns), market index, base coin (signed)."""

    ts: Ints
    market: Ints
    change: Floats

    def at(self, index: Index) -> OpenInterestChanges:
        """The changes selected by indices or a slice."""
        return OpenInterestChanges._make(column[index] for column in self)

    def where(self, mask: Bools) -> OpenInterestChanges:
        return self.at(np.flatnonzero(mask))


class Liquidations(NamedTuple):
    """Liquidations: venue and receive time (ns), index of the market, sign of the order, base coin, quote notional.

    The sign is -1 where a long was liquidated by a sale, 1 where a short was by a purchase.
    """

    ts: Ints
    received_ns: Ints
    market: Ints
    sign: Ints
    size: Floats
    notional: Floats

    def at(self, index: Index) -> Liquidations:
        """The liquidations selected by indices or a slice."""
        return Liquidations._make(column[index] for column in self)

    def where(self, mask: Bools) -> Liquidations:
        return self.at(np.flatnonzero(mask))


class OpenInterestStore(ColumnStore[OpenInterestChanges]):
    """The newest changes of open interest of a base: rows of the columns of `OpenInterestChanges`."""

    def __init__(self, cap: int = RETAINED_CHANGES) -> None:
        super().__init__(OpenInterestChanges, "qqd", cap, SLOW_CHUNK)


class LiquidationStore(ColumnStore[Liquidations]):
    """The newest liquidations: rows of the columns of `Liquidations`."""

    def __init__(self, cap: int = RETAINED_LIQUIDATIONS) -> None:
        super().__init__(Liquidations, "qqqqdd", cap, SLOW_CHUNK)
