"""Deribit's candles (without the taker's part) and hourly funding (README: Backfill, Mark/index/funding).

Funding runs on all the time and has no periods: of each hour we take what the eight hours before it came to, on the
basis of the predicted rate.

Sample (documentation): `{"jsonrpc":"2.0","result":{"volume":[19.007942601],"ticks":[1554373800000],"status":"ok",
"open":[4963.42],"low":[4728.94],"high":[5185.45],"cost":[19940.0],"close":[5052.95]}}`; `volume` is base coin, `cost`
quote currency. Recorded: `{"result":[{"timestamp":1789855200000,"index_price":81079.79,"interest_8h":0.0002003753,
"interest_1h":0.0000251750,"prev_index_price":81134.69},..]}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from feeds.model.events import Candles, FundingHistory
from feeds.model.instrument import Instrument
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.deribit.wire import Answer
from feeds.venues.shared.context import (
    ContextProtocol,
    Question,
    Span,
    ask_candles,
    candle,
    candles,
    funding_history,
    past_pages,
)
from feeds.venues.shared.numbers import Millis, Rate

_PAGE = 5_000
_PAID_DAYS, _PAID_PAGES = 30, 2


class _Chart(msgspec.Struct, gc=False):
    ticks: list[Millis]
    open: list[Size]
    high: list[Size]
    low: list[Size]
    close: list[Size]
    volume: list[Size]
    cost: list[Size]


class _Paid(msgspec.Struct, gc=False):
    timestamp: Millis
    interest_8h: Rate


_paid = msgspec.json.Decoder(Answer[list[_Paid]])
_chart = msgspec.json.Decoder(Answer[_Chart])


def _ask(market: Instrument, spans: Sequence[Span]) -> Iterator[Question]:
    for span in spans:
        where = f"instrument_name={market.symbol}&start_timestamp={span.start_ms}&end_timestamp={span.end_ms - 1}"
        path = f"/api/v2/public/get_tradingview_chart_data?{where}&resolution=1"
        yield ask_candles(market, span, path, _read)
    if market.kind.is_perp:
        yield from (_ask_paid(market, page) for page in past_pages(spans[0].end_ms, _PAID_DAYS, _PAID_PAGES))


def _ask_paid(market: Instrument, page: Span) -> Question:
    where = f"start_timestamp={page.start_ms}&end_timestamp={page.end_ms - 1}"
    path = f"/api/v2/public/get_funding_rate_history?instrument_name={market.symbol}&{where}"
    return Question(market, Fetch(path, f"paid/{market.symbol}/{page.number}"), _read_paid)


def _read_paid(market: Instrument, body: bytes, now_ns: int) -> Sequence[FundingHistory]:
    return funding_history(market, ((row.timestamp, row.interest_8h) for row in _paid.decode(body).result), now_ns)


def _read(market: Instrument, body: bytes, now_ns: int) -> Sequence[Candles]:
    chart, scale = _chart.decode(body).result, market.multiplier
    prices = zip(chart.open, chart.high, chart.low, chart.close, strict=False)
    columns = zip(chart.ticks, prices, chart.volume, chart.cost, strict=False)
    rows = (candle(market, ts_ms, ohlc, volume * scale, cost) for ts_ms, ohlc, volume, cost in columns)
    return candles(market, rows, now_ns)


CONTEXT = partial(ContextProtocol, ask=_ask, page=_PAGE)
