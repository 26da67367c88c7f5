"""Recordings read one after another as one.

What a rotation wrote to the next file goes on there without a gap. Anything else ends with its last frame: what was
open then is closed there, so that what was missed until the next one begins is a gap.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from pathlib import Path

from feeds.model.frame import DAMAGED, Frame, FrameKind
from feeds.recording.chunk import ChunkEntry
from feeds.recording.damage import Damage
from feeds.recording.layout import Continued, RecordingMetadata
from feeds.recording.recording import Recording

END_REASON = b"nothing was recorded from here on"


class RecordingSequence(Recording):
    """Recordings that do not overlap, each with frames, in order of time.

    The chunks are those of the parts, numbered through. The first of a part begins with what ends the part before.
    """

    def __init__(self, parts: Sequence[Recording], path: Path) -> None:
        self.parts = tuple(parts)
        self.path, self.ahead_ns = path, 0
        self.files = tuple(chain.from_iterable(part.files for part in parts))
        self.metadata = joined_metadata(parts)
        self.size_bytes = sum(part.size_bytes for part in parts)
        self.start_ns = min((part.start_ns for part in parts if part.start_ns is not None), default=None)
        self.end_ns = max((part.end_ns for part in parts if part.end_ns is not None), default=None)
        self.chunk_starts = tuple(chain.from_iterable(part.chunk_starts for part in parts))
        self._chunks = tuple(chain.from_iterable(part.chunks for part in parts))
        self._firsts = [0, *accumulate(len(part.chunks) for part in parts)]
        self._repeated: dict[int, dict[int, int]] = {0: {}}  # by part and chunk: OPEN frames of what goes on
        self._closing: dict[int, list[Frame]] = {0: []}  # by part: what ends the parts before it

    @property
    def chunks(self) -> Sequence[ChunkEntry]:
        return self._chunks

    @property
    def damage(self) -> Damage | None:
        return joined_damage(self.parts)

    @property
    def ends_intact(self) -> bool:
        return self.parts[-1].ends_intact

    def chunk(self, number: int) -> list[Frame] | None:
        if number >= len(self._chunks):
            return None
        at, inside = self._place(number)
        frames = self.parts[at].chunk(inside)
        return frames if frames is None else self._joined(at, inside, frames)

    def changes(self, number: int) -> list[Frame]:
        at, inside = self._place(number)
        return self._joined(at, inside, self.parts[at].changes(inside))

    def _place(self, number: int) -> tuple[int, int]:
        at = bisect_right(self._firsts, number) - 1
        return at, number - self._firsts[at]

    def _joined(self, at: int, inside: int, frames: list[Frame]) -> list[Frame]:
        """The frames of a chunk of a part without those that repeat what is open, behind what ends the part before."""
        rest = frames[self._repetition(at).get(inside, 0) :]
        if inside:
            return rest
        if at not in self._closing:
            self._closing[at] = [] if self._repetition(at) else self._ends(at)
        return [*self._closing[at], *rest]

    def _repetition(self, at: int) -> dict[int, int]:
        if at not in self._repeated:
            self._repeated[at] = self._openings(at)
        return self._repeated[at]

    def _ends(self, at: int) -> list[Frame]:
        """CLOSE frames of all that is open at the end of the part before."""
        if self.parts[at - 1].ends_closed:
            return []
        first = at - 1
        while self._repetition(first):
            first -= 1
        ts_ns = self.parts[at - 1].end_ns or 0
        still_open = self.open_after(self._firsts[first], self._firsts[at])
        return [Frame(ts_ns, name, FrameKind.CLOSE, END_REASON, DAMAGED) for name in sorted(still_open)]

    def _openings(self, at: int) -> dict[int, int]:
        """How many frames of each first chunk of a part repeat what is open; none where it does not go on."""
        before, part = self.parts[at - 1], self.parts[at]
        known = part.metadata.continues
        if not isinstance(known, Continued) or not is_continued(before, part) or not before.ends_intact:
            return {}
        found, left = dict[int, int](), known.openings
        while left:
            leading = (part.chunk(len(found)) or [])[:left]
            if not leading or any(frame.kind is not FrameKind.OPEN or frame.tag for frame in leading):
                return {}
            found[len(found)] = len(leading)
            left -= len(leading)
        return found


def is_continued(before: Recording, part: Recording) -> bool:
    """Whether a rotation ended a recording for another one."""
    known = part.metadata.continues
    return isinstance(known, Continued) and known.end_ns == (before.end_ns or 0) + (before.ahead_ns or 0)


def joined_metadata(parts: Sequence[Recording]) -> RecordingMetadata:
    """The description of recordings as one."""
    markets = {market.id: market for part in parts for market in part.metadata.instruments}
    return RecordingMetadata(simulated=parts[0].metadata.simulated, instruments=tuple(markets.values()))


def joined_damage(parts: Sequence[Recording]) -> Damage | None:
    """What of recordings cannot be read; None where all can."""
    found = [damage for part in parts if (damage := part.damage) is not None]
    if not found:
        return None
    spans = tuple(chain.from_iterable(damage.spans for damage in found))
    return Damage(found[0].end_ns, sum(damage.bytes_unreadable for damage in found), found[0].reason, spans)
