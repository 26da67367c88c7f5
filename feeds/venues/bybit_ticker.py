"""Bybit's ticker: one merged state per symbol, from which mark, index, funding and open interest are told (VENUES 2.5).

Each is told when one of its own fields came, so a quiet value repeats no event.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from feeds.errors import ProtocolError
from feeds.events import Event, Funding, IndexPrice, MarkPrice, OpenInterest
from feeds.instrument import Instrument, MarketKind
from feeds.venues.bybit_wire import TickerData

_MS = 1_000_000
_HOUR_NS = 3_600_000_000_000


class Ticker:
    """What the ticker of one symbol said last, field by field."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._mark: float | None = None
        self._rate: float | None = None
        self._next_funding_ns: int | None = None
        self._interval_ns: int | None = None
        self._interest: dict[str, float] = {}

    def take(self, data: TickerData, ts_venue_ns: int, now_ns: int) -> Sequence[Event]:
        """Merge a snapshot or a delta and return what it changed. Raises ProtocolError for a number that is none."""
        instrument, events = self._instrument, list[Event]()
        if data.markPrice:
            self._mark = number(data.markPrice) / instrument.multiplier
            events.append(MarkPrice(instrument, ts_venue_ns, now_ns, self._mark))
        if data.indexPrice:
            index = number(data.indexPrice) / instrument.multiplier
            events.append(IndexPrice(instrument, ts_venue_ns, now_ns, index))
        if self._takes_funding(data):
            rate, due_ns = self._rate, self._next_funding_ns
            assert rate is not None
            events.append(Funding(instrument, ts_venue_ns, now_ns, rate, due_ns, self._interval_ns))
        if self._takes_interest(data) and (both := self._open_interest()) is not None:
            events.append(OpenInterest(instrument, ts_venue_ns, now_ns, *both))
        return events

    def _takes_funding(self, data: TickerData) -> bool:
        if data.fundingRate:
            self._rate = number(data.fundingRate)
        if data.nextFundingTime:
            self._next_funding_ns = int(number(data.nextFundingTime)) * _MS
        if data.fundingIntervalHour:
            self._interval_ns = int(number(data.fundingIntervalHour) * _HOUR_NS)
        said = data.fundingRate or data.nextFundingTime or data.fundingIntervalHour
        return bool(said) and self._rate is not None

    def _takes_interest(self, data: TickerData) -> bool:
        fields = (data.openInterest, data.singleOpenInterest, data.openInterestValue, data.singleOpenInterestValue)
        for name, text in zip(("both", "one", "both_value", "one_value"), fields, strict=True):
            if text:
                self._interest[name] = number(text)
        return bool(data.openInterest or data.singleOpenInterest)

    def _open_interest(self) -> tuple[float, float | None] | None:
        """One side in base coin and in quote. Inverse markets count USD and give their worth in coin."""
        known = self._interest
        one = known.get("one", known.get("both", 0.0) / 2)
        value = known.get("one_value", known["both_value"] / 2 if "both_value" in known else None)
        if self._instrument.kind is not MarketKind.INVERSE:
            return one * self._instrument.multiplier, value
        if value is None:
            value = one / self._mark if self._mark else None
        return (value, one) if value is not None else None


def number(text: str) -> float:
    """A finite number from the venue's text. Raises ProtocolError."""
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError("Bybit sent a number that is none", repr(text)) from error
    if not math.isfinite(value):
        raise ProtocolError("Bybit sent a number that is none", repr(text))
    return value
