"""Hyperliquid's candles (without turnover and the taker's part) and hourly funding (README: Backfill).

Sample (documentation): `[{"t":1681923600000,"T":1681924499999,"s":"BTC","i":"1m","o":"29295.0","c":"29258.0",
"h":"29309.0","l":"29250.0","v":"0.98639","n":189},..]`
Recorded: `[{"coin":"BTC","fundingRate":"0.0000125","premium":"-0.0001403631","time":1788109200018},..]`
"""

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from feeds.model.events import Candle, Candles, FundingHistory
from feeds.model.instrument import Instrument
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.shared import context
from feeds.venues.shared.numbers import Millis, Rate
from feeds.venues.shared.rows import RowDecoder, each

_PAGE = 5_000
_PAID_DAYS, _PAID_PAGES = 20, 3  # 500 hours a page at most


class _Row(msgspec.Struct, gc=False):
    t: Millis
    o: Size
    h: Size
    l: Size  # noqa: E741
    c: Size
    v: Size


class _Paid(msgspec.Struct, gc=False):
    fundingRate: Rate
    time: Millis


_paid, _rows = (RowDecoder(list, row, lists=lambda rows: (rows,)) for row in (_Paid, _Row))


def _ask(market: Instrument, spans: Sequence[context.Span]) -> Iterator[context.Question]:
    for span in spans:
        wanted = {"coin": market.symbol, "interval": "1m", "startTime": span.start_ms, "endTime": span.end_ms - 1}
        body = msgspec.json.encode({"type": "candleSnapshot", "req": wanted}).decode()
        weight = 20 + span.minutes // 60
        yield context.ask_candles(market, span, "/info", _read, weight, body)
    if market.kind.is_perp:
        yield from (_ask_paid(market, page) for page in context.past_pages(spans[0].end_ms, _PAID_DAYS, _PAID_PAGES))


def _ask_paid(market: Instrument, page: context.Span) -> context.Question:
    wanted = {"coin": market.symbol, "startTime": page.start_ms, "endTime": page.end_ms - 1}
    body = msgspec.json.encode({"type": "fundingHistory"} | wanted).decode()
    weight = 20 + _PAID_DAYS * 24 // 20
    return context.Question(market, Fetch("/info", f"paid/{market.symbol}/{page.number}", weight, body), _read_paid)


def _read_paid(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[FundingHistory]:
    rows = _paid.decode(body, answered.leave_out)
    return context.funding_history(market, ((row.time, row.fundingRate) for row in rows), answered.now_ns)


def _read(market: Instrument, body: bytes, answered: context.Answered) -> Sequence[Candles]:
    rows = _rows.decode(body, answered.leave_out)
    return context.candles(market, each(rows, lambda row: (_candle(market, row),), answered.leave_out), answered.now_ns)


def _candle(market: Instrument, row: _Row) -> Candle:
    return context.candle(market, row.t, (row.o, row.h, row.l, row.c), row.v * market.multiplier)


CONTEXT = partial(context.ContextProtocol, ask=_ask, page=_PAGE)
