"""Bybit's mark, index, funding and open interest from one merged ticker a symbol, and its liquidations.

README: Mark/index/funding, Open interest, Liquidations.

Each value is an event when one of its own fields came, so a quiet value repeats no event.
"""

from collections.abc import Sequence

from feeds.model.errors import ProtocolError
from feeds.model.events import Event, Funding, IndexPrice, Liquidation, MarkPrice, OpenInterest
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.bybit.wire import CLOSING_SIDES, TickerData
from feeds.venues.shared.funding import FundingPeriod
from feeds.venues.shared.numbers import HOUR, MS, finite, time_or_none_ns

_LONGEST_H = 168
_FIELDS = TickerData.__struct_fields__
_FUNDING = ("fundingRate", "nextFundingTime", "fundingIntervalHour")
_INTEREST = ("openInterest", "singleOpenInterest")


class Ticker:
    """The last value of each field of one symbol's ticker."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._known: dict[str, float] = {}
        self._period = FundingPeriod()

    def take(self, data: TickerData, ts_venue_ns: int, now_ns: int) -> Sequence[Event]:
        """Merge a snapshot or a delta and return what it changed. Raises ProtocolError for a text that is no number."""
        changed = {name: finite(str(text)) for name in _FIELDS if (text := getattr(data, name)) not in ("", None)}
        self._known |= changed
        instrument, known, events = self._instrument, self._known, list[Event]()
        if "markPrice" in changed:
            mark = changed["markPrice"] / instrument.multiplier
            events.append(MarkPrice(instrument, ts_venue_ns, now_ns, mark))
        if "indexPrice" in changed:
            index = changed["indexPrice"] / instrument.multiplier
            events.append(IndexPrice(instrument, ts_venue_ns, now_ns, index))
        if "fundingRate" in known and not changed.keys().isdisjoint(_FUNDING):
            events.append(self._funding(ts_venue_ns, now_ns))
        if not changed.keys().isdisjoint(_INTEREST) and (interest := self._open_interest()) is not None:
            events.append(OpenInterest(instrument, ts_venue_ns, now_ns, *interest))
        return events

    def _funding(self, ts_venue_ns: int, now_ns: int) -> Funding:
        known = self._known
        due_ns = time_or_none_ns(int(known.get("nextFundingTime", 0)))
        published_ns = _interval_ns(known.get("fundingIntervalHour", 0.0))
        interval_ns = self._period.interval_ns(due_ns, ts_venue_ns, published_ns)
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
        return one_side(self._known.get("singleO" + name), self._known.get("o" + name))


def hours_ns(text: str) -> int | None:
    """The funding interval in ns, None where it is not known. Raises ProtocolError for one over a week."""
    return _interval_ns(finite(text) if text else 0.0)


def _interval_ns(hours: float) -> int | None:
    if not 0 <= hours <= _LONGEST_H:
        raise ProtocolError("Bybit sent an impossible funding interval", repr(hours))
    return round(hours * HOUR) or None


def one_side(one: float | None, both: float | None) -> float | None:
    """Open interest: the venue's own count of one side, or half of both sides, as it was until 2026-06."""
    return one if one is not None else both / 2 if both is not None else None


def liquidation(instrument: Instrument, side: str, price: str, size: float, ts_ms: int, now_ns: int) -> Liquidation:
    """A liquidated position. Raises ProtocolError.

    The size is what was executed; the notional is at the bankruptcy price, which need not lie on the tick grid.
    """
    at = finite(price) / instrument.multiplier
    if at <= 0:
        raise ProtocolError("Bybit sent a liquidation without a price", instrument.symbol)
    if instrument.kind is MarketKind.INVERSE:
        base, notional = size / at, size
    else:
        base = size * instrument.multiplier
        notional = base * at
    return Liquidation(instrument, ts_ms * MS, now_ns, at, base, notional, CLOSING_SIDES[side])
