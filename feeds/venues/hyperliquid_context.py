"""Hyperliquid's candles (VENUES 4.5). They tell neither turnover nor the taker's part.

Sample (documentation): `[{"t":1681923600000,"T":1681924499999,"s":"BTC","i":"1m","o":"29295.0","c":"29258.0",
"h":"29309.0","l":"29250.0","v":"0.98639","n":189},..]`
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

_PAGE = 5_000


class _Row(msgspec.Struct, gc=False):
    t: Annotated[int, msgspec.Meta(ge=0, le=9_000_000_000_000)]
    o: Size
    h: Size
    l: Size  # noqa: E741
    c: Size
    v: Size


_rows = msgspec.json.Decoder(list[_Row], strict=False)


def protocol(spec: ConnectionSpec) -> ContextProtocol:
    """Build the decoder of a context connection."""
    return ContextProtocol(spec, _ask, _PAGE)


def _ask(market: Instrument, spans: Sequence[Span]) -> Iterator[Question]:
    for span in spans:
        wanted = {"coin": market.symbol, "interval": "1m", "startTime": span.start_ms, "endTime": span.end_ms - 1}
        body = msgspec.json.encode({"type": "candleSnapshot", "req": wanted}).decode()
        weight = 20 + span.minutes // 60
        yield Question(market, Fetch("/info", candle_tag(market, span), weight, body), _read)


def _read(market: Instrument, body: bytes, now_ns: int) -> Sequence[Candles]:
    rows = (
        candle(market, row.t, (row.o, row.h, row.l, row.c), row.v * market.multiplier) for row in _rows.decode(body)
    )
    return candles(market, rows, now_ns)
