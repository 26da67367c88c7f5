"""The trades of one Binance symbol: the id chain, its holes, and what is fetched to fill them (VENUES 1.1.2, 1.1.5,
1.3).

Every fill is on both trade streams; a market counts the stream that came first and ignores the other. Ids of aggTrade
are contiguous everywhere and can be fetched; raw ids are contiguous on spot only, and not without a key.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from feeds.model.events import Event, Side, Trade, TradesLive, TradesLost
from feeds.model.instrument import Instrument
from feeds.model.protocol import Fetch, LastTrade, LastTrades
from feeds.pipeline.backfill import BETWEEN, RENUMBERED, UNREAD, Page, TradeBackfill, after, is_renumbered
from feeds.pipeline.units import Units
from feeds.venues.binance.wire import AggTradeData, RestAggTrade, TradeData

PAGE = 1_000
_MS = 1_000_000
_BUY, _SELL = Side.BUY, Side.SELL
_page_decoder = msgspec.json.Decoder(list[RestAggTrade], strict=False)


class BinanceTrades:
    """One symbol's trade side on one connection. `fetch_path` lists aggTrades from an id; `weight` is its price."""

    def __init__(self, units: Units, *, fetch_path: str, weight: int, raw_contiguous: bool, history_s: int) -> None:
        self.instrument: Instrument = units.instrument
        self.live = False
        self._units = units
        self._fetch_path = fetch_path
        self._weight = weight
        self._raw_contiguous = raw_contiguous
        self._channel = ""
        self._last: LastTrade | None = None
        self._unread = False
        self._passed_on: LastTrades = {}
        self._backfill = TradeBackfill(units.instrument, PAGE, history_s * 1_000_000_000)

    def resume(self, last_trades: LastTrades) -> None:
        """Hear of the newest trades that were passed on, of which this keeps telling.

        They count at the first trade and not now: a connection that is being replaced goes on telling until then.
        """
        self._passed_on = last_trades

    def skip(self) -> None:
        """A message that may have held trades could not be read.

        After the first trade the numbers tell what is missing; before it, the first one says so.
        """
        self._unread = self.live and self._last is None

    def raw(self, data: TradeData, now_ns: int) -> list[Event]:
        """One raw fill. Fills that are not of the market (insurance fund, ADL) keep the chain and are not trades."""
        if self._channel == "aggTrade":
            return []
        trade = self._trade(data, data.t, now_ns) if data.X == "MARKET" else None
        self._channel = "trade"
        events = self._chain(data.t if self._raw_contiguous else None, data.T * _MS, now_ns)
        if events is None or trade is None:
            return events or []
        return [*events, trade]

    def aggregated(self, data: AggTradeData, now_ns: int) -> list[Event]:
        """Fills of one price and side, merged by the venue."""
        if self._channel == "trade":
            return []
        trade = self._trade(data, data.a if data.a is not None else "", now_ns)
        missing = 0
        if not self._channel and data.a is not None:
            missing = self._backfill.begin(data.a, data.T * _MS, self._passed_on.get(self.instrument.id))
        self._channel = "aggTrade"
        events = self._chain(data.a, data.T * _MS, now_ns)
        if events is None:
            return []
        if missing:
            events += self._marked(BETWEEN.format(missing), now_ns, missing)
        return [*events, trade]

    def next_fetch(self) -> Fetch | None:
        """The page of missing trades to ask for now."""
        return self._fetch(self._backfill.next_page())

    def due_fetch(self, now_ns: int) -> Fetch | None:
        """A page that failed and is due again."""
        return self._fetch(self._backfill.due_page(now_ns))

    def _fetch(self, page: Page | None) -> Fetch | None:
        if page is None:
            return None
        symbol = self.instrument.symbol
        path = self._fetch_path.format(symbol=symbol, first=page.first, count=page.size)
        return Fetch(path, f"trades/{symbol}", self._weight)

    def answer(self, body: bytes, now_ns: int) -> Sequence[Event]:
        """Trades that were asked for. Raises ProtocolError and msgspec's errors for a body that is none."""
        rows = _page_decoder.decode(body)
        return self._backfill.answer([self._trade(row, row.a, now_ns) for row in rows], now_ns)

    def close(self, now_ns: int) -> Sequence[Event]:
        """The connection ends."""
        return self._backfill.close(now_ns)

    def fail(self, now_ns: int) -> Sequence[Event]:
        """The page that was asked for did not come."""
        return self._backfill.fail(now_ns)

    def begin(self, now_ns: int) -> list[Event]:
        """Trades are live from here, unless they were."""
        if self.live:
            return []
        self.live = True
        return [TradesLive(self.instrument, now_ns)]

    def _chain(self, trade_id: int | None, ts_ns: int, now_ns: int) -> list[Event] | None:
        """Events that go before a trade (the first of a market, a hole in the ids); None for a trade seen before."""
        events = self.begin(now_ns)
        last = self._last
        if self._unread:
            self._unread = False
            events += self._marked(UNREAD, now_ns)
        if trade_id is None:
            return events
        if last is not None and trade_id <= last.number:
            if not is_renumbered(trade_id, ts_ns, last):
                return None
            events += self._marked(RENUMBERED, now_ns)
        elif last is not None and trade_id != last.number + 1:
            missing = trade_id - last.number - 1
            events += self._marked(f"{missing} trades missing before id {trade_id}", now_ns, missing)
            if self._channel == "aggTrade":
                known = after(last, self._passed_on.get(self.instrument.id))
                self._backfill.miss(known.number + 1, trade_id - 1, known.ts_venue_ns, ts_ns)
        self._last = LastTrade(trade_id, ts_ns)
        return events

    def _marked(self, reason: str, now_ns: int, missing: int | None = None) -> tuple[Event, Event]:
        return TradesLost(self.instrument, now_ns, reason, missing), TradesLive(self.instrument, now_ns)

    def _trade(self, data: TradeData | AggTradeData | RestAggTrade, trade_id: int | str, now_ns: int) -> Trade:
        ticks, price, size, notional = self._units.execution(data.p, data.q)
        side = _SELL if data.m else _BUY
        return Trade(self.instrument, data.T * _MS, now_ns, ticks, price, size, notional, side, trade_id)
