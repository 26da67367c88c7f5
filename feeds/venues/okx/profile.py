"""OKX's facts."""

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.venues.profile import Coverage, LiquidationCoverage, ServerTime, VenueColors, VenueProfile
from feeds.venues.shared.server_time import read_answer

OKX = Venue("okx")


class _Row(msgspec.Struct):
    ts: int


class _Time(msgspec.Struct):
    data: list[_Row]


_time = msgspec.json.Decoder(_Time, strict=False)


def server_time_ns(body: bytes) -> int:
    """Read `{"code":"0","data":[{"ts":"1597026383085"}]}`, ms. Raises ProtocolError."""
    rows = read_answer(_time, body).data
    if not rows:
        raise ProtocolError("the answer has no server time")
    return rows[0].ts * 1_000_000


PROFILE = VenueProfile(
    name=OKX,
    label="OKX",
    mark="OKX",
    colors=VenueColors(on_dark="#c9d1d9", on_light="#3d4754"),
    taker_fee=0.0005,
    liquidations=LiquidationCoverage(
        Coverage.SAMPLED, "a part is published, in no order, not at the price of a fill", price_is_fill=False
    ),
    quotes={MarketKind.LINEAR: "USDT", MarketKind.INVERSE: "USD", MarketKind.SPOT: "USDT"},
    server_time=ServerTime(MarketKind.LINEAR, Fetch("/api/v5/public/time", "time"), server_time_ns),
    captures={"OKX": MarketKind.LINEAR},
)
