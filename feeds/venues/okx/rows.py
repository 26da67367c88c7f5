"""OKX's rows of one number: mark, index, funding, open interest, and the readers of numbers and sides (VENUES 3.5)."""

from __future__ import annotations

import math

from feeds.model.errors import ProtocolError
from feeds.model.events import Funding, IndexPrice, MarkPrice, OpenInterest, Side
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.okx import wire

_MS = 1_000_000
_TIME_DIGITS = 13  # in ns it still fits 64 bits


def mark_price(instrument: Instrument, row: wire.MarkRow, now_ns: int) -> MarkPrice:
    """Quote per base coin."""
    return MarkPrice(instrument, row.ts * _MS, now_ns, read_price(row.markPx) / instrument.multiplier)


def index_price(instrument: Instrument, row: wire.IndexRow, now_ns: int) -> IndexPrice:
    """Quote per base coin."""
    return IndexPrice(instrument, row.ts * _MS, now_ns, read_price(row.idxPx) / instrument.multiplier)


def funding(instrument: Instrument, row: wire.FundingRow, now_ns: int) -> Funding:
    """The rate due at `fundingTime`; its interval is the distance to the time after, or else to the one before."""
    due, after, before = _time_ms(row.fundingTime), _time_ms(row.nextFundingTime), _time_ms(row.prevFundingTime)
    interval = after - due if due and after > due else due - before if before and due > before else 0
    ts_venue_ns = _time_ms(row.ts) * _MS or now_ns
    rate = _finite(row.fundingRate)
    return Funding(instrument, ts_venue_ns, now_ns, rate, due * _MS or None, interval * _MS or None)


def open_interest(instrument: Instrument, row: wire.OpenInterestRow, now_ns: int) -> OpenInterest:
    """Contracts times their value: base coin for linear; for inverse quote, and the coin is the venue's own figure."""
    value = row.oi * float(instrument.contract_size)
    if instrument.kind is MarketKind.INVERSE:
        return OpenInterest(instrument, row.ts * _MS, now_ns, row.oiCcy, value)
    return OpenInterest(instrument, row.ts * _MS, now_ns, value * instrument.multiplier)


def _time_ms(text: str) -> int:
    """A time in ms; 0 where the venue says nothing."""
    if not text:
        return 0
    if not text.isdecimal() or len(text) > _TIME_DIGITS:
        raise ProtocolError("OKX sent a time that is none", repr(text))
    return int(text)


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError("OKX sent a number that is none", repr(text)) from error
    if not math.isfinite(value):
        raise ProtocolError("OKX sent a number that is none", repr(text))
    return value


def read_price(text: str) -> float:
    """A positive number. Raises ProtocolError."""
    value = _finite(text)
    if value <= 0:
        raise ProtocolError("OKX sent a price that is not positive", repr(text))
    return value


def read_side(text: str) -> Side:
    """The side of an order. Raises ProtocolError for anything but buy and sell."""
    if text == "buy":
        return Side.BUY
    if text == "sell":
        return Side.SELL
    raise ProtocolError("OKX sent an order without a side", repr(text))
