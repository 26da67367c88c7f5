"""Bybit's facts."""

import msgspec

from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.pipeline.symbols import SymbolRules
from feeds.venues.profile import Coverage, LiquidationCoverage, ServerTime, VenueColors, VenueProfile
from feeds.venues.shared.server_time import read_answer

BYBIT = Venue("bybit")


class _Result(msgspec.Struct):
    timeNano: int


class _Time(msgspec.Struct):
    result: _Result


_time = msgspec.json.Decoder(_Time, strict=False)


def server_time_ns(body: bytes) -> int:
    """Read `{"retCode":0,"result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"}}`, ns.

    Raises ProtocolError.
    """
    return read_answer(_time, body).result.timeNano


PROFILE = VenueProfile(
    name=BYBIT,
    label="Bybit",
    mark="BYB",
    colors=VenueColors(on_dark="#ff8a3d", on_light="#b34d0a"),
    taker_fee=0.00055,
    liquidations=LiquidationCoverage(
        Coverage.ALL, "all are published, at the bankruptcy price", delay_ns=500_000_000, price_is_fill=False
    ),
    quotes={MarketKind.LINEAR: "USDT", MarketKind.INVERSE: "USD", MarketKind.SPOT: "USDT"},
    server_time=ServerTime(MarketKind.LINEAR, Fetch("/v5/market/time", "time"), server_time_ns),
    # A suffix separates the first Neiro from NEIROETH; other venues leave it off.
    symbols=SymbolRules(renamed={"1000NEIROCTO": ("NEIRO", 1_000), "NEIROCTO": ("NEIRO", 1)}, has_number_suffix=True),
    captures={"BYBIT": MarketKind.LINEAR},
)
