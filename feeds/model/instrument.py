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

_DIGITS = 40  # no venue's step is finer or coarser; a file may say anything


class Venue(StrEnum):
    """A trading venue."""

    BINANCE = "binance"
    BYBIT = "bybit"
    OKX = "okx"
    HYPERLIQUID = "hyperliquid"
    DERIBIT = "deribit"


class MarketKind(StrEnum):
    """How a market is margined; decides how a size becomes base coin and notional."""

    LINEAR = "linear"
    INVERSE = "inverse"
    SPOT = "spot"

    @property
    def is_perp(self) -> bool:
        """True for both kinds of perpetual."""
        return self is not MarketKind.SPOT


class Telling(StrEnum):
    """How much a venue publishes of something."""

    ALL = "all"
    SAMPLED = "sampled"  # some are left out, so counts and sums are floors
    DELAYED = "delayed"
    NONE = "none"


class LiquidationCoverage(msgspec.Struct, frozen=True):
    """What a market's venue tells of its liquidations.

    `words` are for the person. `delay_ns` is how late one is told by the venue's own rule; `price_is_fill` whether its
    price is that of the execution, and not the bankruptcy price or the like.
    """

    telling: Telling
    words: str
    delay_ns: int = 0
    price_is_fill: bool = True

    @property
    def in_real_time(self) -> bool:
        """Whether silence means that little or nothing was liquidated."""
        return self.telling in (Telling.ALL, Telling.SAMPLED)


_NO_POSITIONS = LiquidationCoverage(Telling.NONE, "spot has no positions to liquidate")
_LIQUIDATIONS = {  # each venue's README: Liquidations
    Venue.BINANCE: LiquidationCoverage(Telling.SAMPLED, "at most one a second and symbol is told"),
    Venue.BYBIT: LiquidationCoverage(
        Telling.ALL, "all are told, at the bankruptcy price", delay_ns=500_000_000, price_is_fill=False
    ),
    Venue.OKX: LiquidationCoverage(
        Telling.SAMPLED, "a part is told, in no order, not at the price of a fill", price_is_fill=False
    ),
    Venue.HYPERLIQUID: LiquidationCoverage(Telling.NONE, "the venue has no liquidation feed"),
    Venue.DERIBIT: LiquidationCoverage(Telling.DELAYED, "all are told, but an hour late", delay_ns=3_600_000_000_000),
}


def liquidation_coverage(venue: Venue, kind: MarketKind) -> LiquidationCoverage:
    """What a venue tells of the liquidations of its markets of a kind."""
    return _LIQUIDATIONS[venue] if kind.is_perp else _NO_POSITIONS


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
    return InstrumentId(f"{symbol}.{venue.value}.{kind.value}")
