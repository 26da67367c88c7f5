"""OKX's mark, index, funding, open interest and liquidations (README: Mark/index/funding, Open interest)."""

from feeds.model.events import Funding, IndexPrice, Liquidation, MarkPrice, OpenInterest
from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.units import Units
from feeds.venues.okx import wire
from feeds.venues.shared.numbers import MS, price, rate, time_or_none_ns


def mark_price(instrument: Instrument, row: wire.MarkRow, now_ns: int) -> MarkPrice:
    """Quote per base coin."""
    return MarkPrice(instrument, row.ts * MS, now_ns, price(row.markPx) / instrument.multiplier)


def index_price(instrument: Instrument, row: wire.IndexRow, now_ns: int) -> IndexPrice:
    """Quote per base coin."""
    return IndexPrice(instrument, row.ts * MS, now_ns, price(row.idxPx) / instrument.multiplier)


def funding(instrument: Instrument, row: wire.FundingRow, now_ns: int) -> Funding:
    """The rate due at `fundingTime`; its interval is the distance to the time after, or else to the one before."""
    due = time_or_none_ns(row.fundingTime)
    after, before = time_or_none_ns(row.nextFundingTime) or 0, time_or_none_ns(row.prevFundingTime) or 0
    interval = None if due is None else after - due if after > due else due - before if 0 < before < due else None
    return Funding(instrument, time_or_none_ns(row.ts) or now_ns, now_ns, rate(row.fundingRate), due, interval)


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
