"""Deribit's perpetuals all at once: a summary of all futures of a currency, every 5 s (README: All-market streams).

There is no socket. The summary has the prices of the best bid and ask but not their sizes, which are NaN in the quote;
liquidations are published an hour late and by instrument, so there are none here.

Sample (trimmed, recorded; a perpetual has `current_funding` as well):
  {"jsonrpc":"2.0","result":[{"high":84548.5,"low":82900.5,"last":83216.0,"instrument_name":"BTC-PERPETUAL",
    "bid_price":83212.0,"ask_price":83212.5,"open_interest":797578130,"mark_price":83212.14,"creation_timestamp":
    1790755218559,"estimated_delivery_price":83251.03,"price_change":-0.8525,"volume":9341.40027576,"volume_usd":
    781497780.0,"current_funding":-2.1714e-4,"funding_8h":-3.1e-6}]}
"""

import math
from collections.abc import Iterable, Iterator

import msgspec

from feeds.model.events import DayStats, Event, Funding, IndexPrice, MarkPrice, Quote
from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size, Units
from feeds.venues.deribit.derivatives import FUNDING_BASIS_NS, open_interest
from feeds.venues.deribit.wire import AnswerRows
from feeds.venues.driver import Endpoints
from feeds.venues.shared.connections import connection
from feeds.venues.shared.numbers import MS, Millis, Price, Rate
from feeds.venues.shared.polling import Job, every
from feeds.venues.shared.rows import RowDecoder
from feeds.venues.shared.universe import REST, Events, UniverseProtocol, polled

_EVERY_S = 5.0
_SUMMARY = "summary"


class SummaryRow(msgspec.Struct, gc=False):
    """One future. `open_interest` is USD on inverse, listed coins on linear; `volume` base coin; change in percent."""

    instrument_name: str
    creation_timestamp: Millis
    mark_price: Price
    open_interest: Size
    estimated_delivery_price: Price | None = None
    current_funding: Rate | None = None
    bid_price: Price | None = None
    ask_price: Price | None = None
    last: Price | None = None
    price_change: float | None = None
    volume: Size | None = None
    volume_usd: Size | None = None


_decoder = RowDecoder(AnswerRows, SummaryRow, lists=lambda answer: (answer.result,), strict=True)


def universe_connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One connection without a socket; the currencies are those that its perpetuals settle in."""
    currencies = sorted({market.settle for market in markets})
    return (connection(markets, UNIVERSE, (f"{REST}{_SUMMARY}/{currency}" for currency in currencies)),)


def _jobs(spec: ConnectionSpec) -> Iterator[Job]:
    for place, tag in enumerate(sorted(polled(spec))):
        currency = tag.partition("/")[2]
        path = f"/api/v2/public/get_book_summary_by_currency?currency={currency}&kind=future"
        yield every(_EVERY_S, Fetch(path, tag), place / 2)


class DeribitUniverse(UniverseProtocol):
    """The universe connection of the inverse or the linear perpetuals."""

    def __init__(self, spec: ConnectionSpec) -> None:
        super().__init__(spec, _jobs(spec))
        self._perps = {market.symbol: Units(market) for market in spec.markets}

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        if topic != _SUMMARY:
            return ()
        return self._each(topic, self._decoded(topic, _decoder, body).result, self._read, now_ns)

    def _read(self, row: SummaryRow, now_ns: int) -> Iterable[Event]:
        units = self._perps.get(row.instrument_name)
        return _events(units, row, now_ns) if units is not None else ()


def _events(units: Units, row: SummaryRow, now_ns: int) -> Iterator[Event]:
    instrument, ts_ns = units.instrument, row.creation_timestamp * MS
    scale, mark = instrument.multiplier, row.mark_price / instrument.multiplier
    yield MarkPrice(instrument, ts_ns, now_ns, mark)
    if row.estimated_delivery_price:
        yield IndexPrice(instrument, ts_ns, now_ns, row.estimated_delivery_price / scale)
    if row.current_funding is not None and math.isfinite(row.current_funding):
        yield Funding(instrument, ts_ns, now_ns, row.current_funding, None, FUNDING_BASIS_NS)
    yield open_interest(instrument, row.open_interest, mark, ts_ns, now_ns)
    if row.bid_price and row.ask_price:
        bid, ask = units.nearest(row.bid_price), units.nearest(row.ask_price)
        yield Quote(instrument, ts_ns, now_ns, bid, math.nan, ask, math.nan)
    if row.last and row.price_change is not None and row.volume is not None and row.volume_usd is not None:
        volume = row.volume if instrument.kind is MarketKind.INVERSE else row.volume * scale
        yield DayStats(instrument, ts_ns, now_ns, row.last / scale, row.price_change / 100, volume, row.volume_usd)
