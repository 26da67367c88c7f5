"""Bybit's ticker: one merged state per symbol, from which mark, index, funding and open interest are told (VENUES 2.5).

Each is told when one of its own fields came, so a quiet value repeats no event.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from feeds.model.errors import ProtocolError
from feeds.model.events import Event, Funding, IndexPrice, MarkPrice, OpenInterest
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.bybit.wire import TickerData

_MS = 1_000_000
_HOUR_NS = 3_600_000_000_000
_FUNDING = ("fundingRate", "nextFundingTime", "fundingIntervalHour")
_INTEREST = ("openInterest", "singleOpenInterest")


class Ticker:
    """What the ticker of one symbol said last, field by field."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._known: dict[str, float] = {}

    def take(self, data: TickerData, ts_venue_ns: int, now_ns: int) -> Sequence[Event]:
        """Merge a snapshot or a delta and return what it changed. Raises ProtocolError for a number that is none."""
        told = {name: number(text) for name in TickerData.__struct_fields__ if (text := getattr(data, name))}
        self._known |= told
        instrument, known, events = self._instrument, self._known, list[Event]()
        if "markPrice" in told:
            mark = told["markPrice"] / instrument.multiplier
            events.append(MarkPrice(instrument, ts_venue_ns, now_ns, mark))
        if "indexPrice" in told:
            index = told["indexPrice"] / instrument.multiplier
            events.append(IndexPrice(instrument, ts_venue_ns, now_ns, index))
        if "fundingRate" in known and not told.keys().isdisjoint(_FUNDING):
            events.append(self._funding(ts_venue_ns, now_ns))
        if not told.keys().isdisjoint(_INTEREST) and (interest := self._open_interest()) is not None:
            events.append(OpenInterest(instrument, ts_venue_ns, now_ns, *interest))
        return events

    def _funding(self, ts_venue_ns: int, now_ns: int) -> Funding:
        known = self._known
        due_ns = int(known["nextFundingTime"]) * _MS if "nextFundingTime" in known else None
        hours = known.get("fundingIntervalHour")
        interval_ns = int(hours * _HOUR_NS) if hours is not None else None
        return Funding(self._instrument, ts_venue_ns, now_ns, known["fundingRate"], due_ns, interval_ns)

    def _open_interest(self) -> tuple[float, float | None] | None:
        """One side in base coin and in quote. Inverse markets count USD and give their worth in coin."""
        one, value = self._one_side("penInterest"), self._one_side("penInterestValue")
        if one is None or self._instrument.kind is not MarketKind.INVERSE:
            return None if one is None else (one * self._instrument.multiplier, value)
        mark = self._known.get("markPrice")
        if value is None and mark:
            value = one / mark
        return None if value is None else (value, one)

    def _one_side(self, name: str) -> float | None:
        """The venue's own count of one side, or half of both, as it was until 2026-06."""
        one, both = self._known.get("singleO" + name), self._known.get("o" + name)
        return one if one is not None else both / 2 if both is not None else None


def number(text: str) -> float:
    """A finite number from the venue's text. Raises ProtocolError."""
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError("Bybit sent a number that is none", repr(text)) from error
    if not math.isfinite(value):
        raise ProtocolError("Bybit sent a number that is none", repr(text))
    return value
