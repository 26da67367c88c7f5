"""A Hyperliquid coin's trades: which repeat, and which the first message holds of before (README: Trades).

The first trades of a coin on a connection repeat what happened before it. Of that first message only rows from the
moment of connecting on are trades. The older ones are passed on as fetched afterwards, without those passed on before,
where they reach back to the last trade of the connection before or where history is wanted: from the oldest row on, or
from that last trade, nothing is missing.
"""

from feeds.model.events import Event, HistoryEnded, Side, Trade, TradesFilled
from feeds.pipeline.units import Units
from feeds.venues.hyperliquid.wire import TradeData
from feeds.venues.shared.numbers import MS
from feeds.venues.shared.recent_ids import RecentIds
from feeds.venues.shared.trade_chain import UnnumberedTrades

_IDS = 4_096
_BUY, _SELL = Side.BUY, Side.SELL


class HyperliquidTrades(UnnumberedTrades):
    """One coin's trades on one connection. `in_first_message` is until the first message was read."""

    def __init__(self, units: Units, history_s: int) -> None:
        super().__init__(units.instrument)
        self.in_first_message = True
        self._wants_history = history_s > 0
        self._had_first = False
        self._earlier: list[Trade] = []
        self._recent = RecentIds(_IDS)

    def receive(self, trade: Trade, opened_ns: int | None, now_ns: int) -> list[Event]:
        """Events of one trade, none for a repeated one. Those before `opened_ns` are only held back."""
        events = self.go_live(now_ns)
        if not self._recent.is_new(trade.trade_id):
            return events
        if opened_ns is not None and trade.ts_venue_ns < opened_ns:
            self._earlier.append(trade)
            return events
        events.append(trade)
        return events if self._had_first else [*events, *self._take_earlier(trade, now_ns)]

    def _take_earlier(self, first: Trade, now_ns: int) -> list[Event]:
        """What the first message repeated, passed on once the first trade after it is known."""
        self._had_first, before = True, self._passed_on.get(self._instrument.id)
        ended = [HistoryEnded(self._instrument, now_ns)] if self._wants_history and before is None else []
        trades, self._earlier = sorted(self._earlier, key=lambda trade: trade.ts_venue_ns), []
        at = next((at for at, trade in enumerate(trades) if before and trade.trade_id == before.trade_id), -1)
        if not trades or (at < 0 and not self._wants_history):
            return [*ended]
        since_ns = before.ts_venue_ns if before and at >= 0 else trades[0].ts_venue_ns + MS
        fetched = tuple(trades[at + 1 :])
        return [TradesFilled(self._instrument, now_ns, since_ns, first.ts_venue_ns, fetched), *ended]


def trade(units: Units, row: TradeData, now_ns: int) -> Trade:
    """One row as a trade. Raises ProtocolError for a price off the grid."""
    ticks, price, size, notional = units.execution(row.px, row.sz)
    side, ts_ns = (_BUY if row.side == "B" else _SELL), row.time * MS
    return Trade(units.instrument, ts_ns, now_ns, ticks, price, size, notional, side, str(row.tid))
