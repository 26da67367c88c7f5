"""Trades from a recording that are no longer, or not yet, in memory: what a chart scrolled to the left asks for.

They come in columns from a state of the recording's index. Where there is none, the frames of the span are decoded by a
feed of its own, which begins with what was open before it. The work comes in slices, so that the window stays alive.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Protocol

from feeds.model.errors import RecordingError
from feeds.model.events import Event, Trade, TradesLive, TradesLost
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import InstrumentId
from feeds.pipeline.feed import Feed
from feeds.recording import Recording
from feeds.venues.registry import protocol_for
from workstation.analytics.engine import Engine
from workstation.analytics.state.base import side_of
from workstation.analytics.state.stored import StoredTrades, stored_trades
from workstation.analytics.store.coverage import Coverage, within
from workstation.analytics.store.trades import TradeStore
from workstation.replay.core import Core, Tape
from workstation.replay.index import RecordingIndex

log = logging.getLogger(__name__)

SPAN_NS = 6 * 3_600_000_000_000
OVERLAP_NS = 60_000_000_000  # read beyond the oldest trade that is here: receive times are later than venue times
SLICE = 2_048
PLAYED = 256


class Source(Protocol):
    """A session: where the engine is, and which recording holds what it received."""

    @property
    def core(self) -> Core:
        """Decoder and engine."""

    def recording_before(self, before_ns: int) -> Recording | None:
        """The recording that holds what came before a moment, None without one."""


class OlderLoader:
    """Loads older trades into the engine of a session, one span at a time; no span twice."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._reached: dict[tuple[Engine, str], int] = {}  # how far back each base was read, receive ns

    def begin(self, source: Source, base: str, until_ns: int) -> bool:
        """Load what came before the oldest trade that is here, or before `until_ns`. False where there is nothing."""
        engine = source.core.engine
        stored = engine.bases.get(base)
        if stored is None or (self._task is not None and not self._task.done()):
            return False
        before_ns = min(until_ns, stored.trades.first_ns or until_ns, self._reached.get((engine, base), until_ns))
        reader = source.recording_before(before_ns)
        if reader is None:
            return False
        since_ns = before_ns - SPAN_NS
        self._reached = {(engine, base): max(since_ns, reader.start_ns or since_ns)}
        older = older_trades(reader, base, since_ns, before_ns + OVERLAP_NS)
        self._task = asyncio.create_task(self._load(source, older, base), name="load older trades")
        return True

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _load(self, source: Source, older: Older, base: str) -> None:
        engine = source.core.engine
        try:
            for _ in older.slices():
                await asyncio.sleep(0)
        except RecordingError as error:
            log.warning("older trades were not read", exc_info=error)
            return
        if source.core.engine is engine:  # a jump elsewhere makes another
            taken = engine.restore(base, older.found())
            log.info("%d older trades of %s came back", taken, base)


class Older(Protocol):
    """Older trades of a base, by the time `slices` has ended."""

    def slices(self) -> Iterator[None]:
        """Read on; a pause is welcome after each slice."""

    def found(self) -> list[StoredTrades]:
        """What was read, by market, of spans without a gap."""


def older_trades(reader: Recording, base: str, since_ns: int, until_ns: int) -> Older:
    """The trades of a base received in [since_ns, until_ns): from the index of the recording, or from its frames."""
    index = RecordingIndex(reader)
    later = next((entry.position_ns for entry in index.entries if entry.position_ns >= until_ns), until_ns)
    tape = index.tape_before(later)
    return (
        OlderTrades(reader, base, since_ns, until_ns) if tape is None else IndexedTrades(tape, base, since_ns, until_ns)
    )


class IndexedTrades:
    """The trades of a base in [since_ns, until_ns) of venue time, from a state and what follows it until then."""

    def __init__(self, tape: Tape, base: str, since_ns: int, until_ns: int) -> None:
        self._tape, self._base = tape, base
        self._since_ns, self._until_ns = since_ns, until_ns

    def slices(self) -> Iterator[None]:
        """Read on; a pause is welcome after each slice."""
        until_ns = min(self._until_ns, self._tape.reader.end_ns or 0)
        while self._tape.position_ns < until_ns and not self._tape.play(until_ns, PLAYED):
            yield

    def found(self) -> list[StoredTrades]:
        """What was read, by market, of spans without a gap."""
        base = self._tape.core.engine.bases.get(self._base)
        return stored_trades(base, self._since_ns, self._until_ns) if base is not None else []


class OlderTrades:
    """The trades of a base received in [since_ns, until_ns), by the time `slices` has ended."""

    def __init__(self, reader: Recording, base: str, since_ns: int, until_ns: int) -> None:
        self._reader = reader
        self._base = base
        self._since_ns, self._until_ns = since_ns, until_ns
        self._feed = Feed(protocol_for)
        self._trades: dict[InstrumentId, list[Trade]] = {}
        self._coverage: dict[InstrumentId, Coverage] = {}

    def slices(self) -> Iterator[None]:
        """Read on; a pause is welcome after each slice."""
        opened: dict[str, Frame] = {}
        for at, frame in enumerate(self._reader.frames(None, self._since_ns)):
            if frame.kind is FrameKind.OPEN:
                opened[frame.connection] = frame
            elif frame.kind is FrameKind.CLOSE:
                opened.pop(frame.connection, None)
            if at % SLICE == 0:
                yield
        for frame in opened.values():
            self._take(frame)
        for at, frame in enumerate(self._reader.frames(self._since_ns, self._until_ns)):
            self._take(frame)
            if at % SLICE == 0:
                yield

    def found(self) -> list[StoredTrades]:
        """What was read, by market, of spans without a gap."""
        filled = []
        for market, trades in self._trades.items():
            spans = tuple((since_ns, until_ns + 1) for since_ns, until_ns in self._coverage[market].ended())
            rows = [(one.ts_venue_ns, one.price_ticks, one.size, one.notional, side_of(one)) for one in trades]
            columns = TradeStore().columns_of(rows)
            inside = columns.where(within([(since_ns, until_ns - 1) for since_ns, until_ns in spans], columns.ts))
            if len(inside.ts):
                filled.append(StoredTrades(trades[0].instrument, inside, spans))
        return filled

    def _take(self, frame: Frame) -> None:
        for event in self._feed.receive(frame):
            self._note(event)

    def _note(self, event: Event) -> None:
        if not isinstance(event, Trade | TradesLive | TradesLost) or event.instrument.base != self._base:
            return
        coverage = self._coverage.setdefault(event.instrument.id, Coverage())
        if isinstance(event, Trade):
            coverage.see(event.ts_venue_ns)
            coverage.trade(event.ts_venue_ns)
            self._trades.setdefault(event.instrument.id, []).append(event)
        elif isinstance(event, TradesLive):
            coverage.begin()
        else:
            coverage.lose()
