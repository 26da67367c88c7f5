"""Bybit v5's messages as typed shapes: linear, inverse and spot. Field names are the venue's.

Samples (trimmed; real captures of 2026-08 to 2026-10; the liquidation is the documentation's). Key order varies:
  {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":..,"data":[{"T":1791365008334,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"83766.30","L":"PlusTick","i":"68bc1c35-dcc0-58e8-a4c5-f59a6b790814","BT":false,"RPI":false,"seq":821670598155}]}
  {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":..,"data":{"s":"BTCUSDT","b":[["83766.70","0"]],"a":[["83773.20","0.002"]],"u":32881661,"seq":821670555855},"cts":1791365004603}
  {"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":..,"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}
  {"topic":"liquidation.XRPUSD","type":"snapshot","ts":..,"data":{"updatedTime":1680673944093,"symbol":"XRPUSD","side":"Sell","size":"6949","price":"0.5149"}}
  {"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","markPrice":"83024.60","openInterestValue":"4742241528.37","ask1Price":"83024.70","ask1Size":"2.942"},"cs":818232113624,"ts":1790757083083}
  {"success":true,"ret_msg":"","conn_id":"d8bu1olkndm7crnfs1e0-j6akw","req_id":"1","op":"subscribe"}
  {"success":false,"ret_msg":"Invalid symbol :[orderbook.50.NOSUCHSYM]","conn_id":"d967ikkn0ine3iqmjc30-koqj","op":"subscribe"}
"""  # noqa: E501

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from feeds.model.errors import ProtocolError
from feeds.pipeline.units import RawLevels, Size
from feeds.venues.shared.numbers import MaybeMillis, Millis, Sides

Data = TypeVar("Data")
SIDES = Sides("Buy", "Sell")
CLOSING_SIDES = Sides("Sell", "Buy")  # of the order that closes a position, by the side of the position


class Answer(msgspec.Struct, gc=False):
    """The body of a REST answer. `retCode` is 0 unless the venue refused; `time` is the venue's, ms."""

    retCode: int
    retMsg: str = ""
    result: msgspec.Raw = msgspec.Raw(b"{}")
    time: Millis = 0


class Rows(msgspec.Struct, Generic[Data], gc=False):
    """The result of an answer that is a list."""

    rows: list[Data] = msgspec.field(name="list", default_factory=list)


_answer = msgspec.json.Decoder(Answer)


def accepted(body: bytes, what: str) -> Answer:
    """A REST answer that is no refusal. Raises ProtocolError and msgspec's errors."""
    answer = _answer.decode(body)
    if answer.retCode:
        raise ProtocolError(f"Bybit refused to list {what}", f"{answer.retCode} {answer.retMsg}")
    return answer


class Message(msgspec.Struct, Generic[Data], gc=False):
    """The envelope of every topic. `ts` is the push time, `cts` the matching time of a book (absent before 2023-08)."""

    topic: str
    ts: Millis
    data: Data
    type: str = ""
    cts: Millis | None = None


class TradeRow(msgspec.Struct, gc=False):
    """One fill. `S` is the taker's side; `BT` marks a block trade; `i` is unique and shows no order."""

    s: str
    S: str
    v: Size
    p: str
    i: str
    T: Millis
    BT: bool = False


class BookData(msgspec.Struct, gc=False):
    """Absolute sizes of changed levels, or the whole visible book. `u` grows within one topic."""

    s: str
    b: RawLevels
    a: RawLevels
    u: Annotated[int, Meta(ge=0)]


class LiquidationRow(msgspec.Struct, gc=False):
    """A liquidated position. `S` is the POSITION's side (Buy: a long), `p` the bankruptcy price, not the fill's."""

    s: str
    S: str
    v: Size
    p: str
    T: Millis


class OldLiquidation(msgspec.Struct, gc=False):
    """The deprecated topic `liquidation`: at most one a second and symbol; `side` is the position's as well."""

    symbol: str
    side: str
    size: Size
    price: str
    updatedTime: Millis


class TickerData(msgspec.Struct, gc=False):
    """What changed; absent fields are as before. Dated futures have "" where they have no funding, spot has none of it.

    `openInterest` counts both sides, `singleOpenInterest` one (since 2026-06-11); in base coin, or USD if inverse. The
    `Value` fields are USDT, or coin if inverse.
    """

    markPrice: str = ""
    indexPrice: str = ""
    openInterest: str = ""
    openInterestValue: str = ""
    singleOpenInterest: str = ""
    singleOpenInterestValue: str = ""
    fundingRate: str = ""
    nextFundingTime: MaybeMillis = ""
    fundingIntervalHour: str = ""


class Bare(msgspec.Struct, gc=False):
    """Anything: an ack, a pong, or a message whose first key is not `topic`."""

    topic: str | None = None
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""
    req_id: str = ""
