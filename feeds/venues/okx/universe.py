"""OKX's swaps all at once: one REST answer holds all tickers, another all marks (README: All-market streams).

Its streams are for one swap each and come up to ten times a second: for 300 swaps thousands of messages for what
three answers a second hold. Only liquidations come over the socket, on one channel for the whole market.

Samples (trimmed; captures of 2026-09 and, for the ticker, 2022; the ticker counts contracts and base coins):
  {"code":"0","msg":"","data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"83003.8","ts":"1790757203016"}]}
  {"code":"0","data":[{"instId":"BTC-USDT-SWAP","oi":"2874486.99","oiCcy":"28744.8699","oiUsd":"..","ts":".."}]}
  {"code":"0","data":[{"instId":"BTC-USDT-SWAP","last":"83003.7","askPx":"83003.8","askSz":"12","bidPx":"83003.7",
    "bidSz":"7","open24h":"84057.1","volCcy24h":"70123.4","vol24h":"7012340","ts":"1790757203016"}]}
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from feeds.model.events import DayStats, Event, Quote
from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Units
from feeds.venues.driver import Endpoints
from feeds.venues.okx import wire
from feeds.venues.okx.context import ask_accounts, read_accounts
from feeds.venues.okx.derivatives import funding, index_price, mark_price, open_interest
from feeds.venues.okx.protocol import OkxProtocol
from feeds.venues.shared.connections import connection
from feeds.venues.shared.context import Answered
from feeds.venues.shared.numbers import MS, Millis, amount, price
from feeds.venues.shared.polling import Job, every
from feeds.venues.shared.universe import ACCOUNTS, REST, Events, UniverseProtocol, account_jobs, polled, streamed

_SWAPS = "instType=SWAP"
_PATHS = {
    "tickers": f"/api/v5/market/tickers?{_SWAPS}",
    "mark-price": f"/api/v5/public/mark-price?{_SWAPS}",
    "open-interest": f"/api/v5/public/open-interest?{_SWAPS}",
    "funding-rate": "/api/v5/public/funding-rate?instId=ANY",
}
_INDEX = "index-tickers"
_EVERY_S = {"tickers": 1.0, "mark-price": 1.0, "open-interest": 3.0, "funding-rate": 20.0, _INDEX: 1.0}
_SLOWER = {MarketKind.LINEAR: 1.0, MarketKind.INVERSE: 3.0}  # both read the same answers: the few wait a little


class TickerRow(msgspec.Struct, gc=False):
    """Text, empty where there is nothing. `vol24h` counts contracts, `volCcy24h` base coins."""

    instId: str
    ts: Millis
    last: str = ""
    open24h: str = ""
    bidPx: str = ""
    bidSz: str = ""
    askPx: str = ""
    askSz: str = ""
    vol24h: str = ""
    volCcy24h: str = ""


_DECODERS = {
    "tickers": wire.body_of(TickerRow),
    "mark-price": wire.body_of(wire.MarkRow),
    "open-interest": wire.body_of(wire.OpenInterestRow),
    "funding-rate": wire.body_of(wire.FundingRow),
    _INDEX: wire.body_of(wire.IndexRow),
}


def universe_connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One socket for the liquidations, which also polls."""
    quotes = sorted({market.quote for market in markets})
    asked = (*_PATHS, ACCOUNTS, *(f"{_INDEX}/{quote}" for quote in quotes))
    streams = ("liquidation-orders:SWAP", "instruments:SWAP", *(REST + topic for topic in asked))
    return (connection(markets, UNIVERSE, streams, f"{endpoints.websocket}/ws/v5/public"),)


def _jobs(spec: ConnectionSpec) -> Iterator[Job]:
    asked = polled(spec)
    if ACCOUNTS in asked:
        yield from account_jobs(spec.markets, ask_accounts, 1.5)  # 5 in 2 s are allowed
    for place, tag in enumerate(sorted(asked - {ACCOUNTS})):
        topic, _, quote = tag.partition("/")
        path = _PATHS.get(topic) or f"/api/v5/market/{_INDEX}?quoteCcy={quote}"
        yield every(_EVERY_S[topic] * _SLOWER[spec.kind], Fetch(path, tag), place / 8)


class OkxUniverse(UniverseProtocol):
    """One universe connection of the linear or the inverse swaps."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self._liquidations = OkxProtocol(streamed(spec))
        super().__init__(spec, _jobs(spec), socket=self._liquidations)
        self._perps = {market.symbol: Units(market) for market in spec.markets}
        self._by_index: dict[str, list[Instrument]] = {}
        for market in spec.markets:
            self._by_index.setdefault(market.symbol.removesuffix("-SWAP"), []).append(market)
        self._last: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._readers: dict[str, Callable[[Any, int], Iterator[Event]]] = {
            "tickers": self._ticker,
            "mark-price": self._mark,
            "open-interest": self._interest,
            "funding-rate": self._funding,
            _INDEX: self._index,
        }

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        if topic == ACCOUNTS and symbol in self._perps:
            return read_accounts(
                self._perps[symbol].instrument, body, Answered(now_ns, now_ns, partial(self._leave_out, ACCOUNTS))
            )
        decoder = _DECODERS.get(topic)
        if decoder is None:
            return ()
        rows = wire.accepted(self._decoded(topic, decoder, body), topic)
        events = self._each(topic, rows, self._readers[topic], now_ns)
        if topic == "mark-price" and rows:
            self._liquidations.clock.see(max(row.ts for row in rows) * MS, now_ns)
        return [*self._liquidations.release(now_ns), *events]

    def _is_new(self, topic: str, symbol: str, values: tuple[Any, ...]) -> bool:
        known, self._last[topic, symbol] = self._last.get((topic, symbol)), values
        return known != values

    def _mark(self, row: wire.MarkRow, now_ns: int) -> Iterator[Event]:
        units = self._perps.get(row.instId)
        if units is not None:
            yield mark_price(units.instrument, row, now_ns)

    def _index(self, row: wire.IndexRow, now_ns: int) -> Iterator[Event]:
        for instrument in self._by_index.get(row.instId, ()):
            yield index_price(instrument, row, now_ns)

    def _interest(self, row: wire.OpenInterestRow, now_ns: int) -> Iterator[Event]:
        units = self._perps.get(row.instId)
        if units is not None:
            yield open_interest(units.instrument, row, now_ns)

    def _funding(self, row: wire.FundingRow, now_ns: int) -> Iterator[Event]:
        units = self._perps.get(row.instId)
        values = row.fundingRate, row.fundingTime, row.nextFundingTime
        if units is not None and row.fundingRate and self._is_new("funding", row.instId, values):
            yield funding(units.instrument, row, now_ns)

    def _ticker(self, row: TickerRow, now_ns: int) -> Iterator[Event]:
        units = self._perps.get(row.instId)
        if units is None:
            return
        if self._is_new("day", row.instId, (row.last, row.vol24h)):
            yield from _day(units, row, now_ns)
        if self._is_new("touch", row.instId, (row.bidPx, row.bidSz, row.askPx, row.askSz)):
            yield from _quote(units, row, now_ns)


def _day(units: Units, row: TickerRow, now_ns: int) -> Iterator[Event]:
    """The venue publishes no turnover of linear swaps: it is the volume at the last price."""
    if not (row.last and row.open24h and row.vol24h and row.volCcy24h):
        return
    instrument = units.instrument
    last, open_, contracts = price(row.last), price(row.open24h), amount(row.vol24h)
    at = last / instrument.multiplier
    volume, turnover = units.worth(at, contracts)
    if instrument.kind is MarketKind.INVERSE:
        volume = amount(row.volCcy24h)
    yield DayStats(instrument, row.ts * MS, now_ns, at, last / open_ - 1, volume, turnover)


def _quote(units: Units, row: TickerRow, now_ns: int) -> Iterator[Event]:
    if not (row.bidPx and row.askPx and row.bidSz and row.askSz):
        return
    bid, ask = units.nearest(price(row.bidPx)), units.nearest(price(row.askPx))
    if bid and ask:
        bid_size, ask_size = units.sizes(bid, amount(row.bidSz), ask, amount(row.askSz))
        yield Quote(units.instrument, row.ts * MS, now_ns, bid, bid_size, ask, ask_size)
