"""Every liquidation that any venue published, of all symbols, and sums by second of the last 24 hours.

Checkpoints contain the liquidations, sharing their chunks. Sums and selections are computed from them on request and
recomputed when old liquidations are dropped, so they do not depend on earlier requests.
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
    """A function of the liquidations and of the time, updated incrementally."""

    def update(self, log: LiquidationLog, now_ns: int) -> None:
        """Process new liquidations and advance to `now_ns` (receive time)."""


F = TypeVar("F", bound=Follower)


class LiquidationLog:
    """The newest liquidations in receive order, about `cap` of them, by index of `instruments`.

    `seen_ns` is the receive time of the newest. `revision` changes with liquidations and with the coverage of whole
    venues; changes of the coverage of single markets are counted by their bases. `publishing` are the venues that have
    published any.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.revision = 0
        self.seen_ns = 0
        self.orders = LiquidationStore(cap)
        self.instruments: list[Instrument] = []
        self.publishing: set[Venue] = set()
        self._rows: dict[InstrumentId, int] = {}
        self._markets: dict[InstrumentId, SubscriptionSpans] = {}
        self._connections: dict[str, tuple[Venue, SubscriptionSpans]] = {}
        self._followers: dict[Hashable, Follower] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> LiquidationLog:
        copy = LiquidationLog(self._cap)
        copy.revision, copy.seen_ns = self.revision, self.seen_ns
        copy.orders = self.orders.__deepcopy__(memo)
        copy.instruments, copy._rows, copy.publishing = (
            self.instruments.copy(),
            self._rows.copy(),
            self.publishing.copy(),
        )
        copy._markets = {key: spans.__deepcopy__(memo) for key, spans in self._markets.items()}
        copy._connections = {
            key: (venue, spans.__deepcopy__(memo)) for key, (venue, spans) in self._connections.items()
        }
        return copy

    def add(self, event: Liquidation) -> None:
        """Add a liquidation; an order that sells closes a long."""
        instrument = event.instrument
        row = self._rows.get(instrument.id)
        if row is None:
            row = self._rows[instrument.id] = len(self.instruments)
            self.instruments.append(instrument)
            self.publishing.add(instrument.venue)
        self.instruments[row] = instrument
        sign = 1 if event.side is Side.BUY else -1
        self.orders.append((event.ts_venue_ns, event.ts_recv_ns, row, sign, event.size, event.notional))
        self.seen_ns = max(self.seen_ns, event.ts_recv_ns)
        self.revision += 1

    def begin(self, instrument: Instrument, now_ns: int) -> None:
        """Coverage of a market in focus begins."""
        self._markets.setdefault(instrument.id, SubscriptionSpans()).begin(now_ns)

    def end(self, instrument: Instrument, now_ns: int) -> None:
        """Coverage of a market in focus ends."""
        self._markets.setdefault(instrument.id, SubscriptionSpans()).end(now_ns)

    def connected(self, venue: Venue, connection: str, now_ns: int) -> None:
        """A connection for all symbols of a venue opened."""
        self._connections.setdefault(connection, (venue, SubscriptionSpans()))[1].begin(now_ns)
        self.revision += 1

    def disconnected(self, venue: Venue, connection: str, now_ns: int) -> None:
        """A connection for all symbols of a venue closed."""
        self._connections.setdefault(connection, (venue, SubscriptionSpans()))[1].end(now_ns)
        self.revision += 1

    @property
    def retained_since_ns(self) -> int:
        """Receive time of the oldest liquidation once older ones were dropped, else 0."""
        return int(next(self.orders.parts()).received_ns[0]) if self.orders.dropped_count else 0

    def venues(self) -> frozenset[Venue]:
        """Venues with a connection for all their symbols."""
        return frozenset(venue for venue, _ in self._connections.values())

    def market_known_ns(self, instrument: InstrumentId, venue: Venue, start_ns: int, end_ns: int) -> int:
        """Nanoseconds of [start, end) in which a market was received, by itself or with all symbols of its venue.

        0 while the venue has published no liquidation at all: a recording may lack its stream.
        """
        if venue not in self.publishing:
            return 0
        spans = self._markets.get(instrument)
        alone = spans.known_ns(start_ns, end_ns) if spans is not None else 0
        return max(alone, self.venue_known_ns(venue, start_ns, end_ns))

    def venue_known_ns(self, venue: Venue, start_ns: int, end_ns: int) -> int:
        """Nanoseconds of [start, end) in which all symbols of a venue were received, by its worst connection."""
        known = [spans for of, spans in self._connections.values() if of == venue and venue in self.publishing]
        return min((spans.known_ns(start_ns, end_ns) for spans in known), default=0)

    def market_since_ns(self, instrument: InstrumentId, venue: Venue) -> int | None:
        """Receive time since which a market is received without a gap; None while it is not."""
        spans = self._markets.get(instrument)
        alone = spans.since_ns if spans is not None else None
        known = [since for since in (alone, self.venue_since_ns(venue)) if since is not None]
        return min(known, default=None)

    def venue_since_ns(self, venue: Venue) -> int | None:
        """Receive time since which all symbols of a venue are received without a gap; None while they are not."""
        known = [spans.since_ns for of, spans in self._connections.values() if of == venue]
        return None if None in known else max((since for since in known if since is not None), default=None)

    def follow(self, key: Hashable, made: Callable[[], F], kind: type[F], now_ns: int) -> F:
        """The follower under `key`, created on first use and updated to `now_ns`; least recently used ones go."""
        found = self._followers.pop(key, None)
        follower = found if isinstance(found, kind) else made()
        if len(self._followers) >= FOLLOWERS:
            del self._followers[next(iter(self._followers))]
        self._followers[key] = follower
        follower.update(self, now_ns)
        return follower


class _Following:
    """Reads new liquidations of the accepted instruments."""

    def __init__(self, accepts: Accepts) -> None:
        self._accepts = accepts
        self._wanted: Bools = np.zeros(0, np.bool_)
        self._position = 0
        self._dropped = 0

    def _restarted(self, log: LiquidationLog) -> bool:
        """Whether old liquidations were dropped since the last call; then reading restarts at the oldest."""
        dropped = log.orders.dropped_count
        restarted, self._dropped = dropped != self._dropped, dropped
        if restarted:
            self._position = 0
        return restarted

    def _new(self, log: LiquidationLog) -> list[Liquidations]:
        """Accepted liquidations not read yet, oldest first."""
        known = len(self._wanted)
        if known < len(log.instruments):
            more = [self._accepts(instrument) for instrument in log.instruments[known:]]
            self._wanted = np.concatenate((self._wanted, np.array(more, np.bool_)))
        parts = [part.where(self._wanted[part.market]) for part in log.orders.after(self._position)]
        self._position = log.orders.total
        return parts


class Sums(_Following):
    """Notional (quote) and number of liquidated longs and shorts (2, seconds) of the last 24 hours."""

    def __init__(self, accepts: Accepts) -> None:
        super().__init__(accepts)
        self._usd = np.zeros((2, DAY_S))
        self._count = np.zeros((2, DAY_S), np.int64)
        self.now_s = 0

    def update(self, log: LiquidationLog, now_ns: int) -> None:
        """Advance the time and count new liquidations at venue time, or at receive time if that is earlier."""
        now_s = now_ns // SECOND_NS
        if self._restarted(log) or now_s - self.now_s >= DAY_S:
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
        """Notional (2,) and number (2,) of longs and shorts in the last `seconds`, the running one included."""
        end = self.now_s % DAY_S + 1
        parts = (slice(max(end - seconds, 0), end), slice(min(DAY_S, DAY_S + end - seconds), DAY_S))
        usd, count = (sum(array[:, part].sum(axis=1) for part in parts) for array in (self._usd, self._count))
        return np.asarray(usd), np.asarray(count)

    def minutes(self) -> tuple[Ints, Floats]:
        """Starts (s since the epoch) of the last 1440 minutes, the running one last, and notional (2, 1440)."""
        running, second = divmod(self.now_s, MINUTE_S)
        sums = self._usd.reshape(2, -1, MINUTE_S).sum(axis=2)
        slot = running % sums.shape[1]
        sums[:, slot] = self.total(second + 1)[0]  # the rest of the slot is a day old
        first = running - sums.shape[1] + 1
        return MINUTE_S * np.arange(first, running + 1), np.roll(sums, -slot - 1, axis=1)


class Newest(_Following):
    """The newest liquidations that pass a filter, in receive order, at most `count`."""

    def __init__(self, accepts: Accepts, sign: int | None, minimum_usd: float, count: int) -> None:
        super().__init__(accepts)
        self._sign = sign
        self._minimum_usd = minimum_usd
        self._count = count
        self.orders: Liquidations | None = None

    def update(self, log: LiquidationLog, now_ns: int) -> None:
        if self._restarted(log):
            self.orders = None
        for part in self._new(log):
            passed = part.notional >= self._minimum_usd
            if self._sign is not None:
                passed &= part.sign == self._sign
            found = part.where(passed)
            newest = found if self.orders is None else joined(Liquidations, [self.orders, found])
            self.orders = newest.at(slice(-self._count, None))


def publishes_in_real_time(instrument: Instrument) -> bool:
    """Whether the venue publishes liquidations in real time, so that none published means few or none happened."""
    return liquidation_coverage(instrument.venue, instrument.kind).in_real_time


def judge(latest: Floats, minutes: Floats, rule: CascadeRule) -> Cascade:
    """Cascade state (Guide: Definitions) from the last minute's longs and shorts (2,) and whole minutes (n,), quote."""
    rate = float(latest.sum())
    share = float(latest[LONG]) / rate if rate > 0 else None
    active = minutes[minutes > 0]
    if len(active) < rule.least_minutes:
        return Cascade(CascadeState.UNKNOWN, rate, None, len(active), share)
    median = float(np.median(active))
    limits = ((rule.cascade, CascadeState.CASCADE), (rule.elevated, CascadeState.ELEVATED))
    state = next((state for times, state in limits if rate >= times * median), CascadeState.CALM)
    return Cascade(state, rate, median, len(active), share)
