"""Binance's rows that several connections read alike: forced orders and plain numbers (VENUES 1.1.4)."""

from __future__ import annotations

import math

from feeds.model.errors import ProtocolError
from feeds.model.events import Liquidation, Side
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.binance.wire import ForcedOrder

_MS = 1_000_000


def liquidation(instrument: Instrument, order: ForcedOrder, now_ns: int) -> Liquidation:
    """A forced order at its average fill, or at its own price where nothing is filled yet. Raises ProtocolError."""
    average = finite(order.ap)
    filled = average > 0 and order.z > 0
    price = (average if filled else finite(order.p)) / instrument.multiplier
    base, notional = _worth(instrument, price, order.z if filled else order.q)
    return Liquidation(instrument, order.T * _MS, now_ns, price, base, notional, _side(order.S))


def finite(text: str) -> float:
    """A number from the venue's text. Raises ProtocolError."""
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError("Binance sent a number that is none", repr(text)) from error
    if not math.isfinite(value):
        raise ProtocolError("Binance sent a number that is none", repr(text))
    return value


def _worth(instrument: Instrument, price: float, size: float) -> tuple[float, float]:
    """Base coin and notional of a size at an average price, which need not lie on the tick grid."""
    if price <= 0:
        raise ProtocolError("Binance sent a forced order without a price", instrument.symbol)
    if instrument.kind is MarketKind.INVERSE:
        notional = size * float(instrument.contract_size)
        base = notional / price
    else:
        base = size * instrument.multiplier
        notional = base * price
    if not (math.isfinite(base) and math.isfinite(notional)):
        raise ProtocolError("Binance sent a forced order without a price", instrument.symbol)
    return base, notional


def _side(text: str) -> Side:
    if text == "SELL":
        return Side.SELL
    if text == "BUY":
        return Side.BUY
    raise ProtocolError("Binance sent a forced order without a side", repr(text))
