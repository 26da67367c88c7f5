"""OKX's candles, past funding and open interest, share of long accounts and taker volume (README: Backfill).

Samples (documentation):
  {"code":"0","data":[["1597026383085","3.721","3.743","3.677","3.708","8422410","22698348.04","12698348.04","1"],..]}
    start, prices, contracts (spot: base coin), base coin (spot: quote), quote, whether it is finished; newest first
  {"code":"0","data":[["1701417600000","731377.57500501","111","8888888"],..]}      time, contracts, coin, USD
  {"code":"0","data":[{"fundingRate":"0.00017","fundingTime":"1706284800000","realizedRate":"0.00017",..},..]}
  {"code":"0","data":[["1630502400000","1.1"],..]}      time, long accounts per short account
  {"code":"0","data":[["1630425600000","7596.2651","7149.4855"],..]}      time, sold, bought (in coin, as asked for)
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from feeds.model.events import Candle, Candles, Event, FundingHistory, LongShortRatio, TakerFlow
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.okx.wire import accepted, body_of
from feeds.venues.shared import context
from feeds.venues.shared.numbers import MS, SECOND, Millis, Rate
from feeds.venues.shared.rows import LeaveOut, RowDecoder, each

_PAGE = 300
_FIVE_MINUTES_NS = 300 * SECOND
_RUBIK = "/api/v5/rubik/stat"
_PERIODS = ("5m", "1H")  # a page has 100 rows, which is 8 hours of the first and 4 days of the second

_Kline = tuple[Millis, Size, Size, Size, Size, Size, Size, Size, Any]


class _Paid(msgspec.Struct, gc=False):
    fundingTime: Millis
    realizedRate: Rate


_paid, _klines, _accounts = body_of(_Paid), body_of(_Kline), body_of(tuple[Millis, Size])
_interests, _takers = body_of(tuple[Millis, Size, Size, Size]), body_of(tuple[Millis, Size, Size])


def _ask(market: Instrument, spans: Sequence[context.Span]) -> Iterator[context.Question]:
    symbol, who = market.symbol, f"instId={market.symbol}"
    for span in spans:
        route = "history-candles" if span.number else "candles"  # the history lacks the last ones
        path = f"/api/v5/market/{route}?{who}&bar=1m&after={span.end_ms}&limit={span.minutes}"
        yield context.ask_candles(market, span, path, _read_candles)
    if not market.kind.is_perp:
        return
    path = f"/api/v5/public/funding-rate-history?{who}&limit=400"
    yield context.Question(market, Fetch(path, f"paid/{symbol}"), _read_paid)
    for period in _PERIODS:
        path = f"{_RUBIK}/contracts/open-interest-history?{who}&period={period}&limit=100"
        yield context.Question(market, Fetch(path, f"interest/{symbol}/{period}"), _read_interest)
    yield context.Question(market, ask_accounts(market), read_accounts, context.RATIO_S)
    path = f"{_RUBIK}/taker-volume-contract?{who}&period=5m&unit=0&limit=2"
    yield context.Question(market, Fetch(path, f"takers/{symbol}"), _read_takers, context.RATIO_S)


def ask_accounts(market: Instrument) -> Fetch:
    """The request that `read_accounts` reads."""
    path = f"{_RUBIK}/contracts/long-short-account-ratio-contract?instId={market.symbol}&period=5m&limit=1"
    return Fetch(path, f"accounts/{market.symbol}")


def _rows(decoder: RowDecoder, body: bytes, what: str, leave_out: LeaveOut) -> list[Any]:
    return accepted(decoder.decode(body, leave_out), what)


def _read_candles(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Candles]:
    rows = _rows(_klines, body, "candles", answered.leave_out)
    return context.candles(market, each(rows, lambda row: (_candle(market, row),), answered.leave_out), answered.now_ns)


def _candle(market: Instrument, row: _Kline) -> Candle:
    volume = row[5] if market.kind is MarketKind.SPOT else row[6]
    return context.candle(market, row[0], row[1:5], volume * market.multiplier, row[7])


def _read_paid(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[FundingHistory]:
    paid: list[_Paid] = _rows(_paid, body, "funding", answered.leave_out)
    return context.funding_history(market, ((row.fundingTime, row.realizedRate) for row in paid), answered.now_ns)


def _read_interest(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Event]:
    past = _rows(_interests, body, "open interest", answered.leave_out)
    return context.interest_history(market, ((row[0], row[2] * market.multiplier) for row in past), answered.now_ns)


def read_accounts(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Event]:
    """The newest share of long accounts. Raises ProtocolError and msgspec's errors for a body without one."""
    accounts: list[tuple[int, float]] = _rows(_accounts, body, "accounts", answered.leave_out)
    return [
        LongShortRatio(market, ts_ms * MS, answered.now_ns, ratio, ratio / (1 + ratio)) for ts_ms, ratio in accounts
    ]


def _read_takers(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Event]:
    """The last period that is over by the venue's time; rows are named by their beginning."""
    rows = _rows(_takers, body, "taker volume", answered.leave_out)
    ended = [(ts_ms * MS + _FIVE_MINUTES_NS, sold, bought) for ts_ms, sold, bought in rows]
    over = sorted(row for row in ended if row[0] <= answered.venue_ns)
    scale = market.multiplier
    return [
        TakerFlow(market, end_ns, answered.now_ns, _FIVE_MINUTES_NS, (sold + bought) * scale, bought * scale)
        for end_ns, sold, bought in over[-1:]
    ]


CONTEXT = partial(context.ContextProtocol, ask=_ask, page=_PAGE)
