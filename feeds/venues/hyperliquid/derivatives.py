"""Hyperliquid's mark, index, funding and open interest, one context a coin (README: Mark/index/funding)."""

from feeds.model.events import Event, Funding, IndexPrice, MarkPrice, OpenInterest
from feeds.model.instrument import Instrument
from feeds.venues.hyperliquid.wire import ContextFields
from feeds.venues.shared.numbers import HOUR, SECOND

LAG_NS = SECOND
"""Contexts carry no time. They are dated this much back, which is where the venue's block time is."""


def derivatives(instrument: Instrument, row: ContextFields, ts_ns: int, now_ns: int) -> list[Event]:
    """The four values of one context."""
    scale = instrument.multiplier
    mark, size = row.markPx / scale, row.openInterest * scale
    return [
        MarkPrice(instrument, ts_ns, now_ns, mark),
        IndexPrice(instrument, ts_ns, now_ns, row.oraclePx / scale),
        Funding(instrument, ts_ns, now_ns, row.funding, ts_ns - ts_ns % HOUR + HOUR, HOUR),
        OpenInterest(instrument, ts_ns, now_ns, size, size * mark),
    ]
