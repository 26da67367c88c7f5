"""The day so far from disk: what a live session begins with where the day was recorded.

The newest recording gives the state at its end, the earlier ones of the day their trades. What is on no disk is a gap,
which the connections fill as far as the venues allow it: they ask for the trades since the last one that is here.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from feeds.model.errors import RecordingError
from feeds.recording import Recording
from feeds.recording.several.opening import open_recording
from feeds.recording.several.sequence import is_continued
from workstation.analytics.engine import Engine
from workstation.analytics.state.stored import StoredTrades, stored_trades
from workstation.replay.core import Core, Tape
from workstation.replay.index import RecordingIndex

log = logging.getLogger(__name__)

_DAY_NS = 86_400_000_000_000
_SLICE = 256


@dataclass(frozen=True, slots=True)
class DayLimits:
    """A recording of at most `short_bytes` is read without an index. Of what no index holds as much is read as
    `patience_s` allows for all together. At least `least_ns` are looked back, also just after midnight UTC.
    """

    short_bytes: int = 8_000_000
    patience_s: float = 5.0
    least_ns: int = 6 * 3_600_000_000_000


DAY_LIMITS = DayLimits()


async def day_so_far(
    recordings: Iterable[Path], bases: Collection[str], now_ns: int, limits: DayLimits = DAY_LIMITS
) -> Core | None:
    """The state of some bases as their recordings of this day leave it, with all connections ended.

    `recordings` come the newest first. None where no recording of the day holds one of the bases.
    """
    deadline_s = time.monotonic() + limits.patience_s
    since_ns = min(now_ns - now_ns % _DAY_NS, now_ns - limits.least_ns)
    core: Core | None = None
    later: Recording | None = None
    for reader in _of_day(recordings, since_ns, now_ns):
        tape = _tape(reader, limits)
        if tape is None:
            continue
        for _ in _played(tape, deadline_s):
            await asyncio.sleep(0)
        found = tape.core
        found.engine.retain(bases)
        if not found.engine.bases:
            continue
        if core is None or later is None:
            core = found
        else:
            _add_trades(core.engine, found.engine, goes_on=is_continued(reader, later))
        later = reader
        await asyncio.sleep(0)
    if core is not None:
        core.leave()
    return core


def _of_day(recordings: Iterable[Path], since_ns: int, now_ns: int) -> Iterator[Recording]:
    """The recordings that ended in a span, the newest first, none later than the one before."""
    for path in recordings:
        try:
            reader = open_recording(path)
        except RecordingError as error:
            log.info("%s is passed over", path, exc_info=error)
            continue
        if reader.start_ns is None or reader.end_ns is None or reader.end_ns > now_ns:
            continue
        if reader.end_ns < since_ns:
            return
        now_ns = reader.end_ns
        yield reader


def _tape(reader: Recording, limits: DayLimits) -> Tape | None:
    """The last state in the index of a recording; a short one is read from its beginning."""
    tape = RecordingIndex(reader).tape_before(reader.end_ns or 0)
    if tape is None and reader.size_bytes <= limits.short_bytes:
        return Tape(reader, Core())
    return tape


def _played(tape: Tape, deadline_s: float) -> Iterator[None]:
    end_ns = tape.reader.end_ns or 0
    while time.monotonic() < deadline_s and not tape.play(end_ns, _SLICE):
        yield


def _add_trades(engine: Engine, before: Engine, *, goes_on: bool) -> None:
    """Add the trades of an earlier recording; where the later one went on from it there is no gap between them."""
    for name, base in before.bases.items():
        pieces = stored_trades(base, 0, base.watermark_ns + 1)
        for piece in pieces:
            engine.begin(piece.instrument)
        taken = engine.restore(name, [_until_next(piece, engine) for piece in pieces] if goes_on else pieces)
        log.info("%d trades of %s came from an earlier recording of the day", taken, name)


def _until_next(piece: StoredTrades, engine: Engine) -> StoredTrades:
    """A piece whose last span reaches to the first trade of the recording that went on."""
    market = engine.market(piece.instrument.id)
    received = market.coverage.received() if market is not None else []
    if not received or not piece.spans or received[0][0] <= piece.spans[-1][0]:
        return piece
    *earlier, (since_ns, until_ns) = piece.spans
    return piece._replace(spans=(*earlier, (since_ns, max(until_ns, received[0][0]))))
