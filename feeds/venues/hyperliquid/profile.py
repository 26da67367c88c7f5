"""Hyperliquid's facts."""

import msgspec

from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.pipeline.symbols import SymbolRules
from feeds.venues.profile import Coverage, LiquidationCoverage, ServerTime, VenueColors, VenueProfile
from feeds.venues.shared.server_time import read_answer

HYPERLIQUID = Venue("hyperliquid")

# Coins that some other venue lists by the thousand or more, which confirms that the k of `kPEPE` is a thousand.
_BY_THOUSANDS = frozenset({
    "BABYDOGE", "BONK", "BTT", "CAT", "CHEEMS", "DOGS", "FLOKI", "LUNC", "MOG", "NEIRO", "PEPE", "RATS", "SATS", "SHIB",
    "TOSHI", "TURBO", "WHY", "X", "XEC",
})  # fmt: skip


class _Time(msgspec.Struct):
    time: int


_time = msgspec.json.Decoder(_Time)


def server_time_ns(body: bytes) -> int:
    """Read the answer to exchangeStatus, `time` in ms, which is behind the wall clock by 130-270 ms.

    Raises ProtocolError.
    """
    return read_answer(_time, body).time * 1_000_000


PROFILE = VenueProfile(
    name=HYPERLIQUID,
    label="Hyperliquid",
    mark="HYP",
    colors=VenueColors(on_dark="#6fe3c4", on_light="#0b7a60"),
    taker_fee=0.00045,
    liquidations=LiquidationCoverage(Coverage.NONE, "the venue has no liquidation feed"),
    quotes={MarketKind.LINEAR: "USDC", MarketKind.SPOT: "USDC"},
    server_time=ServerTime(MarketKind.LINEAR, Fetch("/info", "time", 2, '{"type":"exchangeStatus"}'), server_time_ns),
    symbols=SymbolRules(by_thousands=_BY_THOUSANDS, has_number_prefix=False, quote="USDC"),
)
