"""Deribit's messages as typed shapes. Field names are the venue's; all prices are JSON numbers.

Samples (trimmed; captures of 2026-09): the data of `trades.I.100ms`, `book.I.100ms` twice, `ticker.I.100ms` and
`platform_state` twice, each in `{"jsonrpc":"2.0","method":"subscription","params":{"channel":..,"data":..}}`
  [{"timestamp":1789344933994,"price":76917.5,"amount":8450.0,"direction":"buy","index_price":76906.67,"instrument_name"
    :"BTC-
    PERPETUAL","trade_seq":140284854,"mark_price":76917.12,"tick_direction":0,"trade_id":"267258393","contracts":845.0}]
  {"timestamp":1789344931302,"type":"snapshot","change_id":118850968930,"instrument_name":"BTC-
    PERPETUAL","bids":[["new",76914.0,1.0002e6]],"asks":[["new",76914.5,999990.0]]}
  {"timestamp":1789344931639,"type":"change","change_id":118850969743,"prev_change_id":118850968930,"instrument_name":"B
    TC-PERPETUAL","bids":[["delete",76893.0,0.0]],"asks":[]}
  {"timestamp":1790755218559,"state":"open","index_price":83251.03,"instrument_name":"BTC-PERPETUAL","open_interest":797
    578130,"mark_price":83212.14,"current_funding":-2.1714e-4,"funding_8h":-3.1e-
    6,"best_ask_price":83212.5,"best_bid_price":83212.0,"best_ask_amount":261910.0,"best_bid_amount":71750.0}
  {"maintenance":true}      {"price_index":"btc_usd","locked":true}
Answers, errors and heartbeats:
  {"jsonrpc":"2.0","id":2,"result":["trades.BTC-PERPETUAL.100ms"],"usIn":1789344931553121,"usDiff":325,"testnet":false}
  {"jsonrpc":"2.0","id":8,"error":{"code":-32602,"data":{"reason":"invalid value","param":"kind"},"message":"Invalid"}}
  {"params":{"type":"test_request"},"method":"heartbeat","jsonrpc":"2.0"}
"""

from typing import Generic, Literal, TypeVar

import msgspec

from feeds.pipeline.units import Size
from feeds.venues.shared.numbers import Price

Data = TypeVar("Data")

RawChange = tuple[Literal["new", "change", "delete"], Price, Size]

NOTHING = msgspec.Raw()  # what an absent field holds: msgspec reads `Raw | None` as None only


class Params(msgspec.Struct, Generic[Data], gc=False):
    """What a subscription pushes."""

    data: Data


class Push(msgspec.Struct, Generic[Data], gc=False):
    """One message of a known channel."""

    params: Params[Data]


class AnyParams(msgspec.Struct, gc=False):
    """The params of a push (`channel`) or of a heartbeat (`type`)."""

    channel: str = ""
    type: str = ""


class ErrorData(msgspec.Struct, gc=False):
    """Why a request was refused; `data` names the parameter."""

    code: int
    message: str = ""
    data: msgspec.Raw = NOTHING


class Anything(msgspec.Struct, gc=False):
    """Any message: a push, a heartbeat, an answer or an error."""

    method: str = ""
    params: AnyParams | None = None
    id: int | str | None = None
    result: msgspec.Raw = NOTHING
    error: ErrorData | None = None


class TradeData(msgspec.Struct, gc=False):
    """One fill. `direction` is the taker's, `trade_seq` is contiguous per instrument.

    `amount` is USD on inverse and listed coins on linear. A block trade was agreed off the book. `liquidation` is
    which side was liquidated: T taker, M maker, MT both; live messages lack it since 2023-10-03 (README: Liquidations).
    """

    instrument_name: str
    trade_seq: int
    trade_id: str
    timestamp: int
    price: Price
    amount: Size
    direction: Literal["buy", "sell"]
    liquidation: str | None = None
    block_trade_id: str | None = None


class BookData(msgspec.Struct, gc=False):
    """The whole book, or its changes since `prev_change_id`. Captures of 2019 have no `type`."""

    instrument_name: str
    timestamp: int
    change_id: int
    bids: list[RawChange]
    asks: list[RawChange]
    prev_change_id: int | None = None
    type: Literal["snapshot", "change"] | None = None


class TickerData(msgspec.Struct, gc=False):
    """Derived values. `current_funding` is a rate per 8 h that accrues continuously; dated futures have none.

    `state` is that of the book: open, halted, locked, settlement, ...
    """

    instrument_name: str
    timestamp: int
    mark_price: Price
    index_price: Price
    open_interest: Size
    current_funding: float | None = None
    best_bid_price: Price | None = None
    best_bid_amount: Size | None = None
    best_ask_price: Price | None = None
    best_ask_amount: Size | None = None
    state: str = "open"


class PlatformData(msgspec.Struct, gc=False):
    """The state of the platform. A locked price index comes on the same channel and is not used."""

    maintenance: bool | None = None


class TradesPage(msgspec.Struct, Generic[Data], gc=False):
    """One page of past trades."""

    trades: list[Data]
    has_more: bool = False


class AnswerPage(msgspec.Struct, Generic[Data], gc=False):
    """The body of a successful REST answer that is a page of past trades."""

    result: TradesPage[Data]


class AnswerRows(msgspec.Struct, Generic[Data], gc=False):
    """The body of a successful REST answer that is a list."""

    result: list[Data]


class Answer(msgspec.Struct, Generic[Data], gc=False):
    """The body of a successful REST answer."""

    result: Data
