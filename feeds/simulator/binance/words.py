"""How Binance writes one market: symbols, decimals, stream names, and which route carries which stream."""

from __future__ import annotations

from feeds.instrument import MarketKind
from feeds.simulator.facts import Lots
from feeds.simulator.market import Market
from feeds.simulator.spec import MS, SECOND

_FUTURES_SPEEDS = {100 * MS: "@100ms", 250 * MS: "", 500 * MS: "@500ms"}
_SPOT_SPEEDS = {100 * MS: "@100ms", SECOND: ""}
_PUBLIC = ("depth", "bookTicker", "trade", "rpiDepth")
_FUTURES_ONLY = ("markPrice", "forceOrder")
BOTH_FUTURES = (MarketKind.LINEAR, MarketKind.INVERSE)


def topic(segment: MarketKind, stream: str) -> str:
    """The key of one stream of one host."""
    return f"binance/{segment.value}/{stream}"


def route_of(stream: str) -> str:
    """The USD-M route that carries a stream: `public` or `market`."""
    kind = stream[1:] if stream.startswith("!") else stream.partition("@")[2]
    return "public" if kind.startswith(_PUBLIC) else "market"


def is_delivered(segment: MarketKind, route: str, stream: str) -> bool:
    """Whether a socket on this route ever gets the stream; where not, the venue acknowledges and stays silent.

    USD-M delivers on the right route only, and nothing without one. COIN-M and spot have no split.
    """
    if segment is MarketKind.LINEAR:
        return route == route_of(stream)
    if segment is MarketKind.SPOT:
        return not any(word in stream for word in _FUTURES_ONLY)
    return True


class Words:
    """The fixed words of one market. `system` is the `st` field: 1 USD-M, 2 COIN-M."""

    def __init__(self, market: Market) -> None:
        instrument = market.spec.instrument
        self.kind = instrument.kind
        self.symbol = instrument.symbol
        self.pair = instrument.symbol.removesuffix("_PERP")
        self.lower = instrument.symbol.lower()
        self.system = 2 if self.kind is MarketKind.INVERSE else 1
        self._tick, self._lot = float(instrument.tick_size), float(instrument.lot_size)
        is_spot = self.kind is MarketKind.SPOT
        self.price_decimals = 8 if is_spot else -int(instrument.tick_size.as_tuple().exponent)
        self.size_decimals = 8 if is_spot else -int(instrument.lot_size.as_tuple().exponent)
        self.speeds = _SPOT_SPEEDS if is_spot else {market.spec.interval_ns[0]: "@0ms", **_FUTURES_SPEEDS}
        self.bar_interval_ns = SECOND if is_spot else 250 * MS

    def topic(self, stream: str) -> str:
        """The key of one of this market's streams, for example `aggTrade`."""
        return topic(self.kind, f"{self.lower}@{stream}")

    def price(self, ticks: float) -> str:
        """A price on or between ticks."""
        return f"{ticks * self._tick:.{self.price_decimals}f}"

    def size(self, lots: float) -> str:
        """A size."""
        return f"{lots * self._lot:.{self.size_decimals}f}"

    def levels(self, levels: list[Lots] | tuple[Lots, ...]) -> list[tuple[str, str]]:
        """Book levels as pairs of price and size."""
        return [(self.price(price), self.size(lots)) for price, lots in levels]
