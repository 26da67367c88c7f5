"""From a venue's price text and size to ours: integer ticks, base coin, quote notional.

The price grid is the one clever part. A venue repeats the same few thousand prices all day, as text or (Deribit) as
JSON numbers, so the grid remembers price -> ticks: a look-up costs 40 ns where parsing, scaling and checking cost
400 ns, and in a book message of 70 levels that is most of the decoding. What was once checked to lie on the grid needs
no second check.
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
PriceWord = str | float  # a price as the venue wrote it
Levels = Iterable[tuple[PriceWord, float]]

_GRID_LIMIT = 50_000  # about 7 MB; a market repeats a few thousand prices, whatever it has seen in a week
_OFF_GRID = 1e-4
_MOST_TICKS = 1 << 52  # floats beyond are whole numbers, so that every price would seem to lie on the grid
_STRAYS = 0.25


class OffGrid(ProtocolError):
    """Prices between two ticks: a damaged message, or the venue has another price step now."""


class PriceGrid(dict[PriceWord, int]):
    """Price text or number to ticks. Raises ProtocolError for what is no price on the instrument's grid."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__()
        step = instrument.tick * instrument.multiplier
        self._numerator, self._denominator = step.numerator, step.denominator
        self._symbol = instrument.symbol

    def __missing__(self, text: PriceWord) -> int:
        ticks = self._parse(text)
        if len(self) >= _GRID_LIMIT:
            self.clear()
        self[text] = ticks
        return ticks

    def __deepcopy__(self, memo: object) -> PriceGrid:
        return self

    def _parse(self, text: PriceWord) -> int:
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
    """The conversions of one instrument."""

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

    def price(self, ticks: int) -> float:
        """Quote per base coin, correctly rounded."""
        return ticks * self._numerator / self._denominator

    def nearest(self, listed: float) -> int:
        """The tick nearest to a price in the venue's own price unit, which may lie off the grid. Remembers nothing.

        Raises:
            ProtocolError: no price, or so large that ticks are no longer counted exactly.
        """
        scaled = listed * self._per_price
        if not 0 <= scaled <= _MOST_TICKS:
            raise ProtocolError(f"{self.instrument.symbol}: impossible price", repr(listed))
        return round(scaled)

    def execution(self, price_word: PriceWord, size: float) -> tuple[int, float, float, float]:
        """Ticks, price, size in base coin and notional in quote of one execution in the venue's own size unit."""
        ticks = self.ticks[price_word]
        if not ticks:
            raise ProtocolError(f"{self.instrument.symbol}: an execution at no price", repr(price_word))
        price = self.price(ticks)
        amount = size * self._unit
        if self._inverse:
            return ticks, price, amount / price, amount
        return ticks, price, amount, amount * price

    def strays(self, bids: RawLevels, asks: RawLevels) -> frozenset[str]:
        """The prices of a whole book, best level first, that lie off the grid.

        Orders from before the venue coarsened its tick rest there: two of eight books of 2021 hold 34 and 131.

        Raises:
            OffGrid: so many, or one so near the market, that the grid must be wrong.
        """
        found = frozenset(price for price, _ in (*bids, *asks) if not self._on_grid(price))
        best = {side[0][0] for side in (bids, asks) if side}
        if best & found or len(found) > _STRAYS * (len(bids) + len(asks)):
            raise OffGrid(f"{self.instrument.symbol}: a book off its tick grid", f"{len(found)} levels")
        return found

    def levels_without(self, raw: RawLevels, strays: Collection[str]) -> list[Level]:
        """As `levels`, leaving out `strays` and the removal of what was never on the grid."""
        return self.levels(
            (price, size) for price, size in raw if price not in strays and (size or self._on_grid(price))
        )

    def _on_grid(self, price: PriceWord) -> bool:
        try:
            self.ticks[price]
        except OffGrid:
            return False
        return True

    def sizes(self, bid: int, bid_size: float, ask: int, ask_size: float) -> tuple[float, float]:
        """The two sizes of a quote in base coin; prices in ticks."""
        if self._inverse:
            per_tick = self._per_tick
            return bid_size * per_tick / bid if bid else 0.0, ask_size * per_tick / ask if ask else 0.0
        return bid_size * self._unit, ask_size * self._unit

    def worth(self, price: float, size: float) -> tuple[float, float]:
        """Base coin and notional in quote of a size in the venue's own unit at a price that may lie off the grid.

        `price` is quote per base coin and positive.
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
