"""Bybit's candles (without the taker's part), past funding and share of long accounts (README: Backfill).

Samples (documentation):
  {"retCode":0,"result":{"category":"inverse","symbol":"BTCUSD","list":[["1670608800000","17071","17073","17027",
    "17055.5","268611","15.74462667"],..]},"time":..}      start, prices, volume, turnover; newest first
  {"retCode":0,"result":{"list":[{"symbol":"ETHPERP","fundingRate":"0.0001","fundingRateTimestamp":"1672041600000"}]}}
  {"retCode":0,"result":{"list":[{"symbol":"BTCUSDT","buyRatio":"0.49","sellRatio":"0.51","timestamp":"1672051897447"}]}}
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec

from feeds.model.events import Candle, Candles, Event, FundingHistory, LongShortRatio
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.bybit.wire import Rows, accepted
from feeds.venues.shared import context
from feeds.venues.shared.numbers import MS, Millis, Rate
from feeds.venues.shared.rows import LeaveOut, RowDecoder, each

_PAGE = 1_000

_Kline = tuple[Millis, Size, Size, Size, Size, Size, Size]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Accounts(msgspec.Struct, gc=False):
    buyRatio: _Share
    sellRatio: _Share
    timestamp: Millis


class _Paid(msgspec.Struct, gc=False):
    fundingRate: Rate
    fundingRateTimestamp: Millis


_klines, _accounts, _paid = (
    RowDecoder(Rows, row, lists=lambda result: (result.rows,)) for row in (_Kline, _Accounts, _Paid)
)


def _ask(market: Instrument, spans: Sequence[context.Span]) -> Iterator[context.Question]:
    who = f"category={market.kind.value}&symbol={market.symbol}"
    for span in spans:
        where = f"{who}&interval=1&start={span.start_ms}&end={span.end_ms - 1}&limit={span.minutes}"
        yield context.ask_candles(market, span, f"/v5/market/kline?{where}", _read_candles)
    if market.kind.is_perp:
        path = f"/v5/market/funding/history?{who}&limit=200"
        yield context.Question(market, Fetch(path, f"paid/{market.symbol}"), _read_paid)
        yield context.Question(market, ask_accounts(market), read_accounts, context.RATIO_S)


def ask_accounts(market: Instrument) -> Fetch:
    """The request that `read_accounts` reads."""
    who = f"category={market.kind.value}&symbol={market.symbol}"
    return Fetch(f"/v5/market/account-ratio?{who}&period=5min&limit=1", f"accounts/{market.symbol}")


def _rows(decoder: RowDecoder, body: bytes, what: str, leave_out: LeaveOut) -> list[Any]:
    rows: list[Any] = decoder.decode(accepted(body, what).result, leave_out).rows
    return rows


def _read_candles(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Candles]:
    rows = _rows(_klines, body, "candles", answered.leave_out)
    return context.candles(market, each(rows, lambda row: (_candle(market, row),), answered.leave_out), answered.now_ns)


def _candle(market: Instrument, row: _Kline) -> Candle:
    """Inverse counts USD, and base coin in the second place."""
    if market.kind is MarketKind.INVERSE:
        return context.candle(market, row[0], row[1:5], row[6], row[5])
    return context.candle(market, row[0], row[1:5], row[5] * market.multiplier, row[6])


def _read_paid(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[FundingHistory]:
    rows = _rows(_paid, body, "funding", answered.leave_out)
    return context.funding_history(
        market, ((row.fundingRateTimestamp, row.fundingRate) for row in rows), answered.now_ns
    )


def read_accounts(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Event]:
    """The newest share of long accounts. Raises ProtocolError and msgspec's errors for a body without one."""
    rows = [row for row in _rows(_accounts, body, "accounts", answered.leave_out) if row.sellRatio]
    return [
        LongShortRatio(market, row.timestamp * MS, answered.now_ns, row.buyRatio / row.sellRatio, row.buyRatio)
        for row in rows
    ]


CONTEXT = partial(context.ContextProtocol, ask=_ask, page=_PAGE)
