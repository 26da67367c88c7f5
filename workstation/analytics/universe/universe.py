"""Every perpetual of all venues in columns: the latest value of each figure, sampled once a second.

An event sets a few cells and is not stored. Two rings hold history: open interest every five minutes of a day and
liquidated notional every second of an hour. Sums over venues are computed from the sample on request.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from sortedcontainers import SortedDict

from feeds.model.events import (
    DayStats,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    LongShortRatio,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Quote,
    Side,
    TakerFlow,
)
from feeds.model.instrument import Instrument, InstrumentId
from feeds.venues.registry import liquidation_coverage
from workstation.analytics.positions.liquidations import LiquidationLog
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits
from workstation.analytics.state.open_interest import LONGEST_STEP_NS
from workstation.readmodels.arrays import Floats, Ints

_SECOND_NS = 1_000_000_000
_MINUTE_NS = 60 * _SECOND_NS
_HOUR_NS = 60 * _MINUTE_NS
LIVE_NS = 20_000_000_000  # a perpetual without an event for so long is not live
OPEN_INTEREST_STEP_NS = 5 * _MINUTE_NS
CHANGES_NS = (_HOUR_NS, 4 * _HOUR_NS, 24 * _HOUR_NS)
_SLOTS = 24 * 12 + 2
_HOUR_S = 3_600
_OPEN_INTEREST_STALE_NS = 5 * _MINUTE_NS
_FLOW_STALE_NS = {5 * _MINUTE_NS: 15 * _MINUTE_NS, _HOUR_NS: 75 * _MINUTE_NS}
_ACCOUNTS_STALE_NS = 30 * _MINUTE_NS
_FIRST_ROOM = 64


def _floats() -> Floats:
    return np.full(_FIRST_ROOM, np.nan)


def _ints() -> Ints:
    return np.zeros(_FIRST_ROOM, dtype=np.int64)


@dataclass(slots=True, eq=False)
class Cells:
    """Columns of one number per perpetual, NaN (times: 0) while unknown. Prices are per base coin.

    `open_interest` is base coin, `notional` its value in quote currency as the venue publishes it. `taker_5m` and
    `taker_1h` are (taker buys - sells) / volume of the window that ended at `taker_*_ns`. `long` and `short` are quote
    notional liquidated in the last hour, `accounts` the share of accounts that are long. `*_h` are hours.
    """

    mark: Floats = field(default_factory=_floats)
    index: Floats = field(default_factory=_floats)
    funding: Floats = field(default_factory=_floats)
    interval_h: Floats = field(default_factory=_floats)
    next_funding_ns: Ints = field(default_factory=_ints)
    open_interest: Floats = field(default_factory=_floats)
    notional: Floats = field(default_factory=_floats)
    open_interest_ns: Ints = field(default_factory=_ints)
    bid: Floats = field(default_factory=_floats)
    ask: Floats = field(default_factory=_floats)
    bid_size: Floats = field(default_factory=_floats)
    ask_size: Floats = field(default_factory=_floats)
    last: Floats = field(default_factory=_floats)
    change: Floats = field(default_factory=_floats)
    volume: Floats = field(default_factory=_floats)
    turnover: Floats = field(default_factory=_floats)
    taker_buy: Floats = field(default_factory=_floats)
    taker_5m: Floats = field(default_factory=_floats)
    taker_5m_ns: Ints = field(default_factory=_ints)
    taker_1h: Floats = field(default_factory=_floats)
    taker_1h_ns: Ints = field(default_factory=_ints)
    long: Floats = field(default_factory=_floats)
    short: Floats = field(default_factory=_floats)
    accounts: Floats = field(default_factory=_floats)
    accounts_ns: Ints = field(default_factory=_ints)
    received_ns: Ints = field(default_factory=_ints)

    def grow(self) -> None:
        """Double the rows."""
        for column in fields(self):
            old = getattr(self, column.name)
            empty = np.zeros_like(old) if old.dtype == np.int64 else np.full_like(old, np.nan)
            setattr(self, column.name, np.concatenate((old, empty)))

    def copied(self, rows: int) -> Cells:
        return Cells(*(getattr(self, column.name)[:rows].copy() for column in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The cells at `now_ns`, and open interest 1 h, 4 h and 24 h before (base coin, NaN unknown). Immutable."""

    now_ns: int
    instruments: tuple[Instrument, ...]
    cells: Cells
    past: tuple[Floats, Floats, Floats]

    def __deepcopy__(self, memo: object) -> Sample:
        return self


class Universe:
    """The latest values and their rings. `sampled` is the last sample, `revision` counts samples."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.revision = 0
        self.since_ns = 0
        self.sampled = Sample(0, (), Cells().copied(0), (np.empty(0), np.empty(0), np.empty(0)))
        self._cells = Cells()
        self._rows: dict[InstrumentId, int] = {}
        self._instruments: list[Instrument] = []
        self.bases: set[str] = set()
        self._open_interest_ring = np.full((_FIRST_ROOM, _SLOTS), np.nan, dtype=np.float32)
        self._slot = 0
        self._ring_shared = False
        self._liquidated: dict[tuple[int, Side], SortedDict] = {}  # notional by second
        self.liquidations = LiquidationLog(limits.universe_liquidations)
        self._second = 0
        self._handlers: dict[type[Any], Callable[[Any, int], None]] = {
            MarkPrice: self._mark,
            IndexPrice: self._index,
            Funding: self._funding,
            OpenInterest: self._open_interest,
            OpenInterestHistory: self._open_interest_history,
            Quote: self._quote,
            DayStats: self._day,
            TakerFlow: self._flow,
            Liquidation: self._liquidation,
            LongShortRatio: self._long_short,
        }

    def __deepcopy__(self, memo: dict[int, object]) -> Universe:
        copy = Universe()
        self._ring_shared = True
        for name, value in vars(self).items():
            if name not in ("_handlers", "_open_interest_ring"):
                setattr(copy, name, deepcopy(value, memo))
        copy._open_interest_ring = self._open_interest_ring
        return copy

    def apply(self, event: Event) -> None:
        """Set the cells of a perpetual; other events and markets are ignored."""
        handler = self._handlers.get(type(event))
        if handler is None:
            return
        instrument = event.instrument  # type: ignore[union-attr]
        row = self._rows.get(instrument.id)
        if row is None:
            if not instrument.kind.is_perp:
                return
            row = self._begin(instrument, event.ts_recv_ns)
        self._cells.received_ns[row] = event.ts_recv_ns
        handler(event, row)

    def sample(self, now_ns: int) -> None:
        """Sample the state; called at whole seconds of receive time. No sample before the first perpetual."""
        if not self._rows:
            return
        self._advance_seconds(now_ns // _SECOND_NS)
        self._advance_slots(now_ns)
        rows = len(self._instruments)
        instruments = self.sampled.instruments
        if len(instruments) != rows:
            instruments = tuple(self._instruments)
        one, four, day = (self._open_interest_at(now_ns - span_ns) for span_ns in CHANGES_NS)
        self.sampled = Sample(now_ns, instruments, self._current(rows, now_ns), (one, four, day))
        self.revision += 1

    def _current(self, rows: int, now_ns: int) -> Cells:
        """A copy with stale values set to NaN: open interest, taker flow and long share have their own update times."""
        cells = self._cells.copied(rows)
        old = now_ns - cells.open_interest_ns > _OPEN_INTEREST_STALE_NS
        cells.open_interest[old] = cells.notional[old] = np.nan
        five, hour = _FLOW_STALE_NS.values()
        cells.taker_5m[now_ns - cells.taker_5m_ns > five] = np.nan
        cells.taker_1h[now_ns - cells.taker_1h_ns > hour] = np.nan
        cells.accounts[now_ns - cells.accounts_ns > _ACCOUNTS_STALE_NS] = np.nan
        return cells

    def _begin(self, instrument: Instrument, now_ns: int) -> int:
        row = self._rows[instrument.id] = len(self._instruments)
        self._instruments.append(instrument)
        self.bases.add(instrument.base)
        if row >= len(self._cells.mark):
            self._cells.grow()
            ring = self._open_interest_ring
            self._open_interest_ring = np.concatenate((ring, np.full_like(ring, np.nan)))
            self._ring_shared = False
        if liquidation_coverage(instrument.venue, instrument.kind).in_real_time:
            self._cells.long[row] = self._cells.short[row] = 0.0
        self.since_ns = self.since_ns or now_ns
        return row

    def _mark(self, event: MarkPrice, row: int) -> None:
        self._cells.mark[row] = event.mark

    def _index(self, event: IndexPrice, row: int) -> None:
        self._cells.index[row] = event.index

    def _funding(self, event: Funding, row: int) -> None:
        cells = self._cells
        cells.funding[row] = event.rate
        cells.next_funding_ns[row] = event.next_funding_ns or 0
        if event.interval_ns:
            cells.interval_h[row] = event.interval_ns / _HOUR_NS

    def _open_interest(self, event: OpenInterest, row: int) -> None:
        cells = self._cells
        cells.open_interest[row] = event.open_interest
        cells.notional[row] = np.nan if event.notional is None else event.notional
        cells.open_interest_ns[row] = event.ts_recv_ns

    def _quote(self, event: Quote, row: int) -> None:
        cells, tick = self._cells, float(event.instrument.tick_size)
        cells.bid[row], cells.ask[row] = event.bid_ticks * tick, event.ask_ticks * tick
        cells.bid_size[row], cells.ask_size[row] = event.bid_size, event.ask_size

    def _day(self, event: DayStats, row: int) -> None:
        cells = self._cells
        cells.last[row] = event.last
        cells.change[row] = event.change_24h
        cells.volume[row] = event.volume_24h
        cells.turnover[row] = event.turnover_24h
        if event.taker_buy_24h is not None:
            cells.taker_buy[row] = event.taker_buy_24h

    def _flow(self, event: TakerFlow, row: int) -> None:
        share = (2 * event.taker_buy - event.volume) / event.volume if event.volume > 0 else np.nan
        cells = self._cells
        if event.window_ns == _HOUR_NS:
            cells.taker_1h[row], cells.taker_1h_ns[row] = share, event.ts_venue_ns
        elif event.window_ns in _FLOW_STALE_NS:
            cells.taker_5m[row], cells.taker_5m_ns[row] = share, event.ts_venue_ns

    def _long_short(self, event: LongShortRatio, row: int) -> None:
        self._cells.accounts[row], self._cells.accounts_ns[row] = event.long_share, event.ts_recv_ns

    def _liquidation(self, event: Liquidation, row: int) -> None:
        """A liquidating sell closes a long. Counted in the second of the venue's time, not of receipt."""
        self.liquidations.add(event)
        if not liquidation_coverage(event.instrument.venue, event.instrument.kind).in_real_time:
            return
        self._advance_seconds(event.ts_recv_ns // _SECOND_NS)
        second = min(event.ts_venue_ns // _SECOND_NS, self._second)
        if second <= self._second - _HOUR_S:
            return
        notionals = self._liquidated.setdefault((row, event.side), SortedDict())
        notionals[second] = notionals.get(second, 0.0) + event.notional
        self._count(row, event.side, event.notional)

    def _count(self, row: int, side: Side, notional: float) -> None:
        column = self._cells.long if side is Side.SELL else self._cells.short
        column[row] += notional

    def _advance_seconds(self, second: int) -> None:
        """Drop what is not of the last 3,600 seconds, the running one included."""
        if second <= self._second:
            return
        self._second = second
        expired = second - _HOUR_S
        for (row, side), notionals in self._liquidated.items():
            if notionals and notionals.peekitem(0)[0] <= expired:
                while notionals and notionals.peekitem(0)[0] <= expired:
                    notionals.popitem(0)
                column = self._cells.long if side is Side.SELL else self._cells.short
                column[row] = math.fsum(notionals.values())

    def _advance_slots(self, now_ns: int) -> None:
        """Record open interest at the last five-minute mark passed; marks skipped before it are NaN."""
        slot = now_ns // OPEN_INTEREST_STEP_NS
        if not self._slot or slot <= self._slot:
            self._slot = self._slot or slot
            return
        self._own_ring()
        for passed in range(max(self._slot + 1, slot - _SLOTS + 1), slot + 1):
            self._open_interest_ring[:, passed % _SLOTS] = np.nan
        if now_ns - slot * OPEN_INTEREST_STEP_NS < _MINUTE_NS:
            cells = self._cells
            fresh = now_ns - cells.open_interest_ns <= _OPEN_INTEREST_STALE_NS
            self._open_interest_ring[fresh, slot % _SLOTS] = cells.open_interest[fresh]
        self._slot = slot

    def _open_interest_history(self, event: OpenInterestHistory, row: int) -> None:
        """Interpolate unknown five-minute marks between rows at most an hour apart; live values stay."""
        if not event.rows:
            return
        self._own_ring()
        self._slot = self._slot or event.ts_recv_ns // OPEN_INTEREST_STEP_NS
        times, values = np.array(event.rows).T
        first = max(-int(-times[0] // OPEN_INTEREST_STEP_NS), self._slot - _SLOTS + 1)
        marks = np.arange(first, min(int(times[-1] // OPEN_INTEREST_STEP_NS), self._slot) + 1)
        at_ns = marks * float(OPEN_INTEREST_STEP_NS)
        after = np.clip(np.searchsorted(times, at_ns), 1, max(len(times) - 1, 1))
        near = np.isin(at_ns, times) if len(times) < 2 else times[after] - times[after - 1] <= LONGEST_STEP_NS
        open_ = near & np.isnan(self._open_interest_ring[row, marks % _SLOTS])
        self._open_interest_ring[row, marks[open_] % _SLOTS] = np.interp(at_ns[open_], times, values)

    def _own_ring(self) -> None:
        """Copy on write: the ring is large and seldom written, so checkpoints share it."""
        if self._ring_shared:
            self._open_interest_ring, self._ring_shared = self._open_interest_ring.copy(), False

    def _open_interest_at(self, ts_ns: int) -> Floats:
        """Open interest of every perpetual (base coin), linear between two marks; NaN where either is unknown."""
        rows = len(self._instruments)
        slot, part_ns = divmod(ts_ns, OPEN_INTEREST_STEP_NS)
        before = self._open_interest_ring[:rows, slot % _SLOTS].astype(np.float64)
        if not part_ns:
            return before
        after = self._open_interest_ring[:rows, (slot + 1) % _SLOTS]
        return np.asarray(before + (after - before) * (part_ns / OPEN_INTEREST_STEP_NS))
