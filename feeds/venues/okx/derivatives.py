"""OKX's mark, index, funding, open interest and liquidations (README: Mark/index/funding, Open interest)."""

from __future__ import annotations

from feeds.model.errors import ProtocolError
from feeds.model.events import Funding, IndexPrice, Liquidation, MarkPrice, OpenInterest
from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.units import Units
from feeds.venues.okx import wire
from feeds.venues.shared.numbers import MS, price, rate

_TIME_DIGITS = 13  # in ns it still fits 64 bits


def mark_price(instrument: Instrument, row: wire.MarkRow, now_ns: int) -> MarkPrice:
    """Quote per base coin."""
    return MarkPrice(instrument, row.ts * MS, now_ns, price(row.markPx) / instrument.multiplier)


def index_price(instrument: Instrument, row: wire.IndexRow, now_ns: int) -> IndexPrice:
    """Quote per base coin."""
    return IndexPrice(instrument, row.ts * MS, now_ns, price(row.idxPx) / instrument.multiplier)


def funding(instrument: Instrument, row: wire.FundingRow, now_ns: int) -> Funding:
    """The rate due at `fundingTime`; its interval is the distance to the time after, or else to the one before."""
    due, after, before = _time_ms(row.fundingTime), _time_ms(row.nextFundingTime), _time_ms(row.prevFundingTime)
    interval = after - due if due and after > due else due - before if before and due > before else 0
    ts_venue_ns = _time_ms(row.ts) * MS or now_ns
    return Funding(instrument, ts_venue_ns, now_ns, rate(row.fundingRate), due * MS or None, interval * MS or None)


def open_interest(instrument: Instrument, row: wire.OpenInterestRow, now_ns: int) -> OpenInterest:
    """Contracts times their value: base coin for linear; for inverse quote, and the coin is the venue's own figure."""
    value = row.oi * float(instrument.contract_size)
    if instrument.kind is MarketKind.INVERSE:
        return OpenInterest(instrument, row.ts * MS, now_ns, row.oiCcy, value)
    return OpenInterest(instrument, row.ts * MS, now_ns, value * instrument.multiplier)


def liquidation(units: Units, detail: wire.LiquidationDetail, now_ns: int) -> Liquidation:
    """One liquidation, whose price need not lie on the tick grid. Raises ProtocolError."""
    at, side = price(detail.bkPx) / units.instrument.multiplier, wire.SIDES[detail.side]
    base, notional = units.worth(at, detail.sz)
    return Liquidation(units.instrument, detail.ts * MS, now_ns, at, base, notional, side)


def _time_ms(text: str) -> int:
    """A time in ms; 0 where the text is empty."""
    if not text:
        return 0
    if not text.isdecimal() or len(text) > _TIME_DIGITS:
        raise ProtocolError("OKX sent a time that is none", repr(text))
    return int(text)
