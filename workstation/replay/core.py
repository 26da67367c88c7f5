"""The decoder and the engine as one.

Frames in, state out. The same object serves live, replay, export and screenshots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Protocol

from feeds.model.events import Event
from feeds.model.frame import Frame, FrameKind
from feeds.pipeline.feed import Feed
from feeds.recording import Recording
from feeds.recording.replay import FrameCursor, Mark
from feeds.recording.several.opening import open_recording
from feeds.recording.venue_time import in_venue_time
from feeds.venues.registry import protocol_for
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits

SLICE = 4_096
SECOND_NS = 1_000_000_000
_NEVER_NS = 1 << 62


class SecondObserver(Protocol):
    """Called once a second. Checkpoints share it, so it may be called for a second again."""

    @property
    def needs_every_second(self) -> bool:
        """Whether a jump forward must play the seconds between, because the observer adds up what it sees."""

    def observe_second(self, engine: Engine) -> None:
        """The engine as it stood before the first frame of a second; the universe is sampled."""


class Core:
    """All state that frames make."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, feed: Feed | None = None) -> None:
        self.feed = feed or Feed(protocol_for)
        self.engine = Engine(limits)
        self._consumed = 0
        self._observer: SecondObserver | None = None
        self._second_due_ns = _NEVER_NS

    @property
    def frames(self) -> int:
        """Frames received, without those that stand for a damaged part of a recording."""
        return self._consumed - self.feed.unreceived

    def set_observer(self, observer: SecondObserver | None) -> None:
        """Call an observer every second, before its first frame is applied; the same seconds at any speed."""
        self._observer, self._second_due_ns = observer, 0 if observer is not None else _NEVER_NS

    def consume(self, frames: Sequence[Frame]) -> None:
        """Take frames in receive order."""
        receive, apply, survey, timer = self.feed.receive, self.engine.apply, self.engine.survey, FrameKind.TIMER
        universe = self.feed.universe
        self._consumed += len(frames)
        for frame in frames:
            if frame.ts_recv_ns >= self._second_due_ns:
                self._pass_second(frame.ts_recv_ns)
            if frame.kind is timer:
                self.feed.tick(frame.ts_recv_ns)
                continue
            events = receive(frame)  # which says, when it opens, whether it is of the universe
            handle = survey if frame.connection in universe else apply
            for event in events:
                handle(event)

    def _pass_second(self, now_ns: int) -> None:
        self.engine.advance(now_ns)
        self._second_due_ns = now_ns - now_ns % SECOND_NS + SECOND_NS
        assert self._observer is not None
        self._observer.observe_second(self.engine)

    def handler(self, connection: str) -> Callable[[Event], None]:
        return self.engine.survey if connection in self.feed.universe else self.engine.apply

    def leave(self) -> None:
        """End all connections as of the time reached and reset the counts, so that another session may go on from here.

        What that misses is a gap, and its connections ask for the trades since the last one here.
        """
        now_ns = self.engine.now_ns
        ends = [Frame(now_ns, name, FrameKind.CLOSE, b"the session ended") for name in self.feed.connections]
        self.consume(ends)
        self.feed.reset_counts()
        self._consumed = 0
        for instrument in self.engine.instruments():
            market = self.engine.market(instrument.id)
            assert market is not None
            market.begun_ns = None

    def checkpoint(self) -> Core:
        """An independent copy of the state; trades and other facts are shared, not copied."""
        return deepcopy(self)


class Tape:
    """A recording being read into a core, with the place reached.

    `position_ns` is receive time by a right clock: where the one that stamped the recording was wrong, `reader` is
    another one than given.
    """

    def __init__(self, reader: Recording, core: Core, mark: Mark = Mark(0, 0)) -> None:
        self.reader = in_venue_time(reader)
        self.core = core
        self.cursor = FrameCursor(self.reader, mark)
        self.position_ns = self.reader.start_ns or 0

    def play(self, until_ns: int, limit: int = SLICE) -> bool:
        """Read at most `limit` frames not later than `until_ns`. True when none of those is left."""
        frames = self.cursor.take(until_ns, limit)
        self.core.consume(frames)
        done = len(frames) < limit
        if done:
            self.position_ns = max(self.position_ns, until_ns)
        elif frames:
            self.position_ns = max(self.position_ns, frames[-1].ts_recv_ns)
        self.core.engine.advance(self.position_ns)
        return done


def read_to_end(path: Path, until_ns: int | None = None) -> Tape:
    """Read a recording into a new core, whole or up to a receive time. Raises RecordingError when it is none."""
    tape = Tape(open_recording(path), Core())
    goal = until_ns if until_ns is not None else tape.reader.end_ns or 0
    while not tape.play(goal):
        pass
    return tape
