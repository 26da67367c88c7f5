"""What the panes draw for the time before the first known trade: the venues' own candles, without price rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from feeds.model.instrument import MarketKind, Venue
from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints


@dataclass(frozen=True, slots=True, eq=False)
class CandleColumns:
    """Bars that have no footprint, oldest first; all end before the first bar of trades begins.

    Over several markets the high, the low and the volume (base coin) are of all of them, open and close of the one that
    traded most. `delta` (base coin) is NaN where one of the venues does not tell the taker's part.
    """

    bar_start_ns: Ints = field(default_factory=no_ints)
    open: Floats = field(default_factory=no_floats)
    high: Floats = field(default_factory=no_floats)
    low: Floats = field(default_factory=no_floats)
    close: Floats = field(default_factory=no_floats)
    volume: Floats = field(default_factory=no_floats)
    delta: Floats = field(default_factory=no_floats)


NO_CANDLES = CandleColumns()


@dataclass(frozen=True, slots=True, eq=False)
class CandleLine:
    """The running delta of one market over candles, at the close of each bar, shifted so that it ends at 0.

    It leads up to the line of the trades, which begins at 0 there. In quote it is worth each minute's average price.
    """

    label: str
    venue: Venue
    kind: MarketKind
    bar_start_ns: Ints
    values: Floats
