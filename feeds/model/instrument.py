"""What is traded and where: venues, market kinds and the instrument with its units.

Owns the conversion from a venue's own numbers (price text, contracts) to ours (integer ticks, base coin, quote
notional). Knows nothing of wires, files or clocks.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NewType

import msgspec

InstrumentId = NewType("InstrumentId", str)
Venue = NewType("Venue", str)
"""The key of a venue, for example `okx`: plain text, so that look-ups cost what a str costs and a recording may name a
venue that this version does not know.
"""

_DIGITS = 40  # no venue's step is finer or coarser; a file may say anything


class MarketKind(StrEnum):
    """How a market is margined; decides how a size becomes base coin and notional."""

    LINEAR = "linear"
    INVERSE = "inverse"
    SPOT = "spot"

    @property
    def is_perp(self) -> bool:
        """True for both kinds of perpetual."""
        return self is not MarketKind.SPOT


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable market of one venue, in canonical units.

    `tick_size` is the price step per base coin (already divided by `multiplier`, so PEPE and 1000PEPE share a price
    scale). `contract_size` is what one unit of the venue's size field stands for: base coin for linear and spot, quote
    for inverse. `multiplier` is the number of base coins in one listed unit (1000 for 1000PEPE, else 1).
    """

    venue: Venue
    kind: MarketKind
    symbol: str
    base: str
    quote: str
    settle: str = ""
    tick_size: Decimal
    lot_size: Decimal = Decimal(0)
    contract_size: Decimal = Decimal(1)
    multiplier: int = 1
    id: InstrumentId = InstrumentId("")

    def __post_init__(self) -> None:
        if not _is_step(self.tick_size) or not _is_step(self.contract_size) or self.multiplier < 1:
            raise ValueError(f"{self.symbol}: tick size, contract size and multiplier must be positive")
        if not self.base:
            raise ValueError(f"{self.symbol}: a market of no coin")
        if not (self.lot_size.is_zero() or _is_step(self.lot_size)):
            raise ValueError(f"{self.symbol}: lot size must not be negative")
        msgspec.structs.force_setattr(self, "id", instrument_id(self.venue, self.kind, self.symbol))

    def __deepcopy__(self, memo: object) -> Instrument:
        return self

    @property
    def tick(self) -> Fraction:
        """The price step as an exact fraction."""
        return Fraction(self.tick_size)

    def price_from_ticks(self, ticks: int) -> float:
        """The price in quote per base coin, correctly rounded from the exact product."""
        tick = self.tick
        return ticks * tick.numerator / tick.denominator

    def ticks_from_price(self, price: float) -> int:
        """The nearest tick to a price in quote per base coin."""
        return round(Fraction(price) / self.tick)


def _is_step(size: Decimal) -> bool:
    return size.is_finite() and size > 0 and abs(size.adjusted()) <= _DIGITS


def instrument_id(venue: Venue, kind: MarketKind, symbol: str) -> InstrumentId:
    """Return the key of a market, for example `BTCUSDT.binance.linear`."""
    return InstrumentId(f"{symbol}.{venue}.{kind.value}")
