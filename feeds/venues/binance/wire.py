"""Binance's messages as typed shapes: USD-M, COIN-M and spot (README.md). Field names are the venue's.

Samples (trimmed; real captures of 2024-08-08 and 2026-10):
  {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}
  {"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":..,"s":"BTCUSDT","a":5933014,"p":"83725.90","q":"0.120","nq":"0.120","f":100,"l":105,"T":..,"m":true,"st":1}}
  {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":..,"T":..,"s":"BTCUSDT","U":157,"u":160,"pu":149,"b":[["83725.80","10"]],"a":[["83726.00","0"]]}}
  {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":..,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":..,"E":..}}
  {"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":..,"o":{"s":"COTIUSDT","S":"BUY","q":"288183","p":"0.0220482","ap":"0.0219120","X":"FILLED","z":"288183","T":..}}}
  {"stream":"!contractInfo","data":{"e":"contractInfo","E":..,"s":"BTCUSDT","ct":"PERPETUAL","dt":..,"ot":..,"cs":"TRADING","st":1}}
  {"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}
  {"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":..,"s":"BTCUSDT","p":"11794.15","i":"11784.62","P":"..","r":"0.00038167","T":1562306400000}}
"""

from typing import Annotated, Generic, TypeVar

import msgspec

from feeds.model.instrument import MarketKind
from feeds.pipeline.units import RawLevels, Size
from feeds.venues.shared.numbers import MaybeMillis, Millis

API = {MarketKind.LINEAR: "/fapi/v1", MarketKind.INVERSE: "/dapi/v1", MarketKind.SPOT: "/api/v3"}

Data = TypeVar("Data")
Id = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class Combined(msgspec.Struct, Generic[Data], gc=False):
    """The envelope of the /stream path."""

    data: Data


class CombinedRows(msgspec.Struct, Generic[Data], gc=False):
    """The envelope of an array for the whole market."""

    data: list[Data]


class TradeData(msgspec.Struct, gc=False):
    """One fill. `m`: the buyer was the maker, so the aggressor sold. `X` other than MARKET is off-book."""

    s: str
    t: Id
    p: str
    q: Size
    T: Millis
    m: bool
    X: str = "MARKET"


class AggTradeData(msgspec.Struct, gc=False):
    """Fills of one price and taker side, merged. `a` is contiguous per symbol; older captures lack it."""

    s: str
    p: str
    q: Size
    T: Millis
    m: bool
    a: Id | None = None


class RestAggTrade(msgspec.Struct, gc=False):
    """A row of GET aggTrades.

    `{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27781,"T":1498793709153,"m":true}`.
    """

    a: Id
    p: str
    q: Size
    T: Millis
    m: bool


class DepthData(msgspec.Struct, gc=False):
    """Absolute sizes of changed levels. Futures chain by `pu`; spot has neither `pu` nor `T`."""

    s: str
    E: Millis
    U: Id
    u: Id
    b: RawLevels
    a: RawLevels
    T: Millis | None = None
    pu: Id | None = None


class QuoteData(msgspec.Struct, gc=False):
    """Best bid and ask after update `u`. Spot carries no time."""

    s: str
    u: Id
    b: str
    B: Size
    a: str
    A: Size
    T: Millis | None = None


class MarkData(msgspec.Struct, gc=False):
    """Mark `p`, index `i`, current funding estimate `r`, next funding time `T` (0 and "" on dated contracts)."""

    s: str
    E: Millis
    p: str
    T: MaybeMillis = 0
    i: str | None = None
    r: str | None = None


class LiquidationOrderRow(msgspec.Struct, gc=False):
    """A liquidation order.

    `S` is the order's side; `ap` the average fill, `z` the filled size, `p`/`q` the order's own.
    """

    s: str
    S: str
    q: Size
    p: str
    T: Millis
    ap: str = "0"
    z: Size = 0.0


class ForceOrderData(msgspec.Struct, gc=False):
    """Envelope of a liquidation order. `st` 2 is COIN-M on the merged stream."""

    E: Millis
    o: LiquidationOrderRow


class ContractData(msgspec.Struct, gc=False):
    """A contract was listed, settled or changed; `cs` is its status, TRADING where orders match."""

    s: str
    cs: str


class ShutdownData(msgspec.Struct, gc=False):
    """Spot announces that it is about to close this connection."""

    E: Millis = 0


class SnapshotBody(msgspec.Struct, gc=False):
    """GET depth. Spot carries no times."""

    lastUpdateId: Id
    bids: RawLevels
    asks: RawLevels
    E: Millis | None = None
    T: Millis | None = None


class Bare(msgspec.Struct, gc=False):
    """Anything else: an ack, an error, a message of the /ws path or a combined one with unusual spacing."""

    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    e: str | None = None
    code: int | None = None
    msg: str | None = None
    error: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
