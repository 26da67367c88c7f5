"""Deribit's candles (VENUES 5.5). They do not tell the taker's part.

Sample (documentation): `{"jsonrpc":"2.0","result":{"volume":[19.007942601],"ticks":[1554373800000],"status":"ok",
"open":[4963.42],"low":[4728.94],"high":[5185.45],"cost":[19940.0],"close":[5052.95]}}`; `volume` is base coin, `cost`
quote currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from feeds.events import Candles
from feeds.frame import ConnectionSpec
from feeds.instrument import Instrument
from feeds.protocol import Fetch
from feeds.units import Size
from feeds.venues.context import ContextProtocol, Question, Span, candle, candle_tag, candles
from feeds.venues.deribit_wire import Answer

_PAGE = 5_000


class _Chart(msgspec.Struct, gc=False):
    ticks: list[Annotated[int, msgspec.Meta(ge=0, le=9_000_000_000_000)]]
    open: list[Size]
    high: list[Size]
    low: list[Size]
    close: list[Size]
    volume: list[Size]
    cost: list[Size]


_chart = msgspec.json.Decoder(Answer[_Chart])


def protocol(spec: ConnectionSpec) -> ContextProtocol:
    """Build the decoder of a context connection."""
    return ContextProtocol(spec, _ask, _PAGE)


def _ask(market: Instrument, spans: Sequence[Span]) -> Iterator[Question]:
    for span in spans:
        where = f"instrument_name={market.symbol}&start_timestamp={span.start_ms}&end_timestamp={span.end_ms - 1}"
        path = f"/api/v2/public/get_tradingview_chart_data?{where}&resolution=1"
        yield Question(market, Fetch(path, candle_tag(market, span)), _read)


def _read(market: Instrument, body: bytes, now_ns: int) -> Sequence[Candles]:
    chart, scale = _chart.decode(body).result, market.multiplier
    prices = zip(chart.open, chart.high, chart.low, chart.close, strict=False)
    columns = zip(chart.ticks, prices, chart.volume, chart.cost, strict=False)
    rows = (candle(market, ts_ms, told, volume * scale, cost) for ts_ms, told, volume, cost in columns)
    return candles(market, rows, now_ns)
