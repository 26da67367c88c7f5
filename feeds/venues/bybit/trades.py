"""A Bybit market's trades: which ids repeat, and what it traded just before its first live trade (README: Trades).

The venue gives the last 1000 trades (60 on spot) and nothing older, and its ids show no order. So a page is
joined to the live trades by the first of those, which it must hold, and to the trades before a loss by the last of
those: then the hole is closed. A page that does not reach back so far covers what it holds, and the rest stays a gap.
"""

from typing import NamedTuple

import msgspec

from feeds.model.events import Event, HistoryEnded, Trade, TradesFilled
from feeds.model.instrument import MarketKind
from feeds.model.protocol import Fetch, LastTrade
from feeds.pipeline.units import Size, Units
from feeds.venues.bybit.wire import SIDES, Rows, accepted
from feeds.venues.shared.limits import LIMITS, Limits
from feeds.venues.shared.numbers import MS, Millis
from feeds.venues.shared.recent_ids import RecentIds
from feeds.venues.shared.trade_chain import UnnumberedTrades

_PAUSE_NS = 1_500 * MS
_TRIES = 4
_LIMITS = {MarketKind.SPOT: 60}
_LIMIT = 1_000


class RecentRow(msgspec.Struct, gc=False):
    """A row of GET recent-trade; `side` is the taker's.

    `{"execId":"2100000000007764263","symbol":"BTCUSDT","price":"16618.49","size":"0.00012","side":"Buy",
    "time":"1672052955758","isBlockTrade":false,"isRPITrade":false,"seq":"123456"}`.
    """

    execId: str
    price: str
    size: Size
    side: str
    time: Millis
    isBlockTrade: bool = False


class _Start(NamedTuple):
    """The first trade after a beginning or a loss, and the last one known before."""

    trade_id: str
    ts_ns: int
    before: LastTrade | None


_rows = msgspec.json.Decoder(Rows[RecentRow], strict=False)


class BybitTrades(UnnumberedTrades):
    """One symbol's trades on one connection. Past trades are fetched for the last time they went live only."""

    def __init__(self, units: Units, history_s: int, limits: Limits = LIMITS) -> None:
        super().__init__(units.instrument)
        self.recent = RecentIds(limits.trade_ids)
        self._units = units
        self._wants_history = history_s > 0
        self._start: _Start | None = None
        self._tries = 0
        self._due_ns: int | None = None

    def begin(self, trade_id: str, ts_ns: int) -> Fetch | None:
        """Trades are live from this one on. What to ask for, if anything came before that is wanted."""
        self.begun = True
        before = self._passed_on.get(self._units.instrument.id)
        if before is None and not self._wants_history:
            return None
        self._start, self._tries, self._due_ns = _Start(trade_id, ts_ns, before), 0, None
        return self._fetch()

    def due_fetch(self, now_ns: int) -> Fetch | None:
        """The request once more, where the answer failed or was too old."""
        if self._due_ns is None or now_ns < self._due_ns:
            return None
        self._due_ns = None
        return self._fetch()

    def answer(self, body: bytes, now_ns: int) -> list[Event]:
        """The trades before the first live one. Raises ProtocolError and msgspec's errors for a body that is none."""
        start = self._start
        if start is None:
            return []
        rows = _rows.decode(accepted(body, "trades").result).rows[::-1]
        ids = [row.execId for row in rows]
        if start.trade_id not in ids:
            is_late = bool(rows) and rows[0].time * MS > start.ts_ns
            return self._end(start, now_ns) if is_late else self.fail(now_ns)
        older = rows[: ids.index(start.trade_id)]
        known = start.before is not None and start.before.trade_id in ids
        if known and start.before is not None:
            older, since_ns = older[ids.index(str(start.before.trade_id)) + 1 :], start.before.ts_venue_ns
        else:
            since_ns = (rows[0].time + 1) * MS  # others of the same millisecond may be missing
        return [*self._filled(older, since_ns, start, now_ns), *self._end(start, now_ns)]

    def fail(self, now_ns: int) -> list[Event]:
        """The answer did not come or was of no use: ask again in a moment, a few times."""
        start = self._start
        if start is None:
            return []
        self._tries += 1
        if self._tries >= _TRIES:
            return self._end(start, now_ns)
        self._due_ns = now_ns + (_PAUSE_NS << (self._tries - 1))
        return []

    def close(self, now_ns: int) -> list[Event]:
        """The connection ends; the answer will not come."""
        return self._end(self._start, now_ns) if self._start is not None else []

    def _filled(self, rows: list[RecentRow], since_ns: int, start: _Start, now_ns: int) -> list[Event]:
        trades = tuple(self._trade(row, now_ns) for row in rows if not row.isBlockTrade)
        since_ns = min(since_ns, start.ts_ns)
        return [TradesFilled(self._units.instrument, now_ns, since_ns, start.ts_ns, trades)]

    def _end(self, start: _Start, now_ns: int) -> list[Event]:
        self._start = self._due_ns = None
        return [HistoryEnded(self._units.instrument, now_ns)] if start.before is None else []

    def _trade(self, row: RecentRow, now_ns: int) -> Trade:
        ticks, price, size, notional = self._units.execution(row.price, row.size)
        side, ts_ns = SIDES[row.side], row.time * MS
        return Trade(self._units.instrument, ts_ns, now_ns, ticks, price, size, notional, side, row.execId)

    def _fetch(self) -> Fetch:
        instrument = self._units.instrument
        limit = _LIMITS.get(instrument.kind, _LIMIT)
        where = f"category={instrument.kind.value}&symbol={instrument.symbol}&limit={limit}"
        return Fetch(f"/v5/market/recent-trade?{where}", f"trades/{instrument.symbol}")
