"""Bybit's notation of a market: decimals, topics and message envelope."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.market.facts import Lots
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS

DEPTHS = {1: 10 * MS, 50: 20 * MS, 200: 100 * MS, 1_000: 200 * MS}
"""Levels a side of each order book topic, and its push interval in ns."""

_encode = msgspec.json.Encoder().encode


def text(fields: object) -> str:
    """Encode a message as JSON."""
    return _encode(fields).decode()


def topic(category: MarketKind, name: str) -> str:
    return f"bybit/{category.value}/{name}"


def _decimals(step: Decimal) -> int:
    return max(-int(step.as_tuple().exponent), 0)


class WireFormat:
    """Formats one market's numbers and messages. Spot strips trailing zeros and writes `ts` before `type`."""

    def __init__(self, market: SimulatedMarket) -> None:
        instrument = market.spec.instrument
        self.category = instrument.kind
        self.symbol = instrument.symbol
        self.is_spot = self.category is MarketKind.SPOT
        self.base_coin = self._base_coin(instrument.symbol, instrument.base)
        self._market = market
        self.update_grid()

    def update_grid(self) -> None:
        """Read the tick and lot size again; the price step may change."""
        self._spec = spec = self._market.spec
        self.tick, self.lot = float(spec.price_step), float(spec.size_step)
        self.tick_text = f"{spec.instrument.tick_size * spec.instrument.multiplier:f}"
        self.lot_text = f"{spec.size_step:f}"
        self.price_decimals, self.size_decimals = _decimals(Decimal(self.tick_text)), _decimals(Decimal(self.lot_text))

    def _base_coin(self, symbol: str, base: str) -> str:
        """The listed asset: 1000PEPE or SHIB1000 where the instrument's base is PEPE or SHIB."""
        for quote in ("USDT", "PERP", "USDC", "USD"):
            if base in symbol and symbol.endswith(quote):
                return symbol.removesuffix(quote)
        return base

    def topic(self, channel: str) -> str:
        """The message topic of one of this market's channels, for example `publicTrade`."""
        return topic(self.category, self.name(channel))

    def name(self, channel: str) -> str:
        """The topic as the venue writes it."""
        return f"{channel}.{self.symbol}"

    def price(self, ticks: float) -> str:
        """Format a price given in ticks, which may be fractional."""
        if self._spec is not self._market.spec:
            self.update_grid()
        return self._trim(f"{ticks * self.tick:.{self.price_decimals}f}")

    def quote(self, price: float) -> str:
        """Format a price off the tick grid, such as a mark; quote per listed unit."""
        return self._trim(f"{price:.{max(self.price_decimals, 2)}f}")

    def size(self, lots: float) -> str:
        """Format a size given in lots: base coin, or USD if inverse."""
        return self._trim(f"{lots * self.lot:.{self.size_decimals}f}")

    def _trim(self, number: str) -> str:
        return number.rstrip("0").rstrip(".") if self.is_spot and "." in number else number

    def levels(self, levels: Iterable[Lots]) -> list[tuple[str, str]]:
        """Format book levels as (price, size); size `0` removes a level."""
        return [(self.price(price), self.size(lots) if lots else "0") for price, lots in levels]

    def message(self, channel: str, kind: str, now_ms: int, data: Any, **more: Any) -> str:
        """One message, with keys in the order of the venue."""
        head: dict[str, Any] = {"topic": self.name(channel)}
        times_first = self.is_spot or channel == "orderbook.1"
        head |= {"ts": now_ms, "type": kind} if times_first else {"type": kind, "ts": now_ms}
        return text(head | {"data": data} | more)
