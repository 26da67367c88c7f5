"""Binance's facts."""

import msgspec

from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.venues.profile import Coverage, LiquidationCoverage, ServerTime, VenueColors, VenueProfile
from feeds.venues.shared.server_time import read_answer

BINANCE = Venue("binance")


class _Time(msgspec.Struct):
    serverTime: int


_time = msgspec.json.Decoder(_Time)


def server_time_ns(body: bytes) -> int:
    """Read `{"serverTime":1499827319559}`, ms. Raises ProtocolError."""
    return read_answer(_time, body).serverTime * 1_000_000


PROFILE = VenueProfile(
    name=BINANCE,
    label="Binance",
    mark="BIN",
    colors=VenueColors(on_dark="#f0b90b", on_light="#946e00"),
    taker_fee=0.0005,
    liquidations=LiquidationCoverage(Coverage.SAMPLED, "at most one a second and symbol is published"),
    quotes={MarketKind.LINEAR: "USDT", MarketKind.INVERSE: "USD", MarketKind.SPOT: "USDT"},
    server_time=ServerTime(MarketKind.LINEAR, Fetch("/fapi/v1/time", "time"), server_time_ns),
    captures={
        "BINANCE": MarketKind.SPOT,
        "BINANCE_FUTURES": MarketKind.LINEAR,
        "BINANCE_DELIVERY": MarketKind.INVERSE,
    },
)
