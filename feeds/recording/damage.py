"""The damaged parts of a recording, and the frames that stand for them.

Chunks that cannot be read are a gap on every connection that was open: each is closed at the last time before the
damage, and opened again, with its own description, at the first time after it. These frames carry the tag `DAMAGED`.
"""

from collections.abc import Iterable, Sequence

import msgspec

from feeds.model.frame import DAMAGED, Frame, FrameKind

_REASON = b"a part of the recording is damaged"
_MOST_CONNECTIONS = 4_096
_MOST_BYTES = 32 * 1024 * 1024


class DamagedSpan(msgspec.Struct, frozen=True):
    """Bytes of a recording that cannot be read.

    `start_ns` is the last receive time before them, None where there is none, `end_ns` the first behind them, or the
    last of the damaged chunks where nothing follows.
    """

    start_ns: int | None
    end_ns: int
    offset: int
    length: int


class Damage(msgspec.Struct, frozen=True):
    """What of a recording cannot be read, as far as known.

    `end_ns` is the latest receive time before the first unreadable byte, None if there is none. `reason` is of the
    first unreadable span. `spans` are those whose time is known, from frames behind them or from the index.
    """

    end_ns: int | None
    bytes_unreadable: int
    reason: str
    spans: tuple[DamagedSpan, ...] = ()


def stands_for_gap(frame: Frame) -> bool:
    """Whether a frame was never received, but marks the beginning or end of a damaged part."""
    return frame.tag == DAMAGED and frame.kind in (FrameKind.OPEN, FrameKind.CLOSE)


class Connections:
    """The OPEN frames of the connections of a recording, while its frames are read in written order."""

    def __init__(self) -> None:
        self.open: dict[str, Frame] = {}
        self._known: dict[str, Frame] = {}
        self._bytes = 0

    def follow(self, changes: Iterable[Frame]) -> None:
        """Apply OPEN and CLOSE frames."""
        for frame in changes:
            if frame.kind is FrameKind.CLOSE:
                self.open.pop(frame.connection, None)
            elif self._remember(frame):
                self.open[frame.connection] = frame

    def bridge(
        self, start_ns: int | None, end_ns: int | None, copies: Sequence[Frame], after: Sequence[Frame]
    ) -> list[Frame]:
        """Frames that close all connections at `start_ns`, and open those that go on `after` the damage at `end_ns`.

        `copies` are OPEN frames that were damaged, but stand a second time in the recording. Where `end_ns` is None
        nothing follows.
        """
        closed = [Frame(start_ns or 0, name, FrameKind.CLOSE, _REASON, DAMAGED) for name in self.open]
        self.follow(copies)
        first: dict[str, FrameKind] = {}
        for frame in after:
            first.setdefault(frame.connection, frame.kind)
        going_on = [*self.open, *(name for name in first if name in self._known and name not in self.open)]
        wanted = [name for name in going_on if first.get(name) not in (FrameKind.OPEN, FrameKind.CLOSE)]
        opened = [
            Frame(end_ns, name, FrameKind.OPEN, self._known[name].payload, DAMAGED)
            for name in wanted
            if end_ns is not None
        ]
        self.open = {frame.connection: frame for frame in opened}
        return [*closed, *opened]

    def _remember(self, frame: Frame) -> bool:
        """Store an OPEN frame within the bounds of memory. Returns whether it was stored."""
        before = len(self._known[frame.connection].payload) if frame.connection in self._known else 0
        grown = self._bytes + len(frame.payload) - before
        if grown > _MOST_BYTES or (not before and len(self._known) >= _MOST_CONNECTIONS):
            return False
        self._known[frame.connection], self._bytes = frame, grown
        return True
