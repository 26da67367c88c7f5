"""Computes the outline of a recording: price, volume, liquidations, gaps and setups over its time."""

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from feeds.model import events
from feeds.model.instrument import InstrumentId
from feeds.pipeline.feed import Feed
from feeds.recording.opening import open_recording
from feeds.venues.registry import protocol_for
from workstation.analytics.engine import Engine
from workstation.readmodels.session.library import BUCKETS, Outline, SetupMark
from workstation.readmodels.session.setups import SetupEvent, SetupsRequest, SetupsView

_BOOKS = (
    events.BookDelta,
    events.BookSnapshot,
    events.BookLost,
    events.Quote,
)  # setups need none of them, and they are most of a recording
_LOOK_NS = 3_600_000_000_000


def outline_of(path: Path, progress: Callable[[float], None] = lambda share: None) -> Outline:
    """Read a whole recording; `progress` receives the share done, 0 to 1. Raises RecordingError if it is not one."""
    reader = open_recording(path)
    start_ns, end_ns = reader.start_ns, reader.end_ns
    if start_ns is None or end_ns is None:
        return Outline()
    feed, sums, seen = Feed(protocol_for), _Sums(start_ns, end_ns), SetupSearch()
    bucket = -1
    for frame in reader.frames():
        now = sums.bucket(frame.ts_recv_ns)
        if now != bucket:
            bucket = now
            progress(bucket / BUCKETS)
        universe = frame.connection in feed.universe
        for event in feed.receive(frame):
            if not universe or isinstance(event, events.Liquidation):
                sums.take(event)
            seen.take(event, universe=universe)
    outline = sums.outline()
    damage = reader.damage.reason if reader.damage is not None else ""
    return msgspec.structs.replace(outline, setups=seen.marks(outline.base), damage=damage)


class SetupSearch:
    """Collects the setups of a recording from an engine without books, hourly because views look back one day only."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._due_ns = 0
        self._events: defaultdict[str, dict[tuple[object, ...], SetupEvent]] = defaultdict(dict)

    def take(self, event: events.Event, *, universe: bool = False) -> None:
        """Apply one event, in receive order; `universe` is whether it came from an all-market connection."""
        if isinstance(event, _BOOKS):
            return
        (self._engine.survey if universe else self._engine.apply)(event)
        if event.ts_recv_ns >= self._due_ns:
            self._look()
            self._due_ns = event.ts_recv_ns + _LOOK_NS

    def marks(self, base: str) -> tuple[SetupMark, ...]:
        """All setups of a base with their final states, by trigger time."""
        self._look()
        found = sorted(self._events[base].values(), key=lambda one: one.trigger_ns)
        return tuple(
            SetupMark(one.trigger_ns, one.detector, one.direction, one.level, one.state, one.leverage_only)
            for one in found
        )

    def _look(self) -> None:
        for base in self._engine.bases:
            view = self._engine.view(SetupsRequest(base))
            assert isinstance(view, SetupsView)
            self._events[base].update((event.key, event) for event in view.events)


class _Course:
    """The series of one base, with a value per bucket."""

    def __init__(self) -> None:
        self.price: list[float | None] = [None] * BUCKETS
        self.volume, self.long, self.short = ([0.0] * BUCKETS for _ in range(3))
        self.gaps: list[tuple[int, int]] = []


class _Sums:
    def __init__(self, start_ns: int, end_ns: int) -> None:
        self._start_ns, self._end_ns = start_ns, end_ns
        self._bases: defaultdict[str, _Course] = defaultdict(_Course)
        self._lost: dict[InstrumentId, tuple[str, int]] = {}

    def bucket(self, ts_ns: int) -> int:
        share = (ts_ns - self._start_ns) / max(self._end_ns - self._start_ns, 1)
        return min(max(int(share * BUCKETS), 0), BUCKETS - 1)

    def take(self, event: events.Event) -> None:
        match event:
            case events.Trade():
                course, at = self._bases[event.instrument.base], self.bucket(event.ts_recv_ns)
                course.volume[at] += event.notional
                course.price[at] = event.price
            case events.Liquidation():
                course, at = self._bases[event.instrument.base], self.bucket(event.ts_recv_ns)
                (course.long if event.side is events.Side.SELL else course.short)[at] += event.notional
            case events.TradesLost():
                self._lost.setdefault(event.instrument.id, (event.instrument.base, event.ts_recv_ns))
            case events.TradesLive():
                self._end_gap(event.instrument.id, event.ts_recv_ns)

    def _end_gap(self, market: InstrumentId, ts_ns: int) -> None:
        lost = self._lost.pop(market, None)
        if lost is not None:
            self._bases[lost[0]].gaps.append((lost[1], ts_ns))

    def outline(self) -> Outline:
        for market in list(self._lost):
            self._end_gap(market, self._end_ns)
        if not self._bases:
            return Outline(start_ns=self._start_ns, end_ns=self._end_ns)
        name, course = max(self._bases.items(), key=lambda item: math.fsum(item[1].volume))
        return Outline(
            base=name,
            start_ns=self._start_ns,
            end_ns=self._end_ns,
            price=_carried(course.price),
            volume_usd=tuple(course.volume),
            long_usd=tuple(course.long),
            short_usd=tuple(course.short),
            gaps=_joined(course.gaps),
        )


def _carried(prices: list[float | None]) -> tuple[float | None, ...]:
    """Fill buckets without a trade with the last price; None before the first."""
    last: float | None = None
    found = []
    for price in prices:
        last = last if price is None else price
        found.append(last)
    return tuple(found)


def _joined(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Merge overlapping spans, sorted."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
