"""Which of Binance's two trade streams counts, and how past trades are listed (README: Trades).

Every fill is on both streams; a market counts the stream that came first and ignores the other. Ids of aggTrade are
contiguous everywhere and can be fetched. Raw ids cannot be fetched without a key; they are contiguous on spot, and on
futures in captures, whose raw stream holds the fills that are off the book too.
"""

from functools import partial
from typing import NamedTuple

import msgspec

from feeds.model.events import Event, Side, Trade
from feeds.model.instrument import MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.backfill import Page
from feeds.pipeline.units import Units
from feeds.venues.binance.wire import API, AggTradeData, RestAggTrade, TradeData
from feeds.venues.shared.numbers import MS
from feeds.venues.shared.trade_chain import Backfill, PastTrades, TradeChain

_PAGE = 1_000
_BUY, _SELL = Side.BUY, Side.SELL
_page_decoder = msgspec.json.Decoder(list[RestAggTrade], strict=False)


class TradeRules(NamedTuple):
    """What differs between the markets: the price of a page of past trades, and whether raw ids are contiguous."""

    weight: int = 20
    raw_ids_contiguous: bool = False


_RULES = {MarketKind.SPOT: TradeRules(weight=4, raw_ids_contiguous=True)}


class BinanceTrades(TradeChain):
    """One symbol's trades on one connection."""

    def __init__(self, units: Units, history_s: int, *, captured: bool = False) -> None:
        self._units = units
        self._rules = _RULES.get(units.instrument.kind, TradeRules())
        source = Backfill(partial(_ask, units, self._rules.weight), partial(_read, units), _PAGE)
        super().__init__(units.instrument, source, history_s)
        self._channel = ""
        self._contiguous = captured or self._rules.raw_ids_contiguous

    def raw(self, data: TradeData, now_ns: int) -> list[Event]:
        """One raw fill. Fills that are not of the market (insurance fund, ADL) keep the chain and are not trades."""
        if self._channel == "aggTrade":
            return []
        trade = _trade(self._units, data, data.t, now_ns) if data.X == "MARKET" else None
        self._channel = "trade"
        events: list[Event] | None
        if self._contiguous:
            events = self.follow(data.t, data.t, data.T * MS, now_ns, fetches=False)
        else:
            events = self.unnumbered(now_ns)
        if events is None or trade is None:
            return events or []
        return [*events, trade]

    def aggregated(self, data: AggTradeData, now_ns: int) -> list[Event]:
        """Fills of one price and side, merged by the venue."""
        if self._channel == "trade":
            return []
        number = data.a
        trade = _trade(self._units, data, "" if number is None else number, now_ns)
        self._channel = "aggTrade"
        events = self.unnumbered(now_ns) if number is None else self.follow(number, number, data.T * MS, now_ns)
        return [] if events is None else [*events, trade]


def _trade(units: Units, data: TradeData | AggTradeData | RestAggTrade, trade_id: int | str, now_ns: int) -> Trade:
    ticks, price, size, notional = units.execution(data.p, data.q)
    side = _SELL if data.m else _BUY
    return Trade(units.instrument, data.T * MS, now_ns, ticks, price, size, notional, side, trade_id)


def _ask(units: Units, weight: int, page: Page) -> Fetch:
    symbol = units.instrument.symbol
    path = f"{API[units.instrument.kind]}/aggTrades?symbol={symbol}&fromId={page.first}&limit={page.size}"
    return Fetch(path, f"trades/{symbol}", weight)


def _read(units: Units, body: bytes, now_ns: int) -> PastTrades:
    return PastTrades([_trade(units, row, row.a, now_ns) for row in _page_decoder.decode(body)])
