"""A recording being played: pace, pause, step, seek.

Seeking restores the nearest state before the target and reads on from there, so that the state at t is that of having
played to t. States come from the recording's index; where that does not reach, checkpoints are taken on the way, at
most 64 of them, evenly over the recording.
"""

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from feeds.recording import Recording
from feeds.recording.replay import Mark, Pace
from workstation.readmodels.session.status import Capabilities, Presence, StatusView
from workstation.replay.core import Core, SecondObserver, Tape
from workstation.replay.index import RecordingIndex

MIN_SPEED, MAX_SPEED = 0.1, 1000.0


@dataclass(frozen=True, slots=True)
class ReplayLimits:
    """Playing reads for at most `budget_s`, `slice_frames` frames at a time, then waits `frame_s`; approaching a moment
    reads for at most `approach_s`.

    Checkpoints are at least `checkpoint_ns` of receive time apart, and at most `checkpoints` over the recording.
    """

    frame_s: float = 1 / 60
    budget_s: float = 0.010
    approach_s: float = 0.030
    slice_frames: int = 256
    checkpoints: int = 64
    checkpoint_ns: int = 5_000_000_000


REPLAY_LIMITS = ReplayLimits()


class Checkpoint(NamedTuple):
    """The state after every frame up to `position_ns` (receive time), and where reading goes on."""

    position_ns: int
    mark: Mark
    core: Core


class ReplaySession:
    """Plays one recording. All methods are for the thread of the event loop."""

    def __init__(
        self,
        reader: Recording,
        wall: Callable[[], float] = time.perf_counter,
        limits: ReplayLimits = REPLAY_LIMITS,
    ) -> None:
        self.tape = Tape(reader, Core())
        reader = self.tape.reader
        self.epoch = 0
        self.start_ns, self.end_ns = reader.start_ns or 0, reader.end_ns or 0
        self.index = RecordingIndex(reader)
        self._reader = reader
        self._wall = wall
        self._limits = limits
        self._pace = Pace()
        self._playing = False
        self._seek_ns: int | None = None
        self._limit_s = math.inf  # how long a seek may read on from the state that it restored
        self._wake = asyncio.Event()
        self._lag_ns = 0
        self._interval_ns = max(limits.checkpoint_ns, (self.end_ns - self.start_ns) // limits.checkpoints)
        self._checkpoints = [Checkpoint(self.start_ns - 1, Mark(0, 0), Core())]
        self._observer: SecondObserver | None = None

    @property
    def core(self) -> Core:
        """The state at the position reached."""
        return self.tape.core

    def set_observer(self, observer: SecondObserver) -> None:
        """Call an observer every second that is played; after a jump back again for seconds it has seen."""
        self._observer = observer
        self.core.set_observer(observer)

    async def run(self) -> None:
        """Play, seek and wait until cancelled."""
        while True:
            if self._seek_ns is not None:
                await self._seek()
            elif self._playing:
                self._play_frame()
                await asyncio.sleep(self._limits.frame_s if not self._lag_ns else 0)
            else:
                self._wake.clear()
                await self._wake.wait()

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The states that a seek may start from, oldest first; the first is the empty state before any frame."""
        return tuple(self._checkpoints)

    @property
    def path(self) -> Path:
        """The file that is played, or the folder or first file of several."""
        return self._reader.path

    @property
    def name(self) -> str:
        count = len(self._reader.files)
        return self.path.name if count == 1 else f"{self.path.name} ({count} recordings)"

    @property
    def recordings(self) -> list[Path]:
        return [*reversed(self._reader.files)]

    def recording_before(self, before_ns: int) -> Recording | None:
        """What is played, if it began before a moment."""
        return self._reader if self.start_ns < before_ns else None

    def play(self) -> None:
        """Go on from the position reached; from the beginning when at the end."""
        if self.ended:
            self.seek(self.start_ns)
        self._pace.reset()
        self._playing = True
        self._wake.set()

    def pause(self) -> None:
        """Hold."""
        self._playing = False
        self._lag_ns = 0

    def toggle(self) -> None:
        if self._playing:
            self.pause()
        else:
            self.play()

    def set_speed(self, speed: float) -> None:
        """Recorded seconds a second, 0.1 to 1000."""
        self._pace.speed = min(max(speed, MIN_SPEED), MAX_SPEED)

    def seek(self, ts_ns: int) -> None:
        """Jump to a receive time within the recording; a newer jump replaces one still under way."""
        self._seek_ns, self._limit_s = min(max(ts_ns, self.start_ns), self.end_ns), math.inf
        self._wake.set()

    def approach(self, ts_ns: int) -> None:
        """Jump as far towards a receive time as a picture leaves time for; called again, it goes on from there."""
        self.seek(ts_ns)
        self._limit_s = self._limits.approach_s

    def step(self, span_ns: int | None) -> None:
        """Pause and go forward: by a span of recorded time, or by one frame when None."""
        self.pause()
        if span_ns is None:
            following = self.tape.cursor.next_ns()
            if following is not None:
                self.tape.play(max(following, self.tape.position_ns), limit=1)
        else:
            self._read_until(min(self.tape.position_ns + span_ns, self.end_ns))

    @property
    def ended(self) -> bool:
        """Whether every readable frame is taken."""
        return self._seek_ns is None and self.tape.position_ns >= self.end_ns

    def status(self, name: str) -> StatusView:
        """The session as of now."""
        damage = self._reader.damage
        damaged = f"{damage.bytes_unreadable:,} bytes unreadable" if damage else self.index.damage
        return StatusView(
            presence=self._presence(),
            source_name=name,
            simulated=self._reader.metadata.simulated,
            now_ns=self.tape.position_ns,
            lag_ns=self._lag_ns,
            epoch=self.epoch,
            capabilities=Capabilities(seek=True, speed=True),
            speed=self._pace.speed,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            undecodable=sum(self.core.feed.undecodable.values()),
            odd_rows=self.core.feed.odd_rows.streams,
            apart=self.core.engine.apart,
            frames=self.core.frames,
            notices=(f"damaged: {damaged}",) if damaged else (),
        )

    def _presence(self) -> Presence:
        if self._seek_ns is not None:
            return Presence.SEEKING
        if self.ended:
            return Presence.ENDED
        return Presence.PLAYING if self._playing else Presence.PAUSED

    def _play_frame(self) -> None:
        """Take what is due, within a frame's budget; when behind, recorded time slows down and nothing is skipped."""
        goal = min(self.tape.position_ns + self._pace.elapse(self._wall()), self.end_ns)
        limit_s = self._wall() + self._limits.budget_s
        done = False
        while not done and self._wall() < limit_s:
            done = self.tape.play(goal, self._limits.slice_frames)
            self._maybe_checkpoint()
        self._lag_ns = 0 if done else goal - self.tape.position_ns
        if self.ended:
            self.pause()

    def _read_until(self, goal_ns: int) -> None:
        while not self.tape.play(goal_ns, self._limits.slice_frames):
            self._maybe_checkpoint()

    async def _seek(self) -> None:
        target_ns = self._seek_ns
        assert target_ns is not None
        self._restore(target_ns)
        began_s = self._wall()
        limit_s = began_s + self._limits.budget_s
        while not self.tape.play(target_ns, self._limits.slice_frames):
            self._maybe_checkpoint()
            if self._wall() - began_s >= self._limit_s:
                break
            if self._wall() >= limit_s:
                await asyncio.sleep(0)
                if self._seek_ns != target_ns:
                    return
                limit_s = self._wall() + self._limits.budget_s
        self._seek_ns = None
        self._pace.reset()
        self.epoch += 1

    def jump(self, target_ns: int) -> None:
        """Be at a receive time at once, without letting others run."""
        target_ns = min(max(target_ns, self.start_ns), self.end_ns)
        self._restore(target_ns)
        self._read_until(target_ns)
        self.epoch += 1

    def _restore(self, target_ns: int) -> None:
        """Go to the state nearest before the target, unless reading on from here is as good."""
        at = bisect_right(self._checkpoints, target_ns, key=lambda checkpoint: checkpoint.position_ns) - 1
        nearest = self._checkpoints[at]
        ahead = self.tape.position_ns <= target_ns
        known_ns = max(nearest.position_ns, self.tape.position_ns if ahead else 0)
        tape = None
        if self._observer is None or not self._observer.needs_every_second:
            tape = self.index.tape_before(target_ns, known_ns + 1)
        if tape is None and ahead and nearest.position_ns <= self.tape.position_ns:
            return
        if tape is None:
            tape = Tape(self._reader, nearest.core.checkpoint(), nearest.mark)
            tape.position_ns = max(nearest.position_ns, self.start_ns)
        self.tape = tape
        self.core.set_observer(self._observer)

    def _maybe_checkpoint(self) -> None:
        """Take a checkpoint, except where the index has states."""
        position_ns = self.tape.position_ns
        known_ns = self._checkpoints[-1].position_ns
        if self.index.entries and self.index.entries[-1].position_ns > known_ns:
            known_ns = self.index.entries[-1].position_ns
        if position_ns >= known_ns + self._interval_ns:
            self._checkpoints.append(Checkpoint(position_ns, self.tape.cursor.mark, self.core.checkpoint()))
