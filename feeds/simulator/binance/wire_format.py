"""Binance's notation of a market: symbols, decimals, stream names, and which route carries which stream."""

from decimal import Decimal

from feeds.model.instrument import MarketKind
from feeds.simulator.market.facts import Lots
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND

_FUTURES_SPEEDS = {100 * MS: "@100ms", 250 * MS: "", 500 * MS: "@500ms"}
_SPOT_SPEEDS = {100 * MS: "@100ms", SECOND: ""}
_PUBLIC = ("depth", "bookTicker", "trade", "rpiDepth")
_FUTURES_ONLY = ("markPrice", "forceOrder")
BOTH_FUTURES = (MarketKind.LINEAR, MarketKind.INVERSE)


def topic(segment: MarketKind, stream: str) -> str:
    return f"binance/{segment.value}/{stream}"


def route_of(stream: str) -> str:
    """The USD-M route that carries a stream: `public` or `market`."""
    kind = stream[1:] if stream.startswith("!") else stream.partition("@")[2]
    return "public" if kind.startswith(_PUBLIC) else "market"


def is_delivered(segment: MarketKind, route: str, stream: str) -> bool:
    """Whether a route carries the stream. Where not, the venue acknowledges the subscription and sends nothing.

    USD-M splits streams between two routes and sends none without a route; COIN-M and spot have a single one.
    """
    if segment is MarketKind.LINEAR:
        return route == route_of(stream)
    if segment is MarketKind.SPOT:
        return not any(name in stream for name in _FUTURES_ONLY)
    return True


def _decimals(step: Decimal, unscaled: Decimal) -> int:
    """Binance writes BTCUSDT's tick as 0.10: trailing zeros count where the contract has no multiplier."""
    return max(0, -int((unscaled if step == unscaled else step).as_tuple().exponent))


class WireFormat:
    """Formats one market's numbers and names. `system` is the `st` field: 1 USD-M, 2 COIN-M."""

    def __init__(self, market: SimulatedMarket) -> None:
        self._market = market
        instrument = market.spec.instrument
        self.kind = instrument.kind
        self.symbol = instrument.symbol
        self.pair = instrument.symbol.removesuffix("_PERP")
        self.lower = instrument.symbol.lower()
        self.system = 2 if self.kind is MarketKind.INVERSE else 1
        self.update_grid()
        is_spot = self.kind is MarketKind.SPOT
        self.speeds = _SPOT_SPEEDS if is_spot else {market.spec.interval_ns[0]: "@0ms", **_FUTURES_SPEEDS}
        self.bar_interval_ns = SECOND if is_spot else 250 * MS

    def update_grid(self) -> None:
        """Read the tick and lot size again. Binance counts in listed units, such as 1000PEPE."""
        spec, is_spot = self._market.spec, self.kind is MarketKind.SPOT
        self._tick, self._lot = float(spec.price_step), float(spec.size_step)
        self.price_decimals = 8 if is_spot else _decimals(spec.price_step, spec.instrument.tick_size)
        self.size_decimals = 8 if is_spot else _decimals(spec.size_step, spec.instrument.lot_size)

    def topic(self, stream: str) -> str:
        """The message topic of one of this market's streams, for example `aggTrade`."""
        return topic(self.kind, f"{self.lower}@{stream}")

    def price(self, ticks: float) -> str:
        """Format a price given in ticks, which may be fractional."""
        return f"{ticks * self._tick:.{self.price_decimals}f}"

    def money(self, per_coin: float) -> str:
        """Format a price off the tick grid, such as a mark; `per_coin` is quote per base coin."""
        return f"{per_coin * self._market.spec.instrument.multiplier:.8f}"

    def size(self, lots: float) -> str:
        """Format a size given in lots."""
        return f"{lots * self._lot:.{self.size_decimals}f}"

    def levels(self, levels: list[Lots] | tuple[Lots, ...]) -> list[tuple[str, str]]:
        """Format book levels as (price, size)."""
        return [(self.price(price), self.size(lots)) for price, lots in levels]
