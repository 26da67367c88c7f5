"""The dialects of a simulation: one line for each venue that can speak."""

from __future__ import annotations

from collections.abc import Callable

from feeds.model.instrument import Venue
from feeds.simulator.binance import BinanceDialect
from feeds.simulator.bybit import BybitDialect
from feeds.simulator.deribit import DeribitDialect
from feeds.simulator.dialect import Dialect
from feeds.simulator.hyperliquid import HyperliquidDialect
from feeds.simulator.okx import OkxDialect
from feeds.simulator.simulation import Simulation
from feeds.venues.binance.profile import BINANCE
from feeds.venues.bybit.profile import BYBIT
from feeds.venues.deribit.profile import DERIBIT
from feeds.venues.hyperliquid.profile import HYPERLIQUID
from feeds.venues.okx.profile import OKX


def dialects(simulation: Simulation, futures_weight: int) -> list[Dialect]:
    """The venues that have a market in this simulation. `futures_weight` is Binance's request weight a minute."""
    makers: dict[Venue, Callable[[], Dialect]] = {
        BINANCE: lambda: BinanceDialect(simulation, futures_weight=futures_weight),
        BYBIT: lambda: BybitDialect(simulation),
        OKX: lambda: OkxDialect(simulation),
        HYPERLIQUID: lambda: HyperliquidDialect(simulation),
        DERIBIT: lambda: DeribitDialect(simulation),
    }
    listed = {market.spec.instrument.venue for market in simulation.markets}
    return [make() for venue, make in makers.items() if venue in listed]
