"""Coverage of a source: spans of received trades in venue time, spans of a subscription in receive time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FOREVER_NS = 1 << 62
_TRADE_SPANS = 2_000
_SUBSCRIPTION_SPANS = 200


Span = tuple[int, int]


def within(spans: Sequence[Span], ts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each time lies in one of some disjoint spans, ascending, their ends included."""
    if not spans:
        return np.zeros(len(ts), np.bool_)
    starts, ends = np.array(spans, np.int64).T
    at = np.searchsorted(starts, ts, side="right") - 1
    inside: npt.NDArray[np.bool_] = (at >= 0) & (ts <= ends[at])
    return inside


@dataclass(slots=True)
class Coverage:
    """Disjoint spans of venue time in which every trade was received, ascending.

    While trades are live the last span is open, from `start_ns` (None until the first event).
    """

    spans: list[tuple[int, int]] = field(default_factory=list)
    live: bool = False
    began: bool = False
    start_ns: int | None = None
    seen_ns: int = 0
    traded_ns: int = 0

    def begin(self) -> None:
        """Trades are live: a span starts at the next venue time, not before any earlier one."""
        if not self.live:
            self.live, self.began, self.start_ns = True, True, None

    def see(self, ts_venue_ns: int) -> None:
        """Advance to the venue time of an event of this market."""
        if self.start_ns is None and self.live:
            self.start_ns = max(ts_venue_ns, self.seen_ns)
        if ts_venue_ns > self.seen_ns:
            self.seen_ns = ts_venue_ns

    def trade(self, ts_venue_ns: int) -> bool:
        """Extend to a trade, which is covered even if an event with a later venue time arrived before it.

        True if the open span begins earlier because of it.
        """
        self.traded_ns = max(self.traded_ns, ts_venue_ns)
        if self.start_ns is None or ts_venue_ns >= self.start_ns:
            return False
        before, self.start_ns = self.start_ns, max(ts_venue_ns, self.spans[-1][1] if self.spans else 0)
        return self.start_ns < before

    def lose(self) -> None:
        """Trades are missing after the last one received, whatever other events arrived since.

        A span without trades is dropped, except the first of all, from which on trades are missing.
        """
        if self.live and self.start_ns is not None and (self.traded_ns >= self.start_ns or not self.spans):
            self.spans.append((self.start_ns, max(self.traded_ns, self.start_ns)))
            del self.spans[:-_TRADE_SPANS]
        self.live, self.start_ns = False, None

    def ended(self) -> list[Span]:
        """The spans in which trades were received, as if trades were lost now."""
        copy = replace(self, spans=self.spans.copy())
        copy.lose()
        return copy.spans

    def fill(self, since_ns: int, until_ns: int) -> None:
        """Trades of [since, until) were backfilled; overlapping spans are joined."""
        if self.live and self.start_ns is not None and until_ns >= self.start_ns:
            self.start_ns = min(self.start_ns, since_ns)
        else:
            self.spans = sorted((*self.spans, (since_ns, until_ns)))
        self._join_spans()

    def _join_spans(self) -> None:
        joined: list[tuple[int, int]] = []
        for start, end in self.spans:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        while joined and self.live and self.start_ns is not None and joined[-1][1] >= self.start_ns:
            self.start_ns = min(self.start_ns, joined.pop()[0])
        self.spans = joined[-_TRADE_SPANS:]

    def covers(self, start_ns: int, end_ns: int) -> bool:
        """Whether every trade of [start, end) was received."""
        if self.live and self.start_ns is not None and self.start_ns <= start_ns:
            return True
        at = bisect_right(self.spans, (start_ns, FOREVER_NS)) - 1
        return at >= 0 and self.spans[at][1] >= end_ns

    def received(self) -> list[tuple[int, int]]:
        """Spans in which trades were received; an open one ends at FOREVER_NS."""
        if self.live and self.start_ns is not None:
            return [*self.spans, (self.start_ns, FOREVER_NS)]
        return self.spans

    def gaps(self) -> list[tuple[int, int]]:
        """Gaps between received spans; while trades are missing, the last gap ends at the last venue time seen."""
        spans = self.received()
        holes = [(end, start) for (_, end), (start, _) in pairwise(spans)]
        if spans and self.start_ns is None:
            holes.append((spans[-1][1], max(self.seen_ns, spans[-1][1])))
        return holes


class SubscriptionSpans:
    """Spans of receive time (ns), in order; the last one is open while the source is subscribed.

    Events outside them are missing; their number is unknown.
    """

    def __init__(self) -> None:
        self.since_ns: int | None = None
        self._spans: list[tuple[int, int]] = []

    def __deepcopy__(self, memo: object) -> SubscriptionSpans:
        copy = SubscriptionSpans()
        copy.since_ns, copy._spans = self.since_ns, self._spans.copy()
        return copy

    def begin(self, now_ns: int) -> None:
        if self.since_ns is None:
            self.since_ns = now_ns

    def end(self, now_ns: int) -> None:
        if self.since_ns is not None:
            self._spans.append((self.since_ns, max(now_ns, self.since_ns)))
            del self._spans[:-_SUBSCRIPTION_SPANS]
            self.since_ns = None

    def known_ns(self, start_ns: int, end_ns: int) -> int:
        """Nanoseconds of [start, end) in which the source was subscribed."""
        spans = self._spans if self.since_ns is None else [*self._spans, (self.since_ns, end_ns)]
        return sum(max(min(end, end_ns) - max(start, start_ns), 0) for start, end in spans)
