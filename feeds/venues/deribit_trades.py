"""The trades of one Deribit instrument: the chain of numbers, its holes and what fills them (VENUES 5.2)."""

from __future__ import annotations

from feeds.backfill import LastTrade, TradeBackfill
from feeds.events import Event, Side, Trade, TradesFilled, TradesLive, TradesLost
from feeds.protocol import Fetch
from feeds.units import Units
from feeds.venues.deribit_wire import TradeData, TradesPage

_PAGE = 1_000
_MS = 1_000_000
_SECOND = 1_000 * _MS
_PATH = "/api/v2/public/get_last_trades_by_instrument?instrument_name={}&start_seq={}&end_seq={}&count=1000&sorting=asc"
_BUY, _SELL = Side.BUY, Side.SELL


class DeribitTrades:
    """One instrument's trade side on one connection. A trade's id is its `trade_seq`, contiguous per instrument."""

    def __init__(self, units: Units, history_s: int) -> None:
        self.live = False
        self._units = units
        self._last: LastTrade | None = None
        self._before: LastTrade | None = None
        self._backfill = TradeBackfill(_PAGE, history_s * _SECOND)

    def resume(self, last: LastTrade | None) -> None:
        """The newest trade of the connection before."""
        self._before = last

    def go_live(self, now_ns: int) -> list[Event]:
        """Trades are live from here, unless they were."""
        if self.live:
            return []
        self.live = True
        return [TradesLive(self._units.instrument, now_ns)]

    def trade(self, row: TradeData, now_ns: int) -> Trade:
        """One row as a trade. Raises ProtocolError for a price off the grid."""
        ticks, price, size, notional = self._units.execution(row.price, row.amount)
        side, ts_ns = (_BUY if row.direction == "buy" else _SELL), row.timestamp * _MS
        return Trade(self._units.instrument, ts_ns, now_ns, ticks, price, size, notional, side, row.trade_seq)

    def chain(self, row: TradeData, now_ns: int) -> list[Event] | None:
        """Events that go before a trade (the first of a market, a hole); None for a trade seen before."""
        last, seq, ts_ns = self._last, row.trade_seq, row.timestamp * _MS
        if last is not None and seq <= last.trade_id:
            return None
        events = self.go_live(now_ns)
        self._last = LastTrade(seq, ts_ns)
        if last is None:
            self._backfill.begin(seq, ts_ns, self._before)
        elif seq != last.trade_id + 1:
            missing = seq - last.trade_id - 1
            reason = f"{missing} trades missing before number {seq}"
            events.append(TradesLost(self._units.instrument, now_ns, reason, missing))
            events.append(TradesLive(self._units.instrument, now_ns))
            self._backfill.miss(last.trade_id + 1, seq - 1, last.ts_venue_ns, ts_ns)
        return events

    def next_fetch(self) -> Fetch | None:
        """The page of missing trades to ask for now."""
        page = self._backfill.next_page()
        if page is None:
            return None
        symbol = self._units.instrument.symbol
        return Fetch(_PATH.format(symbol, page.first, page.first + page.size - 1), f"trades/{symbol}")

    def answer(self, page: TradesPage, now_ns: int) -> TradesFilled | None:
        """Trades that were asked for; blocks are left out as they are live. Raises ProtocolError."""
        rows = sorted(page.trades, key=lambda row: row.trade_seq)
        return self._backfill.answer([self.trade(row, now_ns) for row in rows if row.block_trade_id is None], now_ns)

    def give_up(self) -> None:
        """The page that was asked for will not come."""
        self._backfill.give_up()
