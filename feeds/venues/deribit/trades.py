"""The trades of one Deribit instrument: the chain of numbers, its holes and what fills them (VENUES 5.2)."""

from __future__ import annotations

from collections.abc import Sequence

from feeds.model.events import Event, Side, Trade, TradesLive, TradesLost
from feeds.model.protocol import Fetch, LastTrade, LastTrades
from feeds.pipeline.backfill import BETWEEN, RENUMBERED, UNREAD, Page, TradeBackfill, after, is_renumbered
from feeds.pipeline.units import Units
from feeds.venues.deribit.wire import TradeData, TradesPage

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
        self._unread = False
        self._passed_on: LastTrades = {}
        self._backfill = TradeBackfill(units.instrument, _PAGE, history_s * _SECOND)

    def resume(self, last_trades: LastTrades) -> None:
        """Hear of the newest trades that were passed on, of which this keeps telling."""
        self._passed_on = last_trades

    def go_live(self, now_ns: int) -> list[Event]:
        """Trades are live from here, unless they were."""
        if self.live:
            return []
        self.live = True
        return [TradesLive(self._units.instrument, now_ns)]

    def skip(self) -> None:
        """A message that may have held trades could not be read.

        After the first trade the numbers tell what is missing; before it, the first one says so.
        """
        self._unread = self.live and self._last is None

    def trade(self, row: TradeData, now_ns: int) -> Trade:
        """One row as a trade. Raises ProtocolError for a price off the grid."""
        ticks, price, size, notional = self._units.execution(row.price, row.amount)
        side, ts_ns = (_BUY if row.direction == "buy" else _SELL), row.timestamp * _MS
        return Trade(self._units.instrument, ts_ns, now_ns, ticks, price, size, notional, side, row.trade_seq)

    def chain(self, row: TradeData, now_ns: int) -> list[Event] | None:
        """Events that go before a trade (the first of a market, a hole); None for a trade seen before."""
        last, seq, ts_ns = self._last, row.trade_seq, row.timestamp * _MS
        is_anew = last is not None and is_renumbered(seq, ts_ns, last)
        if last is not None and seq <= last.number and not is_anew:
            return None
        passed_on = self._passed_on.get(self._units.instrument.id)
        events = self.go_live(now_ns)
        self._last = LastTrade(seq, ts_ns)
        if self._unread:
            events += self._marked(UNREAD, now_ns)
            self._unread = False
        if last is None:
            if missing := self._backfill.begin(seq, ts_ns, passed_on):
                events += self._marked(BETWEEN.format(missing), now_ns, missing)
        elif is_anew:
            events += self._marked(RENUMBERED, now_ns)
        elif seq != last.number + 1:
            missing = seq - last.number - 1
            events += self._marked(f"{missing} trades missing before number {seq}", now_ns, missing)
            known = after(last, passed_on)
            self._backfill.miss(known.number + 1, seq - 1, known.ts_venue_ns, ts_ns)
        return events

    def _marked(self, reason: str, now_ns: int, missing: int | None = None) -> tuple[Event, Event]:
        instrument = self._units.instrument
        return TradesLost(instrument, now_ns, reason, missing), TradesLive(instrument, now_ns)

    def next_fetch(self) -> Fetch | None:
        """The page of missing trades to ask for now."""
        return self._fetch(self._backfill.next_page())

    def due_fetch(self, now_ns: int) -> Fetch | None:
        """A page that failed and is due again."""
        return self._fetch(self._backfill.due_page(now_ns))

    def _fetch(self, page: Page | None) -> Fetch | None:
        if page is None:
            return None
        symbol = self._units.instrument.symbol
        return Fetch(_PATH.format(symbol, page.first, page.end - 1), f"trades/{symbol}")

    def answer(self, page: TradesPage, now_ns: int) -> Sequence[Event]:
        """Trades that were asked for; blocks are left out as they are live. Raises ProtocolError."""
        rows = sorted(page.trades, key=lambda row: row.trade_seq)
        trades = [self.trade(row, now_ns) for row in rows if row.block_trade_id is None]
        blocks = {row.trade_seq for row in rows if row.block_trade_id is not None}
        return self._backfill.answer(trades, now_ns, blocks)

    def close(self, now_ns: int) -> Sequence[Event]:
        """The connection ends."""
        return self._backfill.close(now_ns)

    def fail(self, now_ns: int) -> Sequence[Event]:
        """The page that was asked for did not come."""
        return self._backfill.fail(now_ns)
