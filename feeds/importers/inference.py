"""Infers the instruments of captures without an instrument list from their prices and sizes.

Tick and lot size are the greatest common divisors of all prices and sizes seen (exact arithmetic on the decimal text),
so they may be coarser than the venue's. Base and quote come from the suffix of the symbol.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from feeds.model.errors import ImportFailed
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.pipeline.symbols import base_and_multiplier
from feeds.venues.registry import profile_of

# A price and a size, one after the other: a book level, a Binance trade, a Hyperliquid level or trade.
_PRICE_AND_SIZE = re.compile(
    rb'(?:\["|"p":"|"px":")(\d+(?:\.\d+)?)"(?:,"|,"q":"|,(?:"side":"[AB]",)?"sz":")(\d+(?:\.\d+)?)"'
)
_DIGITS = 18
_QUOTES = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDS", "USDP", "DAI", "USD", "EUR", "GBP", "AUD", "TRY", "BRL", "JPY",
    "BTC", "ETH", "BNB", "SOL",
)  # fmt: skip


class Grid:
    """The coarsest price and size steps that divide everything seen so far."""

    def __init__(self) -> None:
        self._price = 0
        self._size = 0

    def see(self, text: bytes) -> None:
        """Add every price and size in a piece of a capture.

        Raises:
            ImportFailed: a number has more digits than any venue uses.
        """
        pairs = set(_PRICE_AND_SIZE.findall(text))
        self._price = math.gcd(self._price, *map(_scaled, {price for price, _ in pairs}))
        self._size = math.gcd(self._size, *map(_scaled, {size for _, size in pairs}))

    def include(self, other: Grid) -> None:
        """Add everything another grid has seen."""
        self._price = math.gcd(self._price, other._price)
        self._size = math.gcd(self._size, other._size)

    @property
    def tick_size(self) -> Decimal:
        """The price step in the venue's price unit; 0 while no price was seen."""
        return _unscaled(self._price)

    @property
    def lot_size(self) -> Decimal:
        """The size step in the venue's size unit; 0 while no size was seen."""
        return _unscaled(self._size)


def infer_instrument(venue: Venue, kind: MarketKind, symbol: str, grid: Grid) -> Instrument:
    """Build an instrument from a symbol and the grid of its numbers.

    Raises:
        ImportFailed: no price was seen, or the quote currency is unknown.
    """
    if not grid.tick_size:
        raise ImportFailed(f"The capture of {symbol} holds no prices, so its tick size is unknown.")
    base, quote, multiplier = _names(venue, symbol)
    settle = {MarketKind.SPOT: "", MarketKind.LINEAR: quote, MarketKind.INVERSE: base}[kind]
    inverse = kind is MarketKind.INVERSE
    return Instrument(
        venue=venue,
        kind=kind,
        symbol=symbol,
        base=base,
        quote=quote,
        settle=settle,
        tick_size=grid.tick_size / multiplier,
        lot_size=grid.lot_size * (1 if inverse else multiplier),
        contract_size=Decimal((100 if base == "BTC" else 10) if inverse else 1),
        multiplier=multiplier,
    )


def _names(venue: Venue, symbol: str) -> tuple[str, str, int]:
    rules = profile_of(venue).symbols
    if rules.quote:
        base, multiplier = base_and_multiplier(symbol, rules)
        return base, rules.quote, multiplier
    pair = symbol.partition("_")[0]
    for quote in _QUOTES:
        if pair.endswith(quote) and pair != quote:
            base, multiplier = base_and_multiplier(pair.removesuffix(quote), rules)
            return base, quote, multiplier
    raise ImportFailed(f"The quote currency of {symbol} is unknown, so it cannot be imported.")


def _scaled(text: bytes) -> int:
    whole, _, decimals = text.partition(b".")
    if len(decimals) > _DIGITS or len(whole) > _DIGITS:
        raise ImportFailed("A number of the capture has too many digits or decimal places.", text[:50].decode())
    return int(whole + decimals.ljust(_DIGITS, b"0"))


def _unscaled(number: int) -> Decimal:
    return Decimal(number).scaleb(-_DIGITS).normalize()
