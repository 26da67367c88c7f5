"""The markets that the simulated Deribit lists."""

from feeds.model.instrument import Instrument, MarketKind
from feeds.simulator.catalogue.listing import MULTIPLIERS, Altcoins, Listing, Scaled, listed, perpetual, usual_lot
from feeds.simulator.market.spec import MS, AltcoinBase
from feeds.venues.deribit.profile import DERIBIT


def _linear(base: AltcoinBase) -> Instrument:
    name, multiplier = (f"1000{base.name}", 1_000) if base.name in MULTIPLIERS else (base.name, 1)
    lot = usual_lot(base.price * multiplier)
    return perpetual(DERIBIT, base, f"{name}_USDC-PERPETUAL", lot, multiplier=multiplier, quote="USDC")


LISTING = Listing(
    interval_ns=(100 * MS, 1_000 * MS),
    id_jump=25,
    lag_s=0.12,
    scaled=(
        Scaled(listed(DERIBIT, "BTC-PERPETUAL", MarketKind.INVERSE, "BTC", "0.5", "10"), 0.5, 0.9, 3.4e-4),
        Scaled(listed(DERIBIT, "ETH-PERPETUAL", MarketKind.INVERSE, "ETH", "0.05", "1"), 0.5, 0.8, 3.8e-4),
        Scaled(
            listed(DERIBIT, "BTC_USDC-PERPETUAL", MarketKind.LINEAR, "BTC", "0.5", "0.0001", quote="USDC"),
            0.1,
            0.1,
            1.6e-4,
        ),
    ),
    altcoins=Altcoins(letter="D", share=0.03, basis=0.8e-4, linear=_linear, four_hourly=frozenset()),
)
