"""The trades of one OKX instrument: the chain of match ids, its holes and what fills them (VENUES 3.2, 3.5).

A row of the socket merges `count` matches up to id `tradeId`; REST has every match as its own row. Ids are contiguous
per instrument, so what lies between two rows is known to be missing and can be asked for, newest first.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import Event, Trade, TradesLive, TradesLost
from feeds.model.protocol import Fetch, LastTrade, LastTrades
from feeds.pipeline.backfill import BETWEEN, RENUMBERED, UNREAD, Page, TradeBackfill, after, in_order, is_renumbered
from feeds.pipeline.units import Units
from feeds.venues.okx import wire
from feeds.venues.okx.rows import read_side

_MS = 1_000_000
_SECOND = 1_000 * _MS
_PAGE = 100
_MAX_PAGES = 600
_BATCH = 1_000
_PATH = "/api/v5/market/history-trades?instId={}&type=1&after={}&limit={}"
_body = msgspec.json.Decoder(wire.MatchesBody, strict=False)


class OkxTrades:
    """One instrument's trade side on one connection. A trade's id is that of its last match."""

    def __init__(self, units: Units, history_s: int) -> None:
        self.live = False
        self._units = units
        self._last: LastTrade | None = None
        self._unread = False
        self._passed_on: LastTrades = {}
        self._backfill = TradeBackfill(units.instrument, _PAGE, history_s * _SECOND, max_pages=_MAX_PAGES, batch=_BATCH)

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

    def trade(self, row: wire.TradeRow, now_ns: int) -> Trade:
        """One row as a trade. Raises ProtocolError for a price off the grid or no side."""
        ticks, price, size, notional = self._units.execution(row.px, row.sz)
        side = read_side(row.side)
        return Trade(self._units.instrument, row.ts * _MS, now_ns, ticks, price, size, notional, side, row.tradeId)

    def chain(self, row: wire.TradeRow, now_ns: int) -> list[Event] | None:
        """Events that go before a trade (the first of a market, a hole in the ids); None for a trade seen before."""
        last, ts_ns = self._last, row.ts * _MS
        is_anew = last is not None and is_renumbered(row.tradeId, ts_ns, last)
        if last is not None and row.tradeId <= last.number and not is_anew:
            return None
        self._last = LastTrade(row.tradeId, ts_ns)
        first = row.tradeId - (row.count or 1) + 1
        if last is None:
            return self._first(row, first, now_ns)
        if is_anew:
            return self._marked(RENUMBERED, now_ns)
        missing = 0 if row.count is None else first - 1 - last.number
        return self._broken(row, first, missing, last, now_ns) if missing else self.go_live(now_ns)

    def _first(self, row: wire.TradeRow, first: int, now_ns: int) -> list[Event]:
        before, missing = self._passed_on.get(self._units.instrument.id), 0
        if row.count is not None:
            missing = self._backfill.begin(first, row.ts * _MS, before)
        unread, self._unread = self._unread, False
        if missing:
            return [*self.go_live(now_ns), *self._marked(BETWEEN.format(missing), now_ns, missing)]
        return self._marked(UNREAD, now_ns) if unread else self.go_live(now_ns)

    def _broken(self, row: wire.TradeRow, first: int, missing: int, last: LastTrade, now_ns: int) -> list[Event]:
        known = after(last, self._passed_on.get(self._units.instrument.id))
        self._backfill.miss(known.number + 1, first - 1, known.ts_venue_ns, row.ts * _MS)
        reason = f"{missing} trades missing" if missing > 0 else "trade ids overlap"
        return self._marked(f"{reason} before id {row.tradeId}", now_ns, max(missing, 0) or None)

    def _marked(self, reason: str, now_ns: int, missing: int | None = None) -> list[Event]:
        self.live, instrument = True, self._units.instrument
        return [TradesLost(instrument, now_ns, reason, missing), TradesLive(instrument, now_ns)]

    def next_fetch(self) -> Fetch | None:
        """The page of missing trades to ask for now."""
        return self._fetch(self._backfill.next_page())

    def due_fetch(self, now_ns: int) -> Fetch | None:
        """A page that failed and is due again."""
        return self._fetch(self._backfill.due_page(now_ns))

    def answer(self, body: bytes, now_ns: int) -> Sequence[Event]:
        """Trades that were asked for. Raises ProtocolError and msgspec's errors for a body that is none."""
        answer = _body.decode(body)
        if answer.code != "0":
            raise ProtocolError("OKX refused to list trades", f"{answer.code} {answer.msg}")
        return self._backfill.answer(in_order(self.trade(row, now_ns) for row in answer.data), now_ns)

    def close(self, now_ns: int) -> Sequence[Event]:
        """The connection ends."""
        return self._backfill.close(now_ns)

    def fail(self, now_ns: int) -> Sequence[Event]:
        """The page that was asked for did not come."""
        return self._backfill.fail(now_ns)

    def _fetch(self, page: Page | None) -> Fetch | None:
        if page is None:
            return None
        symbol = self._units.instrument.symbol
        return Fetch(_PATH.format(symbol, page.end, page.size), f"trades/{symbol}")
