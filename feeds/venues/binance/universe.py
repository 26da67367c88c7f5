"""Binance's perpetuals all at once: streams of the whole market, and what only REST has (README: All-market streams).

USD-M has arrays of all marks and tickers, each second. COIN-M has them too, but since the merger of 2026-06 filled with
USD-M, so its few perpetuals are listened to one by one. Open interest, the taker's share and the funding interval are
asked for, within the weight of 2400 a minute that both share: with 570 perpetuals about 800 for open interest and 300
for klines.

Samples (trimmed; captures of 2026-09, documentation for the ticker):
  {"stream":"!markPrice@arr@1s","data":[{"e":"markPriceUpdate","E":1790757114000,"s":"BTCUSDT","p":"83018.14569565",
    "i":"83062.53108696","r":"-0.00001012","T":1790784000000,"st":1},..]}
  {"stream":"!ticker@arr","data":[{"e":"24hrTicker","E":..,"s":"BTCUSDT","P":"-1.23","c":"83018.10","v":"44701.100",
    "q":"3734121786.24",..},..]}      COIN-M: `v` contracts, `q` base coin
  {"symbol":"BTCUSDT","openInterest":"83782.317","time":1702244985273}      COIN-M: contracts
  [{"symbol":"LPTUSDT","fundingIntervalHours":4,..},..]      only those that are not paid every 8 h
  [[1602669900000,"50.49","50.52","50.31","50.33","3811.648",1602670199999,"192171.59398",1517,"956.116",..],..]
  [{"symbol":"LTCUSDT","sumOpenInterest":"286060.674","sumOpenInterestValue":"13151177.54","timestamp":..},..]
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from feeds.model.events import (
    DayStats,
    Event,
    Funding,
    IndexPrice,
    MarkPrice,
    OpenInterest,
    TakerFlow,
)
from feeds.model.events import Quote as QuoteEvent
from feeds.model.frame import UNIVERSE, ConnectionSpec, Frame
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size, Units
from feeds.venues.binance.context import ask_accounts, read_accounts
from feeds.venues.binance.derivatives import liquidation
from feeds.venues.binance.wire import API, Combined, CombinedRows, ForceOrderData, MarkData, QuoteData
from feeds.venues.driver import Endpoints
from feeds.venues.shared.connections import connection
from feeds.venues.shared.context import Answered, interest_history
from feeds.venues.shared.funding import FundingPeriod
from feeds.venues.shared.numbers import (
    HOUR,
    MS,
    SECOND,
    MaybeMillis,
    Millis,
    finite,
    price,
    price_or_none,
    rate,
    time_or_none_ns,
)
from feeds.venues.shared.polling import Job, every, once
from feeds.venues.shared.rows import RowDecoder
from feeds.venues.shared.universe import ACCOUNTS, REST, Events, UniverseProtocol, account_jobs, polled
from feeds.venues.shared.venue_clock import VenueClock

_USUAL_INTERVAL_NS = 8 * HOUR
_HOT, _HOT_S = 40, 12.0
_INTEREST_S, _FLOW_S, _HOT_FLOW_S, _DAY_S = 60.0, 150.0, 60.0, 3_600.0
_RANK_NS = 30 * SECOND
_FIVE_MINUTES_MS, _HOUR_MS = 300_000, 3_600_000
_DAY_MS = 24 * _HOUR_MS
_ALL, _QUOTES = ("!markPrice@arr@1s", "!ticker@arr", "!forceOrder@arr"), "!bookTicker"
_EACH = ("markPrice@1s", "ticker", "forceOrder")
_ASKED = ("fundingInfo", "openInterest", "openInterestHist", "flow", "day", ACCOUNTS)
_ENVELOPE = b'{"stream":"'
_NAME_AT = len(_ENVELOPE)
_ROUTE_LIMIT = 4_096

_Kline = tuple[int, Any, Any, Any, Any, Size, int, Size, Any, Size, Size, Any]
"""Open time, .., volume, close time, volume in the other unit, .., taker's part of both."""


class DayRow(msgspec.Struct, gc=False):
    """The last 24 hours: last price `c`, change in percent `P`, volume `v` and turnover `q` (COIN-M: base coin)."""

    s: str
    E: Millis
    c: Annotated[float, msgspec.Meta(ge=0, le=1e15)]
    P: Annotated[float, msgspec.Meta(ge=-1e6, le=1e12)]
    v: Size
    q: Size


class _InterestBody(msgspec.Struct, gc=False):
    openInterest: Size
    time: Millis


class _PastInterest(msgspec.Struct, gc=False):
    sumOpenInterest: Size
    sumOpenInterestValue: Size
    timestamp: Millis


class _Interval(msgspec.Struct, gc=False):
    symbol: str
    fundingIntervalHours: Annotated[int, msgspec.Meta(ge=1, le=24)]


def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape, strict=False)


def _rows(row: Any) -> RowDecoder:
    return RowDecoder(list, row, lists=lambda rows: (rows,))


def _combined(row: Any) -> RowDecoder:
    return RowDecoder(CombinedRows, row, lists=lambda push: (push.data,))


_interest = _decoder(_InterestBody)
_intervals, _klines, _past = _rows(_Interval), _rows(_Kline), _rows(_PastInterest)


class _Perp:
    """What one symbol remembers. `funding` is the rate and due time last published, `day_taker_buy` base coin."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.scale = instrument.multiplier
        self.mark = 0.0
        self.funding: tuple[str, MaybeMillis] = ("", 0)
        self.period = FundingPeriod()
        self.interval_ns: int | None = None
        self.turnover = 0.0
        self.day_taker_buy: float | None = None


_forces, _quotes = _decoder(Combined[ForceOrderData]), _decoder(Combined[QuoteData])
_CHANNELS: dict[str, tuple[msgspec.json.Decoder[Any] | RowDecoder, str]] = {
    "!markPrice": (_combined(MarkData), "_marks"),
    "!ticker": (_combined(DayRow), "_days"),
    "!forceOrder": (_forces, "_liquidations"),
    "!bookTicker": (_quotes, "_quote"),
    "markPrice": (_decoder(Combined[MarkData]), "_mark"),
    "ticker": (_decoder(Combined[DayRow]), "_day"),
    "forceOrder": (_forces, "_liquidations"),
    "bookTicker": (_quotes, "_quote"),
}


def universe_connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """The sockets for all perpetuals of USD-M (two, for its two routes) or COIN-M (one)."""
    base, asked = endpoints.websocket, tuple(REST + topic for topic in _ASKED)
    if markets[0].kind is MarketKind.LINEAR:
        return (
            connection(markets, UNIVERSE, (*_ALL, *asked), f"{base}/market/stream?streams={'/'.join(_ALL)}"),
            connection(markets, UNIVERSE, (_QUOTES,), f"{base}/public/stream?streams={_QUOTES}", "quotes"),
        )
    streams = (*(f"{market.symbol.lower()}@{channel}" for market in markets for channel in _EACH), _QUOTES)
    return (connection(markets, UNIVERSE, (*streams, *asked), f"{base}/stream?streams={'/'.join(streams)}"),)


def _jobs(spec: ConnectionSpec) -> Iterator[Job]:
    """Staggered over the first minutes: open interest first, when there are marks, then the flow, then what was."""
    asked, api, inverse = polled(spec), API[spec.kind], spec.kind is MarketKind.INVERSE
    if ACCOUNTS in asked:
        yield from account_jobs(spec.markets, ask_accounts, 1.0)
    if "fundingInfo" in asked:
        yield every(_DAY_S, Fetch(f"{api}/fundingInfo", "fundingInfo", 0))
    for number, market in enumerate(spec.markets):
        symbol, name = market.symbol, quote(market.symbol)
        who = f"pair={name.removesuffix('_PERP')}&contractType=PERPETUAL" if inverse else f"symbol={name}"
        past = f"/futures/data/openInterestHist?{who}&period=5m&limit=290"
        if "openInterest" in asked:
            path = f"{api}/openInterest?symbol={name}"
            yield every(_INTEREST_S, Fetch(path, f"openInterest/{symbol}"), 2 + number / 20)
        if "flow" in asked:
            path = f"{api}/klines?symbol={name}&interval=5m&limit=13"
            yield every(_FLOW_S, Fetch(path, f"flow/{symbol}"), 3 + number / 5)
        if "openInterestHist" in asked:
            yield once(Fetch(past, f"openInterestHist/{symbol}", int(inverse)), 2 + number / 1.5)
        if "day" in asked:
            path = f"{api}/klines?symbol={name}&interval=1h&limit=25"
            yield every(_DAY_S, Fetch(path, f"day/{symbol}"), 30 + number / 4)


class BinanceUniverse(UniverseProtocol):
    """One universe connection of USD-M or COIN-M."""

    def __init__(self, spec: ConnectionSpec) -> None:
        super().__init__(spec, _jobs(spec), at_once=16)
        self._perps = {market.symbol: _Perp(market) for market in spec.markets}
        self._inverse = spec.kind is MarketKind.INVERSE
        self._routes: dict[bytes, tuple[Callable[[bytes], Any], Callable[[Any, int], Events]] | None] = {}
        self._clock = VenueClock()
        self._ranked_ns = 0
        self._hot: set[str] = set()
        self._answers: dict[str, Callable[[_Perp, bytes, int], Events]] = {
            "openInterest": self._interest,
            "openInterestHist": self._history,
            "flow": self._flow,
            "day": self._day_flow,
            ACCOUNTS: self._accounts,
        }

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_routes": {}}  # found again as messages come

    def tick(self, now_ns: int) -> None:
        """Ask for what is due, more often for what is traded most."""
        if now_ns - self._ranked_ns >= _RANK_NS:
            self._ranked_ns = now_ns
            self._rank()
        super().tick(now_ns)

    def _rank(self) -> None:
        ranked = sorted((perp for perp in self._perps.values() if perp.turnover), key=lambda perp: -perp.turnover)
        hot = {perp.instrument.symbol for perp in ranked[:_HOT]}
        for symbol in hot ^ self._hot:
            is_hot = symbol in hot
            self._polls.pace(f"openInterest/{symbol}", round((_HOT_S if is_hot else _INTEREST_S) * SECOND))
            self._polls.pace(f"flow/{symbol}", round((_HOT_FLOW_S if is_hot else _FLOW_S) * SECOND))
        self._hot = hot

    # streams

    def _text(self, frame: Frame) -> Events:
        payload = frame.payload
        if not payload.startswith(_ENVELOPE):
            return ()
        name = payload[_NAME_AT : payload.find(b'"', _NAME_AT)]
        try:
            route = self._routes[name]
        except KeyError:
            route = self._route(name.decode())
            if len(self._routes) < _ROUTE_LIMIT:
                self._routes[name] = route
        return route[1](route[0](payload).data, frame.ts_recv_ns) if route is not None else ()

    def _route(self, stream: str) -> tuple[Callable[[bytes], Any], Callable[[Any, int], Events]] | None:
        first, _, rest = stream.partition("@")
        name = first if first.startswith("!") else rest.partition("@")[0]
        if name not in _CHANNELS:
            return None
        decoder, handle = _CHANNELS[name]
        if isinstance(decoder, RowDecoder):
            return partial(decoder.decode, leave_out=partial(self._leave_out, name)), getattr(self, handle)
        return decoder.decode, getattr(self, handle)

    def _marks(self, rows: list[MarkData], now_ns: int) -> Events:
        if rows:
            self._clock.see(rows[0].E * MS, now_ns)
        return self._each("!markPrice", rows, self._derived, now_ns)

    def _mark(self, row: MarkData, now_ns: int) -> Events:
        return self._marks([row], now_ns)

    def _derived(self, row: MarkData, now_ns: int) -> Events:
        perp = self._perps.get(row.s)
        if perp is None:
            return ()
        instrument, ts_ns = perp.instrument, row.E * MS
        mark, index = price(row.p) / perp.scale, price_or_none(row.i)
        funding_rate = rate(row.r) if row.r else 0.0
        perp.mark = mark
        events: list[Event] = [MarkPrice(instrument, ts_ns, now_ns, mark)]
        if index is not None:
            events.append(IndexPrice(instrument, ts_ns, now_ns, index / perp.scale))
        due_ns = time_or_none_ns(row.T)
        if row.r and (due_ns or funding_rate) and (row.r, row.T) != perp.funding:
            perp.funding = row.r, row.T
            interval_ns = perp.period.interval_ns(due_ns, ts_ns, perp.interval_ns)
            events.append(Funding(instrument, ts_ns, now_ns, funding_rate, due_ns, interval_ns))
        return events

    def _days(self, rows: list[DayRow], now_ns: int) -> Events:
        return self._each("!ticker", rows, self._day, now_ns)

    def _day(self, row: DayRow, now_ns: int) -> Events:
        perp = self._perps.get(row.s)
        if perp is None:
            return ()
        instrument, volume, turnover = perp.instrument, row.v * perp.scale, row.q
        if self._inverse:
            volume, turnover = row.q, row.v * float(instrument.contract_size)
        perp.turnover = turnover
        last, change = row.c / perp.scale, row.P / 100
        return (DayStats(instrument, row.E * MS, now_ns, last, change, volume, turnover, perp.day_taker_buy),)

    def _liquidations(self, data: ForceOrderData, now_ns: int) -> Events:
        perp = self._perps.get(data.o.s)
        return (liquidation(perp.instrument, data.o, now_ns),) if perp is not None else ()

    def _quote(self, data: QuoteData, now_ns: int) -> Events:
        perp = self._perps.get(data.s)
        if perp is None:
            return ()
        bid, ask = perp.units.nearest(finite(data.b)), perp.units.nearest(finite(data.a))
        if not bid or not ask:
            return ()
        bid_size, ask_size = perp.units.sizes(bid, data.B, ask, data.A)
        ts_ns = data.T * MS if data.T is not None else now_ns
        return (QuoteEvent(perp.instrument, ts_ns, now_ns, bid, bid_size, ask, ask_size, data.u),)

    # answers

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        if topic == "fundingInfo":
            return self._learn_intervals(self._decoded(topic, _intervals, body) if body != b"null" else [])
        perp, read = self._perps.get(symbol), self._answers.get(topic)
        return read(perp, body, now_ns) if perp is not None and read is not None else ()

    def _learn_intervals(self, rows: list[_Interval]) -> Events:
        """Every funding is an event again with the next mark, now with its interval."""
        unusual = {row.symbol: row.fundingIntervalHours * HOUR for row in rows}
        for symbol, perp in self._perps.items():
            interval_ns = unusual.get(symbol, _USUAL_INTERVAL_NS)
            if interval_ns != perp.interval_ns:
                perp.interval_ns, perp.funding = interval_ns, ("", 0)
        return ()

    def _interest(self, perp: _Perp, body: bytes, now_ns: int) -> Events:
        """Base coin; COIN-M counts contracts, which are worth coins only once there is a mark price."""
        row, instrument = _interest.decode(body), perp.instrument
        if not self._inverse:
            size = row.openInterest * perp.scale
            notional = size * perp.mark if perp.mark else None
            return (OpenInterest(instrument, row.time * MS, now_ns, size, notional),)
        if not perp.mark:
            return ()
        size, notional = perp.units.worth(perp.mark, row.openInterest)
        return (OpenInterest(instrument, row.time * MS, now_ns, size, notional),)

    def _accounts(self, perp: _Perp, body: bytes, now_ns: int) -> Events:
        return read_accounts(perp.instrument, body, Answered(now_ns, now_ns, partial(self._leave_out, ACCOUNTS)))

    def _history(self, perp: _Perp, body: bytes, now_ns: int) -> Events:
        rows = (
            (row.timestamp, row.sumOpenInterestValue if self._inverse else row.sumOpenInterest * perp.scale)
            for row in self._decoded("openInterestHist", _past, body)
        )
        return interest_history(perp.instrument, rows, now_ns)

    def _flow(self, perp: _Perp, body: bytes, now_ns: int) -> Events:
        bars = self._decoded("flow", _klines, body)
        events: list[Event] = []
        for window_ms in (_FIVE_MINUTES_MS, _HOUR_MS):
            found = self._taken(perp, bars, window_ms, now_ns)
            if found is not None:
                events.append(TakerFlow(perp.instrument, found[0], now_ns, window_ms * MS, found[1], found[2]))
        return events

    def _day_flow(self, perp: _Perp, body: bytes, now_ns: int) -> Events:
        """The taker's part of 24 whole hours; it is part of the next ticker's event."""
        found = self._taken(perp, self._decoded("day", _klines, body), _DAY_MS, now_ns)
        perp.day_taker_buy = found[2] if found is not None else None
        return ()

    def _taken(self, perp: _Perp, bars: list[_Kline], window_ms: int, now_ns: int) -> tuple[int, float, float] | None:
        """End (ns), volume and taker's purchases (base coin) of the newest whole bars; None where they do not reach."""
        venue_ns = self._clock.at(now_ns)
        closed = [bar for bar in bars if bar[6] * MS < (now_ns if venue_ns is None else venue_ns)]
        if not closed:
            return None
        end_ms = closed[-1][6] + 1
        if closed[0][0] > end_ms - window_ms:
            return None
        volume_at, buy_at = (7, 10) if self._inverse else (5, 9)
        scale = 1 if self._inverse else perp.scale
        inside = [bar for bar in closed if bar[0] >= end_ms - window_ms]
        volume = math.fsum(float(bar[volume_at]) for bar in inside) * scale
        return end_ms * MS, volume, math.fsum(float(bar[buy_at]) for bar in inside) * scale
