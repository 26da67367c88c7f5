"""How long a stream of a market may be silent: scaled by its own pace, without IO.

Streams are judged at regular looks. Where a stream's own pace is unknown, other streams of its market show whether it
should have published: a best price that changes is a change of the book, and a market with a busy book trades.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Stream(StrEnum):
    """What a venue publishes of a market, each on a stream of its own."""

    TRADES = "trades"
    BOOK = "book"
    QUOTES = "best prices"
    MARKS = "mark prices"
    LIQUIDATIONS = "liquidations"


Times = Mapping[Stream, int]
"""The receive time of the newest data of each stream of a market, ns; 0 without any."""

_EVIDENCE: dict[Stream, dict[Stream, int]] = {
    Stream.TRADES: {Stream.BOOK: 20, Stream.QUOTES: 20},
    Stream.BOOK: {Stream.TRADES: 5, Stream.QUOTES: 5},
    Stream.QUOTES: {Stream.TRADES: 5},
    Stream.LIQUIDATIONS: {Stream.TRADES: 3_600},  # an hour of steady trading without one is rare
}
"""The looks with new data of another stream after which one that is still silent is not just quiet."""
_PROMPT = frozenset({Stream.BOOK, Stream.MARKS})  # begin at once, with a snapshot or at the venue's own pace
_STEADY = frozenset({Stream.BOOK, Stream.QUOTES, Stream.MARKS})
_UNSHOWN = 4  # the patience with a stream of unknown pace while nothing shows that it should publish
_LONGEST_NS = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """A stream may always be silent for `silence_ns`, and for `patience` times its usual pause.

    The pause is known after `paced` pauses: of independent trades one in 10^10 is longer than 24 usual ones. With fewer
    it is stretched by the square of the missing share.
    """

    silence_ns: int = 25_000_000_000
    paced: int = 60
    patience: float = 24.0


class Pace:
    """The usual time between two looks that found new data."""

    def __init__(self, limits: FreshnessLimits) -> None:
        self.last_ns = 0
        self.tries = 0
        self._limits = limits
        self._mean_ns = 0.0
        self._count = 0

    @property
    def is_known(self) -> bool:
        """Whether enough pauses were seen."""
        return self._count >= self._limits.paced

    @property
    def is_begun(self) -> bool:
        """Whether any pause was seen."""
        return self._count > 0

    def look(self, last_ns: int, opened_ns: int) -> bool:
        """Apply the receive time of the newest data on a connection of this age; returns whether there is any."""
        if last_ns <= self.last_ns:
            return False
        if last_ns > opened_ns:
            self._count += 1
            pause_ns = last_ns - max(self.last_ns, opened_ns)
            self._mean_ns += (pause_ns - self._mean_ns) / min(self._count, self._limits.paced)
        if self.last_ns > opened_ns:
            self.tries = 0
        self.last_ns = last_ns
        return True

    def usual_ns(self) -> float:
        """The silence that is usual, `silence_ns` at least; infinite while nothing is known."""
        if not self._count:
            return math.inf
        unknown = max(1.0, self._limits.paced / self._count)
        return max(self._limits.silence_ns, self._limits.patience * self._mean_ns * unknown * unknown)

    def stretched(self, allowed_ns: float) -> float:
        """Twice the time after each try that changed nothing, up to half an hour."""
        return min(allowed_ns * 2.0**self.tries, max(allowed_ns, _LONGEST_NS))


class StreamWatch:
    """One stream of one market on one life of a connection. The pace is the market's and outlives the connection."""

    def __init__(self, stream: Stream, pace: Pace, opened_ns: int, limits: FreshnessLimits) -> None:
        self.stream = stream
        self.opened_ns = opened_ns
        self._pace = pace
        self._limits = limits
        self._seen: dict[Stream, int] = {}
        self._active: dict[Stream, int] = {}

    @property
    def has_data(self) -> bool:
        """Whether the stream published since the connection opened."""
        return self._pace.last_ns > self.opened_ns

    def look(self, times: Times) -> None:
        """Apply the times of the newest data, of this stream and of the others of the market."""
        if self._pace.look(times[self.stream], self.opened_ns):
            self._active.clear()
        for other in _EVIDENCE.get(self.stream, ()):
            if times[other] > max(self._seen.get(other, 0), self.opened_ns):
                self._active[other] = self._active.get(other, 0) + 1
            self._seen[other] = times[other]

    def is_silent(self, now_ns: int) -> bool:
        """Whether the stream is silent for longer than it should be."""
        return now_ns - max(self._pace.last_ns, self.opened_ns) > self._allowed_ns()

    def give_up(self) -> None:
        """The connection is reopened for this stream; if that changes nothing, the next one gets twice the time."""
        self._pace.tries += 1

    def _allowed_ns(self) -> float:
        pace, least_ns = self._pace, self._limits.silence_ns
        allowed_ns: float = _UNSHOWN * least_ns
        if pace.is_known or (pace.is_begun and self.stream not in _STEADY):
            allowed_ns = pace.usual_ns()
        elif self._is_missed() or (self.stream in _PROMPT and not self.has_data):
            allowed_ns = least_ns
        elif self.stream is Stream.LIQUIDATIONS:
            allowed_ns = math.inf
        elif self.has_data:
            allowed_ns = max(allowed_ns, min(pace.usual_ns(), _LONGEST_NS))
        return pace.stretched(allowed_ns)

    def _is_missed(self) -> bool:
        needed = _EVIDENCE.get(self.stream, {})
        return any(self._active.get(other, 0) >= looks for other, looks in needed.items())
