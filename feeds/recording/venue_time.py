"""A recording stamped by a clock that was wrong, read as if it had been right.

The venues' clocks are right within milliseconds, and what they publish is received within a second. So the least time
from a trade or a change of a book to its receipt shows by how much our clock was wrong.
"""

from collections.abc import Iterator
from itertools import islice

from feeds.model.events import BookDelta, Trade
from feeds.pipeline.feed import Feed
from feeds.recording.reader import RecordingReader
from feeds.recording.recording import Recording
from feeds.venues.registry import protocol_for

SECOND_NS = 1_000_000_000
WRONG_NS = 5 * SECOND_NS
"""A clock that is less wrong than this counts as right, because a message may be that late."""

_SPAN_NS = 60 * SECOND_NS
_EVENTS = 2_000
_AGREEING = 3  # one odd date counts for nothing
_ALIKE_NS = 2 * SECOND_NS


def in_venue_time(reader: Recording) -> Recording:
    """The recording itself, or, where the clock was wrong, with corrected receive times. Raises RecordingError."""
    if reader.ahead_ns is None:
        ahead_ns = clock_ahead_ns(reader)
        if ahead_ns:
            return RecordingReader(reader.path, ahead_ns)
        reader.ahead_ns = 0
    return reader


def clock_ahead_ns(reader: Recording) -> int:
    """Our clock minus the venues' as a recording begins, in whole seconds; 0 if it was right or is unknown."""
    found, right = list[int](), 0
    for age_ns in islice(_ages(reader), _EVENTS):
        found.append(age_ns)
        right += abs(age_ns) < WRONG_NS
        if right == _AGREEING:
            return 0
    found.sort()
    for least_ns, as_late_ns in zip(found, found[_AGREEING - 1 :], strict=False):
        if as_late_ns - least_ns <= _ALIKE_NS:
            ahead_ns = (least_ns + SECOND_NS // 10) // SECOND_NS * SECOND_NS
            return ahead_ns if abs(ahead_ns) >= WRONG_NS else 0
    return 0


def _ages(reader: Recording) -> Iterator[int]:
    """From the venue's time to receipt, ns, of each trade and change of a book of the first minute."""
    feed, until_ns = Feed(protocol_for), (reader.start_ns or 0) + _SPAN_NS
    for frame in reader.frames():
        if frame.ts_recv_ns > until_ns:
            return
        for event in feed.receive(frame):
            if isinstance(event, Trade | BookDelta):
                yield event.ts_recv_ns - event.ts_venue_ns
