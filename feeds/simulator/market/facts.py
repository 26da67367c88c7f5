"""What can happen in the simulated market, before any venue puts it into words.

Prices are integer ticks, sizes integer lots of the market's instrument, times ns since the epoch (UTC). `market` is the
index of the market in its `Simulation`. Facts of one `advance` are in order of happening per market.
"""

from __future__ import annotations

import msgspec

from feeds.model.events import Side

Lots = tuple[int, int]  # (price in ticks, size in lots)


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One resting order met by a taker. `trade_id` is contiguous per market."""

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
    """The best bid and ask changed in price or size; the state of the book at `update_id`."""

    market: int
    ts_ns: int
    update_id: int
    bid: Lots
    ask: Lots


class DepthChange(msgspec.Struct, frozen=True, gc=False):
    """All levels that changed during one interval, with their absolute sizes at its end; 0 means gone.

    `first_update_id` is the first change inside; `previous_update_id` is where the event before it ended.
    """

    market: int
    ts_ns: int
    interval_ns: int
    first_update_id: int
    update_id: int
    previous_update_id: int
    bids: tuple[Lots, ...]
    asks: tuple[Lots, ...]


class Forced(msgspec.Struct, frozen=True, gc=False):
    """A liquidation order after it went through the book. `side` is the order's side: SELL closes a long.

    `average_price` is in ticks and usually between two of them.
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
    """100 ms of simulated time have passed; `ts_ns` is a whole multiple of 100 ms. Once for all markets."""

    ts_ns: int


class Relisted(msgspec.Struct, frozen=True, gc=False):
    """The market has a new price grid: `market.spec` is another one from here on, and so are the ticks of all facts."""

    market: int
    ts_ns: int


Fact = Fill | Aggregate | Touch | DepthChange | Forced | Relisted | Pulse
