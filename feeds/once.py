"""Each trade once and each book from one connection, although connections overlap and venues repeat themselves.

Applied to the events of all connections in receive order. A trade whose id is a number must grow; one whose id is text
is looked up among the last ids; one without an id always passes. While two connections carry the same instrument, the
one whose snapshot came last speaks for its book, and trades are lost only when the last one that carries them ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from feeds.backfill import LastTrade
from feeds.events import BookDelta, BookLost, BookSnapshot, Event, Trade, TradesLive, TradesLost
from feeds.instrument import InstrumentId

IDS_KEPT = 20_000


class _RecentIds:
    """The last text ids of one instrument."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._order: deque[str] = deque()

    def __deepcopy__(self, memo: object) -> _RecentIds:
        copy = _RecentIds()
        copy._known, copy._order = self._known.copy(), self._order.copy()
        return copy

    def is_new(self, trade_id: str) -> bool:
        """Whether the id was not seen lately; it is remembered from now on."""
        if trade_id in self._known:
            return False
        self._known.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > IDS_KEPT:
            self._known.discard(self._order.popleft())
        return True


class Once:
    """The filter. `last_trades` holds the newest numbered trade of each instrument."""

    def __init__(self) -> None:
        self.last_trades: dict[InstrumentId, LastTrade] = {}
        self.duplicates = 0
        self._recent: dict[InstrumentId, _RecentIds] = {}
        self._book_of: dict[InstrumentId, str] = {}
        self._carriers: dict[InstrumentId, set[str]] = {}

    def passes(self, connection: str, event: Event) -> bool:
        """Whether this event of this connection goes on."""
        kind = type(event)
        if kind is Trade:
            return self._trade(event)  # type: ignore[arg-type]
        if kind is BookDelta:
            return self._book_of.get(event.instrument.id) == connection  # type: ignore[union-attr]
        return self._rare(connection, event)

    def book_carrier(self, instrument: InstrumentId) -> str | None:
        """The connection that speaks for an instrument's book."""
        return self._book_of.get(instrument)

    def filter(self, connection: str, events: Sequence[Event]) -> Sequence[Event]:
        """The events that go on, in order."""
        passes = self.passes
        if len(events) == 1:
            return events if passes(connection, events[0]) else ()
        return [event for event in events if passes(connection, event)]

    def _trade(self, trade: Trade) -> bool:
        trade_id, instrument = trade.trade_id, trade.instrument.id
        if isinstance(trade_id, int):
            last = self.last_trades.get(instrument)
            is_new = last is None or trade_id > last[0]
            if is_new:
                self.last_trades[instrument] = LastTrade(trade_id, trade.ts_venue_ns)
        elif not trade_id:
            is_new = True
        else:
            recent = self._recent.get(instrument)
            if recent is None:
                recent = self._recent[instrument] = _RecentIds()
            is_new = recent.is_new(trade_id)
        self.duplicates += not is_new
        return is_new

    def _rare(self, connection: str, event: Event) -> bool:
        match event:
            case BookSnapshot():
                self._book_of[event.instrument.id] = connection
            case BookLost():
                return self._book_lost(connection, event)
            case TradesLive():
                carriers = self._carriers.setdefault(event.instrument.id, set())
                carriers.add(connection)
                return len(carriers) == 1
            case TradesLost():
                return self._lost(connection, event)
        return True

    def _book_lost(self, connection: str, event: BookLost) -> bool:
        if self._book_of.get(event.instrument.id) != connection:
            return False
        del self._book_of[event.instrument.id]
        return True

    def _lost(self, connection: str, event: TradesLost) -> bool:
        carriers = self._carriers.setdefault(event.instrument.id, set())
        if event.missing is not None:
            return len(carriers) <= 1
        carriers.discard(connection)
        return not carriers
