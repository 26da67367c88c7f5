"""Binance's candles, with the taker's part, past funding, and the share of long accounts (README: Backfill).

Samples (recorded):
  [[1602669900000,"50.49","50.52","50.31","50.33","3811.648",1602670199999,"192171.59398",1517,"956.116",..],..]
  [{"symbol":"BTCUSDT","fundingTime":1600156800010,"fundingRate":"-0.00002796"},..]      oldest first
  [{"symbol":"BTCUSDT","longShortRatio":"0.1960","longAccount":"0.6622","shortAccount":"0.3378","timestamp":..},..]
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from feeds.model.events import Candle, Candles, Event, FundingHistory, LongShortRatio
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.binance.wire import API
from feeds.venues.shared import context
from feeds.venues.shared.numbers import MS, Millis, Rate
from feeds.venues.shared.rows import RowDecoder, each

_PAGE = 1_000
_WEIGHTS = ((99, 1), (499, 2), (1_000, 5))

_Kline = tuple[Millis, Size, Size, Size, Size, Size, int, Size, Any, Size, Size, Any]
"""Open time, prices, volume, close time, volume in the other unit, .., taker's part of both."""


class _Accounts(msgspec.Struct, gc=False):
    longShortRatio: Size
    longAccount: Annotated[float, msgspec.Meta(ge=0, le=1)]
    timestamp: Millis


class _Paid(msgspec.Struct, gc=False):
    fundingTime: Millis
    fundingRate: Rate


_klines, _accounts, _paid = (RowDecoder(list, row, lists=lambda rows: (rows,)) for row in (_Kline, _Accounts, _Paid))


def _ask(market: Instrument, spans: Sequence[context.Span]) -> Iterator[context.Question]:
    name, api = quote(market.symbol), API[market.kind]
    for span in spans:
        where = f"symbol={name}&interval=1m&startTime={span.start_ms}&endTime={span.end_ms - 1}&limit={span.minutes}"
        weight = 2 if market.kind is MarketKind.SPOT else next(w for most, w in _WEIGHTS if span.minutes <= most)
        yield context.ask_candles(market, span, f"{api}/klines?{where}", _read_candles, weight)
    if market.kind.is_perp:
        path = f"{api}/fundingRate?symbol={name}&limit=1000"  # the latest ones, where no time is named
        yield context.Question(market, Fetch(path, f"paid/{market.symbol}"), _read_paid)
        yield context.Question(market, ask_accounts(market), read_accounts, context.RATIO_S)


def ask_accounts(market: Instrument) -> Fetch:
    """The request that `read_accounts` reads."""
    name = quote(market.symbol)
    who = f"pair={name.removesuffix('_PERP')}" if market.kind is MarketKind.INVERSE else f"symbol={name}"
    path = f"/futures/data/globalLongShortAccountRatio?{who}&period=5m&limit=1"
    return Fetch(path, f"accounts/{market.symbol}", 1)


def _read_candles(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Candles]:
    rows = _klines.decode(body, answered.leave_out)
    return context.candles(market, each(rows, lambda row: (_candle(market, row),), answered.leave_out), answered.now_ns)


def _candle(market: Instrument, row: _Kline) -> Candle:
    """COIN-M counts contracts, and base coin in the second place."""
    if market.kind is MarketKind.INVERSE:
        return context.candle(market, row[0], row[1:5], row[7], row[5] * float(market.contract_size), row[10])
    return context.candle(market, row[0], row[1:5], row[5] * market.multiplier, row[7], row[9] * market.multiplier)


def _read_paid(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[FundingHistory]:
    rows = _paid.decode(body, answered.leave_out)
    return context.funding_history(market, ((row.fundingTime, row.fundingRate) for row in rows), answered.now_ns)


def read_accounts(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Event]:
    """The newest share of long accounts."""
    rows = _accounts.decode(body, answered.leave_out)
    return [
        LongShortRatio(market, row.timestamp * MS, answered.now_ns, row.longShortRatio, row.longAccount) for row in rows
    ]


CONTEXT = partial(context.ContextProtocol, ask=_ask, page=_PAGE)
