"""The trades of one market on one connection: whether they are live, which are missing, and what fetches those.

`TradeChain` is for venues with contiguous trade ids, where a hole in the ids is a loss and can be filled.
`UnnumberedTrades` is for the others, where only a message that could not be read shows a loss.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from feeds.model.events import Event, Trade, TradesLive, TradesLost
from feeds.model.instrument import Instrument
from feeds.model.protocol import Fetch, LastTrade, LastTrades
from feeds.pipeline.backfill import (
    BETWEEN,
    MAX_PAGES,
    RENUMBERED,
    UNREAD,
    Page,
    TradeBackfill,
    after,
    is_renumbered,
)
from feeds.venues.shared.numbers import SECOND


class PastTrades(NamedTuple):
    """An answer's trades, ascending in id, and the ids in it that are no trades of the market."""

    trades: Sequence[Trade]
    others: Collection[int] = ()


class Backfill(NamedTuple):
    """How a venue lists past trades: `ask` for a page of ids, `read` the answer's body at a receive time in ns.

    A page has at most `page_size` ids. A hole takes at most `max_pages`, which are passed on `batch` trades at a time.
    """

    ask: Callable[[Page], Fetch]
    read: Callable[[bytes, int], PastTrades]
    page_size: int
    max_pages: int = MAX_PAGES
    batch: int = 1


class TradeChain:
    """Trades with contiguous ids. `live` is whether every trade from now on is expected to arrive."""

    def __init__(self, instrument: Instrument, source: Backfill, history_s: int) -> None:
        self.live = False
        self._instrument = instrument
        self._source = source
        self._last: LastTrade | None = None
        self._unread = False
        self._passed_on: LastTrades = {}
        self._gaps = TradeBackfill(
            instrument, source.page_size, history_s * SECOND, max_pages=source.max_pages, batch=source.batch
        )

    def resume(self, last_trades: LastTrades) -> None:
        """Fill from the newest trades that any connection passed on. The mapping stays current.

        It is read at the first trade and not now: a connection that is being replaced goes on until then.
        """
        self._passed_on = last_trades

    def go_live(self, now_ns: int) -> list[Event]:
        """Trades are live from here, unless they were."""
        if self.live:
            return []
        self.live = True
        return [TradesLive(self._instrument, now_ns)]

    def skip(self) -> None:
        """A message that may have held trades could not be read.

        After the first trade the ids show what is missing; before it, `follow` reports it with the first trade.
        """
        self._unread = self.live and self._last is None

    def follow(
        self, trade_id: int, first: int | None, ts_ns: int, now_ns: int, *, fetches: bool = True
    ) -> list[Event] | None:
        """Events that go before a trade of venue time `ts_ns`; None for a trade that was received before.

        The trade merges the ids from `first` to `trade_id`; None is an unknown number of them, which hides holes.
        What is missing is fetched if `fetches`.
        """
        last = self._last
        if last is None:
            self._last = LastTrade(trade_id, ts_ns)
            return self._begin(first if fetches else None, ts_ns, now_ns)
        if trade_id <= last.number:
            if not is_renumbered(trade_id, ts_ns, last):
                return None
            self._last = LastTrade(trade_id, ts_ns)
            return self._lost(RENUMBERED, now_ns)
        self._last = LastTrade(trade_id, ts_ns)
        if first is None or first == last.number + 1:
            return [] if self.live else self.go_live(now_ns)
        missing = first - 1 - last.number
        if fetches:
            known = after(last, self._passed_on.get(self._instrument.id))
            self._gaps.miss(known.number + 1, first - 1, known.ts_venue_ns, ts_ns)
        reason = f"{missing} trades missing" if missing > 0 else "trade ids overlap"
        return self._lost(f"{reason} before id {trade_id}", now_ns, max(missing, 0) or None)

    def unnumbered(self, now_ns: int) -> list[Event]:
        """Events that go before a trade without an id."""
        return self._begin(None, 0, now_ns)

    def next_fetch(self) -> Fetch | None:
        """The request for missing trades to send now."""
        return self._fetch(self._gaps.next_page())

    def due_fetch(self, now_ns: int) -> Fetch | None:
        """A request that failed and is due again."""
        return self._fetch(self._gaps.due_page(now_ns))

    def answer(self, body: bytes, now_ns: int) -> Sequence[Event]:
        """Trades that were asked for. Raises ProtocolError and msgspec's errors for a body without trades."""
        past = self._source.read(body, now_ns)
        return self._gaps.answer(past.trades, now_ns, past.others)

    def fail(self, now_ns: int) -> Sequence[Event]:
        """The page that was asked for did not come."""
        return self._gaps.fail(now_ns)

    def close(self, now_ns: int) -> Sequence[Event]:
        return self._gaps.close(now_ns)

    def _begin(self, first: int | None, ts_ns: int, now_ns: int) -> list[Event]:
        missing = 0
        if first is not None:
            missing = self._gaps.begin(first, ts_ns, self._passed_on.get(self._instrument.id))
        unread, self._unread = self._unread, False
        if missing:
            return [*self.go_live(now_ns), *self._lost(BETWEEN.format(missing), now_ns, missing)]
        return self._lost(UNREAD, now_ns) if unread else self.go_live(now_ns)

    def _lost(self, reason: str, now_ns: int, missing: int | None = None) -> list[Event]:
        self.live = True
        return [TradesLost(self._instrument, now_ns, reason, missing), TradesLive(self._instrument, now_ns)]

    def _fetch(self, page: Page | None) -> Fetch | None:
        return self._source.ask(page) if page is not None else None


class UnnumberedTrades:
    """Trades whose ids show no order. A venue that can list past trades overrides what fetches and reads them.

    `live_ns` is when they last went live (receive time), `begun` whether a trade came since, which the venue sets.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.live = False
        self.live_ns = 0
        self.begun = False
        self._instrument = instrument
        self._unread = False
        self._passed_on: LastTrades = {}

    def resume(self, last_trades: LastTrades) -> None:
        """Learn the newest trades that any connection passed on. The mapping stays current."""
        self._passed_on = last_trades

    def go_live(self, now_ns: int) -> list[Event]:
        """Trades are live from here, unless they were and every message could be read."""
        lost = [TradesLost(self._instrument, now_ns, UNREAD)] if self._unread and self.live else []
        if self.live and not lost:
            return []
        self.live, self.live_ns, self.begun, self._unread = True, now_ns, False, False
        return [*lost, TradesLive(self._instrument, now_ns)]

    def skip(self) -> None:
        """A message that may have held trades could not be read, which the next one reports."""
        self._unread = True

    def next_fetch(self) -> Fetch | None:
        """The request for missing trades to send now."""
        return None

    def due_fetch(self, now_ns: int) -> Fetch | None:
        """A request that failed and is due again."""
        return None

    def answer(self, body: bytes, now_ns: int) -> Sequence[Event]:
        """Trades that were asked for. Raises ProtocolError and msgspec's errors for a body without trades."""
        return ()

    def fail(self, now_ns: int) -> Sequence[Event]:
        """The page that was asked for did not come."""
        return ()

    def close(self, now_ns: int) -> Sequence[Event]:
        return ()
