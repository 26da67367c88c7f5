"""Bybit's perpetuals all at once: every ticker of a category in one REST answer a second (README: All-market streams).

The streams of tickers come ten times a second for each of 550 symbols, which would cost ten times as much as the one
answer that holds the same. Liquidations have a stream for each symbol and are rare; the ticker of one symbol comes with
them, so that a socket that is silent is known to be dead.

Sample (trimmed; numbers of a capture of 2026-09 in the shape of the documentation; inverse: `volume24h` USD,
`turnover24h` coin):
  {"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[{"symbol":"BTCUSDT","lastPrice":"83024.60",
    "price24hPcnt":"-0.01229","markPrice":"83024.70","indexPrice":"83074.01","openInterest":"57118.511",
    "singleOpenInterest":"28559.256","singleOpenInterestValue":"2371123661.62","turnover24h":"3734121786.2434",
    "volume24h":"44701.1000","fundingRate":"-0.00007774","nextFundingTime":"1790784000000","fundingIntervalHour":"8",
    "bid1Price":"83024.60","bid1Size":"3.871","ask1Price":"83024.70","ask1Size":"2.935"}]},"time":1790757082283}
  {"retCode":0,"result":{"list":[{"openInterest":"57118.511","singleOpenInterest":"28559.256","timestamp":".."}]}}
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from feeds.model.events import DayStats, Event, Funding, IndexPrice, MarkPrice, OpenInterest, Quote
from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Units
from feeds.venues.bybit.context import ask_accounts, read_accounts
from feeds.venues.bybit.derivatives import hours_ns, one_side
from feeds.venues.bybit.protocol import BybitProtocol
from feeds.venues.bybit.wire import Rows, accepted
from feeds.venues.driver import Endpoints
from feeds.venues.shared.connections import connection
from feeds.venues.shared.context import Answered, interest_history
from feeds.venues.shared.funding import FundingPeriod
from feeds.venues.shared.numbers import (
    MS,
    MaybeMillis,
    Millis,
    amount,
    finite,
    price,
    price_or_none,
    rate,
    time_or_none_ns,
)
from feeds.venues.shared.polling import Job, every, once
from feeds.venues.shared.rows import RowDecoder
from feeds.venues.shared.universe import ACCOUNTS, REST, Events, UniverseProtocol, account_jobs, polled, streamed

_ASKED = ("tickers", "open-interest", ACCOUNTS)
_TICKERS_S = 1.0
_ARGS_LIMIT = 20_000  # characters of all topics of a connection; the venue allows 21,000
_PAST = (("5min", 50), ("1h", 26))  # the last four hours closely, and the day


class _Row(msgspec.Struct, gc=False):
    """Numbers are text, empty where there is none."""

    symbol: str
    lastPrice: str = ""
    price24hPcnt: str = ""
    markPrice: str = ""
    indexPrice: str = ""
    openInterest: str = ""
    openInterestValue: str = ""
    singleOpenInterest: str = ""
    singleOpenInterestValue: str = ""
    turnover24h: str = ""
    volume24h: str = ""
    fundingRate: str = ""
    nextFundingTime: MaybeMillis = ""
    fundingIntervalHour: str = ""
    bid1Price: str = ""
    bid1Size: str = ""
    ask1Price: str = ""
    ask1Size: str = ""


class _PastRow(msgspec.Struct, gc=False):
    timestamp: Millis
    openInterest: str = ""
    singleOpenInterest: str = ""


_tickers = RowDecoder(Rows, _Row, lists=lambda result: (result.rows,), strict=True)
_past = RowDecoder(Rows, _PastRow, lists=lambda result: (result.rows,))
_NOTHING = _Row("")


def universe_connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One socket, or several where the topics are too long for one; the first of them polls."""
    url, asked = f"{endpoints.websocket}/v5/public/{markets[0].kind.value}", tuple(REST + topic for topic in _ASKED)
    first, *others = _parts(markets)
    return (
        connection(markets, UNIVERSE, (*_topics(first), *asked), url),
        *(connection(part, UNIVERSE, _topics(part), url, str(at)) for at, part in enumerate(others, 2)),
    )


def _parts(markets: tuple[Instrument, ...]) -> list[tuple[Instrument, ...]]:
    parts: list[list[Instrument]] = [[]]
    room = _ARGS_LIMIT
    for market in markets:
        length = len(_topic(market)) + 3
        if length > room:
            parts.append([])
            room = _ARGS_LIMIT
        parts[-1].append(market)
        room -= length
    return [tuple(part) for part in parts]


def _topic(market: Instrument) -> str:
    return f"allLiquidation.{market.symbol}"


def _topics(markets: Sequence[Instrument]) -> tuple[str, ...]:
    return (f"tickers.{markets[0].symbol}", *map(_topic, markets))


def _jobs(spec: ConnectionSpec) -> Iterator[Job]:
    asked, category = polled(spec), f"category={spec.kind.value}"
    if "tickers" in asked:
        yield every(_TICKERS_S, Fetch(f"/v5/market/tickers?{category}", "tickers"))
    if ACCOUNTS in asked:
        yield from account_jobs(spec.markets, ask_accounts, 1 / 1.5)
    if "open-interest" in asked:
        for count, market in enumerate(spec.markets):
            for step, (span, limit) in enumerate(_PAST):
                path = f"/v5/market/open-interest?{category}&symbol={market.symbol}&intervalTime={span}&limit={limit}"
                yield once(Fetch(path, f"{span}/{market.symbol}"), 3 + (count + step / 2) / 3)


class _Perp:
    """One symbol: its units, and its last row."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.scale = instrument.multiplier
        self.period = FundingPeriod()
        self.row = _NOTHING


class BybitUniverse(UniverseProtocol):
    """One universe connection of the linear or the inverse category."""

    def __init__(self, spec: ConnectionSpec) -> None:
        super().__init__(spec, _jobs(spec), socket=BybitProtocol(streamed(spec)))
        self._perps = {market.symbol: _Perp(market) for market in spec.markets}
        self._inverse = spec.kind is MarketKind.INVERSE

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        answer = accepted(body, topic)
        if topic == "tickers":
            rows, ts_ns = self._decoded(topic, _tickers, answer.result).rows, answer.time * MS or now_ns
            return self._each(topic, rows, self._row, ts_ns, now_ns)
        perp = self._perps.get(symbol)
        if topic == ACCOUNTS and perp is not None:
            return read_accounts(perp.instrument, body, Answered(now_ns, now_ns, partial(self._leave_out, ACCOUNTS)))
        if perp is None:
            return ()
        return self._history(perp, self._decoded("open-interest", _past, answer.result).rows, now_ns)

    def _row(self, row: _Row, ts_ns: int, now_ns: int) -> Iterable[Event]:
        """Mark, index and open interest always, which shows that they are fresh; the rest where it changed."""
        perp = self._perps.get(row.symbol)
        if perp is None:
            return ()
        last, instrument, scale = perp.row, perp.instrument, perp.scale
        events: list[Event] = []
        mark, index = price(row.markPrice) / scale, price_or_none(row.indexPrice)
        events.append(MarkPrice(instrument, ts_ns, now_ns, mark))
        if index is not None:
            events.append(IndexPrice(instrument, ts_ns, now_ns, index / scale))
        if row.fundingRate and _funding_of(row) != _funding_of(last):
            events.append(_funding(perp, row, ts_ns, now_ns))
        events += self._interest(perp, row, mark, ts_ns, now_ns)
        if (row.lastPrice, row.volume24h) != (last.lastPrice, last.volume24h):
            events += self._day(perp, row, ts_ns, now_ns)
        if _touch(row) != _touch(last):
            events += _quote(perp, row, ts_ns, now_ns)
        perp.row = row
        return events

    def _interest(self, perp: _Perp, row: _Row, mark: float, ts_ns: int, now_ns: int) -> Iterator[Event]:
        """One side: the venue's own count of it, or half of both, as it was until 2026-06. Inverse counts USD."""
        one = _one_side(row.singleOpenInterest, row.openInterest)
        if one is None:
            return
        if self._inverse:
            size = one / mark if mark else 0.0
            yield OpenInterest(perp.instrument, ts_ns, now_ns, size, one)
            return
        value = _one_side(row.singleOpenInterestValue, row.openInterestValue)
        yield OpenInterest(perp.instrument, ts_ns, now_ns, one * perp.scale, value)

    def _day(self, perp: _Perp, row: _Row, ts_ns: int, now_ns: int) -> Iterator[Event]:
        if not (row.lastPrice and row.price24hPcnt and row.volume24h and row.turnover24h):
            return
        last, volume, turnover = price(row.lastPrice) / perp.scale, amount(row.volume24h), amount(row.turnover24h)
        volume, turnover = (turnover, volume) if self._inverse else (volume * perp.scale, turnover)
        yield DayStats(perp.instrument, ts_ns, now_ns, last, rate(row.price24hPcnt), volume, turnover)

    def _history(self, perp: _Perp, rows: list[_PastRow], now_ns: int) -> Events:
        """Inverse counts USD then, whose worth in coin is not published: only linear has a history here."""
        if self._inverse:
            return ()
        sides = ((row.timestamp, _one_side(row.singleOpenInterest, row.openInterest)) for row in rows)
        past = ((ts_ms, one * perp.scale) for ts_ms, one in sides if one is not None)
        return interest_history(perp.instrument, past, now_ns)


def _one_side(one: str, both: str) -> float | None:
    return one_side(amount(one) if one else None, amount(both) if both else None)


def _touch(row: _Row) -> tuple[str, str, str, str]:
    return row.bid1Price, row.bid1Size, row.ask1Price, row.ask1Size


def _funding_of(row: _Row) -> tuple[str, MaybeMillis, str]:
    return row.fundingRate, row.nextFundingTime, row.fundingIntervalHour


def _funding(perp: _Perp, row: _Row, ts_ns: int, now_ns: int) -> Funding:
    due_ns = time_or_none_ns(row.nextFundingTime)
    interval_ns = perp.period.interval_ns(due_ns, ts_ns, hours_ns(row.fundingIntervalHour))
    return Funding(perp.instrument, ts_ns, now_ns, rate(row.fundingRate), due_ns, interval_ns)


def _quote(perp: _Perp, row: _Row, ts_ns: int, now_ns: int) -> Iterator[Event]:
    if not (row.bid1Price and row.ask1Price and row.bid1Size and row.ask1Size):
        return
    units = perp.units
    bid, ask = units.nearest(finite(row.bid1Price)), units.nearest(finite(row.ask1Price))
    if bid and ask:
        bid_size, ask_size = units.sizes(bid, amount(row.bid1Size), ask, amount(row.ask1Size))
        yield Quote(perp.instrument, ts_ns, now_ns, bid, bid_size, ask, ask_size)
