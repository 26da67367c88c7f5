"""The markets that the simulated OKX lists."""

import math
from decimal import Decimal

from feeds.model.instrument import Instrument, MarketKind
from feeds.simulator.catalogue.listing import Altcoins, Listing, Scaled, listed, perpetual
from feeds.simulator.market.spec import MS, AltcoinBase
from feeds.venues.okx.profile import OKX


def _linear(base: AltcoinBase) -> Instrument:
    """A contract is worth about 100 USD and traded by tenths."""
    contract = Decimal(1).scaleb(round(math.log10(100.0 / base.price)))
    return perpetual(OKX, base, f"{base.name}-USDT-SWAP", contract / 10, contract=contract)


LISTING = Listing(
    interval_ns=(100 * MS,),
    id_jump=30,
    lag_s=0.04,
    scaled=(
        Scaled(listed(OKX, "BTC-USDT-SWAP", MarketKind.LINEAR, "BTC", "0.1", "0.0001", "0.01"), 0.4, 0.5, 2.6e-4),
        Scaled(listed(OKX, "ETH-USDT-SWAP", MarketKind.LINEAR, "ETH", "0.01", "0.001", "0.1"), 0.4, 0.5, 3.1e-4),
        Scaled(listed(OKX, "BTC-USD-SWAP", MarketKind.INVERSE, "BTC", "0.1", "0.1", "100"), 0.6, 0.6, 2.3e-4),
        Scaled(listed(OKX, "ETH-USD-SWAP", MarketKind.INVERSE, "ETH", "0.01", "0.1", "10"), 0.6, 0.6, 2.6e-4),
        Scaled(listed(OKX, "BTC-USDT", MarketKind.SPOT, "BTC", "0.1", "0.00000001"), 0.4, 0.4, 0.0),
        Scaled(listed(OKX, "ETH-USDT", MarketKind.SPOT, "ETH", "0.01", "0.000001"), 0.4, 0.4, 0.0),
    ),
    altcoins=Altcoins(letter="O", share=0.35, basis=0.3e-4, linear=_linear),
)
