"""How Bybit writes one market: decimals, topics, and which category has which topic."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.market.facts import Lots
from feeds.simulator.market.simulated import Listed
from feeds.simulator.market.spec import MS

DEPTHS = {1: 10 * MS, 50: 20 * MS, 200: 100 * MS, 1_000: 200 * MS}
"""Levels a side of each order book topic and how often it is pushed."""

_encode = msgspec.json.Encoder().encode


def text(fields: object) -> str:
    """The JSON of a message."""
    return _encode(fields).decode()


def topic(category: MarketKind, name: str) -> str:
    """The key of one topic of one category."""
    return f"bybit/{category.value}/{name}"


def _decimals(step: Decimal) -> int:
    return max(-int(step.as_tuple().exponent), 0)


class Words:
    """The fixed words of one market. Spot writes numbers without trailing zeros and `ts` before `type`."""

    def __init__(self, market: Listed) -> None:
        instrument = market.spec.instrument
        self.category = instrument.kind
        self.symbol = instrument.symbol
        self.is_spot = self.category is MarketKind.SPOT
        self.base_coin = self._base_coin(instrument.symbol, instrument.base)
        self._market = market
        self._read_grid()

    def _read_grid(self) -> None:
        """The venue may make its price step finer while it runs."""
        self._spec = spec = self._market.spec
        self.tick, self.lot = float(spec.price_step), float(spec.size_step)
        self.tick_text = f"{spec.instrument.tick_size * spec.instrument.multiplier:f}"
        self.lot_text = f"{spec.size_step:f}"
        self.price_decimals, self.size_decimals = _decimals(Decimal(self.tick_text)), _decimals(Decimal(self.lot_text))

    def _base_coin(self, symbol: str, base: str) -> str:
        """The listed asset: 1000PEPE or SHIB1000, where the instrument says PEPE or SHIB."""
        for quote in ("USDT", "PERP", "USDC", "USD"):
            if base in symbol and symbol.endswith(quote):
                return symbol.removesuffix(quote)
        return base

    def topic(self, channel: str) -> str:
        """The key of one of this market's topics, for example `publicTrade`."""
        return topic(self.category, self.name(channel))

    def name(self, channel: str) -> str:
        """The topic as the venue writes it."""
        return f"{channel}.{self.symbol}"

    def price(self, ticks: float) -> str:
        """A price on or between ticks."""
        if self._spec is not self._market.spec:
            self._read_grid()
        return self._trim(f"{ticks * self.tick:.{self.price_decimals}f}")

    def quote(self, price: float) -> str:
        """A price per listed unit that need not be on the grid, such as a mark."""
        return self._trim(f"{price:.{max(self.price_decimals, 2)}f}")

    def size(self, lots: float) -> str:
        """A size in base coin, or USD if inverse."""
        return self._trim(f"{lots * self.lot:.{self.size_decimals}f}")

    def _trim(self, number: str) -> str:
        return number.rstrip("0").rstrip(".") if self.is_spot and "." in number else number

    def levels(self, levels: Iterable[Lots]) -> list[tuple[str, str]]:
        """Book levels as pairs of price and size; `0` is a level that is gone."""
        return [(self.price(price), self.size(lots) if lots else "0") for price, lots in levels]

    def message(self, channel: str, kind: str, now_ms: int, data: Any, **more: Any) -> str:
        """One frame; key order as on the wire (README: Endpoints)."""
        head: dict[str, Any] = {"topic": self.name(channel)}
        times_first = self.is_spot or channel == "orderbook.1"
        head |= {"ts": now_ms, "type": kind} if times_first else {"type": kind, "ts": now_ms}
        return text(head | {"data": data} | more)
