"""The markets that the simulated Binance lists."""

from feeds.model.instrument import Instrument
from feeds.simulator.catalogue.calibrated import CALIBRATED
from feeds.simulator.catalogue.listing import MULTIPLIERS, Altcoins, Listing, coin_margined, perpetual, usual_lot
from feeds.simulator.market.spec import MS, AltcoinBase
from feeds.venues.binance.profile import BINANCE


def _linear(base: AltcoinBase) -> Instrument:
    multiplier = MULTIPLIERS.get(base.name, 1)
    name = base.name if multiplier == 1 else f"{multiplier}{base.name}"
    return perpetual(BINANCE, base, f"{name}USDT", usual_lot(base.price * multiplier), multiplier=multiplier)


LISTING = Listing(
    interval_ns=(50 * MS, 100 * MS, 250 * MS, 500 * MS),
    markets=CALIBRATED,
    altcoins=Altcoins(
        letter="B", share=1.0, basis=0.0, linear=_linear,
        inverse_letter="C", inverse_share=0.08,
        inverse=lambda base: coin_margined(BINANCE, base, f"{base.name}USD_PERP", 10),
        aggregate_ns=100 * MS,
    ),
)  # fmt: skip
