"""Converts the events of a recording to rows by partition, in the engine's order and with its trade coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from feeds.model import events
from feeds.model.instrument import Instrument, InstrumentId
from workstation.analytics.store.column_store import CHUNK, ColumnStore, Index
from workstation.analytics.store.coverage import FOREVER_NS, Coverage
from workstation.lake.manifest import LakeMarket
from workstation.lake.schema import Partition, partition_of
from workstation.readmodels.arrays import Bools, Ints

Row = tuple[Any, ...]
Put = Callable[[Partition, list[Row]], None]


class _Numbered(NamedTuple):
    """Trades of a base in the engine's order: venue time (ns) and running number in the recording."""

    ts: Ints
    number: Ints

    def at(self, index: Index) -> _Numbered:
        return _Numbered(self.ts[index], self.number[index])

    def where(self, mask: Bools) -> _Numbered:
        return self.at(np.flatnonzero(mask))


@dataclass(slots=True)
class _MarketState:
    """The coverage and time range of a market."""

    instrument: Instrument
    coverage: Coverage = field(default_factory=Coverage)
    first_ns: int = 0
    last_ns: int = 0
    focus: bool = False
    price: float = 0.0
    turnover: float = 0.0


class RowDecoder:
    """Converts the events of one recording to rows.

    The `seq` of a trade's row is a running number, replaced at the end by its place in the engine's order.
    """

    def __init__(self, recording: str, start_ns: int, put: Put) -> None:
        self._recording = recording
        self._start_ns = start_ns
        self._put = put
        self._events = 0
        self._trades = 0
        self._stores: dict[str, ColumnStore[_Numbered]] = {}
        self._markets: dict[InstrumentId, _MarketState] = {}
        self._steps: dict[Instrument, Row] = {}
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            events.BookSnapshot: lambda event: self._book(event, "snapshot"),
            events.BookDelta: lambda event: self._book(event, "delta"),
            events.BookLost: self._book_lost,
            events.Liquidation: self._liquidation,
            events.Funding: self._funding,
            events.OpenInterest: self._open_interest,
        }
        self._followed_handlers: dict[type[Any], Callable[[Any], None]] = {
            events.Trade: self._trade,
            events.TradesFilled: self._filled,
            events.MarkPrice: self._mark,
            events.TradesLive: lambda event: self._market(event.instrument).coverage.begin(),
            events.TradesLost: lambda event: self._market(event.instrument).coverage.lose(),
        }

    def take(self, event: events.Event, *, universe: bool) -> None:
        """Convert one event. Events of all-market connections (`universe`) do not affect trade coverage."""
        kind = type(event)
        handler = self._handlers.get(kind) or (None if universe else self._followed_handlers.get(kind))
        if handler is not None:
            self._events += 1
            handler(event)
            known = self._market(event.instrument)  # type: ignore[union-attr]
            known.focus = known.focus or not universe

    def orders(self) -> Ints:
        """The final `seq` of every trade, int64 of shape (trades,), indexed by running number."""
        order = np.empty(self._trades, np.int64)
        for store in self._stores.values():
            at = self._start_ns
            for part in store.parts():
                order[part.number] = np.arange(at, at + len(part.number))
                at += len(part.number)
        return order

    def markets(self) -> Iterator[LakeMarket]:
        """The markets in order of their first event."""
        ends: dict[str, int] = {}
        for known in self._markets.values():
            base = known.instrument.base
            ends[base] = max(ends.get(base, 0), known.coverage.seen_ns)
        for known in self._markets.values():
            instrument, coverage = known.instrument, known.coverage
            end_ns = ends[instrument.base]
            spans = tuple((start, end_ns if end == FOREVER_NS else end) for start, end in coverage.received())
            names = (instrument.base, instrument.venue, instrument.kind.value, instrument.symbol)
            step = (float(instrument.tick_size), instrument.tick.numerator, instrument.tick.denominator)
            times = (known.first_ns, known.last_ns, coverage.seen_ns)
            yield LakeMarket(*names, *step, spans, coverage.began, *times, known.focus, known.price, known.turnover)

    def _market(self, instrument: Instrument) -> _MarketState:
        known = self._markets.get(instrument.id)
        if known is None:
            known = self._markets[instrument.id] = _MarketState(instrument)
        return known

    def _trade(self, event: events.Trade) -> None:
        known = self._market(event.instrument)
        known.coverage.see(event.ts_venue_ns)
        known.coverage.trade(event.ts_venue_ns)
        self._store(event.instrument).append((event.ts_venue_ns, self._put_trade(known, event)))

    def _mark(self, event: events.MarkPrice) -> None:
        known = self._market(event.instrument)
        known.coverage.see(event.ts_venue_ns)
        known.price = event.mark

    def _filled(self, event: events.TradesFilled) -> None:
        known = self._market(event.instrument)
        rows = [(trade.ts_venue_ns, self._put_trade(known, trade)) for trade in event.trades]
        if rows:
            store = self._store(event.instrument)
            store.insert(store.columns_of(rows))
        known.coverage.fill(event.since_ns, event.until_ns)

    def _store(self, instrument: Instrument) -> ColumnStore[_Numbered]:
        store = self._stores.get(instrument.base)
        if store is None:
            store = self._stores[instrument.base] = ColumnStore(_Numbered, "qq", 1 << 62, CHUNK)
        return store

    def _put_trade(self, known: _MarketState, event: events.Trade) -> int:
        number, ts_ns = self._trades, event.ts_venue_ns
        self._trades += 1
        known.first_ns = min(known.first_ns or ts_ns, ts_ns)
        known.last_ns = max(known.last_ns, ts_ns)
        known.turnover += event.notional
        known.price = known.price or event.price
        step, names = self._step(event.instrument), self._names(event.instrument)
        side = None if event.aggressor is None else event.aggressor.value
        price = (event.price_ticks, *step, event.price)
        row = (ts_ns, event.ts_recv_ns, number, str(event.trade_id), *price, event.size, event.notional, side, *names)
        row = (*row, event.matches)
        self._put(partition_of("trades", ts_ns, event.instrument), [row])
        return number

    def _book(self, event: events.BookSnapshot | events.BookDelta, what: str) -> None:
        instrument = event.instrument
        partition = partition_of("book", event.ts_recv_ns, instrument)
        head, tail = (*self._times(event), what), (event.update_id, *self._names(instrument))
        step = self._step(instrument)
        sides: tuple[tuple[str, list[events.Level]], ...] = (("bid", event.bids), ("ask", event.asks))
        rows: list[Row] = [
            (*head, side, ticks, *step, ticks * step[1] / step[2], size, *tail)
            for side, levels in sides
            for ticks, size in levels
        ]
        if what == "snapshot" and not rows:
            rows.append((*head, None, None, *step, None, None, *tail))
        self._put(partition, rows)

    def _book_lost(self, event: events.BookLost) -> None:
        head = (None, event.ts_recv_ns, self._start_ns + self._events, "lost", None)
        row = (*head, None, *self._step(event.instrument), None, None, None, *self._names(event.instrument))
        self._put(partition_of("book", event.ts_recv_ns, event.instrument), [row])

    def _liquidation(self, event: events.Liquidation) -> None:
        position = "long" if event.side is events.Side.SELL else "short"
        self._put_event("liquidations", event, (position, event.price, event.size, event.notional))

    def _funding(self, event: events.Funding) -> None:
        self._put_event("funding", event, (event.rate, event.next_funding_ns, event.interval_ns))

    def _open_interest(self, event: events.OpenInterest) -> None:
        self._put_event("open_interest", event, (event.open_interest, event.notional))

    def _put_event(
        self, table: str, event: events.Liquidation | events.Funding | events.OpenInterest, values: Row
    ) -> None:
        row = (*self._times(event), *values, *self._names(event.instrument))
        self._put(partition_of(table, event.ts_venue_ns, event.instrument), [row])

    def _times(
        self, event: events.BookSnapshot | events.BookDelta | events.Liquidation | events.Funding | events.OpenInterest
    ) -> Row:
        return event.ts_venue_ns, event.ts_recv_ns, self._start_ns + self._events

    def _names(self, instrument: Instrument) -> Row:
        return instrument.base, instrument.kind.value, self._recording

    def _step(self, instrument: Instrument) -> Row:
        step = self._steps.get(instrument)
        if step is None:
            tick = instrument.tick
            step = self._steps[instrument] = (float(instrument.tick_size), tick.numerator, tick.denominator)
        return step
