"""One base asset: its markets, its trades in receive order, and what is derived from them on demand.

Derived objects (bar series, row volumes) are created on first request, filled from the stored trades and then updated;
those not requested for two hours are dropped. All of them can be rebuilt, so a checkpoint leaves them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from copy import deepcopy
from fractions import Fraction
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from feeds.model.events import Liquidation, OpenInterest, Side, Trade, TradesFilled
from feeds.model.instrument import Instrument
from workstation.analytics.book.depth_history import DepthHistory
from workstation.analytics.state.funding import FundingSeries
from workstation.analytics.state.identity import reasons_apart
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits
from workstation.analytics.state.market import STALE_NS, Market
from workstation.analytics.state.open_interest import OpenInterestSeries
from workstation.analytics.state.positioning import Positioning
from workstation.analytics.store.column_store import joined
from workstation.analytics.store.coverage import FOREVER_NS, Span, within
from workstation.analytics.store.events import LiquidationStore, OpenInterestStore
from workstation.analytics.store.trades import Merged, Trades, TradeStore, no_trades
from workstation.readmodels.flow.candles import CandleColumns
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.quadrant import SAMPLE_NS

DERIVED_LIMIT = 64
UNREQUESTED_NS = 7_200_000_000_000  # derived objects not requested for so long, in receive time, are dropped
OBI_BAND = 0.002
_SECOND_NS = 1_000_000_000

_BUY, _SELL = Side.BUY, Side.SELL


class Derived(Protocol):
    """An object that is a function of the trades."""

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count one trade of one of its markets."""


@runtime_checkable
class Amendable(Protocol):
    """A derived object that can merge trades older than those it has counted."""

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Merge late trades that are in the store by now. Returns False if a rebuild is needed."""


class Unfinished(Protocol):
    """A derived object that is built in steps."""

    @property
    def markets(self) -> Iterable[int]:
        """Indexes of the markets it is derived from."""

    def step(self) -> bool:
        """Do a step. True when it was the last."""

    def end(self, store: TradeStore) -> Derived:
        """The finished object, with all stored trades counted."""


D = TypeVar("D", bound=Derived)
K = TypeVar("K")


def side_of(trade: Trade) -> int:
    """1 for an aggressive buy, 2 for a sell, 0 where the venue does not publish the side."""
    aggressor = trade.aggressor
    return 1 if aggressor is _BUY else 2 if aggressor is _SELL else 0


class Base:
    """State of one base asset. Counters `*_revision` change with the data they name."""

    def __init__(self, name: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self.name = name
        self.limits = limits
        self.markets: list[Market] = []
        self.trades = TradeStore(limits.trades, limits.chunk)
        self.open_interest = OpenInterestStore(limits.open_interest_changes)
        self.liquidations = LiquidationStore(limits.liquidations)
        self.positioning = Positioning(limits.positioning_hours)
        self.candle_sums: dict[Hashable, CandleColumns] = {}
        self.since_ns = 0
        self.watermark_ns = 0
        self.trade_revision = 0
        self.book_revision = 0
        self.coverage_revision = 0
        self.freshness_revision = 0
        self.flow_revision = 0
        self.heat_revision = 0
        self.liquidation_revision = 0
        self.day_revision = 0
        self.position_revision = 0
        self.work_revision = 0  # counts steps of `work`
        self._next_sample_ns = 0
        self._derived: dict[Hashable, tuple[object, frozenset[int], int]] = {}  # in order of the last request
        self._listeners: list[list[Derived]] = []
        self._unfinished: dict[Hashable, Unfinished] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> Base:
        copy = Base(self.name, self.limits)
        for name, value in vars(self).items():
            if name not in ("_derived", "_listeners", "_unfinished"):
                setattr(copy, name, deepcopy(value, memo))
        copy._listeners = [[] for _ in copy.markets]
        return copy

    @property
    def derived(self) -> tuple[object, ...]:
        """The derived objects retained, the one requested last is last."""
        return tuple(made for made, _, _ in self._derived.values())

    @property
    def updated_per_market(self) -> tuple[int, ...]:
        """How many derived objects a trade of each market updates, by market index."""
        return tuple(map(len, self._listeners))

    def add_market(self, instrument: Instrument) -> Market:
        """Add a market. All derived objects are dropped: the set of markets that they were made for has changed."""
        market = Market(
            instrument,
            len(self.markets),
            depth=DepthHistory(self.limits.depth),
            fundings=FundingSeries(self.limits.funding_minutes),
            open_interest_series=OpenInterestSeries(self.limits.open_interest_rows),
        )
        self.markets.append(market)
        self._markets_changed()
        return market

    def _markets_changed(self) -> None:
        self._derived.clear()
        self._unfinished.clear()
        self._listeners = [[] for _ in self.markets]
        self.coverage_revision += 1

    def chosen(self, markets: MarketFilter) -> list[Market]:
        """The markets of this coin that a filter accepts, in order of arrival."""
        return [market for market in self.alike if markets.accepts(market.instrument.venue, market.instrument.kind)]

    @property
    def alike(self) -> list[Market]:
        """The markets of one coin: those whose price is near the reference, in order of arrival."""
        return [market for market in self.markets if not market.apart]

    def compare_prices(self) -> None:
        """Keep markets apart whose price shows another asset of the same name; sums are rebuilt where that changes."""
        apart = reasons_apart(self.markets) if len(self.markets) > 1 else {}
        if all((market.index in apart) == bool(market.apart) for market in self.markets):
            return
        for market in self.markets:
            market.apart = apart.get(market.index, "")
        self._markets_changed()
        self.freshness_revision += 1
        self.trade_revision += 1
        self.position_revision += 1

    def add_trade(self, market: Market, trade: Trade) -> None:
        """Add a live trade to the store and to all derived objects."""
        side = side_of(trade)
        index = market.index
        self.trades.append((trade.ts_venue_ns, trade.price_ticks, trade.size, trade.notional, 3 * index + side))
        self.positioning.add_trade(index, side, trade.ts_venue_ns, trade.notional)
        market.price_before, market.last_price, market.last_trade_ns = market.last_price, trade.price, trade.ts_recv_ns
        market.taken += trade.notional
        if side:
            market.fills.add(trade.ts_recv_ns, trade.price_ticks, trade.size, side == 2)
        self.trade_revision += 1
        for derived in self._listeners[index]:
            derived.add_trade(trade, index, side)

    def add_open_interest(self, market: Market, event: OpenInterest) -> None:
        """Store the change of open interest at the venue's time; the first one published and older ones are none."""
        last = market.open_interest_series.last
        if last is not None and event.ts_venue_ns >= last.ts_ns:
            self.open_interest.append((event.ts_venue_ns, market.index, event.open_interest - last.size))
            self.flow_revision += 1

    def add_liquidation(self, market: Market, event: Liquidation) -> None:
        sign = 1 if event.side is _BUY else -1
        row = (event.ts_venue_ns, event.ts_recv_ns, market.index, sign, event.size, event.notional)
        self.liquidations.append(row)
        self.flow_revision += 1
        self.liquidation_revision += 1

    def add_history(self, market: Market, filled: TradesFilled) -> None:
        """Add backfilled trades; derived objects merge them or are rebuilt at the next request."""
        rows = [
            (trade.ts_venue_ns, trade.price_ticks, trade.size, trade.notional, 3 * market.index + side_of(trade))
            for trade in filled.trades
        ]
        merged = self.trades.merge(rows)
        for ts_ns, _, _, notional, lane in rows:
            self.positioning.add_trade(market.index, lane % 3, ts_ns, notional)
        self.positioning.refill()
        market.coverage.fill(filled.since_ns, filled.until_ns)
        if merged is not None:
            self._amend(merged)
        self.trade_revision += 1
        self.coverage_revision += 1

    def _amend(self, merged: Merged) -> None:
        """Retain derived objects that can merge the trades, and drop the others."""
        derived, self._derived = self._derived, {}
        self._listeners = [[] for _ in self.markets]
        for key, (made, chosen, asked_ns) in derived.items():
            if isinstance(made, Amendable) and made.amend(self.trades, merged):
                self._derived[key] = made, chosen, asked_ns
                for index in chosen:
                    self._listeners[index].append(made)  # type: ignore[arg-type]

    def restore(self, pieces: Iterable[tuple[Market, Trades, Iterable[Span]]]) -> int:
        """Add trades from a recording that were dropped or never received, and the spans [since, until) that they fill.

        Lanes are those of market 0. Returns the number added.
        """
        dropped, new = list[Trades](), list[Trades]()
        for market, trades, spans in pieces:
            own = trades._replace(lane=(trades.lane + 3 * market.index).astype(np.int16))
            here = self._covered(market, own)
            dropped.append(own.where(here))
            new.append(own.where(~here))
            for since_ns, until_ns in spans:
                market.coverage.fill(since_ns, until_ns)
        missing, late = (
            joined(Trades, [one for one in parts if len(one.ts)] or [no_trades()]) for parts in (dropped, new)
        )
        missing = missing.where(missing.ts <= self.trades.dropped_until_ns)
        missing = missing.at(np.argsort(missing.ts, kind="stable"))
        self.trades.make_room(len(late.ts))
        self.trades.merge_columns(late)
        taken = len(self.trades.restore(missing.rows())) + len(late.ts)
        self._derived.clear()
        self._listeners = [[] for _ in self.markets]
        self.trade_revision += 1
        self.coverage_revision += 1
        return taken

    def _covered(self, market: Market, trades: Trades) -> npt.NDArray[np.bool_]:
        """Which trades were received. At the bounds of a span only those were that are stored."""
        spans = market.coverage.received()
        here = within(spans, trades.ts)
        bounds = np.array([ts_ns for span in spans for ts_ns in span], np.int64)
        doubtful = here & np.isin(trades.ts, bounds) & (trades.ts > self.trades.dropped_until_ns)
        for ts_ns in np.unique(trades.ts[doubtful]).tolist():
            stored = Counter(row for part in self.trades.between(ts_ns, ts_ns + 1) for row in part.rows())
            for at in np.flatnonzero(trades.ts == ts_ns).tolist():
                (row,) = trades.at(slice(at, at + 1)).rows()
                here[at] = stored[row] > 0
                stored[row] -= 1
        return here

    def relist(self, market: Market, listed: Instrument) -> None:
        """Apply a new listing; stored prices are rescaled to a finer price step and derived objects dropped."""
        if (factor := market.relist(listed)) != 1:
            self.trades.rescale(market.index, factor)
        market.depth.rescale(factor)
        self._derived.clear()
        self._listeners = [[] for _ in self.markets]
        self.trade_revision += 1
        self.book_revision += 1

    def derive(self, key: Hashable, made: D, markets: Iterable[int]) -> D:
        """Retain `made`, already filled, under `key`, and count every new trade of the markets in it."""
        if len(self._derived) >= DERIVED_LIMIT:
            self._drop(next(iter(self._derived)))
        chosen = frozenset(markets)
        self._derived[key] = (made, chosen, self._next_sample_ns)
        for index in chosen:
            self._listeners[index].append(made)
        return made

    def keep(self, key: Hashable, made: K) -> K:
        """Retain `made` under `key`; it reads the stores itself when it is updated."""
        if len(self._derived) >= DERIVED_LIMIT:
            self._drop(next(iter(self._derived)))
        self._derived[key] = (made, frozenset(), self._next_sample_ns)
        return made

    def begin(self, key: Hashable, made: Unfinished) -> None:
        """Retain under `key` an object that `work` finishes."""
        self._unfinished[key] = self.keep(key, made)

    def work(self) -> bool:
        """Do a step of the unfinished object requested last. False if none is unfinished."""
        if not self._unfinished:
            return False
        newest = reversed(self._derived.items())
        key = next((key for key, (made, _, _) in newest if made is self._unfinished.get(key)), None)
        if key is None:
            self._unfinished.clear()
            return False
        made = self._unfinished[key]
        if made.step():
            del self._unfinished[key]
            self.derive(key, made.end(self.trades), made.markets)
        self.work_revision += 1
        return True

    def find(self, key: Hashable) -> object:
        """The object retained under `key`, marked as requested now; None if there is none."""
        found = self._derived.pop(key, None)
        if found is None:
            return None
        self._derived[key] = (found[0], found[1], self._next_sample_ns)
        return found[0]

    def sample(self, now_ns: int) -> None:
        """Sample every market's book at each second of receive time up to `now_ns`; the first call sets the start."""
        first, last = self._next_sample_ns // _SECOND_NS, now_ns // _SECOND_NS
        for market in self.markets:
            market.look(last)
        for step in self.positioning.due(now_ns):
            self.positioning.sample(step, [market.obi_at(OBI_BAND, step * SAMPLE_NS) for market in self.markets])
        self._next_sample_ns = (last + 1) * _SECOND_NS
        self._drop_unrequested(now_ns - UNREQUESTED_NS)
        self.compare_prices()
        if not first or last < first:
            return
        for market in self.markets:
            market.sample(first, last)
        self.book_revision += 1
        self.heat_revision += 1

    def note_silence(self, now_ns: int) -> int:
        """Increment `freshness_revision` when markets become stale, after `STALE_NS` without events.

        Returns the receive time (ns) after which the first of the others is stale, `FOREVER_NS` without others.
        """
        due_ns = FOREVER_NS
        for market in self.markets:
            trades_due_ns, book_due_ns = market.last_event_ns + STALE_NS, market.last_book_ns + STALE_NS
            silent = now_ns > trades_due_ns, now_ns > book_due_ns
            if silent != (market.trades_silent, market.book_silent):
                market.trades_silent, market.book_silent = silent
                self.freshness_revision += 1
            due_ns = min(due_ns, FOREVER_NS if silent[0] else trades_due_ns, FOREVER_NS if silent[1] else book_due_ns)
        return due_ns

    def largest_tick(self, markets: Iterable[Market]) -> Fraction:
        """The coarsest price step among some markets."""
        return max((market.instrument.tick for market in markets), default=Fraction(1))

    def _drop_unrequested(self, before_ns: int) -> None:
        while self._derived and next(iter(self._derived.values()))[2] < before_ns:
            self._drop(next(iter(self._derived)))

    def _drop(self, key: Hashable) -> None:
        made, chosen, _ = self._derived.pop(key)
        for index in chosen:
            self._listeners[index] = [one for one in self._listeners[index] if one is not made]
