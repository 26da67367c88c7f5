"""The markets that the simulated Hyperliquid lists."""

import math
from decimal import Decimal

from feeds.model.instrument import Instrument, MarketKind
from feeds.simulator.catalogue.listing import MULTIPLIERS, Altcoins, Listing, Scaled, listed, perpetual, power_of_ten
from feeds.simulator.market.spec import MS, AltcoinBase
from feeds.venues.hyperliquid.profile import HYPERLIQUID


def _linear(base: AltcoinBase) -> Instrument:
    """Sizes have `szDecimals` decimals, prices at most six less those."""
    name, multiplier = (f"k{base.name}", 1_000) if base.name in MULTIPLIERS else (base.name, 1)
    unit_price = base.price * multiplier
    decimals = max(math.floor(math.log10(unit_price)), 0)
    tick = max(Decimal(1).scaleb(decimals - 6), min(Decimal(1), power_of_ten(unit_price).scaleb(-4)))
    lot = Decimal(1).scaleb(-decimals)
    return perpetual(HYPERLIQUID, base, name, lot, multiplier=multiplier, quote="USDC", tick=tick)


LISTING = Listing(
    interval_ns=(500 * MS,),
    lag_s=0.09,
    funding_hours=1,
    scaled=(
        Scaled(listed(HYPERLIQUID, "BTC", MarketKind.LINEAR, "BTC", "1", "0.00001", quote="USDC"), 0.25, 0.35, -1.0e-4),
        Scaled(
            listed(HYPERLIQUID, "ETH", MarketKind.LINEAR, "ETH", "0.1", "0.0001", quote="USDC"), 0.25, 0.35, -0.6e-4
        ),
        Scaled(listed(HYPERLIQUID, "@142", MarketKind.SPOT, "BTC", "1", "0.00001", quote="USDC"), 0.06, 0.05, -3.0e-4),
    ),
    altcoins=Altcoins(letter="H", share=0.2, basis=-1.5e-4, linear=_linear, four_hourly=frozenset()),
)
