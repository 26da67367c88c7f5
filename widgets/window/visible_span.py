"""The part of a recording that the timeline shows. Times are receive times in ns."""

from typing import NamedTuple, Self

MIN_SPAN_NS = 30_000_000_000


class VisibleSpan(NamedTuple):
    """The recording and the part of it in sight; a recording that grows stays whole while all of it is in sight."""

    start_ns: int = 0
    end_ns: int = 0
    left_ns: int = 0
    right_ns: int = 0

    @property
    def zoomed(self) -> bool:
        """Whether a part is out of sight."""
        return (self.left_ns, self.right_ns) != (self.start_ns, self.end_ns)

    def holds(self, ts_ns: int) -> bool:
        """Whether a moment is in sight."""
        return self.left_ns <= ts_ns <= self.right_ns

    def whole(self) -> Self:
        """All of the recording."""
        return self._replace(left_ns=self.start_ns, right_ns=self.end_ns)

    def of(self, start_ns: int, end_ns: int) -> Self:
        """The same part of a recording with these bounds."""
        other = self._replace(start_ns=start_ns, end_ns=end_ns)
        overlaps = self.left_ns < end_ns and self.right_ns > start_ns
        return other.panned(0) if self.zoomed and overlaps else other.whole()

    def zoomed_at(self, ts_ns: int, factor: float) -> Self:
        """A span `factor` times as long, in which a moment stays at its place; at least `MIN_SPAN_NS`."""
        length, longest = self.right_ns - self.left_ns, self.end_ns - self.start_ns
        wanted = min(max(round(length * factor), MIN_SPAN_NS), longest)
        share = (ts_ns - self.left_ns) / length if length else 0.5
        left_ns = ts_ns - round(share * wanted)
        return self._replace(left_ns=left_ns, right_ns=left_ns + wanted).panned(0)

    def panned(self, by_ns: int) -> Self:
        """Moved by a span of time, within the recording."""
        length = min(self.right_ns - self.left_ns, self.end_ns - self.start_ns)
        left_ns = min(max(self.left_ns + by_ns, self.start_ns), self.end_ns - length)
        return self._replace(left_ns=left_ns, right_ns=left_ns + length)

    def centred_on(self, ts_ns: int) -> Self:
        """Moved so that a moment is in the middle."""
        return self.panned(ts_ns - (self.left_ns + self.right_ns) // 2)
