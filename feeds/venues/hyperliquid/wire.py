"""Hyperliquid's messages as typed shapes. Field names are the venue's.

Samples (trimmed; captures of 2025-01 and 2026-10):
  {"channel":"trades","data":[{"coin":"BTC","side":"A","px":"83459.0","sz":"0.00012","time":1791400828182,"hash":"0xdf..
    ","tid":468409263219607,"users":["0x..","0x.."]}]}
  {"channel":"l2Book","data":{"coin":"BTC","time":1791400840821,"levels":[[{"px":"83457.0","sz":"1.54301","n":4}],[{"px"
    :"83458.0","sz":"0.37464","n":2}]],"fast":true}}
  {"channel":"bbo","data":{"coin":"BTC","time":1791400840900,"bbo":[{"px":"83457.0","sz":"1.5","n":4},null]}}
  {"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0000125","openInterest":"27353.17682","oraclePx":
    "77605.0","markPx":"77562.0","midPx":"77558.5"}}}
  {"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs"
    :null,"mantissa":null,"fast":false}}}
  {"channel":"error","data":"Already subscribed: {...}"}      {"channel":"pong"}
"""

from typing import Generic, Literal, TypeVar

import msgspec

from feeds.pipeline.units import Size
from feeds.venues.shared.numbers import Price, Rate

Data = TypeVar("Data")


class Push(msgspec.Struct, Generic[Data], gc=False):
    """One message of a known channel."""

    data: Data


class Anything(msgspec.Struct, gc=False):
    """Any message: only its channel."""

    channel: str


class TradeData(msgspec.Struct, gc=False):
    """One fill. `side` is the taker's: B bought, A sold. `tid` is unique and in no order; `time` is the block's."""

    coin: str
    side: Literal["A", "B"]
    px: str
    sz: Size
    time: int
    tid: int


class LevelData(msgspec.Struct, gc=False):
    """All orders at one price."""

    px: str
    sz: Size


class BookData(msgspec.Struct, gc=False):
    """The whole visible book, best first: 20 levels a side, or 5 where `fast`."""

    coin: str
    time: int
    levels: tuple[list[LevelData], list[LevelData]]
    fast: bool = False


class QuoteData(msgspec.Struct, gc=False):
    """Best bid and ask after a block; an empty side is null or missing."""

    coin: str
    time: int
    bbo: list[LevelData | None]


class ContextFields(msgspec.Struct, gc=False):
    """`funding` is the estimate for the coming hour, `openInterest` is in listed units, `oraclePx` is the index."""

    funding: Rate
    openInterest: Size
    oraclePx: Price
    markPx: Price


class ContextData(msgspec.Struct, gc=False):
    """A perpetual's derived values, about once a second. Carries no time."""

    coin: str
    ctx: ContextFields


class Subscription(msgspec.Struct, gc=False):
    """What an ack echoes, without the defaults that the venue fills in."""

    type: str
    coin: str = ""


class AckData(msgspec.Struct, gc=False):
    """The answer to `subscribe` and `unsubscribe`."""

    method: str
    subscription: Subscription
