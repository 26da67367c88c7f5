"""Which markets of one base are another asset of the same name: their price is far from that of the reference.

Venues give one name to different coins, and one coin different names. Prices of one coin are never a factor of three
apart, not even in a squeeze; prices of two coins are, and so are those of a coin by the piece and by the thousand.
"""

import math
from collections.abc import Sequence

from workstation.analytics.state.market import Market

FACTOR = 3.0


def is_apart(price: float, reference: float) -> bool:
    """Whether two prices differ by more than `FACTOR`. False where either is unknown (0 or NaN)."""
    return price > 0 and reference > 0 and not 1 / FACTOR <= price / reference <= FACTOR


def prices_of(market: Market) -> tuple[float, ...]:
    """Its mark price, else the middle of its best prices, else its last two trades: one bad print moves no market."""
    quote, tick = market.quote, float(market.instrument.tick_size)
    if market.mark is not None:
        return (market.mark,)
    if quote is not None:
        return ((quote.bid_ticks + quote.ask_ticks) / 2 * tick,)
    return tuple(price for price in (market.last_price, market.price_before) if price is not None)


def reference(markets: Sequence[Market]) -> Market | None:
    """The market with a price that names the base: a perpetual first, then the largest turnover, then the first."""
    priced = [market for market in markets if prices_of(market)]
    return max(priced, key=_weight, default=None)


def reasons_apart(markets: Sequence[Market]) -> dict[int, str]:
    """Why each market that is apart from the reference is, by index."""
    lead = reference(markets)
    if lead is None:
        return {}
    price = prices_of(lead)[0]
    found = {}
    for market in markets:
        prices = prices_of(market)
        if prices and all(is_apart(one, price) for one in prices):
            name = f"{lead.instrument.venue} {lead.instrument.symbol}"
            found[market.index] = f"not in sums: its price {prices[0]:.6g} is far from {price:.6g} of {name}"
    return found


def _weight(market: Market) -> tuple[bool, float]:
    turnover = market.day.turnover_24h if market.day is not None else 0.0
    return market.instrument.kind.is_perp, 0.0 if math.isnan(turnover) else turnover
