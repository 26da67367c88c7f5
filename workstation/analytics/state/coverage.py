"""When a source was listened to: what was said while nobody listened is missing, and nothing tells how much it was."""

from __future__ import annotations

_SPANS = 200


class Hearing:
    """Spans of receive time, in order; the last one is open while the source is listened to."""

    def __init__(self) -> None:
        self.since_ns: int | None = None
        self._spans: list[tuple[int, int]] = []

    def __deepcopy__(self, memo: object) -> Hearing:
        copy = Hearing()
        copy.since_ns, copy._spans = self.since_ns, self._spans.copy()
        return copy

    def begin(self, now_ns: int) -> None:
        """Listened to from now on."""
        if self.since_ns is None:
            self.since_ns = now_ns

    def end(self, now_ns: int) -> None:
        """Not any longer."""
        if self.since_ns is not None:
            self._spans.append((self.since_ns, max(now_ns, self.since_ns)))
            del self._spans[:-_SPANS]
            self.since_ns = None

    def known_ns(self, start_ns: int, end_ns: int) -> int:
        """How much of [start, end) was listened to."""
        spans = self._spans if self.since_ns is None else [*self._spans, (self.since_ns, end_ns)]
        return sum(max(min(end, end_ns) - max(start, start_ns), 0) for start, end in spans)
