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


def dialects(simulation: Simulation, futures_weight: int) -> list[Dialect]:
    """The venues that have a market in this simulation. `futures_weight` is Binance's request weight a minute."""
    makers: dict[Venue, Callable[[], Dialect]] = {
        Venue.BINANCE: lambda: BinanceDialect(simulation, futures_weight=futures_weight),
        Venue.BYBIT: lambda: BybitDialect(simulation),
        Venue.OKX: lambda: OkxDialect(simulation),
        Venue.HYPERLIQUID: lambda: HyperliquidDialect(simulation),
        Venue.DERIBIT: lambda: DeribitDialect(simulation),
    }
    listed = {market.spec.instrument.venue for market in simulation.markets}
    return [make() for venue, make in makers.items() if venue in listed]
