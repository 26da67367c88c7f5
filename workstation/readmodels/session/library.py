"""Library of recordings: contents, outline and the user's notes of each; request and view."""

from dataclasses import dataclass

import msgspec

from workstation.readmodels.request import Request
from workstation.readmodels.session.setups import Detector, SetupLevel, SetupState

BUCKETS, MOST_BUCKETS = 300, 8_640
BUCKET_NS = 10_000_000_000


def buckets_of(span_ns: int) -> int:
    """How many buckets the outline of a recording of this length has: of ten seconds, within limits."""
    return min(max(span_ns // BUCKET_NS, BUCKETS), MOST_BUCKETS)


class Bookmark(msgspec.Struct, frozen=True):
    """A moment of a recording (receive time) marked by the user."""

    ts_ns: int
    text: str = ""


class SetupMark(msgspec.Struct, frozen=True):
    """A setup of a recording without its receipt. `ts_ns` is the end of the bar that armed it, in venue time."""

    ts_ns: int
    detector: Detector
    direction: int
    level: SetupLevel
    state: SetupState
    leverage_only: bool | None = None


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """The user's notes on a recording."""

    note: str = ""
    bookmarks: tuple[Bookmark, ...] = ()


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """Summary of a recording's base with the largest volume, in equal spans of its time: see `buckets_of`.

    `price` is the last one in or before a span, None before the first trade. Volume and liquidated positions are quote
    notional over all markets of the base. `gaps` are spans with missing trades in one of its markets. `setups` are
    those on minute bars, oldest first, None if not computed. `damage` is why a part of the recording could not be read,
    "" if all of it was.
    """

    base: str = ""
    start_ns: int = 0
    end_ns: int = 0
    price: tuple[float | None, ...] = ()
    volume_usd: tuple[float, ...] = ()
    long_usd: tuple[float, ...] = ()
    short_usd: tuple[float, ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()
    setups: tuple[SetupMark, ...] | None = None
    damage: str = ""


NO_NOTES = Notes()


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One file. If it cannot be read, `start_ns` and `end_ns` are None and `trouble` is the reason.

    `outline` is None until it is computed.
    """

    path: str
    name: str
    size_bytes: int
    modified_ns: int
    start_ns: int | None = None
    end_ns: int | None = None
    bases: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    simulated: bool = False
    trouble: str = ""
    notes: Notes = NO_NOTES
    outline: Outline | None = None


@dataclass(frozen=True, slots=True)
class LibraryRequest(Request["LibraryView"]):
    """All recordings; `base` is not used."""

    base: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryView:
    """Recordings, newest first. `current` is the path of the one being replayed or written, or empty.

    `reading` is the name of the file whose outline is being computed, `done` the share of it done.
    """

    request: LibraryRequest
    revision: int
    entries: tuple[RecordingEntry, ...]
    current: str = ""
    reading: str = ""
    done: float = 0.0
    folder: str = ""
    free_bytes: int = 0
