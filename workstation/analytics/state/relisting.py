"""Markets whose price step changed: one tick grid for stored and for new prices.

The grid is the coarsest that holds both, so no price is rounded. A finer step rescales stored prices; a coarser one
leaves the grid, and events are converted to it.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Protocol

import msgspec

from feeds.model.events import BookDelta, BookSnapshot, Event, Level, Quote, Trade, TradesFilled
from feeds.model.instrument import Instrument, InstrumentId


class Regridded(Protocol):
    """A market of which one of the venue's ticks is `scale` of ours; `instrument` has our price step."""

    instrument: Instrument
    scale: int


Priced = Trade | BookDelta | BookSnapshot | Quote | TradesFilled


def common_step(one: Fraction, other: Fraction) -> Fraction:
    """The coarsest step of which both are multiples."""
    shared = gcd(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(shared, one.denominator * other.denominator)


def with_step(instrument: Instrument, step: Fraction) -> Instrument:
    """The market with another price step, which must be a decimal number."""
    return msgspec.structs.replace(instrument, tick_size=Decimal(step.numerator) / Decimal(step.denominator))


def in_our_ticks(event: Event, scaled: Mapping[InstrumentId, Regridded]) -> Event:
    """The event in the ticks of the stored grid; unchanged unless its market is in `scaled`."""
    if not isinstance(event, Priced):
        return event
    market = scaled.get(event.instrument.id)
    return event if market is None else _scaled(event, market.instrument, market.scale)


def _scaled(event: Priced, ours: Instrument, scale: int) -> Event:
    match event:
        case Trade():
            return _trade(event, ours, scale)
        case Quote():
            bid, ask = event.bid_ticks * scale, event.ask_ticks * scale
            return msgspec.structs.replace(event, instrument=ours, bid_ticks=bid, ask_ticks=ask)
        case TradesFilled():
            trades = tuple(_trade(trade, ours, scale) for trade in event.trades)
            return msgspec.structs.replace(event, instrument=ours, trades=trades)
        case _:
            bids, asks = _levels(event.bids, scale), _levels(event.asks, scale)
            return msgspec.structs.replace(event, instrument=ours, bids=bids, asks=asks)


def _trade(trade: Trade, ours: Instrument, scale: int) -> Trade:
    return msgspec.structs.replace(trade, instrument=ours, price_ticks=trade.price_ticks * scale)


def _levels(levels: list[Level], scale: int) -> list[Level]:
    return [(ticks * scale, size) for ticks, size in levels]
