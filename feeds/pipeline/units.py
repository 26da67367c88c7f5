"""Converts a venue's prices and sizes to integer ticks, base coin and quote notional.

The price grid caches conversions. A venue repeats the same few thousand prices all day, as text or (Deribit) as JSON
numbers: a look-up costs 40 ns instead of 400 ns for parsing, scaling and checking, most of the time of decoding a book
message of 70 levels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Annotated

from msgspec import Meta

from feeds.model.errors import ProtocolError
from feeds.model.events import Level
from feeds.model.instrument import Instrument, MarketKind

Size = Annotated[float, Meta(ge=0, le=1e18)]  # the decoder itself refuses NaN, infinity and negative sizes
RawLevels = list[tuple[str, Size]]
RawPrice = str | float  # a price as the venue wrote it
Levels = Iterable[tuple[RawPrice, float]]

CACHED_PRICES = 50_000  # about 7 MB; a market repeats a few thousand prices, whatever it has seen in a week
_OFF_GRID = 1e-4
_MOST_TICKS = 1 << 52  # larger floats are all whole numbers, so every price would appear to lie on the grid
_STRAYS = 0.25


class OffGrid(ProtocolError):
    """Prices between two ticks: a damaged message, or the venue changed its price step."""


class PriceGrid(dict[RawPrice, int]):
    """A cached mapping of price text or number to ticks. Look-up raises ProtocolError for an invalid price.

    A grid of `cached` prices is cleared before the next one is added.

    Raises:
        OffGrid: the price lies between two ticks.
    """

    def __init__(self, instrument: Instrument, cached: int = CACHED_PRICES) -> None:
        super().__init__()
        self._cached, self._instrument = cached, instrument
        step = instrument.tick * instrument.multiplier
        self._numerator, self._denominator = step.numerator, step.denominator
        self._symbol = instrument.symbol

    def __missing__(self, text: RawPrice) -> int:
        ticks = self._parse(text)
        if len(self) >= self._cached:
            self.clear()
        self[text] = ticks
        return ticks

    def __deepcopy__(self, memo: object) -> PriceGrid:
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[type[PriceGrid], tuple[Instrument, int]]:
        return PriceGrid, (self._instrument, self._cached)  # the prices are parsed again

    def _parse(self, text: RawPrice) -> int:
        try:
            scaled = float(text) * self._denominator / self._numerator
            ticks = round(scaled)
        except (ValueError, OverflowError) as error:
            raise ProtocolError(f"{self._symbol}: unreadable price", repr(text)) from error
        if not 0 <= ticks <= _MOST_TICKS:
            raise ProtocolError(f"{self._symbol}: impossible price", repr(text))
        if abs(scaled - ticks) > _OFF_GRID:
            raise OffGrid(f"{self._symbol}: price off its tick grid", repr(text))
        return ticks


class Units:
    """Converts the prices and sizes of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.ticks = PriceGrid(instrument)
        self._inverse = instrument.kind is MarketKind.INVERSE
        self._numerator, self._denominator = instrument.tick.numerator, instrument.tick.denominator
        self._unit = float(instrument.contract_size) * (1 if self._inverse else instrument.multiplier)
        self.is_plain = not self._inverse and self._unit == 1.0  # sizes are base coin already
        self._per_tick = self._unit * self._denominator / self._numerator
        step = instrument.tick * instrument.multiplier
        self._per_price = step.denominator / step.numerator
        self.levels: Callable[[Levels], list[Level]] = self._choose_levels()

    def __deepcopy__(self, memo: object) -> Units:
        return self

    def __reduce__(self) -> tuple[type[Units], tuple[Instrument]]:
        return Units, (self.instrument,)

    def price(self, ticks: int) -> float:
        """Convert ticks to quote per base coin, correctly rounded."""
        return ticks * self._numerator / self._denominator

    def nearest(self, listed: float) -> int:
        """The tick nearest to a price in the venue's price unit, which may lie off the grid; not cached.

        Raises:
            ProtocolError: negative, not finite, or too large for exact ticks.
        """
        scaled = listed * self._per_price
        if not 0 <= scaled <= _MOST_TICKS:
            raise ProtocolError(f"{self.instrument.symbol}: impossible price", repr(listed))
        return round(scaled)

    def execution(self, raw_price: RawPrice, size: float) -> tuple[int, float, float, float]:
        """Convert an execution; returns (ticks, price, size in base coin, notional in quote).

        `size` is in the venue's size unit. Raises ProtocolError for an invalid price.
        """
        ticks = self.ticks[raw_price]
        if not ticks:
            raise ProtocolError(f"{self.instrument.symbol}: an execution at no price", repr(raw_price))
        price = self.price(ticks)
        amount = size * self._unit
        if self._inverse:
            return ticks, price, amount / price, amount
        return ticks, price, amount, amount * price

    def strays(self, bids: RawLevels, asks: RawLevels) -> frozenset[str]:
        """The off-grid prices of a whole book, best level first on both sides.

        They are orders from before the venue coarsened its tick: two of eight books of 2021 hold 34 and 131.

        Raises:
            OffGrid: the best price or over a quarter of the levels are off the grid, so the grid must be wrong.
        """
        found = frozenset(price for price, _ in (*bids, *asks) if not self._on_grid(price))
        best = {side[0][0] for side in (bids, asks) if side}
        if best & found or len(found) > _STRAYS * (len(bids) + len(asks)):
            raise OffGrid(f"{self.instrument.symbol}: a book off its tick grid", f"{len(found)} levels")
        return found

    def levels_without(self, raw: RawLevels, strays: Collection[str]) -> list[Level]:
        """As `levels`, without `strays` and without removals of off-grid prices."""
        return self.levels(
            (price, size) for price, size in raw if price not in strays and (size or self._on_grid(price))
        )

    def _on_grid(self, price: RawPrice) -> bool:
        try:
            self.ticks[price]
        except OffGrid:
            return False
        return True

    def sizes(self, bid: int, bid_size: float, ask: int, ask_size: float) -> tuple[float, float]:
        """The bid and ask size of a quote in base coin, given prices in ticks and sizes in the venue's unit."""
        if self._inverse:
            per_tick = self._per_tick
            return bid_size * per_tick / bid if bid else 0.0, ask_size * per_tick / ask if ask else 0.0
        return bid_size * self._unit, ask_size * self._unit

    def worth(self, price: float, size: float) -> tuple[float, float]:
        """Convert a size in the venue's unit to (base coin, notional in quote).

        `price` is quote per base coin, positive, and may lie off the grid.
        """
        amount = size * self._unit
        return (amount / price, amount) if self._inverse else (amount, amount * price)

    def _choose_levels(self) -> Callable[[Levels], list[Level]]:
        if self._inverse:
            return self._inverse_levels
        return self._plain_levels if self._unit == 1.0 else self._scaled_levels

    def _plain_levels(self, raw: Levels) -> list[Level]:
        ticks = self.ticks
        return [(ticks[text], size) for text, size in raw]

    def _scaled_levels(self, raw: Levels) -> list[Level]:
        ticks, unit = self.ticks, self._unit
        return [(ticks[text], size * unit) for text, size in raw]

    def _inverse_levels(self, raw: Levels) -> list[Level]:
        ticks = self.ticks
        per_tick = self._per_tick
        return [(tick, size * per_tick / tick if tick else 0.0) for tick, size in ((ticks[t], s) for t, s in raw)]
