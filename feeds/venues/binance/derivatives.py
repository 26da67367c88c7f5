"""Binance's liquidations, which two kinds of connection read alike (README: Liquidations)."""

import math

from feeds.model.errors import ProtocolError
from feeds.model.events import Liquidation
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.binance.wire import LiquidationOrderRow
from feeds.venues.shared.numbers import MS, Sides, finite

_SIDES = Sides("BUY", "SELL")


def liquidation(instrument: Instrument, order: LiquidationOrderRow, now_ns: int) -> Liquidation:
    """A liquidation at its average fill, or at its own price where nothing is filled yet. Raises ProtocolError."""
    average = finite(order.ap)
    filled = average > 0 and order.z > 0
    price = (average if filled else finite(order.p)) / instrument.multiplier
    base, notional = _worth(instrument, price, order.z if filled else order.q)
    return Liquidation(instrument, order.T * MS, now_ns, price, base, notional, _SIDES[order.S])


def _worth(instrument: Instrument, price: float, size: float) -> tuple[float, float]:
    """Base coin and notional of a size at an average price, which need not lie on the tick grid."""
    if price <= 0:
        raise ProtocolError("Binance sent a liquidation without a price", instrument.symbol)
    if instrument.kind is MarketKind.INVERSE:
        notional = size * float(instrument.contract_size)
        base = notional / price
    else:
        base = size * instrument.multiplier
        notional = base * price
    if not (math.isfinite(base) and math.isfinite(notional)):
        raise ProtocolError("Binance sent a liquidation without a price", instrument.symbol)
    return base, notional
