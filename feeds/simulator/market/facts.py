"""What happens in the simulated markets, independent of any venue's wire format.

Prices are integer ticks, sizes integer lots of the market's instrument, times ns since the epoch (UTC). `market` is the
market's index in its `Simulation`. The facts of one `advance` are in time order per market.
"""

import msgspec

from feeds.model.events import Side

Lots = tuple[int, int]  # (price in ticks, size in lots)


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One resting order filled by a taker. `trade_id` is contiguous per market."""

    market: int
    ts_ns: int
    trade_id: int
    price: int
    lots: int
    aggressor: Side


class Aggregate(msgspec.Struct, frozen=True, gc=False):
    """Consecutive fills of one price and one aggressor. `aggregate_id` is contiguous per market."""

    market: int
    ts_ns: int
    aggregate_id: int
    price: int
    lots: int
    first_trade_id: int
    last_trade_id: int
    aggressor: Side


class Touch(msgspec.Struct, frozen=True, gc=False):
    """A new best bid or ask, in price or size, as of `update_id`."""

    market: int
    ts_ns: int
    update_id: int
    bid: Lots
    ask: Lots


class DepthChange(msgspec.Struct, frozen=True, gc=False):
    """All levels that changed during one interval, with their absolute sizes at its end; 0 removes a level.

    `first_update_id` is the first change of the interval; `previous_update_id` is the last one of the fact before.
    """

    market: int
    ts_ns: int
    interval_ns: int
    first_update_id: int
    update_id: int
    previous_update_id: int
    bids: tuple[Lots, ...]
    asks: tuple[Lots, ...]


class LiquidationOrder(msgspec.Struct, frozen=True, gc=False):
    """An executed liquidation order. `side` is the order's side: SELL closes a long.

    `average_price` is in ticks and usually fractional.
    """

    market: int
    ts_ns: int
    side: Side
    limit_price: int
    lots: int
    filled_lots: int
    last_lots: int
    average_price: float


class Pulse(msgspec.Struct, frozen=True, gc=False):
    """100 ms of simulated time have passed, in all markets; `ts_ns` is a multiple of 100 ms."""

    ts_ns: int


class GridChanged(msgspec.Struct, frozen=True, gc=False):
    """The market's price step changed: `market.spec` is replaced, and later facts count in the new ticks."""

    market: int
    ts_ns: int


Fact = Fill | Aggregate | Touch | DepthChange | LiquidationOrder | GridChanged | Pulse
