"""The venues' candles for the time before the first known trade, without price rows."""

from dataclasses import dataclass, field

from feeds.model.instrument import MarketKind, Venue
from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints


@dataclass(frozen=True, slots=True, eq=False)
class CandleColumns:
    """Bars without a footprint, oldest first, before the first bar of trades.

    Over several markets high, low and volume (base coin) are of all, open and close of the one with the largest volume.
    `delta` (base coin) is NaN where one of the venues does not publish taker volume.
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
    """Running delta of one market over candles at the close of each bar, shifted to end at 0.

    The line of the trades continues it from 0. In quote each bar's delta is valued at its average price.
    """

    label: str
    venue: Venue
    kind: MarketKind
    bar_start_ns: Ints
    values: Floats
