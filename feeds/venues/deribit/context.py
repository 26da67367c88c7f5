"""Deribit's candles (without the taker's part) and hourly funding (README: Backfill, Mark/index/funding).

Funding runs on all the time and has no periods: of each hour we take what the eight hours before it came to, on the
basis of the predicted rate.

Sample (documentation): `{"jsonrpc":"2.0","result":{"volume":[19.007942601],"ticks":[1554373800000],"status":"ok",
"open":[4963.42],"low":[4728.94],"high":[5185.45],"cost":[19940.0],"close":[5052.95]}}`; `volume` is base coin, `cost`
quote currency. Recorded: `{"result":[{"timestamp":1789855200000,"index_price":81079.79,"interest_8h":0.0002003753,
"interest_1h":0.0000251750,"prev_index_price":81134.69},..]}`.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

import msgspec

from feeds.model.events import Candle, Candles, FundingHistory
from feeds.model.instrument import Instrument
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.deribit.wire import AnswerRows
from feeds.venues.shared import context
from feeds.venues.shared.numbers import Millis, Rate
from feeds.venues.shared.rows import RowDecoder, each

_PAGE = 5_000
_PAID_DAYS, _PAID_PAGES = 30, 2


Tick = TypeVar("Tick")
Cell = TypeVar("Cell")


class _Chart(msgspec.Struct, Generic[Tick, Cell], gc=False):
    ticks: list[Tick]
    open: list[Cell]
    high: list[Cell]
    low: list[Cell]
    close: list[Cell]
    volume: list[Cell]
    cost: list[Cell]

    def columns(self) -> tuple[list[Tick] | list[Cell], ...]:
        """Of a candle each: start (ms), open, high, low, close, volume, turnover."""
        return self.ticks, self.open, self.high, self.low, self.close, self.volume, self.cost


class _ChartAnswer(msgspec.Struct, Generic[Tick, Cell], gc=False):
    result: _Chart[Tick, Cell]


class _Paid(msgspec.Struct, gc=False):
    timestamp: Millis
    interest_8h: Rate


_paid = RowDecoder(AnswerRows, _Paid, lists=lambda answer: (answer.result,), strict=True)
_chart = RowDecoder(
    _ChartAnswer, Millis, Size, lists=lambda answer: answer.result.columns(), strict=True, positional=True
)


def _ask(market: Instrument, spans: Sequence[context.Span]) -> Iterator[context.Question]:
    for span in spans:
        where = f"instrument_name={market.symbol}&start_timestamp={span.start_ms}&end_timestamp={span.end_ms - 1}"
        path = f"/api/v2/public/get_tradingview_chart_data?{where}&resolution=1"
        yield context.ask_candles(market, span, path, _read)
    if market.kind.is_perp:
        yield from (_ask_paid(market, page) for page in context.past_pages(spans[0].end_ms, _PAID_DAYS, _PAID_PAGES))


def _ask_paid(market: Instrument, page: context.Span) -> context.Question:
    where = f"start_timestamp={page.start_ms}&end_timestamp={page.end_ms - 1}"
    path = f"/api/v2/public/get_funding_rate_history?instrument_name={market.symbol}&{where}"
    return context.Question(market, Fetch(path, f"paid/{market.symbol}/{page.number}"), _read_paid)


def _read_paid(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[FundingHistory]:
    rows = _paid.decode(body, answered.leave_out).result
    return context.funding_history(market, ((row.timestamp, row.interest_8h) for row in rows), answered.now_ns)


def _read(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Candles]:
    chart = _chart.decode(body, answered.leave_out).result
    rows = [row for row in zip(*chart.columns(), strict=False) if None not in row]
    return context.candles(
        market, each(rows, lambda row: (_candle(market, *row),), answered.leave_out), answered.now_ns
    )


def _candle(market: Instrument, start_ms: int, *numbers: float) -> Candle:
    *prices, volume, turnover = numbers
    return context.candle(market, start_ms, prices, volume * market.multiplier, turnover)


CONTEXT = partial(context.ContextProtocol, ask=_ask, page=_PAGE)
