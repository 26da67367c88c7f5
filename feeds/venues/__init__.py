"""Which driver speaks for which venue; nothing else."""

from __future__ import annotations

from feeds.model.errors import ProtocolError
from feeds.model.frame import CONTEXT, UNIVERSE, ConnectionSpec
from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.binance import context as binance_context
from feeds.venues.binance import plan as binance_plan
from feeds.venues.binance import universe as binance_universe
from feeds.venues.binance.instruments import instruments_from_exchange_info
from feeds.venues.binance.protocol import BinanceProtocol
from feeds.venues.binance.universe import BinanceUniverse
from feeds.venues.bybit import plan as bybit_plan
from feeds.venues.deribit import plan as deribit_plan
from feeds.venues.driver import VenueDriver
from feeds.venues.hyperliquid import plan as hyperliquid_plan
from feeds.venues.okx import plan as okx_plan
from feeds.venues.shared.clocks import binance_time_ns

DRIVERS: dict[Venue, VenueDriver] = {
    Venue.BINANCE: VenueDriver(
        venue=Venue.BINANCE,
        endpoints=binance_plan.LIVE,
        listing=binance_plan.listing,
        instruments=lambda kind, bodies: instruments_from_exchange_info(bodies[0], kind),
        choose=binance_plan.choose,
        connections=binance_plan.connections,
        protocol=lambda spec: BinanceUniverse(spec) if spec.route == UNIVERSE else BinanceProtocol(spec),
        weights=binance_plan.WEIGHTS,
        lifetime_s=binance_plan.LIFETIME_S,
        clock=(MarketKind.LINEAR, Fetch("/fapi/v1/time", "time"), binance_time_ns),
        universe=binance_universe.plan,
        context=binance_context.protocol,
        connects=(20, 1.0),  # 300 in 5 minutes
    ),
    Venue.BYBIT: bybit_plan.DRIVER,
    Venue.OKX: okx_plan.DRIVER,
    Venue.HYPERLIQUID: hyperliquid_plan.DRIVER,
    Venue.DERIBIT: deribit_plan.DRIVER,
}


def protocol_for(spec: ConnectionSpec) -> VenueProtocol:
    """Build the protocol of a connection. Raises ProtocolError for a venue that has no decoder."""
    try:
        driver = DRIVERS[spec.venue]
    except KeyError:
        raise ProtocolError(f"{spec.venue.value} cannot be decoded by this version") from None
    if spec.route == CONTEXT and driver.context is not None:
        return driver.context(spec)
    return driver.protocol(spec)
