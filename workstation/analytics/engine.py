"""The engine: events in, views out. Deterministic, without clock, IO or Qt.

`apply` accepts any market data. Order and freshness follow receive time (`ts_recv_ns`), bars venue time
(`ts_venue_ns`); `advance` moves time without events. Bases in focus are `Base` objects; their derived series are
created on request and left out of checkpoints. Events of all perpetuals go by `survey` to the universe.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from copy import deepcopy
from typing import Any, cast

import msgspec

from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Candles,
    Connected,
    DayStats,
    Disconnected,
    Event,
    Funding,
    FundingHistory,
    HistoryEnded,
    IndexPrice,
    Liquidation,
    LongShortRatio,
    MarketStatus,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Quote,
    Relisted,
    TakerFlow,
    Trade,
    TradesFilled,
    TradesLive,
    TradesLost,
)
from feeds.model.instrument import Instrument, InstrumentId
from workstation.analytics.answers import ANSWERS
from workstation.analytics.state.base import Base
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits
from workstation.analytics.state.market import Market
from workstation.analytics.state.open_interest import OpenInterestRow
from workstation.analytics.state.relisting import in_our_ticks
from workstation.analytics.state.stored import StoredTrades
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.universe.sparklines import Sparklines
from workstation.analytics.universe.universe import Universe
from workstation.analytics.views.pressure import record_sparklines
from workstation.readmodels.request import Request, V, View

_STATUS_STEP_NS = 1_000_000_000


class Engine:
    """State of all bases and of the universe. `now_ns` is the receive time reached."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.now_ns = 0
        self._limits = limits
        self.bases: dict[str, Base] = {}
        self.universe = Universe(limits)
        self.sparklines = Sparklines()
        self._markets: dict[InstrumentId, tuple[Base, Market]] = {}
        self._next_status_ns = 0
        self._next_silence_ns = 0  # when the next market becomes stale, unless it publishes before
        self._scaled: dict[InstrumentId, Market] = {}
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            Trade: self._trade,
            BookDelta: self._book_delta,
            BookSnapshot: self._book_snapshot,
            BookLost: self._book_lost,
            Quote: self._quote,
            TradesLive: self._trades_live,
            TradesLost: self._trades_lost,
            TradesFilled: self._trades_filled,
            Relisted: self._relisted,
            MarkPrice: self._mark,
            IndexPrice: self._index,
            Funding: self._funding,
            OpenInterest: self._open_interest,
            Liquidation: self._liquidation,
            OpenInterestHistory: self._open_interest_history,
            FundingHistory: self._funding_history,
            DayStats: self._day,
            TakerFlow: self._taker_flow,
            HistoryEnded: self._history_ended,
            Candles: self._candles,
            LongShortRatio: self._long_short,
            MarketStatus: self._status,
        }
        self._surveyed: dict[type[Any], Callable[[Base, Market, Any], None]] = {
            MarkPrice: _learn_mark,
            IndexPrice: _learn_index,
            Funding: _learn_funding,
            OpenInterest: _learn_open_interest,
            OpenInterestHistory: _learn_open_interest_history,
            TakerFlow: _learn_taker_flow,
            Liquidation: _learn_liquidation,
            DayStats: _learn_day,
            LongShortRatio: _learn_long_short,
        }

    def apply(self, event: Event) -> None:
        """Process an event of a base in focus, in receive order."""
        if event.ts_recv_ns >= self._next_status_ns:
            self.advance(event.ts_recv_ns)
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(in_our_ticks(event, self._scaled) if self._scaled else event)

    def survey(self, event: Event) -> None:
        """Process an event of a universe connection, in receive order.

        A market in focus takes values from it, but not its freshness, which follows its own trades and book.
        """
        if event.ts_recv_ns >= self._next_status_ns:
            self.advance(event.ts_recv_ns)
        if isinstance(event, Connected | Disconnected):
            self._note_connection(event)
            return
        self.universe.apply(event)
        learn = self._surveyed.get(type(event))
        if learn is not None and (found := self._markets.get(event.instrument.id)) is not None:
            learn(*found, event)

    def advance(self, now_ns: int) -> None:
        """Advance receive time: samples by second, freshness. Earlier times are ignored."""
        if now_ns <= self.now_ns:
            return
        self.now_ns = now_ns
        if now_ns > self._next_silence_ns:
            self._next_silence_ns = min((base.note_silence(now_ns) for base in self.bases.values()), default=FOREVER_NS)
        if now_ns >= self._next_status_ns:
            second_ns = now_ns - now_ns % _STATUS_STEP_NS
            self._next_status_ns = second_ns + _STATUS_STEP_NS
            for base in self.bases.values():
                base.sample(now_ns)
            record_sparklines(self.sparklines, self.universe, second_ns)
            self.universe.sample(second_ns)  # at the whole second, so it does not depend on when time advances

    def instruments(self) -> tuple[Instrument, ...]:
        """All markets in focus, in order of first event."""
        return tuple(market.instrument for _, market in self._markets.values())

    @property
    def venue_ns(self) -> int:
        """The newest venue time of a trade or mark price of the bases in focus, 0 before the first."""
        return max((base.watermark_ns for base in self.bases.values()), default=0)

    def market(self, instrument: InstrumentId) -> Market | None:
        """State of a market in focus, None before its first event."""
        found = self._markets.get(instrument)
        return found[1] if found is not None else None

    @property
    def apart(self) -> tuple[str, ...]:
        """The markets in focus that are another asset of the same name, with the reason why they are not in sums."""
        markets = (market for base in self.bases.values() for market in base.markets if market.apart)
        return tuple(f"{one.instrument.venue} {one.instrument.symbol} {one.apart}" for one in markets)

    @property
    def requests(self) -> Collection[type[Request[Any]]]:
        return ANSWERS.keys()

    def revision(self, request: Request[View]) -> int:
        return ANSWERS[type(request)].revision(self, request)

    def view(self, request: Request[V]) -> V:
        """The immutable answer to a request; an empty view for an unknown base."""
        return cast("V", ANSWERS[type(request)].view(self, request))

    def work(self, bases: Iterable[str]) -> bool:
        """Do a step of unfinished derived objects of these bases. False if there are none."""
        return any(self.bases[base].work() for base in bases if base in self.bases)

    def retain(self, bases: Collection[str]) -> None:
        """Forget all other bases."""
        self.bases = {name: base for name, base in self.bases.items() if name in bases}
        self._markets = {one: found for one, found in self._markets.items() if found[0].name in bases}
        self._scaled = {one: market for one, market in self._scaled.items() if one in self._markets}

    def begin(self, instrument: Instrument) -> None:
        """Know a market before its first event."""
        self._find(instrument)

    def restore(self, base: str, pieces: Iterable[StoredTrades]) -> int:
        """Add older trades of a base from a recording that are not stored. Returns the number added.

        Unknown markets and those now listed with another price step are left out.
        """
        known = [(self._markets.get(piece.instrument.id), piece) for piece in pieces]
        wanted = [
            (found[1], piece.trades, piece.spans)
            for found, piece in known
            if found is not None and found[1].instrument.tick == piece.instrument.tick
        ]
        return self.bases[base].restore(wanted) if wanted else 0

    def checkpoint(self) -> Engine:
        """An independent engine in the same state."""
        return deepcopy(self)

    def _find(self, instrument: Instrument) -> tuple[Base, Market]:
        found = self._markets.get(instrument.id)
        return found if found is not None else self._begin(instrument)

    def _begin(self, instrument: Instrument) -> tuple[Base, Market]:
        base = self.bases.get(instrument.base)
        if base is None:
            base = self.bases[instrument.base] = Base(instrument.base, self._limits)
            base.sample(self.now_ns)
        found = self._markets[instrument.id] = (base, base.add_market(instrument))
        return found

    def _trade(self, event: Trade) -> None:
        base, market = self._find(event.instrument)
        self._seen(base, market, event.ts_venue_ns, event.ts_recv_ns)
        if market.coverage.trade(event.ts_venue_ns):
            base.coverage_revision += 1
        base.add_trade(market, event)

    def _seen(self, base: Base, market: Market, ts_venue_ns: int, ts_recv_ns: int) -> None:
        market.last_event_ns = ts_recv_ns
        if market.trades_silent:
            self._end_silence(base)
        coverage = market.coverage
        if ts_venue_ns > coverage.seen_ns or coverage.start_ns is None:
            if coverage.live and coverage.start_ns is None:
                base.coverage_revision += 1
            coverage.see(ts_venue_ns)
        if ts_venue_ns > base.watermark_ns:
            base.since_ns = base.since_ns or ts_venue_ns
            base.watermark_ns = ts_venue_ns

    def _end_silence(self, base: Base) -> None:
        """A stale market published again: update freshness and the next time to check."""
        self._next_silence_ns = min(self._next_silence_ns, base.note_silence(self.now_ns))

    def _book_delta(self, event: BookDelta) -> None:
        base, market = self._find(event.instrument)
        market.last_book_ns = event.ts_recv_ns
        market.book.apply(event)
        market.depth.touch(event)
        base.book_revision += 1
        if market.book_silent:
            self._end_silence(base)

    def _book_snapshot(self, event: BookSnapshot) -> None:
        base, market = self._find(event.instrument)
        market.last_book_ns = event.ts_recv_ns
        if not market.book.known:
            base.freshness_revision += 1
        market.book.replace(event)
        market.depth.replace()
        base.book_revision += 1
        if market.book_silent:
            self._end_silence(base)

    def _book_lost(self, event: BookLost) -> None:
        base, market = self._find(event.instrument)
        if market.book.known or market.book.lost_reason != event.reason:
            base.freshness_revision += 1
        market.book.lose(event.reason)
        market.depth.replace()
        base.book_revision += 1

    def _quote(self, event: Quote) -> None:
        found = self._markets.get(event.instrument.id) or self._begin(event.instrument)
        found[1].quote = event

    def _note_connection(self, event: Connected | Disconnected) -> None:
        """Record coverage of liquidations of all symbols: a universe connection opened or closed."""
        log = self.universe.liquidations
        note = log.connected if isinstance(event, Connected) else log.disconnected
        note(event.venue, event.connection, event.ts_recv_ns)

    def _trades_live(self, event: TradesLive) -> None:
        base, market = self._find(event.instrument)
        self.universe.liquidations.begin(event.instrument, event.ts_recv_ns)
        market.coverage.begin()
        market.live_since_ns = event.ts_recv_ns
        if market.begun_ns is None:
            market.begun_ns = event.ts_recv_ns
        market.trades_lost_reason = ""
        base.coverage_revision += 1

    def _trades_lost(self, event: TradesLost) -> None:
        base, market = self._find(event.instrument)
        self.universe.liquidations.end(event.instrument, event.ts_recv_ns)
        market.coverage.lose()
        market.trades_lost_reason = event.reason
        base.coverage_revision += 1

    def _trades_filled(self, event: TradesFilled) -> None:
        base, market = self._find(event.instrument)
        base.add_history(market, event)

    def _history_ended(self, event: HistoryEnded) -> None:
        self._find(event.instrument)[1].history_ended = True

    def _candles(self, event: Candles) -> None:
        base, market = self._find(event.instrument)
        market.candles.take(event)
        base.candle_sums.clear()
        base.coverage_revision += 1

    def _long_short(self, event: LongShortRatio) -> None:
        self._find(event.instrument)[1].long_short = event
        self.universe.apply(event)

    def _status(self, event: MarketStatus) -> None:
        base, market = self._find(event.instrument)
        market.halted = "" if event.is_trading else f"halted by the venue ({event.state or 'no reason given'})"
        base.coverage_revision += 1

    def _relisted(self, event: Relisted) -> None:
        base, market = self._find(event.instrument)
        base.relist(market, event.instrument)
        self._scaled.pop(event.instrument.id, None)
        if market.scale != 1:
            self._scaled[event.instrument.id] = market

    def _mark(self, event: MarkPrice) -> None:
        base, market = self._find(event.instrument)
        market.mark = event.mark
        market.last_mark_ns = event.ts_recv_ns
        self._seen(base, market, event.ts_venue_ns, event.ts_recv_ns)
        base.trade_revision += 1  # venue time advanced: bars close, windows slide
        self.universe.apply(event)

    def _index(self, event: IndexPrice) -> None:
        _learn_index(*self._find(event.instrument), event)
        self.universe.apply(event)

    def _funding(self, event: Funding) -> None:
        _learn_funding(*self._find(event.instrument), event)
        self.universe.apply(event)

    def _funding_history(self, event: FundingHistory) -> None:
        base, market = self._find(event.instrument)
        market.fundings.fill(event.rows)
        base.position_revision += 1

    def _open_interest(self, event: OpenInterest) -> None:
        _learn_open_interest(*self._find(event.instrument), event)
        self.universe.apply(event)

    def _open_interest_history(self, event: OpenInterestHistory) -> None:
        _learn_open_interest_history(*self._find(event.instrument), event)
        self.universe.apply(event)

    def _taker_flow(self, event: TakerFlow) -> None:
        _learn_taker_flow(*self._find(event.instrument), event)
        self.universe.apply(event)

    def _day(self, event: DayStats) -> None:
        _learn_day(*self._find(event.instrument), event)
        self.universe.apply(event)

    def _liquidation(self, event: Liquidation) -> None:
        base, market = self._find(event.instrument)
        market.last_liquidation_ns = event.ts_recv_ns
        _learn_liquidation(base, market, event)
        self.universe.apply(event)


def _learn_mark(base: Base, market: Market, event: MarkPrice) -> None:
    market.mark = event.mark


def _learn_index(base: Base, market: Market, event: IndexPrice) -> None:
    market.index_price = event.index


def _learn_funding(base: Base, market: Market, event: Funding) -> None:
    """Store funding; a message without an interval retains the known one."""
    known = market.funding.interval_ns if market.funding is not None else None
    market.funding = msgspec.structs.replace(event, interval_ns=known) if event.interval_ns is None and known else event
    market.fundings.add(market.funding)
    base.position_revision += 1


def _learn_open_interest(base: Base, market: Market, event: OpenInterest) -> None:
    base.add_open_interest(market, event)
    market.open_interest_series.add(OpenInterestRow(event.ts_venue_ns, event.open_interest, event.notional))
    last = market.open_interest_series.last
    market.open_interest = last.size if last is not None else event.open_interest
    base.position_revision += 1


def _learn_open_interest_history(base: Base, market: Market, event: OpenInterestHistory) -> None:
    market.open_interest_series.fill(event.rows)
    base.flow_revision += 1


def _learn_taker_flow(base: Base, market: Market, event: TakerFlow) -> None:
    market.taker_flow = event


def _learn_long_short(base: Base, market: Market, event: LongShortRatio) -> None:
    market.long_short = event
    base.position_revision += 1


def _learn_liquidation(base: Base, market: Market, event: Liquidation) -> None:
    base.add_liquidation(market, event)


def _learn_day(base: Base, market: Market, event: DayStats) -> None:
    market.day = event
    base.day_revision += 1
