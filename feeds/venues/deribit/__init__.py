"""Deribit: inverse and USDC perpetuals, which sockets they need, and where those are (README: Endpoints)."""

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.freshness import Stream
from feeds.venues.deribit.context import CONTEXT
from feeds.venues.deribit.instruments import instruments_from_listing
from feeds.venues.deribit.profile import PROFILE
from feeds.venues.deribit.protocol import PLATFORM, DeribitProtocol
from feeds.venues.deribit.universe import DeribitUniverse, universe_connections
from feeds.venues.driver import Carried, Endpoints, VenueDriver
from feeds.venues.shared.connections import connection, main_markets

__all__ = ["DRIVER", "PROFILE"]

_HOST = Endpoints("wss://www.deribit.com", "https://www.deribit.com")
_CHANNELS = ("trades.{}.100ms", "book.{}.100ms", "ticker.{}.100ms")


def connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One socket for a kind; the venue allows 32 an address."""
    streams = (*(channel.format(market.symbol) for market in markets for channel in _CHANNELS), PLATFORM)
    return (connection(markets, "all", streams, f"{endpoints.websocket}/ws/api/v2"),)


_CARRIED = {"trades": Stream.TRADES, "book": Stream.BOOK, "ticker": Stream.MARKS}


def carries(stream: str) -> Carried | None:
    """For example `book.BTC-PERPETUAL.100ms`. No liquidations are published live."""
    channel, _, rest = stream.partition(".")
    return (_CARRIED[channel], rest.partition(".")[0]) if channel in _CARRIED else None


DRIVER = VenueDriver(
    profile=PROFILE,
    endpoints={MarketKind.INVERSE: _HOST, MarketKind.LINEAR: _HOST},
    # the futures of all currencies; the venue allows one such call a second
    listing=lambda kind: (Fetch("/api/v2/public/get_instruments?currency=any&kind=future", "instruments"),),
    instruments=lambda kind, bodies: instruments_from_listing(bodies[0], kind),
    choose=main_markets(PROFILE),
    connections=connections,
    protocol=DeribitProtocol,
    weights=dict.fromkeys(MarketKind, ("deribit", 600.0)),
    universe=universe_connections,
    universe_protocol=DeribitUniverse,
    context_protocol=CONTEXT,
    limit_pause_s=5.0,
    connects=(8, 1.0),  # 32 may be open
    carries=carries,
)
