"""Passes each trade once and each book from one connection, where connections overlap or venues repeat messages.

Applied to the events of all connections in receive order. Numeric trade ids must increase, unless the venue restarted
its numbering; text ids are looked up among the recent ones; trades without an id always pass. While two connections
carry an instrument, its book comes from the one opened last, from that one's first snapshot on, and trades are lost
only when the last one with them ends. Where prices off the grid show that a price step has changed, the trades from
there on are fetched again once the market is listed again, and those that passed are dropped. Liquidations have no ids:
equal ones pass as often as the connection that publishes the most of them does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    DayStats,
    Event,
    Funding,
    FundingHistory,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Quote,
    Side,
    TakerFlow,
    Trade,
    TradesFilled,
    TradesLive,
    TradesLost,
)
from feeds.model.instrument import InstrumentId
from feeds.model.protocol import LastTrade
from feeds.pipeline.backfill import is_renumbered

_STATES = frozenset(
    {MarkPrice, IndexPrice, Funding, OpenInterest, OpenInterestHistory, FundingHistory, Quote, DayStats, TakerFlow}
)
"""Last-value events: the newest one wins, from any connection."""


@dataclass(frozen=True, slots=True)
class DeduplicationLimits:
    """How many text ids are remembered of each instrument, and how many different liquidations of all."""

    ids: int = 20_000
    liquidations: int = 4_096


DEDUPLICATION_LIMITS = DeduplicationLimits()


class _RecentIds:
    """The most recent text ids of one instrument."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()
        self._order: deque[str] = deque()

    def __deepcopy__(self, memo: object) -> _RecentIds:
        copy = _RecentIds(self._limit)
        copy._known, copy._order = self._known.copy(), self._order.copy()
        return copy

    def is_new(self, trade_id: str) -> bool:
        """Record an id; whether it was not among the recent ones."""
        if trade_id in self._known:
            return False
        self._known.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > self._limit:
            self._known.discard(self._order.popleft())
        return True


class _LiquidationCounts:
    """Counts of each recent liquidation by connection and life, so that what a reconnect repeats is not new."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: dict[tuple[InstrumentId, int, Side, float, float], dict[tuple[str, int], int]] = {}
        self._lives: dict[str, int] = {}

    def open(self, connection: str) -> None:
        """Start the counts of a connection that opened at zero."""
        self._lives[connection] = self._lives.get(connection, 0) + 1

    def is_new(self, name: str, event: Liquidation) -> bool:
        """Count a liquidation; whether this life of a connection has published it more often than any other."""
        connection = name, self._lives.get(name, 0)
        key = event.instrument.id, event.ts_venue_ns, event.side, event.price, event.size
        counts = self._counts.get(key)
        if counts is None:
            if len(self._counts) >= self._limit:
                del self._counts[next(iter(self._counts))]
            counts = self._counts[key] = {}
        most = max(counts.values(), default=0)
        counts[connection] = counts.get(connection, 0) + 1
        return counts[connection] > most


class Deduplicator:
    """The filter. `last_trades` holds the newest trade with an id of each instrument; `duplicates` counts drops."""

    def __init__(self, limits: DeduplicationLimits = DEDUPLICATION_LIMITS) -> None:
        self._limits = limits
        self.last_trades: dict[InstrumentId, LastTrade] = {}
        self.duplicates = 0
        self._recent: dict[InstrumentId, _RecentIds] = {}
        self._book_of: dict[InstrumentId, str] = {}
        self._books_of: dict[InstrumentId, set[str]] = {}
        self._opened: dict[str, int] = {}
        self._openings = 0
        self._carriers: dict[InstrumentId, set[str]] = {}
        self._liquidations = _LiquidationCounts(limits.liquidations)
        self._doubted: dict[InstrumentId, tuple[LastTrade, set[int]]] = {}  # the last trade before, ids passed since
        self._passed: dict[InstrumentId, set[int]] = {}  # the same ids of a market whose trades were resumed

    def doubt(self, instrument: InstrumentId) -> None:
        """Record where a market's prices began to lie off its grid."""
        last = self.last_trades.get(instrument)
        if last is not None:
            self._doubted.setdefault(instrument, (last, set()))

    def rewind(self, instrument: InstrumentId) -> None:
        """A market has a new price step: its trades are resumed from before the first that was off the grid."""
        if instrument in self._doubted:
            self.last_trades[instrument], self._passed[instrument] = self._doubted.pop(instrument)

    def admit(self, connection: str, event: Event) -> Event | None:
        """The event to pass on; None for a duplicate. A `TradesFilled` may lose some of its trades."""
        kind = type(event)
        if kind is Trade:
            return event if self._trade(event) else None  # type: ignore[arg-type]
        if kind is BookDelta:
            return event if self._book_of.get(event.instrument.id) == connection else None  # type: ignore[union-attr]
        if kind in _STATES:
            return event
        if kind is TradesFilled:
            return self._filled(event)  # type: ignore[arg-type]
        if kind is Liquidation:
            return event if self._liquidations.is_new(connection, event) else None  # type: ignore[arg-type]
        return event if self._rare(connection, event) else None

    def open(self, connection: str) -> None:
        """Record that a connection opened; it takes precedence over all earlier ones."""
        self._openings += 1
        self._opened[connection] = self._openings
        self._liquidations.open(connection)

    def close(self, connection: str) -> None:
        """Record that a connection ended; its closing events have passed already."""
        self._opened.pop(connection, None)

    def book_connections(self, instrument: InstrumentId) -> frozenset[str]:
        """All connections with a valid book of an instrument, including those not in use."""
        return frozenset(self._books_of.get(instrument, ()))

    def book_connection(self, instrument: InstrumentId) -> str | None:
        """The connection whose book of an instrument is in use; None without a book."""
        return self._book_of.get(instrument)

    def receives_trades(self, connection: str, instrument: InstrumentId) -> bool:
        return connection in self._carriers.get(instrument, ())

    def filter(self, connection: str, events: Sequence[Event]) -> Sequence[Event]:
        """The events to pass on, in order."""
        admit = self.admit
        if len(events) == 1:
            admitted = admit(connection, events[0])
            return events if admitted is events[0] else (admitted,) if admitted is not None else ()
        return [admitted for event in events if (admitted := admit(connection, event)) is not None]

    def _trade(self, trade: Trade) -> bool:
        trade_id, instrument = trade.trade_id, trade.instrument.id
        if isinstance(trade_id, int):
            last = self.last_trades.get(instrument)
            is_new = last is None or trade_id > last.number or is_renumbered(trade_id, trade.ts_venue_ns, last)
            if is_new and instrument in self._passed:
                is_new = self._is_resumed(trade)
            if is_new:
                if instrument in self._doubted:
                    self._note(trade, renumbered=last is not None and trade_id <= last.number)
                self.last_trades[instrument] = LastTrade(trade_id, trade.ts_venue_ns)
        elif not trade_id:
            is_new = True
        elif is_new := self._recent_ids(instrument).is_new(trade_id):
            self.last_trades[instrument] = LastTrade(trade_id, trade.ts_venue_ns)
        self.duplicates += not is_new
        return is_new

    def _is_resumed(self, trade: Trade) -> bool:
        """Whether none of the ids of a numbered trade passed before its market was resumed."""
        passed = self._passed.get(trade.instrument.id)
        return passed is None or passed.isdisjoint(_ids(trade))

    def _note(self, trade: Trade, *, renumbered: bool) -> None:
        """Record the ids of a trade of a doubted market; the doubt ends with too many, or where numbers restart."""
        passed = self._doubted[trade.instrument.id][1]
        passed.update(_ids(trade))
        if renumbered or len(passed) > self._limits.ids:
            del self._doubted[trade.instrument.id]

    def _recent_ids(self, instrument: InstrumentId) -> _RecentIds:
        recent = self._recent.get(instrument)
        if recent is None:
            recent = self._recent[instrument] = _RecentIds(self._limits.ids)
        return recent

    def _filled(self, filled: TradesFilled) -> TradesFilled:
        """Drop fetched trades that passed before. Numbered ones are fetched only where missing, or resumed."""
        recent = self._recent_ids(filled.instrument.id)
        trades = tuple(
            trade
            for trade in filled.trades
            if (recent.is_new(trade.trade_id) if isinstance(trade.trade_id, str) else self._is_resumed(trade))
        )
        return filled if len(trades) == len(filled.trades) else msgspec.structs.replace(filled, trades=trades)

    def _rare(self, connection: str, event: Event) -> bool:
        match event:
            case BookSnapshot():
                return self._snapshot(connection, event.instrument.id)
            case BookLost():
                return self._book_lost(connection, event)
            case TradesLive():
                carriers = self._carriers.setdefault(event.instrument.id, set())
                carriers.add(connection)
                return len(carriers) == 1
            case TradesLost():
                return self._lost(connection, event)
        return True

    def _snapshot(self, connection: str, instrument: InstrumentId) -> bool:
        """Whether to use this book. An older connection never replaces a newer one: it is about to end."""
        self._books_of.setdefault(instrument, set()).add(connection)
        carrier = self._book_of.get(instrument, connection)
        if self._opened.get(connection, 0) < self._opened.get(carrier, 0):
            return False
        self._book_of[instrument] = connection
        return True

    def _book_lost(self, connection: str, event: BookLost) -> bool:
        self._books_of.get(event.instrument.id, set()).discard(connection)
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


def _ids(trade: Trade) -> range:
    """The ids that a numbered trade merges."""
    assert isinstance(trade.trade_id, int)
    return range(trade.trade_id - trade.matches + 1, trade.trade_id + 1)
