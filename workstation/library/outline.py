"""Computes the outline of a recording: price, volume, liquidations, gaps and setups over its time."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from feeds.model import events
from feeds.model.instrument import InstrumentId
from feeds.pipeline.feed import Feed
from feeds.recording.recording import Recording
from feeds.recording.several.opening import open_recording
from feeds.venues.registry import protocol_for
from workstation.analytics.engine import Engine
from workstation.analytics.state.base import Base
from workstation.analytics.store.coverage import Coverage
from workstation.readmodels.session.library import Outline, SetupMark, buckets_of
from workstation.readmodels.session.setups import SetupEvent, SetupsRequest, SetupsView
from workstation.replay.index import RecordingIndex

_BOOKS = (
    events.BookDelta,
    events.BookSnapshot,
    events.BookLost,
    events.Quote,
)  # setups need none of them, and they are most of a recording
_LOOK_NS = 3_600_000_000_000
_STATE_LOOK_NS = 12 * _LOOK_NS


def outline_of(path: Path, progress: Callable[[float], None] = lambda share: None) -> Outline:
    """The outline by the recording's index; by reading all of it where that does not reach its end.

    `progress` receives the share done, 0 to 1. Raises RecordingError if it is no recording.
    """
    reader = open_recording(path)
    if reader.start_ns is None or reader.end_ns is None:
        return Outline()
    return outline_by_index(RecordingIndex(reader), progress) or _outline_by_frames(reader, progress)


def outline_by_index(index: RecordingIndex, progress: Callable[[float], None]) -> Outline | None:
    """The outline from the last state, with the setups of the states before; trades and gaps are by venue time.

    None where the index does not reach the end, or the state no longer has every trade.
    """
    start_ns, end_ns = index.reader.start_ns or 0, index.reader.end_ns or 0
    seen = SetupSearch()
    looked_ns, moments = start_ns, []
    for entry in index.entries:
        if entry.position_ns >= looked_ns + _STATE_LOOK_NS:
            looked_ns = entry.position_ns
            moments.append(looked_ns)
    for number, moment in enumerate(moments):
        progress(number / (len(moments) + 1))
        if (tape := index.tape_before(moment)) is not None:
            seen.look(tape.core.engine)
    last = index.tape_before(end_ns)
    if last is None or not index.complete:
        return None
    bases = list(last.core.engine.bases.values())
    if any(base.trades.dropped_until_ns >= start_ns or base.liquidations.dropped_count for base in bases):
        return None
    seen.look(last.core.engine)
    outline = _from_bases(bases, start_ns, end_ns)
    return msgspec.structs.replace(outline, setups=seen.found(outline.base), damage=index.entries[-1].damage)


def _outline_by_frames(reader: Recording, progress: Callable[[float], None]) -> Outline:
    start_ns, end_ns = reader.start_ns or 0, reader.end_ns or 0
    feed, sums, seen = Feed(protocol_for), _Sums(start_ns, end_ns), SetupSearch()
    bucket = -1
    for frame in reader.frames():
        now = sums.bucket(frame.ts_recv_ns)
        if now != bucket:
            bucket = now
            progress(bucket / sums.count)
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
            self.look(self._engine)
            self._due_ns = event.ts_recv_ns + _LOOK_NS

    def marks(self, base: str) -> tuple[SetupMark, ...]:
        """All setups of a base with their final states, by trigger time."""
        self.look(self._engine)
        return self.found(base)

    def found(self, base: str) -> tuple[SetupMark, ...]:
        """The setups of a base seen so far, with their last states."""
        found = sorted(self._events[base].values(), key=lambda one: one.trigger_ns)
        return tuple(
            SetupMark(one.trigger_ns, one.detector, one.direction, one.level, one.state, one.leverage_only)
            for one in found
        )

    def look(self, engine: Engine) -> None:
        """Add the setups of the last day of an engine."""
        for base in engine.bases:
            view = engine.view(SetupsRequest(base))
            assert isinstance(view, SetupsView)
            self._events[base].update((event.key, event) for event in view.events)


class _Course:
    """The series of one base, with a value per bucket."""

    def __init__(self, count: int) -> None:
        self.price: list[float | None] = [None] * count
        self.volume, self.long, self.short = ([0.0] * count for _ in range(3))
        self.gaps: list[tuple[int, int]] = []


class _Sums:
    def __init__(self, start_ns: int, end_ns: int) -> None:
        self._start_ns, self._end_ns = start_ns, end_ns
        self.count = buckets_of(end_ns - start_ns)
        self._bases: defaultdict[str, _Course] = defaultdict(lambda: _Course(self.count))
        self._lost: dict[InstrumentId, tuple[str, int]] = {}

    def bucket(self, ts_ns: int) -> int:
        share = (ts_ns - self._start_ns) / max(self._end_ns - self._start_ns, 1)
        return min(max(int(share * self.count), 0), self.count - 1)

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


def _from_bases(bases: Sequence[Base], start_ns: int, end_ns: int) -> Outline:
    """The outline of the base with the largest volume."""
    courses = {base.name: _StoredCourse(base, start_ns, end_ns) for base in bases}
    if not any(len(base.trades) for base in bases):
        return Outline(start_ns=start_ns, end_ns=end_ns)
    name, course = max(courses.items(), key=lambda item: math.fsum(item[1].volume))
    return Outline(
        base=name,
        start_ns=start_ns,
        end_ns=end_ns,
        price=_carried([None if math.isnan(price) else price for price in course.price.tolist()]),
        volume_usd=tuple(course.volume.tolist()),
        long_usd=tuple(course.long.tolist()),
        short_usd=tuple(course.short.tolist()),
        gaps=_joined(course.gaps),
    )


class _StoredCourse:
    """The series of one base from its stored trades and liquidations, without trades from before the recording."""

    def __init__(self, base: Base, start_ns: int, end_ns: int) -> None:
        self._start_ns, self._span_ns = start_ns, max(end_ns - start_ns, 1)
        self._count = buckets_of(end_ns - start_ns)
        self.price = np.full(self._count, np.nan)
        self.volume, self.long, self.short = (np.zeros(self._count) for _ in range(3))
        ticks = [market.instrument.tick_size.as_integer_ratio() for market in base.markets]
        steps = np.array(ticks, np.float64).reshape(-1, 2)
        for trades in base.trades.parts():
            trades = trades.where(trades.ts >= start_ns)
            at, market = self._buckets(trades.ts), trades.market
            np.add.at(self.volume, at, trades.notional)
            self.price[at] = trades.ticks * steps[market, 0] / steps[market, 1]  # of several the last
        for part in base.liquidations.parts():
            for side, sign in ((self.long, -1), (self.short, 1)):
                chosen = part.sign == sign
                np.add.at(side, self._buckets(part.received_ns[chosen]), part.notional[chosen])
        self.gaps = [gap for market in base.markets for gap in _gaps(market.coverage, start_ns, end_ns)]

    def _buckets(self, ts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        shares = (ts - self._start_ns) / self._span_ns
        return np.clip((shares * self._count).astype(np.int64), 0, self._count - 1)


def _gaps(coverage: Coverage, start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The gaps of a market within the recording; one that has not ended by then ends with it."""
    gaps = coverage.gaps()
    if gaps and not coverage.live:
        gaps[-1] = gaps[-1][0], end_ns
    for begin, end in gaps:
        if end > start_ns and begin < end_ns:
            yield max(begin, start_ns), min(end, end_ns)


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
