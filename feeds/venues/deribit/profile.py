"""Deribit's facts."""

import msgspec

from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.venues.profile import Coverage, LiquidationCoverage, ServerTime, VenueColors, VenueProfile
from feeds.venues.shared.server_time import read_answer

DERIBIT = Venue("deribit")


class _Time(msgspec.Struct):
    result: int


_time = msgspec.json.Decoder(_Time)


def server_time_ns(body: bytes) -> int:
    """Read `{"jsonrpc":"2.0","result":1550147385946}`, ms. Raises ProtocolError."""
    return read_answer(_time, body).result * 1_000_000


PROFILE = VenueProfile(
    name=DERIBIT,
    label="Deribit",
    mark="DER",
    colors=VenueColors(on_dark="#5b8def", on_light="#2f58b8"),
    taker_fee=0.0005,
    liquidations=LiquidationCoverage(
        Coverage.DELAYED, "all are published, but an hour late", delay_ns=3_600_000_000_000
    ),
    quotes={MarketKind.LINEAR: "USDC", MarketKind.INVERSE: "USD"},
    server_time=ServerTime(MarketKind.LINEAR, Fetch("/api/v2/public/get_time", "time"), server_time_ns),
    captures={"DERIBIT": MarketKind.INVERSE},
)
