"""The markets that the simulated Bybit lists."""

from feeds.model.instrument import Instrument, MarketKind
from feeds.simulator.catalogue.listing import (
    MULTIPLIERS,
    Altcoins,
    Listing,
    Scaled,
    coin_margined,
    listed,
    perpetual,
    usual_lot,
)
from feeds.simulator.market.spec import MS, AltcoinBase
from feeds.venues.bybit.profile import BYBIT


def _linear(base: AltcoinBase) -> Instrument:
    name, multiplier = _listed_name(base.name)
    lot = usual_lot(base.price * multiplier) * 10
    return perpetual(BYBIT, base, f"{name}USDT", lot, multiplier=multiplier)


def _listed_name(base: str) -> tuple[str, int]:
    """The listed asset of a base and how many coins one listed unit is."""
    if base == "SHIB":
        return "SHIB1000", 1_000
    multiplier = 10_000 if base in ("SATS", "RATS") else MULTIPLIERS.get(base, 1)
    return (base, 1) if multiplier == 1 else (f"{multiplier}{base}", multiplier)


LISTING = Listing(
    interval_ns=(20 * MS, 100 * MS, 200 * MS),
    id_jump=40,
    lag_s=0.03,
    scaled=(
        Scaled(listed(BYBIT, "BTCUSDT", MarketKind.LINEAR, "BTC", "0.10", "0.001"), 0.5, 0.6, 2.2e-4),
        Scaled(listed(BYBIT, "ETHUSDT", MarketKind.LINEAR, "ETH", "0.01", "0.01"), 0.5, 0.6, 2.7e-4),
        Scaled(listed(BYBIT, "BTCUSD", MarketKind.INVERSE, "BTC", "0.10", "1"), 0.7, 0.8, 2.0e-4),
        Scaled(listed(BYBIT, "ETHUSD", MarketKind.INVERSE, "ETH", "0.01", "1"), 0.7, 0.8, 2.4e-4),
        Scaled(listed(BYBIT, "BTCUSDT", MarketKind.SPOT, "BTC", "0.1", "0.000001"), 0.5, 0.4, 0.0),
        Scaled(listed(BYBIT, "ETHUSDT", MarketKind.SPOT, "ETH", "0.01", "0.00001"), 0.5, 0.4, 0.0),
    ),
    altcoins=Altcoins(
        letter="Y", share=0.45, basis=-0.4e-4, linear=_linear,
        inverse_letter="I", inverse_share=0.04,
        inverse=lambda base: coin_margined(BYBIT, base, f"{base.name}USD", 1),
        hourly=frozenset({"TRB", "MOG"}),
    ),
)  # fmt: skip
