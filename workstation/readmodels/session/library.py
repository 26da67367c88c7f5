"""Recordings as a list: what is in each, in a strip of a few hundred buckets, with a person's notes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from workstation.readmodels.request import Request
from workstation.readmodels.session.setups import Detector, SetupLevel, SetupState

BUCKETS = 300


class Bookmark(msgspec.Struct, frozen=True):
    """A moment of a recording (receive time) that a person marked."""

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
    """What a person wrote about a recording."""

    note: str = ""
    bookmarks: tuple[Bookmark, ...] = ()


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """The course of a recording in `BUCKETS` equal spans of receive time, of the base with the most volume.

    `price` is the last one in or before a span, None before the first trade. Volume and liquidated positions are quote
    notional over all markets of the base. `gaps` are spans in which trades of one of its markets are missing. `setups`
    are those over bars of a minute, oldest first, None where they were not looked for.
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


NO_NOTES = Notes()


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One file. `start_ns` and `end_ns` are None and `trouble` says why where it cannot be read.

    `outline` is None while it is not made yet.
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
    """All recordings; `base` narrows nothing."""

    base: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryView:
    """The newest recording first. `current` is the path of the one that is replayed or written now, if any.

    `reading` is the name of the file whose outline is being made, with the share that is done.
    """

    request: LibraryRequest
    revision: int
    entries: tuple[RecordingEntry, ...]
    current: str = ""
    reading: str = ""
    done: float = 0.0
    folder: str = ""
    free_bytes: int = 0
