"""Every forced order that any venue told of, of all symbols, and sums over them by second of the last 24 hours.

The orders are the truth and go into checkpoints, sharing their chunks; sums and selections are made of them when they
are first asked for, and made anew when old orders are dropped, so that they say the same however they came about.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar

import numpy as np

from feeds.model.events import Liquidation, Side
from feeds.model.instrument import Instrument, InstrumentId, Venue
from feeds.venues.registry import liquidation_coverage
from workstation.analytics.store.column_store import joined
from workstation.analytics.store.coverage import SubscriptionSpans
from workstation.analytics.store.events import Liquidations, LiquidationStore
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.positions.liquidations import Cascade, CascadeRule, CascadeState

FOLLOWERS = 24
SECOND_NS = 1_000_000_000
DAY_S = 86_400
MINUTE_S = 60
LONG, SHORT = 0, 1  # rows of the sums

Accepts = Callable[[Instrument], bool]


class Follower(Protocol):
    """Something that is a function of the orders and of the time."""

    def update(self, log: LiquidationLog, now_ns: int) -> None:
        """Take in what is new."""


F = TypeVar("F", bound=Follower)


class LiquidationLog:
    """The newest liquidations in receive order, about `cap` of them, by index of `instruments`.

    `seen_ns` is the receive time of the newest. `revision` moves with orders and with what is heard of whole venues;
    what is heard of single markets moves with the coverage of their bases.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.revision = 0
        self.seen_ns = 0
        self.orders = LiquidationStore(cap)
        self.instruments: list[Instrument] = []
        self.told: set[Venue] = set()  # the venues that told of any
        self._rows: dict[InstrumentId, int] = {}
        self._markets: dict[InstrumentId, SubscriptionSpans] = {}
        self._lines: dict[str, tuple[Venue, SubscriptionSpans]] = {}
        self._followers: dict[Hashable, Follower] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> LiquidationLog:
        copy = LiquidationLog(self._cap)
        copy.revision, copy.seen_ns = self.revision, self.seen_ns
        copy.orders = self.orders.__deepcopy__(memo)
        copy.instruments, copy._rows, copy.told = self.instruments.copy(), self._rows.copy(), self.told.copy()
        copy._markets = {key: heard.__deepcopy__(memo) for key, heard in self._markets.items()}
        copy._lines = {key: (venue, heard.__deepcopy__(memo)) for key, (venue, heard) in self._lines.items()}
        return copy

    def add(self, event: Liquidation) -> None:
        """Take a forced order; a forced sale ends a long."""
        instrument = event.instrument
        row = self._rows.get(instrument.id)
        if row is None:
            row = self._rows[instrument.id] = len(self.instruments)
            self.instruments.append(instrument)
            self.told.add(instrument.venue)
        self.instruments[row] = instrument
        sign = 1 if event.side is Side.BUY else -1
        self.orders.append((event.ts_venue_ns, event.ts_recv_ns, row, sign, event.size, event.notional))
        self.seen_ns = max(self.seen_ns, event.ts_recv_ns)
        self.revision += 1

    def begin(self, instrument: Instrument, now_ns: int) -> None:
        """A market in focus is received from now on."""
        self._markets.setdefault(instrument.id, SubscriptionSpans()).begin(now_ns)

    def end(self, instrument: Instrument, now_ns: int) -> None:
        """A market in focus is not received any longer."""
        self._markets.setdefault(instrument.id, SubscriptionSpans()).end(now_ns)

    def connected(self, venue: Venue, connection: str, now_ns: int) -> None:
        """A connection that tells of all symbols of a venue opened."""
        self._lines.setdefault(connection, (venue, SubscriptionSpans()))[1].begin(now_ns)
        self.revision += 1

    def disconnected(self, venue: Venue, connection: str, now_ns: int) -> None:
        """It ended."""
        self._lines.setdefault(connection, (venue, SubscriptionSpans()))[1].end(now_ns)
        self.revision += 1

    @property
    def kept_since_ns(self) -> int:
        """The receive time of the oldest order kept, once older ones were dropped, else 0."""
        return int(next(self.orders.parts()).received_ns[0]) if self.orders.dropped_count else 0

    def venues(self) -> frozenset[Venue]:
        """The venues with a connection that tells of all their symbols."""
        return frozenset(venue for venue, _ in self._lines.values())

    def market_known_ns(self, instrument: InstrumentId, venue: Venue, start_ns: int, end_ns: int) -> int:
        """How much of [start, end) a market was heard, by itself or with all others of its venue.

        Nothing while the venue has told of no order at all: a recording may be without its stream.
        """
        if venue not in self.told:
            return 0
        heard = self._markets.get(instrument)
        alone = heard.known_ns(start_ns, end_ns) if heard is not None else 0
        return max(alone, self.venue_known_ns(venue, start_ns, end_ns))

    def venue_known_ns(self, venue: Venue, start_ns: int, end_ns: int) -> int:
        """How much of [start, end) all symbols of a venue were heard: as much as over the worst of its connections."""
        lines = [heard for of, heard in self._lines.values() if of == venue and venue in self.told]
        return min((heard.known_ns(start_ns, end_ns) for heard in lines), default=0)

    def market_since_ns(self, instrument: InstrumentId, venue: Venue) -> int | None:
        """Since when a market is heard without a break; None while it is not."""
        heard = self._markets.get(instrument)
        alone = heard.since_ns if heard is not None else None
        known = [since for since in (alone, self.venue_since_ns(venue)) if since is not None]
        return min(known, default=None)

    def venue_since_ns(self, venue: Venue) -> int | None:
        """Since when all symbols of a venue are heard without a break; None while they are not."""
        lines = [heard.since_ns for of, heard in self._lines.values() if of == venue]
        return None if None in lines else max((since for since in lines if since is not None), default=None)

    def follow(self, key: Hashable, made: Callable[[], F], kind: type[F], now_ns: int) -> F:
        """What is kept under `key`, up to date; made when it is first asked for."""
        found = self._followers.pop(key, None)
        follower = found if isinstance(found, kind) else made()
        if len(self._followers) >= FOLLOWERS:
            del self._followers[next(iter(self._followers))]
        self._followers[key] = follower
        follower.update(self, now_ns)
        return follower


class _Following:
    """How far the orders were read, and which of the instruments are wanted."""

    def __init__(self, accepts: Accepts) -> None:
        self._accepts = accepts
        self._wanted: Bools = np.zeros(0, np.bool_)
        self._position = 0
        self._dropped = 0

    def _begins_anew(self, log: LiquidationLog) -> bool:
        """Whether old orders were dropped since the last time, so that everything has to be read again."""
        dropped = log.orders.dropped_count
        anew, self._dropped = dropped != self._dropped, dropped
        if anew:
            self._position = 0
        return anew

    def _new(self, log: LiquidationLog) -> list[Liquidations]:
        """The wanted orders among those not read yet, oldest first."""
        known = len(self._wanted)
        if known < len(log.instruments):
            more = [self._accepts(instrument) for instrument in log.instruments[known:]]
            self._wanted = np.concatenate((self._wanted, np.array(more, np.bool_)))
        parts = [part.where(self._wanted[part.market]) for part in log.orders.after(self._position)]
        self._position = log.orders.total
        return parts


class Sums(_Following):
    """Notional and number of the orders of some markets in each second of the last 24 hours, longs and shorts."""

    def __init__(self, accepts: Accepts) -> None:
        super().__init__(accepts)
        self._usd = np.zeros((2, DAY_S))
        self._count = np.zeros((2, DAY_S), np.int64)
        self.now_s = 0

    def update(self, log: LiquidationLog, now_ns: int) -> None:
        """Let time pass and count new orders, each at its venue time, one told of the future when it was received."""
        now_s = now_ns // SECOND_NS
        if self._begins_anew(log) or now_s - self.now_s >= DAY_S:
            self._usd[:] = self._count[:] = 0
        passed = np.arange(max(self.now_s, now_s - DAY_S) + 1, now_s + 1) % DAY_S
        self._usd[:, passed] = self._count[:, passed] = 0
        self.now_s = now_s
        for part in self._new(log):
            second = np.minimum(part.ts, part.received_ns) // SECOND_NS
            fresh = second > now_s - DAY_S
            at = (np.where(part.sign < 0, LONG, SHORT)[fresh], second[fresh] % DAY_S)
            np.add.at(self._usd, at, part.notional[fresh])
            np.add.at(self._count, at, 1)

    def total(self, seconds: int) -> tuple[Floats, Ints]:
        """Notional and number of longs and of shorts in the last `seconds`, the running one included."""
        end = self.now_s % DAY_S + 1
        parts = (slice(max(end - seconds, 0), end), slice(min(DAY_S, DAY_S + end - seconds), DAY_S))
        usd, count = (sum(array[:, part].sum(axis=1) for part in parts) for array in (self._usd, self._count))
        return np.asarray(usd), np.asarray(count)

    def minutes(self) -> tuple[Ints, Floats]:
        """Starts in s of the last 1440 minutes of UTC, the running one last, and the notional of longs and shorts."""
        running, second = divmod(self.now_s, MINUTE_S)
        sums = self._usd.reshape(2, -1, MINUTE_S).sum(axis=2)
        slot = running % sums.shape[1]
        sums[:, slot] = self.total(second + 1)[0]  # what follows in its slot is a day old
        first = running - sums.shape[1] + 1
        return MINUTE_S * np.arange(first, running + 1), np.roll(sums, -slot - 1, axis=1)


class Newest(_Following):
    """The newest orders that pass a filter, in receive order, at most `count` of them."""

    def __init__(self, accepts: Accepts, sign: int | None, minimum_usd: float, count: int) -> None:
        super().__init__(accepts)
        self._sign = sign
        self._minimum_usd = minimum_usd
        self._count = count
        self.orders: Liquidations | None = None

    def update(self, log: LiquidationLog, now_ns: int) -> None:
        """Take in new orders."""
        if self._begins_anew(log):
            self.orders = None
        for part in self._new(log):
            passed = part.notional >= self._minimum_usd
            if self._sign is not None:
                passed &= part.sign == self._sign
            found = part.where(passed)
            kept = found if self.orders is None else joined(Liquidations, [self.orders, found])
            self.orders = kept.at(slice(-self._count, None))


def tells_now(instrument: Instrument) -> bool:
    """Whether silence of a market's venue means that nothing, or little, was liquidated."""
    return liquidation_coverage(instrument.venue, instrument.kind).in_real_time


def judge(latest: Floats, minutes: Floats, rule: CascadeRule) -> Cascade:
    """Longs and shorts of the last 60 seconds against the median of the whole minutes in which there were any."""
    rate = float(latest.sum())
    share = float(latest[LONG]) / rate if rate > 0 else None
    active = minutes[minutes > 0]
    if len(active) < rule.least_minutes:
        return Cascade(CascadeState.UNKNOWN, rate, None, len(active), share)
    median = float(np.median(active))
    limits = ((rule.cascade, CascadeState.CASCADE), (rule.elevated, CascadeState.ELEVATED))
    state = next((state for times, state in limits if rate >= times * median), CascadeState.CALM)
    return Cascade(state, rate, median, len(active), share)
