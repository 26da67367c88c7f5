"""OKX's v5 messages as typed shapes. Field names are the venue's.

Samples (real captures of 2026-09/10, trimmed, one field group a line):

  {"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[
    {"instId":"BTC-USDT-SWAP","tradeId":"2978601964","px":"83725.9","sz":"5","side":"buy","ts":"1791369350776",
     "count":"1","source":"0","seqId":344430848209}]}
  {"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[
    {"bids":[["83723.6","0","0","0"]],"asks":[["83729.6","70.03","0","4"]],"ts":"1791369352001","checksum":0,
     "seqId":344430849237,"prevSeqId":344430848984}]}
  {"arg":{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},"data":[
    {"asks":[["84093.5","667.19","0","70"]],"bids":[["84093.4","570.27","0","83"]],"ts":"1790439594900",
     "seqId":342177336945}]}
  {"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[
    {"details":[{"bkLoss":"0","bkPx":"0.01968","ccy":"","posSide":"short","side":"buy","sz":"42","ts":"1791369351375"}],
     "instFamily":"XDP-USDT","instId":"XDP-USDT-SWAP","instType":"SWAP","uly":"XDP-USDT"}]}
  {"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[
    {"fundingRate":"0.0000252378080097","fundingTime":"1790784000000","instId":"BTC-USDT-SWAP",
     "nextFundingRate":"","nextFundingTime":"1790812800000","ts":"1790757195759"}]}
  {"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[
    {"instId":"BTC-USDT-SWAP","oi":"2874486.99","oiCcy":"28744.8699","oiUsd":"2385812703.75","ts":"1790757195759"}]}
  {"id":"ob1","event":"error","code":"60018","msg":"... channel:books,instId:NOPE-USDT doesn't exist."}
"""

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from feeds.model.errors import ProtocolError
from feeds.pipeline.units import Size
from feeds.venues.shared.numbers import MaybeMillis, Millis, Sides
from feeds.venues.shared.rows import RowDecoder

Row = TypeVar("Row")
SIDES = Sides("buy", "sell")

BookLevel = tuple[str, Size, Any, Any]
"""Price, size, a deprecated "0", number of orders."""


Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
TradeId = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
SeqId = Annotated[int, msgspec.Meta(ge=-1, le=1 << 62)]


class Arg(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a subscription names: a channel, and an instrument or (market-wide channels) a type of instrument."""

    channel: str
    instId: str = ""
    instType: str = ""


class Push(msgspec.Struct, Generic[Row], gc=False):
    """The envelope of every channel. `action` is set on books only."""

    arg: Arg
    data: list[Row]
    action: str = ""


class TradeRow(msgspec.Struct, gc=False):
    """Matches of one taker order at one price, `count` of them up to id `tradeId`. Frames of 2022 lack `count`."""

    instId: str
    tradeId: TradeId
    px: str
    sz: Size
    side: str
    ts: Millis
    count: Count | None = None


class Body(msgspec.Struct, Generic[Row], gc=False):
    """The body of a REST answer. `code` is "0" unless the venue refused."""

    data: list[Row]
    code: str = "0"
    msg: str = ""


def rows(decoder: msgspec.json.Decoder[Body[Row]], body: bytes, what: str) -> list[Row]:
    """The rows of a REST answer. Raises ProtocolError where the venue refused, and msgspec's errors."""
    return accepted(decoder.decode(body), what)


def accepted(answer: Body[Row], what: str) -> list[Row]:
    """The rows of a decoded REST answer. Raises ProtocolError where the venue refused."""
    if answer.code != "0":
        raise ProtocolError(f"OKX refused to list {what}", f"{answer.code} {answer.msg}")
    return answer.data


class BookRow(msgspec.Struct, gc=False):
    """Absolute sizes of levels.

    Frames of 2022 have a `checksum` and no ids; since 2026-06-23 the checksum is 0 or absent.
    """

    bids: list[BookLevel]
    asks: list[BookLevel]
    ts: Millis
    seqId: SeqId | None = None
    prevSeqId: SeqId | None = None
    checksum: int = 0


class BookText(msgspec.Struct, gc=False):
    """The same with sizes as they were written, which is what a checksum is made of."""

    bids: list[tuple[str, str, Any, Any]]
    asks: list[tuple[str, str, Any, Any]]


class LiquidationDetail(msgspec.Struct, gc=False):
    """One liquidation. `side` is the order's side, `bkPx` the price of the transfer to the liquidation account."""

    bkPx: str
    side: str
    sz: Size
    ts: Millis


class LiquidationRow(msgspec.Struct, Generic[Row], gc=False):
    """Liquidations of one instrument, in no order of time."""

    instId: str
    details: list[Row]


class MarkRow(msgspec.Struct, gc=False):
    """Mark price."""

    instId: str
    markPx: str
    ts: Millis


class IndexRow(msgspec.Struct, gc=False):
    """Index price; `instId` is the index, such as BTC-USDT."""

    instId: str
    idxPx: str
    ts: Millis


class FundingRow(msgspec.Struct, gc=False):
    """`fundingRate` is due at `fundingTime`. Empty text where the venue does not know; 2021 rows lack most fields."""

    instId: str
    fundingTime: MaybeMillis
    fundingRate: str = ""
    nextFundingTime: MaybeMillis = ""
    prevFundingTime: MaybeMillis = ""
    ts: str = ""


class OpenInterestRow(msgspec.Struct, gc=False):
    """One side counted: contracts `oi`, base coin `oiCcy`."""

    instId: str
    oi: Size
    oiCcy: Size
    ts: Millis


class Event(msgspec.Struct, gc=False):
    """An answer or a notice: `subscribe`, `unsubscribe`, `error`, `notice`, or none where it is a push."""

    event: str = ""
    arg: Arg | None = None
    id: str = ""
    code: str = ""
    msg: str = ""


def body_of(row: Any, *, strict: bool = False) -> RowDecoder:
    """A decoder of REST answers with rows of one type."""
    return RowDecoder(Body, row, lists=lambda body: (body.data,), strict=strict)


def push_of(row: Any, *, strict: bool = False) -> RowDecoder:
    """A decoder of pushes for the whole market with rows of one type."""
    return RowDecoder(Push, row, lists=lambda push: (push.data,), strict=strict)


liquidation_row = RowDecoder(LiquidationRow, LiquidationDetail, lists=lambda row: (row.details,))
